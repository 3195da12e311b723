"""Scores of the colours of many faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from emojimap.arrays import F64, U8
from emojimap.colours import to_lab
from emojimap.evaluate.colours import LIGHTS, ROLES, Row
from emojimap.metrics import delta_e

_DIFFERENT = 20_000
_BOOTSTRAPS = 400


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Sum up photos.

    Parameters
    ----------
    rows : sequence of Row
        At least one.

    Returns
    -------
    dict
        Same person against different people, error in simulated light, hair against the hand-made
        mask, by thirds of skin lightness, dye, spread of results against inputs, time.
    """
    found: dict[str, Any] = {"photos": len(rows), "people": len({row.person for row in rows})}
    for role in ROLES:
        found[role] = {
            "people": people([(row.person, row.plain.final.get(role)) for row in rows]),
            "people_raw": people([(row.person, row.plain.raw.get(role)) for row in rows]),
            "light": _light(rows, role),
            "thirds": _thirds(rows, role),
        }
    found["hair"]["hand_made"] = _hand(rows)
    found["dye"] = _dye(rows)
    times = [row.milliseconds for row in rows]
    found["milliseconds"] = {"median": _median(times), "p95": float(np.percentile(times, 95))}
    found["photos_in_other_light_without_face"] = sum(row.lost for row in rows)
    return found


def people(colours: Sequence[tuple[str, U8 | None]], seed: int = 0) -> dict[str, Any]:
    """Colour differences within and between people.

    Parameters
    ----------
    colours : sequence of (str, (3,) ndarray of uint8 or None)
        Person and colour.
    seed : int
        Of the pairs of different people, if there are too many, and of the bootstrap.

    Returns
    -------
    dict
        Median CIEDE2000 of same-person and of different-person pairs, their ratio with a 95%
        bootstrap interval over people, the ratio of the means, and how many pairs there are.
    """
    known = [(who, colour) for who, colour in colours if colour is not None and who]
    by: dict[str, list[U8]] = {}
    for who, colour in known:
        by.setdefault(who, []).append(colour)
    within = {who: _pairs(list(combinations(some, 2))) for who, some in by.items() if len(some) > 1}
    same = np.concatenate([*within.values(), np.zeros(0)])
    rng = np.random.default_rng(seed)
    apart = _between(known, rng)
    if not len(same) or not len(apart):
        return {"same_pairs": len(same)}
    middle = _median(apart)
    if not middle:
        # Who gives everybody one colour tells nobody from anybody.
        return {"same_pairs": len(same), "same": _median(same), "different": 0.0, "ratio": None}
    # People are drawn, not pairs: those of one person depend on each other.
    groups = list(within.values())
    drawn = [
        np.median(np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))]))
        for _ in range(_BOOTSTRAPS)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5]) / middle
    return {
        "same_pairs": len(same),
        "same": _median(same),
        "different": middle,
        "ratio": _median(same) / middle,
        "ratio_low": float(low),
        "ratio_high": float(high),
        "ratio_of_means": float(same.mean() / apart.mean()),
    }


def spread_over(rows: Sequence[Row]) -> dict[str, Any]:
    """Spread of the colours over people against that of what was measured.

    Parameters
    ----------
    rows : sequence of Row
        The first photo of each person counts.

    Returns
    -------
    dict
        For each role people, standard deviations of L*, a*, b*, and percentiles of L*.
    """
    return {role: _spread(rows, role) for role in ROLES}


def peer_people(rows: Sequence[Row], tones: Mapping[str, Mapping[str, U8]]) -> dict[str, Any]:
    """Compare with another program on the photos where both find one face.

    Parameters
    ----------
    rows : sequence of Row
        Ours.
    tones : mapping of str to mapping of str to (3,) ndarray of uint8
        Its colours by photo, from `emojimap.evaluate.tone_peer.run`.

    Returns
    -------
    dict
        As `people`, for each of its colours, for ours and for ours before correction.
    """
    both = [row for row in rows if row.name in tones and "skin" in row.plain.final]
    found: dict[str, Any] = {"photos": len(both)}
    for kind in ("tone", "dominant"):
        found[f"peer {kind}"] = people([(row.person, tones[row.name].get(kind)) for row in both])
    found["ours"] = people([(row.person, row.plain.final["skin"]) for row in both])
    found["ours, measured"] = people([(row.person, row.plain.raw.get("skin")) for row in both])
    return found


def _between(known: Sequence[tuple[str, U8]], rng: np.random.Generator) -> F64:
    count = len(known)
    if count * (count - 1) // 2 <= _DIFFERENT:
        chosen = list(combinations(range(count), 2))
    else:
        chosen = [tuple(pair) for pair in rng.integers(0, count, (_DIFFERENT, 2)).tolist()]
    apart = [(known[i][1], known[j][1]) for i, j in chosen if known[i][0] != known[j][0]]
    return _pairs(apart)


