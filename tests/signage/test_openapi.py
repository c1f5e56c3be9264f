"""The OpenAPI document: every route, its rights, true examples, and no request made from it breaks the server."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import types
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from signage.api_examples import BODIES, QUERIES, REQUIRED
from signage.auth import RIGHTS
from signage.openapi import SERVED, WRITING, document
from tests.forms import LONG
from tests.signage.house import House, running

READERS = {"text_of", "whole_of", "flag_of", "number_of"}
BODY = {"fields", "body", "sent", "wanted", "values"}
NOT_FIELDS = {
    "targets.hand_in": {"person", "amount"},
    "timetables.save": {"op", "path", "value", "was", "to", "text"},
}
"""Names that a view reads inside the items of a list."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", sounds=False) as house:
            yield house


@pytest.fixture(scope="module")
def app(house: House) -> Flask:
    served: Flask = house.daemon.server._server._app
    return served


def operations(app: Flask) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document(app)["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_route_is_in_the_document(app: Flask) -> None:
    """With its right and the roles that have it; ids and names are unique."""
    served = {
        (method, re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(SERVED)
    }
    described = list(operations(app))
    assert {(method, path) for method, path, _ in described} == served
    assert len({one["operationId"] for _, _, one in described}) == len(described)
    for method, path, one in described:
        assert one["x-roles"] == (sorted(RIGHTS[one["x-right"]]) if one["x-right"] else []), (method, path)
        assert one["summary"], (method, path)
        in_path = {parameter["name"] for parameter in one["parameters"] if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path)), path


def test_every_writing_route_has_an_example(app: Flask) -> None:
    """Routes with a JSON body; a file's route takes the file, and a DELETE without a body needs none."""
    missing = [
        one["operationId"]
        for method, _, one in operations(app)
        if method in WRITING - {"DELETE"} and "requestBody" not in one
    ]
    assert missing == []
    known = set(app.view_functions)
    assert {*BODIES, *QUERIES, *REQUIRED} <= known


def fields_read(view: Any, seen: set[Any]) -> set[str]:
    """Return the names of body fields that a view, or a function of `signage` that it calls, reads."""
    view = inspect.unwrap(view)
    if view in seen or not isinstance(view, types.FunctionType) or not view.__module__.startswith("signage"):
        return set()
    seen.add(view)
    names: set[str] = set()
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(view)))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in READERS and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
                names.add(str(node.args[1].value))
            names |= fields_read(view.__globals__.get(node.func.id), seen)
        if (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get"
            and isinstance(node.func.value, ast.Name) and node.func.value.id in BODY
            and isinstance(node.args[0], ast.Constant)
        ):  # fmt: skip
            names.add(str(node.args[0].value))
    return names


def test_examples_have_every_field_that_a_view_reads(app: Flask) -> None:
    """A new field of a request cannot be left out of the document."""
    missing = {}
    for endpoint, example in BODIES.items():
        read = (
            fields_read(app.view_functions[endpoint], set()) - set(example) - NOT_FIELDS.get(endpoint, set())
        )
        if read - set(QUERIES.get(endpoint, ())):
            missing[endpoint] = sorted(read)
    assert missing == {}


def test_every_example_is_answered(app: Flask, house: House) -> None:
    """Sent as the owner: done, or refused with a sentence; never an error of the server."""
    adapter, token = app.test_client(), house.daemon.office.keys.make_token("examples", "owner")
    for method, path, one in operations(app):
        body = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        if body is None or path in ("/api/access/pin", "/api/stop"):
            continue
        answer = adapter.open(
            re.sub(r"{(\w+)}", "1", path),
            method=method,
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code < 500, (method, path, answer.text)
        if answer.status_code >= 400:
            assert re.search("[\u4e00-\u9fff]", answer.json["error"]), (method, path)


def test_the_page_needs_nothing_from_elsewhere(house: House, app: Flask) -> None:
    """Every address with its example, without a script, for known callers only."""
    one = app.test_client()
    assert one.get("/api/docs").status_code == 401
    page = one.get("/api/docs", headers={"Authorization": f"Bearer {house.token('leader')}"}).text
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    for method, path, _ in operations(app):
        assert path.replace("&", "&amp;") in page, (method, path)
    assert "external_id" in page


def test_no_request_from_the_document_breaks_the_server(app: Flask, house: House) -> None:
    """schemathesis makes requests, valid and invalid, for every operation: none is answered with 500."""
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, Phase, given, settings

    shape = document(app)
    for path in (
        "/events",
        "/api/stop",
        "/api/backups",
        "/api/access/pin",
    ):  # a stream; the others end the test's session
        shape["paths"].pop(path, None)
    client, asked = app.test_client(), 0
    token = house.daemon.office.keys.make_token("schemathesis", "owner")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schema = schemathesis.openapi.from_dict(shape)
        for result in schema.get_all_operations():
            operation = result.ok()

            @given(case=operation.as_strategy())
            @settings(
                max_examples=200 if LONG else 2, deadline=None, database=None, derandomize=not LONG,
                suppress_health_check=list(HealthCheck), phases=[Phase.generate],
            )  # fmt: skip
            def ask(case: Any) -> None:
                nonlocal asked
                asked += 1
                sent = case.as_transport_kwargs(base_url="http://localhost")
                fields = {name: sent[name] for name in ("json", "data") if sent.get(name) is not None}
                headers = {
                    name: value
                    for name, value in (sent.get("headers") or {}).items()
                    if value.isascii() and "\n" not in value
                }
                headers["Authorization"] = f"Bearer {token}"
                answer = client.open(
                    case.formatted_path if case.path_parameters else case.path, method=case.method,
                    query_string=sent.get("params") or {}, headers=headers, **fields,
                )  # fmt: skip
                assert answer.status_code < 500 or answer.status_code == 503, (
                    case.method,
                    case.path,
                    answer.text,
                )

            ask()
    assert asked > 150
