"""The HTTP contract, tested by a program with a token on a whole running office."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote

import pytest

from controller.cli import doctor
from controller.health import HealthProblem
from controller.sales.people_import import PersonRow
from controller.system.local_daemon import health_of
from controller.system.process import running as told_by_daemon
from tests import forked
from tests.signage.house import House, running

FRONT = quote("前台")
WALL = f"/api/wall?name={FRONT}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home") as house:
            house.sell("欧阳建国", 500, "the-first")  # so that no later deal is the week's first
            yield house


def test_a_deal_is_accepted_with_sentence_and_decision(house: House) -> None:
    """A big deal answers 201 with the sentence to be announced, and when and why."""
    answer = house.sell("王小明", 12800, "big-1")
    assert answer.status == 201
    assert isinstance(answer.json["id"], int)
    assert answer.json["sentence"] == (
        "恭喜猛虎队的王小明签了一单校园招聘套餐，金额是一万两千八百元，请大家为他喝彩！"
    )
    assert answer.json["decision"]["when"] == "now"
    assert answer.json["decision"]["why"]


def test_a_small_deal_waits_for_the_hour(house: House) -> None:
    """An ordinary deal is announced at the full hour, and the list shows it with all its fields."""
    answer = house.sell("李思思", "3999.50", "small-1", "报纸")
    assert answer.json["decision"]["when"] == "15:00"
    deal = next(deal for deal in house.call("GET", "/api/deals").json if deal["key"] == "small-1")
    assert {**deal, "at": None} == {
        "id": answer.json["id"],
        "key": "small-1",
        "person": "李思思",
        "team": "飞龙队",
        "product": "报纸",
        "amount": 3999.5,
        "at": None,
        "voided": None,
    }
    assert re.fullmatch(r"2026-11-23T14:4\d:\d\d\.\d{3}\+08:00", deal["at"])
    said = house.call("GET", "/api/announcements").json
    own = next(announcement for announcement in said if answer.json["id"] in announcement["deals"])
    assert own["state"] == "waiting"
    assert "15:00" in own["why"]


def test_the_same_tap_twice_is_one_deal(house: House) -> None:
    """The same key returns the same answer, 200 instead of 201, also ten times at once; other content is 409."""
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: house.call("POST", "/api/deals", _order("twice")), range(10)))
    assert sorted(answer.status for answer in answers) == [200] * 9 + [201]
    assert len({str(answer.json) for answer in answers}) == 1
    assert len([deal for deal in house.call("GET", "/api/deals").json if deal["key"] == "twice"]) == 1
    other = house.call("POST", "/api/deals", {**_order("twice"), "amount": 6000})
    assert other.status == 409
    assert other.json["error"].endswith("。")


def _order(key: str) -> dict[str, object]:
    return {"person": "周婷", "product": "网络招聘", "amount": 5000, "key": key}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"person": "没有这个人"}, "person"),
        ({"person": ""}, "person"),
        ({"person": 7}, "person"),
        ({"product": "  "}, "product"),
        ({"product": "长" * 61}, "product"),
        ({"product": "a\x00b"}, "product"),
        ({"person": "半个表情\ud83d"}, "person"),
        ({"key": None}, "key"),
        ({"key": "k" * 101}, "key"),
        ({"amount": 0}, "amount"),
        ({"amount": -5}, "amount"),
        ({"amount": "abc"}, "amount"),
        ({"amount": "1e9"}, "amount"),
        ({"amount": 1e9}, "amount"),
        ({"amount": float("nan")}, "amount"),
        ({"amount": "1e-999999999"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": []}, "amount"),
        ({"amount": "1.005"}, "amount"),
    ],
)
def test_a_wrong_deal_is_refused_with_a_sentence(house: House, change: dict[str, object], field: str) -> None:
    """An invalid deal answers 422 with a Chinese sentence and the field, and leaves nothing in the store."""
    before = len(house.call("GET", "/api/deals").json)
    answer = house.call("POST", "/api/deals", {**_order("wrong"), **change})
    assert answer.status == 422
    assert answer.json["field"] == field
    assert re.search(r"[\u4e00-\u9fff].*[。？]$", answer.json["error"])
    assert not re.search(r"Error|None|Traceback|Decimal", answer.json["error"])
    assert len(house.call("GET", "/api/deals").json) == before


@pytest.mark.parametrize(
    ("written", "yuan"), [("一万二", 12000), ("１２８００", 12800), ("12,800", 12800), ("1.28万", 12800)]
)
def test_amounts_are_read_as_people_write_them(house: House, written: str, yuan: int) -> None:
    """Chinese numerals, full-width digits, thousands and 万 are understood."""
    assert house.sell("刘洋", written, f"written-{written}").status == 201
    deal = next(deal for deal in house.call("GET", "/api/deals").json if deal["key"] == f"written-{written}")
    assert deal["amount"] == yuan


def test_a_number_that_would_fill_the_memory_is_refused(house: House) -> None:
    """A number of twelve characters that expands to a gigabyte is refused at once."""
    body = b'{"person":"\xe5\x91\xa8\xe5\xa9\xb7","product":"x","key":"huge","amount":1e-999999999}'
    assert house.call("POST", "/api/deals", body).json["field"] == "amount"


def test_namesakes_are_distinguished_by_team(house: House) -> None:
    """Two people of one name: the team identifies the person; without a team the deal is refused with the name."""
    rows = [PersonRow(team, "张伟", namesake=True) for team in ("猛虎队", "飞龙队")]
    with house.daemon.store.write() as session:
        session.roster.import_people(rows)
    assert house.sell("张伟", 700, "whose").json["field"] == "person"
    fields = {"person": "张伟", "team": "飞龙队", "product": "报纸", "amount": 700}
    assert "飞龙队的张伟" in house.call("POST", "/api/deals/preview", fields).json["sentence"]
    assert house.call("POST", "/api/deals", {**fields, "key": "whose"}).status == 201
    assert house.call("POST", "/api/deals", {**fields, "key": "whose", "team": "猛虎队"}).status == 409
    deal = next(deal for deal in house.call("GET", "/api/deals").json if deal["key"] == "whose")
    assert (deal["person"], deal["team"]) == ("张伟", "飞龙队")


def test_a_deal_sent_again_is_known_after_its_person_left(house: House) -> None:
    """When the answer was lost and the person was removed meanwhile, the same request still answers 200."""
    added = house.call("POST", "/api/people", {"name": "临时工", "team": "飞龙队"}, role="assistant").json
    first = house.sell("临时工", 800, "left")
    assert first.status == 201
    house.call("PATCH", f"/api/people/{added['id']}", {"active": False}, role="assistant")
    again = house.sell("临时工", 800, "left")
    assert (again.status, again.json) == (200, first.json)
    assert house.sell("临时工", 900, "left").status == 409


def test_the_voice_is_chosen(house: House) -> None:
    """PUT changes the sent fields and notifies every screen; null restores the timetable's value; GET returns all."""
    while house.daemon.office.speaking.speaks().kind == "none":  # its child is starting
        time.sleep(0.05)
    revision = house.call("GET", "/api/now").json["revision"]
    changed = house.call("PUT", "/api/voice", {"voice": "云希", "speed": 0.9, "results_voice": "云健"})
    assert changed.status == 200
    assert house.call("GET", "/api/now").json["revision"] > revision
    voice = house.call("GET", "/api/voice", role="wall").json
    assert voice == changed.json == house.call("GET", "/api/phone").json["voice"]
    assert (voice["voice"], voice["speed"], voice["results_voice"]) == ("zm_yunxi", 0.9, "zm_yunjian")
    assert voice["from_timetable"] == {"voice": "auto", "speed": 1.0, "results_voice": "same"}
    assert {"key": "zm_yunxi", "name": "云希（男声）", "installed": False, "natural": True} in voice["voices"]
    assert (voice["state"]["kind"], voice["state"]["name"]) == ("backup", "备用语音（espeak）")
    again = house.call("PUT", "/api/voice", {"speed": None, "results_voice": None}).json
    assert (again["voice"], again["speed"], again["results_voice"]) == ("zm_yunxi", 1.0, "same")
    assert house.call("PUT", "/api/voice", {"voice": None}).json["voice"] == "auto"


