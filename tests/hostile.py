"""Broken and hostile requests, each of which a server must refuse with a clean 4xx.

The pictures among them show no face, so that one which survives its damage is refused as well.
"""

from __future__ import annotations

import contextlib
import io
import json
import socket
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np
from PIL import Image

from tests.hostile_requests import Hostile, requests

_WRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": ("JPEG", {"quality": 85}),
    "progressive": ("JPEG", {"progressive": True}),
    "png": ("PNG", {}),
    "webp": ("WEBP", {"quality": 80}),
    "webp-lossless": ("WEBP", {"lossless": True}),
    "tiff": ("TIFF", {"compression": "tiff_lzw"}),
    "tiff-plain": ("TIFF", {}),
    "gif": ("GIF", {}),
    "bmp": ("BMP", {}),
    "ppm": ("PPM", {}),
}
_MIME = {"tiff-plain": "tiff", "webp-lossless": "webp", "progressive": "jpeg"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    kind: str
    body: bytes

    def fault(self) -> str | None:
        """Say why this is no clean refusal; None if it is."""
        if not 400 <= self.status < 500:
            return f"status {self.status}"
        if self.kind != "application/problem+json":
            return f"status {self.status} of type {self.kind!r}"
        try:
            problem = json.loads(self.body)
        except ValueError:
            return "the problem is no JSON"
        if problem.get("status") != self.status or not problem.get("detail"):
            return f"a problem without status or detail: {problem}"
        return None


def send(hostile: Hostile, port: int, limit_s: float = 30) -> Answer:
    """Send a request as it is, and read the answer to its end."""
    with socket.create_connection(("127.0.0.1", port), timeout=limit_s) as line:
        with contextlib.suppress(OSError):  # refused before all was sent: the answer is there
            line.sendall(hostile.bytes(port))
        found = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while piece := line.recv(65_536):
                found += piece
    head, _, body = bytes(found).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    status = int(first.split(" ")[1]) if first.startswith("HTTP/1.1 ") else 0
    return Answer(status, headers.get("content-type", ""), body)


def corpus(count: int, seed: int = 0, max_mb: float = 4.0) -> list[Hostile]:
    """Make requests, no two alike.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        For the damage that is drawn at random.
    max_mb : float
        Limit of the server, megabytes, which some of them pass.

    Returns
    -------
    list of Hostile
        Of all kinds in turn.
    """
    rng = np.random.default_rng(seed)
    fixed = [*_files(), *_no_pictures(), *requests(max_mb)]
    order = [fixed[i] for i in rng.permutation(len(fixed))]
    endless = [_cut(rng), _flipped(rng), _swapped(rng), _noise(rng)]
    drawn = (next(kind) for kind in cycle(endless))
    # Half of each, as long as there are fixed ones.
    mixed: list[Hostile] = []
    seen: set[tuple[Any, ...]] = set()
    while len(mixed) < count:
        for one in (*islice(drawn, 1), *(order and [order.pop()])):
            key = (one.method, one.path, one.body, tuple(one.headers.items()))
            if key not in seen and len(mixed) < count:
                seen.add(key)
                mixed.append(one)
    return mixed


def _picture(rng: np.random.Generator, side: int = 96) -> Image.Image:
    """Draw a soft slope of colours; nobody is to be seen."""
    low, high = rng.integers(0, 256, (2, 3))
    slope = np.linspace(0, 1, side)[:, None, None] * (high.astype(int) - low) + low
    grain = rng.normal(0, 4, (side, side + 16, 3))
    return Image.fromarray((slope + grain).clip(0, 255).astype(np.uint8))


def _encoded(image: Image.Image, kind: str) -> bytes:
    form, options = _WRITERS[kind]
    image = image.convert("P") if form == "GIF" else image  # quicker than its own palette
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def _photo(name: str, body: bytes, kind: str = "octet-stream") -> Hostile:
    known = kind in _WRITERS
    mime = f"image/{_MIME.get(kind, kind)}" if known else f"application/{kind}"
    return Hostile(name, body, headers={"Content-Type": mime})


def _cut(rng: np.random.Generator) -> Iterator[Hostile]:
    for kind in cycle(_WRITERS):
        whole = _encoded(_picture(rng), kind)
        at = int(rng.integers(1, len(whole) - 1))
        yield _photo(f"{kind} cut at {at}", whole[:at], kind)


def _flipped(rng: np.random.Generator) -> Iterator[Hostile]:
    for kind in cycle(_WRITERS):
        body = bytearray(_encoded(_picture(rng), kind))
        places = rng.integers(0, len(body), int(rng.integers(1, 20)))
        for at in places:
            body[at] ^= int(rng.integers(1, 256))
        yield _photo(f"{kind} with {len(places)} bytes changed", bytes(body), kind)


def _swapped(rng: np.random.Generator) -> Iterator[Hostile]:
    for kind, other in cycle((a, b) for a in _WRITERS for b in _WRITERS if a != b):
        head = _encoded(_picture(rng), kind)[: int(rng.integers(8, 40))]
        body = _encoded(_picture(rng), other)[len(head) :]
        yield _photo(f"{kind} head on {other}", head + body, kind)


def _noise(rng: np.random.Generator) -> Iterator[Hostile]:
    heads = (
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"BM",
        b"II*\0",
        b"RIFF0000WEBP",
        b"\0\0\0\x18ftypheic",
        b"\0\0\0\x20ftypavif",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"P6\n",
        b"",
    )
    for head in cycle(heads):
        body = head + rng.bytes(int(rng.integers(1, 4_000)))
        yield _photo(f"noise after {head!r}", body)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, data: bytes, depth: int = 8, colour: int = 2) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = (_chunk(b"IHDR", head), _chunk(b"IDAT", data), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0\0\0\0\xff\xff\xff"


def _jpeg(width: int, height: int) -> bytes:
    """Return a JPEG whose head tells another size than its data have."""
    body = bytearray(_encoded(_picture(np.random.default_rng(1)), "jpeg"))
    at = body.index(b"\xff\xc0")
    body[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(body)


def _frames(form: str, count: int) -> bytes:
    rng = np.random.default_rng(2)
    first, *others = (_picture(rng, 48) for _ in range(count))
    out = io.BytesIO()
    first.save(out, form, save_all=True, append_images=others, duration=20)
    return out.getvalue()


def _cmyk(cut: int) -> bytes:
    out = io.BytesIO()
    _picture(np.random.default_rng(3)).convert("CMYK").save(out, "JPEG")
    return out.getvalue()[:-cut] + b"\0" * (cut // 2)


def _exif(notes: bytes) -> bytes:
    body = _encoded(_picture(np.random.default_rng(4)), "jpeg")
    segment = b"Exif\0\0" + notes
    return body[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + body[2:]


def _files() -> Iterator[Hostile]:
    flat = zlib.compress(b"\0" * 1_000, 9)
    for width, height in (
        (60_000, 60_000),
        (2**31 - 1, 2**31 - 1),
        (1, 2**31 - 1),
        (0, 0),
        (8_000, 8_000),
    ):
        yield _photo(f"PNG that says {width} x {height}", _png(width, height, flat), "png")
    bomb = zlib.compress(b"\0" * 6_000 * (6_000 // 8 + 1), 1)
    yield _photo("PNG of 36 megapixels in few bytes", _png(6_000, 6_000, bomb, 1, 0), "png")
    yield _photo("PNG of 100 megapixels in few bytes", _png(10_000, 10_000, bomb, 1, 0), "png")
    yield _photo(
        "PNG with more data than pixels", _png(64, 64, zlib.compress(b"\0" * 10**7)), "png"
    )
    text = _chunk(b"zTXt", b"a\0\0" + zlib.compress(b"a" * 10**7, 1))
    yield _photo("PNG with a text bomb", _png(64, 64, flat)[:33] + text + _png(64, 64, flat)[33:])
    yield _photo("PNG without data", _png(64, 64, b""), "png")
    yield _photo("PNG of an unknown kind", _png(64, 64, flat, 3, 5), "png")
    yield _photo(
        "GIF of 65,535 x 65,535", _gif(65_535, 65_535) + b",\0\0\0\0\xff\xff\xff\xff\0\2;", "gif"
    )
    yield _photo("GIF without a frame", _gif(64, 64) + b";", "gif")
    yield _photo("JPEG that says 65,500 x 65,500", _jpeg(65_500, 65_500), "jpeg")
    yield _photo("JPEG that says 5,000 x 5,000", _jpeg(5_000, 5_000), "jpeg")
    yield _photo("JPEG that says 0 x 0", _jpeg(0, 0), "jpeg")
    yield _photo("JPEG of one pixel's height", _jpeg(4_000, 1), "jpeg")
    for form in ("GIF", "PNG", "WEBP"):
        yield _photo(f"{form} with 60 frames", _frames(form, 60))
        yield _photo(f"{form} with 20 frames, cut", _frames(form, 20)[:-700])
    for cut in (50, 400, 900):
        yield _photo(f"CMYK JPEG, {cut} bytes broken", _cmyk(cut), "jpeg")
    endless = b"MM\0*\0\0\0\x08" + struct.pack(">HHHII", 1, 0x0112, 3, 2**31, 2**31) + b"\0\0\0\x08"
    for name, notes in (("noise", bytes(range(256)) * 20), ("a loop", endless), ("nothing", b"")):
        yield _photo(f"EXIF of {name}", _exif(notes), "jpeg")
    tags = struct.pack("<HHHII", 1, 256, 4, 1, 2**31 - 1)
    yield _photo("TIFF that points at itself", b"II*\0\x08\0\0\0" + tags + b"\x08\0\0\0", "tiff")
    yield _photo("TIFF that points past its end", b"II*\0\xff\xff\xff\x7f", "tiff")
    yield _photo(
        "BMP that says -1 x 2^31",
        b"BM"
        + struct.pack("<IIIIiiHHIIIIII", 54, 0, 54, 40, -1, -(2**31), 1, 24, 0, 0, 0, 0, 0, 0),
        "bmp",
    )
    yield _photo("PPM of 10^9 pixels a side", b"P6 1000000000 1000000000 255\n", "ppm")
    yield _photo("PPM with a long number", b"P6 " + b"9" * 5_000 + b" 1 255\n", "ppm")


def _no_pictures() -> Iterator[Hostile]:
    thing = '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    svg = f'{thing}<svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>'.encode()
    script = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    remote = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1/"/></svg>'
    for name, body in (("an entity", svg), ("a script", script), ("an address", remote)):
        yield Hostile(f"SVG with {name}", body, headers={"Content-Type": "image/svg+xml"})
        yield _photo(f"SVG with {name}, as bytes", body)
    for name, body in (
        ("nothing", b""),
        ("one zero", b"\0"),
        ("many zeros", b"\0" * 100_000),
        ("text", b"Not a photo at all.\n" * 50),
        ("HTML", b"<!doctype html><script>alert(1)</script>"),
        ("JSON", b'{"photo": "/etc/passwd"}'),
        ("an address", b"http://169.254.169.254/latest/meta-data/"),
        ("a path", b"/etc/passwd"),
        ("PDF", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"),
        ("PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
        ("ZIP", b"PK\x03\x04" + b"\0" * 200),
        ("ELF", b"\x7fELF\x02\x01\x01" + b"\0" * 200),
        ("MVG", b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/'\n"),
        ("XPM", b'/* XPM */ static char *a[] = {"1 1 1 1", "a c #fff", "a"};'),
        ("ICO", b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0"),
        ("a film", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 300),
        ("a pickle", b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\5posix\x94\x8c\6system\x94\x93\x94."),
    ):
        yield _photo(f"{name} for a photo", body)
