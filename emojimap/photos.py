"""Photos in folders: found by their names; `emojimap.photo` reads one."""

from __future__ import annotations

import os
from pathlib import Path

from emojimap.errors import DataError

_ENDINGS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".ppm", ".pgm", ".pbm", ".pnm"),
    *(".webp", ".tif", ".tiff", ".avif", ".heic", ".heif", ".jp2", ".j2k"),
)
_OWN = (".avatar.png", ".avatar.svg", ".avatar.json")  # what is written beside photos


def is_photo(name: str) -> bool:
    """Tell by a file's name whether it may be a photo, and no avatar of this program's.

    Parameters
    ----------
    name : str
        Without folders.

    Returns
    -------
    bool
        False for hidden files, too.
    """
    own = name.startswith(".") or name.lower().endswith(_OWN)
    return not own and os.path.splitext(name)[1].lower() in _ENDINGS


def walk(folder: Path, *, but: Path | None = None) -> list[Path]:
    """List the photos in a folder and those below it.

    Parameters
    ----------
    folder : Path
        Where to look. Hidden files and folders, links to folders and avatars are passed over.
    but : Path, optional
        A folder to pass over.

    Returns
    -------
    list of Path
        Sorted; by their names only, they may be damaged.

    Raises
    ------
    DataError
        If it is no folder, or one can't be read.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder: name one that holds photos")
    aside = None if but is None else os.path.realpath(but)
    found = []
    for root, below, names in os.walk(folder, onerror=_unreadable):
        below[:] = [
            name
            for name in below
            if not name.startswith(".") and os.path.realpath(os.path.join(root, name)) != aside
        ]
        found += [Path(root, name) for name in names if is_photo(name)]
    return sorted(found)


def find_photos(folder: Path) -> list[Path]:
    """Find the photos in a folder and those below it.

    Parameters
    ----------
    folder : Path
        See `walk`.

    Returns
    -------
    list of Path
        Sorted, one or more.

    Raises
    ------
    DataError
        If there is none, or a folder can't be read.
    """
    found = walk(folder)
    if not found:
        raise DataError(f"{folder} holds no photos: name a folder with JPEG, PNG or HEIC files")
    return found


def _unreadable(error: OSError) -> None:
    raise DataError(f"{error.filename} can't be read ({error.strerror})") from error
