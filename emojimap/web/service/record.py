"""Around every request: its number, its line in the log, its figures, and safe headers.

An error that nobody foresaw ends here: it is logged by type and place, and answered with 500.
"""

from __future__ import annotations

import logging
import secrets
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emojimap.web.service import logs
from emojimap.web.service.figures import Figures
from emojimap.web.service.guard import refuse
from emojimap.web.service.problems import Problem

_HEADERS = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    b"cache-control": b"no-store",
}
"""What is added unless an answer says otherwise."""

_METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH")
_OTHER = "other"
"""Route of what is not here, so that strangers can't make up series of figures."""


class Record:
    """Counts and logs requests, and makes their answers safe.

    Parameters
    ----------
    app : ASGI app
        Answers them.
    figures : Figures
        Counted there.
    """

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self._app, self._figures = app, figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = _Seen(scope, receive, send)
        try:
            await self._app(scope, seen.receive, seen.send)
        except Exception as error:  # noqa: BLE001 - a fault ends its request, not the server
            logs.tell("fault", logging.ERROR, request=seen.request_id, **logs.where(error))
            if seen.status is None:
                detail = "the server made a mistake: tell whoever runs it the request_id"
                await refuse(Problem(500, "fault", detail), scope, seen.receive, seen.send)
        finally:
            self._note(scope, seen)

    def _note(self, scope: Scope, seen: _Seen) -> None:
        seconds = time.perf_counter() - seen.start
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        status = seen.status or 499
        self._figures.requests.labels(method, route, str(status)).inc()
        self._figures.seconds.labels(route).observe(seconds)
        refused = scope["state"].get("refused")
        if refused is not None:
            self._figures.refused.labels(refused).inc()
        members: dict[str, Any] = {
            "request": seen.request_id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(1000 * seconds, 1),
            "bytes_in": seen.count,
        }
        if refused is not None:
            members["refused"] = refused
        logs.tell("request", **members)


class _Seen:
    """One request as it passes."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self.start = time.perf_counter()
        self.request_id = secrets.token_hex(8)
        self.status: int | None = None
        self.count = 0
        scope["state"] = {**scope.get("state", {}), "request_id": self.request_id}

    async def receive(self) -> Message:
        message = await self._receive()
        self.count += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            there = {name.lower() for name, _ in headers}
            headers += [pair for pair in _HEADERS.items() if pair[0] not in there]
            headers.append((b"x-request-id", self.request_id.encode()))
            message = {**message, "headers": headers}
        await self._send(message)


def _route(scope: Scope) -> str:
    """Return the template of the path, which holds nothing of the request."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) and path else _OTHER
