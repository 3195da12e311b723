"""Threads before one GPU: their crops go through the networks together."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Any

from emojimap.analysis import networks
from emojimap.batch import task
from emojimap.batch.inputs import Item
from emojimap.batch.job import Job
from emojimap.batch.task import Outcome
from emojimap.facenet.batching import together

if TYPE_CHECKING:
    from emojimap.facenet.network import Networks

_AHEAD = 2


class ThreadPool:
    """Threads that share the networks of one device.

    Parameters
    ----------
    jobs : int
        How many threads.
    job : Job
        What they prepare for.
    names : sequence of str
        Styles.
    nets : Networks, optional
        Which to run; by default those of the job's device.

    Raises
    ------
    ModelError
        If the device is not there.
    """

    def __init__(
        self, jobs: int, job: Job, names: Sequence[str], *, nets: Networks | None = None
    ) -> None:
        self._jobs = jobs
        self._nets = together(nets or networks(job.settings.analysis.device), most=32)
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="fit")

    def ahead(self) -> int:
        """See `Pool`."""
        return self._jobs + _AHEAD

    def submit(self, job: Job, style: str, item: Item) -> Future[Outcome]:
        """See `Pool`."""
        return self._threads.submit(task.work, job, style, item.path, self._nets)

    def check(self) -> None:
        """See `Pool`; threads of this process are always there."""

    def __enter__(self) -> ThreadPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Any:
        self._threads.shutdown(wait=True, cancel_futures=kind is not None)
