"""Access control: PIN, cookie, tokens, roles, and requests from other sites."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from controller.clock import Clock
from controller.feed import Feed
from controller.sales.store import Store
from controller.services.auth import Credentials, SignInLimit
from signage import create_app
from signage.auth import RIGHTS

PIN = "042137"
OWN = {"Origin": "http://localhost"}
ROLES = sorted(RIGHTS["read"])


class Door:
    """An office with credentials only: a request that passes access control and uses the office fails loudly."""

    def __init__(self, folder: Path) -> None:
        self.keys = Credentials(Store(folder / "book.db"))
        with self.keys._store.write() as session:
            session.settings.set_setting("pin", PIN)
            for role in ROLES:
                session.settings.add_token(role, role, f"token-{role}", datetime.now(UTC))


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


@pytest.fixture
def app(door: Door) -> Flask:
    clock = Clock(ZoneInfo("Asia/Shanghai"), datetime(2026, 11, 23, 6, 0, tzinfo=UTC))
    return create_app(door, secret="s" * 40, feed=Feed(), clock=clock)  # type: ignore[arg-type]


@pytest.fixture
def phone(app: Flask) -> FlaskClient:
    return app.test_client()


def sign_in(phone: FlaskClient, pin: str = PIN) -> TestResponse:
    return phone.post("/login", data={"pin": pin}, headers=OWN)


def test_stranger_is_sent_to_sign_in(phone: FlaskClient) -> None:
    """Without a PIN the page redirects to sign-in, and every write is refused with a sentence and has no effect."""
    assert phone.get("/").headers["Location"] == "/login"
    for path in ("/api/deals", "/api/announcements", "/api/music", "/api/hush", "/api/stop", "/api/people"):
        answer = phone.post(path, json={}, headers=OWN)
        assert answer.status_code == 401, path
        assert answer.json == {"error": "请先输入 PIN 登录，或者带上有效的令牌。", "field": None}
    for path in ("/api/deals", "/api/announcements", "/api/phone", "/api/people"):
        assert phone.get(path).status_code == 401, path


def test_cookie_is_out_of_reach(phone: FlaskClient) -> None:
    """The cookie is HttpOnly, SameSite=Strict, valid for 30 days, and an altered one is not accepted."""
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


def test_a_session_by_https_is_worth_nothing_on_plain_http(app: Flask) -> None:
    """Over HTTPS the cookie is Secure, with the prefix that plain HTTP cannot set; plain HTTP does not accept it."""
    phone = app.test_client()
    secure = {"base_url": "https://localhost"}
    answer = phone.post("/login", data={"pin": PIN}, headers={"Origin": "https://localhost"}, **secure)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-zhangu=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= set(cookie.split("; "))
    assert phone.get("/login", **secure).headers["Location"] == "/"
    value = cookie.split("=", 1)[1].split(";")[0]
    for name in ("zhangu", "__Host-zhangu"):
        stranger = app.test_client()
        stranger.set_cookie(name, value)
        assert stranger.get("/").headers["Location"] == "/login"


def test_a_session_ends_at_the_server(app: Flask, door: Door, phone: FlaskClient) -> None:
    """A copied cookie is invalid after sign-out, after a change of the PIN, and 30 days later."""
    for end in ("sign-out", "pin", "month"):
        sign_in(phone, door.keys.pin())
        copy = app.test_client()
        copy.set_cookie("zhangu", phone.get_cookie("zhangu").value)  # type: ignore[union-attr]
        assert copy.get("/login").headers["Location"] == "/"
        if end == "sign-out":
            phone.post("/logout", headers=OWN)
        elif end == "pin":
            assert door.keys.new_pin() != PIN
        else:
            _age_sessions(door, timedelta(days=30, minutes=1))
        assert copy.get("/").headers["Location"] == "/login", end


def test_a_clock_set_back_signs_nobody_out(door: Door, phone: FlaskClient) -> None:
    """A session that started a year ahead of the current clock is still valid."""
    sign_in(phone)
    _age_sessions(door, -timedelta(days=365))
    assert phone.get("/login").headers["Location"] == "/"


def _age_sessions(door: Door, by: timedelta) -> None:
    with door.keys._store.write() as session:
        session.rows.change("UPDATE sessions SET created = created - ?", round(by.total_seconds() * 1000))


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "CF-Connecting-IP"]
)
def test_a_cookie_planted_before_sign_in_is_no_session_after_it(
    app: Flask, door: Door, phone: FlaskClient, header: str
) -> None:
    """Session fixation: sign-in creates a new secret; the planted one stays invalid with any headers."""
    phone.set_cookie("zhangu", "planted")
    answer = phone.post(
        "/login", data={"pin": PIN}, headers={**OWN, header: "10.9.8.7", "Cookie": "zhangu=planted"}
    )
    assert answer.status_code == 303
    given = answer.headers["Set-Cookie"].split("=", 1)[1].split(";")[0]
    assert given != "planted"
    other = app.test_client()
    other.set_cookie("zhangu", "planted")
    assert other.get("/").headers["Location"] == "/login"
    assert [session.address for session in door.keys.sessions()] == ["127.0.0.1"]


def test_no_credential_is_stored_readably(door: Door, phone: FlaskClient) -> None:
    """The store contains neither cookies nor tokens, and each sign-in has another cookie."""
    values = set()
    for _ in range(2):
        sign_in(phone)
        values.add(phone.get_cookie("zhangu").value)  # type: ignore[union-attr]
    assert len(values) == 2
    with door.keys._store.read() as session:
        kept = str(
            [session.rows.all(f"SELECT * FROM {table}") for table in ("sessions", "tokens", "settings")]
        )
    assert not any(value in kept for value in (*values, "token-admin"))


def test_access_is_shown_and_revoked_on_the_phone(door: Door, app: Flask, phone: FlaskClient) -> None:
    """Managers see PIN, phones and tokens and can revoke them; a revoked one has no access; a leader sees none."""
    phone.post(
        "/login",
        data={"pin": PIN, "who": "小陈"},
        headers={**OWN, "User-Agent": "Mozilla (iPhone) MicroMessenger"},
    )
    other = app.test_client()
    sign_in(other)
    shown = phone.get("/api/access").json
    assert shown["pin"] == PIN
    assert [(row["name"], row["own"]) for row in shown["sessions"]] == [
        ("浏览器", False),
        ("小陈 iPhone 微信", True),
    ]
    assert [row["name"] for row in shown["tokens"]] == ROLES
    assert phone.get("/api/access", headers={"Authorization": "Bearer token-leader"}).status_code == 403
    assert phone.delete(f"/api/access/sessions/{shown['sessions'][0]['id']}", headers=OWN).status_code == 200
    assert other.get("/").headers["Location"] == "/login"
    assert phone.delete("/api/access/tokens/program", headers=OWN).status_code == 200
    assert phone.get("/api/deals", headers={"Authorization": "Bearer token-program"}).status_code == 401
    assert phone.delete("/api/access/tokens/program", headers=OWN).status_code == 404
    new = phone.post("/api/access/pin", json={}, headers=OWN).json["pin"]
    assert new == door.keys.pin() != PIN
    assert phone.get("/api/access").status_code == 401


def test_actions_are_logged_with_their_caller(phone: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """Sign-in and each action, with the name of phone or token; reads are not logged."""
    caplog.set_level("INFO")
    phone.post(
        "/login", data={"pin": PIN, "who": "小陈"}, headers={**OWN, "User-Agent": "Android 14; Mobile"}
    )
    phone.post("/api/music", json={"action": "x"}, headers=OWN)
    phone.post("/api/stop", data="", headers={"Authorization": "Bearer token-program"})
    phone.get("/api/access")
    phone.post("/logout", headers=OWN)
    done = [record.getMessage() for record in caplog.records if record.name == "zhangu.deeds"]
    assert done == [
        "小陈 安卓手机 signs in from 127.0.0.1",
        '小陈 安卓手机（1 号）, 127.0.0.1: POST /api/music {"action": "x"} -> 422',
        "program, 127.0.0.1: POST /api/stop  -> 415",
        "小陈 安卓手机（1 号） signs out",
    ]


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 421), ("127.0.0.1[", 421), ("[::1", 421),
     ("zhangu.evil.example", 421), ("localhost.evil.example:8080", 421),
     ("127.0.0.1@evil.com", 421), ("localhost", 302), ("192.168.1.7:8080", 302), ("[fe80::1]:8080", 302),
     ("zhangu.local", 302), ("wall.example", 302), ("LOCALHOST.", 302)],
)  # fmt: skip
def test_a_foreign_name_is_not_served(door: Door, host: str, status: int) -> None:
    """DNS rebinding: every route refuses the host name of an internet page and accepts this machine's names."""
    clock = Clock(ZoneInfo("UTC"))
    app = create_app(door, secret="s", feed=Feed(), clock=clock, hosts=frozenset({"wall.example"}))  # type: ignore[arg-type]
    answer = app.test_client().get("/", headers={"Host": host})
    assert answer.status_code == status
    if status == 421:
        assert "用它的 IP 地址打开" in answer.json["error"]
        for path in ("/wall", "/health", "/static/phone.css", "/events"):
            assert app.test_client().get(path, headers={"Host": host}).status_code == 421, path