@pytest.mark.parametrize(
    "change",
    [
        {"voice": "晓五"},
        {"voice": ""},
        {"voice": 7},
        {"voice": "长" * 200},
        {"speed": 2},
        {"speed": "1"},
        {"speed": True},
        {"speed": float("nan")},
        {"results_voice": "../x"},
    ],
)
def test_a_wrong_voice_is_refused(house: House, change: dict[str, object]) -> None:
    """422 with a sentence that lists the allowed values, and no change; only roles that set the volume may choose."""
    before = house.call("GET", "/api/voice").json
    answer = house.call("PUT", "/api/voice", change)
    assert (answer.status, answer.json["field"]) == (422, next(iter(change)))
    assert answer.json["error"][-1] in "。？"
    assert house.call("PUT", "/api/voice", {"voice": "espeak"}, role="wall").status == 403
    assert house.call("GET", "/api/voice").json == before


def test_a_voice_is_chosen_by_command(house: House) -> None:
    """`zhangu voices choose` sets it in the daemon, by any of a speaker's names; the phone shows it."""
    home = house.daemon.store.path.parent.parent
    for name, key in (("云希", "zm_yunxi"), ("xiaoyi", "zf_xiaoyi"), ("auto", "auto")):
        done = forked.run(["voices", "choose", name, "--home", str(home)])
        assert (done.returncode, done.stderr) == (0, "")
        assert house.call("GET", "/api/voice").json["voice"] == key


