"""An existing Dask cluster as a place to run calls; nothing of scheduling is done here."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from importlib import import_module, metadata
from typing import Any

from emojimap.errors import ClusterError, EmojimapError, WorkerError

_ADDRESS = re.compile(r"(inproc|tcp|tls|ucx|wss?)://\S+")
_REACH_S = 5.0
"""Longest wait for a scheduler to answer, and for its first worker."""
_PATIENCE_S = 60.0
"""Longest wait without any worker."""
_LOOK_S = 2.0
_TIMEOUTS = (TimeoutError, asyncio.TimeoutError)  # one and the same from Python 3.11 on
_LIBRARIES = ("numpy", "opencv-python-headless", "onnxruntime", "pillow", "resvg-py")
"""What results depend on, to the last bit, beside this program."""


class Cluster:
    """A connection to a cluster.

    Parameters
    ----------
    client : distributed.Client
        Connected.
    address : str
        For messages.
    """

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address
        self._executor = _Calls(client.get_executor(pure=False), self.gone)
        self._threads, self._looked, self._seen = 1, 0.0, time.monotonic()

    def executor(self) -> Executor:
        """Return the cluster as an executor; what is submitted must be pure.

        A call whose worker dies runs again elsewhere, and so does one whose result died with it;
        after a few deaths it fails with a WorkerError. Where the cluster itself is to blame, a
        call fails with a ClusterError.
        """
        return self._executor

    def submit(self, work: Callable[..., Any], *args: Any) -> Future[Any]:
        """Queue a call; see `executor`."""
        return self._executor.submit(work, *args)

    def threads(self) -> int:
        """Return how many calls its workers run at once; a count not older than two seconds."""
        now = time.monotonic()
        if now - self._looked > _LOOK_S:
            try:
                self._threads = sum(self._client.nthreads().values())
            except (OSError, RuntimeError, *_TIMEOUTS) as error:
                raise self.gone() from error
            self._looked = time.monotonic()
            if self._threads:
                self._seen = self._looked
        return self._threads

    def check(self) -> None:
        """Look whether anything still works for us.

        Raises
        ------
        ClusterError
            If the scheduler is gone, or there has been no worker for a minute.
        """
        if self._client.status != "running":
            raise self.gone()
        if self.threads() == 0 and time.monotonic() - self._seen > _PATIENCE_S:
            raise ClusterError(
                f"the cluster at {self._address} has had no worker for {_PATIENCE_S:.0f} s: start "
                f"some (dask worker {self._address}) and run the same again"
            )

    def gone(self) -> ClusterError:
        """Return the error for a scheduler that does not answer any more."""
        return ClusterError(
            f"the cluster at {self._address} does not answer any more: look after it, and go on "
            "with the same command (batch: and --resume)"
        )

    def alike(self, tell: Callable[..., Mapping[str, str]], *args: Any) -> None:
        """Refuse workers on which the same call would not give the same.

        Parameters
        ----------
        tell : callable
            Of a module's top level: what a process has, by name. Asked of each worker and here.
        *args : object
            Its arguments.

        Raises
        ------
        ClusterError
            If a worker lacks the program, or has something else than this process.
        """
        here = _with_libraries(tell, *args)
        try:
            answers = self._client.run(_with_libraries, tell, *args, on_error="return")
        except Exception as error:
            raise ClusterError(
                f"the workers at {self._address} can't be asked what they have ({_line(error)}): "
                f"install emojimap {here.get('emojimap', '')} on each"
            ) from error
        for worker, there in answers.items():
            _compare(worker, here, there)


class _Calls(Executor):
    """The executor of a client, whose errors become those of this program."""

    def __init__(self, calls: Executor, gone: Callable[[], ClusterError]) -> None:
        self._calls, self._gone = calls, gone

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        inner = self._calls.submit(fn, *args, **kwargs)
        found: Future[Any] = Future()
        found.set_running_or_notify_cancel()
        inner.add_done_callback(lambda done: self._hand_on(done, found))
        return found

    def _hand_on(self, done: Future[Any], found: Future[Any]) -> None:
        if done.cancelled():
            found.set_exception(self._gone())
            return
        error = done.exception()
        if error is None:
            found.set_result(done.result())
        else:
            found.set_exception(_told(error))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._calls.shutdown(wait=wait)


def _told(error: BaseException) -> BaseException:
    """Turn what Dask raises into what a run can judge; what a call raised stays as it is."""
    if type(error).__name__ == "KilledWorker":
        told: EmojimapError = WorkerError(
            "every worker of the cluster that tried it died, perhaps of a damaged photo or for "
            "want of memory"
        )
    elif isinstance(error, ImportError):
        told = ClusterError(
            f"a worker of the cluster lacks something ({_line(error)}): install the same emojimap "
            "on each"
        )
    else:
        return error
    told.__cause__ = error
    return told


@contextmanager
def connect(address: str) -> Iterator[Cluster]:
    """Connect to a scheduler.

    Parameters
    ----------
    address : str
        Such as ``tcp://HOST:8786``.

    Yields
    ------
    Cluster
        With one worker or more. What has not finished when an error leaves is cancelled.

    Raises
    ------
    ClusterError
        If dask.distributed is missing, nothing answers within a few seconds, or there is no worker.
    """
    client = _client(address)
    with _quiet("distributed.client"):
        try:
            _wait_for_one(client, address)
            found = Cluster(client, address)
            try:
                yield found
            except BaseException:
                found.executor().shutdown(wait=False)
                raise
        finally:
            client.close()


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep a logger from writing traces of what is told in one line."""
    log = logging.getLogger(name)
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _client(address: str) -> Any:
    if not _ADDRESS.fullmatch(address):
        raise ClusterError(
            f"{address!r} is no address of a Dask scheduler: give one such as tcp://HOST:8786"
        )
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise ClusterError(
            "--cluster needs dask.distributed: pip install 'emojimap[cluster]'"
        ) from error
    try:
        return distributed.Client(address, timeout=_REACH_S, set_as_default=False)
    except (OSError, ValueError, TypeError, ImportError, *_TIMEOUTS) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address} ({_line(error)}): check the address, such as "
            "tcp://HOST:8786, and that `dask scheduler` runs there"
        ) from error


def _wait_for_one(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_REACH_S)
    except _TIMEOUTS as error:
        raise ClusterError(
            f"the cluster at {address} has no workers: start some with `dask worker {address}`"
        ) from error


def _with_libraries(tell: Callable[..., Mapping[str, str]], *args: Any) -> dict[str, str]:
    return {**tell(*args), **{name: _version(name) for name in _LIBRARIES}}


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:  # built by hand, or under another name
        return "unknown"


def _compare(worker: str, here: Mapping[str, str], there: Any) -> None:
    if isinstance(there, BaseException):
        raise ClusterError(
            f"worker {worker} can't do the job ({type(there).__name__}: {_line(there)}): install "
            f"emojimap {here.get('emojimap', '')} there, with the same styles"
        ) from there
    for name, mine in here.items():
        if there.get(name) != mine:
            raise ClusterError(
                f"worker {worker} has {name} {_brief(there.get(name))}, here it is {_brief(mine)}: "
                "install the same on both, for equal results"
            )


def _brief(text: str | None) -> str:
    return "missing" if text is None else text if len(text) <= 24 else f"{text[:12]}..."


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
