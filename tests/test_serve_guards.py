"""Who may ask the server, what it tells of itself, and how it starts and stops."""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from PIL import Image
from typer.testing import CliRunner

from emojimap.cli import app
from emojimap.errors import ArgumentError, EmojimapError, ServeError
from emojimap.web.service import logs
from emojimap.web.service.run import listen
from emojimap.web.service.settings import ServeSettings
from tests.served import problem, serving, talk, until

TOKEN = "correct-horse-battery"
PNG = {"Content-Type": "image/png"}
PLAIN = {"emojimapStyleVariant": "avataaars"}


@pytest.fixture(scope="module")
def photo(astronaut):
    out = io.BytesIO()
    Image.fromarray(astronaut).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def server():
    with serving() as found:
        yield found


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server.url, timeout=60) as found:
        yield found


@pytest.fixture(scope="module")
def guarded():
    """A server with a token, another name, and a friend; nobody works there."""
    settings = {"allow_hosts": ("avatars.example",), "allow_origins": ("https://friend.example",)}
    with serving(token=TOKEN, **settings) as found:
        yield found


@pytest.fixture
def stranger(guarded):
    with httpx.Client(base_url=guarded.url, timeout=60) as found:
        yield found


# Who may ask


def test_answers_are_safe_for_browsers(client):
    headers = client.get("/v1/styles").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9", "[::1]:80", "LOCALHOST:1"])
