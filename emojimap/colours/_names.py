"""Names that people give to the colours of skin, hair, eyes and cloth."""

from __future__ import annotations

import numpy as np

from emojimap.arrays import U8
from emojimap.errors import ArgumentError

_SKIN = {
    "very fair": "#f6dcc6",
    "fair": "#ecc9a9",
    "light": "#e0b08c",
    "medium": "#cd9570",
    "tan": "#b67b57",
    "brown": "#946143",
    "dark brown": "#704732",
    "very dark": "#4b2f22",
}
_HAIR = {
    "black": "#1f1b1a",
    "dark brown": "#3b2a20",
    "brown": "#5a3f2c",
    "light brown": "#836043",
    "auburn": "#6b3322",
    "red": "#a54b22",
    "ginger": "#c4712f",
    "dark blond": "#a58455",
    "blond": "#cda96b",
    "light blond": "#e5cd97",
    "platinum": "#eee4cf",
    "white": "#ebe9e6",
    "light grey": "#bdbab6",
    "grey": "#8b8885",
    "dark grey": "#575452",
}
_DYES = {
    "bright red": "#c01f26",
    "burgundy": "#6d1430",
    "pink": "#e873a8",
    "magenta": "#c2288a",
    "purple": "#6d3a9c",
    "lavender": "#b39ad6",
    "navy": "#202a5c",
    "blue": "#2f5fc4",
    "light blue": "#7fb6e6",
    "turquoise": "#2aa7a8",
    "green": "#3c9a4a",
    "light green": "#97d08c",
    "orange": "#ee7a1c",
    "yellow": "#f1d63a",
}
_IRIS = {
    "dark brown": "#3f2a1e",
    "brown": "#664026",
    "amber": "#946127",
    "hazel": "#76693a",
    "green": "#5d7c4e",
    "blue-grey": "#6a7f8c",
    "grey": "#7b7f80",
    "blue": "#4f82b0",
    "dark blue": "#33557c",
}
_LIPS = {
    "pale": "#dba79b",
    "rose": "#c77f7b",
    "brownish": "#8a5248",
    "dark": "#5c3733",
    "red": "#b5303a",
    "pink": "#dc6f8d",
    "plum": "#6f2b45",
}
_CLOTH = {
    **{name: _DYES[name] for name in ("pink", "purple", "navy", "blue", "light blue", "turquoise")},
    **{name: _DYES[name] for name in ("green", "light green", "orange", "yellow", "burgundy")},
    "black": "#17171a",
    "dark grey": "#45464a",
    "grey": "#858689",
    "light grey": "#c3c4c6",
    "white": "#f4f4f2",
    "beige": "#d6c3a3",
    "brown": "#6e4a30",
    "olive": "#666b3a",
    "dark green": "#1f4a30",
    "red": "#c3272f",
}
_TABLES = {
    "skin": _SKIN,
    "hair": {**_HAIR, **_DYES},
    "facial_hair": {**_HAIR, **_DYES},
    "brows": _HAIR,
    "iris": _IRIS,
    "lips": _LIPS,
    "glasses": _CLOTH,
    "clothes": _CLOTH,
    "headwear": _CLOTH,
}


def name_of(role: str, colour: U8) -> str:
    """Return the nearest name of a colour by CIEDE2000.

    Parameters
    ----------
    role : str
        What has it: a field of `Colours`.
    colour : (3,) ndarray of uint8
        sRGB.

    Returns
    -------
    str
        In English, lower case.

    Raises
    ------
    ArgumentError
        If the role is not known.
    """
    # scikit-image takes a while to load, and fitting needs no names.
    from emojimap.metrics import delta_e

    if role not in _TABLES:
        raise ArgumentError(f"role {role!r}: give one of {', '.join(_TABLES)}")
    table = _TABLES[role]
    known = np.array([list(bytes.fromhex(text[1:])) for text in table.values()], np.uint8)
    return list(table)[int(np.argmin(delta_e(known, np.asarray(colour, np.uint8))))]
