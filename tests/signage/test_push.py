"""Pushed deals: 简道云's signature and others', mappings, and attempts to break in."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.sales import push
from controller.sales.model import Refused
from controller.services.push import PushLinks
from tests.signage.house import ZONE, House, running

WEDNESDAY = datetime(2026, 11, 25, 14, 40, tzinfo=ZONE)
MAPPING = {
    "external_id": "data._id", "person": "data.owner", "product": "data.items[0].name", "amount": "data.items[0].sum",
    "version": "data.updateTime", "occurred_at": "data.createTime",
}  # fmt: skip
SECRET = "a-secret-of-jiandaoyun"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", WEDNESDAY, sounds=False) as house:
            for name, kind in (("jdy", "jiandaoyun"), ("crm", "hmac"), ("old", "token")):
                fields = {"kind": kind, "mapping": MAPPING, "secret": SECRET}
                assert house.call("PUT", f"/api/push/{name}", fields, "owner").json == {}
            yield house


@pytest.fixture(autouse=True)
def _no_wrong_tries(house: House) -> None:
    house.daemon.office.push_links._wrong.clear()


def payload(
    ident: str, minute: int = 0, op: str = "data_create", amount: object = 12_800, who: object = "王小明"
) -> bytes:
    data = {
        "_id": ident, "owner": who, "items": [{"name": "铂金", "sum": amount}],
        "createTime": "2026-11-25T06:35:00.000Z",
        "updateTime": f"2026-11-25T06:{35 + minute:02}:00.000Z",
    }  # fmt: skip
    return json.dumps({"op": op, "data": data}, ensure_ascii=False).encode()


def seconds(house: House, off: timedelta = timedelta()) -> str:
    return str(int((house.daemon.office.snapshot.glance().now + off).timestamp()))


def send(house: House, name: str, body: bytes, query: str = "", **headers: str) -> tuple[int, dict[str, Any]]:
    link = http.client.HTTPConnection("127.0.0.1", house.daemon.server.port, timeout=20)
    try:
        heads = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        link.request("POST", f"/api/push/{name}{query}", body, heads)
        with link.getresponse() as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    finally:
        link.close()


def jdy(
    house: House, body: bytes, off: timedelta = timedelta(), secret: str = SECRET, delivery: str = ""
) -> tuple[int, dict[str, Any]]:
    at = seconds(house, off)
    signed = push.jiandaoyun_signature(secret, "n0nce", at, body)
    delivery = delivery or secrets.token_hex(8)
    query = f"?nonce=n0nce&timestamp={at}"
    return send(house, "jdy", body, query, X_JDY_Signature=signed, X_JDY_DeliverId=delivery)


def crm(
    house: House, body: bytes, off: timedelta = timedelta(), secret: str = SECRET
) -> tuple[int, dict[str, Any]]:
    at = seconds(house, off)
    return send(house, "crm", body, X_Timestamp=at, X_Signature=push.hmac_signature(secret, at, body))


def count(house: House) -> int:
    return len(house.call("GET", "/api/deals").json)


def test_jiandaoyun_pushes_a_deal_its_change_and_its_removal(house: House) -> None:
    """The same delivery again changes nothing; data_update corrects, data_remove takes back."""
    status, first = jdy(house, payload("J1"))
    assert (status, first["sentence"][:2]) == (201, "恭喜")
    assert jdy(house, payload("J1")) == (200, first)
    assert jdy(house, payload("J1", 1, "data_update", 9800))[0] == 201
    assert jdy(house, payload("J1", 1, "data_remove", 9800))[0] == 201
    deals = [deal for deal in house.call("GET", "/api/deals").json if deal["voided"] is None]
    assert deals == []
    log = [line.deed for line in house.daemon.office.keys.log.lines()]
    assert "推送来一单：J1，王小明，12800" in log
    assert SECRET not in "".join(log)


def test_a_delivery_is_taken_once(house: House) -> None:
    """简道云 repeats a delivery under its X-JDY-DeliverId: the present answer, nothing new, one line in the list."""
    first = jdy(house, payload("D1", who="李思思"), delivery="d-1")
    assert first[0] == 201
    assert jdy(house, payload("D1", who="李思思"), delivery="d-1") == (200, first[1])
    changed = jdy(house, payload("D1", 2, "data_update", 7700, "李思思"), delivery="d-1")
    assert changed == (200, first[1])
    assert jdy(house, payload("D1", 3, "data_update", 7700, "李思思"), delivery="d-2")[0] == 201
    assert jdy(house, payload("D2", amount="", who="李思思"), delivery="d-3")[0] == 422
    for odd in ("d" * 500, "名"):
        assert (
            jdy(house, payload("D1", 3, "data_update", 7700, "李思思"), delivery=odd.encode().hex())[0] == 200
        )
    rows = house.call("GET", "/api/links/messages?link=push%20jdy", role="owner").json["messages"]
    mine = [
        (row["id"], row["state"], row["direction"])
        for row in rows
        if row["id"].endswith(("d-1", "d-2", "d-3"))
    ]
    assert sorted(mine) == [
        ("deliver d-1", "recorded", "in"), ("deliver d-2", "corrected", "in"), ("refused deliver d-3", "refused", "in"),
    ]  # fmt: skip
    assert all(row["name"] == "push jdy" for row in rows)


def test_a_slow_body_holds_nobody(house: House) -> None:
    """Connections that send their body byte by byte delay no genuine push, and are closed or refused in the end."""
    head = (
        b"POST /api/push/crm HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n"
    )
    slow = [socket.create_connection(("127.0.0.1", house.daemon.server.port), 10) for _ in range(12)]
    try:
        for line in slow:
            line.sendall(head + b"{")
        began = time.monotonic()
        for number in range(5):
            for line in slow:
                line.sendall(b" ")
            assert crm(house, payload(f"S{number}", who="单晓明"))[0] == 201
        assert time.monotonic() - began < 60
    finally:
        for line in slow:
            line.close()
    assert house.call("GET", "/health").status in (200, 503)


def test_another_system_signs_with_hmac_or_a_token(house: House) -> None:
    """A member's object has its name read; an unknown person waits for the assistant."""
    assert crm(house, payload("C1", who={"name": "陈芳", "id": 3}))[0] == 201
    status, waiting = send(house, "old", payload("T1", who="外地小王"), X_Token=SECRET)
    assert (status, waiting["state"]) == (202, "open")
    (last,) = [
        one for one in house.call("GET", "/api/push", role="owner").json["links"] if one["name"] == "old"
    ]
    assert "外地小王" in last["last"]
    assert SECRET not in json.dumps(last, ensure_ascii=False)


