"""Numbers with a range and a unit, checked when a settings object is made."""

from __future__ import annotations

from dataclasses import Field, field, fields
from typing import Any

from emojimap.errors import ArgumentError

UNITS = {
    "eyes": "eye distances",
    "faces": "face sizes",
    "px": "pixels",
    "px2": "square pixels",
    "l": "L*",
    "lab": "Lab units",
    "degrees": "degrees",
    "share": "",
    "percentile": "percentile",
    "percentiles": "percentiles",
}
"""Last words of settings' names that say their unit, and the unit in words."""


def setting(
    default: Any,
    low: float,
    high: float,
    unit: str = "",
    *,
    size: int | None = None,
    columns: tuple[str, ...] = (),
) -> Any:
    """Declare a number, or a tuple of numbers, of a settings dataclass.

    Parameters
    ----------
    default : bool, int, float, or tuple of these or of tuples
        An int takes whole numbers only.
    low, high : float
        Range of the value, or of each of its numbers, both included.
    unit : str
        In words; by default what the last word of the name says, see `UNITS`.
    size : int, optional
        Length that a tuple must have; any length from one up by default.
    columns : tuple of str
        What the numbers of each row are, where the value is a table of rows.

    Returns
    -------
    dataclasses.Field
        For the class body.
    """
    told = {"range": (low, high), "unit": unit, "size": size, "columns": columns}
    return field(default=default, metadata=told)


class Checked:
    """Base of settings dataclasses: refuses values out of range, NaN and wrong types.

    Raises
    ------
    ArgumentError
        When one is made; the message names setting, value, range and unit.
    """

    def __post_init__(self) -> None:
        for one in fields(self):  # type: ignore[arg-type]
            wrong = fault(one, getattr(self, one.name))
            if wrong:
                raise ArgumentError(f"{type(self).__name__}.{one.name} {wrong}")


def fault(one: Field[Any], value: Any) -> str | None:
    """Say what is wrong with a value.

    Parameters
    ----------
    one : dataclasses.Field
        Declared by `setting`; others take anything.
    value : object
        Value to judge.

    Returns
    -------
    str or None
        ``is 7: give 0 to 1 eye distances``, or None if it is right.
    """
    if "range" not in one.metadata or _fits(one, one.default, value):
        return None
    return f"is {_brief(value)}: give {wanted(one)}"


def _brief(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python refuses to print whole numbers of thousands of digits
        return "a huge number"
    return text if len(text) <= 60 else f"{text[:57]}..."


def wanted(one: Field[Any]) -> str:
    """Say what a setting takes.

    Parameters
    ----------
    one : dataclasses.Field
        Declared by `setting`.

    Returns
    -------
    str
        ``0 to 1 eye distances``, for instance.
    """
    if isinstance(one.default, bool):
        return "true or false"
    low, high = one.metadata["range"]
    unit = unit_of(one)
    text = f"{_short(low)} to {_short(high)}" + (f" {unit}" if unit else "")
    first = one.default
    while isinstance(first, tuple):
        first = first[0]
    if isinstance(first, int):
        text = f"whole numbers, {text}" if isinstance(one.default, tuple) else f"a whole {text}"
    if one.metadata["columns"]:
        return f"rows of {', '.join(one.metadata['columns'])}, numbers {text}"
    if isinstance(one.default, tuple):
        count = one.metadata["size"]
        return f"{count if count else 'one or more'} numbers, {text}"
    return text


def unit_of(one: Field[Any]) -> str:
    """Return the unit of a setting, in words.

    Parameters
    ----------
    one : dataclasses.Field
        Declared by `setting`.

    Returns
    -------
    str
        Empty where there is none.
    """
    return str(one.metadata.get("unit") or UNITS.get(one.name.rsplit("_", 1)[-1], ""))


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 and value == int(value) else f"{value:g}"


def _fits(one: Field[Any], example: Any, value: Any, depth: int = 0) -> bool:
    """Tell whether a value is of the example's type, with every number in the range."""
    if isinstance(example, tuple):
        if not isinstance(value, tuple) or not value:
            return False
        columns, size = one.metadata["columns"], one.metadata["size"]
        length = len(columns) if columns and depth == 1 else size if depth == 0 else None
        if length is not None and len(value) != length:
            return False
        return all(_fits(one, example[0], each, depth + 1) for each in value)
    if isinstance(example, bool) or isinstance(value, bool):
        return isinstance(example, bool) and isinstance(value, bool)
    if isinstance(example, int) and not isinstance(value, int):
        return False
    if not isinstance(value, int | float):
        return False
    # NaN is in no range; whole numbers too large for a float compare as they are.
    low, high = one.metadata["range"]
    return bool(low <= value <= high)
