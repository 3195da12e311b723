"""Processes that share a job: started clean, stopped at once when something goes wrong."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_all_start_methods, get_context
from typing import Any

from emojimap.errors import ArgumentError, EmojimapError

_THREADS = "EMOJIMAP_THREADS"


@contextmanager
def workers(jobs: int, module: str) -> Iterator[Executor]:
    """Give an executor of several processes, or of this one alone.

    Parameters
    ----------
    jobs : int
        Processes; 1 for none beside this one.
    module : str
        What they import, once for all where the system can.

    Yields
    ------
    Executor
        What is submitted to a single process has run when `submit` returns.

    Raises
    ------
    EmojimapError
        If a process died.
    """
    if jobs <= 1:
        yield _Here()
        return
    # A plain fork would copy threads' locks, those of a progress bar among them.
    method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
    context = get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload([module])
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=prepare) as pool:
        try:
            with _uninterrupted():
                _start(pool, jobs)
            yield pool
        except BrokenProcessPool as error:
            raise EmojimapError(
                f"one of {jobs} worker processes died, perhaps for want of memory: use fewer --jobs"
            ) from error
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _start(pool: Executor, jobs: int) -> None:
    try:
        list(pool.map(time.sleep, [0.01] * jobs))
    except OSError as error:
        raise EmojimapError(
            f"{jobs} worker processes can't be started ({error}): use --jobs 1"
        ) from error


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait, and never reach the processes that are started meanwhile.

    These inherit that the signal is blocked. Blocking alone would not make it wait here: another
    thread, as those of a BLAS, may be handed it.
    """
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # as below nohup
    if ignored or not hasattr(signal, "pthread_sigmask") or not _in_main_thread():
        yield
        return
    came: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if came:
        raise KeyboardInterrupt


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


class _Here(Executor):
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - raised again where the result is asked for
            future.set_exception(error)
        return future


def prepare() -> None:
    """Make this process a worker: one thread, Ctrl-C left to the main process, and gone with it."""
    single_thread()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def single_thread() -> None:
    """Keep networks that are loaded from now on, and OpenCV, to one thread each.

    Processes that work side by side would fight for the cores otherwise. What is found is the same.
    """
    import cv2

    os.environ[_THREADS] = "1"
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)


def cores() -> int:
    """Return how many cores this process may run on."""
    able = getattr(os, "sched_getaffinity", None)
    return len(able(0)) if able else os.cpu_count() or 1


def threads(most: int = 4) -> int:
    """Return how many threads one pass of a network takes.

    Parameters
    ----------
    most : int
        More do not pay.

    Returns
    -------
    int
        One per core, at most `most`, unless the environment variable `EMOJIMAP_THREADS` says else.

    Raises
    ------
    ArgumentError
        If the variable is no number from 1 up.
    """
    told = os.environ.get(_THREADS)
    if not told:
        return min(most, cores())
    if not told.isdecimal() or int(told) < 1:
        raise ArgumentError(f"{_THREADS} is {told!r}: give a number from 1 up, or unset it")
    return int(told)


def _end_with_parent() -> None:
    """Without this, workers of a process that was killed wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
