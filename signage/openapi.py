"""The API as an OpenAPI 3.1 document, made from the routes, their rights and the examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Flask, current_app, jsonify
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from controller.system.paths import version
from signage.api_examples import BODIES, QUERIES, REQUIRED
from signage.api_words import SUMMARIES, TAGS
from signage.audit import DEEDS
from signage.auth import RIGHTS, needs
from signage.http import PLAIN

pages = Blueprint("openapi", __name__)

Json = dict[str, Any]
SERVED: Final = ("/api/", "/health", "/events", "/metrics", "/calendar/")
HEALTH: Final = "api.health"
WRITING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MOST_ID: Final = 10**18 - 1
_TAG_OF: Final = {
    "deals": "deals",
    "deals.csv": "deals",
    "products": "products",
    "announcements": "announcements",
    "clips": "announcements",
    "emergency": "announcements",
    "preview": "announcements",
    "standings": "standings",
    "results": "standings",
    "cities": "standings",
    "measures": "standings",
    "people": "people",
    "teams": "people",
    "targets": "targets",
    "duties": "duties",
    "coaching": "duties",
    "team-building": "duties",
    "one-to-ones": "duties",
    "days": "days",
    "week": "days",
    "calendar": "days",
    "contests": "contests",
    "awards": "contests",
    "ceremony": "contests",
    "timetable": "timetable",
    "walls": "walls",
    "wall": "walls",
    "pairings": "walls",
    "pairing": "walls",
    "music": "sound",
    "volume": "sound",
    "hush": "sound",
    "stop": "sound",
    "links": "links",
    "push": "links",
    "home-assistant": "links",
    "backups": "machine",
    "upgrade": "machine",
    "rollback": "machine",
    "clock": "machine",
    "reach": "machine",
    "outputs": "sound",
    "speaker-test": "sound",
    "office-loudness": "sound",
    "voice": "sound",
    "tracks": "sound",
    "access": "access",
    "log": "access",
}
SCHEMAS: Final = Path(__file__).parent / "response_schemas.json"
EXAMPLES: Final = SCHEMAS.with_name("response_examples.json")
_GOOD: Final = {200: "好。", 201: "记下了。", 202: "开始了。"}
_ERRORS: Final = {
    "400": PLAIN[400],
    "404": "没有这个编号或名字。",
    "410": "已经过期了。",
    "401": "没有登录，也没有有效的令牌。",
    "403": "这个身份没有这项权限。",
    "409": "和已经有的冲突，或者同一个 key 用了别的内容。",
    "413": PLAIN[413],
    "415": PLAIN[415],
    "422": "有一个字段不对，error 是一句话，field 是字段的名字。",
    "429": "请求太多，过一会儿再试。",
    "503": "主机正忙，或者存不进去；过一会儿再发同样的请求。",
}


@pages.get("/api/openapi.json")
@needs("read")
def served() -> Response:
    """Return this document."""
    return jsonify(described())


def described() -> Json:
    """Return the document of this app, made at the first request."""
    kept: Json | None = current_app.extensions.get("openapi")
    if kept is None:
        kept = current_app.extensions["openapi"] = document(current_app)
    return kept


def document(app: Flask) -> Json:
    """Return the OpenAPI 3.1 document of all routes for programs; pages for browsers are left out."""
    paths: dict[str, Json] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.rule.startswith(SERVED):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                path = re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule)
                paths.setdefault(path, {})[method.lower()] = _operation(app, rule, method)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "战鼓 Zhangu",
            "version": version(),
            "description": "办公室的播报、战报和大屏。程序带上 Authorization: Bearer 令牌"
            "（zhangu token 名字 --role program）。"
            "/events 是服务器推送的事件（SSE）：hello、hint、tick，OpenAPI 写不出它的格式。",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": {"type": "string"}, "field": {"type": ["string", "null"]}},
                    "example": {"error": "名单里没有“王二小”，请重新选择。", "field": "person"},
                }
            },
        },
    }


def _operation(app: Flask, rule: Rule, method: str) -> Json:
    view = app.view_functions[rule.endpoint]
    right = vars(view).get("right")
    deed = DEEDS.get(rule.endpoint)
    words = SUMMARIES.get(rule.endpoint) or (deed if isinstance(deed, str) else "")
    said = " ".join((view.__doc__ or "").split())
    operation: Json = {
        "operationId": rule.endpoint.replace(".", "_"),
        "tags": [_tag(rule.rule)],
        "summary": with_names(words) or said.split(". ")[0] or rule.endpoint,
        "description": said,
        "parameters": [*_path_parameters(rule), *_query_parameters(rule.endpoint)],
        "responses": _responses(method, rule.endpoint, right),
        "security": [{"token": []}] if right else [],
        "x-right": right,
        "x-roles": sorted(RIGHTS[right]) if right else [],
    }
    if method in WRITING and (body := _request_body(rule.endpoint, vars(view))) is not None:
        operation["requestBody"] = body
    return operation


def with_names(line: str) -> str:
    """Return a line of the log of changes with the names of its values."""
    return re.sub(r"\{(?:url_)?(\w+)\}", r"〔\1〕", line)


def _tag(path: str) -> str:
    if path.startswith("/api/cities/link"):
        return "links"
    if path.startswith("/api/<any"):
        return "people"
    return _TAG_OF.get(path.removeprefix("/api").split("/")[1], "state")


def _path_parameters(rule: Rule) -> Iterator[Json]:
    for converter, arguments, name in re.findall(r"<(?:([^<>:(]+)(?:\(([^<>]*)\))?:)?([^<>]+)>", rule.rule):
        schema: Json = {"type": "string", "minLength": 1}
        if converter == "int":
            schema = {"type": "integer", "minimum": 0, "maximum": MOST_ID}
        elif converter == "any":
            schema = {"type": "string", "enum": [word.strip() for word in arguments.split(",")]}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(endpoint: str) -> Iterator[Json]:
    for name, value in QUERIES.get(endpoint, {}).items():
        yield {"name": name, "in": "query", "required": False, "schema": schema_of(value), "example": value}


def _request_body(endpoint: str, marks: Json) -> Json | None:
    if "brings" in marks:
        content: Json = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        return {"required": True, "content": content}
    if endpoint not in BODIES:
        return None
    example = dict(BODIES[endpoint])
    schema: Json = {
        "type": "object",
        "properties": {name: schema_of(value) for name, value in example.items()},
        "required": list(REQUIRED.get(endpoint, ())),
    }
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def schema_of(value: object) -> Json:
    """Return the schema of an example's value; None: any value or none."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"type": ["boolean", "null"]}
    if isinstance(value, int | float):
        return {"type": ["integer" if isinstance(value, int) else "number", "string", "null"]}
    if isinstance(value, str):
        return {"type": ["string", "null"]}
    if isinstance(value, list):
        return {"type": "array", **({"items": schema_of(value[0])} if value else {})}
    if isinstance(value, dict):
        return {"type": "object", "properties": {name: schema_of(one) for name, one in value.items()}}
    raise TypeError(f"no schema for {value!r}")


