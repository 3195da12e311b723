"""Photos against settings: a row for each face, a column for each way of measuring."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from emojimap.arrays import U8
from emojimap.errors import ArgumentError
from emojimap.fit import Fit
from emojimap.sheet._draw import INK, LINE, PAPER, close, font, portrait

_SIDE, _SWATCH, _HEAD = 168, 26, 3
_LEGEND = ("skin, hair, beard, iris,", "lips, clothes: above", "chosen, below measured")
_ROLES = ("skin", "hair", "facial_hair", "iris", "lips", "clothes")


def grid(rows: Sequence[Sequence[Fit]], titles: Sequence[str], names: Sequence[str]) -> U8:
    """Draw avatars of the same faces under different settings.

    Parameters
    ----------
    rows : sequence of sequence of Fit
        For each face one fit for each column.
    titles : sequence of str
        Of the columns; ``|`` starts a new line.
    names : sequence of str
        Of the rows.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        RGB: the photo, then for each column the avatar and, under it, the chosen colours over the
        measured ones: skin, hair, facial hair, iris, lips, clothes.

    Raises
    ------
    ArgumentError
        If there is nothing to draw, or the rows are not as long as the titles.
    """
    if not rows or any(len(row) != len(titles) for row in rows) or len(names) != len(rows):
        raise ArgumentError(
            f"{len(rows)} rows, {len(titles)} titles, {len(names)} names: give a fit for each"
        )
    tall = _SIDE + _SWATCH + LINE
    top = max(len(_LEGEND), *(title.count("|") + 1 for title in titles)) * LINE + _HEAD
    canvas = Image.new("RGB", ((len(titles) + 1) * _SIDE, top + len(rows) * tall), PAPER)
    draw = ImageDraw.Draw(canvas)
    for line, text in enumerate(_LEGEND):
        draw.text((3, _HEAD + line * LINE), text, INK, font=font())
    for column, title in enumerate(titles, 1):
        for line, text in enumerate(title.split("|")):
            draw.text((column * _SIDE + 3, _HEAD + line * LINE), text, INK, font=font())
    for number, (row, name) in enumerate(zip(rows, names, strict=True)):
        y = top + number * tall
        canvas.paste(Image.fromarray(portrait(row[0].analysis, _SIDE)), (0, y))
        draw.text((3, y + _SIDE), name, INK, font=font())
        for column, fit in enumerate(row, 1):
            canvas.paste(Image.fromarray(close(fit, _SIDE)), (column * _SIDE, y))
            _swatches(draw, fit, column * _SIDE, y + _SIDE)
    return np.asarray(canvas)


def _swatches(draw: ImageDraw.ImageDraw, fit: Fit, left: int, top: int) -> None:
    wide = _SIDE // len(_ROLES)
    for number, role in enumerate(_ROLES):
        x, colours = left + number * wide, fit.analysis.colours
        for y, colour in ((top, getattr(colours, role)), (top + 17, colours.evidence[role].raw)):
            if colour is not None:
                low = 15 if y == top else 7
                draw.rectangle((x, y, x + wide - 3, y + low), tuple(int(v) for v in colour))
