"""Which settings a search may change, and how far."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from emojimap.colours import ColourSettings
from emojimap.errors import ArgumentError, SettingsError
from emojimap.settings.fields import fault, wanted
from emojimap.settings.tree import Place, find, places, value

_REACH = 0.35
_LEAST_REACH = 0.1
_DIGITS = 4


@dataclass(frozen=True)
class Varied:
    """A setting that is searched.

    Parameters
    ----------
    place : Place
        Which one, in `ColourSettings`.
    start : float
        Where the search starts.
    low, high : float
        Range, both included.
    whole : bool
        Whether it takes whole numbers only.
    """

    place: Place
    start: float
    low: float
    high: float
    whole: bool

    def rounded(self, drawn: float) -> float:
        """Return a drawn value with the digits that matter; the start comes back as it was.

        Parameters
        ----------
        drawn : float
            In the range.

        Returns
        -------
        float
            In the range; an int for whole numbers.
        """
        if self.whole:
            return int(drawn)
        short = _short(drawn)
        if short == _short(self.start):
            return self.start
        return min(max(short, self.low), self.high)


def usual(start: ColourSettings, roles: Collection[str]) -> list[Varied]:
    """List the numbers that can change the colours of some roles.

    Parameters
    ----------
    start : ColourSettings
        Where the search starts.
    roles : collection of str
        Of `emojimap.tune.labels.COLOURS`.

    Returns
    -------
    list of Varied
        Each in a neighbourhood of its start.
    """
    # Hair and irises are brought into neutral light, and the light is judged by the skin.
    wide = bool({"hair", "iris"} & set(roles))
    chosen = {"skin", *(["light"] if wide else []), *roles}
    return [
        _near(start, place)
        for place in places(start)
        if place.section in chosen and _number(place) and not _of_beards(place)
    ]


def named(start: ColourSettings, texts: Sequence[str]) -> list[Varied]:
    """Read settings and ranges as typed.

    Parameters
    ----------
    start : ColourSettings
        Where the search starts.
    texts : sequence of str
        ``section.name``, or ``section.name=low:high``.

    Returns
    -------
    list of Varied
        In this order.

    Raises
    ------
    SettingsError
        If there is no such setting, it holds no single number or its range is wrong.
    ArgumentError
        If one is named twice.
    """
    found: dict[Place, Varied] = {}
    for text in texts:
        name, sign, span = text.partition("=")
        place = find(start, name.strip())
        if not _number(place):
            raise SettingsError(f"{place} is no single number, so it can't be searched: leave it")
        if place in found:
            raise ArgumentError(f"{place} is named twice: keep one")
        found[place] = _within(start, place, span) if sign else _near(start, place)
    return list(found.values())


def chosen(varied: Sequence[Varied], drawn: Mapping[str, float]) -> dict[Place, float]:
    """Turn drawn values into settings.

    Parameters
    ----------
    varied : sequence of Varied
        What is searched.
    drawn : mapping of str to float
        By full name; what is missing stays at its start.

    Returns
    -------
    dict of Place to float
        For `emojimap.settings.tree.changed`; only what differs from the start.
    """
    values = {one.place: one.rounded(drawn.get(str(one.place), one.start)) for one in varied}
    return {one.place: values[one.place] for one in varied if values[one.place] != one.start}


def _short(number: float) -> float:
    return float(f"{number:.{_DIGITS}g}")


def _number(place: Place) -> bool:
    return isinstance(place.field.default, int | float) and not isinstance(
        place.field.default, bool
    )


def _of_beards(place: Place) -> bool:
    """Tell whether it changes beards or brows alone, which nobody judges."""
    return any(word in place.name.split("_") for word in ("beard", "brow"))


def _near(start: ColourSettings, place: Place) -> Varied:
    """Range around the start: a third of what may be given, less where the start is small."""
    middle = value(start, place)
    low, high = place.field.metadata["range"]
    whole = isinstance(place.field.default, int)
    # Counts may go up to a million; the tenth of that says nothing about 30.
    least = 1 if whole else _LEAST_REACH * (high - low)
    reach = min(_REACH * (high - low), max(abs(middle), least))
    ends = _short(max(low, middle - reach)), _short(min(high, middle + reach))
    return Varied(place, middle, ends[0], ends[1], whole)


def _within(start: ColourSettings, place: Place, span: str) -> Varied:
    whole = isinstance(place.field.default, int)
    try:
        low, high = ((int if whole else float)(part) for part in span.split(":"))
    except ValueError as error:
        raise SettingsError(
            f"{place}={span}: give a range, low:high, inside {wanted(place.field)}"
        ) from error
    for end in (low, high):
        if wrong := fault(place.field, end):
            raise SettingsError(f"{place} {wrong}")
    middle = value(start, place)
    if not low < high or not low <= middle <= high:
        raise SettingsError(
            f"{place}={span}: give low:high around {middle:g}, where the search starts; "
            "--settings starts it elsewhere"
        )
    return Varied(place, middle, low, high, whole)
