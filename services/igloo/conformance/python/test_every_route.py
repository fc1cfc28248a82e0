"""Sends every route of the protocol requests made from its OpenAPI document.

Whatever is sent, right or wrong, the catalog answers in time, with no 5xx, and
every error is in the protocol's envelope. Half of the requests are led to a
namespace, a table and a view that exist, so that they get past the 404.
"""

import json
import os
import urllib.error
import urllib.request

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode

URL = os.environ["IGLOO_URL"]
EXAMPLES = int(os.environ.get("IGLOO_FUZZ_EXAMPLES", "30"))  # of each route, besides the edge cases
PATIENCE = 20  # seconds for one answer
EXISTING = {"prefix": "default", "namespace": "fuzz", "table": "t", "view": "v"}
COLUMN = {"type": "struct", "fields": [{"id": 1, "name": "id", "type": "long", "required": False}]}

document = schemathesis.openapi.from_path(os.environ["IGLOO_OPENAPI"])
document.config.update(base_url=URL)
document.config.generation.update(modes=list(GenerationMode), max_examples=EXAMPLES)


@pytest.fixture(autouse=True)
def targets():
    """Makes anew what the requests before may have dropped."""
    create("/v1/namespaces", {"namespace": ["fuzz"]})
    create("/v1/namespaces/fuzz/tables", {"name": "t", "schema": COLUMN})
    version = {
        "version-id": 1, "timestamp-ms": 1, "schema-id": 0, "summary": {}, "default-namespace": ["fuzz"],
        "representations": [{"type": "sql", "sql": "SELECT 1", "dialect": "spark"}],
    }
    create("/v1/namespaces/fuzz/views", {"name": "v", "schema": COLUMN, "view-version": version, "properties": {}})


def create(path, body):
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=PATIENCE).close()
    except urllib.error.HTTPError as answer:
        assert answer.code == 409, f"POST {path}: {answer.code} {answer.read()}"


@document.parametrize()
@hypothesis.settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
                     suppress_health_check=list(hypothesis.HealthCheck))
def test_route(case):
    lead(case)
    judge(case.call(timeout=PATIENCE), case.method)


def lead(case):
    """Points every second request, told by what is in it, at what exists."""
    if len(repr(case.path_parameters) + repr(case.body)) % 2:
        for name in case.path_parameters or {}:
            if name in EXISTING:
                case.path_parameters[name] = EXISTING[name]


def judge(answer, method):
    sent = f"{answer.request.method} {answer.request.url} {answer.request.body}: {answer.status_code} {answer.text}"
    assert answer.status_code < 500, sent
    if answer.status_code < 400 or method.upper() == "HEAD":
        return
    assert answer.headers["content-type"] == ["application/json"], sent
    error = answer.json()["error"]
    assert error["message"] and error["type"] and error["code"] == answer.status_code, sent
