"""From what was seen in a face to variants, by the tables of a pack."""

from __future__ import annotations

import math
from collections.abc import Mapping

from emojimap.avatar import Choice
from emojimap.styles.pack import Pack
from emojimap.traits import Traits, has_beard

_COVER_WEIGHTS = 0.5, 1.0, 1.0
"""Of moustache, chin and cheeks when prototypes are compared: nearly every beard has a moustache,
so chin and cheeks tell which one it is."""


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
    by_mask = {*pack.roles.get("hair", []), *pack.roles.get("headwear", [])}
    choices = {
        part: Choice(variant, why="plain") for part, variant in plain.items() if part not in by_mask
    }
    for role, choice in (
        ("glasses", _glasses(traits, pack)),
        ("mouth", _mouth(traits, pack)),
        ("facial_hair", _facial_hair(traits, pack)),
    ):
        if choice is not None:
            choices.update(dict.fromkeys(pack.roles.get(role, []), choice))
    return choices


def _glasses(traits: Traits, pack: Pack) -> Choice | None:
    table = pack.traits.get("glasses")
    if table is None:
        return None
    variant = None if traits.glasses == "none" else table[traits.glasses]
    return Choice(variant, 1.0, traits.why.get("glasses", f"glasses {traits.glasses}"))


def _mouth(traits: Traits, pack: Pack) -> Choice | None:
    table = pack.traits.get("mouth")
    if table is None:
        return None
    return Choice(table[traits.mouth], 1.0, traits.why.get("mouth", f"mouth {traits.mouth}"))


def _facial_hair(traits: Traits, pack: Pack) -> Choice | None:
    """Nearest of the pack's prototypes in weighted cover, no beard being one of them."""
    table = pack.traits.get("facial_hair")
    if table is None:
        return None
    seen = (traits.moustache, traits.chin, traits.cheeks)
    prototypes: list[tuple[str | None, tuple[float, ...]]] = [(None, (0.0, 0.0, 0.0))]
    prototypes += [(name, tuple(values)) for name, values in table.items()]
    ranked = sorted(
        ((name, 1 - _apart(seen, values)) for name, values in prototypes),
        key=lambda pair: -pair[1],
    )
    if not has_beard(traits):
        ranked.sort(key=lambda pair: pair[0] is not None)
    (variant, score), *others = ranked
    why = "covered: moustache {:.2f}, chin {:.2f}, cheeks {:.2f}".format(*seen)
    return Choice(variant, round(score, 4), why, tuple((v, round(s, 4)) for v, s in others[:3]))


def _apart(seen: tuple[float, ...], prototype: tuple[float, ...]) -> float:
    """Distance of two covers, 0 to 1."""
    apart = (w * (a - b) for w, a, b in zip(_COVER_WEIGHTS, seen, prototype, strict=True))
    return math.hypot(*apart) / math.hypot(*_COVER_WEIGHTS)
