"""Which of several kinds of answer a client wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from emojimap.web.service.problems import Problem

_T = TypeVar("_T", bound=str)


def choose(accept: str | None, offers: Mapping[_T, str]) -> _T:
    """Read the header Accept.

    Parameters
    ----------
    accept : str or None
        The header's value.
    offers : mapping of str to str
        Kinds to their media types, the usual one first.

    Returns
    -------
    str
        The kind that the client likes best, of several the first.

    Raises
    ------
    Problem
        406 if it likes none.

    Examples
    --------
    >>> choose("image/*", {"json": "application/json", "png": "image/png"})
    'png'
    """
    if not accept or not accept.strip():
        return next(iter(offers))
    ranges = [_range(text) for text in accept.split(",")]
    liked = {kind: _liking(media, ranges) for kind, media in offers.items()}
    best = max(liked, key=lambda kind: liked[kind])  # the first of equals
    if liked[best] <= 0:
        raise Problem(
            406, "not-acceptable", f"ask for one of {', '.join(offers.values())} in Accept"
        )
    return best


def _range(text: str) -> tuple[str, float]:
    media, *parameters = (piece.strip().lower() for piece in text.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
    return media, quality


def _liking(media: str, ranges: list[tuple[str, float]]) -> float:
    """Return the quality of the narrowest range that a media type is in."""
    family = media.partition("/")[0] + "/*"
    for wanted in (media, family, "*/*"):
        found = [quality for name, quality in ranges if name == wanted]
        if found:
            return max(found)
    return 0.0
