"""Routes that need no photo: the styles, and avatars drawn from their options."""

from __future__ import annotations

import json
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from emojimap.avatar import Avatar
from emojimap.errors import ArgumentError
from emojimap.web.service import stylebook
from emojimap.web.service.answers import RenderQuery, StyleBrief, StyleFull
from emojimap.web.service.described import options, pictures, refusals
from emojimap.web.service.desk import Desk
from emojimap.web.service.job import Drawn
from emojimap.web.service.problems import Problem
from emojimap.web.service.wanted import choose

router = APIRouter(prefix="/v1")

_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


_OFFERS: dict[Drawn, str] = {"png": "image/png", "svg": "image/svg+xml"}


@router.get(
    "/styles", response_model=list[StyleBrief], responses=refusals(), summary="List the styles"
)
async def list_styles() -> Response:
    """Say which styles there are, whose art they are and on which terms it may be used."""
    return JSONResponse([stylebook.brief(name) for name in stylebook.names()])


@router.get(
    "/styles/{name}",
    response_model=StyleFull,
    responses=refusals("unknown-path"),
    summary="Show a style",
)
async def show_style(name: str) -> Response:
    """Show all parts with their variants, the colours, and a plain avatar."""
    if name not in stylebook.names():
        raise Problem(404, "unknown-path", "no such style: see /v1/styles")
    return JSONResponse(await anyio.to_thread.run_sync(stylebook.full, name))


@router.post(
    "/render",
    response_class=Response,
    responses={
        200: {"description": "The picture", "content": pictures(*_OFFERS.values())},
        **refusals("not-acceptable", "slow-upload", "too-large", "wrong-type", "invalid", "busy"),
    },
    openapi_extra=options(),
    summary="Draw an avatar",
)
async def draw(request: Request, query: Annotated[RenderQuery, Query()]) -> Response:
    """Draw an avatar from its DiceBear options."""
    desk: Desk = request.app.state.desk
    kind = query.format or choose(request.headers.get("accept"), _OFFERS)
    drawn = await desk.draw(_avatar(await _json(request)), kind, query.size)
    return svg(drawn) if kind == "svg" else Response(drawn, media_type=_OFFERS[kind])


def svg(drawn: bytes) -> Response:
    """Return the answer for an SVG, which can't do anything in a browser but be seen."""
    return Response(
        drawn, media_type="image/svg+xml", headers={"Content-Security-Policy": _SVG_POLICY}
    )


async def _json(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, "wrong-type", "send an avatar's options as application/json")
    return await request.body()


def _avatar(body: bytes) -> Avatar:
    try:
        options: Any = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Problem(
            400, "bad-request", "the body is no JSON: give an avatar's options"
        ) from error
    try:
        avatar = Avatar.from_dict(options)
    except ArgumentError:
        raise
    except (TypeError, ValueError, ArithmeticError) as error:  # what is no number, or too large
        raise Problem(422, "invalid", "no avatar's options: see the JSON of /v1/fit") from error
    stylebook.check_name(avatar.style)
    return avatar


def _no_number(text: str) -> Any:
    raise ValueError(text)
