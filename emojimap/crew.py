"""Processes that work one thing after another, each under a time limit; one that dies is replaced.

    submit ─> queue ─> thread per process ─ pipe ─> process
                            └ waits for the answer, the process's end or the limit

A pool of `concurrent.futures` is broken as a whole when one of its processes dies, and can't end a
task that runs; with photos from strangers both must happen without harm to the others.
"""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing import connection, get_all_start_methods, get_context
from typing import Any

from emojimap import workers
from emojimap.errors import ArgumentError, WorkerError

_START_S = 120
"""Longest wait for a process to start, on a machine that is very busy."""


class Crew:
    """Processes for calls that may crash or hang.

    Parameters
    ----------
    size : int
        How many processes.
    module : str
        What they import, once for all where the system can.
    limit_s : float, optional
        A call that takes longer ends with its process.
    start : callable, optional
        Run first in each process with `args`; it can be pickled by name.
    args : tuple
        For `start`.

    Raises
    ------
    ArgumentError
        If `size` is under 1, or the limit is not above 0.
    """

    def __init__(
        self,
        size: int,
        module: str,
        *,
        limit_s: float | None = None,
        start: Callable[..., None] | None = None,
        args: tuple[Any, ...] = (),
    ) -> None:
        if size < 1:
            raise ArgumentError(f"{size} processes: give 1 or more")
        if limit_s is not None and not limit_s > 0:
            raise ArgumentError(f"a limit of {limit_s} s: give more than 0")
        self._queue: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._closed = False
        self._hands = [_Hand(self._queue, module, limit_s, start, args) for _ in range(size)]
        for hand in self._hands:
            hand.start()

    def submit(self, work: Callable[..., Any], *args: Any) -> Future[Any]:
        """Queue a call.

        Parameters
        ----------
        work : callable
            Of a module's top level.
        *args : object
            Its arguments; they and the result are pickled.

        Returns
        -------
        Future
            Of the result. It raises what `work` raised, or WorkerError if the process died or took
            too long. Cancelled while it waits, it never runs.

        Raises
        ------
        WorkerError
            If the crew is closed.
        """
        if self._closed:
            raise WorkerError("the crew is closed: start another")
        call = _Call(work, args)
        self._queue.put(call)
        return call.future

    @property
    def pids(self) -> list[int]:
        """Process numbers of those that run."""
        return [pid for hand in self._hands if (pid := hand.pid) is not None]

    @property
    def deaths(self) -> int:
        """How many processes died or were ended at the limit so far."""
        return sum(hand.deaths for hand in self._hands)

    def ready(self) -> None:
        """Wait until every process has started.

        Raises
        ------
        WorkerError
            If one can't start.
        EmojimapError
            Whatever `start` raised.
        """
        for hand in self._hands:
            hand.started.wait()
            if hand.refused is not None:
                raise hand.refused

    def close(self) -> None:
        """Let everything that is queued finish, then end the processes."""
        self._closed = True
        for _ in self._hands:
            self._queue.put(None)
        for hand in self._hands:
            hand.join()
        self._cancel()  # what another thread submitted in between

    def stop(self) -> None:
        """End the processes now; what was queued is cancelled, what ran fails."""
        self._closed = True
        self._cancel()
        for hand in self._hands:
            hand.stop()
        self.close()

    def _cancel(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                call = self._queue.get_nowait()
                if call is not None:
                    call.future.cancel()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.close()
        else:
            self.stop()


class _Call:
    def __init__(self, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.work, self.args = work, args
        self.future: Future[Any] = Future()


class _Hand(threading.Thread):
    """The thread that looks after one process."""

    def __init__(
        self,
        calls: queue.SimpleQueue[_Call | None],
        module: str,
        limit_s: float | None,
        start: Callable[..., None] | None,
        args: tuple[Any, ...],
    ) -> None:
        super().__init__(daemon=True)
        self._calls, self._limit_s = calls, limit_s
        self._begin = (start, args)
        method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
        self._context: Any = get_context(method)
        if method == "forkserver":  # a plain fork would copy the locks of other threads
            self._context.set_forkserver_preload([module])
        self._process: Any = None
        self._pipe: Any = None
        self._stopped = False
        self.started = threading.Event()
        self.refused: Exception | None = None
        self.deaths = 0

    @property
    def pid(self) -> int | None:
        process = self._process
        with contextlib.suppress(ValueError):  # closed just now
            return process.pid if process is not None and process.is_alive() else None
        return None

    def run(self) -> None:
        if hasattr(signal, "pthread_sigmask"):  # a process that starts inherits it
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._try_to_open()
        while (call := self._calls.get()) is not None:
            if not call.future.set_running_or_notify_cancel():
                continue
            try:
                found = self._ask(call)
            except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
                call.future.set_exception(error)
            else:
                call.future.set_result(found)
            if self._process is None and not self._stopped:
                self._try_to_open()  # before the next call comes
        self._end()

    def stop(self) -> None:
        """End the process; the thread sees it."""
        self._stopped = True
        process = self._process
        with contextlib.suppress(ValueError):  # closed just now
            if process is not None and process.pid is not None:
                process.kill()

    def _try_to_open(self) -> None:
        try:
            self._open()
        except Exception as error:  # noqa: BLE001 - raised by `ready`
            self.refused = error
        finally:
            self.started.set()

    def _open(self) -> None:
        self._pipe, there = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(there, *self._begin), daemon=True)
        try:
            process.start()
        except (OSError, EOFError) as error:
            raise WorkerError(f"a worker process can't be started ({error}): use fewer") from error
        finally:
            there.close()
        self._process = process
        if self._stopped:  # before there was a process to kill
            process.kill()
        try:
            self._answer(_START_S, "to start")
        except BaseException:
            self._end()
            raise
        self.refused = None

    def _ask(self, call: _Call) -> Any:
        if self._stopped:
            raise WorkerError("stopped before its turn")
        if self._process is None or not self._process.is_alive():
            self._end()
            self._open()
        try:
            self._pipe.send((call.work, call.args))
        except OSError as error:  # it died while it was idle: once more, with a new one
            self._died(error)
            self._open()
            self._pipe.send((call.work, call.args))
        return self._answer(self._limit_s, "for one call")

    def _answer(self, limit_s: float | None, what: str) -> Any:
        if not connection.wait([self._pipe, self._process.sentinel], limit_s):
            self._died(None)
            raise WorkerError(f"took longer than {limit_s:g} s {what}, and was ended")
        try:
            good, found = self._pipe.recv()
        except (EOFError, OSError) as error:
            code = self._died(error)
            raise WorkerError(
                f"its process died ({code}), perhaps of a damaged photo or for want of memory"
            ) from error
        if good:
            return found
        raise found

    def _died(self, error: BaseException | None) -> str:
        """Clear a process away, and say how it ended."""
        process = self._process
        if error is None:
            process.kill()
        process.join(5)
        code = process.exitcode
        self._end()
        self.deaths += 1
        return f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"

    def _end(self) -> None:
        process, self._process = self._process, None
        if self._pipe is not None:
            self._pipe.close()
        if process is None:
            return
        process.join(5)  # it ends when its pipe is closed
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


def _serve(pipe: Any, start: Callable[..., None] | None, args: tuple[Any, ...]) -> None:
    """Work in the process until the pipe is closed."""
    workers.prepare()
    _tell(pipe, *_tried(start or _nothing, args))
    while True:
        try:
            work, given = pipe.recv()
        except EOFError:
            return
        _tell(pipe, *_tried(work, given))


def _nothing() -> None:
    pass


def _tried(work: Callable[..., Any], args: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, work(*args)
    except Exception as error:  # noqa: BLE001 - raised again where the result is asked for
        return False, error


def _tell(pipe: Any, good: bool, found: Any) -> None:
    try:
        pipe.send((good, found))
    except OSError:  # nobody waits any more
        raise SystemExit(1) from None
    except Exception as error:  # noqa: BLE001 - what can't be pickled is told in words
        pipe.send((False, WorkerError(f"{type(found).__name__} can't be sent ({error})")))
