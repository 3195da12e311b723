"""What a section of the page offers, as plain data for `emojimap.web.page.elements.Panel`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emojimap.avatar import Avatar
from emojimap.styles import Style
from emojimap.styles.base import Role
from emojimap.styles.dicebear import DicebearStyle
from emojimap.web.page import address, names, palettes
from emojimap.web.page.work import Work

_CLOSE: dict[Role, tuple[float, float]] = {
    "eyes": (2.9, 0.1),
    "brows": (2.9, -0.1),
    "glasses": (3.2, 0.1),
    "nose": (2.7, 0.5),
    "mouth": (2.7, 1.0),
    "lips": (2.7, 1.0),
    "facial_hair": (3.6, 0.8),
    "sideburns": (3.6, 0.4),
}
"""Width of what is shown of a small part, and how far below the eyes its middle is, both in
distances of the eyes."""


def of_section(style: Style, avatar: Avatar, section: names.Section) -> list[dict[str, Any]]:
    """Return the groups of a section, without those that would change nothing now.

    Parameters
    ----------
    style : Style
        Of the avatar.
    avatar : Avatar
        Whole; every choice is drawn on it.
    section : Section
        Of the style.

    Returns
    -------
    list of dict
        JSON types: its parts, then its colours. The colour of a hat is there with a hat.
    """
    return [
        *(_part(style, avatar, part) for part in section.parts if _matters(style, avatar, part)),
        *(_colour(style, avatar, name) for name in section.colours if _shows(style, avatar, name)),
    ]


def of_candidates(work: Work, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return the best hairs as one group.

    Parameters
    ----------
    work : Work
        With its candidates.
    labels : mapping of str to str
        What each is called, by its name.

    Returns
    -------
    dict
        JSON types. What is chosen is the first that the avatar has now, if any.
    """
    avatar = work.now
    touched = sorted({part for one in work.candidates for part in one.parts})
    whole = [
        {**{part: avatar.parts.get(part) for part in touched}, **one.parts}
        for one in work.candidates
    ]
    now = {part: avatar.parts.get(part) for part in touched}
    return {
        "kind": "parts",
        "id": "candidates",
        "title": "Best hair for this photo",
        "base": address.query(avatar, without=touched),
        "options": [
            {
                "value": one.name,
                "label": labels[one.name],
                "add": address.variants(parts),
            }
            for one, parts in zip(work.candidates, whole, strict=True)
        ],
        "value": next(
            (one.name for one, parts in zip(work.candidates, whole, strict=True) if parts == now),
            None,
        ),
    }


def _matters(style: Style, avatar: Avatar, part: str) -> bool:
    if not isinstance(style, DicebearStyle):  # drawing takes too long to find out
        return True
    now = style.svg(avatar)
    others = (one for one in style.parts[part] if one != avatar.parts[part])
    return any(style.svg(avatar.with_(parts={part: one})) != now for one in others)


def _shows(style: Style, avatar: Avatar, colour: str) -> bool:
    if not isinstance(style, DicebearStyle):
        return True
    value = int(avatar.colours[colour][1:], 16)
    other = avatar.with_(colours={colour: f"#{value ^ 0xFFFFFF:06x}"})
    return style.svg(other) != style.svg(avatar)


def _part(style: Style, avatar: Avatar, part: str) -> dict[str, Any]:
    return {
        "kind": "parts",
        "id": part,
        "title": names.part_title(style, part),
        "base": address.query(avatar, without=[part]),
        "zoom": _zoom(style, names.part_roles(style)[part]),
        "options": [
            {"value": variant, "label": label, "add": address.variants({part: variant})}
            for variant, label in names.variant_titles(style, part).items()
        ],
        "value": avatar.parts.get(part),
    }


def _colour(style: Style, avatar: Avatar, colour: str) -> dict[str, Any]:
    value = avatar.colours[colour]
    return {
        "kind": "colour",
        "id": f"{colour}Color",
        "title": names.colour_title(style, colour),
        "name": palettes.nearest(style, colour, value),
        "options": [
            {"value": shade, "label": label} for label, shade in palettes.swatches(style, colour)
        ],
        "value": value,
    }


def _zoom(style: Style, role: Role | None) -> dict[str, str] | None:
    """Return the CSS that shows the part of a picture where a role lies."""
    if role not in _CLOSE or not isinstance(style, DicebearStyle):
        return None
    left, right = style.eyes.tolist()
    apart = right[0] - left[0]
    width, below = _CLOSE[role]
    scale = max(1 / (width * apart), 1.01)
    middle = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2 + below * apart)
    origin = [(scale * at - 0.5) / (scale - 1) for at in middle]
    place = " ".join(f"{100 * min(max(at, 0), 1):.1f}%" for at in origin)
    return {"transform": f"scale({scale:.2f})", "transform-origin": place}
