"""Exact aligned soft IoU of one query against all templates: bit planes and the slow twin.

`_overlap` is the compiled twin. Both have the signature of `search` below and give equal results
bit by bit: all sums are integers, and floats are evaluated in the order written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emojimap.arrays import F32, F64, U8, Bool

U64: TypeAlias = NDArray[np.uint64]
I64: TypeAlias = NDArray[np.int64]
I32: TypeAlias = NDArray[np.int32]

_Fill: TypeAlias = Literal["constant", "edge"]


def search(
    templates: U64,
    queries: U64,
    hidden: U64,
    areas: I64,
    alignments: I32,
    regions: U64,
    weights: F64,
    prior: F64,
    side: int,
    levels: int,
    margin: float,
    chosen: I64,
    scores: F64,
) -> None:
    """Write the best templates and their alignments to `chosen` and `scores`.

    Nothing is checked here: `emojimap.overlap` does it. A bit plane is `words` = side * side / 64
    words; pixel (y, x) is bit y * side + x, counted from the lowest bit of the first word. P and
    Q, the numbers of planes, are each `levels` or 1; a single plane stands for all levels.

    Parameters
    ----------
    templates : (n, P, words) ndarray of uint64
        Bit planes, C-contiguous; may be read-only.
    queries : (s, Q, words) ndarray of uint64
        Bit planes of the query at each scale, without its hidden pixels.
    hidden : (s, words) or (0, words) ndarray of uint64
        Pixels that leave both sums, at each scale; no rows where nothing is hidden.
    areas : (s,) ndarray of int64
        Sum of the quantised query at each scale, with what lies outside the frame.
    alignments : (a, 3) ndarray of int32
        dy, dx and row of `queries`; among equals the first one wins.
    regions : (r, words) ndarray of uint64
        In the templates' frame.
    weights : (r,) ndarray of float64
        Weight of each region's IoU, >= 0.
    prior : (n,) ndarray of float64
        What is taken off each template's score.
    side, levels : int
        Side of a mask in pixels; levels of quantisation.
    margin : float
        Added to both sums of the whole IoU, in pixels times levels.
    chosen : (k, 2) ndarray of int64
        Output: template and row of `alignments`, best first; k <= n.
    scores : (k, 2 + r) ndarray of float64
        Output: score, IoU, then the IoU of each region.
    """
    masks = unpack(templates, levels)
    moved = unpack(queries, levels).reshape(-1, side, side)
    unseen = unpack(hidden[:, None], 1).reshape(-1, side, side)
    inside = unpack(regions[:, None], 1).astype(bool)
    best = np.full(len(masks), -1.0)
    rows = np.zeros(len(masks), dtype=np.int64)
    parts = np.empty((len(masks), 1 + len(regions)))
    for row, (dy, dx, scale) in enumerate(alignments):
        query = _shift(moved[scale], dy, dx, "constant").ravel()
        seen = np.ones(side * side, dtype=bool)
        if len(unseen):
            seen = _shift(unseen[scale], dy, dx, "edge").ravel() == 0
        measured = _measure(masks, query, seen, inside, areas[scale], margin)
        mean = _mean(measured, weights)
        better = mean > best
        best[better], rows[better], parts[better] = mean[better], row, measured[better]
    score = best - prior
    order = np.argsort(-score, kind="stable")[: len(chosen)]
    chosen[:, 0], chosen[:, 1] = order, rows[order]
    scores[:, 0], scores[:, 1:] = score[order], parts[order]


def quantise(coverage: Bool | F32, levels: int) -> U8:
    """Coverage 0..1 as steps 0..levels, halves up, computed in float32."""
    if coverage.dtype == np.bool_:
        return coverage.astype(np.uint8) * np.uint8(levels)
    scaled = coverage.astype(np.float32) * np.float32(levels) + np.float32(0.5)
    return scaled.astype(np.uint8)


def pack(values: U8, levels: int) -> U64:
    """Bit planes (n, levels, words) of (n, S, S) steps: plane j is steps >= j + 1."""
    planes = np.stack([pack_masks(values > step, values.shape[-1]) for step in range(levels)], 1)
    return np.ascontiguousarray(planes)


def pack_masks(masks: Bool | Sequence[Bool], side: int) -> U64:
    """One bit plane (n, words) of each (side, side) mask; n may be 0."""
    flat = np.asarray(masks, dtype=bool).reshape(-1, side * side)
    octets = np.packbits(flat, axis=-1, bitorder="little")
    return octets.view("<u8").astype(np.uint64, copy=False)


def fewest(planes: U64) -> U64:
    """One plane for all levels if the (n, P, words) planes are binary, else all."""
    binary = bool((planes == planes[:, :1]).all())
    return np.ascontiguousarray(planes[:, :1]) if binary else planes


def unpack(planes: U64, levels: int) -> U8:
    """Quantised coverage 0..levels, (n, S * S), of (n, P, words) bit planes; P is `levels` or 1."""
    count = planes.shape[1]
    total = np.zeros((len(planes), planes.shape[2] * 64), dtype=np.uint8)
    for j in range(count):
        octets = np.ascontiguousarray(planes[:, j]).astype("<u8", copy=False).view(np.uint8)
        total += np.unpackbits(octets, axis=-1, bitorder="little")
    return total * np.uint8(levels // count)


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
    seen: Bool,
    regions: Bool,
    area: int,
    margin: float,
) -> F64:
    """IoU and the IoU of each region of (n, pixels) masks with one shifted query, (n, 1 + r)."""
    parts = np.empty((len(masks), 1 + len(regions)))
    low, high = _sums(masks, query, seen)
    # What has left the frame can't match, but it stays in the union.
    gone = area - int(query[seen].sum())
    parts[:, 0] = _ratio(low, high + gone, margin)
    for column, region in enumerate(regions, start=1):
        low, high = _sums(masks, query, seen & region)
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
