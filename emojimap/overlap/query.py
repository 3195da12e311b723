"""Queries and options as the kernels take them; scales and shifts are prepared only once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from math import ceil
from typing import NamedTuple

import numpy as np

from emojimap._overlap_bits import I32, I64, TAP_STEPS, U64, Problem, pack_masks
from emojimap.arrays import F32, F64, Bool
from emojimap.overlap import checks
from emojimap.overlap.ids import Ids
from emojimap.overlap.match import Region


class Alignments(NamedTuple):
    """Arguments of the kernels of the same names; see `emojimap._overlap_bits.Problem`."""

    alignments: I32
    rank: I32
    taps: I32
    taps_start: I64


class Options(NamedTuple):
    """Options of a search; see `emojimap.overlap.MaskIndex.search`."""

    window: int
    scales: Sequence[float]
    regions: Sequence[Region] | None
    prior: F64 | Mapping[str, float] | None
    margin: float
    exhaustive: bool


def pose(
    coverage: F32, visible: Bool | None, options: Options, levels: int, ids: Ids
) -> tuple[Problem, tuple[float, ...], list[str]]:
    """Check options and put them beside the queries.

    Parameters
    ----------
    coverage : (q, S, S) ndarray of float32
        Queries.
    visible : (q, S, S) ndarray of bool or None
        Their visible pixels.
    options : Options
        As the user gave them.
    levels : int
        Steps of coverage of the index.
    ids : Ids
        Names of its templates.

    Returns
    -------
    tuple of Problem, tuple of float and list of str
        What the kernels take; the scales; the regions' names.

    Raises
    ------
    ArgumentError
        If an option is unusable or doesn't fit the index.
    """
    side = coverage.shape[-1]
    margin = checks.check_number("margin", options.margin)
    regions = tuple(options.regions or ())
    checks.check_regions(regions, side)
    window = checks.check_whole("window", options.window, 0, side - 1)
    scales = checks.check_scales(options.scales)
    prior = options.prior
    problem = Problem(
        coverage,
        visible,
        *prepare(side, window, scales),
        *(_pack_regions(regions, side) if regions else _no_regions(side)),
        None if prior is None else checks.check_prior(prior, ids),
        margin * levels,
        window,
        options.exhaustive,
    )
    return problem, scales, [region.name for region in regions]


def _pack_regions(regions: Sequence[Region], side: int) -> tuple[U64, F64]:
    """Bit planes and weights."""
    weights = np.array([region.weight for region in regions], dtype=np.float64)
    return pack_masks([region.mask for region in regions], side), weights


@cache
def _no_regions(side: int) -> tuple[U64, F64]:
    return pack_masks([], side), np.empty(0)


@lru_cache(maxsize=32)
def prepare(side: int, window: int, scales: tuple[float, ...]) -> Alignments:
    """Shifts and scales to try, in the order in which ties are broken; arrays are read-only."""
    taps = [_taps(side, scale) for scale in scales]
    starts = np.cumsum([0, *(len(part) for part in taps)]).astype(np.int64)
    made = Alignments(*_shifts(window, len(scales)), np.concatenate(taps), starts)
    for array in made:
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
