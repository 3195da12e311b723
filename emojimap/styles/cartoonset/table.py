"""All pictures of a set at a glance: one row each, as arrays, in a small checksummed file."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from emojimap import files
from emojimap.arrays import F32, Bool
from emojimap.errors import CacheError
from emojimap.styles.cartoonset.extract import ALGORITHM
from emojimap.styles.cartoonset.hairstyles import Hairstyle
from emojimap.styles.cartoonset.journal import Kept
from emojimap.traits import Glasses

NAME = "set.table"
GLASSES: tuple[Glasses, ...] = get_args(Glasses)[:3]

_MAGIC = b"emojimap cartoonset table 3\n"


@dataclass(frozen=True, eq=False)
class Table:
    """Arrays with a row for each of n pictures, sorted by name.

    Parameters
    ----------
    names : (n,) ndarray of str
        Of the pictures.
    offsets, lengths : (n,) ndarray of int64
        Where their PNG lie in the journal, bytes.
    digests : (n, 32) ndarray of uint8
        SHA-256 of the PNG.
    hairstyle : (n,) ndarray of int32
        Place of its hairdo in `hairstyles`.
    glasses : (n,) ndarray of int8
        Place in `GLASSES`.
    beard : (n, 3) ndarray of float32
        Covered share of upper lip, chin, cheeks.
    brows : (n, 3) ndarray of float32
        Height over the eyes, thickness, slant, pixels; NaN where they are not seen.
    chin, jaw : (n,) ndarray of float32
        Row of the chin, half the width at the mouth, pixels; NaN where they are hidden.
    bald : (n,) ndarray of bool
        Whether it has no hair.
    mask : (n,) ndarray of int32
        Number of its hair mask; equal for equal masks.
    solidity : (n,) ndarray of float32
        Area of the figure, parts of its convex hull.
    hairstyles : list of Hairstyle
        In the order of their first pictures.
    """

    names: NDArray[np.str_]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    digests: NDArray[np.uint8]
    hairstyle: NDArray[np.int32]
    glasses: NDArray[np.int8]
    beard: F32
    brows: F32
    chin: F32
    jaw: F32
    bald: Bool
    mask: NDArray[np.int32]
    solidity: F32
    hairstyles: list[Hairstyle]

    def __len__(self) -> int:
        return len(self.names)

    def row(self, name: str) -> int | None:
        """Return the row of a picture, None if there is no such picture."""
        at = int(np.searchsorted(self.names, name))
        return at if at < len(self) and self.names[at] == name else None


def make(kept: Sequence[Kept], hairstyles: list[Hairstyle]) -> Table:
    """Put records into arrays.

    Parameters
    ----------
    kept : sequence of Kept
        Sorted by name.
    hairstyles : list of Hairstyle
        Of the same pictures, by row.

    Returns
    -------
    Table
        Of them.
    """
    records = [one.record for one in kept]
    number = np.zeros(len(kept), np.int32)
    for i, style in enumerate(hairstyles):
        number[list(style.rows)] = i
    nan = float("nan")
    masks: dict[bytes, int] = {}
    return Table(
        names=np.array([record.name for record in records]),
        offsets=np.array([one.offset for one in kept], np.int64),
        lengths=np.array([one.length for one in kept], np.int64),
        digests=np.array([list(bytes.fromhex(record.digest)) for record in records], np.uint8),
        hairstyle=number,
        glasses=np.array([GLASSES.index(record.glasses) for record in records], np.int8),
        beard=np.array([record.beard for record in records], np.float32),
        brows=np.array([record.brows or (nan, nan, nan) for record in records], np.float32),
        chin=np.array([nan if r.chin is None else r.chin for r in records], np.float32),
        jaw=np.array([nan if r.jaw is None else r.jaw for r in records], np.float32),
        bald=np.array(["hair" not in record.colours for record in records]),
        mask=np.array([masks.setdefault(r.hair, len(masks)) for r in records], np.int32),
        solidity=np.array([record.solidity for record in records], np.float32),
        hairstyles=hairstyles,
    )


def write(folder: Path, table: Table) -> None:
    """Write a table, whole or not at all; OutputError if it can't be."""
    arrays: dict[str, Any] = {
        item.name: getattr(table, item.name) for item in fields(table) if item.name != "hairstyles"
    }
    styles = json.dumps([[style.id, style.reason] for style in table.hairstyles])
    arrays["styles"] = np.frombuffer(styles.encode(), np.uint8)
    body = io.BytesIO()
    np.savez(body, **arrays)
    content = f"{ALGORITHM}\n".encode() + body.getvalue()
    files.write(folder / NAME, _MAGIC + hashlib.sha256(content).digest() + content)


def read(folder: Path) -> tuple[Table, str]:
    """Read a table.

    Parameters
    ----------
    folder : Path
        Where it was written.

    Returns
    -------
    table : Table
        Its content.
    digest : str
        SHA-256 of it, hexadecimal.

    Raises
    ------
    CacheError
        If it is missing, damaged or of another version.
    """
    path = folder / NAME
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CacheError(f"{path} can't be read ({error.strerror}): {_again()}") from error
    if not raw.startswith(_MAGIC):
        raise CacheError(f"{path} is no table of a Cartoon Set of this version: {_again()}")
    digest, content = raw[len(_MAGIC) :][:32], raw[len(_MAGIC) + 32 :]
    if hashlib.sha256(content).digest() != digest:
        raise CacheError(f"{path} is damaged: {_again()}")
    algorithm, _, body = content.partition(b"\n")
    if algorithm.decode("utf-8", "replace") != ALGORITHM:
        raise CacheError(f"{path} was made by another version of emojimap: {_again()}")
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            found = dict(arrays)
        return _table(found), digest.hex()
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise CacheError(f"{path} is damaged ({error}): {_again()}") from error


def _table(arrays: dict[str, Any]) -> Table:
    listed = json.loads(arrays.pop("styles").tobytes())
    number = arrays["hairstyle"]
    order = np.argsort(number, kind="stable")
    ends = np.searchsorted(number[order], np.arange(len(listed) + 1))
    styles = [
        Hairstyle(id_, tuple(order[a:b].tolist()), reason)
        for (id_, reason), a, b in zip(listed, ends, ends[1:], strict=False)
    ]
    return Table(hairstyles=styles, **arrays)


def _again() -> str:
    return "run emojimap precompute again"
