"""Webhooks for programs: signed, dated, once by id, also while the secret changes; no way into the office's network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import standardwebhooks
from linked import FRIDAY, LinkedHouse, linked

from controller.links import webhook
from controller.links.port import Fate, Parcel
from controller.links.web import post
from controller.sales.model import Conflict, Refused
from tests.links.receiver import Receiver
from tests.links.vendors import Reply

LINKS = """
links:
  webhooks:
    CRM: {}
    看板: {send: 故障}
"""
HOOK = "webhook:CRM"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[LinkedHouse]:
    with linked(tmp_path, LINKS) as made:
        yield made


@pytest.fixture
def receiver(house: LinkedHouse) -> Iterator[Receiver]:
    server = Receiver(house.clock.now, house.office.links.new_secret(HOOK))
    house.office.links.set_address(HOOK, f"{server.address}/hooks?token=abc", inside=True)
    yield server
    server.close()


def status(house: LinkedHouse) -> object:
    return next(one for one in house.office.links.status() if one.ident == HOOK)


def test_a_deal_its_correction_and_its_void_arrive(house: LinkedHouse, receiver: Receiver) -> None:
    """Each is a signed event with the deal's id, names, yuan as in the API, and the time of the event."""
    deal = house.deal("王小明", 12_800, "校园招聘套餐")
    house.send(10)
    assert receiver.refusals == []
    assert receiver.asked[0].path == "/hooks"
    assert receiver.asked[0].query == {"token": "abc"}
    (sent,) = receiver.events
    assert (sent["type"], sent["timestamp"]) == ("deal.recorded", "2026-11-27T09:30:00.000+08:00")
    assert sent["data"] == {
        "id": deal.id, "key": sent["data"]["key"], "person": "王小明", "team": "猛虎队", "product": "校园招聘套餐",
        "amount": 12800, "at": "2026-11-27T09:30:00+08:00", "date": "2026-11-27",
    }  # fmt: skip
    house.office.deals.void(deal.id, "报重了")
    house.send(10)
    assert (receiver.events[1]["type"], receiver.events[1]["data"]["id"]) == ("deal.voided", deal.id)
    house.office.deals.restore(deal.id)
    house.send(10)
    assert receiver.events[2]["type"] == "deal.recorded"
    assert len(set(receiver.ids)) == 3


def test_the_official_library_accepts_a_request(house: LinkedHouse, receiver: Receiver) -> None:
    """The specification's own implementation verifies what was sent; a changed byte is refused."""
    house.office.links.test(HOOK)
    house.send(1)
    (asked,) = receiver.asked
    library = standardwebhooks.Webhook(receiver.secrets[0])
    sent = datetime.fromtimestamp(int(asked.headers["webhook-timestamp"]), UTC)
    signed = library.sign(asked.headers["webhook-id"], sent, asked.body.decode())
    assert signed == asked.headers["webhook-signature"]
    assert receiver.fault(asked.headers, asked.body) == ""
    assert receiver.fault(asked.headers, asked.body + b" ") == "wrong signature"
    assert receiver.events == [
        {"type": "test", "timestamp": "2026-11-27T09:30:00.000+08:00", "data": {"office": "北京分公司"}}
    ]


def test_a_retry_has_the_same_id_and_body_and_a_new_date(house: LinkedHouse, receiver: Receiver) -> None:
    """A receiver that was away for an hour gets the event once, dated now; a replay of the old request is stale."""
    receiver.reply = Reply(500, b"")
    house.deal("王小明", 12_800)
    house.send(3600)
    receiver.reply = Reply(204, b"")
    house.send(1000)
    assert receiver.refusals == []
    assert len(receiver.asked) >= 6
    assert len({asked.headers["webhook-id"] for asked in receiver.asked}) == 1
    assert len({asked.body for asked in receiver.asked}) == 1
    stamps = [int(asked.headers["webhook-timestamp"]) for asked in receiver.asked]
    assert stamps == sorted(set(stamps))
    assert receiver.ids == [receiver.asked[0].headers["webhook-id"]]
    old = receiver.asked[0]
    answer = post(f"{receiver.address}/hooks", old.body, old.headers)
    assert (answer.status, answer.body) == (401, b"stale")


