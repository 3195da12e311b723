"""The app: routes, guards and the crew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from emojimap import __version__
from emojimap.crew import Crew
from emojimap.errors import EmojimapError
from emojimap.web.service import described, drawing, fitting, health, job, logs, problems, stylebook
from emojimap.web.service.desk import Desk
from emojimap.web.service.figures import Figures
from emojimap.web.service.guard import Guard, TokenGuard
from emojimap.web.service.limits import BodyLimits
from emojimap.web.service.record import Record
from emojimap.web.service.settings import ServeSettings


def create_app(settings: ServeSettings | None = None) -> FastAPI:
    """Put the service together.

    Parameters
    ----------
    settings : ServeSettings, optional
        Limits and guards.

    Returns
    -------
    FastAPI
        An ASGI app. Its lifespan starts and stops the processes; ``app.state`` has ``settings``,
        ``figures`` and, while it runs, ``crew`` and ``desk``.
    """
    settings = settings or ServeSettings()
    app = FastAPI(
        title="emojimap",
        version=__version__,
        docs_url=None,  # both pages would load scripts from another site
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.settings = settings
    app.state.figures = Figures(lambda: getattr(app.state, "desk", None))
    app.openapi = described.describe(app, settings)  # type: ignore[method-assign]
    problems.handle(app)
    for routes in (fitting, drawing, health):
        app.include_router(routes.router)
    if settings.page:
        from emojimap.web.page import mount

        mount(app, settings)
    _guard(app, settings)
    return app


def _guard(app: FastAPI, settings: ServeSettings) -> None:
    """Put the guards around the app; the last one added is met first."""
    app.add_middleware(TokenGuard, settings=settings)
    if settings.allow_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allow_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Retry-After", "X-Request-Id"],
        )
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(BodyLimits, settings=settings)
    app.add_middleware(Record, figures=app.state.figures)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: ServeSettings = app.state.settings
    places = await asyncio.to_thread(stylebook.places)
    await asyncio.to_thread(app.openapi)  # reads the styles, so that no request waits for them
    crew = Crew(
        settings.workers,
        job.__name__,
        limit_s=settings.time_limit_s,
        start=job.begin,
        args=(settings.fit, places),
    )
    app.state.crew, app.state.desk = crew, Desk(crew, settings)
    try:
        await asyncio.to_thread(crew.ready)
        logs.tell("start", workers=settings.workers, page=settings.page, version=__version__)
        yield
    except EmojimapError as error:
        app.state.failed = error
        raise
    finally:
        await asyncio.to_thread(app.state.desk.stop)
        logs.tell("stop", deaths=crew.deaths)
