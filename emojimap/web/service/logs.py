"""Logs: one JSON object a line on stderr, without anything that tells of a person.

No address, no file's name, no query, no header and no body is ever written.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import datetime, timezone
from typing import Any

LOGGER = logging.getLogger("emojimap.serve")
_OTHERS = (
    *("uvicorn", "asyncio", "concurrent.futures", "python_multipart"),
    *("nicegui", "engineio", "socketio"),
)


class AsJson(logging.Formatter):
    """Turns records into lines of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; the words of others than the service are left out."""
        when = datetime.fromtimestamp(record.created, timezone.utc)
        words = record.getMessage().strip().splitlines() or [""]
        line: dict[str, Any] = {
            "time": when.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": words[0] if record.name == LOGGER.name else record.name,
        }
        line.update(getattr(record, "members", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line.update(where(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False)


def begin() -> None:
    """Write the logs of the service, and that others found an error, to stderr.

    The words of others are left out: they may quote what a client sent.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(AsJson())
    LOGGER.setLevel(logging.INFO)
    for logger in (LOGGER, *map(logging.getLogger, _OTHERS)):
        logger.handlers = [handler]
        logger.propagate = False
    for name in _OTHERS:
        logging.getLogger(name).setLevel(logging.ERROR)


def tell(event: str, level: int = logging.INFO, **members: Any) -> None:
    """Write one line.

    Parameters
    ----------
    event : str
        What happened.
    level : int
        Of `logging`.
    **members : object
        What else to say, JSON types.
    """
    LOGGER.log(level, event, extra={"members": members})


def where(error: BaseException) -> dict[str, Any]:
    """Return an error's type and its way through the program, without its words.

    The words may hold what a client sent.

    Parameters
    ----------
    error : BaseException
        Any.

    Returns
    -------
    dict
        ``error`` and ``at``.
    """
    steps = traceback.extract_tb(error.__traceback__)[-6:]
    return {
        "error": type(error).__name__,
        "at": [f"{step.filename.rpartition('/')[2]}:{step.lineno}" for step in steps],
    }
