"""The file of a mask index: header and tables, tiles, bit planes, each under checksums.

fields (magic, version, side, levels, planes, templates, masks, tiles, depth, bytes of names)
| SHA-256 of the fields | zeros up to 192 bytes
| levels_start | starts | sums of the tiles | of the cells and of the masks, eight masks each
| members | ends of names | names | zeros up to a multiple of 64 | their sum and zeros, 64 bytes
| tiles | cells | planes

All numbers are little-endian; `emojimap._overlap_bits.Packed` says what the arrays are. Tiles and
planes are mapped, not read, so that processes share them.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from emojimap._overlap_bits import CELL_BYTES, LANES, U64, Checks, Packed, tile_bytes, word_count
from emojimap.arrays import U8
from emojimap.errors import ArgumentError, CacheError
from emojimap.files import whole
from emojimap.overlap import checks
from emojimap.overlap.ids import Ids
from emojimap.overlap.twins import kernel

SMALL = 8 << 20
"""Bytes up to which a file is checked whole when it is opened."""

PART = "\0"
"""In a message, in place of what is damaged; no path has it."""

_MAGIC = b"emojimsk"
_VERSION = 2
_FIELDS = struct.Struct("<8sIIIIQQQQQ")
_HEAD = 192
_ALIGN = 64
_T = TypeVar("_T", bound=np.generic)


class Content(NamedTuple):
    """What a file holds; `fault` is the message for damage found later, with `PART` in it."""

    packed: Packed
    ids: Ids
    checks: Checks
    fault: str


class _Sizes(NamedTuple):
    side: int
    levels: int
    planes: int
    templates: int
    masks: int
    tiles: int
    depth: int
    text: int

    @property
    def blocks(self) -> int:
        """Blocks of eight masks."""
        return -(-self.masks // LANES)

    @property
    def tile_bytes(self) -> int:
        return tile_bytes(self.side)

    @property
    def block_bytes(self) -> int:
        return LANES * self.planes * word_count(self.side) * 8

    @property
    def tables(self) -> tuple[int, ...]:
        """Bytes of the tables, in their order."""
        numbers = self.depth + 1 + self.masks + 1 + self.tiles + 2 * self.blocks
        return 8 * numbers, 4 * self.templates, 4 * self.templates, self.text

    @property
    def table_bytes(self) -> int:
        return -(-sum(self.tables) // _ALIGN) * _ALIGN

    @property
    def bulk(self) -> int:
        """Where the tiles start."""
        return _HEAD + self.table_bytes + _ALIGN

    @property
    def whole(self) -> int:
        each = CELL_BYTES + self.block_bytes
        return self.bulk + self.tiles * self.tile_bytes + self.blocks * each


class _FaultError(Exception):
    """What is wrong with a file."""


def write(path: Path, packed: Packed, ids: Ids) -> None:
    """Write a file, which appears whole or not at all; `OutputError` if it can't be."""
    sizes = _Sizes(
        packed.side,
        packed.levels,
        packed.planes.shape[1],
        len(ids),
        packed.distinct,
        len(packed.tiles),
        len(packed.levels_start) - 1,
        len(ids.text),
    )
    sums = kernel().module.block_sums
    tiles = packed.tiles.reshape(-1)
    cells = packed.cells.reshape(-1)
    planes = packed.planes.reshape(-1).view(np.uint8)
    tables = [
        packed.levels_start,
        packed.starts,
        sums(tiles, sizes.tile_bytes),
        sums(cells, CELL_BYTES),
        sums(planes, sizes.block_bytes),
        packed.members,
        ids.ends,
        ids.text,
    ]
    table = b"".join(array.tobytes() for array in tables)
    table += bytes(sizes.table_bytes - len(table))
    check = sums(np.frombuffer(table, np.uint8), len(table)).tobytes()
    fields = _FIELDS.pack(_MAGIC, _VERSION, *sizes)
    head = fields + hashlib.sha256(fields).digest()
    with whole(path) as draft, draft.open("xb") as file:
        file.write(head.ljust(_HEAD, b"\0") + table + check.ljust(_ALIGN, b"\0"))
        # Not tofile(), whose errors don't tell what is wrong.
        for part in (tiles, cells, planes):
            file.write(part.data)


def read(path: Path, rebuild: str) -> Content:
    """Check header and tables of a file and map the rest; `CacheError`, which advises `rebuild`."""
    remedy = f"delete it and rebuild it with {rebuild}"
    try:
        return Content(*_open(path), f"{path} is damaged in {PART}: {remedy}")
    except OSError as error:
        raise CacheError(
            f"{path} can't be read ({error.strerror}): build it with {rebuild}"
        ) from error
    except _FaultError as fault:
        raise CacheError(f"{path} {fault}: {remedy}") from None


