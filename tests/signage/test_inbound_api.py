"""Deals from programs over HTTP: answers, statuses, bad bodies, and the assistant's question on the phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.signage.house import ZONE, Answer, House, running
from tests.signage.test_phone_browser import sign_in

WEDNESDAY = datetime(2026, 11, 25, 14, 40, tzinfo=ZONE)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", WEDNESDAY, sounds=False) as house:
            yield house


def send(house: House, external_id: object, role: str = "program", **fields: Any) -> Answer:
    body = {"external_id": external_id, "person": "王小明", "product": "铂金", "amount": 12_800, **fields}
    return house.call("POST", "/api/deals", body, role)


def test_each_status_says_what_became_of_it(house: House) -> None:
    """201 recorded, 200 known, 201 corrected, 202 waits, 200 still waits, 201 cancelled, 200 known."""
    first = send(house, "A-1")
    assert (first.status, first.json["external_id"], first.json["version"]) == (201, "A-1", 1)
    assert first.json["sentence"].startswith("恭喜")
    again = send(house, "A-1")
    assert (again.status, again.json) == (200, first.json)
    second = send(house, "A-1", version=2, amount="9,800元")
    assert second.status == 201
    assert house.call("GET", f"/api/deals/{second.json['id']}").json["replaces"] == first.json["id"]
    waiting = send(house, 77, person="王晓明")
    assert (waiting.status, waiting.json["state"]) == (202, "open")
    assert "猛虎队的王小明" in waiting.json["why"]
    assert send(house, "77", person="王晓明").status == 200
    answer = {"person": "王小明", "team": "猛虎队", "announce": False}
    confirmed = house.call("POST", f"/api/deals/proposed/{waiting.json['proposal']}/confirm", answer)
    assert confirmed.status == 200
    assert send(house, 77, person="王晓明").json["id"] == confirmed.json["id"]
    gone = send(house, 77, version=2, cancelled=True, person="", product="", amount=None)
    assert (gone.status, gone.json["state"]) == (201, "cancelled")
    assert send(house, 77, version=2).status == 200
    log = [line.deed for line in house.daemon.office.keys.log.lines()]
    assert log.count("报单：王小明，铂金，12800 元") == 1


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"external_id": ""}, "external_id", "来源自己的单号"),
        ({"external_id": "x" * 101}, "external_id", "1 到 100 个字符"),
        ({"external_id": "a\x00b"}, "external_id", "来源自己的单号"),
        ({"external_id": {"id": 1}}, "external_id", "来源自己的单号"),
        ({"external_id": True}, "external_id", "来源自己的单号"),
        ({"version": 0}, "version", "整数"),
        ({"version": "2"}, "version", "整数"),
        ({"version": 1.5}, "version", "整数"),
        ({"version": 10**16}, "version", "整数"),
        ({"occurred_at": "昨天"}, "occurred_at", "2026-11-27T10:23:00+08:00"),
        ({"occurred_at": "1990-11-20T10:00:00+08:00"}, "occurred_at", "2026-11-27T10:23:00+08:00"),
        ({"amount": None}, "amount", "缺少 amount"),
        ({"amount": []}, "amount", "缺少 amount"),
        ({"person": ""}, "person", "姓名"),
        ({"person": 5}, "person", "姓名"),
        ({"product": "x" * 61}, "product", "产品"),
        ({"cancelled": "yes"}, "cancelled", "true 或 false"),
        ({"announce": "loud"}, "announce", "true 或 false"),
    ],
)
def test_bad_records_are_refused_with_field_and_sentence(
    house: House, fields: dict[str, Any], field: str, says: str
) -> None:
    """Nothing of a refused record is kept: the same id can be sent again, corrected."""
    sent = {"external_id": "bad", "person": "陈芳", "product": "铂金", "amount": 1, **fields}
    before = house.call("GET", "/api/deals").json
    answer = house.call("POST", "/api/deals", sent)
    assert (answer.status, answer.json["field"]) == (422, field)
    assert says in answer.json["error"]
    assert house.call("GET", "/api/deals").json == before


@pytest.mark.parametrize("role", ["leader", "director", "wall"])
def test_only_those_who_sell_may_send(house: House, role: str) -> None:
    assert send(house, "not mine", role).status == 403


@pytest.mark.browser
def test_the_assistant_answers_a_question_on_the_phone(house: House, browser: Browser) -> None:
    """The list shows why it waits; the person is found by initials, the amount typed; one tap records it."""
    for row in house.call("GET", "/api/deals/proposed").json["waiting"]:
        house.call("POST", f"/api/deals/proposed/{row['id']}/decline", {})
    house.sell("陈芳", 500, "so that the list has a line")
    send(house, "B-1", person="外地小周", amount="12800左右", product="<b>年卡</b>")
    page = sign_in(house, browser, 390, 844)
    line = page.locator("#proposed-rows li")
    expect(line).to_contain_text("名单里没有“外地小周”")
    line.get_by_text("看看", exact=True).tap()
    sheet = page.locator("#sheet")
    expect(sheet).to_contain_text("看不懂金额“12800左右”")
    sheet.get_by_text("确认，只记不播").tap()
    expect(page.locator("#toast")).to_contain_text("请先选是谁签的单")
    sheet.locator("input[type=search]").fill("zt")
    sheet.get_by_role("radio", name="周婷").tap()
    sheet.locator("#question-amount").fill("1.28万")
    sheet.get_by_text("确认，只记不播").tap()
    expect(page.locator("#proposed")).to_be_hidden()
    deal = house.call("GET", "/api/deals").json[-1]
    assert (deal["person"], deal["amount"], deal["product"]) == ("周婷", 12_800, "<b>年卡</b>")
    page.context.close()
