"""Full looks at hair, traits and colours, worked out beside the frames.

A look starts and ends at frames whose numbers do not depend on how fast the machine is, so that the
same film always gives the same result: where a look is not ready in time, the frames wait for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

_Result = TypeVar("_Result")


class Beside(Generic[_Result]):
    """One job at a time in another thread, whose result is used a fixed number of frames later.

    Parameters
    ----------
    delay : int
        Frames from the start of a job to the use of its result.
    """

    def __init__(self, delay: int) -> None:
        self._delay = delay
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._job: Future[_Result] | None = None
        self._due = 0

    def __enter__(self) -> Beside[_Result]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def idle(self) -> bool:
        """Whether no job waits for its frame."""
        return self._job is None

    def start(self, frame: int, work: Callable[[], _Result]) -> None:
        """Start a job; the one before must have been taken.

        Parameters
        ----------
        frame : int
            Number of this frame.
        work : callable
            What to do.
        """
        self._job, self._due = self._pool.submit(work), frame + self._delay

    def take(self, frame: int) -> _Result | None:
        """Return the result that is due in a frame, once; waits for it.

        Parameters
        ----------
        frame : int
            Number of this frame.

        Returns
        -------
        object or None
            None where nothing is due.
        """
        if self._job is None or frame < self._due:
            return None
        job, self._job = self._job, None
        return job.result()

    def drop(self) -> None:
        """Forget the job that waits for its frame."""
        if self._job is not None:
            self._job.cancel()
            self._job = None


class InOrder:
    """Jobs that are done in another thread, one after the other; to be used as a context.

    Parameters
    ----------
    ahead : int
        So many may wait; who brings one more waits for the first.
    """

    def __init__(self, ahead: int) -> None:
        self._ahead = ahead
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._jobs: deque[Future[None]] = deque()

    def __enter__(self) -> InOrder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def do(self, work: Callable[[], None]) -> None:
        """Add a job; raises what an earlier one raised.

        Parameters
        ----------
        work : callable
            What to do.
        """
        self._jobs.append(self._pool.submit(work))
        while len(self._jobs) > self._ahead:
            self._jobs.popleft().result()

    def finish(self) -> None:
        """Wait for all jobs; raises what one of them raised."""
        while self._jobs:
            self._jobs.popleft().result()

    def drop(self) -> None:
        """Wait for the job at work, and forget the others."""
        self._pool.shutdown(wait=True, cancel_futures=True)