def test_the_phone_shows_the_natural_voices_state(house: House) -> None:
    """A rehearsal downloads nothing and reports this."""
    install = house.call("GET", "/api/phone").json["voice_install"]
    assert install == {"state": "off", "percent": 0, "why": "启动时关掉了自然语音的自动安装。"}


def test_preview_changes_nothing(house: House) -> None:
    """The preview returns sentence and decision, and does not change the store."""
    before = house.call("GET", "/api/deals").json
    fields = {"person": "陈芳", "product": "报纸", "amount": "1.5万"}
    answer = house.call("POST", "/api/deals/preview", fields)
    assert answer.status == 200
    assert "一万五千元" in answer.json["sentence"]
    assert answer.json["decision"]["when"] == "now"
    assert house.call("GET", "/api/deals").json == before


def test_a_deal_is_taken_back(house: House) -> None:
    """A voided deal keeps its reason, counts in no standings, and cannot be voided without a reason."""
    number = house.sell("单晓明", 800, "void-1").json["id"]
    assert house.call("DELETE", f"/api/deals/{number}", {}).status == 422
    assert house.call("DELETE", f"/api/deals/{number}", {"reason": "金额写错了"}).status == 200
    deal = next(deal for deal in house.call("GET", "/api/deals").json if deal["id"] == number)
    assert deal["voided"] == "金额写错了"
    people = house.call("GET", "/api/standings").json["people"]
    assert "单晓明" not in [person["name"] for person in people]
    assert house.call("DELETE", "/api/deals/999999", {"reason": "x"}).status == 404
    for number in ("9" * 20, "9" * 5000):  # too large for SQLite, too large for int()
        answer = house.call("DELETE", f"/api/deals/{number}", {"reason": "x"})
        assert (answer.status, set(answer.json)) == (404, {"error", "field"})


def test_announcements_are_played_and_listed_with_their_state(house: House) -> None:
    """An announcement answers 201, ends as heard on a working device, and the same key is not announced twice."""
    house.call("POST", "/api/stop", {})  # announcements queued by other tests would only make this one slower
    said = {"text": "五分钟后开会。", "key": "say-1"}
    answer = house.call("POST", "/api/announcements", said)
    assert answer.status == 201
    assert answer.json["decision"]["when"] == "now"
    assert house.call("POST", "/api/announcements", said).status == 200
    assert house.call("POST", "/api/announcements", {**said, "text": "别的"}).status == 409
    end = time.monotonic() + 90
    while time.monotonic() < end:
        states = {a["id"]: a["state"] for a in house.call("GET", "/api/announcements").json}
        if states[answer.json["id"]] == "heard":
            break
        assert states[answer.json["id"]] in ("waiting", "playing")
        time.sleep(0.2)
    assert states[answer.json["id"]] == "heard"
    again = house.call("POST", f"/api/announcements/{answer.json['id']}/repeat", {})
    assert again.status == 201
    assert again.json["id"] != answer.json["id"]


