"""The engine: photos go to the pool, what comes back is written, what is done is not done again.

items ─> done before? ─> pool ─> files, journal ─> (all done) table, journal in order
"""

from __future__ import annotations

import os
import queue
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from pathlib import Path

from emojimap import styles
from emojimap.batch import table
from emojimap.batch.folder import Folder, Record
from emojimap.batch.inputs import Item
from emojimap.batch.job import Job
from emojimap.batch.names import names as named
from emojimap.batch.pool import Pool, styles_of
from emojimap.batch.task import Outcome, failed
from emojimap.errors import ClusterError, PhotoError, WorkerError

_LOOK_S = 1.0
"""Time between two looks whether the workers are still there."""


@dataclass
class Report:
    """What came of a run.

    Parameters
    ----------
    photos : int
        That were asked for.
    done_before : int
        That an earlier run had done.
    avatars : int
        Faces in the table.
    failures : list of (str, str)
        Photos and reasons.
    seconds : float
        Time of this run.
    table : Path or None
        File with all results.
    """

    photos: int = 0
    done_before: int = 0
    avatars: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    table: Path | None = None

    @property
    def rate(self) -> float:
        """Photos of this run per second."""
        return (self.photos - self.done_before) / self.seconds if self.seconds > 0 else 0.0


Progress = Callable[[int, int, int], None]
"""Called with the photos that are done, those of this run, and the failures so far."""


class Run:
    """A run over photos, and over those that come later.

    Parameters
    ----------
    folder : Folder
        Where results go.
    job : Job
        What to do with each photo.
    kind : {"csv", "parquet"}
        Of the table.
    progress : callable, optional
        See `Progress`.
    """

    def __init__(
        self, folder: Folder, job: Job, *, kind: str = "csv", progress: Progress | None = None
    ) -> None:
        self.folder, self.job, self._kind = folder, job, kind
        self._asked: list[str] = []
        self._progress = progress or (lambda done, photos, failures: None)

    def __call__(self, items: Sequence[Item], pool: Pool, *, again: bool = True) -> Report:
        """Fit what is not done yet, and write the table.

        Parameters
        ----------
        items : sequence of Item
            All photos, those that are done among them.
        pool : Pool
            Where to.
        again : bool
            Whether those that failed before are tried again, though they have not changed.

        Returns
        -------
        Report
            Of all photos.

        Raises
        ------
        OutputError
            If something can't be written.
        EmojimapError
            If the fault is not a photo's.
        """
        begin = time.monotonic()
        tasks = self._tasks(items)
        missing = [one for one in tasks if not self._is_done(one, again)]
        self._asked = [one.item.key for one in tasks]
        self._fit(missing, len(tasks), pool)
        path = self.write_table()
        return self._report(tasks, len(missing), time.monotonic() - begin, path)

    def missing(self, items: Sequence[Item], *, again: bool = True) -> list[Item]:
        """List what a call would fit.

        Parameters
        ----------
        items : sequence of Item
            All photos.
        again : bool
            As in a call.

        Returns
        -------
        list of Item
            In order.
        """
        return [one.item for one in self._tasks(items) if not self._is_done(one, again)]

    def write_table(self) -> Path:
        """Write the table of what is done: photos as they were asked for, then earlier ones.

        Returns
        -------
        Path
            The table.
        """
        folder = self.folder
        asked = [key for key in dict.fromkeys(self._asked) if key in folder.records]
        folder.forget({key for key, one in folder.records.items() if one.error} - set(asked))
        folder.order(asked)
        records = list(folder.records.values())
        drawn = {row["style"]: None for one in records for row in one.rows}
        used = [styles.load(name) for name in dict.fromkeys([self._own_style(), *drawn])]
        columns = table.columns(used, self.job.formats)
        lines = (line for record in records for line in table.rows(record))
        write = table.as_parquet if self._kind == "parquet" else table.as_csv
        return folder.write(f"results.{self._kind}", write(columns, lines))

    def _own_style(self) -> str:
        return styles.load(self.job.style).name

    def _tasks(self, items: Sequence[Item]) -> list[_Task]:
        before = {key: one.name for key, one in self.folder.records.items()}
        stamps = {style: _stamp(style) for style in styles_of(self.job, items)}
        found = []
        for item, name in zip(items, named(items, before), strict=True):
            style = item.style or self.job.style
            found.append(_Task(item, name, style, stamps[style], _state(item.path)))
        return found

    def _is_done(self, one: _Task, again: bool) -> bool:
        record = self.folder.records.get(one.item.key)
        if record is not None and record.error and not again:
            return (record.size, record.modified_ns) == _size_and_time(one.state)
        return self.folder.done(one.item.key, one.name, one.stamp, one.state)

    def _fit(self, missing: Sequence[_Task], photos: int, pool: Pool) -> None:
        failures, done = 0, photos - len(missing)
        self._progress(done, photos, failures)
        for one, outcome in _outcomes(missing, self.job, pool):
            self._keep(one, outcome)
            done, failures = done + 1, failures + bool(outcome.error)
            self._progress(done, photos, failures)

    def _keep(self, one: _Task, outcome: Outcome) -> None:
        contents: dict[str, bytes] = {}
        rows = []
        for face in outcome.faces:
            number = f".{face.row['face']}" if self.job.face is None else ""
            files = {kind: f"{one.name}{number}.avatar.{kind}" for kind in face.files}
            contents.update((files[kind], content) for kind, content in face.files.items())
            rows.append({**face.row, "files": files})
        size, modified = _size_and_time(one.state)
        item = one.item
        record = Record(
            *(item.key, item.shown, one.name, one.stamp, size, modified, rows),
            *(outcome.seconds, outcome.error, outcome.kind),
        )
        self.folder.keep(record, contents)

    def _report(self, tasks: Sequence[_Task], fitted: int, seconds: float, path: Path) -> Report:
        records = [self.folder.records[one.item.key] for one in tasks]
        return Report(
            photos=len(tasks),
            done_before=len(tasks) - fitted,
            avatars=sum(len(record.rows) for record in records),
            failures=[(record.shown, record.error) for record in records if record.error],
            seconds=seconds,
            table=path,
        )