def _pairs(pairs: Sequence[tuple[U8, U8]]) -> F64:
    if not pairs:
        return np.zeros(0)
    first, second = (np.array(side, np.uint8) for side in zip(*pairs, strict=True))
    return delta_e(first, second)


def _changes(rows: Sequence[Row], role: str, light: str) -> F64:
    """Difference of each photo's colour in a light from that of the untouched photo."""
    return _pairs(
        [
            (row.plain.final[role], row.lit[light].final[role])
            for row in rows
            if role in row.plain.final and light in row.lit and role in row.lit[light].final
        ]
    )


def _light(rows: Sequence[Row], role: str) -> dict[str, Any]:
    each = {light.name: _changes(rows, role, light.name) for light in LIGHTS}
    every = np.concatenate(list(each.values()))
    if not len(every):
        return {}
    return {
        "median": _median(every),
        "mean": float(every.mean()),
        "p90": float(np.percentile(every, 90)),
        "each": {name: _median(values) for name, values in each.items() if len(values)},
    }


def _thirds(rows: Sequence[Row], role: str) -> dict[str, Any]:
    """Median error in simulated light by thirds of the skin, and the worst beside the mean."""
    known = [row for row in rows if "skin" in row.plain.final]
    if len(known) < 3 or not any(row.lit for row in known):
        return {}
    lightness = [float(to_lab(row.plain.final["skin"])[0]) for row in known]
    order = np.argsort(lightness, kind="stable")
    found: dict[str, Any] = {}
    for name, part in zip(("dark", "middle", "light"), np.array_split(order, 3), strict=True):
        some = [known[i] for i in part]
        changes = np.concatenate([_changes(some, role, light.name) for light in LIGHTS])
        found[name] = _median(changes) if len(changes) else None
    values = [value for value in found.values() if value is not None]
    mean = float(np.mean(values))
    found["worst_to_mean"] = max(values) / mean if mean else None
    return found


def _spread(rows: Sequence[Row], role: str) -> dict[str, Any]:
    """Give standard deviations of L*, a*, b* over people, as measured and as chosen."""
    seen: dict[str, Row] = {}
    for row in rows:
        if role in row.plain.final and role in row.plain.raw:
            seen.setdefault(row.person, row)
    if len(seen) < 2:
        return {"people": len(seen)}
    raw = to_lab(np.array([row.plain.raw[role] for row in seen.values()], np.uint8))
    final = to_lab(np.array([row.plain.final[role] for row in seen.values()], np.uint8))
    found: dict[str, Any] = {"people": len(seen)}
    for name, lab in (("measured", raw), ("chosen", final)):
        found[f"{name}_sd"] = [round(float(value), 2) for value in lab.std(axis=0)]
        found[f"{name}_l_percentiles"] = [
            round(float(value), 1) for value in np.percentile(lab[:, 0], [2, 25, 50, 75, 98])
        ]
    return found


def _hand(rows: Sequence[Row]) -> dict[str, Any]:
    """Difference of our hair from that under the hand-made mask, before and after correction."""
    found = {}
    for name, which in (("measured", "raw"), ("chosen", "final")):
        pairs = [
            (getattr(row.plain, which)["hair"], row.hand)
            for row in rows
            if row.hand is not None and "hair" in getattr(row.plain, which)
        ]
        apart = _pairs(pairs)
        if len(apart):
            found[name] = _median(apart)
            found[f"{name}_p90"] = float(np.percentile(apart, 90))
            found["photos"] = len(apart)
    return found


def _dye(rows: Sequence[Row]) -> dict[str, Any]:
    """Shares of painted photos; without ``whole way`` with the masks of the photo as it was."""
    every = [one for row in rows for one in row.painted]
    whole = [one for one in every if one.whole_way]
    plain = [one for one in every if not one.light and not one.whole_way]
    lit = [one for one in every if one.light]
    return {
        "painted_photos": sum(bool(row.painted) for row in rows),
        "kept": _share([one.kept for one in plain if one.dye]),
        "kept_in_other_light": _share([one.kept for one in lit if one.dye]),
        "whole_way_hair_seen": _share([one.seen for one in whole]),
        "whole_way_kept": _share([one.kept for one in whole]),
        "natural_not_taken_for_dye": _share([not o.taken_for_dye for o in plain if not o.dye]),
        "natural_not_taken_for_dye_in_other_light": _share(
            [not o.taken_for_dye for o in lit if not o.dye]
        ),
        "own_hair_not_taken_for_dye": _share(
            [row.plain.kind != "dyed" for row in rows if row.plain.kind]
        ),
        "each": _each(plain),
    }


def _each(painted: Sequence[Any]) -> Mapping[str, float | None]:
    """For each dye the share kept, for each natural colour the share not taken for dye."""
    return {
        name: _share([o.kept if o.dye else not o.taken_for_dye for o in painted if o.paint == name])
        for name in dict.fromkeys(one.paint for one in painted)
    }


def _share(values: Sequence[bool]) -> float | None:
    return float(np.mean(values)) if values else None


def _median(values: Any) -> float:
    return float(np.median(values))
