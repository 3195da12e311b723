"""Who may have a photo worked on, and who must come back later.

Photos that are here at once are counted: those that come in, and those at work or waiting. One more
is refused at once, with the time after which it is worth another try.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

import anyio

from emojimap.avatar import Avatar
from emojimap.crew import Crew
from emojimap.errors import WorkerError
from emojimap.photo import PhotoSettings
from emojimap.web.service import job, logs
from emojimap.web.service.problems import Problem
from emojimap.web.service.settings import ServeSettings

_GUESS_S = 0.5
"""Work on a photo before the first was timed."""
_MEMORY = 0.2
"""Weight of the newest photo in the mean time."""
_DRAWING = 2
"""Avatars that are drawn at once, in threads."""
_DRAWINGS = 64
"""Avatars that may wait to be drawn."""
_RETRY_S = 30
"""When to try again at a server that stops."""

Gone = Callable[[], Awaitable[None]]
"""Returns when the client has gone away."""

_T = TypeVar("_T")


class Desk:
    """Takes photos in and gives them to the crew.

    Parameters
    ----------
    crew : Crew
        Processes.
    settings : ServeSettings
        Limits.
    """

    def __init__(self, crew: Crew, settings: ServeSettings) -> None:
        self._crew, self._settings = crew, settings
        self._limits = PhotoSettings(
            max_file_mb=settings.max_mb, max_megapixels=settings.max_megapixels
        )
        self._lock = threading.Lock()
        self._pens = anyio.CapacityLimiter(_DRAWING)
        self._drawings = self._uploads = 0
        self.count = 0
        self.mean_s = _GUESS_S
        self.stopping = False

    @property
    def in_work(self) -> int:
        """How many photos are worked on."""
        return min(self.count, self._settings.workers)

    @property
    def waiting(self) -> int:
        """How many photos wait for a process."""
        return self.count - self.in_work

    @property
    def deaths(self) -> int:
        """How many processes died or were ended."""
        return self._crew.deaths

    @property
    def alive(self) -> int:
        """How many processes run."""
        try:
            return len(self._crew.pids)
        except ValueError:  # one is being replaced at this very moment
            return self._settings.workers - 1

    @contextmanager
    def uploading(self) -> Iterator[None]:
        """Hold a place for a photo while it comes in.

        Raises
        ------
        Problem
            503 when the server stops, 429 when all places are taken.
        """
        self._check()
        if self._uploads >= self._settings.places:
            raise self._busy(self._uploads)
        self._uploads += 1
        try:
            yield
        finally:
            self._uploads -= 1

    async def fit(
        self,
        content: bytes,
        names: Sequence[str],
        *,
        face: int | None = 0,
        top: int = 5,
        gone: Gone | None = None,
    ) -> tuple[dict[str, list[dict[str, Any]]], float]:
        """Fit a photo in one or several styles; see `emojimap.web.service.job.fit`.

        Parameters
        ----------
        content : bytes
            The photo's file.
        names : sequence of str
            Styles.
        face : int or None
            Which face; None for all.
        top : int
            How many candidates to keep.
        gone : callable, optional
            Ends the wait for a client that is gone.

        Returns
        -------
        faces : dict of str to list of dict
            By style.
        seconds : float
            Of work.

        Raises
        ------
        Problem
            503 when the server stops, 429 when all places are taken, 499 when the client went.
        PhotoError, NoFaceError, StyleError, WorkerError
            From the process.
        """
        return await self._ask(
            gone, job.fit, content, tuple(names), face, top, self._limits, self._settings.fit
        )

    async def picture(
        self,
        content: bytes,
        name: str,
        kind: job.Kind,
        *,
        face: int = 0,
        size: int | None = None,
        gone: Gone | None = None,
    ) -> tuple[bytes, float]:
        """Fit a photo and draw it; see `emojimap.web.service.job.picture`.

        Parameters
        ----------
        content : bytes
            The photo's file.
        name : str
            Style.
        kind : {"png", "svg", "sheet"}
            What to draw.
        face : int
            Which face.
        size : int, optional
            Side of the PNG, pixels.
        gone : callable, optional
            Ends the wait for a client that is gone.

        Returns
        -------
        picture : bytes
            A file.
        seconds : float
            Of work.

        Raises
        ------
        Problem, PhotoError, NoFaceError, StyleError, WorkerError
            As in `fit`.
        """
        return await self._ask(
            gone, job.picture, content, name, face, kind, size, self._limits, self._settings.fit
        )

    async def analyse(
        self, content: bytes, *, gone: Gone | None = None
    ) -> tuple[list[dict[str, Any]], float]:
        """Say what is seen in a photo; see `emojimap.web.service.job.analyse`.

        Parameters
        ----------
        content : bytes
            The photo's file.
        gone : callable, optional
            Ends the wait for a client that is gone.

        Returns
        -------
        faces : list of dict
            Largest first.
        seconds : float
            Of work.

        Raises
        ------
        Problem, PhotoError, NoFaceError, WorkerError
            As in `fit`.
        """
        return await self._ask(gone, job.analyse, content, self._limits, self._settings.fit)

    async def draw(self, avatar: Avatar, kind: job.Drawn, size: int | None = None) -> bytes:
        """Draw an avatar, in a thread; see `emojimap.web.service.job.draw`.

        Parameters
        ----------
        avatar : Avatar
            Of a registered style.
        kind : {"png", "svg"}
            What to draw.
        size : int, optional
            Side of the PNG, pixels.

        Returns
        -------
        bytes
            A file.

        Raises
        ------
        Problem
            429 when too many wait.
        StyleError
            If a part, a variant or a colour is unknown.
        """
        if self._drawings >= _DRAWINGS:
            raise Problem(
                429,
                "busy",
                f"{self._drawings} avatars are to be drawn already: ask again in 1 s",
                {"Retry-After": "1"},
            )
        self._drawings += 1
        try:
            return await anyio.to_thread.run_sync(job.draw, avatar, kind, size, limiter=self._pens)
        finally:
            self._drawings -= 1

    def stop(self) -> None:
        """End what is in work; whoever waits for it is told that the server stops."""
        self.stopping = True
        self._crew.stop()

    async def _ask(
        self, gone: Gone | None, work: Callable[..., tuple[_T, float]], *args: Any
    ) -> tuple[_T, float]:
        self._check()
        future = self._take(work, *args)
        try:
            found = await _unless(gone, future)
        except asyncio.CancelledError:
            if not future.cancelled() or not self.stopping:
                raise  # this request itself was cancelled
            raise self._stopped() from None
        except WorkerError as error:
            if self.stopping:
                raise self._stopped() from error
            logs.tell("worker-death", logging.WARNING, deaths=self.deaths, alive=self.alive)
            raise
        self.mean_s += _MEMORY * (found[1] - self.mean_s)
        return found

    def _take(self, work: Callable[..., tuple[_T, float]], *args: Any) -> Future[tuple[_T, float]]:
        """Give work to the crew; its place is taken until a process is done with it."""
        with self._lock:
            self.count += 1
        future = self._crew.submit(work, *args)
        future.add_done_callback(self._leave)
        return future

    def _leave(self, future: Future[Any]) -> None:
        del future  # whether or not anybody still waits for it
        with self._lock:
            self.count -= 1

    def _check(self) -> None:
        if self.stopping:
            raise self._stopped()
        if self.count >= self._settings.places:
            raise self._busy(self.count)

    def _busy(self, count: int) -> Problem:
        wait_s = max(1, min(60, math.ceil(self.mean_s * count / self._settings.workers)))
        return Problem(
            429,
            "busy",
            f"{count} photos are here already: ask again in {wait_s} s",
            {"Retry-After": str(wait_s)},
            retry_after_s=wait_s,
        )

    def _stopped(self) -> Problem:
        return Problem(
            503,
            "stopping",
            "the server is stopping: ask again later",
            {"Retry-After": str(_RETRY_S)},
            retry_after_s=_RETRY_S,
        )


async def _unless(gone: Gone | None, future: Future[_T]) -> _T:
    """Wait for a result; cancel it where it still waits when the client goes."""
    work = asyncio.wrap_future(future)
    if gone is None:
        return await work
    watch = asyncio.ensure_future(gone())
    try:
        both: set[asyncio.Future[Any]] = {work, watch}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
        raise Problem(499, "gone", "the client went away")
    finally:
        watch.cancel()
        work.cancel()