def test_a_changed_secret_and_the_former_one_sign_for_a_day(house: LinkedHouse, receiver: Receiver) -> None:
    """Meanwhile a receiver may know either; afterwards the former one is worth nothing. A deleted one is at once."""
    former = receiver.secrets[0]
    new = house.office.links.new_secret(HOOK)
    assert status(house).both_until == FRIDAY + timedelta(days=1)
    for secrets in ([former], [new]):
        receiver.secrets = secrets
        house.office.links.test(HOOK)
        house.send(2)
    assert receiver.refusals == []
    assert len(receiver.asked[-1].headers["webhook-signature"].split(" ")) == 2
    house.clock.go(hours=24)
    receiver.secrets = [former]
    house.office.links.test(HOOK)
    house.send(2)
    assert receiver.refusals == ["wrong signature"]
    assert status(house).both_until is None
    third = house.office.links.new_secret(HOOK)
    house.office.links.set_secrets(HOOK, {"secret": None})
    assert (status(house).on, status(house).both_until) == (False, None)
    receiver.secrets = [house.office.links.new_secret(HOOK)]
    house.send(2)
    assert len(receiver.asked[-1].headers["webhook-signature"].split(" ")) == 1
    assert third not in (house.folder / "config" / "secrets.json").read_text()


def test_chosen_kinds_arrive_and_no_others(house: LinkedHouse, receiver: Receiver) -> None:
    """One hook wants faults alone; results carry teams, people and completion in one body under 20 KB."""
    board = Receiver(house.clock.now, house.office.links.new_secret("webhook:看板"))
    house.office.links.set_address("webhook:看板", board.address, inside=True)
    house.deal("王小明", 12_800)
    house.clock.go_to(FRIDAY.replace(hour=18, minute=5))
    house.keeper.refresh()
    house.send(30)
    board.close()
    assert board.events == []
    results = next(one for one in receiver.events if one["type"] == "results.published")
    assert results["data"]["people"][0] == {
        "place": 1, "person": "王小明", "team": "猛虎队", "count": 1, "amount": 12800, "target": None, "rate": None,
    }  # fmt: skip
    assert results["data"]["week_top"]["person"] == "王小明"
    assert max(len(asked.body) for asked in receiver.asked) < 20_000


def test_silent_deals_are_sent(house: LinkedHouse, receiver: Receiver) -> None:
    """A program counts every deal, also those entered without an announcement; a hidden person has no name."""
    from controller.services.deals import How

    person = next(one for one in house.office.people.active() if one.name == "陈芳")
    house.office.people.update(person.id, hidden=True)
    house.office.deals.record("陈芳", "套餐", 900, "silent", None, How(announced=False))
    house.send(10)
    assert [one["data"]["person"] for one in receiver.events] == [None]
    assert receiver.events[0]["data"]["team"] == person.team


def test_a_program_hears_of_a_void_of_a_deal_from_before(house: LinkedHouse, receiver: Receiver) -> None:
    """Deals that are older than the link, or than the list of messages, are corrected there too."""
    house.office.links.set_secrets(HOOK, {"secret": None})
    deal = house.deal("王小明", 12_800)
    receiver.secrets = [house.office.links.new_secret(HOOK)]
    house.office.deals.void(deal.id, "报重了")
    house.send(10)
    assert [(one["type"], one["data"]["id"]) for one in receiver.events] == [("deal.voided", deal.id)]


def test_a_receiver_that_wants_no_more_is_left_alone(house: LinkedHouse, receiver: Receiver) -> None:
    """410 pauses the link with a sentence; the event is kept and sent when a person continues."""
    receiver.reply = Reply(410, b"")
    house.deal("王小明", 12_800)
    house.send(7200)
    assert len(receiver.asked) == 1
    assert (status(house).paused, status(house).waiting) == (True, 1)
    assert status(house).last_why.endswith("说不再要这些消息（HTTP 410），这个连接暂停了。")
    receiver.reply = Reply(200, b"<html>ok</html>", "text/html")
    house.office.links.pause(HOOK, on=False)
    house.send(5)
    assert len(receiver.events) == 1


@pytest.mark.parametrize(
    ("reply", "least"),
    [
        (Reply(302, b"", headers={"Location": "http://127.0.0.1:9/"}), 5),
        (Reply(429, b"", headers={"Retry-After": "120"}), 120),
        (Reply(503, b"", headers={"Retry-After": "99999999"}), 3600),
        (Reply(400, b"x" * 500_000), 900),
    ],
)
def test_any_other_answer_keeps_the_event(
    house: LinkedHouse, receiver: Receiver, reply: Reply, least: int
) -> None:
    """Redirects are not followed, waiting times are obeyed up to an hour, long bodies cut; the event waits."""
    receiver.reply = reply
    house.deal("王小明", 12_800)
    house.send(4)
    (row,) = house.link_messages()
    assert (row.state, row.attempts) == ("waiting", 1)
    assert row.why.startswith("127.0.0.1")
    wait = (row.next_try - house.clock.now()).total_seconds()
    assert least * 0.8 - 4 <= wait <= least * 1.3


