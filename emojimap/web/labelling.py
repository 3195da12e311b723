"""The page on which a person picks the true colours of faces.

    browser ─ GET  /TOKEN/                 the page
            ─ GET  /TOKEN/photos.json      names, colours so far, errors met
            ─ GET  /TOKEN/photos/7.png     the eighth photo, without loss
            ─ POST /TOKEN/labels/7         its colours; the CSV file is written at once
            ─ POST /TOKEN/done             the end

Only this computer is answered, and only who has the token: another page that is open in the same
browser can neither guess it nor come under another host name.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import socketserver
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from PIL import Image

from emojimap import photo
from emojimap.errors import ArgumentError, EmojimapError, OutputError
from emojimap.photos import find_photos
from emojimap.tune import labels
from emojimap.tune.labels import COLOURS, Label

__all__ = ["find_photos", "serve"]

_MOST_BODY = 1024
_MOST_DRAINED = 2**20
_PATIENCE_S = 30  # with a browser that opens a connection and says nothing


def serve(
    photos: Sequence[Path],
    out: Path,
    *,
    port: int = 0,
    open_browser: bool = True,
    announce: Callable[[str], None],
) -> int:
    """Show photos in the browser and write the colours that a person picks, until that is done.

    It ends by the page's button or by Ctrl-C; each colour was written when it was picked.

    Parameters
    ----------
    photos : sequence of Path
        What to label, one or more.
    out : Path
        The CSV file. One that exists is gone on with; lines of other photos are kept.
    port : int
        TCP port on 127.0.0.1; 0 takes a free one.
    open_browser : bool
        Whether to open the page; its address is announced in any case.
    announce : callable
        Is given one line for the person who started this.

    Returns
    -------
    int
        How many of the photos have at least one colour now.

    Raises
    ------
    ArgumentError
        If there are no photos, or the port can't be had.
    DataError
        If the CSV file holds something else.
    OutputError
        If the CSV file has no folder.
    """
    desk = _Desk(photos, out)
    with _open(desk, port) as server:
        announce(
            f"label {len(photos)} photos at {server.address} (Done or Ctrl-C ends it, colours are "
            f"written to {out} at once)"
        )
        if open_browser:  # a thread: some browsers return only when they are closed
            threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever(poll_interval=0.1)
    return desk.close()


class _Desk:
    """Photos, and what is known about each; may be used by several threads."""

    def __init__(self, photos: Sequence[Path], out: Path) -> None:
        if not photos:
            raise ArgumentError("there are no photos to label: give one or more")
        if not out.parent.is_dir():
            raise OutputError(f"{out.parent} is no folder: make it first")
        self._photos = list(photos)
        self._places = [labels.place(path) for path in photos]
        self._out = out
        self._errors: dict[int, str] = {}
        self._lock = threading.Lock()
        self._open = True
        self._written = self._content()
        known = [] if self._written is None else labels.read(out, unfinished=True)
        self._labels = {labels.place(label.photo): label for label in known}

    def listing(self) -> dict[str, Any]:
        """Everything the page shows beside the photos."""
        names = _names(self._photos)
        with self._lock:
            rows = [
                {"name": name, "colours": self._colours(place), "error": self._errors.get(number)}
                for number, (name, place) in enumerate(zip(names, self._places, strict=True))
            ]
        return {"out": str(self._out), "photos": rows}

    def picture(self, number: int) -> bytes:
        """PNG of a photo as `emojimap.photo.read` gives it."""
        try:
            rgb = photo.read(self._photos[number])
        except EmojimapError as error:
            self._errors[number] = str(error)
            raise
        self._errors.pop(number, None)
        stream = io.BytesIO()
        Image.fromarray(rgb).save(stream, "PNG", compress_level=1)
        return stream.getvalue()

    def save(self, number: int, colours: dict[str, str | None]) -> int:
        """Write the colours of one photo; return how many photos are judged."""
        place = self._places[number]
        with self._lock:
            if not self._open:
                raise OutputError("labelling has ended: start the command again")
            changed = {**self._labels, place: Label(self._photos[number], **colours)}
            if not changed[place].judged:
                del changed[place]
            self._check_untouched()
            labels.write(self._out, changed.values())
            # Only now: what could not be written must not appear as known.
            self._labels, self._written = changed, self._content()
            return self._judged()

    def close(self) -> int:
        """Let the last write end and allow no more; return how many photos are judged."""
        with self._lock:
            self._open = False
            return self._judged()

    def has(self, number: int) -> bool:
        """Whether there is such a photo."""
        return number < len(self._photos)

    def _judged(self) -> int:
        return sum(place in self._labels and self._labels[place].judged for place in self._places)

    def _colours(self, place: Path) -> dict[str, str | None]:
        label = self._labels.get(place)
        return {name: getattr(label, name, None) for name in COLOURS}

    def _check_untouched(self) -> None:
        """Keep what another program has written meanwhile, a spreadsheet for one."""
        if self._content() not in (None, self._written):
            raise OutputError(
                f"{self._out} was changed by another program: end this page and start the command "
                "again, it goes on from there"
            )

    def _content(self) -> bytes | None:
        try:
            return self._out.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutputError(
                f"{self._out} can't be read ({error.strerror}): name another file"
            ) from error


def _names(photos: Sequence[Path]) -> list[str]:
    """Paths without the folder that all share."""
    try:
        shared = os.path.commonpath([os.path.abspath(path.parent) for path in photos])
        return [os.path.relpath(path, shared) for path in photos]
    except ValueError:  # several drives
        return [str(path) for path in photos]


def _open(desk: _Desk, port: int) -> _Server:
    if not 0 <= port <= 65_535:
        raise ArgumentError(f"port is {port}: give 0 to 65535")
    try:
        return _Server(desk, port)
    except OSError as error:
        raise ArgumentError(
            f"port {port} can't be used ({error.strerror}): give another, or 0 for any"
        ) from error


class _Server(ThreadingHTTPServer):
    # Elsewhere than on POSIX this would let a second program take the same port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, desk: _Desk, port: int) -> None:
        self.page = (package_files("emojimap.web") / "label.html").read_text("utf-8")
        super().__init__(("127.0.0.1", port), _Handler)
        self.desk = desk
        self.token = secrets.token_urlsafe(24)
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}
        self.address = f"http://127.0.0.1:{self.server_port}/{self.token}/"

    def server_bind(self) -> None:
        # Not the parent's: it looks up the computer's name, which may take half a minute.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about browsers that go away early."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


@dataclass(frozen=True)
class _Answer:
    kind: str
    body: bytes
    policy: str = "default-src 'none'"
    status: HTTPStatus = HTTPStatus.OK


class _RefusedError(Exception):
    """A request that is not carried out."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "emojimap", ""
    timeout = _PATIENCE_S

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._done = False
        try:
            self._answer(self._post)
        finally:
            if self._done:
                self.server.shutdown()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the terminal quiet."""

    def _answer(self, act: Callable[[], _Answer]) -> None:
        try:
            answer = act()
        except _RefusedError as refused:
            answer = _json({"error": str(refused)}, refused.status)
        except OutputError as error:
            answer = _json({"error": str(error)}, HTTPStatus.INSUFFICIENT_STORAGE)
        except EmojimapError as error:
            answer = _json({"error": str(error)}, HTTPStatus.UNPROCESSABLE_ENTITY)
        self.send_response(answer.status)
        for name, value in (
            ("Content-Type", answer.kind),
            ("Content-Length", str(len(answer.body))),
            ("Content-Security-Policy", answer.policy),
            ("Cache-Control", "no-store"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def _get(self) -> _Answer:
        target = self._target()
        if not target:
            return _page(self.server.page)
        if target == "photos.json":
            return _json(self.server.desk.listing())
        number = self._number(r"photos/([0-9]{1,9})\.png", target)
        return _Answer("image/png", self.server.desk.picture(number))

    def _post(self) -> _Answer:
        body = self._body()
        target = self._target()
        if target == "done":
            self._done = True
            return _json({"judged": self.server.desk.close()})
        number = self._number("labels/([0-9]{1,9})", target)
        return _json({"judged": self.server.desk.save(number, _colours(body))})

    def _target(self) -> str:
        """Check who asks, and return what follows the token in the address."""
        if self.headers.get("Host") not in self.server.hosts:
            raise _RefusedError(
                HTTPStatus.FORBIDDEN, "wrong host: open the address as it was announced"
            )
        token, _, target = self.path.removeprefix("/").partition("/")
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            raise _RefusedError(
                HTTPStatus.FORBIDDEN, "wrong token: open the address as it was announced"
            )
        return target

    def _number(self, pattern: str, target: str) -> int:
        found = re.fullmatch(pattern, target)
        if found is None or not self.server.desk.has(int(found[1])):
            raise _RefusedError(HTTPStatus.NOT_FOUND, "there is nothing here")
        return int(found[1])

    def _body(self) -> bytes:
        """Read it in any case: a browser that is cut short never sees the answer."""
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,15}", length):
            raise _RefusedError(HTTPStatus.LENGTH_REQUIRED, "Content-Length is missing")
        body = self.rfile.read(min(int(length), _MOST_DRAINED))
        if int(length) > _MOST_BODY:
            raise _RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{length} bytes: send {_MOST_BODY} at most"
            )
        return body


def _page(text: str) -> _Answer:
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return _Answer("text/html; charset=utf-8", text.replace("NONCE", nonce).encode(), policy)


def _json(content: Any, status: HTTPStatus = HTTPStatus.OK) -> _Answer:
    return _Answer("application/json", json.dumps(content).encode(), status=status)


def _colours(body: bytes) -> dict[str, str | None]:
    """Colours of a request, checked."""
    try:
        given = json.loads(body)
        if not isinstance(given, dict) or set(given) != set(COLOURS):
            raise ArgumentError(f"give {', '.join(COLOURS)}, and nothing else")
        return {name: None if given[name] is None else _hex(given[name]) for name in COLOURS}
    except (ValueError, RecursionError) as error:  # ArgumentError is a ValueError
        raise _RefusedError(HTTPStatus.BAD_REQUEST, f"no colours: {error}") from error


def _hex(value: object) -> str:
    if not isinstance(value, str):
        raise ArgumentError(f"{value!r} is no colour: give #rrggbb or null")
    return labels.as_hex(value)
