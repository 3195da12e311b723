"""The server process: listens, and stops with what it has finished."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

import uvicorn
from fastapi import FastAPI

from emojimap.errors import EmojimapError, ServeError
from emojimap.web.service import logs
from emojimap.web.service.app import create_app
from emojimap.web.service.desk import Desk
from emojimap.web.service.protocol import HEAD_BYTES, protocol
from emojimap.web.service.settings import ServeSettings

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_CLOSE_S = 2
"""How long answers may take to leave when everything is done."""


def run(settings: ServeSettings) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Then ``/healthz`` says 503 and no new photo is taken, while those that are here are finished
    within `ServeSettings.stop_limit_s`. A second signal ends it at once.

    Parameters
    ----------
    settings : ServeSettings
        Where to listen, and limits.

    Raises
    ------
    ServeError
        If the address can't be listened on.
    """
    with listen(settings.host, settings.port) as place:
        app = create_app(settings)
        logs.begin()
        try:
            Server(app, settings).serve_on(place)
        except SystemExit as error:  # uvicorn's way to say that the app did not start
            if isinstance(failed := getattr(app.state, "failed", None), EmojimapError):
                raise failed from error
            raise


def listen(host: str, port: int) -> socket.socket:
    """Take the address.

    Parameters
    ----------
    host : str
        Name or address.
    port : int
        Port, 0 for any.

    Returns
    -------
    socket
        Bound.

    Raises
    ------
    ServeError
        If the port is busy or the address is not this computer's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ServeError(f"host {host!r} is unknown ({error}): give an address") from error
    place = socket.socket(family, socket.SOCK_STREAM)
    try:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(address)
        place.listen(128)
    except OSError as error:
        place.close()
        raise ServeError(
            f"{host}:{port} can't be listened on ({error.strerror}): choose another --port, or "
            "--port 0 for a free one"
        ) from error
    return place


class Server(uvicorn.Server):
    """Serves an app, and stops in order.

    Parameters
    ----------
    app : FastAPI
        From `create_app`.
    settings : ServeSettings
        Limits.
    """

    def __init__(self, app: FastAPI, settings: ServeSettings) -> None:
        self._app, self._settings = app, settings
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol(settings.head_limit_s),
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                h11_max_incomplete_event_size=HEAD_BYTES,
                timeout_graceful_shutdown=_CLOSE_S,
            )
        )
        self._stop_at: float | None = None

    def serve_on(self, place: socket.socket) -> None:
        """Serve on a socket that is bound, until told to stop; see `run`."""
        host, port = place.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        sys.stderr.write(f"emojimap: open http://{shown}:{port}/ (Ctrl-C stops)\n")
        self.run(sockets=[place])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop in order on a signal; the process then ends as one that was not killed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; the second time, stop at once."""
        del sig, frame
        if self._stop_at is not None:
            self.should_exit = self.force_exit = True
            return
        self._stop_at = time.monotonic() + self._settings.stop_limit_s
        desk = getattr(self._app.state, "desk", None)
        if desk is None:  # not even started
            self.should_exit = True
        else:
            desk.stopping = True

    async def on_tick(self, counter: int) -> bool:
        """Exit once nothing is in work; at the limit, end what is."""
        if self._stop_at is not None and not self.should_exit:
            desk: Desk = self._app.state.desk
            if time.monotonic() >= self._stop_at:
                await asyncio.to_thread(desk.stop)
                self.should_exit = True
            elif desk.count == 0:
                self.should_exit = True
        return await super().on_tick(counter)
