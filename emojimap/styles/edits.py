"""Parts and colours that people set by hand."""

from __future__ import annotations

from collections.abc import Mapping

from emojimap.avatar import Avatar
from emojimap.styles.base import Style

NONE = "none"
"""Said of a part that is to be left out."""


def edited(
    style: Style, avatar: Avatar, parts: Mapping[str, str], colours: Mapping[str, str]
) -> Avatar:
    """Set parts and colours by hand, under the style's names or by their roles.

    Parameters
    ----------
    style : Style
        Of the avatar.
    avatar : Avatar
        As found.
    parts, colours : mapping of str to str
        Names to variants (``none`` takes a part away) and to hex colours.

    Returns
    -------
    Avatar
        With every part and every colour; the same avatar if nothing is set.

    Raises
    ------
    StyleError
        If the style lacks a part, a variant or a colour.
    """
    if not parts and not colours:
        return avatar
    roles: dict[str, str] = {role: names[0] for role, names in style.part_names.items()}
    paints: dict[str, str] = dict(style.colour_names.items())
    return style.check(
        avatar.with_(
            parts={roles.get(k, k): None if v == NONE else v for k, v in parts.items()},
            colours={paints.get(k, k): v for k, v in colours.items()},
        )
    )
