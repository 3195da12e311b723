"""Avatars as pictures: SVG, RGBA pixels, and files of either kind or of JSON."""

from __future__ import annotations

from pathlib import Path

from emojimap import files, styles
from emojimap.arrays import U8
from emojimap.avatar import Avatar
from emojimap.errors import ArgumentError, OutputError

SIZE_MAX = 4096
SUFFIXES = (".png", ".svg", ".json")


def to_svg(avatar: Avatar) -> str:
    """Draw an avatar as SVG.

    Parameters
    ----------
    avatar : Avatar
        What to draw.

    Returns
    -------
    str
        A document, the same text for equal avatars.

    Raises
    ------
    StyleError
        If the style, a part, a variant or a colour is unknown.
    """
    return styles.load(avatar.style).svg(avatar)


def to_image(avatar: Avatar, size: int = 512) -> U8:
    """Draw an avatar as pixels.

    Parameters
    ----------
    avatar : Avatar
        What to draw.
    size : int
        Width and height, 1 to `SIZE_MAX` pixels.

    Returns
    -------
    (size, size, 4) ndarray of uint8
        RGBA, alpha not multiplied in, transparent around the figure.

    Raises
    ------
    ArgumentError
        If the size is out of range.
    StyleError
        As in `to_svg`.
    """
    return styles.load(avatar.style).pixels(avatar, _checked(size))


def to_png(avatar: Avatar, size: int = 512) -> bytes:
    """Draw an avatar as PNG, the same bytes for equal avatars; see `to_image`."""
    return styles.load(avatar.style).png(avatar, _checked(size))


def write(avatar: Avatar, path: str | Path, size: int = 512) -> None:
    """Write an avatar to a file, whole or not at all.

    Parameters
    ----------
    avatar : Avatar
        What to write.
    path : str or Path
        Its suffix decides: ``.png``, ``.svg`` or ``.json``.
    size : int
        Width and height of a PNG, pixels.

    Raises
    ------
    OutputError
        If the suffix is unknown or the file can't be written.
    ArgumentError, StyleError
        As in `to_image`.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise OutputError(f"{target}: unknown suffix {suffix!r}: use {', '.join(SUFFIXES)}")
    if suffix == ".png":
        content = to_png(avatar, size)
    else:
        full = styles.load(avatar.style).check(avatar)
        content = (to_svg(full) if suffix == ".svg" else full.to_json()).encode()
    files.write(target, content)


def _checked(size: int) -> int:
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= SIZE_MAX:
        raise ArgumentError(f"size {size!r}: give 1 to {SIZE_MAX} pixels")
    return size
