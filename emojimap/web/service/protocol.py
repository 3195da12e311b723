"""HTTP as uvicorn reads it, with a time limit on heads and problems for what is no HTTP."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from emojimap.web.service.problems import MEDIA_TYPE, Problem, answer

HEAD_BYTES = 32_768
"""Longest head of a request."""


class Protocol(H11Protocol):
    """One connection.

    Parameters
    ----------
    *args : object
        As uvicorn gives them.
    head_limit_s : float
        A connection that has not sent the whole head of a request by then is closed.
    **kwargs : object
        As uvicorn gives them.
    """

    def __init__(self, *args: Any, head_limit_s: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_limit_s = head_limit_s
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and note whether the head of a request is whole."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._wait_for_head()
        else:
            self._head_is_here()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP with a problem, and end the connection."""
        if self.conn.our_state is not h11.IDLE and self.conn.our_state is not h11.SEND_RESPONSE:
            self.transport.close()  # an answer is on its way already
            return
        found = answer(Problem(400, "bad-request", "this is no valid HTTP request"))
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(found.body)).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"connection", b"close"),
        ]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(found.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _wait_for_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self._head_limit_s, self.transport.close)

    def _head_is_here(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def protocol(head_limit_s: float) -> Any:
    """Return what makes connections with a time limit on heads.

    Parameters
    ----------
    head_limit_s : float
        See `Protocol`.

    Returns
    -------
    callable
        For ``uvicorn.Config(http=...)``.
    """
    return functools.partial(Protocol, head_limit_s=head_limit_s)
