"""What the kernels need to know of scales and shifts; it is made once for each set of options."""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import NamedTuple

import numpy as np

from emojimap._overlap_bits import I32, I64, TAP_STEPS


class Alignments(NamedTuple):
    """Arguments of the kernels of the same names; see `emojimap._overlap_bits.Problem`."""

    alignments: I32
    rank: I32
    taps: I32
    taps_start: I64
    scales: tuple[float, ...]


@lru_cache(maxsize=32)
def prepare(side: int, window: int, scales: tuple[float, ...]) -> Alignments:
    """Shifts and scales to try, in the order in which ties are broken; arrays are read-only."""
    taps = [_taps(side, scale) for scale in scales]
    starts = np.cumsum([0, *(len(part) for part in taps)]).astype(np.int64)
    made = Alignments(*_shifts(window, len(scales)), np.concatenate(taps), starts, scales)
    for array in made[:-1]:
        array.flags.writeable = False
    return made


def _shifts(window: int, scale_count: int) -> tuple[I32, I32]:
    """Rows of dy, dx, scale: the shortest shift first, then the first scale, least dy, least dx."""
    reach = np.arange(-window, window + 1)
    scale, dy, dx = (
        axis.ravel() for axis in np.meshgrid(np.arange(scale_count), reach, reach, indexing="ij")
    )
    order = np.lexsort((dx, dy, scale, dy**2 + dx**2))
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    rows = np.stack([dy, dx, scale], axis=1)[order].astype(np.int32)
    return rows, rank.reshape(scale_count, len(reach), len(reach))


def _taps(side: int, scale: float) -> I32:
    """First pixel and weight of the next for each pixel of a canvas that holds all of the query.

    Pixel -1 and pixel `side` stand for what lies outside. The canvas has the frame in its middle.
    """
    if scale == 1.0:
        return np.empty((0, 2), dtype=np.int32)
    pad = max(0, ceil((scale - 1) * side / 2)) + 1
    middle = (side - 1) / 2
    source = (np.arange(-pad, side + pad) - middle) / scale + middle
    steps = np.clip(np.floor(source * TAP_STEPS + 0.5), -TAP_STEPS, side * TAP_STEPS).astype(int)
    first = np.minimum(steps // TAP_STEPS, side - 1)
    return np.stack([first, steps - first * TAP_STEPS], axis=1).astype(np.int32)
