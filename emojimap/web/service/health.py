"""Routes for those who watch over the server."""

from __future__ import annotations

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response

from emojimap.web.service.answers import Health
from emojimap.web.service.described import refusals
from emojimap.web.service.desk import Desk
from emojimap.web.service.figures import Figures
from emojimap.web.service.problems import Problem

router = APIRouter()


@router.head("/healthz", include_in_schema=False)  # as some balancers ask
@router.get(
    "/healthz",
    response_model=Health,
    responses=refusals("stopping", "no-workers"),
    summary="Ask how it is",
)
async def health(request: Request) -> Response:
    """Say whether the server takes photos; needs no token."""
    desk: Desk = request.app.state.desk
    if desk.stopping:
        raise Problem(503, "stopping", "draining: what is in work is finished, no more is taken")
    if not desk.alive:
        raise Problem(
            503,
            "no-workers",
            "all processes that look at photos are being started again: ask again soon",
            headers={"Retry-After": "5"},
            retry_after_s=5,
        )
    return JSONResponse(
        {
            "status": "ok",
            "workers": desk.alive,
            "in_work": desk.in_work,
            "waiting": desk.waiting,
        }
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Figures for Prometheus",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **refusals(),
    },
    summary="Show figures",
)
async def metrics(request: Request) -> Response:
    """Give the figures in Prometheus's text format."""
    figures: Figures = request.app.state.figures
    return Response(figures.text(), media_type=CONTENT_TYPE_LATEST)
