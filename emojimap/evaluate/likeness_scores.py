"""Scores of the avatars of many people, and weights that tell people apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from emojimap.arrays import F64, I64, Bool
from emojimap.avatar import Avatar
from emojimap.errors import DataError
from emojimap.evaluate.likeness import Row
from emojimap.likeness import TERMS, Look, differences, look, weighted, weights_of
from emojimap.metrics import delta_e

_DIFFERENT = 20_000
_BOOTSTRAPS = 400
_SAME_COLOUR = 5.0  # CIEDE2000
_RIDGE = 1e-3


def pairs(people: Sequence[str], seed: int = 0) -> tuple[I64, I64, Bool]:
    """Pair photos.

    Parameters
    ----------
    people : sequence of str
        Who is on each; an empty name is nobody's double.
    seed : int
        Of the pairs of different people, if there are too many.

    Returns
    -------
    first, second : (n,) ndarray of int64
        Numbers of photos.
    same : (n,) ndarray of bool
        Whether both show one person.
    """
    names = np.array([person or f"\0{i}" for i, person in enumerate(people)])
    first, second = np.triu_indices(len(names), 1)
    same = names[first] == names[second]
    others = np.nonzero(~same)[0]
    if len(others) > _DIFFERENT:
        others = np.random.default_rng(seed).choice(others, _DIFFERENT, replace=False)
    kept = np.sort(np.concatenate([np.nonzero(same)[0], others]))
    return first[kept].astype(np.int64), second[kept].astype(np.int64), same[kept]


def auc(apart: F64, same: Bool) -> float:
    """Share of the cases in which two people are farther apart than one is from itself.

    Parameters
    ----------
    apart : (n,) ndarray of float64
        Distances.
    same : (n,) ndarray of bool
        Which pairs are of one person.

    Returns
    -------
    float
        The area under the curve of the receiver's operating characteristic: 0.5 chance to 1.

    References
    ----------
    .. [1] J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a receiver
       operating characteristic (ROC) curve", Radiology 143(1), 29-36, 1982.
    """
    near, far = apart[same], np.sort(apart[~same])
    below = np.searchsorted(far, near, side="left")
    equal = np.searchsorted(far, near, side="right") - below
    return float(1 - (below + equal / 2).mean() / len(far))


def equal_error_rate(apart: F64, same: Bool) -> float:
    """Error of the threshold that takes as many pairs wrongly for same as for different."""
    near, far = np.sort(apart[same]), np.sort(apart[~same])
    cuts = np.unique(apart)
    missed = 1 - np.searchsorted(near, cuts, side="right") / len(near)
    taken = np.searchsorted(far, cuts, side="right") / len(far)
    best = int(np.abs(missed - taken).argmin())
    return float((missed[best] + taken[best]) / 2)


def summary(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Any]:
    """Sum up photos.

    Parameters
    ----------
    rows : sequence of Row
        At least one.
    names : sequence of str
        Styles.

    Returns
    -------
    dict
        Per style the area under the curve, equal error rate, what says most, agreement of parts,
        steadiness; rates of wrong beards, glasses and headwear.

    Raises
    ------
    DataError
        If nobody is on two photos.
    """
    first, second, same = pairs([row.person for row in rows])
    if not same.any() or same.all():
        raise DataError(f"{len(rows)} photos: give two of one person, and of two people")
    return {
        "photos": len(rows),
        "people": len({row.person for row in rows}),
        "same_pairs": int(same.sum()),
        "styles": {name: _style(rows, name, first, second, same) for name in names},
        "things": _things(rows),
    }


def calibrate(apart: F64, same: Bool) -> dict[str, float]:
    """Weights of differences that tell people apart.

    Logistic regression with weights of 0 or more; both kinds of pairs count alike.

    Parameters
    ----------
    apart : (n, t) ndarray of float64
        From `emojimap.likeness.differences`.
    same : (n,) ndarray of bool
        Which pairs are of one person.

    Returns
    -------
    dict of str to float
        By term, those over 0.
    """
    from scipy.optimize import minimize

    usual = np.array([one[np.isfinite(one)].mean() if np.isfinite(one).any() else 0.0
                      for one in apart.T])  # fmt: skip
    x = np.where(np.isfinite(apart), apart, usual)
    count = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())

    def loss(values: F64) -> tuple[float, F64]:
        score = values[0] - x @ values[1:]
        value = count @ np.logaddexp(0, np.where(same, -score, score))
        slope = count * (1 / (1 + np.exp(-score)) - same)
        ridge = _RIDGE * values[1:]
        gradient = np.concatenate([[slope.sum()], 2 * ridge - x.T @ slope])
        return float(value + ridge @ values[1:]), gradient

    bounds = [(None, None)] + [(0, None)] * x.shape[1]
    found = minimize(loss, np.zeros(1 + x.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds)
    weights = dict(zip(TERMS, found.x[1:], strict=True))
    return {name: round(float(value), 2) for name, value in weights.items() if value >= 0.005}


def compared(rows: Sequence[Row], name: str, first: I64, second: I64) -> F64:
    """Differences of the avatars of pairs of photos, (n, t); see `emojimap.likeness`."""
    looks: list[Look] = [look(row.avatars[name]) for row in rows]
    return differences([looks[i] for i in first], [looks[i] for i in second])


def _style(rows: Sequence[Row], name: str, first: I64, second: I64, same: Bool) -> dict[str, Any]:
    apart = compared(rows, name, first, second)
    distance = weighted(apart, weights_of(name))
    found: dict[str, Any] = {
        "auc": auc(distance, same),
        "auc_95": _interval(distance, same, [rows[i].person for i in first]),
        "equal_error_rate": equal_error_rate(distance, same),
        "distance": {
            "same": float(np.median(distance[same])),
            "different": float(np.median(distance[~same])),
        },
        "says_most": _terms(apart, same),
        "agreement": _agreement([row.avatars[name] for row in rows], first, second, same),
    }
    if any(row.altered for row in rows):
        found["steadiness"] = _steadiness(rows, name)
    return found


def _interval(distance: F64, same: Bool, people: Sequence[str]) -> list[float]:
    """95% of the bootstrap over people that are on several photos."""
    rng = np.random.default_rng(0)
    far = distance[~same]
    owners = np.array(people)[same]
    groups = [distance[same][owners == person] for person in sorted(set(owners))]
    drawn = []
    for _ in range(_BOOTSTRAPS):
        near = np.concatenate([groups[i] for i in rng.integers(len(groups), size=len(groups))])
        both = np.concatenate([near, far])
        drawn.append(auc(both, np.arange(len(both)) < len(near)))
    return [float(value) for value in np.percentile(drawn, [2.5, 97.5])]


def _terms(apart: F64, same: Bool) -> dict[str, float]:
    """Area under the curve of each difference alone, the best first."""
    found = {}
    for name, column in zip(TERMS, apart.T, strict=True):
        known = np.isfinite(column)
        if known[same].any() and known[~same].any() and np.ptp(column[known]) > 0:
            found[name] = auc(column[known], same[known])
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _agreement(
    avatars: Sequence[Avatar], first: I64, second: I64, same: Bool
) -> dict[str, dict[str, float]]:
    """Share of the pairs with an equal part, of one person and of two."""
    found = {}
    for part in avatars[0].parts:
        variants = np.array([str(avatar.parts[part]) for avatar in avatars])
        equal = variants[first] == variants[second]
        if not equal.all():
            found[part] = {
                "same": float(equal[same].mean()),
                "different": float(equal[~same].mean()),
            }
    return found


def _steadiness(rows: Sequence[Row], name: str) -> dict[str, Any]:
    """Share of the perturbed photos whose parts and colours are those of the photo as it is."""
    kinds = sorted({kind for row in rows for kind in row.altered})
    both = [
        (kind, row.avatars[name], row.altered[kind][name])
        for row in rows
        for kind in kinds
        if kind in row.altered
    ]
    parts = {
        part: [before.parts[part] == after.parts[part] for _, before, after in both]
        for part in rows[0].avatars[name].parts
    }
    colours = {
        colour: [_close(before, after, colour) for _, before, after in both]
        for colour in rows[0].avatars[name].colours
    }
    hair = hair_parts(name)
    same_hair = np.array([all(b.parts[p] == a.parts[p] for p in hair) for _, b, a in both])
    which = np.array([kind for kind, _, _ in both])
    return {
        "photos": len(both),
        "lost": len(rows) * len(kinds) - len(both),
        "hair": float(same_hair.mean()),
        "colours": float(np.mean([share for each in colours.values() for share in each])),
        "parts": {part: float(np.mean(each)) for part, each in parts.items()},
        "each_colour": {colour: float(np.mean(each)) for colour, each in colours.items()},
        "hair_by_kind": {kind: float(same_hair[which == kind].mean()) for kind in kinds},
    }


def hair_parts(name: str) -> list[str]:
    """Parts of a style that make its hair or headwear."""
    from emojimap import styles

    names = styles.load(name).part_names
    roles = ("hair", "back_hair", "headwear")
    return sorted({part for role in roles for part in names.get(role, ())})  # type: ignore[call-overload]


def _close(a: Avatar, b: Avatar, colour: str) -> bool:
    both = [np.frombuffer(bytes.fromhex(one.colours[colour][1:]), np.uint8) for one in (a, b)]
    return bool(delta_e(both[0], both[1]) <= _SAME_COLOUR)


def _things(rows: Sequence[Row]) -> dict[str, Any]:
    """How often beards, glasses and headwear are right, where the labels decide."""
    found: dict[str, Any] = {}
    for name in ("facial_hair", "glasses", "headwear"):
        both = [(row.truth[name], row.found[name]) for row in rows if name in row.truth]
        worn = [seen for true, seen in both if true]
        bare = [seen for true, seen in both if not true]
        found[name] = {
            "with": len(worn),
            "without": len(bare),
            "right": _mean([true == seen for true, seen in both]),
            "found": _mean(worn),
            "false": _mean(bare),
        }
    return found


def _mean(values: Sequence[bool]) -> float | None:
    return float(np.mean(values)) if values else None
