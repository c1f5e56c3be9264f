"""The door: PIN, cookie, tokens, roles, and pages of somebody else's."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from controller.clock import Clock
from controller.feed import Feed
from signage import create_app
from signage.access import RIGHTS, Slower
from signage.answers import Denied

PIN = "042137"
OWN = {"Origin": "http://localhost"}
ROLES = sorted(RIGHTS["read"])


class Door:
    """Keys without an office: who comes past the door and asks something of it fails loudly."""

    @property
    def keys(self) -> Door:
        return self

    def check_pin(self, pin: str) -> bool:
        return pin == PIN

    def token_role(self, token: str) -> str | None:
        return token.removeprefix("token-") if token.startswith("token-") else None


@pytest.fixture
def app() -> Flask:
    clock = Clock(ZoneInfo("Asia/Shanghai"), datetime(2026, 11, 23, 6, 0, tzinfo=UTC))
    return create_app(Door(), secret="s" * 40, feed=Feed(), clock=clock)  # type: ignore[arg-type]


@pytest.fixture
def phone(app: Flask) -> FlaskClient:
    return app.test_client()


def sign_in(phone: FlaskClient, pin: str = PIN) -> TestResponse:
    return phone.post("/login", data={"pin": pin}, headers=OWN)


def test_stranger_is_sent_to_the_door(phone: FlaskClient) -> None:
    """Without a PIN the page leads to the door, and every write is refused with a sentence, not carried out."""
    assert phone.get("/").headers["Location"] == "/login"
    for path in ("/api/deals", "/api/announcements", "/api/music", "/api/hush", "/api/stop", "/api/people"):
        answer = phone.post(path, json={}, headers=OWN)
        assert answer.status_code == 401, path
        assert answer.json == {"error": "请先输入 PIN 登录，或者带上有效的令牌。", "field": None}
    for path in ("/api/deals", "/api/announcements", "/api/phone", "/api/people"):
        assert phone.get(path).status_code == 401, path


def test_cookie_is_out_of_reach(phone: FlaskClient) -> None:
    """The cookie is HttpOnly, SameSite=Strict, kept 30 days, and a changed one opens nothing."""
    answer = sign_in(phone)
    cookie = answer.headers["Set-Cookie"]
    assert answer.status_code == 303
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Expires=" in cookie
    assert phone.get("/login").headers["Location"] == "/"
    value = phone.get_cookie("zhangu").value  # type: ignore[union-attr]
    phone.set_cookie("zhangu", value[:-2] + ("aa" if value[-2:] != "aa" else "bb"))
    assert phone.get("/").headers["Location"] == "/login"


def test_cookie_goes_only_by_https_when_served_so() -> None:
    """With TLS the cookie is marked Secure."""
    clock = Clock(ZoneInfo("Asia/Shanghai"))
    app = create_app(Door(), secret="s" * 40, feed=Feed(), clock=clock, tls=True)  # type: ignore[arg-type]
    assert "Secure" in sign_in(app.test_client()).headers["Set-Cookie"]


def test_wrong_pin_is_told_and_slowed(phone: FlaskClient) -> None:
    """Five wrong PINs in a minute, and the sixth try waits, even with the right PIN."""
    for _ in range(5):
        answer = sign_in(phone, "111111")
        assert answer.status_code == 403
        assert "PIN 不对" in answer.text
    answer = sign_in(phone)
    assert answer.status_code == 429
    assert "PIN 输错太多次，请" in answer.text
    assert 1 <= int(answer.headers["Retry-After"]) <= 61


def test_wrong_pins_are_forgotten_after_a_minute() -> None:
    """The right PIN works again when the wrong ones are a minute old, and from other addresses all along."""
    now = [100.0]
    slower = Slower(per_address=2, overall=4, now=lambda: now[0])
    for _ in range(2):
        assert not slower.try_pin("a", lambda: False)
    with pytest.raises(Denied) as denied:
        slower.try_pin("a", lambda: True)
    assert denied.value.status == 429
    assert slower.try_pin("b", lambda: True)
    now[0] = 160.1
    assert slower.try_pin("a", lambda: True)


def test_many_addresses_are_slowed_together() -> None:
    """Whoever changes address with every guess is slowed by the count of all wrong PINs."""
    slower = Slower(per_address=5, overall=6, now=lambda: 1.0)
    for number in range(6):
        assert not slower.try_pin(f"10.0.0.{number}", lambda: False)
    with pytest.raises(Denied):
        slower.try_pin("10.0.0.99", lambda: True)


def test_guesses_at_once_are_counted_one_by_one() -> None:
    """Of forty guesses in one moment only as many are compared as one minute allows."""
    slower = Slower(per_address=5, overall=30, now=lambda: 1.0)
    compared: list[int] = []

    def guess() -> None:
        with contextlib.suppress(Denied):
            slower.try_pin("a", lambda: bool(compared.append(1)))

    threads = [threading.Thread(target=guess) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(compared) == 5


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Referer": "http://evil.example/localhost"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost:9999", "Authorization": "Basic eDp5"},  # http://x:y@… in a form
        {},
    ],
)
def test_other_pages_cannot_use_the_cookie(phone: FlaskClient, headers: dict[str, str]) -> None:
    """A request that another site's page sends with the phone's cookie is refused, sign-in and out included."""
    sign_in(phone)
    answer = phone.post("/api/stop", json={}, headers=headers)
    assert answer.status_code == 403
    assert "不是从战鼓的页面发出的" in answer.json["error"]
    assert phone.post("/login", data={"pin": PIN}, headers=headers).status_code == 403
    assert phone.post("/logout", headers=headers).status_code == 403


def test_own_page_comes_past_the_door(phone: FlaskClient) -> None:
    """The same request from our own page reaches its reader, which asks for JSON and an object."""
    sign_in(phone)
    assert phone.post("/api/stop", data="x", headers=OWN).status_code == 415
    assert phone.post("/api/stop", data="{", content_type="application/json", headers=OWN).status_code == 400
    assert phone.post("/api/stop", json=[1], headers=OWN).status_code == 400
    deep = "[" * 50_000
    assert phone.post("/api/stop", data=deep, content_type="application/json", headers=OWN).status_code == 400


def test_signing_out_ends_it(phone: FlaskClient) -> None:
    """After signing out the phone is a stranger again."""
    sign_in(phone)
    assert phone.post("/logout", headers=OWN).status_code == 303
    assert phone.get("/").headers["Location"] == "/login"


@pytest.mark.parametrize("role", ROLES)
def test_roles_do_what_they_may(phone: FlaskClient, role: str) -> None:
    """A token opens exactly what its role may do; a wall's token opens no write at all."""
    bearer = {"Authorization": f"Bearer token-{role}"}
    writes = {
        "sell": ("post", "/api/deals"),
        "targets": ("put", "/api/targets"),
        "manage": ("post", "/api/people"),
    }
    for right, (method, path) in writes.items():
        # Past the door the empty body is refused (no JSON: 415); at the door it is 403.
        expected = 415 if role in RIGHTS[right] else 403
        assert getattr(phone, method)(path, headers=bearer).status_code == expected, (role, right)
    assert not any("wall" in roles for right, roles in RIGHTS.items() if right != "read")


