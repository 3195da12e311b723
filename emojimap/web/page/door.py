"""Sign in and out, and the policy under which browsers run the page."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emojimap.web.page import PAGE_CSP, STATIC
from emojimap.web.service.guard import COOKIE, LOGIN, is_token
from emojimap.web.service.settings import ServeSettings

_MOST_FORM = 2048
_WEEK_S = 7 * 24 * 3600


class Policy:
    """Gives each HTML answer its own number, and lets only scripts with it run.

    Parameters
    ----------
    app : ASGI app
        Answers; its HTML is not compressed yet.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Numbered(send)
        await self._app(scope, receive, answer.send)


class _Numbered:
    """Holds an HTML answer back until it is whole, then sends it with its number."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_html(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        nonce = secrets.token_urlsafe(16)
        body = self._body.replace(b"<script", b'<script nonce="%s"' % nonce.encode())
        told = {b"content-length": str(len(body)).encode()}
        for name, value in _headers(nonce).items():
            told[name.lower().encode()] = value.encode()
        headers = [pair for pair in start["headers"] if pair[0].lower() not in told]
        headers += told.items()
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _headers(nonce: str) -> dict[str, str]:
    # A stricter referrer policy would take the origin off our own forms, which are then refused.
    return {
        "Content-Security-Policy": PAGE_CSP.format(nonce=nonce),
        "Referrer-Policy": "same-origin",
    }


def _is_html(start: Message) -> bool:
    kinds = [value for name, value in start["headers"] if name.lower() == b"content-type"]
    return bool(kinds) and kinds[0].startswith(b"text/html")


def router(settings: ServeSettings) -> APIRouter:
    """Return the routes to sign in and out.

    Parameters
    ----------
    settings : ServeSettings
        With the token.

    Returns
    -------
    APIRouter
        ``/login`` and ``/logout``.
    """
    routes = APIRouter(include_in_schema=False)

    @routes.get(LOGIN)
    async def _ask() -> Response:
        return _form()

    @routes.post(LOGIN)
    async def _sign_in(request: Request) -> Response:
        shown = await _token(request)
        if shown is None or not is_token(settings, shown):
            return _form("That is not the server's token.")
        answer = RedirectResponse("./", 303)
        answer.set_cookie(
            COOKIE,
            shown,
            max_age=_WEEK_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    @routes.post("/logout")
    async def _sign_out() -> Response:
        answer = RedirectResponse(LOGIN.lstrip("/"), 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

    return routes


async def _token(request: Request) -> str | None:
    """Read the form; None where it is none, or too long."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_FORM:
            return None
    try:
        found = parse_qs(body.decode("ascii"), max_num_fields=4).get("token", [])
    except ValueError:
        return None
    return found[0].strip() if len(found) == 1 else None


def _form(error: str = "") -> Response:
    page = (STATIC / "login.html").read_text("utf-8")
    style = (STATIC / "page.css").read_text("utf-8")
    page = page.replace("/* page.css */", style)
    alert = f'<p class="error" role="alert">{error}</p>' if error else ""
    headers = {**_headers(secrets.token_urlsafe(16)), "Cache-Control": "no-store"}
    return HTMLResponse(page.replace("<!-- error -->", alert), 403 if error else 200, headers)
