"""HTTP basics: strict parsing of bodies, errors as one sentence for people, security headers."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote, urlsplit

from flask import Flask, Response, current_app, jsonify, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter

from controller.sales.model import Conflict, Refused, StoreTrouble, Unknown, Unsayable
from controller.system.network import lan_address
from controller.timetable.times import YEARS

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

STATE = "/api/wall"  # the address of the walls' state
MAX_BODY = 64 * 1024
MOST = 10**12
AROUND_A_FILE = 64 * 1024  # bytes of form data around a file
CALLED = {  # field labels on the phone; fields that only programs send keep their names
    "person": "姓名", "name": "名字", "team": "团队", "product": "产品", "say_as": "读音", "reason": "撤回的原因",
    "text": "要说的话", "city": "城市", "code": "屏幕上的六位数字", "who": "名字", "playlist": "歌单",
    "voice": "语音", "results_voice": "战报的语音", "speed": "语速",
    "birthday": "生日", "joined": "入职日期", "email": "邮箱",
}  # fmt: skip
CHOSEN = ("team", "playlist")  # chosen from a list, not typed
BROKEN = "这里出了问题，已写入日志。"
PLAIN = {
    400: "看不懂这个请求。",
    404: "没有这个地址。",
    405: "这个地址不接受这种请求。",
    408: "请求没有发完。",
    413: "发来的内容太大，最多 64 KB。",
    415: "请用 JSON 发送。",
}
# No inline script or style: a name that a person typed can never run as code.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


class Number(IntegerConverter):
    """An id in an address. An id too large for the store does not match."""

    regex = r"\d{1,18}"


class Denied(Exception):  # noqa: N818  the project's word
    """A refused request. `status` is the HTTP status, `sentence` is for people."""

    def __init__(self, status: int, sentence: str, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.retry_after = retry_after


def body() -> dict[str, Any]:
    """Return the request's JSON object; numbers with a point are Decimal, so that money is never a float.

    Unknown fields are kept; callers ignore them. Raises Denied 415 without a JSON content type, 400 when the body
    is not a JSON object.
    """
    if request.mimetype != "application/json":
        raise Denied(415, PLAIN[415])
    try:
        # NaN and Infinity become text: parse_amount then refuses them and names them.
        fields = json.loads(request.get_data(), parse_float=_number, parse_constant=str)
    except (ValueError, RecursionError):
        raise Denied(400, "发来的不是完整的 JSON。") from None
    if not isinstance(fields, dict):
        raise Denied(400, '发来的 JSON 应当是一个对象，例如 {"text": "大家加油"}。')
    return fields


def brings(most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a view take bodies of up to `most` bytes plus form data, from callers with its right."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        vars(view)["brings"] = most + AROUND_A_FILE
        return view

    return mark


def largest(app: Flask, environ: dict[str, Any]) -> int | tuple[int, str]:
    """Return how many bytes a request's body may have, from its header alone; or a status and sentence to refuse it.

    Each caller may send 64 KB; only routes for files accept more, and only from callers with the right to use them.
    """
    try:
        with app.request_context(environ):
            view = app.view_functions.get(request.endpoint or "")
            most, check = (vars(view).get(name) for name in ("brings", "check")) if view else (None, None)
            if most is None or check is None:
                return MAX_BODY
            check()
            return int(most)
    except Denied as denied:
        return denied.status, denied.sentence
    except Refused as refused:
        return 503, refused.sentence
    except Exception as error:  # no header content may end the server's loop
        log.error("checking a request header failed", exc_info=error)
        return 400, PLAIN[400]


def _number(text: str) -> Decimal | str:
    # 1e-999999999 has 12 characters but expands to a gigabyte: keep such numbers as text, so that they are refused.
    number = Decimal(text) if len(text) <= 40 else None
    return number if number is not None and abs(number.adjusted()) <= 30 else text


def text_of(fields: dict[str, Any], field: str, limit: int, optional: bool = False) -> str:
    """Return the text in `field`, trimmed. Raises Refused when missing, empty, not text, or over `limit`."""
    value = fields.get(field)
    if optional and value in (None, ""):
        return ""
    if not isinstance(value, str) or not value.strip():
        if field in CHOSEN:
            raise Refused(f"请选择{CALLED[field]}。", field)
        raise Refused(f"还没有填写{CALLED.get(field, f' {field}')}。", field)
    if len(value.strip()) > limit:
        raise Refused(f"{CALLED.get(field, field)}有 {len(value.strip())} 个字，最多 {limit} 个。", field)
    if "\x00" in value or any(
        "\ud800" <= letter <= "\udfff" for letter in value
    ):  # half an emoji (lone surrogate): not valid in UTF-8
        raise Refused(f"{CALLED.get(field, field)}里有不能用的字符。", field)
    return value.strip()


def whole_of(fields: dict[str, Any], field: str, low: int, high: int) -> int:
    """Return the whole number in `field`. Raises Refused outside low..high."""
    value = fields.get(field)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Refused(f"{field} 要写 {low} 到 {high} 之间的整数。", field)
    return value


def number_of(fields: dict[str, Any], field: str) -> float:
    """Return the number in `field`. Raises Refused for anything else."""
    value = fields.get(field)
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and -MOST <= value <= MOST:
        return float(value)
    raise Refused(f"{CALLED.get(field, field)}要写一个数，例如 1.1。", field)


def flag_of(fields: dict[str, Any], field: str) -> bool | None:
    """Return True, False, or None when `field` is absent. Raises Refused for anything else."""
    value = fields.get(field)
    if value is not None and not isinstance(value, bool):
        raise Refused(f"{field} 要写成 true 或 false。", field)
    return value


def time_of(value: object) -> time:
    """Return the time of day in `value` ("14:00"). Raises Refused."""
    match = re.fullmatch(r"([01]?\d|2[0-3])[:：]([0-5]\d)", value) if isinstance(value, str) else None
    if match is None:
        raise Refused("时间要写成 14:00 这样。", "until")
    return time(int(match[1]), int(match[2]))


def reachable_host_url() -> str:
    """Return this server's address for other machines: that of the request, on `localhost` the one on the network."""
    named = urlsplit(request.host_url)
    host = named.hostname or ""
    if host != "localhost" and not host.startswith("127.") and host != "::1":
        return request.host_url
    port = "" if named.port is None else f":{named.port}"
    return f"{named.scheme}://{lan_address()}{port}/"