@dataclass(frozen=True)
class _Task:
    item: Item
    name: str
    style: str
    stamp: str
    state: os.stat_result | None


def _outcomes(missing: Sequence[_Task], job: Job, pool: Pool) -> Iterator[tuple[_Task, Outcome]]:
    """Keep the pool busy, and no more photos under way than it asks for."""
    waiting = deque(missing)
    came: queue.SimpleQueue[tuple[_Task, Future[Outcome]]] = queue.SimpleQueue()
    under_way = 0
    while waiting or under_way:
        while waiting and under_way < max(1, pool.ahead()):
            one = waiting.popleft()
            if one.item.fault:
                yield one, failed(PhotoError(one.item.fault))
                continue
            future = pool.submit(job, one.style, one.item)
            future.add_done_callback(lambda future, one=one: came.put((one, future)))  # type: ignore[misc]
            under_way += 1
        if not under_way:
            continue
        try:
            one, future = came.get(timeout=_LOOK_S)
        except queue.Empty:
            pool.check()
            continue
        under_way -= 1
        yield one, _outcome(future)


def _outcome(future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except WorkerError as error:
        return failed(error)
    except CancelledError as error:
        raise ClusterError("the cluster is gone: look after it, and go on with --resume") from error


def _state(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def _size_and_time(state: os.stat_result | None) -> tuple[int, int]:
    return (state.st_size, state.st_mtime_ns) if state else (-1, -1)


def _stamp(style: str) -> str:
    drawn = styles.load(style)
    return f"{drawn.name} {drawn.fingerprint[:16]}"
