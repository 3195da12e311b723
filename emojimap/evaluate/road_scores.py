"""Scores of the roads from a face to an avatar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from emojimap.arrays import F64, I64, Bool
from emojimap.avatar import Avatar
from emojimap.embed import unit
from emojimap.errors import DataError
from emojimap.evaluate.likeness_scores import auc, hair_parts, pairs
from emojimap.evaluate.roads import EMBEDDERS, Row
from emojimap.likeness import differences, look, weighted, weights_of
from emojimap.segments import KINDS


def summary(rows: Sequence[Row], roads: Sequence[str], style: str) -> dict[str, Any]:
    """Sum up photos.

    Parameters
    ----------
    rows : sequence of Row
        At least two photos of one person, and two people.
    roads : sequence of str
        Which roads.
    style : str
        Of the avatars.

    Returns
    -------
    dict
        ``roads``: for each road the area under the curve of its avatars' distance, agreement of
        parts with the same person's other photos and with other people's, share of still frames
        with the same parts, agreement on hair with the overlap, milliseconds. ``embedders``: for
        each the area under the curve of its codes, and steadiness by kind.

    Raises
    ------
    DataError
        If nobody is on two photos, or all photos show one person.
    """
    first, second, same = pairs([row.person for row in rows])
    if not same.any() or same.all():
        raise DataError(f"{len(rows)} photos: give two of one person, and of two people")
    return {
        "photos": len(rows),
        "people": len({row.person for row in rows}),
        "same_pairs": int(same.sum()),
        "frames": sum(len(row.still) for row in rows),
        "roads": {road: _road(rows, road, style, first, second, same) for road in roads},
        "embedders": {
            name: _embedder(rows, name, first, second, same) for name in EMBEDDERS if name in roads
        },
    }


def _road(
    rows: Sequence[Row], road: str, style: str, first: I64, second: I64, same: Bool
) -> dict[str, Any]:
    avatars = [row.avatars[road] for row in rows]
    looks = [look(avatar) for avatar in avatars]
    apart = differences([looks[i] for i in first], [looks[i] for i in second])
    parts = _varying(avatars)
    equal = {p: _equal(avatars, p)[first] == _equal(avatars, p)[second] for p in parts}
    found: dict[str, Any] = {
        "auc": auc(weighted(apart, weights_of(style)), same),
        "equal_parts": {
            "same": _mean([float(one[same].mean()) for one in equal.values()]),
            "chance": _mean([float(one[~same].mean()) for one in equal.values()]),
        },
        "by_part": {
            p: {"same": float(one[same].mean()), "chance": float(one[~same].mean())}
            for p, one in equal.items()
        },
        "ms": float(np.median([row.ms[road] for row in rows])),
    }
    if road != "overlap" and all("overlap" in row.avatars for row in rows):
        hair = hair_parts(style)
        found["hair_as_overlap"] = float(
            np.mean([_same(r.avatars[road], r.avatars["overlap"], hair) for r in rows])
        )
    frames = [(row.avatars[road], one[road]) for row in rows for one in row.still if road in one]
    if frames:
        found["still_parts"] = float(np.mean([_same(a, b, list(a.parts)) for a, b in frames]))
        found["still_hair"] = float(np.mean([_same(a, b, hair_parts(style)) for a, b in frames]))
    return found


def _embedder(
    rows: Sequence[Row], name: str, first: I64, second: I64, same: Bool
) -> dict[str, Any]:
    """How well codes tell people apart, and how much they move while nothing moves.

    The codes are centred on the mean of these photos, for every embedder alike.
    """
    cosines, by_kind, steady = [], {}, {}
    for kind in KINDS:
        codes = np.stack([row.codes[name][kind] for row in rows]).astype(np.float64)
        values = unit(codes - codes.mean(axis=0))
        cosines.append((values[first] * values[second]).sum(axis=1))
        by_kind[kind] = auc(-cosines[-1], same)
        steady[kind] = _unrest(rows, name, kind, codes)
    told: dict[str, Any] = {"auc": auc(-np.mean(cosines, axis=0), same), "auc_by_kind": by_kind}
    known = [value for value in steady.values() if value is not None]
    if known:
        told |= {"unrest": float(np.mean(known)), "unrest_by_kind": steady}
    return told


def _unrest(rows: Sequence[Row], name: str, kind: str, codes: F64) -> float | None:
    """Spread of the codes of a still person, as a share of the spread over people."""
    frames = [row.still_codes[name][kind] for row in rows if row.still_codes.get(name)]
    several = [one.astype(np.float64) for one in frames if len(one) > 1]
    between = float(codes.var(axis=0).sum())
    if not several or between <= 0:
        return None
    within = np.mean([one.var(axis=0, ddof=1).sum() for one in several])
    return float(np.sqrt(within / between))


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _varying(avatars: Sequence[Avatar]) -> list[str]:
    """Parts that are not the same on all avatars."""
    return [p for p in avatars[0].parts if len({avatar.parts[p] for avatar in avatars}) > 1]


def _equal(avatars: Sequence[Avatar], part: str) -> Any:
    return np.array([str(avatar.parts[part]) for avatar in avatars])


def _same(one: Avatar, other: Avatar, parts: Sequence[str]) -> bool:
    return all(one.parts[p] == other.parts[p] for p in parts)
