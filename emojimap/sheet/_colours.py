"""Why a face got its colours: where they were measured, what was trimmed, where they lie."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw

from emojimap.analysis import Analysis
from emojimap.arrays import F32, U8
from emojimap.colours import (
    ROLES,
    ColourSettings,
    Evidence,
    LocusSettings,
    name_of,
    skin_patches,
    to_lab,
    to_rgb,
)
from emojimap.facenet.crops import apply, square, warp
from emojimap.sheet._draw import GAP, INK, LINE, PAPER, TILE, beside, circles, font, titled

_MARKS = {
    "skin": (255, 235, 60),
    "hair": (255, 70, 40),
    "facial_hair": (210, 80, 230),
    "brows": (90, 90, 255),
    "iris": (0, 220, 0),
    "lips": (255, 110, 180),
    "glasses": (40, 220, 235),
    "clothes": (110, 150, 255),
    "headwear": (240, 220, 90),
}
_BAR, _ROW = 330, 64
_RANGE = 70.0
"""Greatest a* and b* of the plot."""


def explanation(seen: Analysis, settings: ColourSettings | None = None) -> U8:
    """Draw how the colours of a face were found.

    Parameters
    ----------
    seen : Analysis
        The face.
    settings : ColourSettings, optional
        How they were found: patches and loci are drawn by it.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        RGB. Above: the face, what was kept and what was trimmed for each colour, and the loci of
        skin and hair in Lab with the colours as measured and as chosen. Below, for each colour:
        the pixels that count as a histogram of swatches, measured and chosen colour, its name,
        and why.
    """
    settings = settings or ColourSettings()
    locus = settings.locus
    tiles = [
        titled(_face(seen, settings.skin.patch_radius_eyes), "skin patches"),
        titled(_used(seen), "pixels that count (solid), trimmed (dark)"),
        titled(_hue_plane(seen, locus), "a*, b*: loci, measured (ring), chosen (disc)"),
        titled(_lightness_plane(seen, locus), "L*, chroma: loci, measured (ring), chosen (disc)"),
    ]
    above = beside(tiles)
    below = _table(seen, above.shape[1])
    return np.vstack([above, below])


def _frame(seen: Analysis) -> tuple[U8, np.ndarray]:
    x, y, width, height = seen.box
    side = 2.1 * max(width, height)
    matrix = square(np.array([x + width / 2, y + 0.55 * height]), side, 0.0, TILE)
    return warp(seen.photo, matrix, TILE), matrix


def _face(seen: Analysis, radius_eyes: float) -> U8:
    picture, matrix = _frame(seen)
    patches = skin_patches(seen.landmarks, radius_eyes)
    circles(picture, _moved(patches, matrix))
    circles(picture, _moved(seen.irises, matrix))
    return picture


def _moved(places: F32, matrix: np.ndarray) -> F32:
    scale = float(np.hypot(*matrix[0, :2]))
    return np.hstack([apply(matrix, places[:, :2]), places[:, 2:] * scale]).astype(np.float32)


def _used(seen: Analysis) -> U8:
    picture, matrix = _frame(seen)
    picture = (0.35 * picture + 0.65 * 255 * 0.5).astype(np.uint8)
    scale = float(np.hypot(*matrix[0, :2]))
    for role in ROLES:
        sampled = seen.colours.evidence[role].sampled
        if sampled is None:
            continue
        half = max(0.5, sampled.side_px * scale / 2)
        places = apply(matrix, sampled.places)
        for (x, y), kept in zip(places.tolist(), sampled.kept.tolist(), strict=True):
            mark = _MARKS[role] if kept else tuple(value // 4 for value in _MARKS[role])
            low, high = (round(x - half), round(y - half)), (round(x + half), round(y + half))
            cv2.rectangle(picture, low, high, mark, -1)
    return picture


def _hue_plane(seen: Analysis, locus: LocusSettings) -> U8:
    canvas = np.full((TILE, TILE, 3), PAPER, np.uint8)

    def at(a: float, b: float) -> tuple[int, int]:
        return round(TILE / 2 * (1 + a / _RANGE)), round(TILE / 2 * (1 - b / _RANGE))

    cv2.line(canvas, at(-_RANGE, 0), at(_RANGE, 0), (200, 200, 200), 1)
    cv2.line(canvas, at(0, -_RANGE), at(0, _RANGE), (200, 200, 200), 1)
    levels = np.linspace(8, 92, 60)
    skin = [(level, *locus.skin_at(level)) for level in levels]
    for lightness, a, b in skin:
        cv2.circle(canvas, at(a, b), 5, _colour((lightness, a, b)), -1, cv2.LINE_AA)
    for level in levels:
        chroma, low, high = locus.hair_at(level)
        for hue in (low, high):
            a, b = chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))
            cv2.circle(canvas, at(a, b), 3, _colour((level, a, b)), -1, cv2.LINE_AA)
    for role, raw, final in _pairs(seen):
        _mark(canvas, at(*raw[1:]), at(*final[1:]), role)
    return canvas


def _lightness_plane(seen: Analysis, locus: LocusSettings) -> U8:
    canvas = np.full((TILE, TILE, 3), PAPER, np.uint8)

    def at(lightness: float, chroma: float) -> tuple[int, int]:
        return round(TILE * min(chroma / _RANGE, 1)), round(TILE * (1 - lightness / 100))

    for level in np.linspace(8, 92, 60):
        a, b = locus.skin_at(level)
        cv2.circle(canvas, at(level, np.hypot(a, b)), 5, _colour((level, a, b)), -1, cv2.LINE_AA)
        chroma, low, high = locus.hair_at(level)
        hue = np.radians((low + high) / 2)
        brown = (level, chroma * np.cos(hue), chroma * np.sin(hue))
        cv2.circle(canvas, at(level, chroma), 3, _colour(brown), -1, cv2.LINE_AA)
    for role, raw, final in _pairs(seen):
        _mark(canvas, at(raw[0], np.hypot(*raw[1:])), at(final[0], np.hypot(*final[1:])), role)
    return canvas


def _pairs(seen: Analysis) -> list[tuple[str, F32, F32]]:
    """Role, measured and chosen colour in Lab, where both are known."""
    found = []
    for role in ROLES:
        raw, final = seen.colours.evidence[role].raw, getattr(seen.colours, role)
        if raw is not None and final is not None:
            found.append((role, to_lab(raw), to_lab(final)))
    return found


def _mark(canvas: U8, start: tuple[int, int], end: tuple[int, int], role: str) -> None:
    cv2.line(canvas, start, end, (120, 120, 120), 1, cv2.LINE_AA)
    cv2.circle(canvas, start, 5, (60, 60, 60), 1, cv2.LINE_AA)
    cv2.circle(canvas, end, 6, (40, 40, 40), -1, cv2.LINE_AA)
    cv2.circle(canvas, end, 5, _MARKS[role], -1, cv2.LINE_AA)


def _table(seen: Analysis, width: int) -> U8:
    canvas = Image.new("RGB", (width, len(ROLES) * _ROW + LINE + GAP), PAPER)
    draw = ImageDraw.Draw(canvas)
    heads = {GAP: "colour", 130: "pixels, by how many", 130 + _BAR + GAP: "measured, chosen, name"}
    for left, text in heads.items():
        draw.text((left, 0), text, INK, font=font())
    for number, role in enumerate(ROLES):
        top = LINE + number * _ROW
        found, chosen = seen.colours.evidence[role], getattr(seen.colours, role)
        draw.rectangle((GAP, top + 4, GAP + 12, top + 16), _MARKS[role])
        draw.text((GAP + 18, top + 2), role.replace("_", " "), INK, font=font())
        _histogram(draw, found, 130, top)
        for left, colour in ((142 + _BAR, found.raw), (206 + _BAR, chosen)):
            if colour is not None:
                draw.rectangle((left, top, left + 60, top + _ROW - 8), tuple(map(int, colour)))
        name = "not seen" if chosen is None else _name(role, chosen)
        draw.text((276 + _BAR, top), name, INK, font=font())
        told = (
            f"{found.pixels} pixels, spread {found.spread:.1f}, confidence {found.confidence:.2f}"
        )
        draw.text((276 + _BAR, top + LINE), told, INK, font=font())
        draw.text((276 + _BAR, top + 2 * LINE), found.why, INK, font=font())
    return np.asarray(canvas)


def _name(role: str, colour: U8) -> str:
    return "#{:02x}{:02x}{:02x} ".format(*colour) + name_of(role, colour)


def _histogram(draw: ImageDraw.ImageDraw, found: Evidence, left: int, top: int) -> None:
    """Stripes of the colours that count, from dark to light, as wide as they are frequent."""
    if found.sampled is None or not found.sampled.kept.any():
        return
    lab = found.sampled.colours
    cells = np.round(lab / (4, 8, 8)).astype(int)
    _, member, count = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    member = member.reshape(-1)
    means = np.stack([np.bincount(member, lab[:, k]) / count for k in range(3)], 1)
    x = float(left)
    for number in np.argsort(means[:, 0], kind="stable"):
        wide = _BAR * count[number] / len(lab)
        draw.rectangle((x, top, x + wide, top + _ROW - 8), _colour(means[number]))
        x += wide


def _colour(lab: object) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in to_rgb(lab))
    return red, green, blue
