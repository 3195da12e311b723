"""What a search has found, in words, as TOML and as JSON."""

from __future__ import annotations

from typing import Any

from emojimap.fit import FitSettings
from emojimap.settings import toml
from emojimap.tune.search import Result


def verdict(result: Result) -> str:
    """Say whether the search has gained anything.

    Parameters
    ----------
    result : Result
        From `emojimap.tune.search.search`.

    Returns
    -------
    str
        One sentence.
    """
    start = _start(result)
    gain = f"{result.gain:+.2f} ± {result.gain_se:.2f}"
    if not result.worths:
        return f"nothing better was found: {start} are as good"
    if result.real:
        return f"the gain is real: {gain} on photos kept aside"
    if result.gain < -2 * result.gain_se:
        return f"the gain is an illusion: {gain} on photos kept aside, keep {start}"
    return f"no gain is certain: {gain} on photos kept aside, {start} are as good"


def as_toml(result: Result) -> str:
    """Write the settings that differ from the defaults, for ``--settings``.

    Parameters
    ----------
    result : Result
        From `emojimap.tune.search.search`.

    Returns
    -------
    str
        TOML; comments at its head say how good the settings are.
    """
    lines = [
        "Colour settings found by `emojimap tune search`.",
        f"{_count(result.photos, 'photo')} of {_count(result.persons, 'person')}, "
        f"{_count(result.trials, 'trial')} in each of {result.folds + 1} studies.",
        "Mean difference to the true colours (CIEDE2000):",
        *(
            f"    {role}: {result.before[role]:.2f} before, {result.after[role]:.2f} after, "
            f"{result.aside[role]:.2f} on photos kept aside"
            for role in result.before
            if role != "mean" or len(result.before) > 2
        ),
        f"{verdict(result).capitalize()}.",
    ]
    head = "".join(f"# {line}\n" for line in lines)
    body = toml.dump(result.best, base=FitSettings())
    return f"{head}\n{body}" if body else head


def as_dict(result: Result) -> dict[str, Any]:
    """Return all figures.

    Parameters
    ----------
    result : Result
        From `emojimap.tune.search.search`.

    Returns
    -------
    dict of str to object
        For JSON.
    """
    return {
        "photos": result.photos,
        "persons": result.persons,
        "folds": result.folds,
        "trials": result.trials,
        "left_out": {str(photo): why for photo, why in result.failures.items()},
        "delta_e": {
            role: {
                "before": _short(result.before[role]),
                "after": _short(result.after[role]),
                "kept_aside": _short(result.aside[role]),
            }
            for role in result.before
        },
        "gain": {
            "kept_aside": _short(result.gain),
            "standard_error": _short(result.gain_se),
            "real": result.real,
        },
        "settings": [
            {
                "setting": one.setting,
                "before": one.start,
                "after": one.best,
                "worth": None if one.worth is None else _short(one.worth),
            }
            for one in result.worths
        ],
        "put_back": result.put_back,
        "verdict": verdict(result),
    }


def _start(result: Result) -> str:
    return "the defaults" if result.start == FitSettings() else "the settings given"


def _short(number: float) -> float:
    return round(number, 4)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("s" if number != 1 else "")
