"""Avatars as pictures that the page's own ``<img>`` ask for; all is in the address.

Nothing but names that the styles know is looked at, and nothing is kept but the last pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal, TypeAlias

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import Response

from emojimap import render
from emojimap.errors import EmojimapError
from emojimap.web.page import address

_Size: TypeAlias = Literal["256", "512", "1024", "2048"]
"""Sides of the PNG that can be asked for, pixels."""

_KEPT = 1024
_AT_ONCE = 2
_HEADERS = {
    "Cache-Control": "private, max-age=600",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
}


def router(offered: Iterable[str]) -> APIRouter:
    """Return the routes of pictures.

    Parameters
    ----------
    offered : iterable of str
        Names of the styles that may be drawn.

    Returns
    -------
    APIRouter
        ``/page/avatar.svg`` and ``/page/avatar.png``; not part of the REST service.
    """
    names = tuple(offered)
    routes = APIRouter(prefix="/page", include_in_schema=False)
    turn = anyio.Semaphore(_AT_ONCE)

    async def drawn(request: Request, draw: Callable[[str], bytes], kind: str) -> Response:
        query = request.url.query
        async with turn:
            try:
                body = await anyio.to_thread.run_sync(draw, query)
            except EmojimapError as error:
                return Response(f"{error}\n", 422, media_type="text/plain")
        return Response(body, media_type=kind, headers=_HEADERS)

    @lru_cache(maxsize=_KEPT)
    def svg(query: str) -> bytes:
        return render.to_svg(address.read(query, names)).encode()

    @routes.get("/avatar.svg")
    async def _svg(request: Request) -> Response:
        return await drawn(request, svg, "image/svg+xml")

    @routes.get("/avatar.png")
    async def _png(request: Request, size: _Size = "512") -> Response:
        def png(query: str) -> bytes:
            asked = "&".join(p for p in query.split("&") if not p.startswith("size="))
            return render.to_png(address.read(asked, names), int(size))

        return await drawn(request, png, "image/png")

    return routes
