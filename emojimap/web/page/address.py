"""Avatars as queries of addresses: ``topVariant=bob&hairColor=2c1b18``, as DiceBear writes options.

A picture's address and the link that a person shares say all that is drawn, so the server keeps
nothing. Which style it is stands under our own key, as in the JSON of an avatar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from emojimap import styles
from emojimap.avatar import BY_HAND, Avatar, Choice
from emojimap.errors import ArgumentError, StyleError

_HAND = "hand"
_LONGEST = 4096
_MOST = 128


def query(avatar: Avatar, without: Iterable[str] = ()) -> str:
    """Write an avatar as a query.

    Parameters
    ----------
    avatar : Avatar
        What to write.
    without : iterable of str
        Parts to leave out, for `variants` to be added.

    Returns
    -------
    str
        Without its question mark.
    """
    parts = {name: value for name, value in avatar.parts.items() if name not in set(without)}
    options = Avatar(avatar.style, parts, avatar.colours).to_dict()
    pairs = []
    for key, value in options.items():
        if key == "seed" or (key.endswith("Probability") and value == 100):
            continue
        pairs.append((key, value[0] if isinstance(value, list) else value))
    return urlencode(pairs)


def variants(parts: Mapping[str, str | None]) -> str:
    """Write variants of some parts, set by hand, as the end of a query; see `query`."""
    pairs = [
        (f"{name}Probability", "0") if value is None else (f"{name}Variant", value)
        for name, value in parts.items()
    ]
    return urlencode([*pairs, (_HAND, ".".join(parts))])


def read(text: str, offered: Iterable[str]) -> Avatar:
    """Return the avatar that a query describes.

    Parameters
    ----------
    text : str
        From `query`, perhaps with `variants` after it, perhaps written by anyone.
    offered : iterable of str
        Names of the styles that may be used; nothing else is looked for.

    Returns
    -------
    Avatar
        With every part and every colour set.

    Raises
    ------
    ArgumentError
        If it is no query of an avatar, or too long.
    StyleError
        If the style, a part, a variant or a colour is unknown.
    """
    if len(text) > _LONGEST:
        raise ArgumentError(f"an address of {len(text)} characters: at most {_LONGEST} are read")
    try:
        pairs = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST))
    except ValueError as error:
        raise ArgumentError(f"an address that can't be read ({error}): copy it again") from error
    hand = [name for name in pairs.pop(_HAND, "").split(".") if name]
    options = {key: _number(key, value) for key, value in pairs.items()}
    return complete(options, offered, hand)


def complete(
    options: Mapping[str, Any], offered: Iterable[str], hand: Iterable[str] = ()
) -> Avatar:
    """Return the avatar of a set of options, of a style that is offered; errors as in `read`."""
    avatar = Avatar.from_dict(options)
    names = tuple(offered)
    if avatar.style not in names:
        raise StyleError(f"style {avatar.style!r} is not offered: use {', '.join(names)}")
    by_hand = {
        name: Choice(avatar.parts[name], why=BY_HAND) for name in hand if name in avatar.parts
    }
    return styles.load(avatar.style).check(avatar.explained(by_hand))


def _number(key: str, value: str) -> str | int:
    is_number = key.endswith("Probability") and value.isascii() and value.isdigit()
    return int(value[:4]) if is_number else value
