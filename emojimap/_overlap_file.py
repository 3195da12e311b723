"""The file of a mask index: header, ids and bit planes, each under a checksum.

fields (magic, version, side, levels, planes, templates, bytes of ids, SHA-256 of the planes)
| SHA-256 of fields and ids | ids, UTF-8, NUL between them | zeros up to a multiple of 64 | planes

All numbers are little-endian. The planes are mapped, not read, so that processes share them.
"""

from __future__ import annotations

import hashlib
import struct
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emojimap._overlap_py import U64
from emojimap.errors import CacheError
from emojimap.files import whole

_MAGIC = b"emojimsk"
_VERSION = 1
_FIELDS = struct.Struct("<8sIIIIQQ32s")
_ALIGN = 64


class Content(NamedTuple):
    """What a file holds: the attributes of `emojimap.overlap.MaskIndex`, in their order."""

    planes: U64
    ids: tuple[str, ...]
    side: int
    levels: int


class _FaultError(Exception):
    """What is wrong with a file."""


def write_file(path: Path, content: Content) -> None:
    """Write a file, which appears whole or not at all; `OutputError` if it can't be."""
    planes = content.planes.astype("<u8", copy=False)
    head = _header(content, hashlib.sha256(planes.data).digest())
    with whole(path) as draft, draft.open("xb") as file:
        file.write(head)
        # Not tofile(), whose errors don't tell what is wrong.
        file.write(planes.data)


def read_file(path: Path, rebuild: str) -> Content:
    """Check a file and map its planes read-only; `CacheError`, which advises `rebuild`."""
    try:
        return _open(path)
    except OSError as error:
        raise CacheError(
            f"{path} can't be read ({error.strerror}): build it with {rebuild}"
        ) from error
    except _FaultError as fault:
        raise CacheError(f"{path} {fault}: delete it and rebuild it with {rebuild}") from None


def _header(content: Content, digest: bytes) -> bytes:
    """All that stands before the planes."""
    names = "\0".join(content.ids).encode()
    n, count, _ = content.planes.shape
    numbers = _VERSION, content.side, content.levels, count, n, len(names)
    fields = _FIELDS.pack(_MAGIC, *numbers, digest)
    head = fields + hashlib.sha256(fields + names).digest() + names
    return head + bytes(-len(head) % _ALIGN)


def _open(path: Path) -> Content:
    size = path.stat().st_size
    with path.open("rb") as file:
        fields = file.read(_FIELDS.size)
        side, levels, count, n, length, digest = _numbers(fields)
        check = file.read(hashlib.sha256().digest_size)
        names = file.read(min(length, size))
        start = file.tell() + -file.tell() % _ALIGN
    if hashlib.sha256(fields + names).digest() != check:
        raise _FaultError("is truncated or damaged in its header")
    shape = n, count, side * side // 64
    if not 0 < 8 * prod(shape) == size - start:
        raise _FaultError(f"is {size} bytes long: truncated or damaged")
    planes = _map(path, start, shape, digest)
    # Bytes that are no UTF-8 become surrogates, which no index accepts.
    ids = names.decode(errors="surrogateescape").split("\0")
    return Content(planes, tuple(ids), side, levels)


def _numbers(fields: bytes) -> tuple[int, int, int, int, int, bytes]:
    """Side, levels, planes, templates, bytes of ids, and the digest of the planes."""
    if fields[: len(_MAGIC)] != _MAGIC:
        raise _FaultError("is no mask index")
    if len(fields) < _FIELDS.size:
        raise _FaultError("is truncated")
    _, version, side, levels, count, n, length, digest = _FIELDS.unpack(fields)
    if version != _VERSION:
        raise _FaultError(f"has version {version}, not {_VERSION}")
    return side, levels, count, n, length, digest


def _map(path: Path, start: int, shape: tuple[int, int, int], digest: bytes) -> U64:
    planes = np.memmap(path, dtype="<u8", mode="r", offset=start, shape=shape)
    if hashlib.sha256(planes.data).digest() != digest:
        raise _FaultError("is damaged in its masks")
    return planes.view(np.ndarray).astype(np.uint64, copy=False)
