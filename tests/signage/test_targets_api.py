"""Targets and duties over HTTP: teams, roles, two at once, bad input, and notes for leaders and director only."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

import pytest

from tests.signage.house import ZONE, Answer, House, running

MORNING = datetime(2026, 11, 23, 9, 20, tzinfo=ZONE)
TIGER = [{"person": number, "amount": 1000 * number} for number in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", MORNING, sounds=False) as house:
            for name in ("王小明", "陈芳"):
                house.tokens[name] = house.daemon.office.keys.make_token(name, "leader")
            yield house


def hand_in(house: House, role: str, team: str = "猛虎队", **over: object) -> Answer:
    fields = {"team": team, "values": TIGER, "base": 0, "key": f"{role}-{team}", **over}
    return house.call("POST", "/api/targets/hand-in", fields, role)


def test_the_second_hand_in_is_answered_with_the_first(house: House) -> None:
    """201, then 409 with the present values; with their number as base it is taken, a repeated key changes nothing."""
    first = hand_in(house, "director", "雄鹰队", values=[{"person": 7, "amount": "1万"}], key="a")
    assert (first.status, first.json["number"], first.json["total"]) == (201, 1, 10_000)
    other = {"values": [{"person": 7, "amount": 5}]}
    asked = hand_in(house, "assistant", "雄鹰队", key="b", **other)
    assert (asked.status, asked.json["present"]) == (409, first.json)
    assert "director在 09:2" in asked.json["error"]
    assert hand_in(house, "assistant", "雄鹰队", key="c", base=1, **other).json["number"] == 2
    again = hand_in(house, "director", "雄鹰队", key="a", **other)
    assert (again.status, again.json) == (201, first.json)


def test_a_leader_changes_the_own_team_only(house: House) -> None:
    """A leader who is on the list: 403 for another team, everywhere; sees the own team; unknown ones none."""
    assert hand_in(house, "王小明").status == 201
    refused = hand_in(
        house, "王小明", "飞龙队", values=[{"person": 5, "amount": 5}, {"person": 6, "amount": 5}]
    )
    assert (refused.status, refused.json["error"]) == (403, "组长只能改自己的团队，您的团队是猛虎队。")
    for method, path, fields in (
        ("PUT", "/api/targets/month", {"person": 5, "amount": 5}),
        ("PUT", "/api/targets/month", {"team": "猛虎队", "amount": 5}),
        ("PUT", "/api/targets/month", {"amount": 5}),
        ("POST", "/api/targets/reviews", {"number": 1}),
        ("POST", "/api/team-building", {"team": "飞龙队"}),
        ("POST", "/api/one-to-ones", {"person": 5, "note": "x"}),
        ("GET", "/api/one-to-ones?person=5", None),
    ):
        assert house.call(method, path, fields, "王小明").status == 403, (path, fields)
    assert house.call("PUT", "/api/targets/month", {"person": 2, "amount": 5}, "王小明").status == 200
    seen = house.call("GET", f"/api/targets?team={quote('飞龙队')}", role="王小明").json
    assert [team["name"] for team in seen["teams"]] == ["猛虎队"]
    assert len(seen["teams"][0]["people"]) == 4
    assert house.call("GET", f"/api/targets?team={quote('飞龙队')}", role="leader").json["teams"] == []
    assert house.call("GET", f"/api/duties?team={quote('飞龙队')}", role="leader").json["one_to_ones"] == []
    assert hand_in(house, "leader").status == 403
    assert hand_in(house, "assistant").json["number"] == 1  # the same values: no other hand-in


def test_the_pace_is_for_leaders_and_director(house: House) -> None:
    """Not for the assistant, programs or strangers; standings and walls have no word of it."""
    house.call("PUT", "/api/targets/month", {"team": "飞龙队", "amount": "42万"}, "assistant")
    assert house.call("GET", "/api/targets", role="director").json["teams"][1]["pace"]["behind"] is True
    for role in ("assistant", "program"):
        text = str(house.call("GET", "/api/targets", role=role).json)
        assert "'pace': {" not in text
        assert "behind" not in text
    assert house.call("GET", "/api/targets", role=None).status == 401
    for path in ("/api/standings?period=month", "/api/wall", "/api/phone"):
        text = str(house.call("GET", path, role="wall" if path != "/api/phone" else "assistant").json)
        assert "behind" not in text
        assert "per_day" not in text
    team = house.call("GET", "/api/standings").json["teams"]
    assert next(row["target"] for row in team if row["name"] == "飞龙队") == 20_000


@pytest.mark.parametrize(
    ("method", "path", "fields", "words"),
    [
        ("POST", "/api/targets/hand-in", {"values": []}, "1 到 500 个人"),
        ("POST", "/api/targets/hand-in", {"values": [5]}, "每一项要写成"),
        ("POST", "/api/targets/hand-in", {"values": [{"person": 1}]}, "每一项要写成"),
        ("POST", "/api/targets/hand-in", {"values": [TIGER[0], TIGER[0]]}, "写了两次"),
        ("POST", "/api/targets/hand-in", {"values": [{"person": 1, "amount": "1e9"}]}, "还差"),
        ("POST", "/api/targets/hand-in", {"base": -1}, "base"),
        ("POST", "/api/targets/hand-in", {"team": "无名队"}, "没有叫“无名队”的团队"),
        ("PUT", "/api/targets/month", {"month": "2026-13", "amount": 5}, "月份要写成"),
        ("PUT", "/api/targets/month", {}, "缺少 amount"),
        ("PUT", "/api/targets/month", {"amount": 0}, "金额应当大于 0"),
        ("PUT", "/api/targets/month", {"amount": 5, "person": 999}, "名单里没有这个人"),
        ("PUT", "/api/targets/month", {"amount": 5, "team": "无名队"}, "没有叫“无名队”的团队"),
        ("POST", "/api/targets/reviews", {"number": 3}, "1 到 2"),
        ("PUT", "/api/duties/ticks", {"duty": "x"}, "作息表可能刚改过"),
        ("POST", "/api/coaching", {"minutes": -5}, "0 到 240"),
        ("POST", "/api/team-building", {"team": "猛虎队", "date": "2027-01-01"}, "还没有办"),
        ("POST", "/api/one-to-ones", {"person": 999}, "名单里没有"),
        ("POST", "/api/one-to-ones", {"person": 1, "note": "长" * 1001}, "最多 1000 个"),
        ("GET", "/api/one-to-ones?person=x", None, "名单里没有"),
        ("DELETE", "/api/one-to-ones/999", {}, "已经不在了"),
    ],
)  # fmt: skip
def test_bad_input_is_a_sentence(
    house: House, method: str, path: str, fields: dict[str, object] | None, words: str
) -> None:
    """Place, what was found, what is allowed; nothing is stored."""
    if path.endswith("hand-in"):
        fields = {"team": "猛虎队", "values": TIGER, "base": 0, "key": "bad", **(fields or {})}
    before = house.call("GET", "/api/targets", role="director").json
    answer = house.call(method, path, fields, "director")
    assert answer.status in (404, 422), answer
    assert words in answer.json["error"]
    assert house.call("GET", "/api/targets", role="director").json == before


def test_notes_are_read_by_leaders_and_director_only(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the assistant, nor a manager or program, nor the log; another leader cannot delete them."""
    caplog.set_level(logging.INFO, "zhangu.deeds")
    sent = json.dumps({"person": 2, "note": "想多练开场白"}, ensure_ascii=False).encode()
    made = house.call("POST", "/api/one-to-ones", sent, "王小明")
    assert made.status == 201
    assert any("/api/one-to-ones" in record.getMessage() for record in caplog.records)
    assert "开场白" not in caplog.text
    for role in ("assistant", "admin", "program"):
        assert house.call("GET", "/api/one-to-ones?person=2", role=role).status == 403
        assert "开场白" not in str(house.call("GET", f"/api/duties?team={quote('猛虎队')}", role=role).json)
    rows = house.call("GET", "/api/one-to-ones?person=2", role="director").json
    assert [(row["note"], row["author"], row["may_delete"]) for row in rows] == [
        ("想多练开场白", "王小明", True)
    ]
    path = f"/api/one-to-ones/{made.json['id']}"
    assert house.call("DELETE", path, {}, "陈芳").status == 422
    assert house.call("DELETE", path, {}, "director").status == 200
    assert house.call("GET", "/api/one-to-ones?person=2", role="王小明").json == []


def test_a_hand_in_and_a_review_tick_their_duties(house: House) -> None:
    """The leaders' 09:15 duty by the hand-in of their team, the director's two by the reviews; only those."""
    assert hand_in(house, "director", "飞龙队", key="t", values=[
        {"person": 5, "amount": 5}, {"person": 6, "amount": 5},
    ]).status == 201  # fmt: skip
    duties = house.call("GET", "/api/duties", role="director").json["duties"]
    handing = next(one for one in duties if one["what"] == "把每个人的目标交给总监")
    assert "李思思" in [tick["who"] for tick in handing["by"]]
    assert "李思思" not in handing["missing"]
    for number in (1, 2):
        house.call("POST", "/api/targets/reviews", {"number": number}, "director")
        duties = house.call("GET", "/api/duties", role="director").json["duties"]
        done = [one["what"] for one in duties if one["who"] == "总监" and one["by"]]
        assert done == ["第一次检查目标进度", "第二次检查目标进度"][:number]
    assert not next(one for one in duties if "过一遍今天的目标" in one["what"])["by"]
