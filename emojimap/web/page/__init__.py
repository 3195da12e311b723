"""The page of ``emojimap serve``, made with NiceGUI.

browser ─ photo ──────────────> POST v1/fit     the service; the page never holds the photo
─ what was fitted ────> screen          the state of one tab: works, steps, candidates
─ <img> ──────────────> page/avatar.svg drawn from what stands in the address
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from emojimap.errors import ServeError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from emojimap.web.service.settings import ServeSettings

__all__ = ["PAGE_CSP", "STATIC", "mount"]

STATIC = Path(__file__).parent / "static"
"""Our own modules, style sheet and icon."""

PAGE_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'nonce-{nonce}'",
        "style-src 'self' 'unsafe-inline'",  # Vue and Quasar set styles of elements
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)
"""Policy of the page: scripts run that come from here as files, or have the answer's own number."""


def mount(app: FastAPI, settings: ServeSettings) -> None:
    """Put the page at ``/`` of an app; the last one of a process counts, as NiceGUI has but one.

    Parameters
    ----------
    app : FastAPI
        With the service; has not started yet.
    settings : ServeSettings
        Token and first style.

    Raises
    ------
    ServeError
        If NiceGUI is missing.
    """
    try:
        from emojimap.web.page import frame
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("emojimap"):
            raise
        raise ServeError(
            f"the page of emojimap serve needs {error.name}: pip install 'emojimap[serve]', or "
            "serve without it (--no-page)"
        ) from error
    from emojimap.web.service import stylebook

    frame.build(app, settings, stylebook.names())
