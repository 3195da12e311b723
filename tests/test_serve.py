"""The REST service through a real server: answers, refusals and limits."""

from __future__ import annotations

import io
import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from PIL import Image

from emojimap import styles
from emojimap.analysis import analyse_all
from emojimap.web.service import intake, job, stylebook, wanted
from emojimap.web.service.problems import Problem
from tests import jobs
from tests.served import problem, serving, talk, until

PNG = {"Content-Type": "image/png"}
PLAIN = {"emojimapStyleVariant": "avataaars"}


@pytest.fixture(scope="module")
def photo(astronaut):
    out = io.BytesIO()
    Image.fromarray(astronaut).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def server():
    with serving(max_mb=1, queue=1, upload_limit_s=1, head_limit_s=1) as found:
        yield found


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server.url, timeout=60) as found:
        yield found


# What is fitted


def test_fit_answers_what_a_page_needs(client, photo):
    answer = client.post("/v1/fit?top=3", content=photo, headers=PNG)
    assert answer.status_code == 200
    found = answer.json()
    (face,) = found["faces"]
    assert found["style"] == "avataaars"
    assert len(face["candidates"]) == 3
    best = face["candidates"][0]
    assert {name: face["parts"][name] for name in best["parts"]} == best["parts"]
    assert face["avatar"]["emojimapStyleVariant"] == "avataaars"
    assert face["photo"] == {"width": 512, "height": 512}
    assert 0 < found["seconds"] < 60


def test_fit_takes_a_form_and_another_style(client, photo):
    answer = client.post("/v1/fit?style=personas&face=all", files={"photo": ("../x", photo)})
    assert answer.json()["style"] == "personas"
    assert len(answer.json()["faces"]) == 1


def test_the_avatar_of_a_fit_can_be_drawn(client, photo):
    avatar = client.post("/v1/fit", content=photo, headers=PNG).json()["faces"][0]["avatar"]
    drawn = client.post("/v1/render?size=64", json=avatar)
    straight = client.post("/v1/fit?format=png&size=64", content=photo, headers=PNG)
    assert Image.open(io.BytesIO(drawn.content)).size == (64, 64)
    assert straight.content == drawn.content


def test_the_header_accept_chooses_the_picture(client, photo):
    svg = client.post("/v1/fit", content=photo, headers={**PNG, "Accept": "image/svg+xml"})
    assert svg.text.startswith("<svg")
    assert "sandbox" in svg.headers["content-security-policy"]
    sheet = client.post("/v1/fit?format=sheet", content=photo, headers=PNG)
    assert Image.open(io.BytesIO(sheet.content)).width > 512


def test_analyse_says_what_the_command_says(client, photo, monkeypatch):
    from emojimap import as_json

    monkeypatch.setenv("EMOJIMAP_THREADS", "1")
    found = client.post("/v1/analyse", content=photo, headers=PNG).json()
    expected = [as_json.analysis(face) for face in analyse_all(photo)]
    assert found == json.loads(json.dumps(expected))


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("style=../../etc/passwd", "invalid"),
        ("top=0", "invalid"),
        ("face=7", "no-face"),
        ("size=4000", "invalid"),
        ("format=png&face=all", "invalid"),
        ("styles=personas", "invalid"),
    ],
)
def test_what_can_not_be_asked_for(client, photo, query, kind):
    problem(client.post(f"/v1/fit?{query}", content=photo, headers=PNG), 422, kind)


def test_an_unknown_style_is_answered_with_the_known(client, photo):
    answer = client.post("/v1/fit?style=avatars", content=photo, headers=PNG)
    assert problem(answer, 422, "invalid")["styles"] == list(styles.names())
    assert "did you mean avataaars?" in answer.json()["detail"]


def test_a_photo_without_a_face(client):
    blank = io.BytesIO()
    Image.new("RGB", (200, 200), "grey").save(blank, "JPEG")
    answer = client.post(
        "/v1/fit", content=blank.getvalue(), headers={"Content-Type": "image/jpeg"}
    )
    assert problem(answer, 422, "no-face")["request_id"] == answer.headers["x-request-id"]


# Styles and drawing


