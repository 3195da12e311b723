"""A query as the overlap kernels take it: resampled, quantised and packed at every scale."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil
from typing import NamedTuple

import cv2
import numpy as np

from emojimap._overlap_py import I32, I64, U64, fewest, pack, pack_masks, quantise
from emojimap.arrays import F32, F64, U8, Bool


class Query(NamedTuple):
    """Arguments 2 to 5 of the kernels, in their order; shapes stand in `_overlap_py.search`."""

    planes: U64
    hidden: U64
    areas: I64
    alignments: I32


def prepare(
    query: Bool | F32, visible: Bool | None, window: int, scales: Sequence[float], levels: int
) -> Query:
    """Query at every scale, and the alignments to try."""
    views = [_scaled(query, visible, scale, levels) for scale in scales]
    hidden = [] if visible is None else [~shown for _, shown, _ in views]
    return Query(
        fewest(pack(np.stack([values for values, _, _ in views]), levels)),
        pack_masks(hidden, len(query)),
        np.array([area for _, _, area in views], dtype=np.int64),
        list_alignments(window, len(scales)),
    )


@lru_cache(maxsize=16)
def list_alignments(window: int, scale_count: int) -> I32:
    """Rows of dy, dx, scale, in the order in which ties are broken; read-only."""
    reach = np.arange(-window, window + 1)
    grid = np.meshgrid(reach, reach, np.arange(scale_count), indexing="ij")
    dy, dx, scale = (axis.ravel() for axis in grid)
    order = np.lexsort((dx, dy, scale, dy**2 + dx**2))
    rows = np.stack([dy, dx, scale], axis=1)[order].astype(np.int32)
    rows.flags.writeable = False
    return rows


def _scaled(
    query: Bool | F32, visible: Bool | None, scale: float, levels: int
) -> tuple[U8, Bool, int]:
    """Visible quantised query and visible pixels at a scale, and the query's area.

    The area counts what scaling has pushed out of the frame as well.
    """
    side = len(query)
    seen = np.ones((side, side), dtype=bool) if visible is None else visible
    if scale == 1.0:
        values = quantise(query, levels) * seen
        return values, seen, int(values.sum(dtype=np.int64))
    pad = max(0, ceil((scale - 1) * side / 2)) + 1
    soft, shown = _resample(query, seen, scale, pad)
    values = quantise(soft, levels) * shown
    frame = np.s_[pad : pad + side, pad : pad + side]
    return values[frame], shown[frame], int(values.sum(dtype=np.int64))


def _resample(query: Bool | F32, seen: Bool, scale: float, pad: int) -> tuple[F32, Bool]:
    """Coverage and visible pixels, scaled about the middle of a canvas with a border of `pad`."""
    side = len(query) + 2 * pad
    offset = (len(query) - 1) / 2 * (1 - scale) + pad
    onto = np.array([[scale, 0, offset], [0, scale, offset]])
    sight = _warp(seen, onto, side, cv2.BORDER_REPLICATE)
    soft = _warp(query * seen, onto, side, cv2.BORDER_CONSTANT)
    shown = sight >= 0.5
    # Mean over the visible pixels alone: what is hidden has no say in what lies beside it.
    return np.clip(np.divide(soft, sight, out=soft, where=shown), 0.0, 1.0), shown


def _warp(mask: Bool | F32, onto: F64, side: int, border: int) -> F32:
    soft = mask.astype(np.float32)
    out: F32 = cv2.warpAffine(soft, onto, (side, side), flags=cv2.INTER_LINEAR, borderMode=border)
    return out
