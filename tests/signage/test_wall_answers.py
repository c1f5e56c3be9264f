"""The common part of walls' answers is written once per look, and no wall notices."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from glances import deal, glance

from controller.glance import Glance
from controller.timetable.model import WallDisplay, WallSettings
from signage import wall_state
from signage.wall_answers import WallAnswers

NAMES = ("main", "lobby", "tigers", "pinned", "wall-7")
SCREENS = {
    "lobby": WallDisplay("lobby", diagonal=65.0, language="en"),
    "tigers": WallDisplay("tigers", team="猛虎队"),
    "pinned": WallDisplay("pinned", scene="leaderboard"),
}


def looked(*deals: Any, revision: int = 7) -> Glance:
    seen = glance("14:52", deals=deals, walls=WallSettings(screens=SCREENS))
    return replace(seen, revision=revision, looked=seen.now)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which the name of the settings is added each time a common part is made."""
    made, shared = [], wall_state.shared

    def note(seen: Glance, display: WallDisplay, build: str) -> Any:
        made.append(str(display.team))
        return shared(seen, display, build)

    monkeypatch.setattr(wall_state, "shared", note)
    return made


MORE = {"wall": {"identify": None, "reload": 5}, "reach": {"name": "zhangu"}}


def asked(answers: WallAnswers, seen: Glance, name: str, known: bool = False) -> Any:
    return json.loads(answers.text(seen, name, "build", known, MORE))


def whole(answers: WallAnswers, seen: Glance, name: str) -> Any:
    return json.loads(json.dumps(answers.whole(seen, name, "build", MORE)))


def expected(seen: Glance, name: str) -> Any:
    state = wall_state.wall_state(seen, name, "build")
    state["wall"]["reload"] = 5
    return json.loads(json.dumps(state | {"reach": {"name": "zhangu"}}))


def test_each_wall_gets_its_whole_state(written: list[str]) -> None:
    """Walls of all settings, twice: each answer is the wall's state, with its own moment, name and wishes."""
    answers, seen = WallAnswers(), looked(deal(1), deal(2))
    for later in range(2):
        now = replace(seen, now=seen.now + timedelta(milliseconds=100 * later))
        for name in NAMES:
            found = asked(answers, now, name)
            assert found == expected(now, name)
            assert (found["wall"]["name"], found["now"]) == (name, wall_state.ms(now.now))
            assert whole(answers, now, name) == expected(now, name)
    written.clear()
    for number in range(200):
        asked(answers, seen, f"wall-{number}")
    assert written == []


@pytest.mark.parametrize(
    "change",
    [
        lambda seen: looked(deal(1), deal(3), revision=8),
        lambda seen: replace(seen, looked=seen.looked + timedelta(seconds=1), office="上海分公司"),
    ],
)
def test_a_new_look_is_answered_at_once(change: Callable[[Glance], Glance]) -> None:
    """After a deal, or a later look of the same revision, every wall gets the new state."""
    answers, seen = WallAnswers(), looked(deal(1))
    for name in NAMES:
        asked(answers, seen, name)
    new = change(seen)
    for name in NAMES:
        assert asked(answers, new, name) == expected(new, name) != expected(seen, name)


def test_strangers_and_known_callers_have_separate_answers() -> None:
    """The answer to a known caller never goes to a stranger, nor the other way round."""
    answers, known = WallAnswers(), replace(looked(), office="known")
    stranger = replace(known, office="stranger")
    for _ in range(2):
        assert asked(answers, known, "main", known=True)["office"] == "known"
        assert asked(answers, stranger, "main")["office"] == "stranger"