def test_wrong_pin_is_refused_and_delayed(phone: FlaskClient) -> None:
    """After five wrong PINs in a minute the sixth try waits, even with the right PIN."""
    for _ in range(5):
        answer = sign_in(phone, "111111")
        assert answer.status_code == 403
        assert "PIN 不对" in answer.text
    answer = sign_in(phone)
    assert answer.status_code == 429
    assert "PIN 输错太多次，请" in answer.text
    assert 1 <= int(answer.headers["Retry-After"]) <= 61


def test_each_wrong_pin_makes_that_address_wait_longer_and_no_other() -> None:
    """Five tries, then a wait of one, two, four minutes, up to four hours; meanwhile another address can sign in."""
    now = [0.0]
    attempts = SignInLimit(now=lambda: now[0])
    tried, waits = 0, []
    while now[0] < 24 * 3600:
        right, wait = attempts.try_pin("a", lambda: False)
        assert not right
        if wait:
            waits.append(wait)
            now[0] += wait
        else:
            tried += 1
    assert waits[:4] == [61, 121, 241, 481]
    assert max(waits) <= 4 * 3600 + 1
    assert tried < 20
    assert attempts.try_pin("b", lambda: True) == (True, 0)


def test_six_addresses_lock_nobody_out_and_a_storm_is_reported(phone: FlaskClient, door: Door) -> None:
    """Hundreds of guesses from six addresses: a seventh can sign in, sessions stay valid, phones report it."""
    attempts = door.keys.attempts
    sign_in(phone)
    for number in range(600):
        attempts.try_pin(f"10.0.0.{number % 6}", lambda: False)
    (trouble,) = attempts.problems()
    assert "来自 6 个地址" in trouble.what
    assert not trouble.serious
    assert phone.get("/login").headers["Location"] == "/"
    assert attempts.try_pin("10.0.0.7", lambda: True) == (True, 0)
    assert attempts.try_pin("10.0.0.1", lambda: True)[1] > 0


