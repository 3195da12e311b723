"""What `emojimap.overlap` refuses: its kernels check nothing, so every argument passes here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import inf, isfinite
from numbers import Integral
from typing import Any

import numpy as np

from emojimap import workers
from emojimap.arrays import F64, check_mask
from emojimap.errors import ArgumentError
from emojimap.overlap.ids import Ids

MAX_LEVELS = 64
MAX_SIDE = 512
# Of a weight or the margin: sums stay finite, and more would leave the rest without a say.
_MOST = 1e9
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def check_number(name: str, value: float, low: float = 0.0, high: float = _MOST) -> float:
    """Return a finite number within bounds as float."""
    if not (isfinite(value) and low <= value <= high):
        raise ArgumentError(f"{name} is {value}: give a finite number, {low:g} to {high:g}")
    return float(value)


def check_whole(name: str, value: int, low: int, high: float = inf) -> int:
    """Return a whole number within bounds as int."""
    if not (isinstance(value, Integral) and low <= value <= high):
        most = "or more" if high == inf else f"to {high:g}"
        raise ArgumentError(f"{name} is {value}: give a whole number, {low} {most}")
    return int(value)


def check_scales(scales: Sequence[float]) -> tuple[float, ...]:
    """Return at least one scale as floats."""
    if not isinstance(scales, Iterable) or not (scales := tuple(scales)):
        raise ArgumentError(f"scales is {scales}: give at least one, such as (1.0,)")
    return tuple(check_number("scale", scale, 0.25, 4.0) for scale in scales)


def check_masks(masks: Any, name: str = "masks") -> int:
    """Side of (n, S, S) masks or coverages."""
    kind, shape = getattr(masks, "dtype", type(masks).__name__), np.shape(masks)
    soft = isinstance(masks, np.ndarray) and np.issubdtype(masks.dtype, np.floating)
    if not soft and kind != np.bool_:
        raise ArgumentError(f"{name} is {kind}: give an array of bool, or of float 0..1")
    if len(shape) != 3 or shape[0] == 0 or shape[1] != shape[2]:
        raise ArgumentError(f"{name} has shape {shape}: give (n, S, S), at least one")
    check_side(shape[1], name)
    if soft and not (masks.min() >= 0 and masks.max() <= 1):
        raise ArgumentError(f"{name} spans {masks.min()} to {masks.max()}: give coverage 0..1")
    return int(shape[1])


def check_side(side: int, name: str) -> None:
    """Refuse a side whose square doesn't fill 64-bit words."""
    if side % 8 or not 8 <= side <= MAX_SIDE:
        raise ArgumentError(f"{name} has side {side}: give a multiple of 8, 8 to {MAX_SIDE}")


def check_query(query: Any, side: int) -> None:
    """Refuse a query that is no mask or coverage in the index's frame."""
    if np.shape(query) != (side, side):
        given = "x".join(map(str, np.shape(query)))
        raise ArgumentError(
            f"index is {side}x{side}, query {given}: rebuild the index with masks of the query's "
            "size, or give the query in the index's frame"
        )
    check_masks(query[None] if isinstance(query, np.ndarray) else query, "query")


def check_ids(ids: Sequence[str], count: int) -> tuple[str, ...]:
    """Return unique names that a file can hold, one per mask, as a tuple."""
    names = tuple(ids)
    if isinstance(ids, str) or len(names) != count:
        raise ArgumentError(f"{len(names)} ids for {count} masks: give a sequence with one each")
    for name in names:
        if not isinstance(name, str) or _UNSTORABLE.search(name):
            raise ArgumentError(f"id {name!r} can't be stored: give a str without NUL, surrogates")
    if len(set(names)) < count:
        twice = Counter(names).most_common(1)[0][0]
        raise ArgumentError(f"id {twice!r} stands twice: give each mask an id of its own")
    return names


def check_queries(queries: Any, side: int) -> None:
    """Refuse what is no stack of masks or coverages in the index's frame."""
    if np.ndim(queries) != 3 or np.shape(queries)[1:] != (side, side):
        raise ArgumentError(f"queries has shape {np.shape(queries)}: give (q, {side}, {side})")
    check_masks(queries, "queries")


def check_visible(visible: Any, shape: tuple[int, ...]) -> None:
    """Refuse what is no stack of masks, one per query."""
    kind = getattr(visible, "dtype", type(visible).__name__)
    if kind != np.bool_ or np.shape(visible) != shape:
        raise ArgumentError(f"visible is {kind}, shape {np.shape(visible)}: give bool, {shape}")


def check_regions(regions: Sequence[Any], side: int) -> None:
    """Refuse regions of another frame, or two of one name."""
    for region in regions:
        check_mask(region.mask, f"region {region.name!r}", (side, side))
    names = [region.name for region in regions]
    if len(set(names)) < len(names):
        raise ArgumentError(f"regions are named {names}: give each a name of its own")


def check_threads(threads: int | None) -> int:
    """Return how many threads to use: by default as many as the process may."""
    if threads is None:
        return workers.cores()
    return check_whole("threads", threads, 1, 1024)


def check_prior(prior: F64 | Mapping[str, float], ids: Ids) -> F64:
    """Prior of each template, (n,), from an array or a mapping by id."""
    if isinstance(prior, Mapping):
        values = np.zeros(len(ids))
        for name, value in prior.items():
            if name not in ids.rows:
                raise ArgumentError(f"prior names {name!r}: give ids of the index only")
            values[ids.rows[name]] = value
        prior = values
    array = np.asarray(prior, dtype=np.float64, order="C")
    if array.shape != (len(ids),):
        raise ArgumentError(f"prior has shape {array.shape}: give {len(ids)}, one per template")
    if not np.isfinite(array).all():
        row = int(np.isfinite(array).argmin())
        raise ArgumentError(f"prior of {ids[row]!r} is {array[row]}: give a finite number")
    return array
