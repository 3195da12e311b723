"""How an avatar was built from parts: each segment of the face beside the parts most like it."""

from __future__ import annotations

import cv2
import numpy as np

from emojimap import styles
from emojimap.arrays import U8
from emojimap.construct import Construction, vector
from emojimap.sheet._draw import GAP, PAPER, SMALL, beside, on_paper, portrait, titled
from emojimap.styles.alone import PartPictures
from emojimap.styles.codes import pictures_of

_TILE, _BEST = 128, 6


def construction(built: Construction) -> U8:
    """Draw how an avatar was built.

    Parameters
    ----------
    built : Construction
        From `emojimap.construct.construct`.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        RGB: photo and avatar; then for each kind the face's segment and the parts most like it,
        with their cosines; those in brackets are not for faces.
    """
    style = vector(styles.load(built.avatar.style))
    rows = [
        beside(
            [
                titled(portrait(built.analysis, 2 * SMALL), "photo"),
                titled(on_paper(built.avatar.to_image(2 * SMALL)), built.avatar.style),
            ]
        )
    ]
    for kind, ranked in built.candidates.items():
        tiles = [titled(_large(built.face[kind]), f"photo: {kind}")]
        drawn = pictures_of(style, kind)
        for name, score in ranked[:_BEST]:
            tiles.append(_part(drawn, name, score))
        rows.append(beside(tiles))
    width = max(row.shape[1] for row in rows) + GAP
    canvas = [np.full((row.shape[0] + GAP, width, 3), PAPER, np.uint8) for row in rows]
    for target, row in zip(canvas, rows, strict=True):
        target[: row.shape[0], : row.shape[1]] = row
    return np.vstack(canvas)


def _part(drawn: PartPictures, name: str, score: float) -> U8:
    number = drawn.ids.index(name)
    shown = name if drawn.usable[number] else f"({name})"
    return titled(_large(drawn.pictures[number]), shown[:20], f"{score:.3f}")


def _large(picture: U8) -> U8:
    large = cv2.resize(picture[:, :, :3], (_TILE, _TILE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)