def _responses(method: str, endpoint: str, right: str | None) -> Json:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    codes = ["400", "403", "404", "410", "422", "429", "503"]
    if right:
        codes += ["401"]
    if method in WRITING:
        codes += ["409", "413", "415"]
    refused = {code: {"description": _ERRORS[code], "content": error} for code in codes}
    known = _answers().get(f"{method} {endpoint}", {})
    example = _examples().get(f"{method} {endpoint}")
    good = {
        str(status): {"description": _GOOD.get(status, _GOOD[200]), **_content(known, example)}
        for status in known.get("statuses") or ((200, 201, 202) if method == "POST" else (200,))
    }
    if endpoint == HEALTH:  # its problems are the answer, also when there are some
        refused["503"] = {"description": _ERRORS["503"], **_content(known, example)}
    return dict(sorted({**refused, **good}.items()))


def _content(known: Json, example: object) -> Json:
    """Return the content of an answer: its schema and an example for JSON, else its type."""
    if "schema" in known:
        shown = {} if example is None else {"example": example}
        return {"content": {"application/json": {"schema": known["schema"], **shown}}}
    if "type" in known:
        return {"content": {known["type"]: {"schema": {}}}}
    return {}


@cache
def _answers() -> Json:
    """Return the known good answers, by method and endpoint; made by `tests/tools/responses.py`."""
    # A value of which only null was seen can be anything.
    kept: Json = json.loads(
        SCHEMAS.read_text("utf-8"), object_hook=lambda one: {} if one == {"type": ["null"]} else one
    )
    return kept


@cache
def _examples() -> Json:
    """Return a real answer for most routes, shortened; made by `tests/tools/responses.py`."""
    kept: Json = json.loads(EXAMPLES.read_text("utf-8"))
    return kept
