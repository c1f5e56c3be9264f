"""The API as a page for those who write programs: every address with its request, an example, curl and its answer.

It needs no script: the script adds the search, the choice of a role, copying, and trying what only reads.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, urlencode

from flask import Blueprint, render_template, request

from controller.sales.roles import ROLE_NAMES
from controller.system.paths import version
from signage.api_words import SUMMARIES, TAGS
from signage.audit import DEEDS
from signage.auth import needs
from signage.language import catalogue, in_english, is_english
from signage.openapi import described, with_names

pages = Blueprint("api_page", __name__)

Json = dict[str, Any]
_TYPES: Final = {"string": "文字", "number": "数", "integer": "整数", "boolean": "是或否"}
_IN_PATH: Final = {
    "number": "1", "day": "2026-11-25", "kind": "people", "playlist": "morning", "file": "x.mp3",
}  # fmt: skip
"""Values for addresses that are shown and tried; another part of an address is shown as NAME."""
_OWN_WORDS: Final = {endpoint.replace(".", "_"): words for endpoint, words in SUMMARIES.items()}
_DEEDS: Final = {end.replace(".", "_"): deed for end, deed in DEEDS.items() if isinstance(deed, str)}
_ROLES: Final = ("owner", "manager", "director", "leader", "assistant", "sales", "program", "wall")


@pages.get("/api/docs")
@needs("read")
def readable() -> str:
    """Return the API as a page."""
    shown = described()
    groups = [(TAGS[tag], [one for one in _operations(shown) if one["tags"] == [tag]]) for tag in TAGS]
    if is_english():
        groups = [(in_english(title), rows) for title, rows in groups]
    return render_template(
        "api.html",
        groups=[group for group in groups if group[1]],
        count=sum(len(rows) for _, rows in groups),
        roles=[(role, in_english(ROLE_NAMES[role]) if is_english() else ROLE_NAMES[role]) for role in _ROLES],
        address=request.host_url.rstrip("/"),
        version=version(),
    )


def _operations(shown: Json) -> Iterator[Json]:
    for path, methods in shown["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            body = content.get("application/json", {}).get("example")
            binary = "application/octet-stream" in content
            yield {
                "id": operation["operationId"],
                "tags": operation["tags"],
                "method": method.upper(),
                "path": path,
                "tried": _address(path, operation) if method == "get" and path != "/events" else "",
                "summary": _summary(operation),
                "description": operation["description"],
                "query": [(one["name"], one["example"]) for one in _query(operation)],
                "body": _pretty(body) if body is not None else "",
                "required": content.get("application/json", {}).get("schema", {}).get("required", ()),
                "binary": binary,
                "curl": curl(request.host_url.rstrip("/"), method.upper(), path, operation),
                "answers": list(_answers(operation["responses"])),
                "allowed": operation["x-roles"],
                "roles": _roles(operation["x-roles"]),
            }


def _summary(operation: Json) -> str:
    words = str(operation["summary"])
    if not is_english():
        return words
    own, ident = {**_DEEDS, **_OWN_WORDS}, operation["operationId"]
    first = str(operation["description"]).partition(". ")[0].rstrip(".")
    if first and ident not in _OWN_WORDS:
        return first
    return with_names(catalogue().fixed(own.get(ident, words)) or words)


def _roles(allowed: list[str]) -> str:
    names = list(dict.fromkeys(ROLE_NAMES[role] for role in allowed)) or ["所有人"]
    return ", ".join(in_english(name) for name in names) if is_english() else "、".join(names)


def _query(operation: Json) -> list[Json]:
    return [one for one in operation.get("parameters", ()) if one["in"] == "query"]


def _address(path: str, operation: Json) -> str:
    """Return an address as it can be asked, with examples for its parts."""
    filled = re.sub(r"{(\w+)}", lambda part: _IN_PATH.get(part[1], part[1].upper()), path)
    query = urlencode({one["name"]: one["example"] for one in _query(operation)}, quote_via=quote)
    return filled + (f"?{query}" if query else "")


def curl(address: str, method: str, path: str, operation: Json) -> str:
    """Return a request as a command for a shell."""
    content = operation.get("requestBody", {}).get("content", {})
    parts = ["curl"] + ([f"-X {method}"] if method != "GET" else [])
    parts.append(shlex.quote(address + _address(path, operation)))
    if operation["x-right"]:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    if "application/json" in content:
        parts.append("-H 'Content-Type: application/json'")
        text = json.dumps(content["application/json"]["example"], ensure_ascii=False)
        parts.append(f"-d {shlex.quote(text)}")
    if "application/octet-stream" in content:
        parts.append("--data-binary @FILE")
    return " \\\n  ".join(parts)


def _pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _answers(responses: Json) -> Iterator[Json]:
    """Yield the good answers: status, fields, example; the type of a file."""
    for status, one in responses.items():
        if not status.startswith("2"):
            continue
        contents: dict[str, Json] = one.get("content", {}) or {"": {}}
        kind, content = next(iter(contents.items()))
        is_json = kind == "application/json"
        yield {
            "status": status,
            "fields": fields_of(content["schema"]) if is_json else kind,
            "example": _pretty(content["example"]) if "example" in content else "",
        }


def fields_of(schema: Json, depth: int = 2) -> str:
    """Return a schema for people: {id, sentence, decision: {when, why}}."""
    types = [one for one in schema.get("type", ()) if one != "null"]
    if "properties" in schema:
        if depth == 0:
            return "{…}"
        inside = (f"{name}{_inside(one, depth - 1)}" for name, one in schema["properties"].items())
        return "{" + ", ".join(inside) + "}"
    if "array" in types:
        return f"[{fields_of(schema['items'], depth)}, …]" if "items" in schema else "[…]"
    return "{…}" if "object" in types else " / ".join(_TYPES[one] for one in types)


def _inside(schema: Json, depth: int) -> str:
    nested = "properties" in schema or "properties" in schema.get("items", {})
    return f": {fields_of(schema, depth)}" if nested else ""