def test_no_key_of_a_program_conflicts_with_a_deal(house: House) -> None:
    """An announcement with the key deal:15 is played, and the fifteenth deal is still accepted."""
    number = house.sell("陈芳", 600, "before-the-clash").json["id"] + 1
    said = {"text": "请大家看大屏。", "key": f"deal:{number}"}
    answer = house.call("POST", "/api/announcements", said)
    assert answer.status == 201
    assert house.call("POST", "/api/announcements", said).json == answer.json
    assert house.sell("陈芳", 700, "clash").json["id"] == number
    keys = {a["id"]: a["key"] for a in house.call("GET", "/api/announcements").json}
    assert keys[answer.json["id"]] == said["key"]


def test_a_speech_is_refused_with_the_limit(house: House) -> None:
    """Ten thousand characters are refused with a sentence that names the limit; so is an empty text."""
    answer = house.call("POST", "/api/announcements", {"text": "喂" * 10_000, "key": "long"})
    assert answer.status == 422
    assert "300" in answer.json["error"]
    assert house.call("POST", "/api/announcements", {"text": " \n ", "key": "empty"}).status == 422


def test_standings_of_every_period(house: House) -> None:
    """Day, week and month return teams and people; another period or date is refused."""
    house.call("PUT", "/api/targets", {"team": "猛虎队", "amount": "10万"})
    for period in ("day", "week", "month"):
        standings = house.call("GET", f"/api/standings?period={period}&date=2026-11-23").json
        assert {team["name"] for team in standings["teams"]} == {"猛虎队", "飞龙队", "雄鹰队"}
        assert standings["people"][0]["place"] == 1
    day = house.call("GET", "/api/standings").json
    tigers = next(team for team in day["teams"] if team["name"] == "猛虎队")
    assert tigers["target"] == 100_000
    assert tigers["rate"] == pytest.approx(tigers["amount"] / 100_000)
    assert house.call("GET", "/api/standings?date=2026-11-20").json["people"] == []
    assert house.call("GET", "/api/standings?period=year").status == 422
    for wrong in ("yesterday", "2026-13-01", "20261123", "2026-W01-1", "9999-12-31", "0001-01-01"):
        assert house.call("GET", f"/api/standings?date={wrong}").json["field"] == "date", wrong


def test_now_and_health_are_open(house: House) -> None:
    """Anyone on the LAN gets the current entry and the health, without a token."""
    now = house.call("GET", "/api/now", role=None).json
    assert now["date"] == "2026-11-23"
    assert now["entry"]["name"] == "决战时刻"
    assert now["quiet"] is False
    health = house.call("GET", "/health", role=None)
    assert health.status == 200
    assert health.json["ok"] is True
    assert health.json["build"]


def test_music_details_are_for_known_callers_only(house: House) -> None:
    """/health and /api/now return device, playlist, track and volume to phones and tokens, also `zhangu doctor`."""
    for path in ("/health", "/api/now"):
        assert not {"playlist", "track", "volume"} & set(
            house.call("GET", path, role=None).json.get("sound", ())
        ), path
        assert house.call("GET", path).json["sound"]["volume"] is not None, path
        assert house.call("GET", path, role="wall").json["sound"], path
    assert set(house.call("GET", "/health", role=None).json) == {"ok", "build", "troubles"}
    running_file = told_by_daemon(house.daemon._options.home.running)
    health = health_of(running_file)
    assert health is not None
    assert health["sound"]
    unknown = health_of({**running_file, "token": "x"})
    assert unknown is not None
    (finding,) = doctor.of_the_running(unknown)
    assert not finding.serious


def test_the_doctor_counts_clauses_that_are_not_rendered_yet(house: House) -> None:
    """From the running daemon's answer; nothing with the fallback voice, which renders in milliseconds."""
    answer = house.call("GET", "/api/voice").json
    assert answer["waiting"] == 0
    assert list(doctor.not_rendered({**answer, "state": {"kind": "backup"}, "waiting": 7})) == []
    (some,) = doctor.not_rendered({**answer, "state": {"kind": "natural"}, "waiting": 7})
    (none,) = doctor.not_rendered({**answer, "state": {"kind": "natural"}})
    assert str(some) == "✓ 提前合成：还有 7 个短句没有合成，空闲时会做"
    assert str(none) == "✓ 提前合成：常用的话都合成好了"


