"""The styles that clients may name: those that are registered, never a path."""

from __future__ import annotations

import difflib
from functools import cache
from typing import Any

from emojimap import styles
from emojimap.web.service.problems import Problem


@cache
def names() -> tuple[str, ...]:
    """Return the names of the styles that can be used, found out once."""
    return tuple(style.name for style in styles.available())


def places() -> tuple[str, ...]:
    """Return what `emojimap.styles.load` finds these styles by in another process.

    A precomputed set that this process was shown by its folder is unknown elsewhere by its name.
    """
    found = [styles.load(name) for name in names()]
    return tuple(str(style.folder or style.name) for style in found)


def check_name(name: str) -> str:
    """Return the name of a style if there is such a one.

    Parameters
    ----------
    name : str
        What a client says.

    Returns
    -------
    str
        The same.

    Raises
    ------
    Problem
        422, with the names that there are.
    """
    if name in names():
        return name
    near = difflib.get_close_matches(name[:64], names(), n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise Problem(
        422,
        "invalid",
        f"there is no such style: {hint}use one of {', '.join(names())}",
        styles=list(names()),
    )


@cache
def brief(name: str) -> dict[str, Any]:
    """Return what a style is and whose; see `full`."""
    style = styles.load(name)
    return {
        "name": style.name,
        "title": style.title,
        "credit": style.credit,
        "licence": style.licence,
        "url": style.url,
    }


@cache
def full(name: str) -> dict[str, Any]:
    """Return all that can be set in a style.

    Parameters
    ----------
    name : str
        From `check_name`.

    Returns
    -------
    dict
        What `brief` says, ``size``, ``parts`` (their variants, null where a part may be absent),
        ``colours``, ``part_roles`` and ``colour_roles`` (our words to the style's), and the plain
        avatar as ``default``.
    """
    style = styles.load(name)
    return {
        **brief(name),
        "size": style.size,
        "parts": {part: list(variants) for part, variants in style.parts.items()},
        "colours": list(style.colours),
        "part_roles": {role: list(parts) for role, parts in style.part_names.items()},
        "colour_roles": dict(style.colour_names),
        "default": style.default().to_dict(),
    }
