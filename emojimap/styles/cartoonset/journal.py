r"""The pictures of a set and their records in one file that only grows.

Whatever happens to the process that writes it, all entries but the last are whole; what is left of
a torn one is cut off when the file is opened to go on.

    header   "emojimap cartoonset", algorithm, line break
    entry    sizes of record and PNG (4 bytes each), CRC-32 of the record and sizes, record, PNG
"""

from __future__ import annotations

import contextlib
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


class Place(NamedTuple):
    """Where a picture lies in the file: its record, and its PNG behind that."""

    start: int
    record_size: int
    png_size: int

    @property
    def offset(self) -> int:
        """Byte at which the PNG starts."""
        return self.start + self.record_size

    @property
    def end(self) -> int:
        """Byte behind the PNG."""
        return self.offset + self.png_size


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
        self.places: dict[tuple[str, str], Place] = {}
        try:
            self._file = self.path.open("a+b", buffering=0)
        except OSError as error:
            raise OutputError(
                f"{self.path} can't be written ({error.strerror}): choose another folder"
            ) from error
        try:
            _lock(self._file.fileno(), self.path)
            self._end = self._recover()
        except OSError as error:
            self._file.close()
            raise self._full(error) from error
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
        with contextlib.suppress(OSError):  # what could not be kept is read again
            os.fsync(self._file.fileno())
        self._file.close()

    def add(self, record: Record, content: bytes) -> Place:
        """Append a picture.

        Parameters
        ----------
        record : Record
            Its measures.
        content : bytes
            PNG.

        Returns
        -------
        Place
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
            self._append(head + packed + content)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(self._end)
            raise self._full(error) from error
        place = Place(self._end + len(head), len(packed), len(content))
        self._end = place.end
        self.places[record.name, record.digest] = place
        return place

    def record(self, place: Place) -> Record:
        """Return the record of a picture; CacheError if it is damaged."""
        self._file.seek(place.start)
        return Record.from_bytes(self._file.read(place.record_size) or b"")

    def _append(self, content: bytes) -> None:
        left = memoryview(content)
        while left:
            left = left[self._file.write(left) :]

    def _full(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self.path} can't be written ({error.strerror}): make room, and run it again"
        )

    def _recover(self) -> int:
        """Read what is there, and cut off what is torn or of another version."""
        self._file.seek(0, os.SEEK_END)
        size = self._file.tell()
        end = 0
        with self.path.open("rb") as file:
            if file.read(len(_HEADER)) == _HEADER:
                end = len(_HEADER)
                for record, place in _entries(file, size):
                    self.places[record.name, record.digest] = place
                    end = place.end
        if end != size:
            self._file.truncate(end)
        if end == 0:
            self._append(_HEADER)
            end = len(_HEADER)
        self._file.seek(0, os.SEEK_END)
        return end


def records(folder: Path) -> Iterator[Record]:
    """Yield all records, one after the other.

    Parameters
    ----------
    folder : Path
        Of the journal.

    Yields
    ------
    Record
        In the order in which the pictures were read.

    Raises
    ------
    CacheError
        If there is no such file, or it is of another version.
    """
    path = folder / NAME
    try:
        with path.open("rb") as file:
            if file.read(len(_HEADER)) != _HEADER:
                raise CacheError(f"{path} was made by another version of emojimap: {AGAIN}")
            for record, _ in _entries(file, path.stat().st_size):
                yield record
    except OSError as error:
        raise CacheError(f"{path} can't be read ({error.strerror}): {AGAIN}") from error


def picture(folder: Path, offset: int, length: int) -> bytes:
    """Return the PNG of a picture.

    Parameters
    ----------
    folder : Path
        Of the journal.
    offset, length : int
        From a `Place`.

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


def _entries(file: BinaryIO, size: int) -> Iterator[tuple[Record, Place]]:
    """Entries from where a file stands, up to the first that is not whole."""
    while True:
        head = file.read(_ENTRY.size)
        if len(head) < _ENTRY.size:
            return
        record_size, png_size, check = _ENTRY.unpack(head)
        place = Place(file.tell(), record_size, png_size)
        if place.end > size:
            return
        packed = file.read(record_size)
        if zlib.crc32(head[:8] + packed) != check:
            return
        yield Record.from_bytes(packed), place
        file.seek(place.end)


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
