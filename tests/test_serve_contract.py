"""The service keeps what its OpenAPI document says, for requests drawn from that document."""

from __future__ import annotations

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.served import serving

TOKEN = "correct-horse-battery"
ALLOWED = {"Authorization": f"Bearer {TOKEN}"}
_UPLOADS = ("/v1/fit", "/v1/analyse", "/v1/render")
"""Their bodies are right by more than their shape: most that are drawn are no photo, no avatar."""


@pytest.fixture(scope="module")
def server():
    with serving(token=TOKEN, max_mb=1) as found:
        yield found


@pytest.fixture(scope="module")
def api(server):
    return schemathesis.openapi.from_url(
        f"{server.url}/openapi.json",
        headers=ALLOWED,
        config=SchemathesisConfig(),
    )


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(
    ("path", "method"),
    [
        *((path, "POST") for path in _UPLOADS),
        *((path, "GET") for path in ("/v1/styles", "/v1/styles/{name}", "/healthz", "/metrics")),
    ],
)
def test_requests_that_are_drawn(api, path, method, mode):
    loose = [positive_data_acceptance] if path in _UPLOADS else []
    drawn = api[path][method].as_strategy(generation_mode=mode)

    @settings(
        max_examples=20,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=drawn)
    def check(case):
        case.call_and_validate(headers=ALLOWED, excluded_checks=loose, timeout=60)

    if mode.is_negative and not _can_be_wrong(api, path, method):
        pytest.skip("takes nothing that could be wrong")
    check()


def test_every_answer_and_refusal_is_described(server):
    document = server.app.openapi()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"]
            for status, told in operation["responses"].items():
                media = "application/problem+json" if status >= "4" else None
                assert not media or set(told["content"]) == {media}, path
    assert document["security"] == [{"bearer": []}, {"cookie": []}]


def test_the_examples_fit_their_shapes(server):
    document = server.app.openapi()
    count = 0
    for schema, value in _examples(document, document["paths"]):
        whole = {"components": document["components"], **schema}
        jsonschema_rs.validator_for(whole).validate(value)
        count += 1
    assert count > 50


def _can_be_wrong(api, path, method):
    told = api.raw_schema["paths"][path][method.lower()]
    return bool(told.get("parameters") or told.get("requestBody")) and path != "/v1/styles/{name}"


def _examples(document, node):
    """Find media types with examples, with their schemas."""
    if isinstance(node, dict):
        if "schema" in node and isinstance(node.get("examples"), dict):
            for example in node["examples"].values():
                yield node["schema"], example["value"]
        for below in node.values():
            yield from _examples(document, below)
    elif isinstance(node, list):
        for below in node:
            yield from _examples(document, below)
