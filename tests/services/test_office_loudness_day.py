"""When the office is measured on a day, the usual level, and the effect on announcements."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fakes import SHANGHAI
from office_made import ROOT, House

from controller.health_readings import OPTIONAL
from controller.sales.model import Conflict, Refused
from controller.services import office_gain
from controller.services.office_gain import WHY_NOT, Day, Usual, usual_from
from controller.services.office_loudness import OfficeLoudness
from controller.sound.microphone import Listened
from controller.sound.playback import Report
from controller.sound.speaker import Event

TIMETABLE = (ROOT / "config" / "rhythm.yaml").read_text(encoding="utf-8")
FOLLOWING = TIMETABLE.replace("\nsound:\n", "\nsound:\n  office_raise_db: 6\n  office_lower_db: 4\n")
WEDNESDAY = datetime(2026, 11, 25, 10, 0, tzinfo=SHANGHAI)


class Room:
    """A microphone in a room whose level the test sets; notes when it was listened to."""

    def __init__(self, house: House) -> None:
        self.house, self.level, self.found = house, -50.0, "level"
        self.name = "USB"
        self.at: list[datetime] = []
        self.meanwhile = lambda: None

    def __call__(self, microphone: str) -> Listened:
        self.at.append(self.house.clock.now())
        self.meanwhile()
        level = self.level if self.found == "level" else None
        return Listened(self.found, level, None, self.name if level is not None else "")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """An office that follows, at most 6 dB up and 4 dB down."""
    made = House(tmp_path, WEDNESDAY, FOLLOWING)
    made.office.music.set_volume(50)
    monkeypatch.setattr(type(made.clock), "trusted", lambda *_: True)
    yield made
    made.close()


@pytest.fixture
def room(house: House, monkeypatch: pytest.MonkeyPatch) -> Room:
    found = Room(house)
    monkeypatch.setattr(house.office.office_loudness, "_measure", found)
    return found


def follow(house: House, minutes: float, step_s: float = 30) -> OfficeLoudness:
    """Let so many minutes pass."""
    loudness = house.office.office_loudness
    for _ in range(round(60 * minutes / step_s)):
        house.clock.go(seconds=step_s)
        house.keeper.refresh()
        _finish(loudness)
    return loudness


def edit(house: House, text: str) -> None:
    house.file.write_text(text, encoding="utf-8")
    assert house.timetable_file.refresh()


def _finish(loudness: OfficeLoudness) -> None:
    while loudness.running:
        time.sleep(0.002)


def usual(house: House, room: Room, level: float = -50.0) -> OfficeLoudness:
    """Have a person set the usual level."""
    room.level = level
    loudness = follow(house, 7)
    loudness.set_usual()
    return loudness


def test_it_measures_every_two_minutes_of_work_and_never_otherwise(house: House, room: Room) -> None:
    """Not in quiet time, not after work, on no day off, not while muted, and not while it is off."""
    follow(house, 20)
    assert 9 <= len(room.at) <= 11
    house.office.music.mute_for(30)
    room.at.clear()
    follow(house, 20)
    assert room.at == []
    house.go_to("12:30")
    room.at.clear()
    follow(house, 24)
    assert room.at == []
    house.go_to("18:20")
    room.at.clear()
    follow(house, 30)
    house.clock.go_to(datetime(2026, 11, 28, 10, 0, tzinfo=SHANGHAI))  # a Saturday
    follow(house, 30)
    assert room.at == []


def test_while_it_is_off_the_microphone_is_never_opened(house: House, room: Room) -> None:
    """Without the setting nothing listens, nothing is changed, and a tap is refused with a sentence."""
    usual(house, room)
    room.level = -20
    follow(house, 10)
    assert house.announcer.gain_db > 0
    edit(house, TIMETABLE)
    follow(house, 1)
    room.at.clear()
    follow(house, 20)
    assert (room.at, house.announcer.gain_db) == ([], 0)
    with pytest.raises(Refused, match="先选最多提高"):
        house.office.office_loudness.measure_now()
    readings = {one.part: one.state for one in house.office.health.report().readings}
    assert readings["loudness"] == OPTIONAL


def test_the_gain_is_slow_rests_and_has_limits(house: House, room: Room) -> None:
    """Two decibels a measurement, half of the difference, six up and four down at most; small changes are not made."""
    usual(house, room)
    assert house.announcer.gain_db == 0
    room.level, gains = -30.0, []
    for _ in range(10):
        follow(house, 2)
        gains.append(house.announcer.gain_db)
    assert max(b - a for a, b in zip([0, *gains], gains, strict=False)) <= 2
    assert gains[-1] == 6
    room.level = -49.0
    follow(house, 20)
    rested = house.announcer.gain_db
    assert 0 <= rested <= 1.5
    for room.level in (-48.5, -49.5, -48.0, -50.0):
        follow(house, 2)
        assert house.announcer.gain_db == rested
    room.level = -80
    follow(house, 20)
    assert house.announcer.gain_db == -4
    assert house.office.office_loudness.status()["why"] == "比平常安静 30 分贝，播报降低 4 分贝。"


def test_one_loud_moment_changes_nothing(house: House, room: Room) -> None:
    """The present level is the median of three: a single loud measurement is a visitor, not the office."""
    usual(house, room)
    for room.level in (-20, -50, -50, -50):
        follow(house, 2)
        assert house.announcer.gain_db == 0


def test_no_louder_than_volume_and_ceiling_allow(house: House, room: Room) -> None:
    """At volume 80 there are 1.9 dB of room; at the ceiling none, and the phone says so."""
    loudness = usual(house, room)
    house.office.music.set_volume(80)
    room.level = -20
    follow(house, 20)
    assert house.announcer.gain_db == 1.9
    assert "总音量已经到顶，只能提高 1.9 分贝" in loudness.status()["why"]
    edit(house, FOLLOWING.replace("12:00-12:30: 60", "09:00-18:30: 60"))
    follow(house, 1)
    assert house.announcer.gain_db == 0
    assert "不能再提高" in loudness.status()["why"]


@pytest.mark.parametrize("found", ["no_microphone", "mic_muted", "mic_lost", "clipped"])
def test_without_a_microphone_announcements_are_as_loud_as_ever(house: House, room: Room, found: str) -> None:
    """At once and in plain words; when the microphone is back the fault is over."""
    loudness = usual(house, room)
    room.level = -20
    follow(house, 10)
    assert house.announcer.gain_db == 6
    room.found = found
    follow(house, 2)
    assert house.announcer.gain_db == 0
    assert loudness.status()["why"] == WHY_NOT[found]
    problems = [one for one in house.office.health.all() if one.part == "loudness"]
    assert [(one.serious, one.reported_after, one.meanwhile) for one in problems] == [
        (False, None, "播报保持平常的音量。")
    ]
    room.found = "level"
    follow(house, 10)
    assert house.announcer.gain_db == 6
    assert not [one for one in house.office.health.all() if one.part == "loudness"]


def test_our_own_sound_is_not_measured(house: House, room: Room) -> None:
    """Music, announcements and the half minute after them; a recording into which one falls does not count."""
    loudness = usual(house, room)
    room.at.clear()
    hear = house.office.timetable_listener.on_speaker
    hear(Event("part_started", id=1, n=0, at=0.0))
    follow(house, 10)
    assert room.at == []
    with pytest.raises(Refused, match="自己的声音"):
        loudness.measure_now()
    hear(Event("done", id=1, ok=True))
    ended = house.clock.now()
    follow(house, 2, step_s=5)
    assert room.at[0] - ended >= timedelta(seconds=30)
    before = loudness.status()["measured_at"]
    room.level, room.meanwhile = -10.0, lambda: hear(Event("part_started", id=2, n=0, at=0.0))
    follow(house, 3)
    assert loudness.status()["measured_at"] == before
    hear(Event("done", id=2, ok=True))
    room.meanwhile = lambda: None
    house.clock.go_to(house.clock.now().replace(hour=12, minute=56))
    hear(Event("track", path=ROOT / "sounds" / "music" / "rousing" / "a.ogg"))
    room.at.clear()
    follow(house, 3)
    assert room.at == []


def test_an_old_level_says_nothing_about_now(house: House, room: Room) -> None:
    """After ten minutes without a measurement, as while music plays, announcements are as loud as ever."""
    loudness = usual(house, room)
    room.level = -20
    follow(house, 10)
    assert house.announcer.gain_db == 6
    house.office.timetable_listener.on_speaker(Event("part_started", id=1, n=0, at=0.0))
    follow(house, 11)
    assert house.announcer.gain_db == 0
    assert loudness.status()["why"] == "最近十分钟没有量到，播报保持平常的音量。"


def test_the_usual_level_is_learnt_in_three_days_and_survives_the_night(house: House, room: Room) -> None:
    """The median of the days' medians; the power is cut each evening. Another microphone is learnt from the start."""
    for day, level in ((25, -52.0), (26, -47.0), (27, -50.0)):
        house.clock.go_to(datetime(2026, 11, day, 10, 0, tzinfo=SHANGHAI))
        room.level = level
        loudness = follow(house, 60)
        house.close()
        house.open()
        loudness = house.office.office_loudness
        loudness._measure = room
    assert loudness.status()["days"] == 3
    assert loudness.status()["usual_db"] == -50
    house.clock.go_to(datetime(2026, 11, 30, 10, 0, tzinfo=SHANGHAI))
    room.level = -42
    follow(house, 10)
    assert house.announcer.gain_db == 4
    room.name = "another"
    follow(house, 2)
    assert (house.announcer.gain_db, loudness.status()["usual_db"]) == (0, None)
    assert loudness.status()["why"] == "还不知道平常有多响，播报保持平常的音量。"


