"""All pictures of a set at a glance: one row each, as arrays, in a small checksummed file."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from emojimap import files
from emojimap.arrays import F32, Bool
from emojimap.errors import CacheError
from emojimap.styles.cartoonset import consensus, hairstyles
from emojimap.styles.cartoonset.extract import ALGORITHM
from emojimap.styles.cartoonset.hairstyles import Hairstyle
from emojimap.styles.cartoonset.journal import AGAIN, Place
from emojimap.styles.cartoonset.record import SHAPE_BYTES, Record
from emojimap.traits import Glasses

NAME = "set.table"
GLASSES: tuple[Glasses, ...] = get_args(Glasses)

_MAGIC = b"emojimap cartoonset table 4\n"


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
    flawed : (n,) ndarray of bool
        Whether its own hair is cut off, merged or hidden.
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
    flawed: Bool
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


def make(
    records: Iterable[Record], places: Sequence[Place], attributes: NDArray[np.int16]
) -> Table:
    """Put records into arrays, and group the pictures by their hairdos.

    Parameters
    ----------
    records : iterable of n Record
        Sorted by name; one is looked at at a time.
    places : sequence of n Place
        Where each lies.
    attributes : (n, 5) ndarray of int16
        See `consensus.NAMES`.

    Returns
    -------
    Table
        Of them.
    """
    count = len(places)
    names: list[str] = []
    flaws: list[str | None] = []
    masks: dict[bytes, int] = {}
    shapes = np.zeros((count, SHAPE_BYTES), np.uint8)
    digests = np.zeros((count, 32), np.uint8)
    glasses, mask = np.zeros(count, np.int8), np.zeros(count, np.int32)
    bald = np.zeros(count, np.bool_)
    beard, brows = (np.full((count, 3), np.nan, np.float32) for _ in range(2))
    chin, jaw, solidity = (np.full(count, np.nan, np.float32) for _ in range(3))
    for i, one in enumerate(records):
        names.append(one.name)
        flaws.append(one.flaw)
        shapes[i] = np.frombuffer(one.shape, np.uint8)
        digests[i] = np.frombuffer(bytes.fromhex(one.digest), np.uint8)
        glasses[i], bald[i] = GLASSES.index(one.glasses), "hair" not in one.colours
        mask[i] = masks.setdefault(hashlib.sha1(one.hair, usedforsecurity=False).digest(), i)
        beard[i], solidity[i] = one.beard, one.solidity
        for column, value in ((brows, one.brows), (chin, one.chin), (jaw, one.jaw)):
            if value is not None:
                column[i] = value
    consensus.agree(glasses, beard, chin, jaw, attributes)
    found = hairstyles.unique(names, flaws, shapes, attributes)
    number = np.zeros(count, np.int32)
    for i, style in enumerate(found):
        number[list(style.rows)] = i
    return Table(
        names=np.array(names),
        offsets=np.array([place.offset for place in places], np.int64),
        lengths=np.array([place.png_size for place in places], np.int64),
        digests=digests,
        hairstyle=number,
        glasses=glasses,
        beard=beard,
        brows=brows,
        chin=chin,
        jaw=jaw,
        flawed=np.array([flaw is not None for flaw in flaws]),
        bald=bald,
        mask=mask,
        solidity=solidity,
        hairstyles=found,
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
        raise CacheError(f"{path} can't be read ({error.strerror}): {AGAIN}") from error
    if not raw.startswith(_MAGIC):
        raise CacheError(f"{path} is no table of a Cartoon Set of this version: {AGAIN}")
    digest, content = raw[len(_MAGIC) :][:32], raw[len(_MAGIC) + 32 :]
    if hashlib.sha256(content).digest() != digest:
        raise CacheError(f"{path} is damaged: {AGAIN}")
    algorithm, _, body = content.partition(b"\n")
    if algorithm.decode("utf-8", "replace") != ALGORITHM:
        raise CacheError(f"{path} was made by another version of emojimap: {AGAIN}")
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            found = dict(arrays)
        return _table(found), digest.hex()
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise CacheError(f"{path} is damaged ({error}): {AGAIN}") from error


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