def date_of(value: object, default: date) -> date:
    """Return the date in `value` (YYYY-MM-DD), `default` when absent or empty. Raises Refused."""
    if value in (None, ""):
        return default
    try:
        # strptime accepts only this form; fromisoformat also accepts weeks (2026-W01-1).
        if isinstance(value, str) and len(value) == len("2026-11-23"):
            day = datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007  a date has no zone
            if day.year in YEARS:
                return day
    except ValueError:
        pass
    raise Refused(f"日期要写成 2026-11-23 这样，{YEARS[0]} 年到 {YEARS[-1]} 年。", "date")


def _say(status: int, sentence: str, field: str | None = None) -> Response:
    answer = jsonify({"error": sentence, "field": field})
    answer.status_code = status
    return answer


def _denied(error: Denied) -> Response:
    answer = _say(error.status, error.sentence)
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


_STATUS = ((Unsayable, 400), (Unknown, 404), (Conflict, 409), (StoreTrouble, 503))


def _refused(error: Refused) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 422)
    if status == 503:
        log.error("%s %s: %s", request.method, request.path, error.sentence)
    return _say(status, error.sentence, error.field)


def _for_eyes() -> bool:
    """Return whether a browser window sent the request, not a program or a page's script."""
    best = request.accept_mimetypes.best_match(["application/json", "text/html"], "application/json")
    return request.method in ("GET", "HEAD") and not request.path.startswith("/api/") and best == "text/html"


def _meant() -> str | None:
    """Return the intended address: a TV's keyboard starts with a capital, people add a trailing slash."""
    first, *rest = request.path.strip("/").split("/")
    path = "/" + "/".join([first.lower(), *rest])
    adapter = current_app.create_url_adapter(request)
    if path == request.path or adapter is None or not adapter.test(path, "GET"):
        return None
    query = request.query_string.decode("ascii", "ignore")
    return quote(path) + (f"?{query}" if query else "")


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if 300 <= status < 400:
        return Response(status=status, headers=error.get_headers())
    if status == 404 and _for_eyes():
        meant = _meant()
        if meant is not None:
            return Response(status=302, headers={"Location": meant})
        return Response(render_template("missing.html"), 404)
    answer = _say(status, PLAIN.get(status, BROKEN))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer


def _broken(error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return _say(500, BROKEN)


def _guard(answer: Response) -> Response:
    head = answer.headers
    head.setdefault("Content-Security-Policy", POLICY)
    head.setdefault("X-Content-Type-Options", "nosniff")
    head.setdefault("X-Frame-Options", "DENY")
    head.setdefault("Referrer-Policy", "same-origin")
    head.setdefault("Cache-Control", "no-store")
    return answer


def install(app: Flask) -> None:
    """Install error handlers and headers in `app`; call it before registering pages."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.url_map.converters["int"] = Number
    app.register_error_handler(Denied, _denied)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _broken)
    app.after_request(_guard)
