"""References beside the candidates that look most like them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw

from emojimap.arrays import U8
from emojimap.errors import ArgumentError
from emojimap.lineup import Portrait
from emojimap.sheet._draw import GAP, INK, LINE, PAPER, font

_SIDE, _COLUMNS = 168, 6
_TALL = _SIDE + 2 * LINE
_LETTERS = 20
"""Letters of a name that fit under a picture."""


def lineup(
    references: Sequence[tuple[str, Portrait]],
    best: Sequence[tuple[str, float, Portrait]],
    columns: int = _COLUMNS,
) -> U8:
    """Draw references, and right of them the best candidates with their scores.

    Parameters
    ----------
    references : sequence of (str, Portrait)
        Names and pictures as they were compared, at least one.
    best : sequence of (str, float, Portrait)
        Names, scores and pictures, best first, at least one.
    columns : int
        Candidates in a row.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        RGB.

    Raises
    ------
    ArgumentError
        If there is nothing to draw.
    """
    if not references or not best:
        raise ArgumentError("nothing to draw: give at least one reference and one candidate")
    left = [_tile(seen, "reference", name) for name, seen in references]
    right = [
        _tile(seen, f"{i}.  {score:.3f}" + ("" if seen.aligned else "  not aligned"), name)
        for i, (name, score, seen) in enumerate(best, 1)
    ]
    columns = min(columns, len(right))
    rows = max(-(-len(right) // columns), 1)
    beside = _stacked(left, -(-len(left) // rows), rows), _stacked(right, columns, rows)
    gap = np.full((beside[0].shape[0], GAP, 3), INK, np.uint8)
    return np.hstack([beside[0], gap, beside[1]])


def _stacked(tiles: Sequence[U8], columns: int, rows: int) -> U8:
    blank = np.full((_TALL, _SIDE, 3), PAPER, np.uint8)
    full = [*tiles, *[blank] * (columns * rows - len(tiles))]
    return np.vstack([np.hstack(full[i * columns : (i + 1) * columns]) for i in range(rows)])


def _tile(seen: Portrait, title: str, name: str) -> U8:
    picture = cv2.resize(seen.picture[:, :, :3], (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    canvas = Image.new("RGB", (_SIDE, _TALL), PAPER)
    canvas.paste(Image.fromarray(picture), (0, 0))
    draw = ImageDraw.Draw(canvas)
    short = name if len(name) <= _LETTERS else f"...{name[3 - _LETTERS :]}"
    for i, text in enumerate((title, short)):
        draw.text((2, _SIDE + 1 + i * LINE), text, INK, font=font())
    return np.asarray(canvas)
