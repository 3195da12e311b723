"""Photos out of requests, in memory from the first byte to the last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from emojimap.web.service.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELD = "photo"
"""Name of the only field of a form."""

_HEAD_BYTES = 4_096
_HEADS = 8
_MARKS = (
    *(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM"),
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    *(b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"),
    *(b"P%d" % kind for kind in range(1, 7)),
)
"""First bytes of the formats that photos come in."""


async def photo(request: Request, max_bytes: int) -> bytes:
    """Read the photo of a request.

    Parameters
    ----------
    request : Request
        Its body is the photo, or a form with the one field ``photo``.
    max_bytes : int
        Largest photo.

    Returns
    -------
    bytes
        Of a known format, by its first bytes.

    Raises
    ------
    Problem
        400 for a form that is none, 408, 413, 415 and 422.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise Problem(415, "not-a-photo", "send the photo as it is, without Content-Encoding")
    if kind == b"multipart/form-data":
        body = await request.body()
        content = await asyncio.to_thread(_from_form, body, options.get(b"boundary", b""))
    elif kind in (b"", b"application/octet-stream") or kind.startswith(b"image/"):
        if kind.startswith(b"image/svg"):
            raise Problem(415, "not-a-photo", "SVG is no photo: send JPEG, PNG, WebP or HEIC")
        content = await request.body()
    else:
        raise Problem(
            415,
            "not-a-photo",
            "send the photo itself as image/jpeg or the like, or a form (multipart/form-data) "
            f"with the field {FIELD}",
        )
    return checked(content, max_bytes)


def checked(content: bytes, max_bytes: int) -> bytes:
    """Refuse what is no photo by its size or its first bytes.

    Parameters
    ----------
    content : bytes
        A file.
    max_bytes : int
        Largest photo.

    Returns
    -------
    bytes
        The same.

    Raises
    ------
    Problem
        413, 415 or 422.
    """
    if not content:
        raise Problem(422, "bad-photo", "the upload is empty: send a photo")
    if len(content) > max_bytes:
        raise Problem(
            413,
            "too-large",
            f"{len(content):,} bytes, more than the {max_bytes:,} that are read",
            max_bytes=max_bytes,
        )
    webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    if not (webp or content[4:8] == b"ftyp" or content.startswith(_MARKS)):
        raise Problem(
            415, "not-a-photo", "no photo in a known format: send JPEG, PNG, WebP or HEIC"
        )
    return content


def gone(request: Request) -> Callable[[], Awaitable[None]]:
    """Return what waits until the client of a request, whose body was read, has gone away."""

    async def wait() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return wait


def _from_form(body: bytes, boundary: bytes) -> bytes:
    """Return the one file of a form."""
    if not 1 <= len(boundary) <= 70:
        raise Problem(
            400, "bad-request", "the form's Content-Type has no boundary of 1 to 70 bytes"
        )
    form = _Form()
    try:
        parser = MultipartParser(boundary, form.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Problem(400, "bad-request", "the form is damaged: build it anew") from error
    if not form.ended:
        raise Problem(400, "bad-request", "the form is cut off: send all of it")
    if form.names != [FIELD]:
        raise Problem(
            422, "invalid", f"the form has {len(form.names)} fields: give one, {FIELD}, a file"
        )
    return b"".join(form.pieces)


class _Form:
    """What the parser finds; names of files are not even looked at."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.pieces: list[bytes] = []
        self.ended = False
        self._heads: list[list[bytearray]] = []
        self._count = 0

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_begin": self._head,
            "on_header_field": lambda data, start, end: self._add(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._add(1, data[start:end]),
            "on_headers_finished": self._named,
            "on_part_data": lambda data, start, end: self.pieces.append(data[start:end]),
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if self.names:
            raise Problem(422, "invalid", f"the form has several fields: give one, {FIELD}")
        self._heads, self._count = [], 0

    def _head(self) -> None:
        if len(self._heads) >= _HEADS:
            raise Problem(400, "bad-request", f"a field with more than {_HEADS} headers")
        self._heads.append([bytearray(), bytearray()])

    def _add(self, side: int, data: bytes) -> None:
        self._count += len(data)
        if self._count > _HEAD_BYTES:
            raise Problem(400, "bad-request", f"headers of a field above {_HEAD_BYTES:,} bytes")
        self._heads[-1][side] += data

    def _named(self) -> None:
        heads = {bytes(name).lower(): bytes(value) for name, value in self._heads}
        _, options = parse_options_header(heads.get(b"content-disposition", b""))
        name = options.get(b"name", b"")
        if name != FIELD.encode():
            raise Problem(422, "invalid", f"a field that is not known: give one, {FIELD}")
        self.names.append(FIELD)

    def _end(self) -> None:
        self.ended = True
