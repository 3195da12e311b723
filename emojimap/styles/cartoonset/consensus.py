"""Pictures with the same attribute show the same thing: what most of them say goes for all.

A part that is hidden on one picture, or misread, is seen on others that have it too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from emojimap.arrays import F32, I64

NAMES = ("hair", "glasses", "facial_hair", "chin_length", "face_shape")
"""Attributes that are used, in the order of the columns below."""
UNKNOWN = -1

_FEWEST = 5
"""Pictures that make a majority; below it each is believed on its own."""
_OFTEN = 0.25
"""Share of pictures that show glasses or a beard from which on all have it: these are overlooked
more often than they are seen where none are, and a beard from nowhere is the worst mistake."""


def agree(
    glasses: NDArray[np.int8], beard: F32, chin: F32, jaw: F32, attributes: NDArray[np.int16]
) -> None:
    """Make pictures with the same attributes agree, in place.

    Parameters
    ----------
    glasses : (n,) ndarray of int8
        Kinds of glasses, 0 for none: becomes what pictures with the same ``glasses`` have most,
        none only where hardly any has some.
    beard : (n, 3) ndarray of float32
        What facial hair covers: becomes the median of those with the same ``facial_hair`` that
        show some, unless hardly any does.
    chin, jaw : (n,) ndarray of float32
        Row of the chin and half the width of the jaw, NaN where hidden: become the medians of the
        same ``chin_length`` and ``face_shape``.
    attributes : (n, 5) ndarray of int16
        Values of `NAMES`, `UNKNOWN` where there is none.
    """
    for rows in same(attributes, "glasses"):
        worn = glasses[rows][glasses[rows] > 0]
        if worn.size >= _OFTEN * rows.size:
            glasses[rows] = np.bincount(worn).argmax()
    for rows in same(attributes, "facial_hair"):
        there = rows[beard[rows].max(axis=1) > 0]
        if there.size >= _OFTEN * rows.size:
            beard[rows] = np.median(beard[there], axis=0)
    for rows in same(attributes, "chin_length", "face_shape"):
        for values in (chin, jaw):
            seen = values[rows][~np.isnan(values[rows])]
            if seen.size >= _FEWEST:
                values[rows] = np.median(seen)


def same(attributes: NDArray[np.int16], *names: str, fewest: int = _FEWEST) -> Iterator[I64]:
    """Yield the rows of pictures that have the same values of some attributes.

    Parameters
    ----------
    attributes : (n, 5) ndarray of int16
        Values of `NAMES`.
    *names : str
        Which of them must agree.
    fewest : int
        Smaller groups are left out.

    Yields
    ------
    (m,) ndarray of int64
        Rows, rising.
    """
    columns = attributes[:, [NAMES.index(name) for name in names]]
    known = np.flatnonzero((columns != UNKNOWN).all(axis=1))
    if not known.size:
        return
    number = np.unique(columns[known], axis=0, return_inverse=True)[1].ravel()
    order = np.argsort(number, kind="stable")
    starts = np.flatnonzero(np.diff(number[order], prepend=-1))
    for rows in np.split(known[order], starts[1:]):
        if rows.size >= fewest:
            yield rows
