"""How much and how long a client may send."""

from __future__ import annotations

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emojimap.web.service.guard import refuse
from emojimap.web.service.problems import Problem
from emojimap.web.service.settings import ServeSettings

FORM_BYTES = 16_384
"""What a form may need beside its photo."""

JSON_BYTES = 65_536
"""Largest JSON that is read."""

_DRAIN_S = 2.0
"""A client that still sends is listened to for so long, or it would not see the answer."""

_JSON_PATHS = ("/v1/render",)


class BodyLimits:
    """Counts and times what comes in; nothing above the limits is kept.

    Parameters
    ----------
    app : ASGI app
        Sees bodies within the limits.
    settings : ServeSettings
        The limits.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, self._most(scope["path"]), self._settings.upload_limit_s)
        send = _draining(body, send)
        try:
            body.check_told(scope)
        except Problem as problem:
            await refuse(problem, scope, receive, send)
            return
        await self._app(scope, body.receive, send)

    def _most(self, path: str) -> int:
        if path in _JSON_PATHS:
            return JSON_BYTES
        return self._settings.max_bytes + FORM_BYTES


class _Body:
    def __init__(self, scope: Scope, receive: Receive, most: int, limit_s: float) -> None:
        self._receive, self._most, self._limit_s = receive, most, limit_s
        self._end = time.monotonic() + limit_s
        self._count = 0
        names = {name.lower(): value for name, value in scope["headers"]}
        told = names.get(b"content-length", b"0")
        self.whole = b"transfer-encoding" not in names and told == b"0"

    def check_told(self, scope: Scope) -> None:
        """Refuse by the length that the client tells."""
        for name, value in scope["headers"]:
            if name.lower() == b"content-length":
                if not value.isdigit():
                    raise Problem(400, "bad-request", "Content-Length is no number")
                if int(value) > self._most:
                    raise self._too_large()

    async def receive(self) -> Message:
        if self.whole:
            return await self._receive()  # the end of the connection
        try:
            message = await asyncio.wait_for(self._receive(), self._end - time.monotonic())
        except asyncio.TimeoutError:
            raise Problem(
                408, "slow-upload", f"no whole upload in {self._limit_s:g} s: use a smaller photo"
            ) from None
        if message["type"] == "http.disconnect":
            self.whole = True
            raise Problem(499, "gone", "the client went away")
        self._count += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        if self._count > self._most:
            raise self._too_large()
        return message

    async def drain(self) -> None:
        """Listen on for a moment; nothing is kept."""
        try:
            await asyncio.wait_for(self._read_on(), _DRAIN_S)
        except asyncio.TimeoutError:
            return

    async def _read_on(self) -> None:
        while not self.whole:
            message = await self._receive()
            self.whole = message["type"] != "http.request" or not message.get("more_body", False)

    def _too_large(self) -> Problem:
        return Problem(
            413,
            "too-large",
            f"more than the {self._most:,} bytes that are read: send a smaller photo",
            max_bytes=self._most,
        )


def _draining(body: _Body, send: Send) -> Send:
    """Where an answer comes before the upload is whole, end the connection after it.

    The client is listened to for a moment before: one that still sends when its connection is cut
    does not see the answer.
    """
    early = False

    async def sent(message: Message) -> None:
        nonlocal early
        if message["type"] == "http.response.start" and not body.whole:
            early = True
            headers = [*message.get("headers", ()), (b"connection", b"close")]
            await send({**message, "headers": headers})
        elif early and message["type"] == "http.response.body" and not message.get("more_body"):
            await send({**message, "more_body": True})
            await body.drain()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await send(message)

    return sent