def test_a_person_sets_the_usual_level_and_takes_it_back(house: House, room: Room) -> None:
    """It holds at once; without a measurement it is refused."""
    loudness = house.office.office_loudness
    with pytest.raises(Refused, match="还没有量到"):
        loudness.set_usual()
    usual(house, room, -44)
    assert loudness.status()["usual_db"] == -44
    loudness.learn_again()
    assert loudness.status()["usual_db"] is None


def test_the_phone_says_by_how_much_the_last_announcement_was_changed(house: House, room: Room) -> None:
    """With the reason; an emergency is never lowered, and says so."""
    loudness = usual(house, room)
    room.level = -80
    follow(house, 20)
    house.office.queue.on_report(Report(7, "playing", "", 1.0, 2.0, (), -4.0))
    assert loudness.status()["last"]["why"] == "比平常安静 30 分贝，播报降低 4 分贝。"
    house.office.queue.on_report(Report(8, "playing", "", 1.0, 2.0, (), 0.0))
    assert loudness.status()["last"] | {"at": ""} == {"at": "", "gain_db": 0.0, "why": "紧急广播不降低。"}


def test_only_one_measurement_at_a_time(house: House, room: Room) -> None:
    """A second tap while one is under way is refused."""
    follow(house, 1)

    def again() -> None:
        with pytest.raises(Conflict):
            house.office.office_loudness.measure_now()
        room.meanwhile = lambda: seen.append(True)

    seen: list[bool] = []
    room.meanwhile = again
    house.office.office_loudness.measure_now()
    _finish(house.office.office_loudness)
    assert house.office.office_loudness.status()["found"] == "level"


def test_damaged_and_foreign_values_are_no_usual_level() -> None:
    """They count as no level; nothing is raised."""
    for kept in (None, 3, {}, {"days": 1}, {"days": [[1]], "set_db": None, "microphone": ""}):
        assert usual_from(kept) == Usual()
    full = Usual("USB", None, None, (Day("2026-11-25", -50.0, 30),))
    assert usual_from(full.to_json()) == full
    assert full.level_db is None  # one day is not enough
    assert len(full.with_day(Day("2026-11-26", -40.0, 1)).days) == 2
    assert Day("2026-11-25", -50.0, 10).with_more([-40.0] * 10).level_db == -45


def test_the_volume_leaves_room_only_below_the_ceiling() -> None:
    """From 50 to 100 there are 6 dB; at volume 0, and at the ceiling, none."""
    assert office_gain.room_db(50, 100) == pytest.approx(6.02, abs=0.01)
    assert office_gain.room_db(0, 100) == office_gain.room_db(60, 60) == 0
