"""Faces beside avatars that were made before."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from emojimap.arrays import U8
from emojimap.avatar import Avatar
from emojimap.errors import ArgumentError
from emojimap.sheet._draw import cut, near

_SIDE = 120


def pairs(
    faces: Iterable[tuple[U8 | None, tuple[float, float, float, float], Avatar]],
    columns: int = 8,
) -> U8:
    """Draw faces beside their avatars.

    Parameters
    ----------
    faces : iterable of ((H, W, 3) ndarray of uint8 or None, tuple of four float, Avatar)
        Photo in RGB, or None where there is none any more; x, y, width and height of the face in
        it; avatar. One or more; each photo is cut at once, so that they may be read one by one.
    columns : int
        Pairs per row.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        RGB.

    Raises
    ------
    ArgumentError
        If there are none.
    """
    tiles = [_pair(photo, box, avatar) for photo, box, avatar in faces]
    if not tiles:
        raise ArgumentError("no faces: give one or more")
    columns = min(columns, len(tiles))
    tiles += [np.full_like(tiles[0], 236)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows)


def _pair(photo: U8 | None, box: tuple[float, float, float, float], avatar: Avatar) -> U8:
    empty = np.full((_SIDE, _SIDE, 3), 236, np.uint8)
    face = empty if photo is None else cut(photo, box, _SIDE)
    return np.hstack([face, near(avatar, _SIDE)])
