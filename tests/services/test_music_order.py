"""Sequence of tracks: each is played once before one is repeated, also while people change the playlist."""

from __future__ import annotations

import io
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fakes import SHANGHAI
from hypothesis import given, settings
from hypothesis import strategies as st
from office_made import ROOT, House, house
from soundmade import encoded, tone

from controller.services.music_order import BEGUN_S, DesiredMusic, PlaylistPosition, turn
from controller.sound.player.fades import locate
from controller.sound.speaker import Event, MusicOrder
from tests.forms import examples

NINE = datetime(2026, 11, 24, 9, 0, tzinfo=SHANGHAI)
FILES = (("a", 100.0), ("b", 100.0), ("c", 100.0))


def wanted(minute: float = 0, *, until: float = 60, day: int = 0) -> DesiredMusic:
    return DesiredMusic(
        "p", 40, NINE + timedelta(days=day, minutes=minute), NINE + timedelta(days=day, minutes=until)
    )


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def names(position: PlaylistPosition | None) -> str:
    return "".join(name for name, _ in position.pieces) if position else ""


def sounding(position: PlaylistPosition | None, now: datetime) -> tuple[str, float]:
    assert position is not None
    index, offset = position.place(now)
    return position.pieces[index][0], round(offset, 2)


def test_an_added_track_is_next_and_the_current_one_plays_on() -> None:
    """x, added while b plays, follows b; b plays on from its position and c comes after x."""
    began = turn(None, wanted(), FILES, at(0))
    more = turn(began, wanted(), (*FILES, ("x", 50.0)), at(130), "b")
    assert names(more) == "abxc"
    assert sounding(more, at(130)) == sounding(began, at(130)) == ("b", 30.0)
    assert [sounding(more, at(s))[0] for s in (201, 251, 351)] == ["x", "c", "a"]


def test_a_deleted_track_leaves_the_sequence_and_the_current_one_plays_on() -> None:
    """Deleting a played or a waiting track keeps the position in the current one."""
    began = turn(None, wanted(), FILES, at(0))
    for gone, left in (("a", "bc"), ("c", "ab")):
        rest = turn(began, wanted(), [piece for piece in FILES if piece[0] != gone], at(130), "b")
        assert names(rest) == left
        assert sounding(rest, at(130)) == ("b", 30.0)


def test_the_current_track_plays_to_its_end_after_its_deletion() -> None:
    """b, deleted while it plays, plays to its end, then c follows; the next look removes b."""
    began = turn(None, wanted(), FILES, at(0))
    deleted = turn(began, wanted(), (FILES[0], FILES[2]), at(130), "b")
    assert sounding(deleted, at(150)) == ("b", 50.0)
    after = turn(deleted, wanted(), (FILES[0], FILES[2]), at(201), "c")
    assert names(after) == "ac"
    assert sounding(after, at(201)) == ("c", 1.0)
    assert sounding(turn(began, wanted(), (FILES[0], FILES[2]), at(130)), at(130)) == ("c", 0.0)  # a restart
    assert turn(began, wanted(), (), at(130)) is None


def test_a_second_start_on_the_same_day_continues_with_unplayed_tracks() -> None:
    """Played tracks wait until the others were played; the next day starts with the first track."""
    first = turn(None, wanted(until=2.5), FILES, at(0))  # 150 s: a, and half of b
    again = turn(first, wanted(30, until=60), FILES, at(1800))
    assert sounding(again, at(1800)) == ("c", 0.0)
    assert sounding(again, at(1901)) == ("a", 1.0)
    unheard = turn(turn(None, wanted(until=0), FILES, at(0)), wanted(30), FILES, at(1800))
    assert sounding(unheard, at(1800)) == ("a", 0.0)
    assert sounding(
        turn(again, wanted(day=1), FILES, NINE + timedelta(days=1)), NINE + timedelta(days=1)
    ) == (
        "a",
        0.0,
    )


