"""How alike two faces or avatars are, by what can be seen of them.

An avatar shows traits as a face has them: its hair covers some of the forehead, its brows are heavy
or not. So avatars are compared with one another, and templates with a photo, in the same terms:
differences of single traits, weighted by how much each of them tells people apart. The weights come
from photos of the same and of different people (`emojimap.evaluate.likeness`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from emojimap import styles
from emojimap.arrays import F32, F64
from emojimap.avatar import Avatar
from emojimap.colours import to_lab
from emojimap.errors import ArgumentError
from emojimap.overlap import MaskIndex
from emojimap.traits import MEASURES, USUAL, Traits, cover_apart, places

HAIR: Mapping[str, float] = MappingProxyType(
    {
        "hairline": 0.87,
        "sides": 0.55,
        "hair_area": 0.50,
        "fringe": 0.25,
        "length": 0.15,
        "volume": 0.10,
    }
)
"""Measures that tell where hair is, and how much each of them, as measured in photos, tells people
apart: a logistic regression on 590 pairs of photos of one person and 15,000 of two."""

TONES = ("skin", "hair")
"""Colours whose lightness and tint tell different things."""

TINTS = ("brows", "facial_hair", "headwear", "glasses", "clothes", "iris")
"""Colours that are compared as a whole."""

TERMS = (
    *MEASURES,
    *(f"{role}_{kind}" for role in TONES for kind in ("lightness", "tint")),
    *(f"{role}_colour" for role in TINTS),
    "lips_redness",
    "beard",
    "glasses",
    "headwear",
    "mouth",
)
"""What is compared, by name."""

_FAR = 3.0  # standard deviations
_LIGHTNESS_FAR = {"skin": 25.0, "hair": 70.0}
_TINT_FAR, _LAB_FAR, _REDNESS_FAR = 25.0, 45.0, 20.0
_LENSES = 0.6  # clear against dark ones; none against any is 1

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "hair_lightness": 2.15,
        "brows_colour": 1.38,
        "skin_lightness": 1.33,
        "hair_area": 1.22,
        "brow_weight": 1.19,
        "hair_tint": 1.05,
        "length": 0.97,
        "beard": 0.97,
        "lips_redness": 0.89,
        "glasses": 0.88,
        "clothes_colour": 0.74,
        "facial_hair_colour": 0.71,
        "brow_height": 0.70,
        "eye_size": 0.69,
        "hairline": 0.68,
        "chin_length": 0.65,
        "headwear_colour": 0.54,
        "shirt_front": 0.53,
        "skin_tint": 0.50,
        "nose_width": 0.47,
        "nose_length": 0.45,
        "volume": 0.39,
        "mouth": 0.38,
        "parting": 0.32,
        "chin_width": 0.28,
        "fringe": 0.18,
        "glasses_weight": 0.13,
        "headwear": 0.07,
    }
)
"""How much each difference of two avatars tells people apart, over all vector styles: a logistic
regression on 1,967 pairs of photos of one person and 30,000 of two, none of them for validation."""


@dataclass(frozen=True, eq=False)
class Look:
    """What an avatar shows.

    Parameters
    ----------
    traits : Traits
        Its parts, in the terms of a face.
    colours : dict of str to (3,) ndarray of float
        L*a*b* by role, of what can be seen.
    """

    traits: Traits
    colours: Mapping[str, F32] = field(default_factory=dict)


def look(avatar: Avatar) -> Look:
    """Tell what an avatar shows.

    Parameters
    ----------
    avatar : Avatar
        Of any style.

    Returns
    -------
    Look
        In terms that all styles share.

    Raises
    ------
    StyleError
        If the avatar can't be drawn.
    """
    style = styles.load(avatar.style)
    full = style.check(avatar)
    shown = style.shown(full)
    if not shown.headwear:
        shown = replace(shown, measures={**shown.measures, **places(style.hair_cover(full))})
    unseen = {
        "hair": shown.headwear or shown.measures["hair_area"] <= 0,
        "facial_hair": max(shown.moustache, shown.chin, shown.cheeks) <= 0,
        "headwear": not shown.headwear,
        "glasses": shown.glasses == "none",
    }
    colours: dict[str, F32] = {
        role: to_lab(np.frombuffer(bytes.fromhex(full.colours[name][1:]), np.uint8))
        for role, name in style.colour_names.items()
        if not unseen.get(role, False)
    }
    return Look(shown, colours)


def differences(first: Sequence[Look], second: Sequence[Look]) -> F64:
    """Compare looks, each with the one at the same place.

    Parameters
    ----------
    first, second : sequence of n Look
        Of one style: styles show different things.

    Returns
    -------
    (n, t) ndarray of float64
        One column for each of `TERMS`, 0 equal to 1 as different as can be; NaN where one of both
        doesn't show it.
    """
    columns = [_measured(name, first, second) for name in MEASURES]
    for role in TONES:
        apart = np.abs(_lab(role, first) - _lab(role, second))
        columns.append(_share(apart[:, 0], _LIGHTNESS_FAR[role]))
        columns.append(_share(np.hypot(apart[:, 1], apart[:, 2]), _TINT_FAR))
    for role in TINTS:
        apart = _lab(role, first) - _lab(role, second)
        columns.append(_share(np.sqrt((apart**2).sum(axis=1)), _LAB_FAR))
    columns.append(_share(np.abs(_lab("lips", first) - _lab("lips", second))[:, 1], _REDNESS_FAR))
    both = [(a.traits, b.traits) for a, b in zip(first, second, strict=True)]
    columns.append(np.array([cover_apart(a.cover, b.cover) for a, b in both]))
    columns.append(np.array([_glasses(a, b) for a, b in both]))
    columns.append(np.array([float(a.headwear != b.headwear) for a, b in both]))
    columns.append(np.array([float(a.mouth != b.mouth) for a, b in both]))
    return np.stack(columns, axis=1)


def weighted(apart: F64, weights: Mapping[str, float] | None = None) -> F64:
    """Distances from differences.

    Parameters
    ----------
    apart : (n, t) ndarray of float64
        From `differences`.
    weights : mapping of str to float, optional
        By term, 0 or more; what is missing counts nothing. By default `WEIGHTS`.

    Returns
    -------
    (n,) ndarray of float64
        Weighted means over what is known, 0..1.

    Raises
    ------
    ArgumentError
        If a term is unknown, or a weight negative.
    """
    weights = WEIGHTS if weights is None else weights
    check_weights(weights, "weight ")
    each = np.array([weights.get(name, 0.0) for name in TERMS])
    known = np.isfinite(apart)
    total = known @ each
    found: F64 = np.where(known, apart, 0.0) @ each / np.where(total > 0, total, 1.0)
    return found


def check_weights(weights: Mapping[str, float], what: str) -> None:
    """Raise ArgumentError if a term is unknown or a weight negative; `what` stands before it."""
    for name, value in weights.items():
        if name not in TERMS or not value >= 0:
            raise ArgumentError(
                f"{what}{name} is {value!r}: give 0 or more, for {', '.join(TERMS)}"
            )


def distance(a: Avatar, b: Avatar) -> float:
    """How different two avatars of one style look; see `Avatar.distance`."""
    if a.style != b.style:
        raise ArgumentError(f"styles {a.style} and {b.style}: fit both in one style")
    apart = differences([look(a)], [look(b)])
    return float(weighted(apart, weights_of(a.style))[0])


def weights_of(name: str) -> Mapping[str, float]:
    """Return the weights of a style: its own, where its pack has some, or `WEIGHTS`."""
    return styles.load(name).weights or WEIGHTS


def hair_places(index: MaskIndex) -> dict[str, F64]:
    """Measures of the hair of all templates of an index.

    Parameters
    ----------
    index : MaskIndex
        Of hair.

    Returns
    -------
    dict of str to (n,) ndarray of float64
        For each of `HAIR`, standard deviations from the usual face.
    """
    found = [places(index.mask(row)) for row in range(len(index))]
    return {name: _standard(name, np.array([one[name] for one in found])) for name in HAIR}


def hair_apart(traits: Traits, templates: Mapping[str, F64]) -> F64 | None:
    """How different the hair of templates lies from that of a face, by what tells people apart.

    Parameters
    ----------
    traits : Traits
        What was seen.
    templates : mapping of str to (n,) ndarray of float64
        From `hair_places`.

    Returns
    -------
    (n,) ndarray of float64 or None
        Weighted means of the measures' differences, 0..1; None where the hair is hidden.
    """
    if not all(name in traits.measures for name in HAIR):
        return None
    seen = {name: np.clip(traits.standard(name), -_FAR, _FAR) for name in HAIR}
    apart = sum(weight * np.abs(templates[name] - seen[name]) for name, weight in HAIR.items())
    return np.asarray(apart / (_FAR * sum(HAIR.values())))


def _standard(name: str, values: F64) -> F64:
    mean, deviation = USUAL[name]
    return np.clip((values - mean) / deviation, -_FAR, _FAR)


def _measured(name: str, first: Sequence[Look], second: Sequence[Look]) -> F64:
    a, b = (
        np.clip([one.traits.standard(name) for one in looks], -_FAR, _FAR)
        for looks in (first, second)
    )
    return _share(np.abs(a - b), _FAR)


def _lab(role: str, looks: Sequence[Look]) -> F64:
    unseen = np.full(3, np.nan)
    return np.array([one.colours.get(role, unseen) for one in looks], np.float64).reshape(-1, 3)


def _share(apart: F64, far: float) -> F64:
    return np.minimum(apart / far, 1.0)


def _glasses(a: Traits, b: Traits) -> float:
    if a.glasses == b.glasses:
        return 0.0
    return 1.0 if "none" in (a.glasses, b.glasses) else _LENSES
