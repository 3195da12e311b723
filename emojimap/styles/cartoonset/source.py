"""Pictures and attributes of a Cartoon Set: a folder, or the archive as it was downloaded.

Archives are read as a stream and never unpacked to disk.
"""

from __future__ import annotations

import csv
import hashlib
import lzma
import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from emojimap.errors import DataError

MAX_BYTES = 4 * 1024 * 1024
"""Larger entries are no pictures of this set: they have 30 to 70 kB."""

_TAR = (".tgz", ".tar.gz", ".tar", ".tar.xz", ".tar.bz2")
_MOST, _LONGEST = 32_000, 1000
_ARCHIVES = (*_TAR, ".zip")
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(OSError, RuntimeError, NotImplementedError),  # encrypted, or packed in a way of its own
)
_NAME = re.compile(r"[a-z][a-zA-Z0-9]{0,63}")


@dataclass(frozen=True)
class Entry:
    """One file of the set.

    Parameters
    ----------
    name : str
        Stem of the file, which names the picture.
    place : str
        Where it stands, for messages.
    content : bytes
        PNG, or CSV.
    is_picture : bool
        False for a CSV.
    done : float
        Share 0..1 of the source that has been read.
    fault : str
        Why it can't be read; empty if it was.
    """

    name: str
    place: str
    content: bytes
    is_picture: bool
    done: float
    fault: str = ""


def read(path: Path) -> Iterator[Entry]:
    """Yield the pictures and attribute files of a set, in the order in which they lie there.

    Parameters
    ----------
    path : Path
        A folder, searched with all below it, or an archive: tar, packed or not, or zip; a folder
        that holds one archive and no picture stands for the archive.

    Yields
    ------
    Entry
        PNG and CSV files; all else is passed over.

    Raises
    ------
    DataError
        If there is no such thing, or the archive is damaged.
    """
    try:
        kind = "folder" if path.is_dir() else "file" if path.exists() else "gone"
        if kind == "file" and zipfile.is_zipfile(path):
            kind = "zip"
    except OSError as error:
        raise DataError(f"{path} can't be read ({error.strerror}): give another path") from error
    if kind == "folder":
        return _folder(path)
    if kind == "gone":
        raise DataError(
            f"{path} does not exist: give the folder or the .tgz of the Cartoon Set "
            "(https://google.github.io/cartoonset/)"
        )
    if kind == "zip":
        return _zip(path)
    if path.name.lower().endswith(_TAR):
        return _tar(path)
    if path.name.lower().endswith(".zip"):
        raise DataError(f"{path} is damaged (no list of its files): download it again")
    raise DataError(f"{path} is neither a folder nor a .tgz, .tar or .zip archive")


def name_of(stem: str) -> str:
    """Return the name that a picture is known by: its stem as a camelCase word.

    What had to be changed ends in a few digits of its hash, so that other stems keep apart.

    Examples
    --------
    >>> name_of("cs100214067654451312"), name_of("Face 07_b")
    ('cs100214067654451312', 'face07Bx1d059f')
    """
    if _NAME.fullmatch(stem):
        return stem
    words = [word for word in re.split(r"[^a-zA-Z0-9]+", stem) if word] or ["picture"]
    name = words[0][0].lower() + words[0][1:] + "".join(w[0].upper() + w[1:] for w in words[1:])
    name = name if name[0].isalpha() else f"cs{name}"
    return f"{name[:50]}x{hashlib.sha256(stem.encode('utf-8', 'replace')).hexdigest()[:6]}"


def attributes(content: bytes) -> dict[str, int]:
    r"""Read the attributes of a picture.

    Parameters
    ----------
    content : bytes
        Lines of ``"name", value, number of values``.

    Returns
    -------
    dict of str to int
        Value of each attribute.

    Raises
    ------
    DataError
        If a line is something else.

    Examples
    --------
    >>> attributes(b'"hair", 12, 111\n"glasses", 3, 12\n')
    {'hair': 12, 'glasses': 3}
    """
    text = content.decode("utf-8-sig", "replace")
    found = {}
    for line in text.splitlines():
        row = next(csv.reader([line[:_LONGEST]], skipinitialspace=True), [])
        if not row:
            continue
        try:
            name, value, _ = row
            found[name.strip()] = int(value)
            if not 0 <= found[name.strip()] <= _MOST:
                raise ValueError(value)
        except ValueError as error:
            raise DataError(f'line {",".join(row)!r} is not "name", value, count') from error
    return found