def test_break_in_attempts_get_one_answer(house: House) -> None:
    """Wrong secret, changed body, old or future signature, no signature, unknown system: 403, one sentence, no deal."""
    before, body = count(house), payload("X1", amount=99)
    at = seconds(house)
    good = push.hmac_signature(SECRET, at, body)
    tries = [
        crm(house, body, secret="guessed"), crm(house, body, timedelta(minutes=-6)),
        crm(house, body, timedelta(minutes=6)),
        jdy(house, body, timedelta(hours=-2)), jdy(house, body, secret="guessed"),
        send(house, "crm", body + b" ", X_Timestamp=at, X_Signature=good),
        send(house, "crm", body, X_Timestamp=at + "0", X_Signature=good), send(house, "crm", body, X_Signature=good),
        send(house, "crm", body), send(house, "nobody", body, X_Timestamp=at, X_Signature=good),
        send(house, "nobody", body, X_Timestamp=at, X_Signature=push.hmac_signature("no such link", at, body)),
        send(house, "old", body, X_Token="wrong"), send(house, "old", body, X_Token=""),
        send(house, "jdy", body, X_Token=SECRET),
    ]  # fmt: skip
    assert {status for status, _ in tries} == {403}
    assert len({answer["error"] for _, answer in tries}) == 1
    assert count(house) == before


def test_a_copy_of_a_genuine_push_changes_nothing(house: House) -> None:
    """Replayed within its time it gets the same answer, after it 403."""
    body = payload("R1", who="刘洋")
    at = seconds(house)
    headers = {"X_Timestamp": at, "X_Signature": push.hmac_signature(SECRET, at, body)}
    first = send(house, "crm", body, **headers)
    before = count(house)
    assert send(house, "crm", body, **headers) == (200, first[1])
    assert count(house) == before
    later = datetime.fromtimestamp(int(at), UTC) + timedelta(minutes=6)
    sent = {"timestamp": at, "signature": headers["X_Signature"]}
    assert push.is_genuine("hmac", SECRET, sent, body, later - timedelta(minutes=6))
    assert not push.is_genuine("hmac", SECRET, sent, body, later)


