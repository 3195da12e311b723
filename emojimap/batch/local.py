"""Processes of this machine. One that crashes or hangs costs its photo and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any

from emojimap.batch import task
from emojimap.batch.inputs import Item
from emojimap.batch.job import Job
from emojimap.batch.task import Outcome
from emojimap.crew import Crew

_AHEAD = 2
"""Photos that wait for each process, beside the one at work."""


class LocalPool:
    """A crew of processes.

    Parameters
    ----------
    jobs : int
        How many.
    job : Job
        What they prepare for.
    names : sequence of str
        Styles.
    limit_s : float, optional
        Longest time for one photo.

    Raises
    ------
    WorkerError
        If they can't be started.
    """

    def __init__(
        self, jobs: int, job: Job, names: Sequence[str], *, limit_s: float | None = None
    ) -> None:
        self._jobs = jobs
        self._crew = Crew(
            jobs, task.__name__, limit_s=limit_s, start=task.warm, args=(job, tuple(names))
        )

    @property
    def pids(self) -> list[int]:
        """Process numbers."""
        return self._crew.pids

    def ahead(self) -> int:
        """See `Pool`."""
        return self._jobs * (1 + _AHEAD)

    def submit(self, job: Job, style: str, item: Item) -> Future[Outcome]:
        """See `Pool`."""
        return self._crew.submit(task.work, job, style, item.path)

    def check(self) -> None:
        """See `Pool`; those that die are replaced."""

    def __enter__(self) -> LocalPool:
        try:
            self._crew.ready()
        except BaseException:
            self._crew.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Any:
        self._crew.__exit__(kind, error, trace)
