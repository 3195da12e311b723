"""Many things on one sheet: faces beside their avatars, pictures of a Cartoon Set."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw

from emojimap.arrays import U8
from emojimap.fit import Fit
from emojimap.sheet._draw import INK, LINE, PAPER, SMALL, TINTS, close, font, portrait
from emojimap.styles.cartoonset.extract import Extraction
from emojimap.styles.cartoonset.regions import NAMES as REGIONS

_PAIR = 180


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
        canvas[top : top + _PAIR, left : left + _PAIR] = portrait(fit.analysis, _PAIR)
        canvas[top : top + _PAIR, left + _PAIR : left + 2 * _PAIR] = close(fit, _PAIR)
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


def _extraction(name: str, seen: Extraction) -> U8:
    alpha = seen.picture[:, :, 3:].astype(np.float32) / 255
    shown = (seen.picture[:, :, :3] * alpha + 236 * (1 - alpha)).astype(np.uint8)
    table = np.array([PAPER, *(TINTS.get(part, (255, 255, 255)) for part in REGIONS)], np.uint8)
    side = SMALL, SMALL
    both = [
        cv2.resize(shown, side, interpolation=cv2.INTER_AREA),
        cv2.resize(table[seen.labels], side, interpolation=cv2.INTER_NEAREST),
    ]
    canvas = Image.new("RGB", (2 * SMALL, SMALL + 3 * LINE), PAPER)
    canvas.paste(Image.fromarray(np.hstack(both)), (0, 0))
    draw = ImageDraw.Draw(canvas)
    for i, (part, colour) in enumerate(seen.base_colours().items()):
        left = 2 + i * 2 * SMALL // 6
        draw.rectangle((left, SMALL + 2, left + 62, SMALL + LINE), colour)
        ink = INK if sum(colour) > 380 else PAPER
        draw.text((left + 2, SMALL + 2), part.replace("facial_", "f. "), ink, font=font())
    beard = "beard {:.2f} {:.2f} {:.2f}".format(*seen.beard)
    line = f"glasses {seen.glasses}, {beard}" + (f", {seen.flaw}" if seen.flaw else "")
    draw.text((2, SMALL + LINE), name, INK, font=font())
    draw.text((2, SMALL + 2 * LINE), line, INK, font=font())
    return np.asarray(canvas)