def test_a_stranger_learns_that_something_is_wrong_and_no_name(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known callers get files, paths, addresses and timetable texts; all others, also a TV that was not paired, get
    one sentence per kind."""
    office = house.daemon.office
    attempts = office.keys.attempts
    for number in range(30):
        attempts.try_pin(f"10.1.2.{number}", lambda: False)
    music = [
        HealthProblem(f"音乐 {name} 放不了。", "", "", False, generic="有音乐放不了。")
        for name in ("秘密a", "秘密b")
    ]
    session = HealthProblem(
        "账本 /home/pi/secret.db 只能读。", "", "", True, ("第 3 行：秘密c",), "账本现在不能用。"
    )
    report = replace(office.health.report(), problems=(session, *music, *attempts.problems()))
    monkeypatch.setattr(office.health, "report", lambda: report)
    house.daemon.feed.notify()
    try:
        stranger = house.call("GET", "/health", role=None)
        known = house.call("GET", "/health")
        walls = {role: house.call("GET", WALL, role=role).json for role in (None, "wall", "assistant")}
    finally:
        attempts._wrong.clear()
        attempts._lately.clear()
        house.daemon.feed.notify()
    assert (stranger.status, known.status) == (503, 503)
    text = json.dumps(stranger.json, ensure_ascii=False)
    assert [row["what"] for row in stranger.json["troubles"]] == [
        "账本现在不能用。", "有音乐放不了。", "过去一小时有人输错了很多次 PIN。",
    ]  # fmt: skip
    assert not any(word in text for word in ("秘密", "secret", "10.1.2"))
    assert all(
        word in json.dumps(known.json, ensure_ascii=False) for word in ("秘密a", "秘密c", "secret", "10.1.2")
    )
    general = json.dumps(walls[None], ensure_ascii=False)
    assert "账本现在不能用。" in general
    assert not any(word in general for word in ("秘密", "secret", "10.1.2"))
    assert walls[None]["fault"] == {"what": "账本现在不能用。", "meanwhile": "", "mend": ""}
    for role in ("wall", "assistant"):
        assert all(
            word in json.dumps(walls[role], ensure_ascii=False) for word in ("秘密a", "secret", "10.1.2")
        )


def test_manual_music(house: House) -> None:
    """Play, next, stop and volume work, and an unknown playlist or action is refused."""
    assert house.call("POST", "/api/music", {"action": "play", "playlist": "morning"}).status == 200
    assert house.call("GET", "/api/now").json["sound"]["playlist"] == "morning"
    assert house.call("POST", "/api/music", {"action": "next"}).status == 200
    assert house.call("POST", "/api/music", {"action": "stop"}).status == 200
    assert house.call("GET", "/api/now").json["sound"]["playlist"] is None
    assert house.call("POST", "/api/music", {"action": "play", "playlist": "../../etc"}).status == 422
    assert house.call("POST", "/api/music", {"action": "dance"}).json["field"] == "action"
    assert house.call("PUT", "/api/volume", {"volume": 35}).status == 200
    assert house.call("GET", "/api/now").json["sound"]["volume"] == 35
    for wrong in (101, -1, "50", 3.5, True, None):
        assert house.call("PUT", "/api/volume", {"volume": wrong}).json["field"] == "volume", wrong


def test_mute_postpones_announcements(house: House) -> None:
    """While muted an announcement waits and its reason names the end; ending the mute ends the wait."""
    house.call("POST", "/api/hush", {"minutes": 10})
    until = house.call("GET", "/api/now").json["sound"]["hushed_until"]
    assert re.match(r"14:5\d", until)
    answer = house.call("POST", "/api/announcements", {"text": "等一等再说。", "key": "hushed"})
    assert answer.json["decision"]["when"] == until[:5]
    house.call("POST", "/api/hush", {"minutes": 0})
    assert house.call("GET", "/api/now").json["sound"]["hushed_until"] is None


def test_people_are_managed(house: House) -> None:
    """A person is added, renamed, moved and removed; a program's token may not; markup in a name stays text."""
    name = "<b>小王</b>"
    assert house.call("POST", "/api/people", {"name": name, "team": "飞龙队"}).status == 403
    added = house.call("POST", "/api/people", {"name": name, "team": "飞龙队"}, role="assistant")
    assert (added.status, added.json["name"]) == (201, name)
    path = f"/api/people/{added.json['id']}"
    changed = house.call("PATCH", path, {"name": "小王", "team": "雄鹰队", "hidden": True}, role="assistant")
    assert (changed.json["name"], changed.json["team"], changed.json["hidden"]) == ("小王", "雄鹰队", True)
    assert house.call("PATCH", path, {"hidden": "yes"}, role="assistant").json["field"] == "hidden"
    assert house.call("PATCH", path, {"active": False}, role="assistant").status == 200
    assert "小王" not in [person["name"] for person in house.call("GET", "/api/people").json]
    assert house.sell("小王", 100, "gone").status == 422


def test_a_new_person_replaces_no_namesake(house: House) -> None:
    """Adding a name that exists in another team creates a second person; moving a person is a change."""
    first = house.call("POST", "/api/people", {"name": "李强", "team": "猛虎队"}, role="assistant").json
    second = house.call("POST", "/api/people", {"name": "李强", "team": "飞龙队"}, role="assistant").json
    assert first["id"] != second["id"]
    namesakes = [person for person in house.call("GET", "/api/people").json if person["name"] == "李强"]
    assert sorted(person["team"] for person in namesakes) == ["猛虎队", "飞龙队"]


def test_walls_look_and_report_without_a_key(house: House) -> None:
    """A wall gets page and state without a token, its report reaches the phone, and it has no other rights."""
    with_nothing = {"role": None}
    state = house.call("GET", "/api/wall?name=hall", **with_nothing).json
    assert state["wall"]["name"] == "hall"
    report = {
        "scene": "rhythm", "revision": 3, "painted_ms": 1, "delay_ms": 41.5, "width": 1920, "height": 1e30,
        "agent": "<script>" + "x" * 500,
    }  # fmt: skip
    assert house.call("POST", "/api/walls/hall/painted", report, **with_nothing).status == 204
    walls = {wall["name"]: wall for wall in house.call("GET", "/api/phone", role="assistant").json["walls"]}
    assert walls["hall"]["scene"] == "时段"
    assert walls["hall"]["size"] == "1920×20000"
    assert walls["hall"]["delay_ms"] == 41
    assert len(walls["hall"]["agent"]) == 200
    assert house.call("POST", "/api/walls/hall/identify", {}, **with_nothing).status == 401
    assert house.call("POST", "/api/walls/hall/identify", {}, role="wall").status == 403


def test_the_phone_asks_walls(house: House) -> None:
    """Identify and reload reach the wall's state; after a rename the old address leads to the new name."""
    house.call("POST", "/api/walls/door/painted", {"scene": "rest"}, role=None)
    before = house.call("GET", "/api/wall?name=door").json["wall"]
    assert (before["identify"], before["reload"]) == (None, None)
    house.call("POST", "/api/walls/door/identify", {}, role="assistant")
    house.call("POST", "/api/walls/door/reload", {}, role="assistant")
    asked = house.call("GET", "/api/wall?name=door").json["wall"]
    assert asked["identify"] == "door"
    assert asked["reload"] is not None
    assert house.call("POST", "/api/walls/door/rename", {"name": "a/b"}, role="assistant").status == 422
    assert house.call("POST", "/api/walls/door/rename", {"name": "前台"}, role="assistant").status == 200
    assert house.call("GET", "/api/wall?name=door").json["wall"]["name"] == "前台"
    assert house.call("POST", "/api/walls/nobody/identify", {}, role="assistant").status == 404


def test_the_phones_state_lists_deals(house: House) -> None:
    """The phone's list shows a deal with its amount and true state, and the same revision as the feed."""
    house.sell("陈芳", 700, "phone-1")
    state = house.call("GET", "/api/phone", role="assistant").json
    line = next(line for line in state["done"] if line["key"] == "phone-1")
    assert (line["person"], line["amount"], line["state"]) == ("陈芳", 700, "15:00 播报")
    assert line["why"]
    assert state["done"][0]["id"] == max(row["id"] for row in state["done"])
    assert state["office"] == "北京分公司"
    assert [team["name"] for team in state["teams"]] == ["猛虎队", "飞龙队", "雄鹰队"]


@pytest.mark.parametrize("team", ["A/B组", "IT/PM", "华东/一区", "A&B组", "100%队", "=1+1", "<b>队</b>"])
def test_a_team_of_any_name_is_managed(house: House, team: str) -> None:
    """Created, used for deals and targets, pinned to a screen, renamed, removed: special characters do not matter."""
    made = house.call("POST", "/api/people", {"name": "试用", "team": team}, role="admin")
    assert (made.status, made.json["team"]) == (201, team)
    number = next(t["id"] for t in house.call("GET", "/api/phone").json["teams"] if t["name"] == team)
    assert house.call("PUT", "/api/targets", {"team": team, "amount": 1000}, role="admin").status == 200
    house.call("POST", f"/api/walls/{FRONT}/painted", {"scene": "rhythm"})
    assert house.call("PATCH", f"/api/walls/{FRONT}", {"team": team}, role="admin").status == 200
    assert house.call("GET", WALL).json["wall"]["team"] == team
    assert house.call("DELETE", f"/api/teams/{number}", {}, role="admin").status == 409
    renamed = house.call("PATCH", f"/api/teams/{number}", {"name": f"{team}二"}, role="admin")
    assert (renamed.status, renamed.json["name"]) == (200, f"{team}二")
    assert house.call("GET", WALL).json["wall"]["team"] == f"{team}二"
    house.call("PATCH", f"/api/people/{made.json['id']}", {"active": False}, role="admin")
    assert house.call("DELETE", f"/api/teams/{number}", {}, role="admin").status == 200
    assert house.call("DELETE", f"/api/teams/{number}", {}, role="admin").status == 404


def test_a_name_is_one_person_however_it_is_typed(house: House) -> None:
    """Deals find people by the normalised name, and names that no voice can read are reported."""
    assert house.sell("王　⼩明", 100, "padded").json["sentence"].count("王小明") == 1
    again = house.call(
        "POST", "/api/people", {"name": "\u200b王 小明", "team": "猛　虎队", "leader": True}, role="admin"
    )
    assert again.json["id"] == next(
        p["id"] for p in house.call("GET", "/api/people").json if p["name"] == "王小明"
    )
    rare = house.call("POST", "/api/people", {"name": "李𬭸", "team": "猛虎队"}, role="admin").json
    assert rare["unreadable"] == ["𬭸"]
    short = house.call("PATCH", f"/api/people/{rare['id']}", {"say_as": "lǐ"}, role="admin")
    assert (short.status, short.json["field"]) == (422, "say_as")
    changed = house.call("PATCH", f"/api/people/{rare['id']}", {"say_as": "li3 yi2"}, role="admin")
    assert changed.json["unreadable"] == []
    house.call("PATCH", f"/api/people/{rare['id']}", {"active": False}, role="admin")


@pytest.mark.parametrize("text", ["✅✅✅", "———", "🎉🎉", "**", "。", "！" * 200])
def test_a_text_without_words_is_refused(house: House, text: str) -> None:
    """Emoji and rulers are refused with a sentence instead of playing only a chime."""
    before = len(house.call("GET", "/api/announcements").json)
    answer = house.call("POST", "/api/announcements", {"text": text, "key": f"mute-{text[:3]}"})
    assert (answer.status, answer.json["field"]) == (400, "text")
    assert "没有能念出来的字" in answer.json["error"]
    assert len(house.call("GET", "/api/announcements").json) == before


@pytest.mark.parametrize("empty", [None, ""])
def test_a_citys_result_can_be_removed(house: House, empty: str | None) -> None:
    """An empty field removes the figure instead of announcing 0 % at 18:05."""
    assert house.call("PUT", "/api/cities", {"city": "上海", "percent": 86}, role="admin").status == 200
    assert house.call("PUT", "/api/cities", {"city": "上 海", "percent": empty}, role="admin").status == 200
    cities = {c["name"]: c["rate"] for c in house.call("GET", "/api/phone").json["cities"]}
    assert cities.get("上海") is None


def test_the_phone_shows_rules_without_effect(house: House) -> None:
    """A rule for a day off is reported on the phone once it is in force, and not on walls."""
    timetable_file = house.daemon.office._context.timetable_file
    file = timetable_file._path
    before = file.read_text("utf-8")
    edited = before.replace("\nduties:", "\n  - {at: 10:10, on: 周六, say: 大家好}\nduties:", 1)
    try:
        file.write_text(edited, encoding="utf-8")
        timetable_file.refresh()
        (notice,) = house.call("GET", "/api/phone").json["notices"]
        assert "10:10 的提示”不会发生。周六不上班" in notice
        assert not [notice for notice in house.call("GET", WALL).json["notices"] if "不会发生" in notice]
    finally:
        file.write_text(before, encoding="utf-8")
        timetable_file.refresh()
    assert house.call("GET", "/api/phone").json["notices"] == []
