"""Refusals, all as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import http
import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from emojimap.errors import (
    ArgumentError,
    EmojimapError,
    NoFaceError,
    PhotoError,
    StyleError,
    WorkerError,
)

MEDIA_TYPE = "application/problem+json"
KIND = "urn:emojimap:"
"""Before the kind in the member `type`."""
_LONGEST = 500  # an error's own words may hold what the client sent

TITLES = {
    "bad-request": "The request can't be understood",
    "no-token": "A token is needed",
    "cross-site": "Another site may not ask here",
    "unknown-path": "There is nothing here",
    "wrong-method": "This path takes other methods",
    "not-acceptable": "None of the wanted kinds can be made",
    "slow-upload": "The upload took too long",
    "too-large": "The upload is too large",
    "not-a-photo": "This is no photo in a known format",
    "wrong-type": "The body is of another type",
    "wrong-host": "The server does not go by this name",
    "invalid": "A value is wrong",
    "bad-photo": "The photo can't be used",
    "no-face": "No such face in the photo",
    "unworkable": "The photo could not be worked on",
    "busy": "Too many photos at once",
    "gone": "The client went away",
    "fault": "The server made a mistake",
    "stopping": "The server is stopping",
    "no-workers": "Nobody is there to work",
}
"""Kinds of refusals; `type` is ``urn:emojimap:`` and one of these."""

_BY_STATUS = {
    400: "bad-request",
    401: "no-token",
    403: "cross-site",
    404: "unknown-path",
    405: "wrong-method",
    406: "not-acceptable",
    413: "too-large",
    415: "not-a-photo",
    422: "invalid",
    429: "busy",
    503: "stopping",
}
_BY_ERROR: tuple[tuple[type[EmojimapError], str], ...] = (
    (NoFaceError, "no-face"),
    (PhotoError, "bad-photo"),
    (WorkerError, "unworkable"),
    (StyleError, "invalid"),
    (ArgumentError, "invalid"),
)


class Problem(HTTPException):
    """A refusal.

    Parameters
    ----------
    status : int
        HTTP status.
    kind : str
        One of `TITLES`.
    detail : str
        What is wrong, with the value, and what to do.
    headers : dict of str to str, optional
        Further headers.
    **more : object
        Further members of the answer, JSON types.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(status, detail, headers)
        self.kind, self.more = kind, more


def answer(problem: Problem, request_id: str | None = None) -> Response:
    """Put a refusal into words.

    Parameters
    ----------
    problem : Problem
        What is refused.
    request_id : str, optional
        As in the log.

    Returns
    -------
    Response
        To be sent.
    """
    body = {
        "type": f"{KIND}{problem.kind}",
        "title": TITLES[problem.kind],
        "status": problem.status_code,
        "detail": str(problem.detail)[:_LONGEST],
        **problem.more,
    }
    if request_id:
        body["request_id"] = request_id
    headers = dict(problem.headers or {})
    return Response(json.dumps(body, ensure_ascii=False), problem.status_code, headers, MEDIA_TYPE)


def of_error(error: EmojimapError) -> Problem:
    """Return the refusal that an error of the program means; status 422.

    Parameters
    ----------
    error : EmojimapError
        What was raised on the way.

    Returns
    -------
    Problem
        With the error's own words.
    """
    detail = " ".join(str(error).split())
    for kind_of, kind in _BY_ERROR:
        if isinstance(error, kind_of):
            return Problem(422, kind, detail)
    return Problem(500, "fault", "the server can't do this now: ask whoever runs it")


def handle(app: FastAPI) -> None:
    """Answer every error of an app with a problem.

    Parameters
    ----------
    app : FastAPI
        Gets the handlers.
    """
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(EmojimapError, _own)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not isinstance(error, Problem):
        error = _named(request, error)
    request.state.refused = error.kind
    return answer(error, _id(request))


def _named(request: Request, error: HTTPException) -> Problem:
    status = error.status_code
    kind = _BY_STATUS.get(status, "bad-request" if status < 500 else "fault")
    detail = {
        404: "no such path: see /openapi.json",
        405: f"{request.method} is not for this path: see the header Allow",
    }.get(status, str(error.detail) or http.HTTPStatus(status).phrase)
    return Problem(status, kind, detail, dict(error.headers or {}))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = [
        {"where": [str(step) for step in one["loc"]], "detail": str(one["msg"])}
        for one in error.errors()
    ]
    first = f"{'.'.join(wrong[0]['where'])}: {wrong[0]['detail']}" if wrong else "see /openapi.json"
    request.state.refused = "invalid"
    return answer(Problem(422, "invalid", first, errors=wrong), _id(request))


async def _own(request: Request, error: Exception) -> Response:
    assert isinstance(error, EmojimapError)
    problem = of_error(error)
    request.state.refused = problem.kind
    return answer(problem, _id(request))


def _id(request: Request) -> str | None:
    return getattr(request.state, "request_id", None)
