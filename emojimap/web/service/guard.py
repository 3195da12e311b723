"""Who may ask: the right host name, no other site's page, the token.

Browsers carry a user's cookies and reach the user's own computer, so a page of another site, or a
name that was pointed here after the page was loaded, is turned away before anything is read.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from emojimap.web.service.problems import Problem, answer
from emojimap.web.service.settings import ServeSettings, is_loopback

COOKIE = "emojimap_token"
"""Name of the cookie that a browser shows the token in."""

LOGIN = "/login"
"""Path at which the page asks for the token."""

_OPEN = ("/healthz", LOGIN)
_STATIC = "/_nicegui/"
_NOT_STATIC = "/_nicegui/client/"  # uploads of the page's users
_NETLOC = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]@/?#\s]+)(:\d{1,5})?")


class Guard:
    """Turns away who may not ask; `scope["state"]["refused"]` tells why.

    Parameters
    ----------
    app : ASGI app
        For those who may.
    settings : ServeSettings
        Names, origins and token.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            host = _host(scope)
            self._check_host(host)
            self._check_site(scope, host)
        except Problem as problem:
            await refuse(problem, scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check_host(self, netloc: str) -> None:
        host = _name(netloc)
        own = self._settings.host.strip("[]").lower()
        if is_loopback(host) or host == own or host in self._settings.allow_hosts:
            return
        # A bare address can't be pointed elsewhere as a name can.
        if own in ("0.0.0.0", "::") and _is_address(host):  # noqa: S104
            return
        raise Problem(
            421,
            "wrong-host",
            "the server does not go by the name in the header Host: start it with --allow-host",
        )

    def _check_site(self, scope: Scope, host: str) -> None:
        headers = _headers(scope)
        origin = headers.get("origin")
        if origin is not None:
            own = origin.lower().partition("://")[2] == host
            if own or origin.lower() in self._settings.allow_origins:
                return
        elif headers.get("sec-fetch-site") not in ("cross-site", "same-site"):
            return
        elif headers.get("sec-fetch-mode") == "navigate" and scope.get("method") == "GET":
            return  # a link that leads here
        raise Problem(
            403,
            "cross-site",
            "a page of another site asks: start the server with --allow-origin if it may",
        )


class TokenGuard:
    """Turns away who does not show the token.

    Parameters
    ----------
    app : ASGI app
        For those who do.
    settings : ServeSettings
        With the token; without one everybody may ask.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if (
            scope["type"] not in ("http", "websocket")
            or self._settings.token is None
            or _is_open(scope)
            or any(is_token(self._settings, shown) for shown in _shown(scope))
        ):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        if self._settings.page and scope["type"] == "http" and _wants_page(scope, headers):
            await RedirectResponse(LOGIN, 303)(scope, receive, send)
            return
        problem = Problem(
            401,
            "no-token",
            "show the server's token in the header Authorization: Bearer TOKEN",
            {"WWW-Authenticate": "Bearer"},
        )
        await refuse(problem, scope, receive, send)


def is_token(settings: ServeSettings, shown: str) -> bool:
    """Tell whether a text is the server's token, in the same time whatever it is.

    Parameters
    ----------
    settings : ServeSettings
        With the token.
    shown : str
        What a client says.

    Returns
    -------
    bool
        Also True if the server has no token.
    """
    if settings.token is None:
        return True
    return hmac.compare_digest(shown.encode("utf-8", "replace"), settings.token.encode())


async def refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request with a problem; a web socket is closed.

    Parameters
    ----------
    problem : Problem
        Why.
    scope, receive, send : ASGI
        Of the request.
    """
    state = scope.setdefault("state", {})
    state["refused"] = problem.kind
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": problem.kind})
        return
    await answer(problem, state.get("request_id"))(scope, receive, send)


def _headers(scope: Scope) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }


def _host(scope: Scope) -> str:
    found = [value for name, value in scope["headers"] if name.lower() == b"host"]
    netloc = found[0].decode("latin-1").lower() if len(found) == 1 else ""
    if not _NETLOC.fullmatch(netloc):
        raise Problem(400, "bad-request", "give one header Host with a name and a port")
    return netloc


def _name(netloc: str) -> str:
    match = _NETLOC.fullmatch(netloc)
    assert match is not None  # as `_host` has seen
    return match[1].strip("[]").rstrip(".")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_open(scope: Scope) -> bool:
    path = scope["path"]
    if scope["type"] != "http":
        return False
    static = path.startswith(_STATIC) and not path.startswith(_NOT_STATIC)
    return path in _OPEN or (static and scope["method"] in ("GET", "HEAD"))


def _shown(scope: Scope) -> Iterable[str]:
    """Give the tokens that a request shows."""
    for raw_name, raw in scope["headers"]:
        name, value = raw_name.lower(), raw.decode("latin-1")
        if name == b"authorization":
            scheme, _, token = value.partition(" ")
            if scheme.lower() == "bearer":
                yield token.strip()
        elif name == b"cookie":
            try:
                found = SimpleCookie(value).get(COOKIE)
            except CookieError:
                continue
            if found is not None:
                yield found.value


def _wants_page(scope: Scope, headers: dict[str, str]) -> bool:
    api = scope["path"].startswith(("/v1/", "/openapi", "/metrics"))
    return scope["method"] == "GET" and not api and "text/html" in headers.get("accept", "")
