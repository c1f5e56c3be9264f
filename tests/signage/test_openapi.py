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

import jsonschema_rs
import pytest
from flask import Flask

from signage.api_examples import BODIES, QUERIES, REQUIRED
from signage.auth import RIGHTS
from signage.openapi import SERVED, WRITING, document
from tests.forms import LONG
from tests.signage.house import REPOSITORY, House, running
from tests.tools.responses import STREAMS, Sample, timetable, walk

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


def test_everything_that_the_phone_does_is_in_the_document(app: Flask) -> None:
    """Each address in the phone's scripts and pages, with its method where the script names it."""
    patterns = [
        (re.compile(re.sub(r"{\w+}", "[^/]+", path)), path, methods)
        for path, methods in document(app)["paths"].items()
    ]
    asked = set()
    for file in [*(REPOSITORY / "signage" / "static").glob("phone*.js"),
                 *(REPOSITORY / "signage" / "templates").glob("phone*.html")]:  # fmt: skip
        text = file.read_text("utf-8")
        for method, path in re.findall(r"(?:call\('(\w+)', )?['\"`](/(?:api/|events|health)[^'\"`]*)", text):
            plain = re.sub(r"\$\{[^{}]*\}", "X", path).split("?")[0].split("${")[0]
            asked.add((method.lower(), re.sub("/$", "/X", plain)))
    assert len(asked) > 80
    missing = [
        (method, path)
        for method, path in sorted(asked)
        if not any(
            (pattern.fullmatch(path) and method in methods)
            or (not method and re.match(path.replace("X", "[^/]+"), described))
            for pattern, described, methods in patterns
        )
    ]
    assert missing == []


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


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """The good answers of every route, in an empty office and in one with deals, corrections and links."""
    rhythm = timetable()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        folder = tmp_path_factory.mktemp("walked") / "home"
        with running(folder, sounds=False, rhythm=rhythm) as walked:
            return list(walk(walked))


def test_every_read_route_is_answered_by_its_schema(app: Flask, samples: list[Sample]) -> None:
    """Real answers hold to the document, also that no field is missing there; `python -m tests.tools.responses` adds
    what is new."""
    described = {one["operationId"]: one for _, _, one in operations(app)}
    checks: dict[tuple[str, int], Any] = {}
    wrong = []
    for sample in samples:
        responses = described[sample.endpoint.replace(".", "_")]["responses"]
        content = responses.get(str(sample.status), {}).get("content", {})
        if sample.kind and sample.kind not in content:
            wrong.append((sample.key, sample.status, f"no {sample.kind} in the document"))
        elif sample.body is not None:
            key = sample.key, sample.status
            if key not in checks:
                checks[key] = jsonschema_rs.Draft202012Validator(closed(content[sample.kind]["schema"]))
            wrong += [(sample.key, fault) for fault in faults(checks[key], sample.body)]
    assert wrong == [], "run: .venv/bin/python -m tests.tools.responses"
    read = {
        one["operationId"] for method, path, one in operations(app) if method == "GET" and path not in STREAMS
    }
    answered = {sample.endpoint.replace(".", "_") for sample in samples if sample.method == "GET"}
    assert sorted(read - answered) == sorted(NOT_WALKED)


NOT_WALKED = {
    "backups_one_backup", "pairing_progress", "posters_of_award", "uploads_hear_clip", "uploads_hear_song",
}  # fmt: skip
"""Files and rows that the walk does not make."""


def faults(validator: Any, body: Any) -> list[str]:
    """Return where an answer breaks its schema. A null is none: which values may be absent depends on the office."""
    return [
        f"{'/'.join(map(str, one.instance_path))}: {one.message[:200]}"
        for one in validator.iter_errors(body)
        if not one.message.startswith("null is not of type")
    ]


def closed(schema: Any) -> Any:
    """Return a schema that allows no field besides those it names."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        name: {key: closed(value) for key, value in one.items()} if name == "properties" else closed(one)
        for name, one in schema.items()
    }
    return {**kept, "additionalProperties": False} if "properties" in kept else kept


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


def conforms(operation: Any, answer: Any, said: object) -> None:
    """Fail unless an answer's status, type and fields match the document."""
    if answer.status_code in (304, 405):
        return
    response = operation["responses"].get(str(answer.status_code))
    assert response is not None, (said, sorted(operation["responses"]))
    kind = answer.content_type.split(";")[0] if answer.content_type else ""
    if answer.status_code >= 400:
        assert set(answer.json) >= {"error", "field"}, said
    elif "content" in response:
        assert kind in response["content"], said
        if kind == "application/json":
            validator = jsonschema_rs.Draft202012Validator(response["content"][kind]["schema"])
            wrong = [one for one in faults(validator, answer.json) if "required property" not in one]
            assert wrong == [], said


@pytest.mark.timeout(3600 if LONG else 300)
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
    described = {
        (method, path): one for path, methods in shape["paths"].items() for method, one in methods.items()
    }
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
                said = (case.method, case.path, answer.status_code, answer.data[:500])
                assert answer.status_code < 500 or answer.status_code == 503, said
                conforms(described[case.method.lower(), case.path], answer, said)
                answer.close()  # a streamed file keeps its place until then

            ask()
    assert asked > 150
