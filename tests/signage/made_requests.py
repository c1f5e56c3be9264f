"""Requests that schemathesis makes from the OpenAPI document, valid and invalid, and the faults of the answers."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import jsonschema_rs
import pytest
from flask import Flask

from signage.openapi import document
from tests.signage.house import House

LEFT_OUT: Final = ("/events", "/api/stop", "/api/backups", "/api/access/pin")
"""A stream; the others end the test's session or start work that outlives it."""


@dataclass(slots=True)
class Asked:
    """The requests, and the faults by their kind, each with its first answer."""

    requests: int = 0
    faults: dict[tuple[str, ...], object] = field(default_factory=dict)


def ask(
    app: Flask, house: House, examples: int, *, derandomize: bool = True, said: Callable[[str], None] = str
) -> Asked:
    """Ask every operation `examples` times as the owner; go on after a fault. `said` gets a line for each."""
    schemathesis = pytest.importorskip("schemathesis")
    shape = document(app)
    for path in LEFT_OUT:
        shape["paths"].pop(path, None)
    described = {
        (method, path): one for path, methods in shape["paths"].items() for method, one in methods.items()
    }
    token = house.daemon.office.keys.make_token("schemathesis", "owner")
    done = Asked()

    def one(case: Any) -> None:
        done.requests += 1
        answer = _sent(app.test_client(), case, token)
        for fault in _faults(described[case.method.lower(), case.path], answer):
            kind = case.method, case.path, str(answer.status_code), re.sub(r"\d+", "N", fault)[:120]
            done.faults.setdefault(kind, (fault, answer.data[:500]))
        answer.close()  # a streamed file keeps its place until then

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for result in schemathesis.openapi.from_dict(shape).get_all_operations():
            operation = result.ok()
            _given(operation, one, examples, derandomize)
            said(f"{operation.method} {operation.path}: {done.requests} requests, {len(done.faults)} faults")
    return done


def _given(operation: Any, one: Callable[[Any], None], examples: int, derandomize: bool) -> None:
    from hypothesis import HealthCheck, Phase, given, settings

    @given(case=operation.as_strategy())
    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=derandomize,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    def made(case: Any) -> None:
        one(case)

    made()


def _sent(client: Any, case: Any, token: str) -> Any:
    sent = case.as_transport_kwargs(base_url="http://localhost")
    fields = {name: sent[name] for name in ("json", "data") if sent.get(name) is not None}
    headers = {
        name: value
        for name, value in (sent.get("headers") or {}).items()
        if value.isascii() and "\n" not in value
    }
    headers["Authorization"] = f"Bearer {token}"
    headers["Accept-Encoding"] = "identity"  # Flask's client unpacks nothing
    return client.open(
        case.formatted_path if case.path_parameters else case.path, method=case.method,
        query_string=sent.get("params") or {}, headers=headers, **fields,
    )  # fmt: skip


def _faults(operation: Any, answer: Any) -> Iterator[str]:
    """Yield where an answer is an error of the server, or its status, type or fields are not in the document."""
    if answer.status_code in (304, 405):
        return
    if answer.status_code >= 500 and answer.status_code != 503:
        yield "server error"
        return
    response = operation["responses"].get(str(answer.status_code))
    if response is None:
        yield f"not described: {sorted(operation['responses'])} are"
        return
    kind = answer.content_type.split(";")[0] if answer.content_type else ""
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    if answer.status_code >= 400 and "$ref" in schema:
        if not set(answer.json) >= {"error", "field"}:
            yield "a refusal without error and field"
    elif "content" in response:
        if kind not in response["content"]:
            yield f"{kind} is not described"
        elif kind == "application/json":
            validator = jsonschema_rs.Draft202012Validator(response["content"][kind]["schema"])
            for one in validator.iter_errors(answer.json):
                yield f"{'/'.join(map(str, one.instance_path))}: {one.message[:200]}"