def test_many_addresses_have_fewer_tries_each() -> None:
    """After thirty wrong PINs in an hour a new address has two tries; 20,000 addresses use bounded memory."""
    attempts = SignInLimit(now=lambda: 1.0)
    for number in range(20_000):
        attempts.try_pin(f"a{number}", lambda: False)
    assert [attempts.try_pin("new", lambda: False)[1] > 0 for _ in range(3)] == [False, False, True]
    assert len(attempts._wrong) <= 5000
    assert len(attempts._lately) <= 10_000


def test_guesses_at_once_are_counted_one_by_one() -> None:
    """Of forty simultaneous guesses only as many are compared as one address may try."""
    attempts = SignInLimit(now=lambda: 1.0)
    compared: list[int] = []

    def wrong() -> bool:
        compared.append(1)
        return False

    threads = [threading.Thread(target=attempts.try_pin, args=("a", wrong)) for _ in range(40)]
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
        {"Origin": "http://[localhost"},
        {"Origin": "http://localhost:9999"},
        {"Referer": "http://evil.example/localhost"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost:9999", "Authorization": "Basic eDp5"},  # http://x:y@… in a form
        {},
    ],
)
def test_other_pages_cannot_use_the_cookie(phone: FlaskClient, headers: dict[str, str]) -> None:
    """A request from another site's page with the phone's cookie is refused, also sign-in and sign-out."""
    sign_in(phone)
    answer = phone.post("/api/stop", json={}, headers=headers)
    assert answer.status_code == 403
    assert "不是从战鼓的页面发出的" in answer.json["error"]
    assert phone.post("/login", data={"pin": PIN}, headers=headers).status_code == 403
    assert phone.post("/logout", headers=headers).status_code == 403


