"""Names and sizes that a style is asked for, checked alike by all styles."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from emojimap.errors import ArgumentError, StyleError

_NAMED, _MANY = 12, 2000


def check_name(name: Any, names: Iterable[Any], what: str) -> None:
    """Raise StyleError unless a name is one of some; the message has the nearest.

    Parameters
    ----------
    name : str or None
        What was asked for.
    names : iterable of (str or None)
        What there is.
    what : str
        What the message calls it.
    """
    names = list(names)
    if name in names:
        return
    words = sorted(str(known) for known in names if known is not None)
    if len(words) > _MANY:  # comparing with all of a large set takes seconds
        words = [word for word in words if word[:4] == str(name)[:4]][:_MANY] or words[:_MANY]
    near = difflib.get_close_matches(str(name), words, n=3, cutoff=0.5) or words
    if None in names:
        near = [*near[: _NAMED - 1], "none"]
    more = f" (and {len(near) - _NAMED} more)" if len(near) > _NAMED else ""
    asked = "none" if name is None else name
    raise StyleError(f"{what} {asked!r} is unknown: use {', '.join(near[:_NAMED])}{more}")


def check_mask_size(size: Any) -> None:
    """Raise ArgumentError unless template masks can have a size in pixels."""
    if isinstance(size, bool) or not isinstance(size, int) or not 8 <= size <= 512:
        raise ArgumentError(f"size {size!r}: give 8 to 512 pixels")
