"""What OpenAPI says beside the shapes: kinds of uploads, examples, refusals, the token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from emojimap.web.service import guard, problems, stylebook
from emojimap.web.service.answers import ProblemAnswer
from emojimap.web.service.settings import ServeSettings

_UPLOADS = ("image/jpeg", "image/png", "image/webp", "image/heic", "application/octet-stream")
_PLAIN = "avataaars"

_EXAMPLES: dict[str, tuple[int, str, dict[str, Any]]] = {
    "bad-request": (400, "the form is cut off: send all of it", {}),
    "no-token": (401, "show the server's token in the header Authorization: Bearer TOKEN", {}),
    "cross-site": (
        403,
        "a page of another site asks: start the server with --allow-origin if it may",
        {},
    ),
    "unknown-path": (404, "no such style: see /v1/styles", {}),
    "not-acceptable": (406, "ask for one of image/png, image/svg+xml in Accept", {}),
    "slow-upload": (408, "no whole upload in 30 s: use a smaller photo", {}),
    "too-large": (
        413,
        "more than the 20,016,384 bytes that are read: send a smaller photo",
        {"max_bytes": 20_016_384},
    ),
    "not-a-photo": (415, "no photo in a known format: send JPEG, PNG, WebP or HEIC", {}),
    "wrong-type": (415, "send an avatar's options as application/json", {}),
    "wrong-host": (
        421,
        "the server does not go by the name in the header Host: start it with --allow-host",
        {},
    ),
    "invalid": (
        422,
        "query.top: Input should be less than or equal to 20",
        {"errors": [{"where": ["query", "top"], "detail": "should be at most 20"}]},
    ),
    "bad-photo": (
        422,
        "the 8,192 bytes: damaged or cut off (image file is truncated), copy or download it again",
        {},
    ),
    "no-face": (422, "no face found: use a photo that shows one from the front", {}),
    "unworkable": (422, "took longer than 10 s for one call, and was ended", {}),
    "busy": (429, "18 photos are here already: ask again in 5 s", {"retry_after_s": 5}),
    "fault": (500, "the server made a mistake: tell whoever runs it the request_id", {}),
    "stopping": (503, "the server is stopping: ask again later", {"retry_after_s": 30}),
    "no-workers": (503, "all processes are being started again", {"retry_after_s": 5}),
}

_ALWAYS = ("bad-request", "no-token", "cross-site", "wrong-host", "fault")
PHOTO = (
    *("slow-upload", "too-large", "not-a-photo", "invalid", "bad-photo", "no-face", "unworkable"),
    *("busy", "stopping"),
)
"""Refusals of photos."""


def refusals(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Describe the refusals of a route.

    Parameters
    ----------
    *kinds : str
        Of `problems.TITLES`, beside those that every route has.

    Returns
    -------
    dict
        ``responses`` of a route.
    """
    found: dict[int | str, dict[str, Any]] = {}
    for kind in (*_ALWAYS, *kinds):
        status, detail, more = _EXAMPLES[kind]
        title = problems.TITLES[kind]
        one = found.setdefault(
            status,
            {
                "description": title,
                "content": {
                    problems.MEDIA_TYPE: {
                        "schema": {"$ref": "#/components/schemas/ProblemAnswer"},
                        "examples": {},
                    }
                },
            },
        )
        body = {"type": f"{problems.KIND}{kind}", "title": title, "status": status}
        one["content"][problems.MEDIA_TYPE]["examples"][kind] = {
            "summary": title,
            "value": {**body, "detail": detail, **more, "request_id": "5f1d7a2be0c94a13"},
        }
        if "retry_after_s" in more:
            one["headers"] = {
                "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}
            }
    return dict(sorted(found.items(), key=lambda pair: str(pair[0])))


def pictures(*media: str) -> dict[str, Any]:
    """Describe pictures as content of an answer."""
    return {
        one: {"schema": {"type": "string", "format": "binary", "contentMediaType": one}}
        for one in media
    }


