"""Pictures in the manner of the Cartoon Set: flat colours, tinted outlines, soft edges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from emojimap.arrays import U8, Bool

ZOOM = 4
SIDE = 500
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Cartoon:
    """What to draw; the colours are base colours."""

    skin: Colour = (217, 161, 110)
    hair: Colour | None = (161, 83, 50)
    iris: Colour = (114, 147, 67)
    frame: Colour = (239, 149, 144)
    glasses: str = "none"
    beard: str = "none"
    cut: str = "short"
    hair_opacity: float = 1.0
    brow_opacity: float = 1.0
    chin: int = 386

    def but(self, **changes: Any) -> Cartoon:
        """Return another one."""
        return replace(self, **changes)


class Canvas:
    """RGBA at four times the size; drawn over, then shrunk."""

    def __init__(self) -> None:
        self.rgb = np.zeros((SIDE * ZOOM, SIDE * ZOOM, 3), np.float32)
        self.alpha = np.zeros((SIDE * ZOOM, SIDE * ZOOM), np.float32)

    def paint(self, mask: Bool, colour: Colour, opacity: float = 1.0) -> None:
        """Paint a region."""
        x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
        there = np.s_[y : y + height, x : x + width]  # most regions are small
        part, inside = self.rgb[there], mask[there]
        part[inside] = (1 - opacity) * part[inside] + opacity * np.array(colour, np.float32)
        self.alpha[there][inside] = 1.0

    def picture(self) -> U8:
        """Return the picture, alpha not multiplied in."""
        size = (SIDE, SIDE)
        weighted = cv2.resize(self.rgb * self.alpha[..., None], size, interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(self.alpha, size, interpolation=cv2.INTER_AREA)
        rgb = weighted / np.maximum(alpha, 1e-6)[..., None]
        out = np.concatenate([rgb, alpha[..., None] * 255], axis=2)
        return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def tinted(colour: Colour, share: float) -> Colour:
    """Return a share of a colour."""
    red, green, blue = (round(share * value) for value in colour)
    return red, green, blue


def ellipse(x: float, y: float, width: float, height: float) -> Bool:
    """Return a filled ellipse by its middle and half axes."""
    mask = np.zeros((SIDE * ZOOM, SIDE * ZOOM), np.uint8)
    centre = round(x * ZOOM), round(y * ZOOM)
    cv2.ellipse(mask, centre, (round(width * ZOOM), round(height * ZOOM)), 0, 0, 360, 1, -1)
    return mask.astype(np.bool_)


def box(left: float, top: float, right: float, bottom: float) -> Bool:
    """Return a filled rectangle."""
    mask = np.zeros((SIDE * ZOOM, SIDE * ZOOM), np.bool_)
    mask[round(top * ZOOM) : round(bottom * ZOOM), round(left * ZOOM) : round(right * ZOOM)] = True
    return mask


def rim(mask: Bool, width: float = 3.0) -> Bool:
    """Return the border of a region, inside of it."""
    side = 2 * round(width * ZOOM) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    inner = cv2.erode(mask.astype(np.uint8), kernel) > 0
    return mask & ~inner


def draw(cartoon: Cartoon) -> tuple[U8, dict[str, Bool]]:
    """Draw a picture.

    Parameters
    ----------
    cartoon : Cartoon
        What to draw.

    Returns
    -------
    picture : (500, 500, 4) ndarray of uint8
        RGBA.
    masks : dict of str to (500, 500) ndarray of bool
        ``hair``, ``facial_hair``, ``skin``, ``brows``, ``iris``, ``glasses``: what is seen of them.
    """
    canvas = Canvas()
    seen: dict[str, Bool] = {}

    def layer(name: str, mask: Bool, colour: Colour, opacity: float = 1.0) -> None:
        canvas.paint(mask, colour, opacity)
        for other in seen.values():
            other &= ~mask
        seen[name] = seen.get(name, np.zeros_like(mask)) | mask

    skin, hair = cartoon.skin, cartoon.hair
    half = (cartoon.chin - 150) / 2
    face = ellipse(250, 150 + half, 95, half)
    if hair is not None and cartoon.cut in ("long", "curtains"):
        behind = ellipse(250, 240, 130, 150) if cartoon.cut == "long" else _curtains()
        layer("hair", behind, hair)
        layer("hair", rim(behind), tinted(hair, 0.478))
    for x in (154, 346):
        ear = ellipse(x, 275, 14, 28)
        layer("skin", ear, skin)
        layer("skin", rim(ear, 2.5), tinted(skin, 0.088))
    layer("skin", face, skin)
    layer("skin", rim(face, 3) & box(0, 240, 500, 500), tinted(skin, 0.088))
    _features(layer, cartoon)
    if hair is not None:
        for outline in _beards(cartoon.beard, cartoon.chin):
            layer("facial_hair", outline, hair)
            layer("facial_hair", rim(outline, 2.5), tinted(hair, 0.478))
        top = _top(cartoon.cut) & (face if cartoon.hair_opacity < 1 else True)
        edge, shine = rim(top), ellipse(270, 162, 22, 5) & top
        layer("hair", top & ~edge & ~shine, hair, cartoon.hair_opacity)
        layer("hair", edge, tinted(hair, 0.478), cartoon.hair_opacity)
        layer("hair", shine, tinted_up(hair), cartoon.hair_opacity)
    _glasses(layer, cartoon)
    size = (SIDE, SIDE)
    masks = {
        name: cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5
        for name, mask in seen.items()
    }
    return canvas.picture(), masks


def tinted_up(colour: Colour, share: float = 0.4) -> Colour:
    """Return a colour mixed with white."""
    red, green, blue = (round(value + share * (255 - value)) for value in colour)
    return red, green, blue


def png(cartoon: Cartoon) -> bytes:
    """Return a picture as PNG."""
    picture = cv2.cvtColor(draw(cartoon)[0], cv2.COLOR_RGBA2BGRA)
    return bytes(cv2.imencode(".png", picture)[1])


def _features(layer: Any, cartoon: Cartoon) -> None:
    hair = cartoon.hair or (90, 60, 40)
    for side, x in ((-1, 205), (1, 295)):
        brow = ellipse(x, 226, 32, 5)
        layer("brows", brow, tinted(hair, 0.686), cartoon.brow_opacity)
        layer("white", ellipse(x, 260, 22, 14), (255, 255, 255))
        layer("iris", ellipse(x, 260, 12, 12), cartoon.iris)
        layer("pupil", ellipse(x, 260, 6, 6), (0, 0, 0))
        del side
    layer("mouth", rim(ellipse(250, 300, 18, 9), 3) & box(0, 302, 500, 500), (22, 22, 22))
    layer("mouth", ellipse(250, 322, 28, 26) & box(0, 322, 500, 500), (22, 22, 22))
    layer("mouth", ellipse(250, 324, 22, 18) & box(0, 325, 500, 500), (255, 255, 255))


def _top(cut: str) -> Bool:
    head = ellipse(250, 240, 100, 118)
    if cut == "high":
        return ellipse(250, 170, 105, 100) & ~ellipse(250, 275, 86, 80)
    return head & ~ellipse(250, 285, 88, 95) & box(0, 0, 500, 258)


def _curtains() -> Bool:
    return box(120, 180, 172, 410) | box(328, 180, 380, 410)


def _beards(kind: str, chin: int) -> list[Bool]:
    if kind == "moustache":
        return [ellipse(250, 313, 40, 8) & ~ellipse(250, 322, 20, 8)]
    if kind == "chin":
        return [ellipse(250, chin - 8, 34, 22)]
    if kind == "full":
        around = ellipse(250, 330, 78, chin - 322)
        return [around & box(0, 306, 500, 500) & ~ellipse(250, 334, 36, 24)]
    return []


def _glasses(layer: Any, cartoon: Cartoon) -> None:
    if cartoon.glasses == "none":
        return
    for x in (205, 295):
        ring = ellipse(x, 262, 40, 30)
        if cartoon.glasses == "dark":
            layer("glasses", ring, tinted(cartoon.frame, 0.11))
        layer("glasses", rim(ring, 4), cartoon.frame)
    layer("glasses", box(242, 255, 258, 260), cartoon.frame)
    for left, right in ((158, 167), (333, 342)):
        layer("glasses", box(left, 255, right, 260), cartoon.frame)