def test_loopback_names_are_known(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1"])
def test_other_names_are_not(client, host):
    problem(client.get("/healthz", headers={"Host": host}), 421, "wrong-host")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_other_sites_may_not_ask(client, headers):
    problem(client.get("/v1/styles", headers=headers), 403, "cross-site")


def test_this_site_may_ask_and_links_may_lead_here(server, client):
    for headers in (
        {"Origin": server.url},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ):
        assert client.get("/v1/styles", headers=headers).status_code == 200
    problem(client.post("/v1/render", json=PLAIN, headers=headers), 403, "cross-site")


def test_the_token_opens(stranger):
    answer = stranger.get("/v1/styles")
    problem(answer, 401, "no-token")
    assert answer.headers["www-authenticate"] == "Bearer"
    problem(stranger.get("/v1/styles", headers={"Authorization": "Bearer no"}), 401, "no-token")
    problem(stranger.get("/metrics"), 401, "no-token")
    problem(stranger.get("/openapi.json"), 401, "no-token")
    assert stranger.get("/healthz").status_code == 200
    assert stranger.head("/healthz").status_code == 200
    for shown in ({"Authorization": f"Bearer {TOKEN}"}, {"Cookie": f"emojimap_token={TOKEN}"}):
        assert stranger.get("/v1/styles", headers=shown).status_code == 200


def test_names_and_sites_that_are_allowed(stranger):
    good = {"Authorization": f"Bearer {TOKEN}", "Host": "avatars.example"}
    assert stranger.get("/v1/styles", headers=good).status_code == 200
    friend = {**good, "Origin": "https://friend.example"}
    answer = stranger.get("/v1/styles", headers=friend)
    assert answer.headers["access-control-allow-origin"] == "https://friend.example"
    asks = {"Origin": "https://friend.example", "Access-Control-Request-Method": "POST"}
    assert stranger.options("/v1/fit", headers=asks).status_code == 200
    asks["Origin"] = "https://evil.example"
    problem(stranger.options("/v1/fit", headers=asks), 403, "cross-site")


def test_web_sockets_are_guarded_too(guarded):
    ask = (
        "GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    assert b" 403 " in talk(guarded.port, f"{ask}\r\n".encode())
    evil = f"{ask}Authorization: Bearer {TOKEN}\r\nOrigin: http://evil.example\r\n\r\n"
    assert b" 403 " in talk(guarded.port, evil.encode())


# For those who watch


def test_logs_and_figures_tell_of_no_person(client, photo, monkeypatch):
    lines = []
    monkeypatch.setattr(logs, "tell", lambda event, level=0, **more: lines.append((event, more)))
    client.get("/v1/styles/secret-name?secret=value", headers={"User-Agent": "secret"})
    client.post("/v1/fit?style=personas", files={"photo": ("secret.png", photo)})
    assert [more["status"] for _, more in lines] == [404, 200]
    assert lines[0][1]["route"].endswith("/styles/{name}")
    assert lines[1][1]["bytes_in"] > len(photo)
    told = json.dumps(lines) + client.get("/metrics").text
    assert not re.search("secret|127.0.0|personas", told)
    assert 'emojimap_requests_total{method="POST",route="/v1/fit",status="200"}' in told
    assert 'emojimap_refused_total{kind="unknown-path"}' in told
    assert "emojimap_queue_length 0.0" in told


def test_a_line_of_the_log_is_json():
    record = logging.LogRecord(
        "uvicorn.error", logging.ERROR, "x", 1, "secret %s", ("words",), None
    )
    line = json.loads(logs.AsJson().format(record))
    assert line["event"] == "uvicorn.error"
    assert "secret" not in json.dumps(line)


def test_without_a_process_to_work_it_is_not_well(server, client, monkeypatch):
    monkeypatch.setattr(type(server.app.state.desk), "alive", 0)
    answer = client.get("/healthz")
    problem(answer, 503, "no-workers")
    assert answer.headers["Retry-After"] == "5"


def test_a_fault_is_told_by_place_alone(server, client, monkeypatch):
    lines = []
    monkeypatch.setattr(logs, "tell", lambda event, level=0, **more: lines.append((event, more)))
    monkeypatch.setattr(server.app.state, "desk", None)
    answer = client.get("/healthz")
    monkeypatch.undo()
    found = problem(answer, 500, "fault")
    assert lines[0][0] == "fault"
    assert lines[0][1]["error"] == "AttributeError"
    assert lines[0][1]["request"] == found["request_id"]


# Start and stop


def test_settings_are_checked():
    with pytest.raises(ServeError, match="--no-token"):
        ServeSettings(host="0.0.0.0")
    assert ServeSettings(host="0.0.0.0", no_token=True).places == ServeSettings().places
    with pytest.raises(ArgumentError, match="16 to 512"):
        ServeSettings(token="short")
    with pytest.raises(ArgumentError, match="max_mb is 0"):
        ServeSettings(max_mb=0)
    with pytest.raises(ArgumentError, match="give one like https"):
        ServeSettings(allow_origins=("*",))
    assert TOKEN not in repr(ServeSettings(token=TOKEN))


def test_a_busy_port_is_one_clear_line():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match="another --port"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--host", "0.0.0.0"], "--no-token"),
        (["--token-file", "nothing/here"], "write the token into it"),
        (["--max-mb", "0"], "max_mb is 0"),
        (["--style", "avatars"], "did you mean avataaars"),
    ],
)
def test_the_command_refuses_in_one_line(options, told, monkeypatch):
    monkeypatch.delenv("EMOJIMAP_TOKEN", raising=False)
    error = CliRunner().invoke(app, ["serve", "--no-page", *options]).exception
    assert isinstance(error, EmojimapError)
    assert told in str(error)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    error = CliRunner().invoke(app, ["serve"]).exception
    assert str(error) == "emojimap serve needs fastapi: pip install 'emojimap[serve]'"


def test_the_command_serves_and_stops_in_order(photo, tmp_path):
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    command = [sys.executable, "-c", "from emojimap.cli import main; main()", "serve", "--no-page"]
    command += ["--port", "0", "--workers", "1", "--token-file", str(token)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            first = process.stderr.readline()
            url = re.search(r"open (http://127.0.0.1:\d+)/", first)[1]
            with httpx.Client(base_url=url, timeout=90) as client:
                client.headers["Authorization"] = f"Bearer {TOKEN}"
                assert client.get("/healthz").status_code == 200
                with ThreadPoolExecutor(1) as pool:
                    held = pool.submit(client.post, "/v1/analyse", content=photo, headers=PNG)
                    until(lambda: client.get("/healthz").json()["in_work"] == 1)
                    process.send_signal(signal.SIGTERM)
                    until(lambda: client.get("/healthz").status_code == 503)
                    problem(client.post("/v1/fit", content=photo, headers=PNG), 503, "stopping")
                    assert held.result().status_code == 200
            rest = process.stderr.read()
        finally:
            process.kill()
    assert process.returncode == 0
    events = [json.loads(line)["event"] for line in rest.splitlines()]
    assert events[0] == "start"
    assert events[-1] == "stop"
