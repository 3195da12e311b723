"""From what was seen in a face to variants, by the tables of a pack."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from emojimap.avatar import Choice
from emojimap.styles.pack import Pack
from emojimap.traits import Glasses, Mouth, Traits, cover_apart, has_beard, natural

BY_MASK = ("hair", "back_hair", "headwear")
"""Roles whose parts are chosen by comparing masks."""

MOODS = ("mouth", "lips")
"""Roles whose tables say which variant goes with a mouth that is closed, smiles or is open."""

_FAR = 3.0
"""Standard deviations; who is farther from the usual face counts as this far."""

_NAMED = 3
_KINDS = ("none", "clear", "dark")


def choose(traits: Traits, pack: Pack, plain: Mapping[str, str | None]) -> dict[str, Choice]:
    """Return a choice for each part that is not chosen by its mask.

    Parameters
    ----------
    traits : Traits
        What was seen.
    pack : Pack
        Its tables say which variants stand for what.
    plain : mapping of str to (str or None)
        Parts of the plain avatar.

    Returns
    -------
    dict of str to Choice
        By part.
    """
    by_mask = {part for role in BY_MASK for part in pack.roles.get(role, [])}
    choices = {
        part: Choice(variant, why="plain") for part, variant in plain.items() if part not in by_mask
    }
    # One part may fill several roles: glasses that are drawn with the eyes come last.
    for role in sorted(pack.traits, key=lambda role: role == "glasses"):
        parts = [part for part in pack.roles.get(role, []) if part not in by_mask]
        choice = _choice(role, traits, pack.traits[role])
        if choice is not None:
            choices.update(dict.fromkeys(parts, choice))
    return choices


def disagreement(traits: Traits, looks: Mapping[str, float]) -> float:
    """How much a face differs from what a variant stands for.

    Parameters
    ----------
    traits : Traits
        What was seen.
    looks : mapping of str to float
        Measures of the variant, standard deviations from the usual face.

    Returns
    -------
    float
        Mean over what was measured, standard deviations; 0 where nothing was.
    """
    apart = [
        abs(min(max(traits.standard(name), -_FAR), _FAR) - wanted)
        for name, wanted in looks.items()
        if math.isfinite(traits.standard(name))
    ]
    return sum(apart) / len(apart) if apart else 0.0


def shown(parts: Mapping[str, str | None], pack: Pack) -> Traits:
    """Tell what the parts of an avatar show, but for the places of its hair.

    Parameters
    ----------
    parts : mapping of str to (str or None)
        Of a full avatar.
    pack : Pack
        Its tables say which variants stand for what.

    Returns
    -------
    Traits
        In the terms of a face.
    """

    def worn(role: str) -> list[str]:
        return [v for part in pack.roles.get(role, []) if (v := parts[part]) is not None]

    measures: dict[str, float] = {}
    for role, table in pack.traits.items():
        if role not in (*MOODS, "facial_hair"):
            for variant in worn(role):
                measures |= _measures_of(table, variant)
    covers = [pack.traits.get("facial_hair", {}).get(v) for v in worn("facial_hair")]
    moustache, chin, cheeks = next((c for c in covers if c), (0.0, 0.0, 0.0))
    moods = {v: cast("Mouth", mood) for mood, v in pack.traits.get("mouth", {}).items()}
    return Traits(
        glasses=_kind(pack.traits.get("glasses", {}), worn("glasses")),
        headwear=bool(set(worn("headwear")) & set(pack.templates.get("headwear", []))),
        moustache=moustache,
        chin=chin,
        cheeks=cheeks,
        mouth=next((moods[v] for v in worn("mouth") if v in moods), "neutral"),
        measures=measures,
    )


def _measures_of(table: Mapping[str, Any], variant: str) -> dict[str, float]:
    """Measures that a variant stands for, in their own units; the usual ones that others name."""
    looks = {name: row for name, row in table.items() if isinstance(row, Mapping)}
    if variant not in looks:
        return {}
    names = {name for row in looks.values() for name in row} - {"kind"}
    return {name: natural(name, looks[variant].get(name, 0.0)) for name in names}


def _kind(table: Mapping[str, Any], worn: list[str]) -> Glasses:
    for variant in worn:
        if variant == table.get("none"):
            return "none"
        if variant == table.get("dark") or _is_dark(table.get(variant)):
            return "dark"
        if variant == table.get("clear") or isinstance(table.get(variant), Mapping):
            return "clear"
    return "none"


def _is_dark(row: Any) -> bool:
    return isinstance(row, Mapping) and row.get("kind") == "dark"


def _choice(role: str, traits: Traits, table: Mapping[str, Any]) -> Choice | None:
    if role == "glasses":
        return _glasses(traits, table)
    if role in MOODS:
        return Choice(table[traits.mouth], 1.0, traits.why.get("mouth", f"mouth {traits.mouth}"))
    if role == "facial_hair":
        return _facial_hair(traits, table)
    return _nearest(traits, table)


def _nearest(traits: Traits, table: Mapping[str, Mapping[str, float]]) -> Choice | None:
    """Nearest prototype in the measures that any of them names."""
    names = sorted({name for looks in table.values() for name in looks})
    seen = {name: traits.standard(name) for name in names}
    known = {name: value for name, value in seen.items() if math.isfinite(value)}
    if not known:
        return None
    ranked = sorted(
        (
            (1 / (1 + _distance(known, {name: looks.get(name, 0.0) for name in known})), variant)
            for variant, looks in table.items()
        ),
        key=lambda pair: -pair[0],
    )
    why = ", ".join(f"{name.replace('_', ' ')} {value:+.1f} sd" for name, value in known.items())
    return _ranked(ranked, why)


def _distance(seen: Mapping[str, float], looks: Mapping[str, float]) -> float:
    return math.sqrt(
        sum((min(max(seen[name], -_FAR), _FAR) - looks[name]) ** 2 for name in seen) / len(seen)
    )


def _ranked(ranked: list[tuple[float, str]], why: str) -> Choice:
    (score, variant), *others = ranked
    runners_up = tuple((name, round(value, 4)) for value, name in others[:_NAMED])
    return Choice(variant, round(score, 4), why, runners_up)


def _glasses(traits: Traits, table: Mapping[str, Any]) -> Choice | None:
    """Of the right kind, the frames that look most alike."""
    why = traits.why.get("glasses", f"glasses {traits.glasses}")
    plain = table.get(traits.glasses)
    kinds = {kind: table.get(kind) for kind in _KINDS if kind != traits.glasses}
    others = tuple((variant, 0.0) for variant in kinds.values())
    if traits.glasses == "none":
        # Where glasses are drawn with the eyes, the eyes are chosen by their own table.
        return Choice(None, 1.0, why, others) if "none" not in table else None
    frames = {
        name: {k: v for k, v in looks.items() if k != "kind"}
        for name, looks in table.items()
        if name not in _KINDS and looks.get("kind", "clear") == traits.glasses
    }
    nearest = _nearest(traits, frames)
    if nearest is None:
        return Choice(plain, 1.0, why, others)
    return Choice(nearest.variant, nearest.score, f"{why}; {nearest.why}", nearest.runners_up)


def _facial_hair(traits: Traits, table: Mapping[str, Any]) -> Choice:
    """Nearest of the pack's prototypes in weighted cover, no beard being one of them."""
    seen = traits.cover
    prototypes: list[tuple[str | None, tuple[float, ...]]] = [(None, (0.0, 0.0, 0.0))]
    prototypes += [(name, tuple(values)) for name, values in table.items()]
    ranked = sorted(
        ((name, 1 - cover_apart(seen, values)) for name, values in prototypes),
        key=lambda pair: -pair[1],
    )
    if not has_beard(traits):
        ranked.sort(key=lambda pair: pair[0] is not None)
    (variant, score), *others = ranked
    why = "covered: moustache {:.2f}, chin {:.2f}, cheeks {:.2f}".format(*seen)
    return Choice(variant, round(score, 4), why, tuple((v, round(s, 4)) for v, s in others[:3]))
