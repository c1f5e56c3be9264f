"""The documents of the cities: written and read again, bounded, and refused with a reason when they are none."""

from __future__ import annotations

import contextlib
import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.cities import document
from controller.cities.document import (
    BigDeal,
    Document,
    NotUnderstood,
    Place,
    Status,
    Sum,
    TeamSum,
    Version,
)

DAY = date(2026, 11, 27)
PLACE = Place("huaxing", "上海", "standings", DAY)
NAMES = st.text("王小明陈芳ABC李é", min_size=1, max_size=12)
AMOUNTS = st.decimals(0, 10**11, places=2)
RATES = st.none() | st.decimals(0, 999, places=4)


@st.composite
def documents(draw: st.DrawFn, branches: tuple[str, ...] = ("上海", "广州", "深圳")) -> Document:
    sums = st.builds(Sum, AMOUNTS, st.none() | AMOUNTS, st.integers(0, 10**6))
    return Document(
        draw(st.sampled_from(branches)), DAY, Version(draw(st.integers(0, 3)), draw(st.integers(0, 5))),
        "2026-11-27T16:42:00+08:00", draw(NAMES), draw(st.sampled_from(["", "a" * 16, "b" * 16])),
        {"day": draw(sums), "week": draw(sums)},
        tuple(draw(st.lists(st.builds(TeamSum, NAMES, AMOUNTS, st.integers(0, 99), RATES), max_size=4))),
        tuple(draw(st.lists(st.tuples(NAMES, AMOUNTS), max_size=3))),
        draw(RATES),
    )  # fmt: skip


@settings(deadline=None)
@given(documents())
def test_reading_is_the_inverse_of_writing(one: Document) -> None:
    """All of a document that fits arrives: amounts to the cent, names, the version."""
    place = Place("huaxing", one.branch, "standings", one.date)
    assert document.read_document(place, document.written(one)) == one


def test_a_large_office_fits_two_kilobytes() -> None:
    """Sixty teams with the longest names: people and the last teams are left out, the totals never."""
    teams = tuple(TeamSum("队" * 40, Decimal(10**9), 999, Decimal("1.2345")) for _ in range(60))
    one = Document(
        "上海", DAY, Version(1, 1), "2026-11-27T16:42:00+08:00", "司" * 40, "a" * 16,
        {p: Sum(Decimal(10**10), Decimal(10**10), 10**6) for p in document.PERIODS}, teams,
        (("王" * 40, Decimal(1)),) * 3, Decimal(1),
    )  # fmt: skip
    text = document.written(one)
    assert len(text) <= document.DOCUMENT_LIMIT
    read = document.read_document(PLACE, text)
    assert read.totals == one.totals
    assert 0 < len(read.teams) < 60
    assert read.people == ()


GOOD = json.loads(
    document.written(
        Document(
            "上海",
            DAY,
            Version(1, 1),
            "2026-11-27T16:42:00+08:00",
            "司",
            "",
            {"day": Sum(Decimal(1), None, 1)},
        )
    )
)


@pytest.mark.parametrize(
    "wrong",
    [
        b"", b"null", b"[]", b"{", b"\xff", b"[" * 4000, b"x" * 5000, b'{"v":1}', b'{"v":NaN}',
        *(
            json.dumps(GOOD | change).encode()
            for change in (
                {"v": 2}, {"v": "1"}, {"epoch": -1}, {"epoch": True}, {"seq": 10**40}, {"seq": "1"}, {"office": ""},
                {"office": "a\nb"}, {"office": "字" * 41}, {"as_of": "2026-11-27 16:42"}, {"as_of": "gestern"},
                {"as_of": 1}, {"totals": []}, {"totals": {"day": {"amount": "1e9", "count": 1}}},
                {"totals": {"day": {"amount": "-1", "count": 1}}}, {"totals": {"day": {"count": 1}}},
                {"totals": {"day": {"amount": "1", "count": 1.5}}}, {"teams": {}}, {"teams": [{"name": 3}]},
                {"completion": 0.5}, {"completion": "inf"}, {"install": "../x"}, {"people": "x"},
            )
        ),
    ],
)  # fmt: skip
def test_other_messages_are_refused(wrong: bytes) -> None:
    """For any message of a program with a branch's password the reader answers with a reason, never with a fault."""
    with pytest.raises(NotUnderstood):
        document.read_document(PLACE, wrong)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    """Random bytes on any topic are refused or read."""
    for read in (document.read_document, document.read_status, document.read_deal):
        with contextlib.suppress(NotUnderstood):
            read(PLACE, data)


@pytest.mark.parametrize(
    ("topic", "place"),
    [
        (document.standings_topic("huaxing", "上海", DAY), PLACE),
        (document.status_topic("huaxing", "上海"), Place("huaxing", "上海", "status")),
        (document.events_topic("huaxing", "上海"), Place("huaxing", "上海", "events")),
        ("zhangu/1/huaxing/上海/standings", None),
        ("zhangu/1/huaxing/上海/standings/2026-13-01", None),
        ("zhangu/1/huaxing/上海/status/x", None),
        ("zhangu/1/Hua Xing/上海/status", None),
        ("zhangu/1/huaxing/上　海/status", None),
        ("zhangu/2/huaxing/上海/status", None),
        ("other", None),
    ],
)
def test_topics(topic: str, place: Place | None) -> None:
    """A topic is taken apart into its parts, and others are refused."""
    if place is None:
        with pytest.raises(NotUnderstood):
            document.place_of(topic)
    else:
        assert document.place_of(topic) == place


@pytest.mark.parametrize("name", ["", "a/b", "+", "#", "上:海", "x" * 21, "上\n海", '"', "$SYS"])
def test_names_that_would_harm_topics_or_the_brokers_files_are_refused(name: str) -> None:
    """A branch's name is part of a topic and of a line in the broker's files."""
    with pytest.raises(NotUnderstood):
        document.branch_of(name)


def test_status_and_deal_survive_sending() -> None:
    """A birth and a big deal arrive unchanged; without names only the amount does."""
    status = Status("上海", Version(2, 7), "a" * 16, online=True)
    assert document.read_status(Place("huaxing", "上海", "status"), document.written_status(status)) == status
    place = Place("huaxing", "上海", "events")
    for deal in (
        BigDeal("上海", "ab" * 8, Decimal("58000.00"), "王小明", "猛虎队"),
        BigDeal("上海", "cd" * 8, Decimal(1)),
    ):
        assert document.read_deal(place, document.written_deal(deal)) == deal
