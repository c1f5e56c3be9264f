"""The API as an OpenAPI 3.1 document, made from the routes, their rights and the examples; and a page to read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Flask, current_app, jsonify, render_template
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from controller.sales.roles import ROLE_NAMES
from controller.system.paths import version
from signage.api_examples import BODIES, QUERIES, REQUIRED
from signage.audit import DEEDS
from signage.auth import RIGHTS, needs
from signage.http import PLAIN

pages = Blueprint("openapi", __name__)

Json = dict[str, Any]
SERVED: Final = ("/api/", "/health", "/events", "/metrics", "/calendar/")
WRITING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MOST_ID: Final = 10**18 - 1
TAGS: Final = {
    "deals": "单",
    "products": "产品",
    "announcements": "播报",
    "standings": "排名和战报",
    "people": "人员和团队",
    "targets": "目标",
    "duties": "要做的事",
    "days": "安排",
    "contests": "比赛和表彰",
    "timetable": "作息表",
    "walls": "大屏",
    "sound": "声音",
    "access": "权限",
    "state": "现在的状态",
}
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
    "links": "state",
    "backups": "state",
    "outputs": "sound",
    "speaker-test": "sound",
    "office-loudness": "sound",
    "voice": "sound",
    "tracks": "sound",
    "access": "access",
    "log": "access",
}
SCHEMAS: Final = Path(__file__).parent / "response_schemas.json"
_GOOD: Final = {200: "好。", 201: "记下了。", 202: "开始了。"}
_TYPES: Final = {"string": "文字", "number": "数", "integer": "整数", "boolean": "是或否"}
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
    return jsonify(_kept())


@pages.get("/api/docs")
@needs("read")
def readable() -> str:
    """Return the API as a page, without scripts and without anything from the internet."""
    shown = _kept()
    groups = [(TAGS[tag], [one for one in _operations(shown) if one["tags"] == [tag]]) for tag in TAGS]
    return render_template("api.html", groups=[group for group in groups if group[1]], version=version())


def _operations(shown: Json) -> Iterator[Json]:
    for path, methods in shown["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            body = content.get("application/json", {}).get("example")
            query = "&".join(
                f"{one['name']}={one['example']}"
                for one in operation.get("parameters", ())
                if one["in"] == "query"
            )
            yield {
                **operation,
                "method": method.upper(),
                "path": path + (f"?{query}" if query else ""),
                "body": json.dumps(body, ensure_ascii=False, indent=1) if body is not None else "",
                "binary": "application/octet-stream" in content,
                "answer": _answer(operation["responses"]),
                "roles": "、".join(dict.fromkeys(ROLE_NAMES[role] for role in operation["x-roles"]))
                or "所有人",
            }


def _answer(responses: Json) -> str:
    """Return the good answer for people: its fields, or the type of the file; "" for an unknown one."""
    good: Json = next((one for status, one in responses.items() if status.startswith("2")), {})
    for kind, content in good.get("content", {}).items():
        return fields_of(content["schema"]) if kind == "application/json" else str(kind)
    return ""


def _kept() -> Json:
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
    words = deed if isinstance(deed, str) else ""
    said = " ".join((view.__doc__ or "").split())
    operation: Json = {
        "operationId": rule.endpoint.replace(".", "_"),
        "tags": [_TAG_OF.get(rule.rule.removeprefix("/api").split("/")[1], "state")],
        "summary": re.sub(r"\{(?:url_)?(\w+)\}", r"〔\1〕", words) or said.split(". ")[0] or rule.endpoint,
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
    good = {
        str(status): {"description": _GOOD.get(status, _GOOD[200]), **_content(known)}
        for status in known.get("statuses") or ((200, 201, 202) if method == "POST" else (200,))
    }
    return dict(sorted({**refused, **good}.items()))


def _content(known: Json) -> Json:
    """Return the content of an answer: its schema for JSON, else its type."""
    if "schema" in known:
        return {"content": {"application/json": {"schema": known["schema"]}}}
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
    return "{…}" if "object" in types else "、".join(_TYPES[one] for one in types)


def _inside(schema: Json, depth: int) -> str:
    nested = "properties" in schema or "properties" in schema.get("items", {})
    return f": {fields_of(schema, depth)}" if nested else ""
