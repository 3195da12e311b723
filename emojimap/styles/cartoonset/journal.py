r"""The pictures of a set and their records in one file that only grows.

Whatever happens to the process that writes it, all entries but the last are whole; what is left of
a torn one is cut off when the file is opened to go on.

    header   "emojimap cartoonset", algorithm, line break
    entry    sizes of record and PNG (4 bytes each), CRC-32 of the record and sizes, record, PNG
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

from emojimap import files
from emojimap.errors import CacheError, OutputError
from emojimap.styles.cartoonset.extract import ALGORITHM
from emojimap.styles.cartoonset.record import Record

NAME = "pictures.bin"
_HEADER = f"emojimap cartoonset {ALGORITHM}\n".encode()
AGAIN = "run emojimap precompute again"
_ENTRY = struct.Struct("<III")


class Kept(NamedTuple):
    """A record, and where its PNG lies in the file."""

    record: Record
    offset: int
    length: int


class Journal:
    """The file, open for writing; give it to ``with``.

    Parameters
    ----------
    folder : Path
        Where the file is or will be; made if it is missing.

    Raises
    ------
    OutputError
        If it can't be written, or another process is writing it.
    """

    def __init__(self, folder: Path) -> None:
        files.make_folder(folder)
        self.path = folder / NAME
        self.kept: dict[tuple[str, str], Kept] = {}
        try:
            self._file = self.path.open("a+b")
        except OSError as error:
            raise OutputError(f"{self.path} can't be written ({error.strerror})") from error
        try:
            _lock(self._file.fileno(), self.path)
            self._end = self._recover()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, record: Record, content: bytes) -> Kept:
        """Append a picture.

        Parameters
        ----------
        record : Record
            Its measures.
        content : bytes
            PNG.

        Returns
        -------
        Kept
            Where it lies.

        Raises
        ------
        OutputError
            If the disk is full or can't be written; the file is as it was before.
        """
        packed = record.to_bytes()
        sizes = struct.pack("<II", len(packed), len(content))
        head = _ENTRY.pack(len(packed), len(content), zlib.crc32(sizes + packed))
        try:
            self._file.write(head + packed + content)
            self._file.flush()
        except OSError as error:
            raise OutputError(
                f"{self.path} can't be written ({error.strerror}): make room, and run it again"
            ) from error
        kept = Kept(record, self._end + len(head) + len(packed), len(content))
        self._end = kept.offset + len(content)
        self.kept[record.name, record.digest] = kept
        return kept

    def _recover(self) -> int:
        """Read what is there, and cut off what is torn or of another version."""
        self._file.seek(0, os.SEEK_END)
        size = self._file.tell()
        self._file.seek(0)
        end = 0
        if self._file.read(len(_HEADER)) == _HEADER:
            end = len(_HEADER)
            for kept in _entries(self._file, size):
                self.kept[kept.record.name, kept.record.digest] = kept
                end = kept.offset + kept.length
        if end != size:
            self._file.truncate(end)
        if end == 0:
            self._file.write(_HEADER)
            self._file.flush()
            end = len(_HEADER)
        self._file.seek(0, os.SEEK_END)
        return end


def records(folder: Path) -> dict[tuple[str, str], Record]:
    """Return all records, by name and SHA-256 of the picture; none if there is no such file."""
    path = folder / NAME
    try:
        with path.open("rb") as file:
            if file.read(len(_HEADER)) != _HEADER:
                return {}
            found = [kept.record for kept in _entries(file, path.stat().st_size)]
    except OSError as error:
        raise CacheError(f"{path} can't be read ({error.strerror}): {AGAIN}") from error
    return {(record.name, record.digest): record for record in found}


def picture(folder: Path, offset: int, length: int) -> bytes:
    """Return the PNG of a picture.

    Parameters
    ----------
    folder : Path
        Of the journal.
    offset, length : int
        From `Kept`.

    Returns
    -------
    bytes
        As many as asked for; that they are the right ones is checked by their hash.

    Raises
    ------
    CacheError
        If the file is missing or too short.
    """
    path = folder / NAME
    try:
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read(length)
    except OSError as error:
        raise CacheError(f"{path} can't be read ({error.strerror}): {AGAIN}") from error
    if len(content) != length:
        raise CacheError(f"{path} is cut off: {AGAIN}")
    return content


def _entries(file: BinaryIO, size: int) -> Iterator[Kept]:
    """Entries from where a file stands, up to the first that is not whole."""
    while True:
        head = file.read(_ENTRY.size)
        if len(head) < _ENTRY.size:
            return
        record_size, png_size, check = _ENTRY.unpack(head)
        start = file.tell()
        if start + record_size + png_size > size:
            return
        packed = file.read(record_size)
        if zlib.crc32(head[:8] + packed) != check:
            return
        yield Kept(Record.from_bytes(packed), start + record_size, png_size)
        file.seek(start + record_size + png_size)


def _lock(descriptor: int, path: Path) -> None:
    """Keep other processes from writing at the same time, where the system can."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise OutputError(f"{path} is being written by another emojimap: wait for it") from error
