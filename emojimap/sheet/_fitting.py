"""One fitting: what was seen, what was compared, what came out."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw

from emojimap.arrays import F32, F64, U8
from emojimap.colours import skin_patches
from emojimap.facenet.crops import apply, square, warp
from emojimap.fit import Fit
from emojimap.sheet._draw import (
    GAP,
    INK,
    LINE,
    PAPER,
    SMALL,
    TILE,
    TINTS,
    avatar,
    beside,
    circles,
    dots,
    font,
    titled,
)


def fitting(fit: Fit) -> U8:
    """Draw one whole fitting.

    Parameters
    ----------
    fit : Fit
        From `emojimap.fit`.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        RGB: photo with landmarks and masks, the head, the patches, the avatar; the canonical masks
        of photo and candidates; the colours; the choices.
    """
    width = 4 * TILE + 5 * GAP
    rows = [_pictures(fit), _overlays(fit), _swatches(fit, width), _choices(fit, width)]
    height = sum(row.shape[0] for row in rows) + GAP * (len(rows) + 1)
    canvas = np.full((height, width, 3), PAPER, np.uint8)
    top = GAP
    for row in rows:
        canvas[top : top + row.shape[0], : row.shape[1]] = row
        top += row.shape[0] + GAP
    return canvas


def _pictures(fit: Fit) -> U8:
    seen = fit.analysis
    whole, matrix = _whole(fit)
    dots(whole, apply(matrix, seen.landmarks), (0, 230, 0))
    circles(
        whole, np.hstack([apply(matrix, seen.irises[:, :2]), seen.irises[:, 2:] * matrix[0, 0]])
    )
    head = cv2.resize(seen.head.photo, (TILE, TILE), interpolation=cv2.INTER_AREA)
    zoom = TILE / seen.head.photo.shape[0]
    tinted = head.copy()
    for name, mask in seen.head.masks.items():
        inside = cv2.resize(mask, (TILE, TILE), interpolation=cv2.INTER_AREA) > 0.5
        tinted[inside] = (0.55 * tinted[inside] + 0.45 * np.array(TINTS[name])).astype(np.uint8)
    dots(tinted, seen.head.points * zoom, (255, 255, 255))
    patches = skin_patches(seen.head.points[:68]) * zoom
    circles(head, patches)
    tiles = [
        titled(whole, "photo, landmarks, irises"),
        titled(tinted, "head frame: masks"),
        titled(head, "skin patches"),
        titled(avatar(fit, TILE), f"{fit.avatar.style}"),
    ]
    return beside(tiles)


def _whole(fit: Fit) -> tuple[U8, F64]:
    photo = fit.analysis.photo
    height, width = photo.shape[:2]
    middle = np.array([width - 1, height - 1]) / 2
    matrix = square(middle, float(max(height, width)), 0.0, TILE)
    return warp(photo, matrix, TILE), matrix


def _overlays(fit: Fit) -> U8:
    """Photo's mask in red, template's in blue: what agrees is dark, what differs is bright."""
    query = np.where(fit.overlay.visible, fit.overlay.query, 0.0).astype(np.float32)
    tiles = [titled(_two(query, np.zeros_like(query)), f"photo: {fit.overlay.group}")]
    for match in fit.overlay.matches:
        parts = " ".join(f"{name} {iou:.2f}" for name, iou in match.parts.items())
        title = f"{match.id}  {match.score:.3f}"
        tiles.append(titled(_two(query, fit.overlay.masks[match.id]), title, parts))
    return beside(tiles[:7])


def _two(query: F32, template: F32) -> U8:
    picture = np.stack([1 - template, 1 - 0.75 * np.maximum(query, template), 1 - query], -1)
    large = cv2.resize(
        (picture * 255).astype(np.uint8), (SMALL, SMALL), interpolation=cv2.INTER_NEAREST
    )
    return np.asarray(large, np.uint8)


def _swatches(fit: Fit, width: int) -> U8:
    """Measured and final colour of each role, with the reason."""
    evidence = fit.analysis.colours.evidence
    canvas = Image.new("RGB", (width, len(evidence) * 34 + LINE), PAPER)
    draw = ImageDraw.Draw(canvas)
    draw.text((GAP, 0), "colour: measured, chosen", INK, font=font())
    for i, (name, found) in enumerate(evidence.items()):
        top = LINE + i * 34
        for left, colour in ((110, found.raw), (180, getattr(fit.analysis.colours, name))):
            if colour is not None:
                draw.rectangle((left, top, left + 60, top + 28), tuple(int(v) for v in colour))
        draw.text((GAP, top + 8), name.replace("_", " "), INK, font=font())
        text = f"{found.pixels} pixels, confidence {found.confidence:.2f}: {found.why}"
        draw.text((256, top + 8), text, INK, font=font())
    return np.asarray(canvas)


def _choices(fit: Fit, width: int) -> U8:
    choices = {k: c for k, c in fit.avatar.choices.items() if k in fit.avatar.parts}
    canvas = Image.new("RGB", (width, (len(choices) + 1) * LINE), PAPER)
    draw = ImageDraw.Draw(canvas)
    draw.text((GAP, 0), "part: variant, score, why (runners-up)", INK, font=font())
    for i, (name, choice) in enumerate(choices.items(), start=1):
        score = "" if choice.score is None else f" {choice.score:.2f}"
        others = ", ".join(
            f"{variant or 'none'} {value:.2f}" for variant, value in choice.runners_up
        )
        text = f"{name}: {choice.variant or 'none'}{score}   {choice.why}"
        draw.text((GAP, i * LINE), f"{text}   ({others})" if others else text, INK, font=font())
    return np.asarray(canvas)
