"""Art styles by name. A new built-in style is one more pack in this folder.

Examples
--------
>>> from emojimap import styles
>>> styles.load("avataaars").default().parts["clothes"]
'shirtCrewNeck'
"""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

from emojimap._callable import make_callable
from emojimap.errors import StyleError
from emojimap.styles.base import BALD, GROUPS, ColourRole, Group, Role, Style
from emojimap.styles.dicebear import DicebearStyle

__all__ = ["BALD", "GROUPS", "ColourRole", "Group", "Role", "Style", "load", "names"]

_PACKS = Path(__file__).parent
_own: dict[str, Style] = {}  # packs read in this process, so that their avatars can be drawn


def names() -> tuple[str, ...]:
    """Return the names of the built-in styles, sorted."""
    return tuple(sorted(path.stem for path in _PACKS.glob("*.toml")))


def load(name_or_path: str | Path) -> Style:
    """Return a style.

    Parameters
    ----------
    name_or_path : str or Path
        One of `names`, or the path of a pack (``.toml``).

    Returns
    -------
    Style
        A built-in style is read once; one of a pack is known by its name from then on.

    Raises
    ------
    StyleError
        If there is no such style, or its pack can't be used.
    """
    name = str(name_or_path)
    if name in names():
        return _builtin(name)
    if name in _own:
        return _own[name]
    if name.endswith(".toml"):
        return _read(Path(name))
    near = difflib.get_close_matches(name, names(), n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise StyleError(
        f"style {name!r} is unknown: {hint}use {', '.join(names())} or the path of a .toml pack"
    )


def _read(path: Path) -> Style:
    style = DicebearStyle(path)
    if style.name in names():
        raise StyleError(f"{path}: {style.name} is a built-in style: give the pack another name")
    _own[style.name] = style
    return style


@cache
def _builtin(name: str) -> Style:
    return DicebearStyle(_PACKS / f"{name}.toml", builtin=True)


make_callable(__name__, names)
