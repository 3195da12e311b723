"""Pictures and attributes of a Cartoon Set: a folder, or the archive as it was downloaded.

Archives are read as a stream and never unpacked to disk.
"""

from __future__ import annotations

import csv
import io
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
_MOST = 32_000
_ARCHIVES = (*_TAR, ".zip")
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
    """

    name: str
    place: str
    content: bytes
    is_picture: bool
    done: float


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
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if _kind(file.name) and file.is_file())
        archives = [file for file in path.iterdir() if file.name.lower().endswith(_ARCHIVES)]
        return read(archives[0]) if len(archives) == 1 and not found else _files(found)
    if not path.exists():
        raise DataError(
            f"{path} does not exist: give the folder or the .tgz of the Cartoon Set "
            "(https://google.github.io/cartoonset/)"
        )
    if zipfile.is_zipfile(path):
        return _zip(path)
    if path.name.lower().endswith(_TAR):
        return _tar(path)
    raise DataError(f"{path} is neither a folder nor a .tgz, .tar or .zip archive")


def name_of(stem: str) -> str:
    """Return the name that a picture is known by: its stem as a camelCase word.

    Examples
    --------
    >>> name_of("cs100214067654451312"), name_of("Face 07_b")
    ('cs100214067654451312', 'face07B')
    """
    if _NAME.fullmatch(stem):
        return stem
    words = [word for word in re.split(r"[^a-zA-Z0-9]+", stem) if word] or ["picture"]
    name = words[0][0].lower() + words[0][1:] + "".join(w[0].upper() + w[1:] for w in words[1:])
    return (name if name[0].isalpha() else f"cs{name}")[:64]


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
    text = content.decode("utf-8", "replace")
    found = {}
    for row in csv.reader(io.StringIO(text), skipinitialspace=True):
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


def _files(found: Sequence[Path]) -> Iterator[Entry]:
    for i, file in enumerate(found):
        try:
            content = file.read_bytes() if file.stat().st_size <= MAX_BYTES else b""
        except OSError as error:
            raise DataError(f"{file} can't be read ({error.strerror})") from error
        yield _entry(file.name, str(file), content, (i + 1) / len(found))


def _zip(path: Path) -> Iterator[Entry]:
    try:
        with zipfile.ZipFile(path) as archive:
            found = [info for info in archive.infolist() if _kind(_last(info.filename))]
            for i, info in enumerate(found):
                content = archive.read(info) if info.file_size <= MAX_BYTES else b""
                place = f"{path}:{info.filename}"
                yield _entry(_last(info.filename), place, content, (i + 1) / len(found))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
        raise DataError(f"{path} is damaged ({error}): download it again") from error


def _tar(path: Path) -> Iterator[Entry]:
    size = max(path.stat().st_size, 1)
    try:
        with path.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|*") as archive:
            for info in archive:
                if not _kind(_last(info.name)) or not info.isfile():
                    continue
                stream = archive.extractfile(info) if info.size <= MAX_BYTES else None
                content = b"" if stream is None else stream.read()
                place = f"{path}:{info.name}"
                yield _entry(_last(info.name), place, content, _position(raw) / size)
    except (tarfile.TarError, zlib.error, OSError, EOFError) as error:
        raise DataError(f"{path} is damaged ({error}): download it again") from error


def _position(raw: BinaryIO) -> int:
    return raw.tell()


def _entry(file: str, place: str, content: bytes, done: float) -> Entry:
    stem = PurePosixPath(file).stem
    return Entry(name_of(stem), place, content, _kind(file) == ".png", min(done, 1.0))


def _last(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _kind(file: str) -> str | None:
    """Suffix of a file that counts; hidden ones, as macOS puts beside each file, do not."""
    suffix = PurePosixPath(file).suffix.lower()
    return suffix if suffix in (".png", ".csv") and not file.startswith(".") else None
