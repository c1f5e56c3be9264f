"""Texts of the office stay as typed for an English reader, whatever words they contain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fakes import SHANGHAI
from flask.testing import FlaskClient

from signage import create_app
from tests.services.office_made import House, house

NOON = datetime(2026, 11, 27, 17, 20, tzinfo=SHANGHAI)
PATHS = ("/api/phone", "/api/now", "/api/days/2026-11-27", "/api/days", "/api/duties", "/api/targets", "/api/standings",
         "/api/deals", "/api/announcements", "/api/honours", "/api/people", "/api/timetable")  # fmt: skip


@pytest.fixture
def client(tmp_path: Path) -> Iterator[tuple[House, FlaskClient, dict[str, str]]]:
    with house(tmp_path, NOON) as office:
        office.deal("王小明", 12800)
        app = create_app(office.office, secret="x", feed=office.feed, clock=office.clock)
        token = office.office.keys.make_token("phone", "owner")
        yield office, app.test_client(), {"Authorization": f"Bearer {token}"}


def office_texts(office: House) -> set[str]:
    """Return the words of the timetable and the people's names."""
    rhythm, plan = office.timetable_file.rhythm, office.timetable_file.plan(NOON.date())
    texts = {text for entry in plan.entries for text in (entry.name, entry.text)}
    texts |= {duty.what for duty in plan.duties} | {cue.text for cue in plan.cues if cue.text}
    texts |= {rhythm.office, rhythm.prizes.day, rhythm.prizes.week, rhythm.prizes.month}
    texts |= {one.name for one in (*office.office.people.active(), *office.office.people.teams())}
    return {text for text in texts if text}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from leaves(part, f"{path}.{number}")
    elif isinstance(value, str):
        yield path, value


def test_texts_of_the_office_are_not_translated(client: tuple[House, FlaskClient, dict[str, str]]) -> None:
    """Every word of the timetable and of the people's list that an answer has is the same in both languages."""
    office, asking, own = client
    known, seen, changed = office_texts(office), 0, []
    for address in PATHS:
        chinese, english = (asking.get(address, headers=own | {"Accept-Language": of}) for of in ("zh", "en"))
        if chinese.status_code != 200:
            continue
        translated = dict(leaves(english.json))
        for path, text in leaves(chinese.json):
            if text in known:
                seen += 1
                if translated.get(path) != text:
                    changed.append(f"{address} {path}: {text} -> {translated.get(path)}")
    assert seen > 50
    assert not changed, "\n".join(changed)
