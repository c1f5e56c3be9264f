"""The OpenAPI document: every route, its rights, true examples, and no request made from it breaks the server."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import subprocess
import textwrap
import types
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask

from signage.api_examples import BODIES, QUERIES, REQUIRED
from signage.api_page import curl
from signage.auth import RIGHTS
from signage.openapi import EXAMPLES, SCHEMAS, SERVED, WRITING, document
from tests.signage.house import REPOSITORY, House, running
from tests.signage.made_requests import ask
from tests.tools.responses import Sample, learned, timetable, walk
from tests.tools.watched import Described

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
    described = Described(json.loads(SCHEMAS.read_text("utf-8")))
    wrong = [fault for sample in samples for fault in described.faults(sample)]
    assert wrong == [], "run: .venv/bin/python -m tests.tools.responses"
    read = {one["operationId"] for method, _, one in operations(app) if method == "GET"}
    assert read == {sample.endpoint.replace(".", "_") for sample in samples if sample.method == "GET"}


def test_a_fault_of_each_kind_is_found() -> None:
    """The check refuses a new field, a missing one, a null, an item of an unknown kind, another type and status."""
    schema = learned({}, [Sample("x", "GET", 200, "application/json", {"a": 1, "b": [], "c": {}, "d": None})])
    check = Described(schema)

    def faults(body: Any, status: int = 200, kind: str = "application/json") -> int:
        return len(check.faults(Sample("x", "GET", status, kind, body)))

    good = {"a": 1, "b": [], "c": {}, "d": None}
    assert faults(good) == 0
    for change in ({"a": None}, {"a": "1"}, {"b": [1]}, {"b": None}, {"c": {"x": 1}}, {"d": 1}, {"e": 1}):
        assert faults(good | change) == 1, change
    assert faults({"a": 1}) == 3
    assert faults(good, 201) == faults(None, kind="image/png") == 1


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
    """Every address with its example and curl, also without a script, for known callers only."""
    one = app.test_client()
    assert one.get("/api/docs").status_code == 401
    page = one.get("/api/docs", headers={"Authorization": f"Bearer {house.token('leader')}"}).text
    assert re.findall(r"(?:src|href)=\"((?:https?:)?//[^\"]*)", page) == []
    build = app.jinja_env.globals["build"]
    assert re.findall(r"<script[^>]*>", page) == [
        f'<script type="module" src="/static/{build}/phone-api.js">'
    ]
    for method, path, operation in operations(app):
        assert path in page, (method, path)
        assert f'id="{operation["operationId"]}"' in page
    assert page.count("<h3>curl</h3>") == len(list(operations(app)))
    assert "external_id" in page


def test_each_address_has_a_line_for_people(house: House, app: Flask) -> None:
    """In Chinese, and on the English page in English; each group of addresses is named too."""
    for method, path, operation in operations(app):
        assert re.search("[\u4e00-\u9fff]|OpenAPI", operation["summary"]), (method, path)
    headers = {"Authorization": f"Bearer {house.token('leader')}", "Accept-Language": "en-GB"}
    page = app.test_client().get("/api/docs", headers=headers).text
    lines = re.findall(r"<summary>.*?<span>(.*?)</span>|<h2>(.*?)</h2>|<h3>(.*?)</h3>", page, re.S)
    chinese = [line for line in lines if re.search("[\u4e00-\u9fff]", "".join(line))]
    assert chinese == []


def test_a_command_of_the_page_runs_in_a_shell(house: House, app: Flask) -> None:
    """curl with a token reads the deals of the example."""
    example = next(
        one for method, path, one in operations(app) if (method, path) == ("POST", "/api/deals/read")
    )
    command = curl(house.address, "POST", "/api/deals/read", example)
    done = subprocess.run(
        ["sh", "-c", command.replace("curl", "curl -sS", 1)],
        env=os.environ | {"TOKEN": house.token("assistant")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["rows"], done.stdout


def test_examples_of_answers_are_as_described(app: Flask) -> None:
    """Most routes with a JSON answer have one, and none has a secret."""
    shown = 0
    for method, path, one in operations(app):
        for response in one["responses"].values():
            content = response.get("content", {}).get("application/json", {})
            if "example" in content:
                shown += 1
                assert jsonschema_rs.is_valid(content["schema"], content["example"]), (method, path)
    assert shown > 80
    text = EXAMPLES.read_text("utf-8")
    assert re.findall(r'"(?:token|secret|pin|qr)": "(?!…)[^"]', text) == []
    assert re.findall(r"[0-9a-f]{32}|/tmp/|127\.0\.0\.1:", text) == []


@pytest.mark.timeout(300)
def test_no_request_from_the_document_breaks_the_server(app: Flask, house: House) -> None:
    """schemathesis makes requests, valid and invalid, for every operation: none is answered with 500, and every answer
    is described. `python -m tests.bench --soak schema` makes 200 for each."""
    done = ask(app, house, 2)
    assert done.faults == {}
    assert done.requests > 150
