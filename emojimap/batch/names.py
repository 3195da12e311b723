"""What the files of each photo are called: the same for the same photos, and never the same twice.

`team/anna.jpg` becomes `team/anna`; where two would share a name both keep their suffix; where they
still would, as `anna.jpg` of two folders, the later ones are numbered.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from emojimap.batch.inputs import Item
from emojimap.errors import DataError

_FILES = (".avatar.png", ".avatar.svg", ".avatar.json", "results.csv", "results.parquet")
_LONGEST = 180
"""Bytes of one part of a name; file systems allow 255, endings included."""


def names(items: Sequence[Item], known: Mapping[str, str] | None = None) -> list[str]:
    """Name the files of each item.

    Parameters
    ----------
    items : sequence of Item
        In order.
    known : mapping of str to str, optional
        Names that were given before, by the items' keys; they are kept.

    Returns
    -------
    list of str
        Paths below the folder of results, without suffix; apart even where upper and lower case,
        or two ways to write an accent, count as the same.

    Raises
    ------
    DataError
        If two items were given the same name by hand.
    """
    before = known or {}
    chosen = _settled(items)
    taken = {_folded(name) for name in before.values()}
    found = []
    for item, name in zip(items, chosen, strict=True):
        kept = before.get(item.key)
        if kept is None:
            kept = name if _folded(name) not in taken else _numbered(_full(item), taken)
            taken.add(_folded(kept))
        found.append(kept)
    return found


def _settled(items: Sequence[Item]) -> list[str]:
    """Names that depend on the order of the items only where nothing else sets them apart."""
    chosen = [_full(item) if item.fixed else _short(item) for item in items]
    _check_fixed(items)
    while True:
        times = Counter(_folded(name) for name in chosen)
        longer = [
            _full(item) if times[_folded(name)] > 1 and not item.fixed else name
            for item, name in zip(items, chosen, strict=True)
        ]
        if longer == chosen:
            break
        chosen = longer
    return _apart(items, chosen)


def _apart(items: Sequence[Item], chosen: Sequence[str]) -> list[str]:
    taken = {_folded(item.name) for item in items if item.fixed}
    free = {_folded(name) for name in chosen}
    found = []
    for item, name in zip(items, chosen, strict=True):
        if not item.fixed and _folded(name) in taken:
            name = _numbered(name, taken | free)
        taken.add(_folded(name))
        found.append(name)
    return found


def _check_fixed(items: Sequence[Item]) -> None:
    first: dict[str, Item] = {}
    for item in items:
        if not item.fixed:
            continue
        other = first.setdefault(_folded(item.name), item)
        if other is not item:
            raise DataError(
                f"{other.shown} and {item.shown} have the same name {item.name!r}: give each its "
                "own"
            )


def _numbered(name: str, taken: set[str]) -> str:
    number = 2
    while _folded(f"{name}-{number}") in taken:
        number += 1
    return f"{name}-{number}"


def _short(item: Item) -> str:
    return _fitting(PurePosixPath(item.name).with_suffix("").as_posix())


def _full(item: Item) -> str:
    return _fitting(item.name)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _fitting(name: str) -> str:
    *folders, last = (_visible(_cut(part)) for part in name.split("/"))
    return "/".join([*(_aside(part) for part in folders), last])


def _cut(part: str) -> str:
    raw = part.encode("utf-8", "surrogateescape")
    if len(raw) <= _LONGEST:
        return part
    told = hashlib.sha256(raw).hexdigest()[:8]
    return f"{raw[:_LONGEST].decode('utf-8', 'ignore')}-{told}"


def _visible(part: str) -> str:
    return f"_{part[1:]}" if part.startswith(".") else part


def _aside(folder: str) -> str:
    """Keep a folder from standing where a file is to be."""
    return f"{folder}_" if folder.lower().endswith(_FILES) else folder
