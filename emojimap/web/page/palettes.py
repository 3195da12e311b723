"""Colours that the page offers: a natural range for people, a calm one for things."""

from __future__ import annotations

from typing import TypeAlias

from emojimap.styles import Style
from emojimap.styles.base import ColourRole

Swatches: TypeAlias = tuple[tuple[str, str], ...]

_SKIN: Swatches = (
    ("porcelain", "#f9e0cf"),
    ("fair", "#f0cdb0"),
    ("light", "#e6b491"),
    ("beige", "#d89e76"),
    ("olive", "#c08a5c"),
    ("tan", "#a86f48"),
    ("brown", "#8a5536"),
    ("dark brown", "#684029"),
    ("deep brown", "#4a2c1d"),
    ("ebony", "#332018"),
)
_HAIR: Swatches = (
    ("black", "#221d1c"),
    ("dark brown", "#3d2a20"),
    ("brown", "#5c402d"),
    ("light brown", "#86623f"),
    ("auburn", "#713522"),
    ("red", "#a84a23"),
    ("ginger", "#c8742f"),
    ("dark blond", "#a8875a"),
    ("blond", "#d2ae6d"),
    ("light blond", "#e8d29c"),
    ("white", "#efece7"),
    ("grey", "#99969a"),
    ("dark grey", "#57565a"),
    ("pink", "#e57fa9"),
    ("violet", "#7a4fa8"),
    ("blue", "#3a6bc4"),
    ("teal", "#2a9d94"),
    ("green", "#4f9a55"),
)
_IRIS: Swatches = (
    ("dark brown", "#3f2a1d"),
    ("brown", "#66421f"),
    ("amber", "#97652b"),
    ("hazel", "#77693a"),
    ("green", "#5c7f50"),
    ("grey", "#76828a"),
    ("light blue", "#6fa3c8"),
    ("blue", "#3f74a8"),
    ("dark blue", "#2d4f7a"),
)
_LIPS: Swatches = (
    ("nude", "#d9a596"),
    ("rose", "#c77f79"),
    ("brown", "#8c5247"),
    ("dark", "#5f3833"),
    ("pink", "#de708d"),
    ("red", "#b8303c"),
    ("plum", "#702c47"),
)
_CLOTH: Swatches = (
    ("black", "#1e1f22"),
    ("charcoal", "#45484f"),
    ("grey", "#8d9097"),
    ("white", "#f5f4f0"),
    ("sand", "#d8c5a4"),
    ("brown", "#71503a"),
    ("red", "#c23b3b"),
    ("orange", "#e58439"),
    ("yellow", "#ecc94b"),
    ("olive", "#6d7240"),
    ("green", "#3f8f5b"),
    ("teal", "#1f8a8a"),
    ("light blue", "#8cc0e8"),
    ("blue", "#3b6fd1"),
    ("navy", "#26325e"),
    ("violet", "#7553b3"),
    ("pink", "#e58bb0"),
    ("burgundy", "#7a2338"),
)
_BY_ROLE: dict[ColourRole, Swatches] = {
    "skin": _SKIN,
    "hair": _HAIR,
    "facial_hair": _HAIR,
    "brows": _HAIR[:13],
    "iris": _IRIS,
    "lips": _LIPS,
    "headwear": _CLOTH,
    "clothes": _CLOTH,
    "glasses": _CLOTH,
}


def swatches(style: Style, colour: str) -> Swatches:
    """Return the colours to offer.

    Parameters
    ----------
    style : Style
        Any.
    colour : str
        One of its colours.

    Returns
    -------
    tuple of (str, str)
        Name in plain words and ``#rrggbb``.
    """
    for role, name in style.colour_names.items():
        if name == colour:
            return _BY_ROLE[role]
    return _CLOTH


def nearest(style: Style, colour: str, value: str) -> str:
    """Return the plain name of the offered colour that is nearest to a value.

    Parameters
    ----------
    style : Style
        Any.
    colour : str
        One of its colours.
    value : str
        ``#rrggbb``.

    Returns
    -------
    str
        By CIEDE2000.
    """
    import numpy as np

    from emojimap.metrics import delta_e

    offered = swatches(style, colour)
    known = np.array([list(bytes.fromhex(text[1:])) for _, text in offered], np.uint8)
    wanted = np.array(list(bytes.fromhex(value[1:])), np.uint8)
    return offered[int(np.argmin(delta_e(known, wanted)))][0]
