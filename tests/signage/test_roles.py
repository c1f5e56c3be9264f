"""Phones with roles in a real office: adding and removing them, personal PINs, leaders, and the log of changes."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from controller.system.network import lan_address
from signage import audit
from signage.auth import RIGHTS, SELF_ONLY, TEAM_ONLY, needs
from signage.sign_in import EXPIRED
from tests.signage.house import House, running

OWN = {"Origin": "http://localhost"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", sounds=False) as house:
            yield house


@pytest.fixture(autouse=True)
def _no_wrong_tries(house: House) -> None:
    house.daemon.office.keys.attempts._wrong.clear()
    house.daemon.office.keys.attempts._lately.clear()


def client(house: House) -> FlaskClient:
    return house.daemon.server._server._app.test_client()


def person(house: House, name: str) -> int:
    return next(one.id for one in house.daemon.office.people.active() if one.name == name)


def phone(house: House, role: str, name: str | None = None) -> FlaskClient:
    """Return a phone that joined by its link."""
    ident = None if name is None else person(house, name)
    invited = house.daemon.office.keys.phones.invite(role, ident)
    one = client(house)
    assert "在这台手机上使用" in one.get(f"/join/{invited.link}").text
    assert one.post("/join", data={"link": invited.link}, headers=OWN).status_code == 303
    return one


def sign_in(one: FlaskClient, **fields: object) -> TestResponse:
    return one.post("/login", data=fields, headers=OWN)


def me(one: FlaskClient) -> dict[str, object]:
    state = one.get("/api/phone").json
    assert state is not None
    return state["me"]  # type: ignore[no-any-return]


def put_target(one: FlaskClient, team: str, amount: object = 1000) -> TestResponse:
    return one.put("/api/targets", json={"team": team, "amount": amount}, headers=OWN)


def ids(owner: FlaskClient) -> dict[str, int]:
    """Return the phones that an owner sees: id by name."""
    return {row["name"]: row["id"] for row in owner.get("/api/access").json["sessions"]}  # type: ignore[index]


# --- adding a phone


def test_a_phone_is_added_by_its_code(house: House) -> None:
    """An owner asks for a code; typed on another phone it signs that one in, in its role, once."""
    owner = phone(house, "owner")
    made = owner.post("/api/access/phones", json={"role": "manager", "name": "前台"}, headers=OWN)
    assert made.status_code == 201
    assert made.json["minutes"] == 10
    assert made.json["qr"].startswith("data:image/svg+xml;base64,")
    path = urlsplit(made.json["link"]).path
    assert path.startswith("/join/")
    code = made.json["code"]
    other = client(house)
    assert sign_in(other, pin=f"{code[:4]} {code[4:]}").status_code == 303
    assert me(other)["role_name"] == "总经理"
    assert "前台 浏览器" in ids(owner)
    used = sign_in(client(house), pin=code)
    assert used.status_code == 403
    assert EXPIRED in used.text
    gone = client(house).get(path)
    assert gone.status_code == 410
    assert EXPIRED in gone.text


def test_a_link_is_used_by_its_button_alone(house: House) -> None:
    """A chat's preview of the link, or another site's form, does not use it up."""
    invited = house.daemon.office.keys.phones.invite("assistant")
    one = client(house)
    for _ in range(3):
        assert one.get(f"/join/{invited.link}").status_code == 200
    assert one.post("/join", data={"link": invited.link}).status_code == 403
    assert one.get("/").headers["Location"] == "/login"
    assert one.post("/join", data={"link": invited.link}, headers=OWN).status_code == 303
    assert me(one)["role"] == "assistant"


def test_the_cookie_of_an_added_phone_is_renewed(house: House) -> None:
    """Each opening of the page sends the cookie again, for 400 days; a phone by PIN keeps its 30 days."""
    added, by_pin = phone(house, "assistant"), client(house)
    sign_in(by_pin, pin=house.daemon.office.keys.pin())
    cookie = added.get("/").headers["Set-Cookie"]
    assert "Max-Age=34560000" in cookie
    assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    assert "Set-Cookie" not in by_pin.get("/").headers


def test_codes_are_guessed_no_faster_than_pins(house: House) -> None:
    """Five wrong codes, links and PINs together make the address wait, also with a right code."""
    invited = house.daemon.office.keys.phones.invite("assistant")
    ident = person(house, "陈芳")
    _, pin = house.daemon.office.keys.personal.set(ident, "assistant", "owner")
    one = client(house)
    tries = (
        ("/login", {"pin": "00000000"}), ("/join", {"link": "x"}), ("/login", {"pin": "x", "person": ident}),
        ("/login", {"pin": "x", "who": "陈芳"}), ("/login", {"pin": "1"}),
    )  # fmt: skip
    for path, fields in tries:
        assert one.post(path, data=fields, headers=OWN).status_code == 403, fields
    for path, fields in (
        ("/login", {"pin": invited.code}), ("/join", {"link": invited.link}), ("/login", {"pin": pin, "person": ident}),
    ):  # fmt: skip
        answer = one.post(path, data=fields, headers=OWN)
        assert answer.status_code == 429, path
        assert "秒后再试" in answer.text
        assert int(answer.headers["Retry-After"]) >= 1


def test_one_pin_is_no_help_in_guessing_another(house: House) -> None:
    """Signing in with the office's PIN between guesses of a manager's PIN forgives none of them."""
    keys, number = house.daemon.office.keys, person(house, "欧阳建国")
    _, pin = keys.personal.set(number, "manager", "owner")
    one = client(house)
    for _ in range(5):
        assert sign_in(one, pin="x", person=number).status_code == 403
        assert sign_in(one, pin=keys.pin(), who="欧阳建国").status_code in (
            403,
            429,
        )  # that name needs its own PIN
        if len(keys.attempts._wrong["127.0.0.1"]) < 5:
            assert sign_in(one, pin=keys.pin()).status_code == 303
        else:
            break
    assert sign_in(one, pin=pin, person=number).status_code == 429


def test_nobody_adds_a_phone_above_the_own_role(house: House) -> None:
    """A manager adds no owner; an assistant adds none; a bad person is a sentence."""
    manager, assistant = phone(house, "manager"), phone(house, "assistant")
    owner_wish = {"role": "owner"}
    assert manager.post("/api/access/phones", json=owner_wish, headers=OWN).status_code == 409
    assert "owner" not in [row["role"] for row in manager.get("/api/access").json["roles"]]
    assert assistant.post("/api/access/phones", json={"role": "leader"}, headers=OWN).status_code == 403
    for wish, field in (
        ({"role": "leader"}, "person"), ({"role": "wall"}, "role"), ({}, "role"),
        ({"role": "director", "person": 10**9}, "person"),
        ({"role": "director", "person": "x"}, "person"), ({"role": "director", "name": "大" * 21}, "name"),
    ):  # fmt: skip
        answer = manager.post("/api/access/phones", json=wish, headers=OWN)
        assert (answer.status_code, answer.json["field"]) == (422, field), wish


# --- removing a phone


def test_a_removed_phone_is_out_at_once(house: House) -> None:
    """Its next request gets 401; a manager cannot remove an owner, an assistant not even a manager."""
    owner, manager, assistant = phone(house, "owner"), phone(house, "manager"), phone(house, "assistant")
    number = {
        role: me_id(house, one)
        for role, one in (("owner", owner), ("manager", manager), ("assistant", assistant))
    }
    assert manager.delete(f"/api/access/sessions/{number['owner']}", headers=OWN).status_code == 409
    assert assistant.delete(f"/api/access/sessions/{number['manager']}", headers=OWN).status_code == 409
    assert owner.delete(f"/api/access/sessions/{number['manager']}", headers=OWN).status_code == 200
    assert manager.get("/api/phone").status_code == 401
    assert manager.get("/").headers["Location"] == "/login"


def me_id(house: House, one: FlaskClient) -> int:
    session = house.daemon.office.keys.session(one.get_cookie("zhangu").value, secure=False)  # type: ignore[union-attr]
    assert session is not None
    return session.id


def test_the_last_owner_cannot_be_removed(house: House) -> None:
    """With one owner left the answer is a sentence that says what to do first."""
    owner = phone(house, "owner")
    for row in owner.get("/api/access").json["sessions"]:
        if row["role"] == "owner" and not row["own"]:
            assert owner.delete(f"/api/access/sessions/{row['id']}", headers=OWN).status_code == 200
    answer = owner.delete(f"/api/access/sessions/{me_id(house, owner)}", headers=OWN)
    assert answer.status_code == 409
    assert "请先添加另一台负责人的手机" in answer.json["error"]
    assert me(owner)["role"] == "owner"


# --- the office's PIN and personal PINs


def test_the_office_pin_still_signs_in_an_assistant(house: House) -> None:
    """After an upgrade no one is locked out: the PIN gives the rights of before, and none of the new ones."""
    one = client(house)
    assert sign_in(one, pin=house.daemon.office.keys.pin(), who="小陈").status_code == 303
    mine = me(one)
    assert mine["role"] == "assistant"
    assert set(mine["rights"]) == {
        "read",
        "sell",
        "propose",
        "targets",
        "duties",
        "cities",
        "plan",
        "timetable",
        "manage",
        "measures",
    }  # type: ignore[call-overload]
    assert one.get("/api/access").json["pin"] == house.daemon.office.keys.pin()
    for method, path in (("get", "/api/log"), ("post", "/api/access/phones"), ("put", "/api/access/pin")):
        assert getattr(one, method)(path, headers=OWN).status_code == 403


def test_an_owner_switches_the_office_pin_off(house: House) -> None:
    """Off: its phones are out, it is refused, and the sign-in page says so; on: it works again."""
    owner, by_pin = phone(house, "owner"), client(house)
    pin = house.daemon.office.keys.pin()
    sign_in(by_pin, pin=pin)
    assert by_pin.put("/api/access/pin", json={"on": False}, headers=OWN).status_code == 403
    assert owner.put("/api/access/pin", json={}, headers=OWN).status_code == 422
    assert owner.put("/api/access/pin", json={"on": False}, headers=OWN).status_code == 200
    assert by_pin.get("/api/phone").status_code == 401
    assert "不用公用 PIN" in by_pin.get("/login").text
    assert sign_in(by_pin, pin=pin).status_code == 403
    assert owner.put("/api/access/pin", json={"on": True}, headers=OWN).status_code == 200
    assert sign_in(by_pin, pin=pin).status_code == 303


def test_people_share_a_phone_with_their_own_pins(house: House) -> None:
    """Each picks a name and types six digits; the session has the person's role, and the next person's ends it."""
    manager = phone(house, "manager")
    numbers = {name: person(house, name) for name in ("陈芳", "李思思")}
    pins = {
        name: manager.put(f"/api/access/personal/{numbers[name]}", json={"role": role}, headers=OWN).json[
            "pin"
        ]
        for name, role in (("陈芳", "assistant"), ("李思思", "leader"))
    }
    shared = client(house)
    assert all(f'value="{number}"' in shared.get("/login").text for number in numbers.values())
    assert sign_in(shared, pin=pins["陈芳"], person=numbers["李思思"]).status_code == 403
    assert sign_in(shared, pin=pins["陈芳"], person=numbers["陈芳"]).status_code == 303
    assert me(shared)["role"] == "assistant"
    assert sign_in(shared, pin=pins["李思思"], who="李 思思").status_code == 303  # the name may be typed
    assert (me(shared)["role"], me(shared)["team"]) == ("leader", "飞龙队")
    names = [row["name"] for row in manager.get("/api/access").json["sessions"]]
    assert names.count("李思思 浏览器") == 1
    assert names.count("陈芳 浏览器") == 0
    assert manager.delete(f"/api/access/personal/{numbers['李思思']}", headers=OWN).status_code == 200
    assert shared.get("/api/phone").status_code == 401
    assert manager.delete(f"/api/access/personal/{numbers['李思思']}", headers=OWN).status_code == 404


def test_a_hidden_person_types_the_name(house: House) -> None:
    """The sign-in page is open to strangers: hidden people are not in its list, and sign in by typing."""
    number = person(house, "刘洋")
    _, pin = house.daemon.office.keys.personal.set(number, "assistant", "owner")
    one = client(house)
    assert "刘洋" in one.get("/login").text
    house.daemon.office.people.update(number, hidden=True)
    try:
        assert "刘洋" not in one.get("/login").text
        assert sign_in(one, pin=pin, who="刘洋").status_code == 303
    finally:
        house.daemon.office.people.update(number, hidden=False)


# --- leaders


def test_a_leader_touches_only_the_own_team(house: House) -> None:
    """Own team: saved. Another team: 403 with a sentence. After a move, the new team's."""
    leader = phone(house, "leader", "王小明")
    assert me(leader)["team"] == "猛虎队"
    assert put_target(leader, "猛虎队").status_code == 200
    assert put_target(leader, " 猛虎队 ").status_code == 200
    for team in ("飞龙队", "没有的队"):
        answer = put_target(leader, team)
        assert answer.status_code == 403
        assert answer.json["error"] == "组长只能改自己的团队，您的团队是猛虎队。"
    assert put_target(leader, "").status_code == 422
    assert put_target(leader, "猛虎队", "多").status_code == 422
    assert leader.put("/api/targets", data="x", headers=OWN).status_code == 415
    assert leader.put("/api/cities", json={"city": "上海", "percent": 1}, headers=OWN).status_code == 403
    house.daemon.office.people.update(person(house, "王小明"), team="雄鹰队")
    try:
        assert put_target(leader, "猛虎队").status_code == 403
        assert put_target(leader, "雄鹰队").status_code == 200
    finally:
        house.daemon.office.people.update(person(house, "王小明"), team="猛虎队")


