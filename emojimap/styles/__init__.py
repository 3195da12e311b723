"""Art styles by name. A new built-in style is one more pack in this folder.

The Cartoon Set is there once `emojimap precompute` has read it.

Examples
--------
>>> from emojimap import styles
>>> styles.load("avataaars").default().parts["clothes"]
'shirtCrewNeck'
"""

from __future__ import annotations

import contextlib
import difflib
from functools import cache, lru_cache
from pathlib import Path

from emojimap._callable import make_callable
from emojimap.errors import CacheError, StyleError
from emojimap.styles.base import BALD, GROUPS, ColourRole, Group, PartPenalties, Role, Style
from emojimap.styles.dicebear import DicebearStyle
from emojimap.styles.index import cache_folder

__all__ = [
    "BALD",
    "CARTOONSET",
    "GROUPS",
    "ColourRole",
    "Group",
    "PartPenalties",
    "Role",
    "Style",
    "available",
    "load",
    "names",
]

CARTOONSET = "cartoonset"
"""Name of the style, and of its folder among the caches."""

_PACKS = Path(__file__).parent
_own: dict[str, Style] = {}  # packs read in this process, so that their avatars can be drawn
_sets: list[Path] = []  # the folder of a precomputed set that was asked for last, if any


def names() -> tuple[str, ...]:
    """Return the names of the built-in styles, sorted."""
    return tuple(sorted(path.stem for path in _PACKS.glob("*.toml")))


def available() -> list[Style]:
    """Return the styles that can be used now: the built-in ones, and a precomputed set."""
    found = [load(name) for name in names()]
    with contextlib.suppress(StyleError, CacheError):
        found.append(load(CARTOONSET))
    return found


def load(name_or_path: str | Path) -> Style:
    """Return a style.

    Parameters
    ----------
    name_or_path : str or Path
        One of `names`, ``cartoonset``, the path of a pack (``.toml``) or of a precomputed set.

    Returns
    -------
    Style
        A built-in style is read once; one of a path is known by its name from then on, of several
        precomputed sets the last.

    Raises
    ------
    StyleError
        If there is no such style, or its pack can't be used.
    CacheError
        If a precomputed set is damaged.
    """
    name = str(name_or_path)
    if name in names():
        return _builtin(name)
    if name in _own:
        return _own[name]
    if name == CARTOONSET:
        return _precomputed(_sets[-1] if _sets else cache_folder() / CARTOONSET)
    if name.endswith(".toml"):
        return _read(Path(name))
    if Path(name).is_dir():
        found = _precomputed(Path(name))
        _sets[:] = [Path(name)]
        return found
    known = (*names(), CARTOONSET)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise StyleError(
        f"style {name!r} is unknown: {hint}use {', '.join(known)}, or the path of a .toml pack or "
        "of a precomputed set"
    )


def _read(path: Path) -> Style:
    style = DicebearStyle(path)
    if style.name in (*names(), CARTOONSET):
        raise StyleError(f"{path}: {style.name} is a built-in style: give the pack another name")
    _own[style.name] = style
    return style


def _precomputed(folder: Path) -> Style:
    from emojimap.styles.cartoonset import hairstyles, table

    found = [folder / name for name in (table.NAME, hairstyles.NAME)]
    try:
        stamps = [path.stat().st_mtime_ns for path in found if path.exists()]
        there = found[0].is_file()
    except OSError as error:
        raise CacheError(f"{folder} can't be read ({error.strerror}): allow it") from error
    if not there:
        raise StyleError(
            f"{folder} holds no precomputed Cartoon Set: run emojimap precompute PATH once, with "
            "the folder or the .tgz of the set (emojimap precompute --help)"
        )
    return _open(folder, *stamps)


@lru_cache(maxsize=4)
def _open(folder: Path, *stamps: int) -> Style:
    """Open a set; opened again when one of its files has changed."""
    from emojimap.styles.cartoonset.style import CartoonsetStyle

    return CartoonsetStyle(folder)


@cache
def _builtin(name: str) -> Style:
    return DicebearStyle(_PACKS / f"{name}.toml", builtin=True)


make_callable(__name__, names)
