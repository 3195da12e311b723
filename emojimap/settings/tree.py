"""Settings by name: ``skin.patch_radius_eyes`` in a nest of settings dataclasses.

Every dataclass that holds numbers is a section; its name is that of the attribute it stands in.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass, replace
from typing import Any, NamedTuple, TypeVar, cast

from emojimap.errors import SettingsError
from emojimap.settings.fields import UNITS, fault, unit_of

T = TypeVar("T")


class Place(NamedTuple):
    """Where a setting stands.

    Parameters
    ----------
    section, name : str
        The two halves of its full name.
    path : tuple of str
        Attributes from the root to the section's dataclass.
    field : dataclasses.Field
        Its declaration.
    """

    section: str
    name: str
    path: tuple[str, ...]
    field: Field[Any]

    def __str__(self) -> str:
        """Full name."""
        return f"{self.section}.{self.name}"


def places(root: Any) -> list[Place]:
    """List all settings.

    Parameters
    ----------
    root : dataclass instance
        Settings, or a nest of them.

    Returns
    -------
    list of Place
        Section by section.
    """
    return list(_walk(root, ()))


def _walk(node: Any, path: tuple[str, ...]) -> Iterator[Place]:
    for one in fields(node):
        value = getattr(node, one.name)
        if is_dataclass(value):
            yield from _walk(value, (*path, one.name))
        elif "range" in one.metadata:
            yield Place(path[-1], one.name, path, one)


def section(root: Any, path: tuple[str, ...]) -> Any:
    """Return the dataclass at the end of a path.

    Parameters
    ----------
    root : dataclass instance
        A nest of settings.
    path : tuple of str
        Attributes.

    Returns
    -------
    dataclass instance
        The section.
    """
    for name in path:
        root = getattr(root, name)
    return root


def value(root: Any, place: Place) -> Any:
    """Value of a setting.

    Parameters
    ----------
    root : dataclass instance
        A nest of settings.
    place : Place
        Which setting.

    Returns
    -------
    bool, int, float or tuple
        The value.
    """
    return getattr(section(root, place.path), place.name)


def sections(root: Any) -> list[str]:
    """List the sections.

    Parameters
    ----------
    root : dataclass instance
        A nest of settings.

    Returns
    -------
    list of str
        In order.
    """
    return list(dict.fromkeys(place.section for place in places(root)))


def find(root: Any, name: str) -> Place:
    """Look a setting up.

    Parameters
    ----------
    root : dataclass instance
        A nest of settings.
    name : str
        ``section.name``; a unit at the end of the name may be left out.

    Returns
    -------
    Place
        The setting.

    Raises
    ------
    SettingsError
        If there is none, or it has another unit; near names are given.
    """
    head, _, tail = name.partition(".")
    known = sections(root)
    if head not in known:
        raise SettingsError(f"{head!r} is no section of settings: {_near(head, known)}")
    inside = {place.name: place for place in places(root) if place.section == head}
    if tail in inside:
        return inside[tail]
    same = [place for key, place in inside.items() if _stem(key) == tail]
    if len(same) == 1:
        return same[0]
    other = [place for key, place in inside.items() if _stem(key) == _stem(tail)]
    if tail and len(other) == 1:
        told = unit_of(other[0].field) or "shares of 1"
        raise SettingsError(f"{_plain(name)} has another unit: {other[0]} is told in {told}")
    raise SettingsError(f"{_plain(name)} is no setting: {_near(tail, list(inside))}")


def _plain(name: str) -> str:
    return name if name.isprintable() else repr(name)


def _stem(name: str) -> str:
    """Name without its unit."""
    head, _, last = name.rpartition("_")
    return head if head and last in UNITS else name


def _near(wrong: str, names: list[str]) -> str:
    close = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"


def changed(root: T, values: Mapping[Place, Any]) -> T:
    """Set settings.

    Parameters
    ----------
    root : dataclass instance
        A nest of settings.
    values : mapping of Place to object
        What to set.

    Returns
    -------
    dataclass instance
        A new nest of the same type.

    Raises
    ------
    SettingsError
        If a value is of a wrong type or out of range.
    ArgumentError
        If values contradict each other.
    """
    for place, new in values.items():
        wrong = fault(place.field, new)
        if wrong:
            raise SettingsError(f"{place} {wrong}")
    return cast(T, _rebuilt(root, (), values))


def _rebuilt(node: Any, path: tuple[str, ...], values: Mapping[Place, Any]) -> Any:
    new = {place.name: value for place, value in values.items() if place.path == path}
    for one in fields(node):
        child = getattr(node, one.name)
        deeper = (*path, one.name)
        if is_dataclass(child) and any(p.path[: len(deeper)] == deeper for p in values):
            new[one.name] = _rebuilt(child, deeper, values)
    return replace(node, **new) if new else node
