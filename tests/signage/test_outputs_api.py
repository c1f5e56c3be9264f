"""The outputs on the phone: listed by name, chosen, tested, and the owner's alone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from recording import Pulse
from running import Running, timetable

from controller.sound import output_choice
from controller.sound.output_choice import Choice

pytestmark = [pytest.mark.signal, pytest.mark.calm]
DAY = timetable("at: 00:00-24:00, name: 全天")


def until(holds, within: float = 60) -> bool:
    """Return whether something becomes true in time."""
    end = time.monotonic() + within
    while time.monotonic() < end and not holds():
        time.sleep(0.1)
    return bool(holds())


def used(house: Running) -> list[str]:
    """Return the keys of the outputs that play."""
    return [one["key"] for one in house.get("/api/outputs")["outputs"] if one["used"]]


def test_an_output_is_chosen_kept_over_a_restart_missed_and_taken_again(tmp_path: Path) -> None:
    """The second device is chosen, kept over a restart, missed while it is unplugged, and used again."""
    (tmp_path / "pulse").mkdir()
    with Pulse(tmp_path / "pulse") as pulse, Running(tmp_path / "home", pulse.env, timetable=DAY) as house:
        pulse.plug("spare", "Office_Speaker")
        house.start()
        house.token = house.command("token", "boss", "--role", "owner").strip()
        assert until(lambda: used(house) == ["pulse:office"])
        found = house.get("/api/outputs")
        assert found["automatic"]
        assert "Office_Speaker" in [one["name"] for one in found["outputs"]]
        status, answer = house.call("PUT", "/api/outputs", {"output": "pulse:nowhere"})
        assert (status, answer["field"]) == (422, "output")
        assert house.call("PUT", "/api/outputs", {"output": "pulse:spare"})[0] == 200
        assert until(lambda: used(house) == ["pulse:spare"])
        for key in ("pulse:spare", "pulse:office"):  # in use, and beside it
            assert house.call("POST", "/api/outputs/test", {"output": key}) == (200, {})
        assert house.call("POST", "/api/outputs/unmute", {})[0] == 422
        pulse.control("pactl set-sink-mute spare 1")
        assert until(lambda: house.get("/api/phone")["output_muted"])
        assert house.call("POST", "/api/outputs/unmute", {}) == (200, {})
        assert not house.get("/api/phone")["output_muted"]
        house.call("POST", "/api/hush", {"minutes": 10})
        assert house.call("POST", "/api/outputs/test", {"output": "pulse:office"})[0] == 422
        house.stop()
        house.start()
        assert until(lambda: used(house) == ["pulse:spare"])
        pulse.unplug("spare")
        assert until(lambda: used(house) == ["pulse:office"])
        gone = lambda: [
            one["what"] for one in house.get("/api/phone")["troubles"] if "Office_Speaker" in one["what"]
        ]
        assert until(lambda: len(gone()) == 1)
        row = next(one for one in house.get("/api/outputs")["outputs"] if one["chosen"])
        assert (row["key"], row["here"]) == ("pulse:spare", False)
        assert house.call("POST", "/api/outputs/test", {"output": "pulse:spare"})[0] == 422
        pulse.plug("spare", "Office_Speaker")
        assert until(lambda: used(house) == ["pulse:spare"] and not gone())
        assert "Traceback" not in house.log()


def test_a_damaged_choice_is_none(tmp_path: Path) -> None:
    """With a damaged file the default plays; a valid choice is read back."""
    file = tmp_path / "output.json"
    for text in (
        "",
        "{",
        "[]",
        "{}",
        '{"key": 1, "name": "a", "kind": "b"}',
        '{"key": "", "name": "a", "kind": "b"}',
    ):
        file.write_text(text)
        assert output_choice.read(file) is None
    output_choice.write(file, Choice("card:Headphones:0", "耳机", "jack"))
    assert output_choice.read(file) == Choice("card:Headphones:0", "耳机", "jack")
    output_choice.write(file, None)
    assert output_choice.read(file) is None
