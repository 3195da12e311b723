"""The templates of a style with their masks, and many faces in several styles."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw

from emojimap.arrays import F32, U8
from emojimap.canonical import CANVAS, FACE_PX, MIDDLE_X
from emojimap.evaluate.likeness import Row
from emojimap.photo import read
from emojimap.render import to_image
from emojimap.sheet._draw import INK, LINE, PAPER, cut, font, on_paper
from emojimap.styles import Group, Style

_SIDE, _MOST = 120, 120
_FACE = 110


def templates(style: Style, columns: int = 6) -> U8:
    """Draw the templates of a style beside their masks.

    Parameters
    ----------
    style : Style
        Any; of very many templates an even choice is drawn.
    columns : int
        Templates per row.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        RGB: the drawing; the mask in the canonical frame, where a circle is the face.
    """
    tiles = []
    groups: tuple[Group, ...] = ("hair", "headwear")
    for group in groups:
        ids, masks = style.template_masks(group)
        chosen = sorted({i * len(ids) // _MOST for i in range(_MOST)}) if ids else []
        tiles += [_template(style, group, ids[row], masks[row]) for row in chosen]
    columns = min(columns, len(tiles))
    tiles += [np.full_like(tiles[0], 250)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows)


def people(rows: Sequence[Row], columns: int = 3) -> U8:
    """Draw faces beside their avatars in every style.

    Parameters
    ----------
    rows : sequence of Row
        At least one.
    columns : int
        Faces per row.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        RGB.
    """
    tiles = []
    for row in rows:
        avatars = [on_paper(to_image(one, _FACE)) for one in row.avatars.values()]
        tiles.append(np.hstack([cut(read(row.photo), row.box, _FACE), *avatars]))
    columns = min(columns, len(tiles))
    tiles += [np.full_like(tiles[0], 236)] * (-len(tiles) % columns)
    return np.vstack([np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)])


def _template(style: Style, group: Group, name: str, mask: F32) -> U8:
    avatar = style.check(style.default().with_(parts=style.template_parts(group, name)))
    shade = (255 * (1 - cv2.resize(mask, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA))).astype(
        np.uint8
    )
    canonical = cv2.cvtColor(shade, cv2.COLOR_GRAY2RGB)
    zoom = _SIDE / CANVAS
    middle = round(MIDDLE_X * zoom), round(44 * zoom)
    cv2.circle(canonical, middle, round(0.55 * FACE_PX * zoom), (230, 60, 40), 1)
    canvas = Image.new("RGB", (2 * _SIDE, _SIDE + LINE), PAPER)
    canvas.paste(
        Image.fromarray(np.hstack([on_paper(to_image(avatar, _SIDE)), canonical])), (0, LINE)
    )
    ImageDraw.Draw(canvas).text((2, 0), name, INK, font=font())
    return np.asarray(canvas)
