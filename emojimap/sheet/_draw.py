"""What the sheets share: sizes, text, tiles, the face and the avatar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emojimap import files
from emojimap.analysis import Analysis
from emojimap.arrays import F32, U8
from emojimap.avatar import Avatar
from emojimap.facenet.crops import square, warp
from emojimap.fit import Fit

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
TILE, SMALL, GAP, LINE = 400, 212, 12, 18
PAPER, INK = (250, 250, 248), (30, 30, 30)


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


def portrait(seen: Analysis, size: int) -> U8:
    """Cut the head out of the photo, turned as it stands there."""
    return cut(seen.photo, seen.box, size)


def cut(photo: U8, box: tuple[float, float, float, float], size: int) -> U8:
    """Cut the surroundings of a face out of a photo."""
    x, y, width, height = box
    side = 1.9 * max(width, height)
    return warp(photo, square(np.array([x + width / 2, y + height / 2]), side, 0.0, size), size)


def avatar(fit: Fit, size: int) -> U8:
    """Draw the avatar on grey paper."""
    return on_paper(fit.avatar.to_image(size))


def on_paper(drawn: U8) -> U8:
    """Lay an RGBA picture on grey paper."""
    alpha = drawn[:, :, 3:].astype(np.float32) / 255
    return np.asarray(drawn[:, :, :3] * alpha + 236 * (1 - alpha), np.uint8)


def close(fit: Fit, size: int) -> U8:
    """Draw the avatar of a fit; see `near`."""
    return near(fit.avatar, size)


def near(avatar: Avatar, size: int) -> U8:
    """Draw an avatar without the empty border that some art has, at least a little larger."""
    drawn = avatar.to_image(2 * size)
    rows, columns = np.nonzero(drawn[:, :, 3])
    if not rows.size:
        return on_paper(avatar.to_image(size))
    half = max(np.ptp(rows), np.ptp(columns)) / 2 + 0.04 * size
    centre = np.array([columns.min() + columns.max(), rows.min() + rows.max()]) / 2
    shown = on_paper(drawn)
    left, top = np.maximum(np.round(centre - half), 0).astype(int)
    right, bottom = np.minimum(np.round(centre + half), 2 * size).astype(int)
    side = max(right - left, bottom - top)
    canvas = np.full((side, side, 3), 236, np.uint8)
    cut = shown[top:bottom, left:right]
    y, x = (side - cut.shape[0]) // 2, (side - cut.shape[1]) // 2
    canvas[y : y + cut.shape[0], x : x + cut.shape[1]] = cut
    return np.asarray(cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def titled(picture: U8, title: str, second: str = "") -> U8:
    lines = [line for line in (title, second) if line]
    canvas = Image.new("RGB", (picture.shape[1], picture.shape[0] + 2 * LINE), PAPER)
    canvas.paste(Image.fromarray(picture), (0, 0))
    draw = ImageDraw.Draw(canvas)
    for i, line in enumerate(lines):
        draw.text((2, picture.shape[0] + 2 + i * LINE), line, INK, font=font())
    return np.asarray(canvas)


def beside(tiles: Sequence[U8]) -> U8:
    height = max(tile.shape[0] for tile in tiles)
    width = GAP + sum(tile.shape[1] + GAP for tile in tiles)
    canvas = np.full((height, width, 3), PAPER, np.uint8)
    left = GAP
    for tile in tiles:
        canvas[: tile.shape[0], left : left + tile.shape[1]] = tile
        left += tile.shape[1] + GAP
    return canvas


def dots(picture: U8, points: F32, colour: tuple[int, int, int]) -> None:
    for x, y in points:
        cv2.circle(picture, (round(float(x)), round(float(y))), 1, colour, -1, cv2.LINE_AA)


def circles(picture: U8, circles: F32) -> None:
    for x, y, radius in circles:
        centre = round(float(x)), round(float(y))
        cv2.circle(picture, centre, max(1, round(float(radius))), (255, 235, 60), 1, cv2.LINE_AA)


def font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(13)
