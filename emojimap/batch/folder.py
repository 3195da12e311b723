"""The folder of results: files that appear whole, a journal of what is done, one run at a time.

    OUT/team/anna.avatar.png    a draft in OUT/.emojimap/drafts first, then moved
    OUT/results.csv             likewise, at the end
    OUT/.emojimap/journal.jsonl first the options, then a line for each photo that is done or failed
    OUT/.emojimap/lock          held while a run lasts; the system lets go of it when a process dies

A process may be killed between any two steps: a file without its line is made again, the same; a
line whose file is missing counts for nothing; a line that was cut off is dropped.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from emojimap.batch import job as job_
from emojimap.errors import ArgumentError, OutputError
from emojimap.files import make_folder

OWN = ".emojimap"
"""Folder, below that of the results, for what a run keeps for itself."""

TABLES = ("results.csv", "results.parquet")

_FORMAT = 1


@dataclass(frozen=True)
class Record:
    """What is known of one photo.

    Parameters
    ----------
    key : str
        See `Item.key`.
    shown : str
        Its path as it was given.
    name : str
        What its files are called.
    style : str
        Name and fingerprint of the style it was drawn in.
    size, modified_ns : int
        Of the photo's file when it was read: bytes, and time of its last change.
    rows : list of dict
        One for each face; `files` holds paths below the folder, by format.
    seconds : float
        Time it took.
    error, kind : str
        Why it failed; else empty.
    """

    key: str
    shown: str
    name: str
    style: str
    size: int
    modified_ns: int
    rows: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""
    kind: str = ""

    @property
    def files(self) -> list[str]:
        """Paths of its files, below the folder."""
        return [path for row in self.rows for path in row["files"].values()]


class Folder:
    """The folder of results while a run lasts.

    Parameters
    ----------
    path : Path
        Made if it is missing.
    options : mapping of str to object
        From `job.options`.
    resume : bool
        Whether to go on where an earlier run ended.
    overwrite : bool
        Whether to take away what an earlier run made.

    Raises
    ------
    OutputError
        If it can't be written, another run is at work in it, or it holds the results of an earlier
        run and neither is wanted.
    ArgumentError
        If the earlier run had other options.
    """

    def __init__(
        self,
        path: Path,
        options: Mapping[str, Any],
        *,
        resume: bool = False,
        overwrite: bool = False,
    ) -> None:
        self.path, self._options = path, dict(options)
        self._own = path / OWN
        self._journal: TextIO | None = None
        self._numbers = itertools.count()
        self.records: dict[str, Record] = {}
        if path.exists() and not path.is_dir():
            raise OutputError(f"{path} is a file: name a folder for the results")
        make_folder(self._own)
        self._lock = _Lock(self._own / "lock", path)
        try:
            with self._told():
                self._begin(resume, overwrite)
        except BaseException:
            self._lock.release()
            raise

    def _begin(self, resume: bool, overwrite: bool) -> None:
        before, records, stale = _read(self._own / "journal.jsonl")
        there = bool(records) or any((self.path / name).exists() for name in TABLES)
        if there and not (resume or overwrite):
            raise OutputError(
                f"{self.path} holds the results of an earlier run: go on with --resume, or replace "
                "them with --overwrite"
            )
        if overwrite:
            self._clear(records, stale)
        elif before is not None:
            different = job_.differences(before, self._options)
            if different:
                raise ArgumentError(
                    f"{self.path} was begun with other options: {'; '.join(different[:4])}: "
                    "give the same, or start again with --overwrite"
                )
            self.records = records
        self._unlink(stale - {file for one in self.records.values() for file in one.files})
        shutil.rmtree(self._own / "drafts", ignore_errors=True)
        (self._own / "drafts").mkdir()
        self._open_journal()

    def _clear(self, records: Mapping[str, Record], stale: set[str]) -> None:
        self._unlink(stale.union(*(record.files for record in records.values())))
        for name in TABLES:
            (self.path / name).unlink(missing_ok=True)
        (self._own / "journal.jsonl").unlink(missing_ok=True)

    def _unlink(self, files: Iterable[str]) -> None:
        for file in sorted(files):
            target = self.path / file
            outside = Path(file).is_absolute() or ".." in Path(file).parts
            if outside or ".avatar." not in target.name:
                continue  # not ours: somebody changed the journal
            target.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # not empty, or not ours
                for folder in list(target.parents)[: len(Path(file).parts) - 1]:
                    folder.rmdir()

    def _open_journal(self) -> None:
        """Write what is known in one go, so that nothing is added to a line that was cut off."""
        lines = [_line({"format": _FORMAT, "options": self._options})]
        lines += [_line(asdict(record)) for record in self.records.values()]
        self._move("".join(lines).encode(), self._own / "journal.jsonl")
        self._journal = (self._own / "journal.jsonl").open("a", encoding="ascii")

    def done(self, key: str, name: str, style: str, state: os.stat_result | None) -> bool:
        """Tell whether a photo is done, has not changed since, and all its files are there.

        Parameters
        ----------
        key, name, style : str
            As in its record.
        state : os.stat_result or None
            Of its file; None if there is none.

        Returns
        -------
        bool
            False for one that failed.
        """
        record = self.records.get(key)
        return (
            record is not None
            and state is not None
            and not record.error
            and (record.name, record.style) == (name, style)
            and (record.size, record.modified_ns) == (state.st_size, state.st_mtime_ns)
            and all((self.path / file).is_file() for file in record.files)
        )

    def keep(self, record: Record, contents: Mapping[str, bytes]) -> None:
        """Write the files of a photo, then its line.

        Parameters
        ----------
        record : Record
            Of the photo.
        contents : mapping of str to bytes
            By paths below the folder.

        Raises
        ------
        OutputError
            If something can't be written.
        """
        before = self.records.get(record.key)
        with self._told():
            for name, content in contents.items():
                target = self.path / name
                target.parent.mkdir(parents=True, exist_ok=True)
                self._move(content, target)
            assert self._journal is not None
            self._journal.write(_line(asdict(record)))
            self._journal.flush()
            self.records[record.key] = record
            if before is not None:
                self._unlink(set(before.files) - set(record.files))

    def write(self, name: str, content: bytes) -> Path:
        """Write a file of the run, whole.

        Parameters
        ----------
        name : str
            Below the folder.
        content : bytes
            What it holds.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        OutputError
            If it can't be written.
        """
        with self._told():
            self._move(content, self.path / name)
        return self.path / name

    def order(self, keys: Iterable[str]) -> None:
        """Write the journal anew, in this order; what is not among the keys comes after.

        Parameters
        ----------
        keys : iterable of str
            Of records.

        Raises
        ------
        OutputError
            If it can't be written.
        """
        self.records = {key: self.records[key] for key in [*keys, *self.records]}
        with self._told():
            if self._journal is not None:
                self._journal.close()
            self._open_journal()

    def forget(self, keys: Iterable[str]) -> None:
        """Drop records; their files stay."""
        for key in list(keys):
            del self.records[key]

    def close(self) -> None:
        """Let another run have the folder."""
        if self._journal is not None:
            self._journal.close()
        shutil.rmtree(self._own / "drafts", ignore_errors=True)
        self._lock.release()

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def _move(self, content: bytes, target: Path) -> None:
        draft = self._own / "drafts" / str(next(self._numbers))
        draft.write_bytes(content)
        os.replace(draft, target)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"{error.filename or self.path} can't be written ({error.strerror or error}): make "
                "room or allow it, and go on with --resume"
            ) from error


def _line(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry) + "\n"


def _read(path: Path) -> tuple[dict[str, Any] | None, dict[str, Record], set[str]]:
    """Return options, the last record of each photo, and files that older records had."""
    records: dict[str, Record] = {}
    stale: set[str] = set()
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # the last is empty, or cut off
    except FileNotFoundError:
        return None, records, stale
    entries = list(_entries(lines))
    if not entries or entries[0].get("format") != _FORMAT:
        return ({} if lines else None), records, stale
    for entry in entries[1:]:
        record = Record(**entry)
        before = records.pop(record.key, None)
        stale.update(before.files if before else ())
        records[record.key] = record
    return dict(entries[0]["options"]), records, stale


def _entries(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # damaged: that photo is done again
        if isinstance(entry, dict):
            yield entry


class _Lock:
    """Held by one process at a time, and let go of when it dies."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._path, self._fd = path, -1
        try:
            self._fd = self._open()
        except OSError as error:
            raise OutputError(
                f"{folder} can't be had ({error.strerror}): another run may be at work in it: let "
                "it end, or name another folder"
            ) from error

    def _open(self) -> int:
        try:
            import fcntl
        except ImportError:  # Windows, where such a file goes with its process
            flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_TEMPORARY", 0)
            return os.open(self._path, flags)
        fd = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            raise
        return fd

    def release(self) -> None:
        """Let go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
