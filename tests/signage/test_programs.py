"""Programs: figures for Prometheus, the calendar feed, and tokens."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from typing import Any

import icalendar
import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from controller.sales.roles import TOKEN_ROLES
from controller.sound.microphone import Listened
from signage.auth import RIGHTS
from signage.metrics import Metric, written
from tests.signage.house import REPOSITORY, House, running

LINKS = """
links:
  groups:
    '群"一': {kind: wecom}
  webhooks:
    CRM: {}
"""
PEOPLE = ("王小明", "陈芳", "李思思")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    shipped = (REPOSITORY / "config" / "rhythm.yaml").read_text("utf-8")
    rhythm = shipped.replace("\nsound:\n", "\nsound:\n  office_raise_db: 6\n") + LINKS
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", sounds=False, rhythm=rhythm) as house:
            yield house


def client(house: House, role: str | None = None) -> FlaskClient:
    one: FlaskClient = house.daemon.server._server._app.test_client()
    if role is not None:
        one.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {house.token(role)}"
    return one


# --- Prometheus


def scraped(house: House) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every sample as the parser of Prometheus' own library reads it."""
    answer = client(house, "wall").get("/metrics")
    assert (answer.status_code, answer.content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    families = list(text_string_to_metric_families(answer.text))
    assert len({family.name for family in families}) == len(families)
    assert all(family.documentation and family.type in ("gauge", "counter") for family in families)
    samples = [sample for family in families for sample in family.samples]
    found = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


def test_figures_follow_the_day(house: House) -> None:
    """Deals, sum, announcements, sound, links and the machine; the names of people are in none of them."""
    before = scraped(house)
    house.sell("陈芳", 12_800, "counted")
    after = scraped(house)
    assert after["zhangu_deals_today", ()] == before["zhangu_deals_today", ()] + 1
    assert after["zhangu_amount_today_yuan", ()] == before["zhangu_amount_today_yuan", ()] + 12_800
    states = {
        labels[0][1]: value for (name, labels), value in after.items() if name == "zhangu_announcements_today"
    }
    assert set(states) == {"waiting", "playing", "heard", "not_heard", "merged", "dropped"}
    assert sum(states.values()) >= 1
    assert after["zhangu_clock_trusted", ()] == 1
    assert after["zhangu_workday", ()] == 1
    links = {labels[0][1] for name, labels in after if name == "zhangu_link_on"}
    assert links == {'group:群"一', "webhook:CRM"}
    assert after["process_resident_memory_bytes", ()] > 10_000_000
    assert after["zhangu_threads", ()] > 5
    assert after["zhangu_disk_free_bytes", ()] > 0
    assert sum(value for (name, _), value in after.items() if name == "zhangu_voice") == 1
    text = client(house, "wall").get("/metrics").text
    assert not any(name in text for name in PEOPLE)
    assert len(after) < 100


def test_the_loudness_of_the_office_is_a_figure_once_it_was_measured(house: House) -> None:
    """Level, usual level and the gain of the next announcement; before a measurement only the gain, which is 0."""
    before = scraped(house)
    assert before["zhangu_announcement_gain_db", ()] == 0
    assert ("zhangu_office_level_db", ()) not in before
    house.call("PUT", "/api/volume", {"volume": 50})  # leaves room for a gain
    loudness, now = house.daemon.office.office_loudness, house.daemon.clock.now()
    loudness._conclude(Listened("level", -50.0, None, "USB"), now, learn=False)
    loudness.set_usual()
    for _ in range(3):
        loudness._conclude(Listened("level", -40.0, None, "USB"), now, learn=False)
    after = scraped(house)
    assert after["zhangu_office_level_db", ()] == -40
    assert after["zhangu_office_usual_level_db", ()] == -50
    assert 0 < after["zhangu_announcement_gain_db", ()] <= 6


def test_a_wall_with_an_open_stream_counts(house: House) -> None:
    """A stream of a wall is counted while it is open."""
    before = scraped(house)["zhangu_walls_connected", ()]
    with urllib.request.urlopen(f"{house.address}/events?wall=main&screen=one", timeout=10) as stream:
        stream.readline()
        assert scraped(house)["zhangu_walls_connected", ()] == before + 1


def test_values_and_labels_are_written_as_the_format_says() -> None:
    """Quotes, backslashes and line breaks come back; a metric without a value is left out."""
    hostile = 'a"b\\c\nd{}=,'
    text = written([
        Metric("one", "Words.", (((("link", hostile),), 1.5), ((("link", "x"),), True))),
        Metric("none", "Nothing.", ()),
        Metric("seen_total", "A counter.", (((), 10**15),), "counter"),
    ])  # fmt: skip
    one, seen = text_string_to_metric_families(text)
    assert [(sample.labels["link"], sample.value) for sample in one.samples] == [(hostile, 1.5), ("x", 1.0)]
    assert [(sample.name, sample.value) for sample in seen.samples] == [("seen_total", 1e15)]


def test_figures_need_a_token(house: House) -> None:
    """The day's sum is for known callers: every role may read it, a stranger may not."""
    assert client(house).get("/metrics").status_code == 401
    assert {
        role for role in RIGHTS["read"] if client(house, role).get("/metrics").status_code == 200
    } == RIGHTS["read"]


# --- the calendar


def test_the_calendar_is_off_until_a_person_wants_it(house: House) -> None:
    """On: an address with a QR code; renewed: the former one ends at once; off: none."""
    one = client(house, "assistant")
    assert one.get("/api/calendar").json == {"address": None, "qr": None}
    first = one.post("/api/calendar", json={}).json["address"]
    assert one.get("/api/calendar").json["address"] == first
    path = first[first.index("/calendar/") :]
    assert len(path) > 40
    answer = client(house).get(path)
    assert (answer.status_code, answer.content_type) == (200, "text/calendar; charset=utf-8")
    second = one.post("/api/calendar", json={}).json["address"]
    assert second != first
    assert client(house).get(path).status_code == 404
    again = second[second.index("/calendar/") :]
    assert client(house).get(again).status_code == 200
    assert one.delete("/api/calendar").json == {"address": None, "qr": None}
    assert client(house).get(again).status_code == 404
    assert client(house).get("/calendar/%E4%B8%AD%E6%96%87.ics").status_code == 404
    assert client(house, "leader").get("/api/calendar").status_code == 403
    third = one.post("/api/calendar", json={}).json["address"]
    assert third not in (first, second)


def test_a_calendar_program_asks_with_the_etag(house: House) -> None:
    """An unchanged feed is 304; an exception of a date changes it: the entry is gone from that day."""
    assistant = client(house, "assistant")
    address = assistant.post("/api/calendar", json={}).json["address"]
    path = address[address.index("/calendar/") :]
    first = client(house).get(path)
    same = client(house).get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    exception = {"kind": "off_from", "at": "16:00", "key": "calendar-test"}
    changed = assistant.post("/api/days/2026-11-25/changes", json=exception)
    assert changed.status_code == 201, changed.text
    new = client(house).get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert new.status_code == 200
    assert new.headers["ETag"] != first.headers["ETag"]
    names = {kept: [str(one["SUMMARY"]) for one in icalendar.Calendar.from_ical(data).walk("VEVENT")
                    if "20261125" in str(one["UID"])]
             for kept, data in (("before", first.data), ("after", new.data))}  # fmt: skip
    assert len(names["after"]) < len(names["before"])


# --- tokens


def test_a_manager_gives_a_program_a_token(house: House) -> None:
    """Shown once, with its maker; it has its role's rights, a last use, and ends when it is revoked."""
    manager = client(house, "manager")
    made = manager.post("/api/access/tokens", json={"name": "客户系统", "role": "program"})
    assert made.status_code == 201
    token = made.json["token"]
    program = client(house)
    program.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    assert program.get("/api/deals").status_code == 200
    assert program.put("/api/access/pin", json={"on": True}).status_code == 403
    listed: Any = manager.get("/api/access").json
    (row,) = [one for one in listed["tokens"] if one["name"] == "客户系统"]
    assert (row["role_name"], row["made_by"], row["removable"]) == ("程序", "manager", True)
    assert row["used"] is not None
    assert token not in str(listed)
    assert token not in str(client(house, "owner").get("/api/log").json)
    with house.daemon.store.read() as session:
        assert token not in str(session.rows.all("SELECT * FROM tokens"))
    assert manager.delete("/api/access/tokens/客户系统").status_code == 200
    assert program.get("/api/deals").status_code == 401


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"name": "甲", "role": "owner"}, 409, "role"), ({"name": "甲", "role": "admin"}, 422, "role"),
        ({"name": "甲", "role": "x"}, 422, "role"), ({"name": "", "role": "program"}, 422, "name"),
        ({"name": "甲" * 41, "role": "program"}, 422, "name"), ({"name": "甲\n乙", "role": "program"}, 422, "name"),
        ({"name": "manager", "role": "program"}, 409, "name"),
    ],
)  # fmt: skip
def test_a_wrong_wish_for_a_token_is_refused(
    house: House, asked: dict[str, str], status: int, field: str
) -> None:
    """No role above the caller's, no name that is in use: a running program would lose its token silently."""
    answer = client(house, "manager").post("/api/access/tokens", json=asked)
    assert (answer.status_code, answer.json["field"]) == (status, field)


def test_only_managers_and_owners_give_tokens(house: House) -> None:
    """Every other role is refused; the page offers no role above the caller's."""
    for role in RIGHTS["read"]:
        answer = client(house, role).post("/api/access/tokens", json={})
        assert answer.status_code == (422 if role in RIGHTS["access"] else 403), role
    offered = client(house, "manager").get("/api/access").json["token_roles"]
    assert [one["role"] for one in offered] == [role for role in TOKEN_ROLES if role != "owner"]
