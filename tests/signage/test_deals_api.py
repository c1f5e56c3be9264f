"""The API around deals: correct, restore, propose, list products; answers, rights and bad input."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.signage.house import ZONE, Answer, House, running

WEDNESDAY = datetime(2026, 11, 25, 14, 40, tzinfo=ZONE)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", WEDNESDAY, sounds=False) as house:
            yield house


def deal(house: House, number: int) -> dict[str, object]:
    found: dict[str, object] = house.call("GET", f"/api/deals/{number}").json
    return found


def sell(house: House, key: str, amount: object, person: str = "王小明", **more: object) -> Answer:
    return house.call(
        "POST", "/api/deals", {"person": person, "product": "铂金", "amount": amount, "key": key, **more}
    )


def test_a_deal_is_moved_to_another_day_and_corrected_aloud(house: House) -> None:
    """With `date`, `replaces` and `announce`; the deal names the one it replaces; the day's list has it."""
    old = sell(house, "old", 12_800).json["id"]
    preview = {
        "person": "王小明",
        "product": "铂金",
        "amount": 9800,
        "replaces": old,
        "announce": "correction",
    }
    sentence = "更正：王小明的铂金是九千八百元，不是一万两千八百元。"
    assert house.call("POST", "/api/deals/preview", preview).json["sentence"] == sentence
    answer = sell(house, "new", 9800, replaces=old, announce="correction")
    assert (answer.status, answer.json["sentence"], answer.json["decision"]["when"]) == (201, sentence, "now")
    assert sell(house, "new", 9800, replaces=old, announce="correction").json == answer.json
    new = answer.json["id"]
    assert deal(house, old)["replaced_by"] == new
    moved = sell(house, "moved", 9800, replaces=new, date="2026-11-24").json
    assert moved["decision"]["why"] == "只记不播，记在昨天。"
    assert deal(house, moved["id"]) | {"at": None} == {
        "id": moved["id"], "key": "moved", "person": "王小明", "team": "猛虎队", "product": "铂金", "amount": 9800,
        "at": None, "voided": None, "date": "2026-11-24", "replaces": new, "replaced_by": None, "history": [],
    }  # fmt: skip
    (line,) = house.call("GET", "/api/phone/done?date=2026-11-24").json
    assert (line["id"], line["state"], line["at"]) == (moved["id"], "没有播出", line["at"])
    assert line["at"].startswith("11月25日 14:4")
    assert house.call("GET", "/api/standings?date=2026-11-24").json["teams"][0]["amount"] == 9800


@pytest.mark.parametrize(
    ("more", "status", "field", "says"),
    [
        ({"date": "2026-11-22"}, 422, "date", "只能记在本周"),
        ({"date": "2026-11-26"}, 422, "date", "只能记在本周"),
        ({"date": "next week"}, 422, "date", "2026-11-23 这样"),
        ({"date": 20261125}, 422, "date", "2026-11-23 这样"),
        ({"announce": "correction"}, 422, "replaces", "replaces"),
        ({"announce": "loud"}, 422, "announce", "true 或 false"),
        ({"replaces": 999_999}, 404, "replaces", "没有编号为 999999 的订单"),
        ({"replaces": "1"}, 422, "replaces", "整数"),
    ],
)
def test_impossible_deals_are_refused(
    house: House, more: dict[str, object], status: int, field: str, says: str
) -> None:
    """Dates outside the week so far, unknown deals, values of another kind: one sentence, nothing written."""
    before = house.call("GET", "/api/deals").json
    answer = sell(house, "wrong", 500, **more)
    assert (answer.status, answer.json["field"]) == (status, field)
    assert says in answer.json["error"]
    assert house.call("GET", "/api/deals").json == before


def test_a_voided_deal_is_restored_with_its_history(house: House) -> None:
    """Restored twice is restored once; the answer says that nothing is announced."""
    number = sell(house, "void", 700, "陈芳").json["id"]
    house.call("DELETE", f"/api/deals/{number}", {"reason": "报重了"})
    for _ in range(2):
        answer = house.call("POST", f"/api/deals/{number}/restore", {})
        assert (answer.status, answer.json["decision"]["when"]) == (200, None)
    steps = deal(house, number)["history"]
    assert [(step["step"], step["reason"]) for step in steps] == [("voided", "报重了"), ("restored", "")]  # type: ignore[attr-defined]
    assert deal(house, number)["voided"] is None
    until = time.monotonic() + 20  # the announcement may be playing; the announcer reports its end
    while True:
        line = next(row for row in house.call("GET", "/api/phone").json["done"] if row["id"] == number)
        if line["why"] == line["reason"] == "撤回过，已恢复，没有再播报。":
            break
        assert time.monotonic() < until, line
        time.sleep(0.1)
    assert house.call("POST", "/api/deals/999999/restore", {}).status == 404
    assert house.call("POST", f"/api/deals/{number}/restore", {}, role="leader").status == 403


