"""Template masks in the order of a tree whose tiles bound what can be shared with a query.

The bounds are sums over rows, columns and 8 x 8 cells. Masks with like sums become neighbours:
blocks are cut in two across their first principal component until eight masks are left.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from emojimap._overlap_bits import (
    HEAD_BYTES,
    I64,
    LANES,
    U32,
    U64,
    Packed,
    aligned,
    bin_count,
    pack_steps,
    quantise,
    unpack,
)
from emojimap.arrays import F32, U8, Bool

_T = TypeVar("_T", bound=np.generic)

_CHUNK = 2048
_AXES = 24
_SAMPLE = 8192
_STACK = 512
"""Blocks of this size and less are cut together, many at a time."""


def build(masks: Bool | F32, levels: int) -> Packed:
    """Quantise, pack and arrange masks.

    Parameters
    ----------
    masks : (m, S, S) ndarray of bool or float
        Masks, or coverage 0..1.
    levels : int
        Steps of coverage.

    Returns
    -------
    Packed
        The index.
    """
    side = masks.shape[1]
    steps = 1 if masks.dtype == np.bool_ else levels
    parts = (masks[start : start + _CHUNK] for start in range(0, len(masks), _CHUNK))
    planes = np.concatenate([pack_steps(quantise(part, steps), steps) for part in parts])
    if (planes == planes[:, :1]).all():
        planes = planes[:, :1]
    planes, starts, members = _distinct(np.ascontiguousarray(planes))
    features, areas = sums(planes, side, levels)
    rows = order(features)
    starts, members = _rearrange(starts, members, rows)
    room = np.zeros((-len(rows) % LANES, *planes.shape[1:]), dtype=np.uint64)
    packed = Packed(
        side,
        levels,
        aligned(np.concatenate([planes[rows], room])),
        starts,
        members,
        np.empty((0, 0), dtype=np.uint8),
        np.empty((0, 0), dtype=np.uint8),
        np.empty(0, dtype=np.int64),
    )
    tiles, cells, levels_start = build_tiles(packed, features[rows], areas[rows])
    return packed._replace(tiles=aligned(tiles), cells=aligned(cells), levels_start=levels_start)


def _distinct(planes: U64) -> tuple[U64, I64, U32]:
    """Each mask once, where the rows of each start, and these rows, rising."""
    flat = planes.reshape(len(planes), -1)
    keys = flat.view(np.dtype((np.void, flat.shape[1] * 8))).ravel()
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    members = np.argsort(number, kind="stable").astype(np.uint32)
    starts = np.concatenate([[0], np.cumsum(np.bincount(number))]).astype(np.int64)
    return planes[first], starts, members


def _rearrange(starts: I64, members: U32, rows: I64) -> tuple[I64, U32]:
    """Put lists of members in another order of the masks."""
    counts = np.diff(starts)[rows]
    moved = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    within = np.arange(len(members)) - np.repeat(moved[:-1], counts)
    return moved, members[np.repeat(starts[rows], counts) + within]


def sums(planes: U64, side: int, levels: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return sums of rows, columns (in bins) and cells, (m, 2 * bins + 64), and areas (m,)."""
    bins, cell = bin_count(side), side // 8
    wide = side // bins
    out = np.empty((len(planes), 2 * bins + 64), dtype=np.uint32)
    for start in range(0, len(planes), _CHUNK):
        steps = unpack(planes[start : start + _CHUNK], side, levels)
        strips = steps.reshape(-1, bins, wide, side).sum(axis=2, dtype=np.uint16)
        part = out[start : start + _CHUNK]
        part[:, :bins] = strips.sum(axis=2, dtype=np.uint32)
        tall = strips.sum(axis=1, dtype=np.uint32)
        part[:, bins : 2 * bins] = tall.reshape(-1, bins, wide).sum(axis=2)
        eight = strips.reshape(-1, 8, bins // 8, side).sum(axis=2, dtype=np.uint32)
        part[:, 2 * bins :] = eight.reshape(-1, 8, 8, cell).sum(axis=3).reshape(-1, 64)
    return out, out[:, :bins].sum(axis=1, dtype=np.int64)


def order(features: NDArray[np.uint32]) -> I64:
    """Rows of (m, f) features, so that neighbours are alike."""
    points = _project(features)
    count = len(points)
    rows = np.arange(count)
    todo = [(0, count)]
    while todo:
        start, stop = todo.pop()
        size = stop - start
        if size <= _STACK:
            continue
        # Blocks of the levels above must not be cut by a border of these.
        grain = LANES ** (int(np.log(size - 1) / np.log(LANES) + 1e-9))
        half = max(1, round(size / (2 * grain))) * grain
        block = rows[start:stop]
        along = points[block] @ _first_axes(points[block][None])[0]
        rows[start:stop] = block[np.argsort(along, kind="stable")]
        todo += [(start, start + half), (start + half, stop)]
    return _cut_stacks(points, rows)


def build_tiles(packed: Packed, features: NDArray[np.uint32], areas: I64) -> tuple[U8, U8, I64]:
    """Tiles of all levels, level 0 first, its cells, and where each level starts; see `Packed`."""
    units = np.full(features.shape[1], packed.bin_unit, dtype=np.uint32)
    units[2 * packed.bins :] = packed.cell_unit
    most = np.minimum((features + units - 1) // units, 255)
    first = packed.members[packed.starts[:-1]]
    low, high, bounds = areas.astype(np.int32), areas.astype(np.int32), most.astype(np.uint8)
    cells = _interleave(_pad(bounds[:, 2 * packed.bins :], 0))
    bounds = bounds[:, : 2 * packed.bins]
    levels = []
    while True:
        levels.append(_tiles(low, high, first, bounds))
        if len(levels[-1]) == 1:
            break
        low, high = _fold(low, np.minimum, 2**31 - 1), _fold(high, np.maximum, 0)
        first, bounds = _fold(first, np.minimum, 2**32 - 1), _fold(bounds, np.maximum, 0)
    starts = np.cumsum([0, *(len(level) for level in levels)])
    return np.concatenate(levels), cells, starts.astype(np.int64)


def _project(features: NDArray[np.uint32]) -> F32:
    """Features on their first principal components, (m, <= 24)."""
    stride = max(1, len(features) // _SAMPLE)
    sample = features[::stride].astype(np.float32)
    mean = sample.mean(axis=0)
    centred = sample - mean
    _, axes = np.linalg.eigh(centred.T @ centred)
    chosen = axes[:, -_AXES:].astype(np.float32)
    parts = [
        (features[start : start + _SAMPLE].astype(np.float32) - mean) @ chosen
        for start in range(0, len(features), _SAMPLE)
    ]
    return np.concatenate(parts)


def _first_axes(blocks: F32) -> F32:
    """First principal component (b, d) of each of (b, size, d) blocks, by power iteration."""
    centred = blocks - blocks.mean(axis=1, keepdims=True)
    spread = np.matmul(centred.transpose(0, 2, 1), centred)
    # The widest coordinate is never orthogonal to what is sought, but for ties.
    widest = np.diagonal(spread, axis1=1, axis2=2).argmax(axis=1)
    axes: F32 = _unit(spread[np.arange(len(spread)), :, widest])
    for _ in range(6):
        axes = _unit(np.matmul(spread, axes[:, :, None])[:, :, 0])
    return axes


def _unit(vectors: F32) -> F32:
    """Vectors of length 1; 0 where they are 0."""
    longest = np.abs(vectors).max(axis=1, keepdims=True)
    scaled = vectors / np.maximum(longest, np.float32(1e-30))  # squares don't overflow
    unit: F32 = scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), np.float32(1))
    return unit


def _cut_stacks(points: F32, rows: I64) -> I64:
    """Cut blocks of `_STACK` rows in halves down to eight; the last, short one as well."""
    whole = len(rows) // _STACK * _STACK
    parts = [rows[:whole].reshape(-1, _STACK)] if whole else []
    tail = rows[whole:]
    done = [_halve(points, part, _STACK).ravel() for part in parts]
    size = _STACK
    while len(tail):
        # A short block: whole pieces of each size from its start, the rest smaller and smaller.
        size //= 2
        if size < LANES:
            done.append(tail)
            break
        if len(tail) >= size:
            along = points[tail] @ _first_axes(points[tail][None])[0]
            tail = tail[np.argsort(along, kind="stable")]
            done.append(_halve(points, tail[None, :size], size).ravel())
            tail = tail[size:]
    return np.concatenate(done)


def _halve(points: F32, blocks: I64, size: int) -> I64:
    """Sort (b, size) rows across their first axis, then each half across its own, down to eight."""
    while size > LANES:
        blocks = blocks.reshape(-1, size)
        values = points[blocks]
        along = np.matmul(values, _first_axes(values)[:, :, None])[:, :, 0]
        blocks = np.take_along_axis(blocks, np.argsort(along, axis=1, kind="stable"), axis=1)
        size //= 2
    return blocks.reshape(-1)


def _pad(values: NDArray[_T], fill: int) -> NDArray[_T]:
    """Values of (m, ...) lanes as (t, 8, ...)."""
    short = -len(values) % LANES
    if short:
        filler = np.full((short, *values.shape[1:]), fill, dtype=values.dtype)
        values = np.concatenate([values, filler])
    return values.reshape(-1, LANES, *values.shape[1:])


def _fold(values: NDArray[_T], fold: np.ufunc, fill: int) -> NDArray[_T]:
    """Least or greatest values below each tile."""
    folded: NDArray[_T] = fold.reduce(_pad(values, fill), axis=1)
    return folded


def _tiles(low: NDArray[np.int32], high: NDArray[np.int32], first: U32, bounds: U8) -> U8:
    """One level: (t, bytes)."""
    lanes = _pad(bounds, 0)
    count = len(lanes)
    head = np.zeros((count, HEAD_BYTES // 4), dtype=np.uint32)
    head[:, :8] = _pad(low, 0).view(np.uint32)
    head[:, 8:16] = _pad(high, 0).view(np.uint32)
    head[:, 16:24] = _pad(first, 2**32 - 1)
    return np.concatenate([head.view(np.uint8), _interleave(lanes)], axis=1)


def _interleave(lanes: U8) -> U8:
    """Eight bytes of each lane in turn: (t, 8 * w) of (t, 8, w)."""
    count, _, width = lanes.shape
    return lanes.reshape(count, LANES, width // 8, 8).transpose(0, 2, 1, 3).reshape(count, -1)
