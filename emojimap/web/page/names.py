"""What a style's parts and colours are called on the page, and what is shown together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import get_args

from emojimap.avatar import Avatar
from emojimap.styles import Style
from emojimap.styles.base import ColourRole, Role

_MOST_VARIANTS = 200
"""A part with more is a catalogue of pictures, nothing to choose from at a glance."""

_SECTIONS: tuple[tuple[str, tuple[Role, ...], tuple[ColourRole, ...]], ...] = (
    ("Hair", ("hair", "back_hair"), ("hair",)),
    ("Hat", ("headwear",), ("headwear",)),
    ("Face", ("face", "ears"), ("skin",)),
    ("Eyes", ("eyes",), ("iris",)),
    ("Brows", ("brows",), ("brows",)),
    ("Nose", ("nose",), ()),
    ("Mouth", ("mouth", "lips"), ("lips",)),
    ("Beard", ("facial_hair", "sideburns"), ("facial_hair",)),
    ("Glasses", ("glasses",), ("glasses",)),
    ("Clothes", ("clothes",), ("clothes",)),
)
_OTHER = "More"
_PARTS: dict[Role, str] = {
    "hair": "Hair",
    "back_hair": "Hair at the back",
    "headwear": "Hat",
    "face": "Head",
    "facial_hair": "Beard and moustache",
    "brows": "Brows",
}
_COLOURS: dict[ColourRole, str] = {
    "skin": "Skin colour",
    "hair": "Hair colour",
    "facial_hair": "Beard colour",
    "brows": "Brow colour",
    "lips": "Lip colour",
    "headwear": "Hat colour",
    "clothes": "Clothes colour",
    "glasses": "Glasses colour",
    "iris": "Eye colour",
}


@dataclass(frozen=True)
class Section:
    """Parts and colours that stand on one tab.

    Parameters
    ----------
    title : str
        On the tab.
    parts, colours : tuple of str
        Names in the style.
    """

    title: str
    parts: tuple[str, ...]
    colours: tuple[str, ...]


def sections(style: Style) -> tuple[Section, ...]:
    """Sort a style's parts and colours into sections.

    Parameters
    ----------
    style : Style
        Any.

    Returns
    -------
    tuple of Section
        Each part that can be chosen and each colour once, in the order of a face.
    """
    roles = part_roles(style)
    places: dict[str, tuple[list[str], list[str]]] = {
        title: ([], []) for title in (*(row[0] for row in _SECTIONS), _OTHER)
    }
    for part, role in roles.items():
        if choosable(style, part):
            places[_section_of(role)][0].append(part)
    for colour in style.colours:
        title = _section_of_colour(style, colour, roles)
        places[title][1].append(colour)
    for title, role_order, _ in _SECTIONS:
        order = {role: i for i, role in enumerate(role_order)}
        places[title][0].sort(key=lambda part: order.get(roles[part] or "hair", 9))
    return tuple(
        Section(title, tuple(parts), tuple(colours))
        for title, (parts, colours) in places.items()
        if parts or colours
    )


def part_roles(style: Style) -> dict[str, Role | None]:
    """Return what each part is for; None where the style does not say and its name does not."""
    found: dict[str, Role | None] = {}
    for part in style.parts:
        told: list[Role] = [role for role, names in style.part_names.items() if part in names]
        by_name: list[Role] = [role for role in get_args(Role) if _snake(part).startswith(role)]
        by_name.sort(key=len, reverse=True)
        both = [role for role in by_name if role in told]
        found[part] = next(iter([*both, *told, *by_name]), None)
    return found


def choosable(style: Style, part: str) -> bool:
    """Tell whether a part leaves a person something to choose."""
    return 1 < len(style.parts[part]) <= _MOST_VARIANTS


def part_title(style: Style, part: str) -> str:
    """Name a part: ``Hair``, ``Hair at the back``."""
    for role, names in style.part_names.items():
        if part == names[0]:
            return _PARTS.get(role, role.replace("_", " ").capitalize())
    return words(part).capitalize()


def colour_title(style: Style, colour: str) -> str:
    """Name a colour: ``Hair colour``."""
    for role, name in style.colour_names.items():
        if name == colour:
            return _COLOURS[role]
    return f"{words(colour)} colour".capitalize()


def variant_titles(style: Style, part: str) -> dict[str | None, str]:
    """Name all variants of a part: ``short flat``, ``number 3``, ``none``.

    Parameters
    ----------
    style : Style
        Any.
    part : str
        One of its parts.

    Returns
    -------
    dict of (str or None) to str
        In the style's order.
    """
    found: dict[str | None, str] = {}
    numbered = 0
    for variant in style.parts[part]:
        if variant is None:
            found[variant] = "none"
        elif re.fullmatch(r"variant\d+", variant):
            numbered += 1
            found[variant] = f"number {numbered}"
        else:
            found[variant] = words(variant)
    return found


def words(name: str) -> str:
    """Split a camelCase name: ``winterHat02`` is ``winter hat 2``."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[a-z])(?=\d)", " ", name)
    return " ".join(piece.lstrip("0") or "0" for piece in split.lower().split())


def hair_words(style: Style, avatar: Avatar) -> str:
    """Describe an avatar's hair, or what covers it, in a few words."""
    said = []
    for role in ("headwear", "hair", "back_hair"):
        for part in style.part_names.get(role, ()):
            variant = avatar.parts.get(part)
            text = None if variant is None else variant_titles(style, part)[variant]
            if text and text not in said:
                said.append(text)
    return " and ".join(said) if said else "none"


def _section_of(role: Role | None) -> str:
    for title, roles, _ in _SECTIONS:
        if role in roles:
            return title
    return _OTHER


def _section_of_colour(style: Style, colour: str, roles: dict[str, Role | None]) -> str:
    for role, name in style.colour_names.items():
        if name != colour:
            continue
        title = next(row[0] for row in _SECTIONS if role in row[2])
        if any(_section_of(part_role) == title for part_role in roles.values()):
            return title
        # A hat that is one of the hairs has its colour there.
        owners = [
            part for other, found in style.part_names.items() if other == role for part in found
        ]
        return _section_of(roles[owners[0]]) if owners else title
    return _OTHER


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)