def test_https_with_a_trusted_certificate(
    house: LinkedHouse, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown certificate gets nothing, with a sentence; a trusted one the event."""
    trusted = receiver.use_tls(tmp_path)
    house.office.links.set_address(HOOK, receiver.address.replace("http:", "https:"), inside=True)
    house.deal("王小明", 12_800)
    house.send(5)
    assert receiver.asked == []
    assert "的证书不能信任，没有发送" in status(house).last_why
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    house.send(600)
    assert len(receiver.events) == 1
    assert receiver.refusals == []


# --- where it may send


INSIDE = (
        "http://127.0.0.1/x", "https://192.168.1.5/x", "http://10.0.0.1", "http://[::1]/", "http://localhost:8123/",
        "http://crm/", "http://crm.local/", "http://2130706433/", "http://169.254.169.254/latest/meta-data",
)  # fmt: skip


def test_an_address_inside_needs_the_owners_word(house: LinkedHouse) -> None:
    """Without the confirmation it is a question, and nothing is stored."""
    house.office.links.new_secret(HOOK)
    for address in INSIDE:
        with pytest.raises(Conflict):
            house.office.links.set_address(HOOK, address)
    assert status(house).address is None
    assert status(house).why == "还没有填接收的地址，由负责人填，填好就开始。"


def test_a_name_that_points_inside_gets_nothing(house: LinkedHouse, receiver: Receiver) -> None:
    """A public-looking name that resolves to this machine (as after DNS rebinding) is refused before a byte is sent."""
    house.office.links.test(HOOK)
    (test,) = house.link_messages()
    parcel = Parcel(test.uid, (test,), house.clock.now(), "")
    address = receiver.address.replace("127.0.0.1", "127.1")
    outcome = webhook.Webhook({"secret": receiver.secrets[0]}, address).send(parcel)
    assert (outcome.fate, receiver.asked) == (Fate.LATER, [])
    assert "现在指向办公室里面的地址，没有发送" in outcome.why


@pytest.mark.parametrize(
    ("peer", "outside", "inside"),
    [
        ("8.8.8.8", True, True), ("192.168.1.5", False, True), ("::1", False, True), ("127.0.0.1", False, True),
        ("169.254.169.254", False, False), ("fe80::1%eth0", False, False), ("0.0.0.0", False, False),
        ("::ffff:10.0.0.1", False, True), ("::ffff:169.254.169.254", False, False), ("224.0.0.1", False, False),
        ("100.64.0.1", False, True), ("2606:4700::1", True, True),
    ],
)  # fmt: skip
def test_peers(peer: str, outside: bool, inside: bool) -> None:
    """Public addresses always, the office's with the owner's word, a cloud's own and multicast never."""
    assert webhook.may_connect(peer, private=False) == outside
    assert webhook.may_connect(peer, private=True) == inside


@pytest.mark.parametrize(
    "written",
    ["", "ftp://a.example", "https://", "https://u:p@a.example/", "https://a.example/#x", "https://a.example:99999/",
     "https://a b.example/", "x" * 600],
)  # fmt: skip
def test_a_wrong_address_is_refused(written: str) -> None:
    """With the sentence that says how to write it."""
    with pytest.raises(Refused, match="接收的地址要写成"):
        webhook.read_address(written)


@pytest.mark.parametrize(
    "written", ["whsec_", "whsec_AAAA", "whsec_" + "A" * 400, "abc", "whsec_中文", "whsec_!!!!" * 10]
)
def test_a_wrong_secret_is_refused(written: str) -> None:
    """A secret is whsec_ and the base64 of 24 to 64 bytes."""
    with pytest.raises(Refused, match="签名密钥以 whsec_ 开头"):
        webhook.read_secret(written)


def test_the_address_is_shown_to_nobody(house: LinkedHouse, receiver: Receiver) -> None:
    """Its path and query may contain a key: status, list and sentences name the host only."""
    receiver.reply = Reply(500, b"")
    house.deal("王小明", 12_800)
    house.send(5)
    shown = json.dumps([str(status(house)), *map(str, house.link_messages())], ensure_ascii=False)
    assert "token=abc" not in shown
    assert receiver.secrets[0] not in shown
    assert status(house).address == f"{receiver.address}/…"
