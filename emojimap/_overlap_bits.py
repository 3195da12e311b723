"""Masks as steps of coverage and as bit planes, and the arrays that the kernels exchange.

A bit plane is a row of 64-bit words: pixel (y, x) is bit y * side + x, counted from the lowest
bit of the first word; words are zero from there up to a multiple of 8. Plane j of a soft mask is
where the steps exceed j. A single plane stands for all levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from emojimap.arrays import F32, F64, U8, Bool

U64: TypeAlias = NDArray[np.uint64]
U32: TypeAlias = NDArray[np.uint32]
I64: TypeAlias = NDArray[np.int64]
I32: TypeAlias = NDArray[np.int32]
_T = TypeVar("_T", bound=np.generic)

LANES = 8
LINE_BYTES = 64
HEAD_BYTES = 128
CELL_BYTES = 512
COVERAGE_STEPS = 256
TAP_STEPS = 64


class Packed(NamedTuple):
    """An index as the kernels read it; all arrays are C-contiguous and may be read-only.

    Masks that are equal are stored once; m of them differ. They stand in the order of a tree:
    eight neighbours share a tile, eight neighbouring tiles share one of the level above, and so on
    up to a single one.

    Attributes
    ----------
    side, levels : int
        Side of a mask in pixels, steps of coverage.
    planes : (m, P, words) ndarray of uint64
        Bit planes, and zeros up to a multiple of eight masks; P is `levels` or 1.
    starts : (m + 1,) ndarray of int64
        Where the rows of each mask start in `members`.
    members : (n,) ndarray of uint32
        Rows of the templates that have each mask, rising.
    tiles : (t, tile_bytes(side)) ndarray of uint8
        Least area, greatest area (int32) and lowest row (uint32) below each of the eight lanes;
        then the greatest sums below each lane, of bins of rows and of bins of columns, in units
        rounded up, eight bytes of each lane in turn.
    cells : (level 0, 512) ndarray of uint8
        The same of the masks' 8 x 8 cells.
    levels_start : (depth + 1,) ndarray of int64
        First tile of each level; level 0 has the masks themselves.
    """

    side: int
    levels: int
    planes: U64
    starts: I64
    members: U32
    tiles: U8
    cells: U8
    levels_start: I64

    @property
    def distinct(self) -> int:
        """Masks that differ."""
        return len(self.starts) - 1

    @property
    def bins(self) -> int:
        """Bins of rows, and of columns."""
        return bin_count(self.side)

    @property
    def bin_unit(self) -> int:
        """Steps in a unit of the sums of bins: the greatest is 256, and a byte holds 255 of it."""
        return self._unit(self.side**2 // self.bins, 256)

    @property
    def cell_unit(self) -> int:
        """Steps in a unit of the sums of cells: the greatest fits a byte."""
        return self._unit((self.side // 8) ** 2, 255)

    def _unit(self, pixels: int, most: int) -> int:
        planes = int(self.planes.shape[1])
        return -(-pixels * planes // most) * (self.levels // planes)


class Checks(NamedTuple):
    """Checksums of parts of an index, and which of them have been checked.

    Attributes
    ----------
    tile_sums, cell_sums, mask_sums : ndarray of uint64
        One per tile; one per tile of level 0, of its cells and of its eight masks.
    tile_checked, mask_checked : ndarray of uint8
        1 where the part is known to be sound; written by the kernel.
    """

    tile_sums: U64
    cell_sums: U64
    mask_sums: U64
    tile_checked: U8
    mask_checked: U8


class Problem(NamedTuple):
    """Queries as the kernels take them, all with the same options.

    Attributes
    ----------
    coverage : (q, side, side) ndarray of float32
        0..1.
    visible : (q, side, side) ndarray of bool or None
        Pixels that the photo shows.
    alignments : (a, 3) ndarray of int32
        dy, dx and scale; among equals the first one wins.
    rank : (scales, 2 * window + 1, 2 * window + 1) ndarray of int32
        Row of `alignments`.
    taps : (t, 2) ndarray of int32
        How each scale resamples a row: first pixel, and weight of the next one in 64ths.
    taps_start : (scales + 1,) ndarray of int64
        Where each scale starts in `taps`; a scale without taps is 1.0.
    regions : (r, words) ndarray of uint64
        Bit planes, in the templates' frame.
    weights : (r,) ndarray of float64
        Weight of each region's IoU, >= 0.
    prior : (n,) ndarray of float64 or None
        What is taken off each template's score.
    margin : float
        Added to both sums of the whole IoU, in pixels times levels.
    window : int
        Largest shift.
    exhaustive : bool
        Compare every pair.
    """

    coverage: F32
    visible: Bool | None
    alignments: I32
    rank: I32
    taps: I32
    taps_start: I64
    regions: U64
    weights: F64
    prior: F64 | None
    margin: float
    window: int
    exhaustive: bool


def aligned(array: NDArray[_T]) -> NDArray[_T]:
    """Copy of an array that starts on a cache line: vectors that cross lines are read slower."""
    room = np.empty(array.nbytes + LINE_BYTES, dtype=np.uint8)
    start = -room.ctypes.data % LINE_BYTES
    copy = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def word_count(side: int) -> int:
    """Words of a plane."""
    return -(-side * side // 512) * 8


def bin_count(side: int) -> int:
    """Bins into which rows, and columns, are summed: 16, or 8 where 16 are no whole pixels."""
    return 16 if side % 16 == 0 else 8


def tile_bytes(side: int) -> int:
    """Bytes of a tile."""
    return HEAD_BYTES + LANES * 2 * bin_count(side)


def quantise(coverage: Bool | F32, levels: int) -> U8:
    """Coverage 0..1 as steps 0..levels, halves up, computed in float32."""
    if coverage.dtype == np.bool_:
        return coverage.astype(np.uint8) * np.uint8(levels)
    scaled = coverage.astype(np.float32, copy=False) * np.float32(levels) + np.float32(0.5)
    return scaled.astype(np.uint8)


def pack_masks(masks: Bool | Sequence[Bool], side: int) -> U64:
    """One bit plane (n, words) of each (side, side) mask; n may be 0."""
    flat = np.asarray(masks, dtype=bool).reshape(-1, side * side)
    octets = np.packbits(flat, axis=-1, bitorder="little")
    planes = np.zeros((len(flat), word_count(side)), dtype=np.uint64)
    planes.view(np.uint8)[:, : octets.shape[1]] = octets
    return planes


def pack_steps(steps: U8, levels: int) -> U64:
    """Bit planes (n, levels, words) of (n, S, S) steps."""
    planes = [pack_masks(steps > step, steps.shape[-1]) for step in range(levels)]
    return np.ascontiguousarray(np.stack(planes, axis=1))


def unpack(planes: U64, side: int, levels: int) -> U8:
    """Return steps (n, side, side) of (n, P, words) bit planes; P is `levels` or 1."""
    count = planes.shape[1]
    total = np.zeros((len(planes), side * side), dtype=np.uint8)
    for j in range(count):
        octets = np.ascontiguousarray(planes[:, j]).view(np.uint8)
        total += np.unpackbits(octets, axis=-1, bitorder="little", count=side * side)
    return (total * np.uint8(levels // count)).reshape(-1, side, side)