def test_styles_name_their_art_and_their_parts(client):
    found = client.get("/v1/styles").json()
    assert [style["name"] for style in found] == list(styles.names())
    assert all(style["credit"] and style["licence"] and style["url"] for style in found)
    full = client.get("/v1/styles/toon-head").json()
    assert set(full["default"]) > {"emojimapStyleVariant", "seed"}
    assert None in full["parts"]["beard"]
    problem(client.get("/v1/styles/..%2fetc"), 404, "unknown-path")


def test_a_set_that_was_shown_by_its_folder_is_served_too(photo, cache):
    styles.load(cache)
    caches = stylebook.names, stylebook.brief, stylebook.full
    for one in caches:
        one.cache_clear()
    try:
        with serving() as found, httpx.Client(base_url=found.url, timeout=60) as client:
            answer = client.post("/v1/fit?style=cartoonset", content=photo, headers=PNG)
            assert answer.status_code == 200
            assert answer.json()["style"] == "cartoonset"
    finally:
        for one in caches:
            one.cache_clear()


def test_every_style_draws_its_plain_avatar(client):
    for name in styles.names():
        avatar = client.get(f"/v1/styles/{name}").json()["default"]
        answer = client.post("/v1/render?format=svg", json=avatar)
        assert answer.headers["content-type"].startswith("image/svg+xml")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script" not in policy


def test_render_refuses_what_is_no_avatar(client):
    mime = {"Content-Type": "application/json"}
    problem(client.post("/v1/render", content=b"[" * 30_000, headers=mime), 400, "bad-request")
    problem(client.post("/v1/render", json=[1]), 422, "invalid")
    problem(client.post("/v1/render", json={**PLAIN, "topVariant": "wig"}), 422, "invalid")
    nan = b'{"emojimapStyleVariant": "avataaars", "topScoreVariant": {"bob": NaN}}'
    problem(client.post("/v1/render", content=nan, headers=mime), 400, "bad-request")
    problem(client.post("/v1/render", content=b"{}"), 415, "wrong-type")
    problem(client.post("/v1/render", json={**PLAIN, "seed": "a" * 70_000}), 413, "too-large")
    wish = {**mime, "Accept": "text/html"}
    problem(client.post("/v1/render", json=PLAIN, headers=wish), 406, "not-acceptable")


# What a stranger's photo can do


def test_a_process_that_dies_costs_one_answer(server, client, photo, monkeypatch):
    deaths = server.app.state.crew.deaths
    with monkeypatch.context() as patch:
        patch.setattr(job, "fit", jobs.die)
        answer = client.post("/v1/fit", content=photo, headers=PNG)
    assert "died" in problem(answer, 422, "unworkable")["detail"]
    assert server.app.state.crew.deaths == deaths + 1
    assert client.post("/v1/fit", content=photo, headers=PNG).status_code == 200
    assert f"emojimap_worker_deaths_total {deaths + 1}.0" in client.get("/metrics").text


def test_work_that_takes_too_long_is_ended(photo, monkeypatch):
    with serving(time_limit_s=5) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        with monkeypatch.context() as patch:
            patch.setattr(job, "fit", jobs.sleep)
            answer = client.post("/v1/fit", content=photo, headers=PNG)
        assert "longer than 5 s" in problem(answer, 422, "unworkable")["detail"]
        assert client.post("/v1/fit", content=photo, headers=PNG).status_code == 200


def test_too_many_photos_are_told_when_to_come_again(server, client, monkeypatch, tmp_path):
    desk = server.app.state.desk
    monkeypatch.setattr(job, "fit", jobs.hold)
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(_post, server, tmp_path / name) for name in "ab"]
        until(lambda: desk.count == 2)
        assert (desk.in_work, desk.waiting) == (1, 1)
        answer = client.post("/v1/fit", content=jobs.MARK, headers=PNG)
        told = problem(answer, 429, "busy")["retry_after_s"]
        assert answer.headers["retry-after"] == str(told)
        assert 1 <= told <= 60
        for name in "ab":
            (tmp_path / f"{name}.go").touch()
        assert [one.result().status_code for one in held] == [200, 200]


