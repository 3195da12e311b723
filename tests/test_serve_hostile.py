"""Broken and hostile requests: each is refused cleanly, and the server goes on.

`benchmarks/hostile.py` sends all of them.
"""

from __future__ import annotations

import io

import httpx
import pytest
from PIL import Image

from tests import hostile
from tests.served import serving

COUNT = 60
MAX_MB = 1.0


@pytest.fixture(scope="module")
def server():
    with serving(max_mb=MAX_MB) as found:
        yield found


def test_hostile_requests_are_refused_cleanly(server, astronaut):
    faults = []
    for one in hostile.corpus(COUNT, seed=7, max_mb=MAX_MB):
        fault = hostile.send(one, server.port).fault()
        if fault is not None:
            faults.append(f"{one.name}: {fault}")
    assert faults == []
    photo = io.BytesIO()
    Image.fromarray(astronaut).save(photo, "JPEG")
    answer = httpx.post(
        f"{server.url}/v1/fit",
        content=photo.getvalue(),
        headers={"Content-Type": "image/jpeg"},
        timeout=60,
    )
    assert answer.status_code == 200
    assert server.app.state.desk.count == 0


def test_the_corpus_is_large_and_the_same_each_time():
    found = [one.bytes(80) for one in hostile.corpus(320)]
    assert found == [one.bytes(80) for one in hostile.corpus(320)]
    assert len(set(found)) == 320


def test_what_is_not_refused_cleanly_is_seen():
    clean = b'{"status": 422, "detail": "no"}'
    kind = "application/problem+json"
    assert hostile.Answer(422, kind, clean).fault() is None
    assert hostile.Answer(200, kind, clean).fault() == "status 200"
    assert "text/html" in hostile.Answer(422, "text/html", clean).fault()
    assert "no JSON" in hostile.Answer(422, kind, b"<").fault()
    assert "without" in hostile.Answer(422, kind, b"{}").fault()
    assert hostile.Answer(0, "", b"").fault() == "status 0"
