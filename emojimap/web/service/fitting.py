"""Routes that take a photo."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from emojimap.web.service import intake
from emojimap.web.service.answers import AnalyseQuery, FitAnswer, FitQuery, SeenFace
from emojimap.web.service.described import PHOTO, pictures, refusals, upload
from emojimap.web.service.desk import Desk
from emojimap.web.service.drawing import svg
from emojimap.web.service.problems import Problem
from emojimap.web.service.settings import ServeSettings
from emojimap.web.service.stylebook import check_name
from emojimap.web.service.wanted import choose

router = APIRouter(prefix="/v1")

_Offer: TypeAlias = Literal["json", "png", "svg"]
_OFFERS: dict[_Offer, str] = {
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
}


@router.post(
    "/fit",
    response_model=FitAnswer,
    responses={
        200: {
            "description": "The avatars, or a picture of one",
            "content": pictures("image/png", "image/svg+xml"),
        },
        **refusals("not-acceptable", *PHOTO),
    },
    openapi_extra=upload(),
    summary="Fit an avatar",
)
async def fit(request: Request, query: Annotated[FitQuery, Query()]) -> Response:
    """Find the avatar that fits a face best, or those of all faces."""
    settings: ServeSettings = request.app.state.settings
    name = check_name(query.style or settings.style)
    face = None if query.face == "all" else int(query.face)
    kind = query.format or choose(request.headers.get("accept"), _OFFERS)
    if kind == "json":
        return await _as_json(request, name, face, query.top)
    if face is None:
        raise Problem(422, "invalid", f"{kind} shows one face: give its number as face")
    desk, content = await _photo(request)
    drawn, _ = await desk.picture(
        content, name, kind, face=face, size=query.size, gone=intake.gone(request)
    )
    return svg(drawn) if kind == "svg" else Response(drawn, media_type="image/png")


@router.post(
    "/analyse",
    response_model=list[SeenFace],
    responses=refusals(*PHOTO),
    openapi_extra=upload(),
    summary="Analyse a photo",
)
async def analyse(request: Request, query: Annotated[AnalyseQuery, Query()]) -> Response:
    """Say what is seen of each face: landmarks, traits, colours and their evidence."""
    del query  # it has no members
    desk, content = await _photo(request)
    found, _ = await desk.analyse(content, gone=intake.gone(request))
    return JSONResponse(found)


async def _as_json(request: Request, name: str, face: int | None, top: int) -> Response:
    desk, content = await _photo(request)
    found, seconds = await desk.fit(content, (name,), face=face, top=top, gone=intake.gone(request))
    return JSONResponse({"style": name, "faces": found[name], "seconds": round(seconds, 3)})


async def _photo(request: Request) -> tuple[Desk, bytes]:
    desk: Desk = request.app.state.desk
    settings: ServeSettings = request.app.state.settings
    with desk.uploading():
        return desk, await intake.photo(request, settings.max_bytes)
