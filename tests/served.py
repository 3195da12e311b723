"""A server for tests: the real one, in a thread, on a free port."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from emojimap.web.service.app import create_app
from emojimap.web.service.run import Server, listen
from emojimap.web.service.settings import ServeSettings

_START_S = 90


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    port: int
    app: FastAPI
    server: Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(**changes: Any) -> Iterator[Served]:
    """Serve with one worker and without the page, unless told otherwise."""
    settings = ServeSettings(**{"port": 0, "workers": 1, "page": False, **changes})
    with listen(settings.host, settings.port) as place:
        app = create_app(settings)
        server = Server(app, settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, daemon=True)
        thread.start()
        try:
            until(lambda: server.started or not thread.is_alive(), _START_S)
            assert server.started
            yield Served(place.getsockname()[1], app, server)
        finally:
            server.should_exit = True
            thread.join(30)
    assert not thread.is_alive()


def until(true: Any, limit_s: float = 20) -> None:
    """Wait until something is true."""
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """Check that an answer is a problem of a kind, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["type"] == f"urn:emojimap:{kind}"
    assert found["status"] == status
    assert found["detail"]
    return found


def talk(port: int, said: bytes) -> bytes:
    """Say something to a server, and listen until it ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(said)
        found = b""
        while piece := line.recv(4096):
            found += piece
    return found
