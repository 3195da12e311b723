"""Pictures with the same attribute show the same thing: what most of them say goes for all.

A part that is hidden on one picture, or misread, is seen on others that have it too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from emojimap.styles.cartoonset.record import Record

_FEWEST = 5
"""Pictures that make a majority; below it each is believed on its own."""

_GLASSES, _BEARD, _FACE = ("glasses",), ("facial_hair",), ("chin_length", "face_shape")


def agreed(records: Sequence[Record], attributes: Sequence[Mapping[str, int]]) -> list[Record]:
    """Return records in which pictures with the same attributes agree.

    Parameters
    ----------
    records : sequence of Record
        As read from each picture alone.
    attributes : sequence of mapping of str to int
        Of each picture; empty where it has none.

    Returns
    -------
    list of Record
        Glasses, beard, chin and jaw are those of most pictures with the same values of
        ``glasses``, of ``facial_hair``, and of ``chin_length`` and ``face_shape``.
    """
    found = list(records)
    for rows in _same(attributes, _GLASSES):
        kind = Counter(found[row].glasses for row in rows).most_common(1)[0][0]
        for row in rows:
            found[row] = replace(found[row], glasses=kind)
    for rows in _same(attributes, _BEARD):
        moustache, chin, cheeks = np.median([found[row].beard for row in rows], axis=0).tolist()
        for row in rows:
            found[row] = replace(found[row], beard=(moustache, chin, cheeks))
    for rows in _same(attributes, _FACE):
        chins = _median(found[row].chin for row in rows)
        jaws = _median(found[row].jaw for row in rows)
        for row in rows:
            one = found[row]
            found[row] = replace(one, chin=chins or one.chin, jaw=jaws or one.jaw)
    return found


def _same(attributes: Sequence[Mapping[str, int]], names: Sequence[str]) -> list[list[int]]:
    """Rows of pictures that have all of some attributes, those with the same values together."""
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for row, given in enumerate(attributes):
        if all(name in given for name in names):
            groups[tuple(given[name] for name in names)].append(row)
    return [rows for rows in groups.values() if len(rows) >= _FEWEST]


def _median(values: Iterable[float | None]) -> float | None:
    seen = [value for value in values if value is not None]
    return float(np.median(seen)) if len(seen) >= _FEWEST else None