def upload() -> dict[str, Any]:
    """Describe the body of a route that takes a photo."""
    plain = {"schema": {"type": "string", "format": "binary"}}
    form = {
        "type": "object",
        "properties": {"photo": {"type": "string", "format": "binary"}},
        "required": ["photo"],
        "additionalProperties": False,
    }
    content = dict.fromkeys(_UPLOADS, plain) | {"multipart/form-data": {"schema": form}}
    return {
        "requestBody": {
            "description": "The photo itself, or a form with the one field `photo`.",
            "required": True,
            "content": content,
        }
    }


def options() -> dict[str, Any]:
    """Describe the body of a route that takes an avatar."""
    schema = {
        "type": "object",
        "description": "An avatar as DiceBear options, from /v1/fit or /v1/styles/NAME.",
        "required": ["emojimapStyleVariant"],
        "properties": {"emojimapStyleVariant": {"type": "string"}},
    }
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    }


def describe(app: FastAPI, settings: ServeSettings) -> Callable[[], dict[str, Any]]:
    """Return what makes an app's OpenAPI document, once.

    Parameters
    ----------
    app : FastAPI
        With its routes.
    settings : ServeSettings
        Whether there is a token.

    Returns
    -------
    callable
        To be the app's `openapi`.
    """

    def made() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, settings)
        return app.openapi_schema

    return made


def _document(app: FastAPI, settings: ServeSettings) -> dict[str, Any]:
    found = get_openapi(
        title=app.title,
        version=app.version,
        description="A photo of a face goes in, the cartoon avatar that fits it best comes out. "
        "Photos are kept in memory alone, until the answer.",
        routes=app.routes,
    )
    parts = found.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    shape = ProblemAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(shape.pop("$defs", {}))
    schemas["ProblemAnswer"] = shape
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    parts["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "The server's token."},
        "cookie": {"type": "apiKey", "in": "cookie", "name": guard.COOKIE},
    }
    if settings.token is not None:
        found["security"] = [{"bearer": []}, {"cookie": []}]
        found["paths"]["/healthz"]["get"]["security"] = []
    _fill_in(found["paths"])
    return found


def _fill_in(paths: dict[str, Any]) -> None:
    """Put the names of the styles and whole avatars where they belong."""
    plain = stylebook.full(_PLAIN)
    body = paths["/v1/render"]["post"]["requestBody"]["content"]["application/json"]
    body["examples"] = {"plain": {"summary": "A plain avatar", "value": plain["default"]}}
    known = body["schema"]["properties"]["emojimapStyleVariant"]
    known["enum"] = [
        stylebook.full(name)["default"]["emojimapStyleVariant"] for name in stylebook.names()
    ]
    for operation in (one for path in paths.values() for one in path.values()):
        if "application/json" in operation["responses"].get("422", {}).get("content", {}):
            del operation["responses"]["422"]  # FastAPI's own words; any text is a style's name
        for parameter in operation.get("parameters", ()):
            if parameter["name"] in ("style", "name"):
                parameter["schema"]["enum"] = list(stylebook.names())
    _answer(paths, "/v1/styles", "get", [stylebook.brief(_PLAIN)])
    _answer(paths, "/v1/styles/{name}", "get", plain)
    _answer(paths, "/v1/fit", "post", _fit(plain))
    _answer(paths, "/healthz", "get", {"status": "ok", "workers": 2, "in_work": 1, "waiting": 0})


def _answer(paths: dict[str, Any], path: str, method: str, value: Any) -> None:
    content = paths[path][method]["responses"]["200"]["content"]["application/json"]
    content["examples"] = {"usual": {"value": value}}


def _fit(plain: dict[str, Any]) -> dict[str, Any]:
    face = {
        "avatar": plain["default"],
        "candidates": [{"variant": "bob", "score": 0.712, "parts": {"top": "bob"}}],
        "parts": {"top": "bob", "eyes": "default", "facialHair": None},
        "colours": {"hair": "#4a312c", "skin": "#edb98a"},
        "box": [129.9, 93.0, 181.7, 200.3],
        "confidence": 0.941,
        "photo": {"width": 512, "height": 512},
    }
    return {"style": _PLAIN, "faces": [face], "seconds": 0.27}
