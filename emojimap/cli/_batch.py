"""What `batch` shows: progress, counts, failures and the contact sheet."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emojimap.batch.folder import Folder
    from emojimap.batch.run import Progress, Report

_NAMED = 20
_PAIRS = 200
_WINDOW_S = 30.0
_EVERY_S, _LEAST_S, _SHARE = 10.0, 2.0, 0.05


class _Rate:
    """Photos per second of late."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def at(self, done: int) -> float:
        now = time.monotonic()
        if self._seen and done < self._seen[-1][1]:  # another pass
            self._seen.clear()
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[0][0] > _WINDOW_S:
            self._seen.popleft()
        begin, first = self._seen[0]
        return (done - first) / (now - begin) if now > begin else 0.0


@contextmanager
def progress() -> Iterator[Progress]:
    """Show on stderr how much is done, how fast it goes, how long it will take, what failed.

    Yields
    ------
    callable
        See `emojimap.batch.run.Progress`. Where stderr is no terminal, lines come now and then.
    """
    if sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _Lines()


class _Lines:
    def __init__(self) -> None:
        self._rate, self._said, self._done = _Rate(), time.monotonic(), 0

    def __call__(self, done: int, photos: int, failures: int) -> None:
        rate = self._rate.at(done)
        since = time.monotonic() - self._said
        much = done - self._done >= _SHARE * photos
        if since < _LEAST_S or not (much or since >= _EVERY_S) or done == photos:
            return
        self._said, self._done = time.monotonic(), done
        sys.stderr.write(f"{done:,} of {photos:,} photos, {_rest(done, photos, rate)}")
        sys.stderr.write(f", {failures:,} failed\n" if failures else "\n")
        sys.stderr.flush()


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.completed:,} of {task.total:,} photos"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
    )
    rate = _Rate()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("photos", total=0, told="")

        def show(done: int, photos: int, failures: int) -> None:
            told = _rest(done, photos, rate.at(done))
            told += f", {failures:,} failed" if failures else ""
            bar.update(task, completed=done, total=photos, told=told)

        yield show


def _rest(done: int, photos: int, rate: float) -> str:
    if not rate:
        return "starting"
    left = round((photos - done) / rate)
    clock = f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02}"
    return f"{rate:.1f} photos/s, {clock} left"


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end what runs as Ctrl-C does."""

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def summary(report: Report) -> str:
    """Say in one line what came of a run.

    Parameters
    ----------
    report : Report
        Of the run.

    Returns
    -------
    str
        Counts, rate and the table's file.
    """
    parts = [f"{report.avatars:,} avatar{'s' * (report.avatars != 1)}"]
    if report.failures:
        parts.append(f"{len(report.failures):,} failed")
    if report.done_before:
        parts.append(f"{report.done_before:,} done before")
    if report.photos > report.done_before:
        parts.append(f"{report.rate:.1f} photos/s")
    photos = f"{report.photos:,} photo{'s' * (report.photos != 1)}"
    return f"{photos}: {', '.join(parts)}; {report.table}"


class Teller:
    """Names failures, each once, and says what came of a run, on stderr.

    Parameters
    ----------
    as_json : bool
        Whether to print the counts on stdout, too, for programs.
    lines : bool
        Whether each time on a single line.
    """

    def __init__(self, *, as_json: bool, lines: bool = False) -> None:
        self._as_json, self._indent = as_json, None if lines else 2
        self._named: set[tuple[str, str]] = set()

    def __call__(self, report: Report) -> None:
        """Tell what came of a run."""
        fresh = [one for one in report.failures if one not in self._named]
        self._named.update(fresh)
        for shown, error in fresh[:_NAMED]:
            sys.stderr.write(f"emojimap: {_printable(shown)}: {error}\n")
        if len(fresh) > _NAMED:
            more = len(fresh) - _NAMED
            sys.stderr.write(f"emojimap: {more:,} more failed, see {report.table}\n")
        sys.stderr.write(f"{summary(report)}\n")
        sys.stderr.flush()
        if self._as_json:
            sys.stdout.write(json.dumps(_as_dict(report), indent=self._indent) + "\n")
            sys.stdout.flush()


def _as_dict(report: Report) -> dict[str, Any]:
    return {
        "photos": report.photos,
        "avatars": report.avatars,
        "failed": len(report.failures),
        "done_before": report.done_before,
        "seconds": round(report.seconds, 3),
        "photos_per_second": round(report.rate, 3),
        "table": str(report.table),
        "failures": [{"photo": shown, "error": error} for shown, error in report.failures],
    }


def _printable(text: str) -> str:
    return text if text.isprintable() else repr(text)


def draw_sheet(folder: Folder, target: Path) -> None:
    """Draw faces of a run beside their avatars, evenly chosen where there are many.

    Parameters
    ----------
    folder : Folder
        With the records of the run.
    target : Path
        PNG.
    """
    from emojimap import sheet

    faces = [(record, row) for record in folder.records.values() for row in record.rows]
    count = min(_PAIRS, len(faces))
    if not count:
        sys.stderr.write(f"{target}: not drawn, there are no avatars\n")
        return
    chosen = [faces[i * len(faces) // count] for i in range(count)]
    sheet.write(sheet.pairs(_pairs(chosen)), target)
    some = f", {count} of {len(faces):,} faces" if count < len(faces) else ""
    sys.stderr.write(f"{target}{some}\n")


def _pairs(faces: list[tuple[Any, dict[str, Any]]]) -> Iterator[Any]:
    from emojimap import photo
    from emojimap.avatar import Avatar
    from emojimap.errors import PhotoError

    read: dict[str, Any] = {}
    for record, row in faces:
        path = record.key.partition("\0")[0]
        if path not in read:
            read.clear()  # faces of one photo follow each other
            try:
                read[path] = photo.read(path)
            except PhotoError:  # taken away since: its avatar is drawn alone
                read[path] = None
        avatar = Avatar(row["style"], row["parts"], row["colours"])
        yield read[path], tuple(row["box"]), avatar
