"""NiceGUI inside an app of ours: its paths only, our policy, nothing kept."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from nicegui import core, ui
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Scope

from emojimap.web.page import STATIC, door, pictures
from emojimap.web.page.screen import Screen
from emojimap.web.service.settings import ServeSettings

_PATIENCE_S = 120
"""How long a tab is kept that has gone, as a phone's does while its camera is open."""


def build(app: FastAPI, settings: ServeSettings, offered: Sequence[str]) -> None:
    """Add the page's routes to an app; see `emojimap.web.page.mount`.

    Parameters
    ----------
    app : FastAPI
        With the service.
    settings : ServeSettings
        Token and first style.
    offered : sequence of str
        Names of the styles.
    """
    app.include_router(pictures.router(offered))
    if settings.token is not None:
        app.include_router(door.router(settings))
    app.mount("/page/static", StaticFiles(directory=STATIC), name="page-static")
    _page(settings, offered)
    _again()
    core.app.add_middleware(door.Policy)  # inside the compression that comes next
    ui.run_with(
        app,
        title="emojimap",
        favicon=STATIC / "icon.svg",
        language="en-US",
        dark=None,
        tailwind=False,
        binding_refresh_interval=None,
        reconnect_timeout=_PATIENCE_S,
        gzip_middleware_factory=lambda inner: GZipMiddleware(inner, minimum_size=500),
        show_welcome_message=False,
    )
    _narrow(app)


def _page(settings: ServeSettings, offered: Sequence[str]) -> None:
    first = settings.style if settings.style in offered else offered[0]

    def index() -> None:
        ui.add_head_html(
            '<meta name="description" content="A photo of a face in, a cartoon avatar out.">'
            '<script src="page/static/early.js"></script>'
            '<link rel="stylesheet" href="page/static/page.css">'
        )
        Screen(offered, first, has_token=settings.token is not None)

    ui.page("/")(index)


def _again() -> None:
    """Forget the frame of an earlier app in this process; NiceGUI has one for all."""
    core.app.user_middleware.clear()
    core.app.middleware_stack = None


def _narrow(app: FastAPI) -> None:
    """Leave every path that is not the page's to the app, which answers with its own problems."""
    for place, one in enumerate(app.router.routes):
        if getattr(one, "app", None) is core.app:
            app.router.routes[place] = _Mounted(core.app)


class _Mounted(Mount):
    def __init__(self, app: ASGIApp) -> None:
        super().__init__("/", app)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the page, and what NiceGUI fetches for it."""
        path = scope.get("path", "")
        own = path in ("/", "/favicon.ico") or path.startswith(("/_nicegui/", "/_nicegui_ws/"))
        return super().matches(scope) if own else (Match.NONE, {})
