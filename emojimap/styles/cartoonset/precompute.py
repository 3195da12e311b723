"""From the pictures of a set to a style: read each once, keep what is found, go on where it was.

source -> workers: records -> journal -> hairstyles, table -> index of the masks
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from emojimap import __version__
from emojimap.cluster import connect
from emojimap.errors import DataError, PhotoError
from emojimap.styles.cartoonset import consensus, hairstyles, record, source, table
from emojimap.styles.cartoonset.journal import Journal, Place
from emojimap.styles.cartoonset.record import Record
from emojimap.styles.cartoonset.source import Entry
from emojimap.workers import workers

_AHEAD = 4
"""Pictures that wait for each worker: enough to keep it busy, few enough for any set."""


@dataclass
class Report:
    """What came of a run.

    Parameters
    ----------
    pictures : int
        That the style has now.
    read : int
        That were read in this run; the others had been read before.
    hairstyles : int
        Unique ones.
    aside : dict of str to str
        Hairstyles set aside: why, by name.
    broken : list of (str, str)
        Pictures and attribute files that can't be used: place and reason.
    """

    pictures: int = 0
    read: int = 0
    hairstyles: int = 0
    aside: dict[str, str] = field(default_factory=dict)
    broken: list[tuple[str, str]] = field(default_factory=list)


Progress = Callable[[int, float], None]
"""Called with the pictures seen so far and the share 0..1 of the source that was read."""


def precompute(
    path: Path,
    folder: Path,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    cluster: str | None = None,
) -> Report:
    """Read a set, or go on reading it, and write what a style needs.

    Parameters
    ----------
    path : Path
        Folder or archive; see `source.read`.
    folder : Path
        Of the style; made if it is missing.
    jobs : int
        Processes that read pictures; 1 for none beside this one.
    progress : callable, optional
        See `Progress`.
    cluster : str, optional
        Address of a Dask scheduler whose workers read the pictures instead; they are sent to them,
        and what is found is the same.

    Returns
    -------
    Report
        What was found.

    Raises
    ------
    DataError
        If the source can't be read or no picture of it can be used.
    OutputError
        If the results can't be written.
    ClusterError
        If the cluster can't be reached, or its workers have another version of this program.
    """
    # What is wrong with a picture is said in the end, and once.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    report = Report()
    attributes: dict[str, tuple[int, ...]] = {}
    found: dict[str, Place] = {}
    faults: dict[str, tuple[str, str]] = {}  # of attributes; only those beside a picture count
    with Journal(folder) as kept, _pool(jobs, cluster) as (pool, ahead):
        waiting: deque[tuple[Entry, Future[Record]]] = deque()
        count = 0
        for entry in source.read(path):
            _take(entry, kept, found, attributes, waiting, pool, report, faults)
            while len(waiting) > ahead():
                _finish(waiting, kept, found, report)
            count += entry.is_picture
            if progress is not None:
                progress(count, entry.done)
        while waiting:
            _finish(waiting, kept, found, report)
        report.broken += [fault for name, fault in faults.items() if name in found]
        _check_any(path, found, report)
        _write(kept, found, attributes, report)
    return report


@contextmanager
def _pool(jobs: int, address: str | None) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """Give an executor, and how many pictures may wait for it."""
    if address is None:
        with workers(jobs, record.__name__) as pool:
            yield pool, lambda: _AHEAD * jobs
        return
    with connect(address) as cluster:
        cluster.alike(_makeup)
        yield cluster.executor(), lambda: _AHEAD * max(cluster.threads(), 1)


def _makeup() -> dict[str, str]:
    """Tell what the records depend on beside the pictures."""
    return {"emojimap": __version__}


def _take(
    entry: Entry,
    kept: Journal,
    found: dict[str, Place],
    attributes: dict[str, tuple[int, ...]],
    waiting: deque[tuple[Entry, Future[Record]]],
    pool: Executor,
    report: Report,
    faults: dict[str, tuple[str, str]],
) -> None:
    if entry.fault:
        report.broken.append((entry.place, entry.fault))
        return
    if not entry.is_picture:
        try:
            given = source.attributes(entry.content)
            attributes[entry.name] = tuple(
                given.get(name, consensus.UNKNOWN) for name in consensus.NAMES
            )
        except DataError as error:
            faults[entry.name] = entry.place, str(error)
        return
    if entry.name in found or any(entry.name == other.name for other, _ in waiting):
        report.broken.append((entry.place, f"another picture is called {entry.name}"))
        return
    before = kept.places.get((entry.name, hashlib.sha256(entry.content).hexdigest()))
    if before is not None:
        found[entry.name] = before
    else:
        waiting.append((entry, pool.submit(record.make, entry.name, entry.content)))


def _finish(
    waiting: deque[tuple[Entry, Future[Record]]],
    kept: Journal,
    found: dict[str, Place],
    report: Report,
) -> None:
    entry, future = waiting.popleft()
    try:
        found[entry.name] = kept.add(future.result(), entry.content)
        report.read += 1
    except PhotoError as error:
        report.broken.append((entry.place, str(error)))


def _check_any(path: Path, found: dict[str, Place], report: Report) -> None:
    if found:
        return
    if not report.broken:
        raise DataError(f"{path} holds no PNG: give the folder or the .tgz of the Cartoon Set")
    place, reason = report.broken[0]
    raise DataError(
        f"none of {len(report.broken)} files of {path} can be used, the first, {place}: {reason}"
    )


def _write(
    kept: Journal, found: dict[str, Place], attributes: dict[str, tuple[int, ...]], report: Report
) -> None:
    names = sorted(found)
    places = [found[name] for name in names]
    unknown = (consensus.UNKNOWN,) * len(consensus.NAMES)
    given = np.array([attributes.get(name, unknown) for name in names], np.int16)
    made = table.make((kept.record(place) for place in places), places, given)
    folder, styles = kept.path.parent, made.hairstyles
    table.write(folder, made)
    wanted = hairstyles.settled(hairstyles.wishes(folder), styles, made.names)
    hairstyles.write(folder, styles, names, wanted)
    report.pictures, report.hairstyles = len(names), len(styles)
    report.aside = {style.id: style.reason for style in styles if style.reason}
