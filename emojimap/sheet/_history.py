"""How a search went: the photos, where it started, and the best avatar of each generation."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from emojimap.arrays import U8
from emojimap.avatar import Avatar
from emojimap.refine import Refinement
from emojimap.sheet._draw import INK, LINE, PAPER, font, on_paper, portrait

_SIDE, _GAP, _BETTER = 132, 4, (40, 160, 70)
_MOST_PHOTOS = 8


def history(found: Refinement, columns: int = 8) -> U8:
    """Draw the history of a search.

    Parameters
    ----------
    found : Refinement
        From `emojimap.refine`.
    columns : int
        Tiles in a row.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        RGB: the photos, the start and what was found; below them the best of each generation with
        its score, framed where it is the best so far.
    """
    photos = found.references[:_MOST_PHOTOS]
    drawn: dict[Avatar, U8] = {}
    top = [(portrait(seen, _SIDE), f"photo {i}", False) for i, seen in enumerate(photos, 1)]
    top.append((_tile(found.start.avatar, drawn), f"start {found.start_score:.3f}", False))
    top.append((_tile(found.avatar, drawn), f"found {found.score:.3f}", True))
    rows = [top]
    best = found.start_score
    tiles = []
    for one in found.history:
        text = f"{one.number}: {one.score:.3f}"
        tiles.append((_tile(one.avatar, drawn), text, one.score > best))
        best = max(best, one.score)
    rows += [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
    return _laid(rows, max(columns, len(top)))


def _laid(rows: list[list[tuple[U8, str, bool]]], columns: int) -> U8:
    wide, tall = _SIDE + 2 * _GAP, _SIDE + 2 * _GAP + LINE
    canvas = Image.new("RGB", (columns * wide, len(rows) * tall), PAPER)
    draw = ImageDraw.Draw(canvas)
    for row, tiles in enumerate(rows):
        for column, (picture, text, better) in enumerate(tiles):
            x, y = column * wide, row * tall
            if better:
                draw.rectangle((x, y, x + wide - 1, y + _SIDE + 2 * _GAP - 1), _BETTER)
            canvas.paste(Image.fromarray(picture), (x + _GAP, y + _GAP))
            draw.text((x + _GAP, y + _SIDE + 2 * _GAP), text, INK, font=font())
    return np.asarray(canvas)


def _tile(avatar: Avatar, drawn: dict[Avatar, U8]) -> U8:
    """One avatar on paper; generations often have the same best."""
    if avatar not in drawn:
        drawn[avatar] = on_paper(avatar.to_image(_SIDE))
    return drawn[avatar]