def test_unknown_token_is_a_stranger_even_with_a_cookie(phone: FlaskClient) -> None:
    """A wrong token is never made good by the cookie that lies beside it."""
    sign_in(phone)
    headers = {"Authorization": "Bearer wrong", **OWN}
    assert phone.post("/api/stop", json={}, headers=headers).status_code == 401


def test_answers_are_safe_by_their_headers(phone: FlaskClient) -> None:
    """No answer may run inline script, be framed, be guessed at by type or be kept by a cache."""
    for path in ("/login", "/api/deals", "/nowhere"):
        head = phone.get(path).headers
        policy = head["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert head["X-Content-Type-Options"] == "nosniff"
        assert head["Cache-Control"] == "no-store"


def test_faults_are_sentences(phone: FlaskClient) -> None:
    """Unknown addresses, wrong methods and oversized bodies are told in a sentence, never in Python's words."""
    sign_in(phone)
    assert phone.get("/nowhere").json["error"] == "没有这个地址。"
    assert phone.put("/api/deals").json["error"] == "这个地址不接受这种请求。"
    big = {"text": "大" * 70_000}
    answer = phone.post("/api/announcements", json=big, headers=OWN)
    assert answer.status_code == 413
    assert "最多 64 KB" in answer.json["error"]


def test_our_own_fault_is_told_plainly_and_logged(
    phone: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """What breaks on our side says nothing of Python to the person and everything to the log."""
    answer = phone.get("/api/now")  # this office has only a door: asking it for anything breaks
    assert answer.status_code == 500
    assert answer.json == {"error": "这里出了问题，已写入日志。", "field": None}
    assert "AttributeError" in caplog.text