@settings(max_examples=examples(100), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["add", "delete", "next", "restart", "again"]), st.integers(0, 60)), max_size=12)
)  # fmt: skip
def test_no_track_is_repeated_while_others_wait(actions: list[tuple[str, int]]) -> None:
    """For any additions, deletions, skips and restarts, no played track sounds again while others of the round wait."""
    files, now, want = list(FILES), NINE, wanted(until=600)
    position = turn(None, want, files, now)
    heard: list[str] = []
    added: set[str] = set()  # after the current track started: it does not have to wait for them
    last: str | None = None

    def hear(skipped: bool = False) -> None:
        nonlocal last
        name, offset = sounding(position, now)
        if name != last and (offset >= BEGUN_S or skipped):
            waiting = {piece[0] for piece in files} - set(heard) - added
            assert name not in heard or not waiting, (name, heard, files)
            heard[:], last = [*(heard if waiting else []), name], name
            added.clear()

    for number, (action, steps) in enumerate(actions):
        for _ in range(steps):
            now += timedelta(seconds=7.0314159)  # never exactly at a track's end
            hear()
        if action == "add":
            files.append((f"x{number}", 100.0))
            added.add(f"x{number}")
        elif action == "delete" and len(files) > 1:
            del files[number % len(files)]
        elif action == "next" and position is not None:
            hear(skipped=True)  # a skipped track counts as played
            position = position.skipped(now)
        elif action == "again":
            want, last = DesiredMusic("p", 40, now, NINE + timedelta(hours=10)), None
        stored = position.to_json() if position else None
        position = turn(PlaylistPosition.from_json(stored), want, files, now, last)


# ---- in the office


@pytest.fixture
def office(tmp_path: Path) -> House:
    """Return an office with its own writable music, in the middle of the morning's music."""
    sounds = tmp_path / "sounds"
    (sounds / "music" / "morning").mkdir(parents=True)
    for name in ("chime.ogg", "applause-small.ogg"):
        shutil.copy(ROOT / "sounds" / name, sounds)
    for name in "abc":
        (sounds / "music" / "morning" / f"{name}.wav").write_bytes(encoded(tone(30), "wav"))
    made = House(tmp_path, datetime(2026, 11, 24, 8, 20, tzinfo=SHANGHAI), home=tmp_path)
    made.go_to("08:30:43")
    report_track(made)
    return made


def place(made: House) -> tuple[str, float]:
    order: MusicOrder | None = made.speaker.order
    assert order is not None
    position = order.position_s + made.clock.monotonic() - order.start_at
    index, offset = locate([track.duration_s for track in order.tracks], position)
    return order.tracks[index].path.name, round(offset, 1)


def report_track(made: House) -> None:
    """Report the current track as the player does."""
    made.office.timetable_listener.on_speaker(
        Event("track", path=made.folder / "sounds" / "music" / "morning" / place(made)[0], at=0.0)
    )
    made.keeper.refresh()


def test_an_upload_joins_the_running_sequence_and_survives_a_restart(office: House) -> None:
    """An uploaded track is next and the current one plays on; a restart has the same sequence and position."""
    before, orders = place(office), len(office.speaker.orders)
    office.office.media.tracks.add("morning", "新歌.wav", io.BytesIO(encoded(tone(15), "wav")))
    office.keeper.refresh()
    assert place(office) == before
    assert len(office.speaker.orders) == orders + 1
    order = office.speaker.order
    assert order is not None
    listed = [track.path.stem for track in order.tracks]
    assert listed[(listed.index(before[0][0]) + 1) % 4] == "新歌"
    office.close()
    office.open()
    assert place(office) == before
    assert [track.path.stem for track in office.speaker.order.tracks] == listed
    office.office.media.tracks.remove("morning", "新歌.wav")
    office.keeper.refresh()
    assert place(office) == before
    assert len(office.speaker.order.tracks) == 3
    orders = len(office.speaker.orders)
    office.keeper.refresh()
    assert len(office.speaker.orders) == orders
    office.close()


def test_next_skips_in_the_player_and_the_command_has_the_same_position(office: House) -> None:
    """«next» goes to the player at once; the next music command has the same position, so no track restarts."""
    order = office.speaker.order
    assert order is not None
    present, offset = place(office)
    names = [track.path.name for track in order.tracks]
    office.office.music.next_track()
    office.keeper.refresh()
    assert office.speaker.skips == 1
    assert place(office) == (names[(names.index(present) + 1) % 3], 0.0)
    moved = (office.speaker.order.position_s - order.position_s) if office.speaker.order else 0.0
    assert moved == pytest.approx(30 - offset, abs=0.05)
    moved_to = place(office)
    office.close()
    office.open()
    assert place(office) == moved_to
    office.close()


def test_music_started_by_a_person_continues_with_unplayed_tracks(tmp_path: Path) -> None:
    """Played, stopped and played again within an hour, the music starts with another track the second time."""
    with house(tmp_path, datetime(2026, 11, 24, 10, 10, tzinfo=SHANGHAI)) as made:
        made.office.music.play("morning")
        made.keeper.refresh()
        first = place(made)[0]
        made.go_to("10:11")
        made.office.music.stop()
        made.keeper.refresh()
        made.go_to("10:40")
        made.office.music.play("morning")
        made.keeper.refresh()
        assert place(made) != (first, 0.0)
        assert place(made)[1] == 0.0
