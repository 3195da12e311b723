"""Pictures that show a fitting: what was seen, what was compared, what came out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emojimap import files
from emojimap.arrays import F32, F64, U8
from emojimap.colours import skin_patches
from emojimap.facenet.crops import apply, square, warp
from emojimap.fit import Fit
from emojimap.styles.cartoonset.extract import Extraction
from emojimap.styles.cartoonset.regions import NAMES as REGIONS

TINTS = {
    "hair": (230, 60, 40),
    "facial_hair": (200, 60, 220),
    "skin": (250, 200, 120),
    "glasses": (40, 200, 230),
    "headwear": (240, 220, 40),
    "body": (70, 110, 240),
    "brows": (60, 60, 250),
    "iris": (0, 190, 0),
    "frame": (0, 220, 230),
    "rims": (0, 120, 130),
    "lens": (60, 60, 60),
}
_TILE, _SMALL, _GAP, _LINE = 400, 212, 12, 18
_PAPER, _INK = (250, 250, 248), (30, 30, 30)
_PAIR = 180


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
    width = 4 * _TILE + 5 * _GAP
    rows = [_pictures(fit), _overlays(fit), _swatches(fit, width), _choices(fit, width)]
    height = sum(row.shape[0] for row in rows) + _GAP * (len(rows) + 1)
    canvas = np.full((height, width, 3), _PAPER, np.uint8)
    top = _GAP
    for row in rows:
        canvas[top : top + row.shape[0], : row.shape[1]] = row
        top += row.shape[0] + _GAP
    return canvas


def contacts(fits: Sequence[Fit], columns: int = 6) -> U8:
    """Draw each face beside its avatar.

    Parameters
    ----------
    fits : sequence of Fit
        At least one.
    columns : int
        Pairs per row.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        RGB.
    """
    columns = min(columns, len(fits))
    rows = -(-len(fits) // columns)
    canvas = np.full((rows * _PAIR, columns * 2 * _PAIR, 3), 236, np.uint8)
    for i, fit in enumerate(fits):
        top, left = i // columns * _PAIR, i % columns * 2 * _PAIR
        canvas[top : top + _PAIR, left : left + _PAIR] = _portrait(fit, _PAIR)
        canvas[top : top + _PAIR, left + _PAIR : left + 2 * _PAIR] = _close(fit, _PAIR)
    return canvas


def extractions(seen: Sequence[tuple[str, Extraction]], columns: int = 4) -> U8:
    """Draw pictures of a Cartoon Set beside what was read from them.

    Parameters
    ----------
    seen : sequence of (str, Extraction)
        Names and readings, at least one.
    columns : int
        Pictures per row.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        RGB: picture, regions, base colours, and what was concluded.
    """
    tiles = [_extraction(name, one) for name, one in seen]
    columns = min(columns, len(tiles))
    blank = np.full_like(tiles[0], 250)
    tiles += [blank] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows)


def write(picture: U8, target: Path) -> None:
    """Write a picture as PNG, whole or not at all.

    Parameters
    ----------
    picture : (H, W) or (H, W, 3) ndarray of uint8
        Grey or RGB.
    target : Path
        Its folder is made if it is missing.

    Raises
    ------
    OutputError
        If it can't be written there.
    """
    files.make_folder(target.parent)
    with files.whole(target) as draft:
        Image.fromarray(picture).save(draft, format="PNG")


def _extraction(name: str, seen: Extraction) -> U8:
    alpha = seen.picture[:, :, 3:].astype(np.float32) / 255
    shown = (seen.picture[:, :, :3] * alpha + 236 * (1 - alpha)).astype(np.uint8)
    table = np.array([_PAPER, *(TINTS.get(part, (255, 255, 255)) for part in REGIONS)], np.uint8)
    side = _SMALL, _SMALL
    both = [
        cv2.resize(shown, side, interpolation=cv2.INTER_AREA),
        cv2.resize(table[seen.labels], side, interpolation=cv2.INTER_NEAREST),
    ]
    canvas = Image.new("RGB", (2 * _SMALL, _SMALL + 3 * _LINE), _PAPER)
    canvas.paste(Image.fromarray(np.hstack(both)), (0, 0))
    draw = ImageDraw.Draw(canvas)
    for i, (part, colour) in enumerate(seen.base_colours().items()):
        left = 2 + i * 2 * _SMALL // 6
        draw.rectangle((left, _SMALL + 2, left + 62, _SMALL + _LINE), colour)
        ink = _INK if sum(colour) > 380 else _PAPER
        draw.text((left + 2, _SMALL + 2), part.replace("facial_", "f. "), ink, font=_font())
    beard = "beard {:.2f} {:.2f} {:.2f}".format(*seen.beard)
    line = f"glasses {seen.glasses}, {beard}" + (f", {seen.flaw}" if seen.flaw else "")
    draw.text((2, _SMALL + _LINE), name, _INK, font=_font())
    draw.text((2, _SMALL + 2 * _LINE), line, _INK, font=_font())
    return np.asarray(canvas)


def _portrait(fit: Fit, size: int) -> U8:
    """Cut the head out of the photo, turned as it stands there."""
    x, y, width, height = fit.analysis.box
    side = 1.9 * max(width, height)
    centre = np.array([x + width / 2, y + height / 2])
    return warp(fit.analysis.photo, square(centre, side, 0.0, size), size)


def _avatar(fit: Fit, size: int) -> U8:
    drawn = fit.avatar.to_image(size).astype(np.float32)
    alpha = drawn[:, :, 3:] / 255
    return (drawn[:, :, :3] * alpha + 236 * (1 - alpha)).astype(np.uint8)


def _close(fit: Fit, size: int) -> U8:
    """Draw the avatar without the empty border that some art has, at least a little larger."""
    drawn = fit.avatar.to_image(2 * size)
    rows, columns = np.nonzero(drawn[:, :, 3])
    if not rows.size:
        return _avatar(fit, size)
    half = max(np.ptp(rows), np.ptp(columns)) / 2 + 0.04 * size
    centre = np.array([columns.min() + columns.max(), rows.min() + rows.max()]) / 2
    alpha = drawn[:, :, 3:].astype(np.float32) / 255
    shown = (drawn[:, :, :3] * alpha + 236 * (1 - alpha)).astype(np.uint8)
    left, top = np.maximum(np.round(centre - half), 0).astype(int)
    right, bottom = np.minimum(np.round(centre + half), 2 * size).astype(int)
    side = max(right - left, bottom - top)
    canvas = np.full((side, side, 3), 236, np.uint8)
    cut = shown[top:bottom, left:right]
    y, x = (side - cut.shape[0]) // 2, (side - cut.shape[1]) // 2
    canvas[y : y + cut.shape[0], x : x + cut.shape[1]] = cut
    return np.asarray(cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def _pictures(fit: Fit) -> U8:
    seen = fit.analysis
    whole, matrix = _whole(fit)
    dots = apply(matrix, seen.landmarks)
    _dot(whole, dots, (0, 230, 0))
    _circles(
        whole, np.hstack([apply(matrix, seen.irises[:, :2]), seen.irises[:, 2:] * matrix[0, 0]])
    )
    head = cv2.resize(seen.head.photo, (_TILE, _TILE), interpolation=cv2.INTER_AREA)
    zoom = _TILE / seen.head.photo.shape[0]
    tinted = head.copy()
    for name, mask in seen.head.masks.items():
        inside = cv2.resize(mask, (_TILE, _TILE), interpolation=cv2.INTER_AREA) > 0.5
        tinted[inside] = (0.55 * tinted[inside] + 0.45 * np.array(TINTS[name])).astype(np.uint8)
    _dot(tinted, seen.head.points * zoom, (255, 255, 255))
    patches = skin_patches(seen.head.points[:68]) * zoom
    _circles(head, patches)
    tiles = [
        _titled(whole, "photo, landmarks, irises"),
        _titled(tinted, "head frame: masks"),
        _titled(head, "skin patches"),
        _titled(_avatar(fit, _TILE), f"{fit.avatar.style}"),
    ]
    return _beside(tiles)


def _whole(fit: Fit) -> tuple[U8, F64]:
    photo = fit.analysis.photo
    height, width = photo.shape[:2]
    middle = np.array([width - 1, height - 1]) / 2
    matrix = square(middle, float(max(height, width)), 0.0, _TILE)
    return warp(photo, matrix, _TILE), matrix


def _overlays(fit: Fit) -> U8:
    """Photo's mask in red, template's in blue: what agrees is dark, what differs is bright."""
    query = np.where(fit.overlay.visible, fit.overlay.query, 0.0).astype(np.float32)
    tiles = [_titled(_two(query, np.zeros_like(query)), f"photo: {fit.overlay.group}")]
    for match in fit.overlay.matches:
        parts = " ".join(f"{name} {iou:.2f}" for name, iou in match.parts.items())
        title = f"{match.id}  {match.score:.3f}"
        tiles.append(_titled(_two(query, fit.overlay.masks[match.id]), title, parts))
    return _beside(tiles[:7])


def _two(query: F32, template: F32) -> U8:
    picture = np.stack([1 - template, 1 - 0.75 * np.maximum(query, template), 1 - query], -1)
    large = cv2.resize(
        (picture * 255).astype(np.uint8), (_SMALL, _SMALL), interpolation=cv2.INTER_NEAREST
    )
    return np.asarray(large, np.uint8)


def _swatches(fit: Fit, width: int) -> U8:
    """Measured and final colour of each role, with the reason."""
    evidence = fit.analysis.colours.evidence
    canvas = Image.new("RGB", (width, len(evidence) * 34 + _LINE), _PAPER)
    draw = ImageDraw.Draw(canvas)
    draw.text((_GAP, 0), "colour: measured, final", _INK, font=_font())
    for i, (name, found) in enumerate(evidence.items()):
        top = _LINE + i * 34
        for left, colour in ((110, found.raw), (180, getattr(fit.analysis.colours, name))):
            if colour is not None:
                draw.rectangle((left, top, left + 60, top + 28), tuple(int(v) for v in colour))
        draw.text((_GAP, top + 8), name, _INK, font=_font())
        text = f"{found.pixels} pixels, confidence {found.confidence:.2f}: {found.why}"
        draw.text((256, top + 8), text, _INK, font=_font())
    return np.asarray(canvas)


def _choices(fit: Fit, width: int) -> U8:
    choices = {k: c for k, c in fit.avatar.choices.items() if k in fit.avatar.parts}
    canvas = Image.new("RGB", (width, (len(choices) + 1) * _LINE), _PAPER)
    draw = ImageDraw.Draw(canvas)
    draw.text((_GAP, 0), "part: variant, why", _INK, font=_font())
    for i, (name, choice) in enumerate(choices.items(), start=1):
        text = f"{name}: {choice.variant or 'none'}   {choice.why}"
        draw.text((_GAP, i * _LINE), text, _INK, font=_font())
    return np.asarray(canvas)


def _titled(picture: U8, title: str, second: str = "") -> U8:
    lines = [line for line in (title, second) if line]
    canvas = Image.new("RGB", (picture.shape[1], picture.shape[0] + 2 * _LINE), _PAPER)
    canvas.paste(Image.fromarray(picture), (0, 0))
    draw = ImageDraw.Draw(canvas)
    for i, line in enumerate(lines):
        draw.text((2, picture.shape[0] + 2 + i * _LINE), line, _INK, font=_font())
    return np.asarray(canvas)


def _beside(tiles: Sequence[U8]) -> U8:
    height = max(tile.shape[0] for tile in tiles)
    width = _GAP + sum(tile.shape[1] + _GAP for tile in tiles)
    canvas = np.full((height, width, 3), _PAPER, np.uint8)
    left = _GAP
    for tile in tiles:
        canvas[: tile.shape[0], left : left + tile.shape[1]] = tile
        left += tile.shape[1] + _GAP
    return canvas


def _dot(picture: U8, points: F32, colour: tuple[int, int, int]) -> None:
    for x, y in points:
        cv2.circle(picture, (round(float(x)), round(float(y))), 1, colour, -1, cv2.LINE_AA)


def _circles(picture: U8, circles: F32) -> None:
    for x, y, radius in circles:
        centre = round(float(x)), round(float(y))
        cv2.circle(picture, centre, max(1, round(float(radius))), (255, 235, 60), 1, cv2.LINE_AA)


def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(13)
