"""Workers of a Dask cluster, which are given photos or paths, and answer as those here do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from functools import cache
from types import TracebackType
from typing import Any

from emojimap import workers
from emojimap.batch import task
from emojimap.batch.inputs import Item
from emojimap.batch.job import Job, makeup
from emojimap.batch.task import Outcome
from emojimap.cluster import Cluster, connect
from emojimap.errors import ArgumentError, ClusterError, PhotoError

SEND = ("content", "path")

_AHEAD = 2
"""Photos that wait for each thread of the cluster, beside the one at work."""


class ClusterPool:
    """A cluster that has the same program, networks and styles.

    Parameters
    ----------
    address : str
        Of the scheduler.
    names : sequence of str
        Styles.
    send : {"content", "path"}
        Whether workers are given photos, or paths that they can open.

    Raises
    ------
    ArgumentError
        If `send` is something else.
    """

    def __init__(self, address: str, names: Sequence[str], *, send: str = "content") -> None:
        if send not in SEND:
            raise ArgumentError(f"send {send!r}: use {' or '.join(SEND)}")
        self._address, self._names, self._send = address, tuple(names), send
        self._open = ExitStack()
        self._cluster: Cluster | None = None
        self._wanted: tuple[tuple[str, str], ...] = ()

    def ahead(self) -> int:
        """See `Pool`."""
        return self._connected().threads() * (1 + _AHEAD)

    def submit(self, job: Job, style: str, item: Item) -> Future[Outcome]:
        """See `Pool`."""
        try:
            photo = item.path if self._send == "path" else task.read(item.path)
        except PhotoError as error:
            known: Future[Outcome] = Future()
            known.set_result(task.failed(error))
            return known
        return self._connected().submit(work, self._wanted, self._names, job, style, photo)

    def check(self) -> None:
        """See `Pool`."""
        self._connected().check()

    def _connected(self) -> Cluster:
        if self._cluster is None:
            raise ClusterError("not connected: use the pool in a with statement")
        return self._cluster

    def __enter__(self) -> ClusterPool:
        with ExitStack() as opening:
            self._cluster = opening.enter_context(connect(self._address))
            self._cluster.alike(makeup, self._names)
            self._wanted = tuple(sorted(makeup(self._names).items()))
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Any:
        return self._open.__exit__(kind, error, trace)


def work(
    wanted: tuple[tuple[str, str], ...],
    names: tuple[str, ...],
    job: Job,
    style: str,
    photo: str | bytes,
) -> Outcome:
    """Do in a worker of a cluster what `task.work` does.

    Parameters
    ----------
    wanted : tuple of (str, str)
        What the worker must have, from `makeup`; it may have joined after the others were asked.
    names : tuple of str
        Styles.
    job, style, photo : Job, str and str or bytes
        See `task.work`.

    Returns
    -------
    Outcome
        The same as from a process here.

    Raises
    ------
    ClusterError
        If the worker has something else.
    """
    different = _different(wanted, names)
    if different:
        raise ClusterError(
            f"a worker that joined has another {', '.join(different)}: install the same there"
        )
    return task.work(job, style, photo)


@cache
def _different(wanted: tuple[tuple[str, str], ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """Compare once per process, and keep its networks to one thread before they are loaded."""
    workers.single_thread()
    here: Mapping[str, str] = makeup(names)
    return tuple(name for name, value in wanted if here.get(name) != value)