def test_own_page_passes_access_control(phone: FlaskClient) -> None:
    """The same request from our own page reaches the parser, which requires a JSON object."""
    sign_in(phone)
    assert phone.post("/api/stop", data="x", headers=OWN).status_code == 415
    assert phone.post("/api/stop", data="{", content_type="application/json", headers=OWN).status_code == 400
    assert phone.post("/api/stop", json=[1], headers=OWN).status_code == 400
    deep = "[" * 50_000
    assert phone.post("/api/stop", data=deep, content_type="application/json", headers=OWN).status_code == 400


def test_signing_out_ends_it(phone: FlaskClient) -> None:
    """After signing out the phone has no access."""
    sign_in(phone)
    assert phone.post("/logout", headers=OWN).status_code == 303
    assert phone.get("/").headers["Location"] == "/login"


@pytest.mark.parametrize("role", ROLES)
def test_roles_have_exactly_their_rights(phone: FlaskClient, role: str) -> None:
    """A token gives exactly the rights of its role; a wall's token allows no writes."""
    bearer = {"Authorization": f"Bearer token-{role}"}
    writes = {
        "sell": ("post", "/api/deals"),
        "targets": ("put", "/api/targets"),
        "manage": ("post", "/api/people"),
    }
    for right, (method, path) in writes.items():
        # With the right, the empty body is refused (no JSON: 415); without it, the answer is 403.
        expected = 415 if role in RIGHTS[right] else 403
        assert getattr(phone, method)(path, headers=bearer).status_code == expected, (role, right)
    assert not any("wall" in roles for right, roles in RIGHTS.items() if right != "read")


def test_unknown_token_is_a_stranger_even_with_a_cookie(phone: FlaskClient) -> None:
    """A valid cookie does not compensate for a wrong token."""
    sign_in(phone)
    headers = {"Authorization": "Bearer wrong", **OWN}
    assert phone.post("/api/stop", json={}, headers=headers).status_code == 401


def test_answers_are_safe_by_their_headers(phone: FlaskClient) -> None:
    """No answer allows inline script, framing, type sniffing or caching."""
    for path in ("/login", "/api/deals", "/nowhere"):
        head = phone.get(path).headers
        policy = head["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert head["X-Content-Type-Options"] == "nosniff"
        assert head["Cache-Control"] == "no-store"


def test_faults_are_sentences(phone: FlaskClient) -> None:
    """Unknown addresses, wrong methods and oversized bodies answer with a sentence, never a Python message."""
    sign_in(phone)
    assert phone.get("/nowhere").json["error"] == "没有这个地址。"
    assert phone.put("/api/deals").json["error"] == "这个地址不接受这种请求。"
    big = {"text": "大" * 70_000}
    answer = phone.post("/api/announcements", json=big, headers=OWN)
    assert answer.status_code == 413
    assert "最多 64 KB" in answer.json["error"]


def test_an_internal_error_is_one_sentence_and_logged(
    phone: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """An internal error shows no Python message to the person and the full traceback in the log."""
    answer = phone.get("/api/now")  # this office has only credentials: any other use raises
    assert answer.status_code == 500
    assert answer.json == {"error": "这里出了问题，已写入日志。", "field": None}
    assert "AttributeError" in caplog.text