def test_a_client_that_goes_is_not_worked_for(server, monkeypatch, tmp_path):
    desk = server.app.state.desk
    monkeypatch.setattr(job, "fit", jobs.hold)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(_post, server, tmp_path / "a")
        until((tmp_path / "a.begun").exists)
        with pytest.raises(httpx.ReadTimeout):
            _post(server, tmp_path / "b", timeout=0.5)
        until(lambda: desk.count == 1 or not desk.waiting)
        (tmp_path / "a.go").touch()
        assert held.result().status_code == 200
        until(lambda: desk.count == 0)
    assert not (tmp_path / "b.begun").exists()


# Uploads


def test_uploads_above_the_limit_are_refused_unread(server, client):
    answer = client.post("/v1/fit", content=b"\xff\xd8\xff" + b"\0" * 1_100_000, headers=PNG)
    assert problem(answer, 413, "too-large")["max_bytes"] >= 1_000_000
    assert answer.headers["connection"] == "close"
    chunks = iter([b"\xff\xd8\xff" + b"\0" * 60_000] * 30)
    problem(client.post("/v1/fit", content=chunks, headers=PNG), 413, "too-large")
    form = {"photo": b"\xff\xd8\xff" + b"\0" * 1_005_000}
    problem(client.post("/v1/fit", files=form), 413, "too-large")


def test_slow_uploads_end(server):
    head = b"POST /v1/fit HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc"
    start = time.monotonic()
    assert b"408 Request Timeout" in talk(server.port, head)
    assert time.monotonic() - start < 10


def test_slow_heads_end(server):
    assert talk(server.port, b"POST /v1/fit HTTP/1.1\r\nHost: loc") == b""


def test_what_is_no_http_is_a_problem_too(server):
    found = talk(server.port, b"POST /v1/fit HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n")
    assert found.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in found


def test_photos_never_touch_the_disk(server, client, photo, monkeypatch):
    import tempfile

    opened = []
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", lambda *a, **k: opened.append(a))
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda *a, **k: opened.append(a))
    assert client.post("/v1/fit", files={"photo": photo}).status_code == 200
    assert opened == []


@pytest.mark.parametrize(
    ("mime", "body", "status", "kind"),
    [
        ("image/svg+xml", b"<svg/>", 415, "not-a-photo"),
        ("image/png", b"<svg/>", 415, "not-a-photo"),
        ("image/png", b"", 422, "bad-photo"),
        ("image/png", b"\x89PNG\r\n\x1a\n", 422, "bad-photo"),
        ("application/x-www-form-urlencoded", b"photo=x", 415, "not-a-photo"),
        ("multipart/form-data", b"--x--", 400, "bad-request"),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 422, "invalid"),
        ("multipart/form-data; boundary=x", b"--x\r\n", 400, "bad-request"),
    ],
)
def test_uploads_that_are_no_photo(client, mime, body, status, kind):
    answer = client.post("/v1/fit", content=body, headers={"Content-Type": mime})
    problem(answer, status, kind)


def test_a_form_has_one_photo_and_nothing_else(client, photo):
    problem(client.post("/v1/fit", files={"photo": photo, "more": photo}), 422, "invalid")
    problem(client.post("/v1/fit", files={"file": photo}), 422, "invalid")
    problem(client.post("/v1/fit", files={"photo": photo}, data={"style": "x"}), 422, "invalid")


def test_the_first_bytes_decide():
    with pytest.raises(Problem, match="more than the 3"):
        intake.checked(b"\xff\xd8\xff\xe0", 3)
    heic = b"\0\0\0\x18ftypheic"
    assert intake.checked(heic, 100) == heic


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "json"),
        ("*/*", "json"),
        ("image/*", "png"),
        ("image/svg+xml, image/png;q=0.5", "svg"),
        ("application/json;q=0, */*", "png"),
        ("text/html, image/svg+xml;q=0.1", "svg"),
    ],
)
def test_wishes(accept, kind):
    offers = {"json": "application/json", "png": "image/png", "svg": "image/svg+xml"}
    assert wanted.choose(accept, offers) == kind


def _post(server, path, timeout=60):
    content = jobs.MARK + str(path).encode()
    return httpx.post(f"{server.url}/v1/fit", content=content, headers=PNG, timeout=timeout)