def test_a_salesperson_proposes_and_the_assistant_confirms(house: House) -> None:
    """A role that may not sell may propose; it sees its own, only the assistant's role may confirm or decline."""
    body = {"person": "李思思", "product": "铂金", "amount": "9800", "key": "proposed"}
    assert house.call("POST", "/api/deals", body, role="director").status == 403
    made = house.call("POST", "/api/deals/proposed", body, role="director")
    assert (made.status, made.json["state"], made.json["amount"], made.json["by"]) == (
        201,
        "open",
        9800,
        "director",
    )
    assert house.call("POST", "/api/deals/proposed", body, role="director").status == 200
    number = made.json["id"]
    assert house.call("POST", f"/api/deals/proposed/{number}/confirm", {}, role="director").status == 403
    assert house.call("GET", "/api/deals/proposed", role="director").json["waiting"] == []
    assert [row["id"] for row in house.call("GET", "/api/deals/proposed").json["waiting"]] == [number]
    assert [row["key"] for row in house.call("GET", "/api/phone").json["proposed"]] == ["proposed"]
    recorded = house.call("POST", f"/api/deals/proposed/{number}/confirm", {})
    again = house.call("POST", f"/api/deals/proposed/{number}/confirm", {})
    assert recorded.json == again.json
    assert deal(house, recorded.json["id"])["key"] == "proposed"
    (own,) = house.call("GET", "/api/deals/proposed", role="director").json["own"]
    assert (own["state"], own["deal"]) == ("confirmed", recorded.json["id"])
    declined = house.call("POST", f"/api/deals/proposed/{number}/decline", {"reason": "x"})
    assert (declined.status, declined.json["field"]) == (422, "id")
    assert house.call("POST", "/api/deals/proposed/999999/decline", {}).status == 404


def test_a_leader_proposes_deals_of_the_own_team_alone(house: House) -> None:
    """The person's team counts, also when another one is sent: 403 with a sentence, nothing waits."""
    house.tokens["李思思"] = house.daemon.office.keys.make_token("李思思", "leader")
    body = {"person": "周婷", "product": "铂金", "amount": 100, "key": "own-team"}
    assert house.call("POST", "/api/deals/preview", body, role="李思思").status == 200
    assert house.call("POST", "/api/deals/proposed", body, role="李思思").status == 201
    for other in ({"person": "王小明"}, {"person": "王小明", "team": "飞龙队"}):
        refused = house.call("POST", "/api/deals/proposed", {**body, **other, "key": "other"}, role="李思思")
        assert (refused.status, refused.json["error"]) == (403, "组长只能改自己的团队，您的团队是飞龙队。")
    waiting = house.call("GET", "/api/deals/proposed").json["waiting"]
    assert [row["key"] for row in waiting] == ["own-team"]


def test_the_list_of_products_is_managed(house: House) -> None:
    """Added, moved, renamed, hidden; the phone's choices follow; the old request hides a listed one too."""
    for name in ("黄金", "白银"):
        assert house.call("POST", "/api/products", {"name": name}, role="admin").status == 201
    assert house.call("POST", "/api/products", {"name": "白银"}, role="admin").status == 409
    gold, silver = house.call("GET", "/api/products").json["listed"]
    assert "铂金" in house.call("GET", "/api/products").json["sold"]
    moved = house.call(
        "PATCH", f"/api/products/{silver['id']}", {"move": "up", "name": "白银 2027"}, role="admin"
    )
    assert [row["name"] for row in moved.json["listed"]] == ["白银 2027", "黄金"]
    assert house.call("GET", "/api/phone").json["products"][:2] == ["白银 2027", "黄金"]
    house.call("PATCH", "/api/products", {"product": "黄金", "hidden": True})
    assert "黄金" not in house.call("GET", "/api/phone").json["products"]
    sell(house, "gold", 300, product="黄金")
    assert house.call("GET", "/api/phone").json["products"][1] == "黄金"
    for body, status in (({}, 422), ({"move": "left"}, 422), ({"move": ["up"]}, 422), ({"name": "  "}, 422)):
        refused = house.call("PATCH", f"/api/products/{gold['id']}", body, role="admin")
        assert refused.status == status, body
        assert refused.json["error"].endswith("。")
    assert house.call("PATCH", "/api/products/999999", {"hidden": True}, role="admin").status == 404
    assert house.call("POST", "/api/products", {"name": "x"}, role="program").status == 403


def test_people_are_found_by_pinyin_and_the_last_sellers_are_known(house: House) -> None:
    """The state has initials and pinyin; `recent_people` begins with the last seller."""
    state = house.call("GET", "/api/phone").json
    spelled = {person["name"]: (person["initials"], person["pinyin"]) for person in state["people"]}
    assert spelled["王小明"] == ("wxm", "wangxiaoming")
    assert spelled["单晓明"] == ("sxm", "shanxiaoming")
    sell(house, "last", 400, "周婷")
    by_name = {person["name"]: person["id"] for person in state["people"]}
    assert house.call("GET", "/api/phone").json["recent_people"][0] == by_name["周婷"]
    assert [day["name"] for day in state["week"]] == ["今天", "昨天", "周一"]
    assert (state["sells"], house.call("GET", "/api/phone", role="leader").json["sells"]) == (True, False)