def _open(path: Path) -> tuple[Packed, Ids, Checks]:
    with path.open("rb") as file:
        head = file.read(_HEAD)
        sizes = _sizes(head)
        size = file.seek(0, 2)
        if size != sizes.whole:
            raise _FaultError(f"is {size} bytes long, not {sizes.whole}: truncated or damaged")
        data = np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    table = data[_HEAD : _HEAD + sizes.table_bytes]
    found = kernel().module.block_sums(table, len(table))
    if not np.array_equal(found, data[_HEAD + len(table) :][:8].view("<u8")):
        raise _FaultError("is damaged in its tables")
    return _arrays(data, sizes)


def _sizes(head: bytes) -> _Sizes:
    if head[: len(_MAGIC)] != _MAGIC:
        raise _FaultError("is no mask index")
    if len(head) >= 12 and (version := int.from_bytes(head[8:12], "little")) != _VERSION:
        raise _FaultError(f"has version {version}, not {_VERSION}")
    if len(head) < _HEAD:
        raise _FaultError("is truncated")
    fields = head[: _FIELDS.size]
    if hashlib.sha256(fields).digest() != head[_FIELDS.size :][:32]:
        raise _FaultError("is damaged in its header")
    sizes = _Sizes(*_FIELDS.unpack(fields)[2:])
    try:
        checks.check_side(sizes.side, "index")
        checks.check_whole("levels", sizes.levels, 1, checks.MAX_LEVELS)
    except ArgumentError as error:
        raise _FaultError(f"holds no usable index ({error})") from None
    levels = list(_level_sizes(sizes.masks))
    if (
        sizes.planes not in (1, sizes.levels)
        or not 1 <= sizes.masks <= sizes.templates
        or (sizes.tiles, sizes.depth) != (sum(levels), len(levels))
    ):
        raise _FaultError("holds no usable index")
    return sizes


def _level_sizes(masks: int) -> Iterator[int]:
    """Tiles of each level of a tree."""
    while masks > 0:
        masks = -(-masks // LANES)
        yield masks
        if masks == 1:
            return


def _arrays(data: U8, sizes: _Sizes) -> tuple[Packed, Ids, Checks]:
    numbers, members, ends, text = np.split(
        data[_HEAD : _HEAD + sum(sizes.tables)], np.cumsum(sizes.tables)[:-1]
    )
    lengths = sizes.depth + 1, sizes.masks + 1, sizes.tiles, sizes.blocks
    levels_start, starts, tile_sums, cell_sums, mask_sums = np.split(
        numbers.view("<u8"), np.cumsum(lengths)
    )
    cut = sizes.bulk + sizes.tiles * sizes.tile_bytes
    end = cut + sizes.blocks * CELL_BYTES
    planes: U64 = data[end:].view("<u8").reshape(-1, sizes.planes, word_count(sizes.side))
    packed = Packed(
        sizes.side,
        sizes.levels,
        planes,
        starts.view(np.int64),
        members.view("<u4"),
        data[sizes.bulk : cut].reshape(sizes.tiles, sizes.tile_bytes),
        data[cut:end].reshape(sizes.blocks, CELL_BYTES),
        levels_start.view(np.int64),
    )
    ids = Ids(ends.view("<u4"), text)
    _check_tables(packed, ids, sizes)
    unknown = np.zeros(sizes.tiles, np.uint8), np.zeros(sizes.blocks, np.uint8)
    return packed, ids, Checks(tile_sums, cell_sums, mask_sums, *unknown)


def _check_tables(packed: Packed, ids: Ids, sizes: _Sizes) -> None:
    """Refuse tables that would lead the kernels, which check nothing, out of the file."""
    counts, steps = np.diff(packed.starts), np.diff(ids.ends.astype(np.int64), prepend=0)
    levels = np.cumsum([0, *_level_sizes(sizes.masks)])
    if (
        packed.starts[0] != 0
        or packed.starts[-1] != sizes.templates
        or packed.starts.max() > sizes.templates  # else differences could wrap
        or counts.min() < 1
        or packed.members.max() >= sizes.templates
        or np.bincount(packed.members, minlength=sizes.templates).max() > 1
        or steps.min() < 0
        or int(ids.ends[-1]) != sizes.text
        or not np.array_equal(packed.levels_start, levels)
        or not ids.are_sound
    ):
        raise _FaultError("holds no usable index")
