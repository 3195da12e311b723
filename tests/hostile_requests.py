"""Hostile requests that are not pictures: forms, queries, avatars, HTTP itself, other sites."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

FIT = "/v1/fit"
RENDER = "/v1/render"
_BOUNDARY = "x2f7a1c"
_JSON = {"Content-Type": "application/json"}
_JPEG = {"Content-Type": "image/jpeg"}
_HEAD = b"\xff\xd8\xff"
"""First bytes of a JPEG: whoever looks no further takes it for one."""


@dataclass(frozen=True)
class Hostile:
    """One request.

    Parameters
    ----------
    name : str
        What is wrong with it.
    body : bytes
        Its body; as it goes over the line where `raw` is true, else with a Content-Length.
    path : str
        With the query.
    headers : dict of str to str
        Beside Host; those given here win.
    method : str
        Of HTTP.
    raw : bool
        Whether headers and body are sent without a Content-Length.
    """

    name: str
    body: bytes = b""
    path: str = FIT
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"
    raw: bool = False

    def bytes(self, port: int) -> bytes:
        """Return the request as it goes over the line."""
        headers = {"Host": f"127.0.0.1:{port}", "Connection": "close"}
        if not self.raw:
            headers["Content-Length"] = str(len(self.body))
        headers.update(self.headers)
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


def requests(max_mb: float) -> Iterator[Hostile]:
    """Give them all.

    Parameters
    ----------
    max_mb : float
        Limit of the server, megabytes.

    Yields
    ------
    Hostile
        One after another.
    """
    for kind in (_forms(), _queries(), _paths(), _avatars(), _renders(), _http(max_mb), _sites()):
        yield from kind


def _form(*parts: tuple[str, bytes], end: str = f"--{_BOUNDARY}--\r\n") -> bytes:
    found = b"".join(
        f"--{_BOUNDARY}\r\n{head}\r\n\r\n".encode("latin-1") + body + b"\r\n"
        for head, body in parts
    )
    return found + end.encode()


def _field(name: str, file: str = "a.jpg") -> str:
    return f'Content-Disposition: form-data; name="{name}"; filename="{file}"'


def _forms() -> Iterator[Hostile]:
    photo = _HEAD + bytes(500)
    good = _form((_field("photo"), photo))
    kind = f"multipart/form-data; boundary={_BOUNDARY}"
    long = "n" * 20_000
    for name, mime, body in (
        ("without a boundary", "multipart/form-data", good),
        ("with an empty boundary", "multipart/form-data; boundary=", good),
        ("with another boundary", "multipart/form-data; boundary=other", good),
        ("with a long boundary", f"multipart/form-data; boundary={'b' * 200}", good),
        ("that is empty", kind, b""),
        ("without fields", kind, f"--{_BOUNDARY}--\r\n".encode()),
        ("cut in the photo", kind, good[: len(good) // 2]),
        ("without its end", kind, _form((_field("photo"), photo), end="")),
        ("of another field", kind, _form((_field("file"), photo))),
        ("of a field without a name", kind, _form(("Content-Disposition: form-data", photo))),
        ("without a disposition", kind, _form(("Content-Type: image/jpeg", photo))),
        ("of two photos", kind, _form((_field("photo"), photo), (_field("photo"), photo))),
        ("of a photo and a text", kind, _form((_field("photo"), photo), (_field("style"), b"x"))),
        ("of 500 fields", kind, _form(*[(_field(f"f{i}"), b"x") for i in range(500)])),
        ("with a huge name", kind, _form((_field(long), photo))),
        ("with a huge file name", kind, _form((_field("photo", long), photo))),
        ("with many headers", kind, _form(("\r\n".join(f"X-{i}: 1" for i in range(100)), photo))),
        ("with a broken header", kind, _form(("\0\1\2", photo))),
        ("with a path as file name", kind, _form((_field("photo", "../../etc/passwd"), b"text"))),
        ("with a NUL in the file name", kind, _form((_field("photo", "a\0b"), b"text"))),
        ("of a photo with nothing in it", kind, _form((_field("photo"), b""))),
        ("of a form in a form", kind, _form((_field("photo"), good))),
        ("of text", "application/x-www-form-urlencoded", b"photo=%2Fetc%2Fpasswd"),
        ("of an address", "application/json", b'{"url": "file:///etc/passwd"}'),
    ):
        yield Hostile(f"a form {name}", body, headers={"Content-Type": mime})


def _queries() -> Iterator[Hostile]:
    photo = _HEAD + bytes(500)
    for query in (
        *("style=../../etc/passwd", "style=/etc/passwd", "style=%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
        *("style=file:///etc/passwd", "style=http://127.0.0.1/", "style=a.toml", "style=%00"),
        *("style=avataaars%00.toml", "style=" + "a" * 5_000, "style=", "style=AVATAAARS"),
        *("top=0", "top=-1", "top=21", "top=nan", "top=1e9", "top=" + "9" * 4_000),
        *("face=-1", "face=9999", "face=x", "face=1e3", "face=%F0%9F%98%80", "face=", "face=5"),
        *("size=0", "size=15", "size=1025", "size=-64", "size=nan"),
        *("format=exe", "format=json%0d%0aX:1", "format=svg&face=all", "path=/etc/passwd"),
        *("photo=http://127.0.0.1/", "callback=alert", "top[]=5", "%ff%fe=1"),
    ):
        yield Hostile(f"query {query[:40]}", photo, f"{FIT}?{query}", _JPEG)


def _paths() -> Iterator[Hostile]:
    for path in (
        "/v1/styles/..%2f..%2fetc%2fpasswd",
        "/v1/styles/../../etc/passwd",
        "/.env",
        "/v1/styles/%00",
        "/v1/styles/a.toml",
        "/docs",
        "/v1/fit/",
        "//etc/passwd",
        "/v1",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/v1/render/x",
        "/static/../pyproject.toml",
    ):
        yield Hostile(f"path {path}", path=path, method="GET")
    for method in ("DELETE", "PUT", "PATCH", "GET", "TRACE", "BREW"):
        yield Hostile(f"method {method}", method=method)


def _avatars() -> Iterator[Hostile]:
    style = {"emojimapStyleVariant": "avataaars"}
    bodies: list[tuple[str, Any]] = [
        ("a list", []),
        ("null", None),
        ("a number", 7),
        ("a text", "avataaars"),
        ("nothing", {}),
        ("a path as style", {"emojimapStyleVariant": "../../etc/passwd"}),
        ("a file as style", {"emojimapStyleVariant": "/etc/passwd"}),
        ("an address as style", {"emojimapStyleVariant": "http://127.0.0.1/a.toml"}),
        ("a pack as style", {"emojimapStyleVariant": "a.toml"}),
        ("a list as style", {"emojimapStyleVariant": ["avataaars"]}),
        ("an unknown style", {"emojimapStyleVariant": "nothingLikeIt"}),
        ("an unknown part", {**style, "wheelsVariant": "four"}),
        ("an unknown variant", {**style, "topVariant": "nothingLikeIt"}),
        ("a path as variant", {**style, "topVariant": "../../etc/passwd"}),
        ("a script as variant", {**style, "topVariant": "<script>alert(1)</script>"}),
        ("two variants", {**style, "topVariant": ["bob", "bun"]}),
        ("a number as variant", {**style, "topVariant": 5}),
        ("chance", {**style, "topVariant": "bob", "topProbability": 50}),
        ("a text as chance", {**style, "topVariant": "bob", "topProbability": "100"}),
        ("a script as colour", {**style, "hairColor": ['"/><script>alert(1)</script>']}),
        ("an address as colour", {**style, "hairColor": ["url(http://127.0.0.1/)"]}),
        ("no colour", {**style, "hairColor": []}),
        ("a list of lists as colour", {**style, "hairColor": [["ffffff"]]}),
        ("an unknown colour", {**style, "wheelsColor": ["ffffff"]}),
        ("a text as score", {**style, "topVariant": "bob", "topScoreVariant": {"bob": "good"}}),
        ("a list as score", {**style, "topVariant": "bob", "topScoreVariant": {"bob": []}}),
    ]
    texts: list[tuple[str, bytes]] = [(name, json.dumps(one).encode()) for name, one in bodies]
    start = (
        b'{"emojimapStyleVariant": "avataaars", "topVariant": "bob", "topScoreVariant": {"bob": '
    )
    texts += [
        ("no JSON", b"{"),
        ("an empty body", b""),
        ("not a number", start + b"NaN}}"),
        ("infinity", start + b"-Infinity}}"),
        ("a number of 400 digits", start + b"9" * 400 + b"}}"),
        ("a number of 5,000 digits", start + b"9" * 5_000 + b"}}"),
        ("lists 30,000 deep", b"[" * 30_000 + b"]" * 30_000),
        ("objects 10,000 deep", b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
        ("more than is read", b'{"seed": "' + b"a" * 100_000 + b'"}'),
        ("no UTF-8", b'{"emojimapStyleVariant": "\xff\xfe"}'),
        ("half a character", b'{"emojimapStyleVariant": "\\ud800"}'),
        ("XML", b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    ]
    for name, body in texts:
        yield Hostile(f"avatar: {name}", body, RENDER, _JSON)


def _renders() -> Iterator[Hostile]:
    plain = json.dumps({"emojimapStyleVariant": "avataaars"}).encode()
    yield Hostile("avatar as text", plain, RENDER, {"Content-Type": "text/plain"})
    for query in ("size=1025", "size=x", "format=pdf", "style=a", "format=png&size=0"):
        yield Hostile(f"render {query}", plain, f"{RENDER}?{query}", _JSON)
    yield Hostile("a picture of an unknown kind", plain, RENDER, {**_JSON, "Accept": "text/html"})


def _chunked(size: int) -> bytes:
    piece = _HEAD + b"\0" * 65_533
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for _ in range(1 + size // len(piece)))


def _http(max_mb: float) -> Iterator[Hostile]:
    above = int(max_mb * 1e6) + 100_000
    chunked = {**_JPEG, "Transfer-Encoding": "chunked"}
    make: Callable[..., Hostile] = Hostile
    for length in ("-1", "x", "1, 2", "0x10", "9" * 30, str(above), "+5"):
        headers = {**_JPEG, "Content-Length": length}
        yield make(f"Content-Length {length}", b"", FIT, headers, raw=True)
    yield make("more than is read", _HEAD + b"\0" * above, FIT, _JPEG)
    yield make("chunks above the limit", _chunked(above), FIT, chunked, raw=True)
    yield make("a chunk without a size", b"zz\r\nhello\r\n0\r\n\r\n", FIT, chunked, raw=True)
    yield make("a chunk of negative size", b"-5\r\nhello\r\n0\r\n\r\n", FIT, chunked, raw=True)
    yield make("chunks of nothing", b"0\r\n\r\n", FIT, chunked, raw=True)
    yield make(
        "chunked twice",
        b"0\r\n\r\n",
        FIT,
        {**chunked, "Transfer-Encoding": "chunked, chunked"},
        raw=True,
    )
    yield make(
        "a packed body", zlib.compress(b"\0" * 10**6), FIT, {**_JPEG, "Content-Encoding": "deflate"}
    )
    yield make("a wish that can't be met", _HEAD, FIT, {**_JPEG, "Accept": "text/html"})
    yield make("a head above the limit", b"", FIT, {"X-Long": "a" * 70_000})
    yield make("a header with a NUL", b"", FIT, {"X-Odd": "a\0b"})
    yield make("a path with a space", b"", "/v1/fit HTTP/1.1\r\nX: y", method="GET")
    yield make("a method of odd letters", b"", FIT, method="P@ST{}")


def _sites() -> Iterator[Hostile]:
    for name, headers in (
        ("another host", {"Host": "evil.example"}),
        ("an empty host", {"Host": ""}),
        ("a host with a user", {"Host": "127.0.0.1@evil.example"}),
        ("a host that ends like ours", {"Host": "127.0.0.1.evil.example"}),
        ("another origin", {"Origin": "https://evil.example"}),
        ("no origin at all", {"Origin": "null"}),
        ("another port", {"Origin": "http://127.0.0.1:1"}),
        ("a site beside", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}),
        ("a form on another site", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}),
    ):
        yield Hostile(name, _HEAD, FIT, {**_JPEG, **headers})
