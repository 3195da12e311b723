"""Exact aligned soft IoU of queries against all templates: the slow, obvious twin.

`_overlap` is the compiled twin. Both have the signatures below and give equal results bit by bit:
all sums are integers, and floats are evaluated in the order written here.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from emojimap._overlap_bits import (
    COVERAGE_STEPS,
    I32,
    I64,
    TAP_STEPS,
    U64,
    Checks,
    Packed,
    Problem,
    quantise,
    unpack,
)
from emojimap.arrays import F32, F64, U8, Bool

_Fill: TypeAlias = Literal["constant", "edge"]


class _View(NamedTuple):
    """A query at one scale: visible steps, visible pixels, area with what left the frame."""

    steps: U8
    seen: Bool
    area: int


def search(
    packed: Packed,
    checks: Checks | None,
    problem: Problem,
    path: str,
    threads: int,
    chosen: I64,
    scores: F64,
) -> I64:
    """Write the best templates and their alignments to `chosen` and `scores`.

    Nothing is checked here: `emojimap.overlap` does it.

    Parameters
    ----------
    packed : Packed
        The templates.
    checks : Checks or None
        Checksums of what has not been used yet; the slow twin needs them checked before.
    problem : Problem
        The queries.
    path : str
        Instruction set, one of `_overlap.paths`; the slow twin has none.
    threads : int
        At most so many queries at a time.
    chosen : (q, k, 2) ndarray of int64
        Output: template and row of `alignments`, best first; k <= n.
    scores : (q, k, 2 + r) ndarray of float64
        Output: score, IoU, then the IoU of each region.

    Returns
    -------
    (q, 4) ndarray of int64
        Status (0, or what is wrong: -1 memory, -2 a damaged tile, -3 a damaged mask), and how many
        tiles were visited, bounds and pairs computed; here all are 0.
    """
    masks = _by_row(packed)
    for number, coverage in enumerate(problem.coverage):
        visible = None if problem.visible is None else problem.visible[number]
        _search_one(masks, packed, problem, coverage, visible, chosen[number], scores[number])
    return np.zeros((len(problem.coverage), 4), dtype=np.int64)


def block_sums(data: U8, block: int) -> U64:
    """Checksum of each block of `block` bytes, a multiple of 64.

    Parameters
    ----------
    data : (n * block,) ndarray of uint8
        May be read-only.
    block : int
        Bytes.

    Returns
    -------
    (n,) ndarray of uint64
        Each differs for certain if one 64-bit word of its block does.
    """
    words = np.ascontiguousarray(data).view(np.uint64).reshape(-1, block // 64, 8)
    back = np.arange(block // 64, 0, -1, dtype=np.uint64)
    plain = words.sum(axis=1, dtype=np.uint64)
    weighted = (words * back[:, None]).sum(axis=1, dtype=np.uint64)
    total = np.full(len(words), block, dtype=np.uint64)
    for lane in range(8):
        total = (total ^ (total >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
        total += plain[:, lane] * np.uint64(0xD1B54A32D192ED03 + 2 * lane)
        total += weighted[:, lane] * np.uint64(0x8CB92BA72F3D8DD6)
    return total


def _by_row(packed: Packed) -> U8:
    """Return steps of every template, (n, pixels)."""
    masks = unpack(packed.planes[: packed.distinct], packed.side, packed.levels)
    rows = np.empty(len(packed.members), dtype=np.int64)
    rows[packed.members] = np.repeat(np.arange(packed.distinct), np.diff(packed.starts))
    return masks.reshape(packed.distinct, -1)[rows]


def _search_one(
    masks: U8,
    packed: Packed,
    problem: Problem,
    coverage: F32,
    visible: Bool | None,
    chosen: I64,
    scores: F64,
) -> None:
    side = packed.side
    scales = range(len(problem.taps_start) - 1)
    views = [_resample(problem, coverage, visible, packed.levels, scale) for scale in scales]
    inside = unpack(problem.regions[:, None], side, 1).reshape(-1, side * side).astype(bool)
    best = np.full(len(masks), -1.0)
    rows = np.zeros(len(masks), dtype=np.int64)
    parts = np.empty((len(masks), 1 + len(inside)))
    for row, (dy, dx, scale) in enumerate(problem.alignments):
        steps, seen, area = views[scale]
        moved = _shift(steps, dy, dx, "constant").ravel()
        shown = _shift(seen.astype(np.uint8), dy, dx, "edge").ravel()
        measured = _measure(masks, moved, shown, inside, area, problem.margin)
        mean = _mean(measured, problem.weights)
        better = mean > best
        best[better], rows[better], parts[better] = mean[better], row, measured[better]
    score = best if problem.prior is None else best - problem.prior
    order = np.argsort(-score, kind="stable")[: len(chosen)]
    chosen[:, 0], chosen[:, 1] = order, rows[order]
    scores[:, 0], scores[:, 1:] = score[order], parts[order]


def _resample(
    problem: Problem, coverage: F32, visible: Bool | None, levels: int, scale: int
) -> _View:
    """Resample a query; hidden pixels have no say in what lies beside them."""
    side = len(coverage)
    seen = np.ones((side, side), dtype=bool) if visible is None else visible
    taps = problem.taps[problem.taps_start[scale] : problem.taps_start[scale + 1]]
    if not len(taps):
        steps = quantise(coverage, levels) * seen
        return _View(steps, seen, int(steps.sum(dtype=np.int64)))
    whole = _fine(coverage) * seen
    soft = _mix(_mix(np.pad(whole, 1), taps).T, taps).T
    sight = _mix(_mix(np.pad(seen, 1, mode="edge").astype(np.int64), taps).T, taps).T
    shown = 2 * sight >= TAP_STEPS**2
    most = np.where(shown, COVERAGE_STEPS * sight, 1)
    steps = np.where(shown, (2 * levels * soft + most) // (2 * most), 0).astype(np.uint8)
    pad = (len(taps) - side) // 2
    frame = np.s_[pad : pad + side, pad : pad + side]
    return _View(steps[frame], shown[frame], int(steps.sum(dtype=np.int64)))


def _fine(coverage: F32) -> I64:
    """Coverage in the steps of the resampling, halves up, computed in float32."""
    scaled = coverage * np.float32(COVERAGE_STEPS) + np.float32(0.5)
    return scaled.astype(np.int64)


def _mix(rows: I64, taps: I32) -> I64:
    """Rows of (side + 2, w) whole numbers, resampled."""
    first, weight = taps[:, 0] + 1, taps[:, 1:].astype(np.int64)
    mixed: I64 = rows[first] * (TAP_STEPS - weight) + rows[first + 1] * weight
    return mixed


def _shift(plane: U8, dy: int, dx: int, mode: _Fill) -> U8:
    """Move a (side, side) plane by dy rows down and dx columns right."""
    side = len(plane)
    reach = max(abs(dy), abs(dx))
    padded = np.pad(plane, reach, mode=mode)
    moved: U8 = padded[reach - dy :, reach - dx :][:side, :side]
    return moved


def _measure(
    masks: U8,
    query: U8,
    seen: U8,
    regions: Bool,
    area: int,
    margin: float,
) -> F64:
    """IoU and the IoU of each region of (n, pixels) masks with one shifted query, (n, 1 + r)."""
    parts = np.empty((len(masks), 1 + len(regions)))
    shown = seen.astype(bool)
    low, high = _sums(masks, query, shown)
    # What has left the frame can't match, but it stays in the union.
    gone = area - int(query[shown].sum())
    parts[:, 0] = _ratio(low, high + gone, margin)
    for column, region in enumerate(regions, start=1):
        low, high = _sums(masks, query, shown & region)
        parts[:, column] = _ratio(low, high, 0.0)
    return parts


def _sums(masks: U8, query: U8, where: Bool) -> tuple[I64, I64]:
    """Minima and maxima, summed over some pixels, (n,) each."""
    some, other = masks[:, where], query[where]
    low = np.minimum(some, other).sum(axis=1, dtype=np.int64)
    high = np.maximum(some, other).sum(axis=1, dtype=np.int64)
    return low, high


def _ratio(low: I64, high: I64, margin: float) -> F64:
    """Quotient of the sums, each with the margin; 1.0 where both are 0."""
    top, bottom = low.astype(np.float64) + margin, high.astype(np.float64) + margin
    return np.divide(top, bottom, out=np.ones_like(top), where=bottom != 0)


def _mean(parts: F64, weights: F64) -> F64:
    """Weighted mean of (n, 1 + r) IoUs, region by region from the left."""
    total, divisor = parts[:, 0].copy(), 1.0
    for column, weight in enumerate(weights, start=1):
        total = total + weight * parts[:, column]
        divisor = divisor + float(weight)
    mean: F64 = total / divisor
    return mean