def test_a_leaders_token_belongs_to_the_person_of_its_name(house: House) -> None:
    """`zhangu token 李思思 --role leader` may change that leader's team; another name no team, with a sentence."""
    keys = house.daemon.office.keys
    for name, team, status in (("李思思", "飞龙队", 200), ("李思思", "猛虎队", 403), ("看板", "飞龙队", 403)):
        head = {"Authorization": f"Bearer {keys.make_token(name, 'leader')}"}
        answer = client(house).put("/api/targets", json={"team": team, "amount": 5}, headers=head)
        assert answer.status_code == status, (name, team)
    assert "令牌的名字要和名单里的组长一样" in answer.json["error"]


def test_each_writing_route_of_leaders_names_its_team() -> None:
    """A right that leaders have cannot guard a route that does not say which team it changes."""
    for right, roles in RIGHTS.items():
        if right != "read" and roles & TEAM_ONLY:
            with pytest.raises(ValueError, match="own team"):
                needs(right, person=tuple)
        if right != "read" and roles & SELF_ONLY:
            with pytest.raises(ValueError, match="for themselves"):
                needs(right, lambda: None)
    with pytest.raises(KeyError):
        needs("everything")


# --- the log of changes


def test_every_changing_route_has_a_sentence(house: House) -> None:
    """A new route that is not GET needs a line in DEEDS, or is listed as changing nothing or signing in."""
    missing = [
        rule.endpoint
        for rule in house.daemon.server._server._app.url_map.iter_rules()
        if (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
        and rule.endpoint not in audit.DEEDS.keys() | audit.NO_CHANGE | audit.SIGNING_IN
    ]
    assert not missing


def test_changes_are_in_the_log_with_time_author_and_address(house: House) -> None:
    """Newest first, in plain sentences; refused requests, previews and repeats of a key are not in it; no secrets."""
    manager = phone(house, "manager", "欧阳建国")
    deal = {"person": "周婷", "product": "报纸", "amount": 88, "key": "log-1"}
    for _ in range(2):
        manager.post("/api/deals", json=deal, headers=OWN)
    manager.post("/api/deals/preview", json=deal, headers=OWN)
    number = manager.post("/api/deals", json={**deal, "key": "log-2"}, headers=OWN).json["id"]
    manager.delete(f"/api/deals/{number}", json={"reason": "报重了"}, headers=OWN)
    manager.post("/api/hush", json={"minutes": 0}, headers=OWN)
    manager.put("/api/volume", json={"volume": 41}, headers=OWN)
    manager.put("/api/volume", json={"volume": 400}, headers=OWN)
    manager.post("/api/music", json={"action": "stop"}, headers=OWN)
    put_target(manager, "飞龙队", "10万")
    added = manager.post("/api/people", json={"name": "赵一", "team": "雄鹰队"}, headers=OWN).json["id"]
    manager.patch(f"/api/people/{added}", json={"hidden": True, "leader": False}, headers=OWN)
    pin = manager.put(f"/api/access/personal/{added}", json={"role": "leader"}, headers=OWN).json["pin"]
    code = manager.post("/api/access/phones", json={"role": "leader", "person": added}, headers=OWN).json
    manager.patch(f"/api/people/{added}", json={"active": False}, headers=OWN)
    lines = manager.get("/api/log").json["lines"]
    wanted = [
        "赵一离职，从名单里去掉",
        "准备添加一台手机，身份是组长，给赵一",
        "给赵一设了个人 PIN，身份是组长",
        "改赵一：不在屏幕上显示 是，组长 否",
        "加人：赵一，雄鹰队",
        "飞龙队今天的目标改为 10万 元",
        "停止音乐",
        "改音量：总音量 41",
        "结束静音",
        f"撤回第 {number} 单：报重了",
        "报单：周婷，报纸，88 元",
        "报单：周婷，报纸，88 元",
        "登录：添加手机，身份是总经理",
    ]
    assert [line["deed"] for line in lines[: len(wanted)]] == wanted
    assert {line["who"].split("（")[0] for line in lines[: len(wanted)]} == {"欧阳建国 浏览器"}
    assert {(line["role_name"], line["address"]) for line in lines[: len(wanted)]} == {
        ("总经理", "127.0.0.1")
    }
    with house.daemon.store.read() as session:
        log = str(session.rows.all("SELECT deed, who FROM change_log"))
    for secret in (code["code"], code["link"], pin, house.daemon.office.keys.pin()):
        assert secret not in log


def test_the_log_is_read_in_pages(house: House) -> None:
    """Fifty lines at a time, without a gap; a bad page is a sentence; only managers and owners read it."""
    manager = phone(house, "manager")
    for number in range(60):
        house.daemon.office.keys.log.add("program", "程序", f"第{number}行", "10.0.0.1")
    first = manager.get("/api/log").json
    second = manager.get(f"/api/log?before={first['lines'][-1]['id']}").json
    numbers = [line["id"] for line in first["lines"] + second["lines"]]
    assert len(first["lines"]) == 50
    assert first["more"]
    assert numbers == list(range(numbers[0], numbers[0] - len(numbers), -1))
    assert manager.get("/api/log?before=x").status_code == 422
    for role in ("assistant", "leader", "director", "program", "wall"):
        head = {"Authorization": f"Bearer {house.token(role)}"}
        assert client(house).get("/api/log", headers=head).status_code == 403, role


def test_long_and_hostile_values_stay_one_short_line(house: House) -> None:
    """Line breaks, terminal escapes and 10,000 characters do not make the log unreadable."""
    manager = phone(house, "manager")
    text = "大家\n\x1b[2J\u202e好" + "啊" * 250
    manager.post("/api/announcements", json={"text": text, "key": "hostile"}, headers=OWN)
    deed = manager.get("/api/log").json["lines"][0]["deed"]
    assert deed.startswith("播报：大家")
    assert len(deed) <= 200
    assert deed.isprintable()


def test_the_last_owner_is_known_and_shown_the_way_back(house: House) -> None:
    """The page asks before a sign-out, and the list before the person leaves; a second owner ends the questions."""
    keys = house.daemon.office.keys
    for session in keys.sessions():
        keys.end_session(session.id)
    first = phone(house, "owner", "陈芳")
    assert me(first)["last_owner"] is True
    roster = first.get("/api/people/roster").json["people"]  # type: ignore[index]
    assert [one["name"] for one in roster if one["last_owner"]] == ["陈芳"]
    second = phone(house, "owner")
    assert (me(first)["last_owner"], me(second)["last_owner"]) == (False, False)


def test_an_invitation_names_an_address_that_phones_reach(house: House) -> None:
    """A manager who opened the page as localhost on the machine still gives a phone the machine's address."""
    token = {"Authorization": f"Bearer {house.token('owner')}"}
    for host, shown in (("localhost:8080", False), ("127.0.0.1:8080", False), ("192.168.1.5:8080", True)):
        asked = client(house).post(
            "/api/access/phones", json={"role": "assistant"}, headers={"Host": host, **token}
        )
        link = asked.json["link"]  # type: ignore[index]
        assert link.startswith(f"http://{host}/join/") == shown
        assert link.startswith(f"http://{lan_address()}:8080/join/") or shown
