"""`emojimap serve`: the service and its page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from emojimap.cli._settings import SettingsFile, read_settings

_TOKEN = "EMOJIMAP_TOKEN"  # noqa: S105 - the name of a variable
_NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for a free one.")
    ] = 8000,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that look at photos.", show_default="cores"),
    ] = None,
    queue: Annotated[
        int, typer.Option(min=0, help="Photos that may wait; more are refused with 429.")
    ] = 16,
    max_mb: Annotated[float, typer.Option(help="Largest upload, megabytes.")] = 20.0,
    max_megapixels: Annotated[
        float, typer.Option(help="Photos with more pixels are refused undecoded.")
    ] = 50.0,
    time_limit: Annotated[
        float, typer.Option(metavar="SECONDS", help="Longest work on one photo.")
    ] = 10.0,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=f"File with the token that clients must show; or set {_TOKEN}.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Further name of this server, as behind a proxy."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="https://SITE", help="Another site whose pages may ask."),
    ] = None,
    no_token: Annotated[
        bool, typer.Option("--no-token", help="Let all computers ask, where --host lets them in.")
    ] = False,
    no_page: Annotated[bool, typer.Option("--no-page", help="REST only.")] = False,
    style: Annotated[str, typer.Option(help="Style for which none is asked.")] = "avataaars",
    settings: SettingsFile = None,
) -> None:
    """Serve avatars by HTTP, for programs (REST) and for people (a page)."""
    _check_installed(page=not no_page)
    from emojimap import workers as workers_
    from emojimap.web.service.run import run
    from emojimap.web.service.settings import ServeSettings

    run(
        ServeSettings(
            host=host,
            port=port,
            workers=workers or workers_.cores(),
            queue=queue,
            max_mb=max_mb,
            max_megapixels=max_megapixels,
            time_limit_s=time_limit,
            token=_token(token_file),
            no_token=no_token,
            allow_hosts=tuple(name.lower() for name in allow_host or ()),
            allow_origins=tuple(site.lower().rstrip("/") for site in allow_origin or ()),
            page=not no_page,
            style=style,
            fit=read_settings(settings),
        )
    )


def _check_installed(*, page: bool) -> None:
    from importlib.util import find_spec

    from emojimap.errors import ServeError

    for name in (*_NEEDED, *(("nicegui",) if page else ())):
        if find_spec(name) is None:
            shown = name.replace("_", "-")
            raise ServeError(f"emojimap serve needs {shown}: pip install 'emojimap[serve]'")


def _token(path: Path | None) -> str | None:
    """Return the token; it never stands on the command line, where others could read it."""
    from emojimap.errors import ServeError

    if path is None:
        return os.environ.get(_TOKEN) or None
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ServeError(f"{path} can't be read ({reason}): write the token into it") from error
    if not text:
        raise ServeError(f"{path} is empty: write the token into it")
    return text
