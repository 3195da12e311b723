"""What each setting that a search has changed is worth."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emojimap.errors import ArgumentError

WORTHLESS = 0.02
"""A setting that is put back to its start if the error grows by less, CIEDE2000."""
_MOST_LOST = 0.05

Draw = Mapping[str, float]
"""Values by the settings' full names; what is missing stays at its start."""


@dataclass(frozen=True)
class Worth:
    """What one setting of the result does.

    Parameters
    ----------
    setting : str
        Full name.
    start, best : float
        Before and after.
    worth : float or None
        Error that comes back if it alone is put back; None if the others forbid that.
    """

    setting: str
    start: float
    best: float
    worth: float | None


def losses(drawn: Draw, judge: Callable[[Draw], float]) -> dict[str, float]:
    """Measure what is lost when each setting alone is put back to its start.

    Parameters
    ----------
    drawn : mapping of str to float
        Settings that differ from the start.
    judge : callable
        Error of such settings; `ArgumentError` if they contradict each other.

    Returns
    -------
    dict of str to float
        Growth of the error; infinite where the other settings forbid it.
    """
    whole = judge(drawn)
    return {name: _without(drawn, name, judge)[1] - whole for name in drawn}


def put_back(drawn: Draw, judge: Callable[[Draw], float]) -> dict[str, float]:
    """Put settings back whose change is worth nothing, those of the least worth first.

    Parameters
    ----------
    drawn : mapping of str to float
        Settings that differ from the start.
    judge : callable
        Error of such settings; `ArgumentError` if they contradict each other.

    Returns
    -------
    dict of str to float
        What is left. Each setting put back cost less than `WORTHLESS`, and all together little
        more.
    """
    left = dict(drawn)
    if not left:
        return left
    whole = now = judge(left)
    lost = losses(left, judge)
    for name in sorted(lost, key=lambda name: lost[name]):
        fewer, error = _without(left, name, judge)
        if error < now + WORTHLESS and error < whole + _MOST_LOST:
            left, now = fewer, error
    return left


def _without(
    drawn: Draw, name: str, judge: Callable[[Draw], float]
) -> tuple[dict[str, float], float]:
    fewer = {key: value for key, value in drawn.items() if key != name}
    try:
        return fewer, judge(fewer)
    except ArgumentError:
        return fewer, math.inf