def _folder(path: Path) -> Iterator[Entry]:
    """Files below a folder; or of the archive in it, if there is no picture but one archive."""
    found = _listing(path)
    archives = [
        file for file in found if file.parent == path and file.name.lower().endswith(_ARCHIVES)
    ]
    wanted = [file for file in found if _kind(file.name)]
    if archives and not any(_kind(file.name) == ".png" for file in wanted):
        if len(archives) > 1:
            names = ", ".join(file.name for file in archives)
            raise DataError(f"{path} holds no PNG but several archives, {names}: give one of them")
        return read(archives[0])
    return _files(wanted)


def _listing(path: Path) -> list[Path]:
    """All files below a folder that are not hidden, sorted; links are followed once."""

    def fail(error: OSError) -> None:
        raise DataError(f"{error.filename} can't be read ({error.strerror}): allow it") from error

    found, seen = [], set()
    for folder, folders, names in os.walk(path, followlinks=True, onerror=fail):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        found += [Path(folder) / name for name in names if not name.startswith(".")]
    return sorted(found)


def _files(found: Sequence[Path]) -> Iterator[Entry]:
    for i, file in enumerate(found):
        content, fault = b"", ""
        try:
            size = file.stat().st_size
            content = file.read_bytes() if size <= MAX_BYTES else b""
            fault = _too_large(size)
        except OSError as error:
            fault = f"can't be read ({error.strerror})"
        yield _entry(file.name, str(file), content, (i + 1) / len(found), fault)


def _zip(path: Path) -> Iterator[Entry]:
    try:
        with zipfile.ZipFile(path) as archive:
            found = [info for info in archive.infolist() if _kind(_last(info.filename))]
            for i, info in enumerate(found):
                content, fault = b"", _too_large(info.file_size)
                try:
                    content = b"" if fault else archive.read(info)
                except _DAMAGE as error:
                    fault = f"can't be unpacked ({error})"
                place = f"{path}:{info.filename}"
                yield _entry(_last(info.filename), place, content, (i + 1) / len(found), fault)
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{path} is damaged ({error}): download it again") from error


def _tar(path: Path) -> Iterator[Entry]:
    size = max(path.stat().st_size, 1)
    try:
        with path.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|*") as archive:
            for info in archive:
                if not _kind(_last(info.name)) or not info.isfile():
                    continue
                fault = _too_large(info.size)
                stream = None if fault else archive.extractfile(info)
                content = b"" if stream is None else stream.read()
                place = f"{path}:{info.name}"
                yield _entry(_last(info.name), place, content, _position(raw) / size, fault)
    except (tarfile.TarError, *_DAMAGE) as error:
        raise DataError(f"{path} is damaged ({error}): download it again") from error


def _too_large(size: int) -> str:
    if size <= MAX_BYTES:
        return ""
    return f"{size / 1e6:.0f} MB: pictures of the set have at most {MAX_BYTES / 1e6:.0f}"


def _position(raw: BinaryIO) -> int:
    return raw.tell()


def _entry(file: str, place: str, content: bytes, done: float, fault: str) -> Entry:
    stem = PurePosixPath(file).stem
    return Entry(name_of(stem), place, content, _kind(file) == ".png", min(done, 1.0), fault)


def _last(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _kind(file: str) -> str | None:
    """Suffix of a file that counts; hidden ones, as macOS puts beside each file, do not."""
    suffix = PurePosixPath(file).suffix.lower()
    return suffix if suffix in (".png", ".csv") and not file.startswith(".") else None