def test_large_bodies_and_many_tries_are_bounded(house: House) -> None:
    """10 MB are refused by their header; after 30 wrong signatures an address waits, also with a right one."""
    link = http.client.HTTPConnection("127.0.0.1", house.daemon.server.port, timeout=20)
    link.putrequest("POST", "/api/push/crm")
    link.putheader("Content-Type", "application/json")
    link.putheader("Content-Length", "10000000")
    link.endheaders()
    with link.getresponse() as answer:
        assert answer.status == 413
    link.close()
    for _ in range(30):
        assert send(house, "crm", b"{}")[0] == 403
    assert crm(house, payload("L1"))[0] == 429


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"data": 5}', b'{"data": {"items": []}}', b"[" * 5000, b"\xff"]
)
def test_genuine_but_bad_bodies_get_a_sentence(house: House, body: bytes) -> None:
    status, answer = crm(house, body)
    assert status in (400, 422)
    assert answer["error"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "x", "mapping": MAPPING}, "kind"), ({"kind": "hmac"}, "mapping"),
        ({"kind": "hmac", "mapping": {}}, "mapping"),
        ({"kind": "hmac", "mapping": {**MAPPING, "person": "a..b"}}, "mapping"),
        ({"kind": "hmac", "mapping": {**MAPPING, "person": "a." * 60}}, "mapping"),
        ({"kind": "hmac", "mapping": {**MAPPING, "other": "a"}}, "mapping"),
        ({"kind": "hmac", "mapping": {**MAPPING, "person": 5}}, "mapping"),
        ({"kind": "hmac", "mapping": MAPPING, "secret": "short"}, "secret"),
    ],
)  # fmt: skip
def test_settings_are_checked(house: House, fields: dict[str, Any], field: str) -> None:
    answer = house.call("PUT", "/api/push/other", fields, "owner")
    assert (answer.status, answer.json["field"]) == (422, field)


def test_a_new_link_gets_a_secret_once_and_can_be_removed(house: House) -> None:
    made = house.call("PUT", "/api/push/new", {"kind": "token", "mapping": MAPPING}, "owner").json["secret"]
    assert house.call("PUT", "/api/push/new", {"kind": "token", "mapping": MAPPING}, "owner").json == {}
    assert send(house, "new", payload("N1", who="周婷"), X_Token=made)[0] == 201
    assert house.call("DELETE", "/api/push/new", {}, "owner").status == 200
    assert send(house, "new", payload("N2"), X_Token=made)[0] == 403
    assert house.call("DELETE", "/api/push/new", {}, "owner").status == 404


def test_a_fixed_value_and_a_missing_one() -> None:
    paths = push.checked_mapping({**MAPPING, "product": "=铂金套餐"})
    found = push.mapped(paths, {"data": {"_id": 7, "items": [{"sum": 5}]}}, "hmac")
    assert found == {"external_id": "7", "product": "铂金套餐", "amount": 5}
    with pytest.raises(Refused):
        push.checked_mapping([])


def test_a_sample_previews_a_mapping(house: House) -> None:
    """The preview answers with the deal's fields, or the sentence of what is wrong, and stores nothing."""
    sample = json.loads(payload("p-1"))
    asked = {"kind": "jiandaoyun", "mapping": MAPPING, "sample": sample}
    found = house.call("POST", "/api/push/new/preview", asked, "owner").json
    assert (found["fields"]["person"], found["fields"]["amount"], found["problem"]) == ("王小明", "12800", "")
    asked["mapping"] = {**MAPPING, "amount": "data.nothing"}
    assert "缺少 amount" in house.call("POST", "/api/push/new/preview", asked, "owner").json["problem"]
    assert house.call("POST", "/api/push/new/preview", {**asked, "sample": "x"}, "owner").status == 422
    assert house.call("POST", "/api/push/new/preview", asked, "assistant").status == 403
    assert "new" not in [one["name"] for one in house.call("GET", "/api/push", role="owner").json["links"]]


def test_a_system_that_is_switched_off_is_refused_until_it_is_on_again(house: House) -> None:
    """Secret and mapping stay; the refusal is its last push, which a restart keeps; removing forgets both."""
    fields = {"kind": "token", "mapping": MAPPING}
    secret = house.call("PUT", "/api/push/tick", fields, "owner").json["secret"]
    assert send(house, "tick", payload("off-1"), X_Token=secret)[0] == 201
    assert house.call("PUT", "/api/push/tick", {**fields, "on": False}, "owner").json == {}
    status, answer = send(house, "tick", payload("off-2"), X_Token=secret)
    assert (status, answer["error"][:7]) == (403, "这个推送关掉了")
    kept = PushLinks(house.daemon.office._context, house.daemon.office.push_links._secrets)
    assert [(one.on, one.last[:7]) for one in kept.all() if one.name == "tick"] == [(False, "这个推送关掉了")]
    house.call("PUT", "/api/push/tick", {**fields, "on": True}, "owner")
    assert send(house, "tick", payload("off-2"), X_Token=secret)[0] == 201
    house.call("DELETE", "/api/push/tick", role="owner")
    assert "tick" not in house.daemon.office._context.preferences.get("push_last", {})
