"""The next announcement is chosen from the waiting rows and the silences alone; rows do not store silences."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fakes import SHANGHAI
from office_made import house

from controller.sales.model import Announcement
from controller.services.announcement_priority import FRESH, Silence, as_it_waits, choose

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=SHANGHAI)
SECOND = timedelta(seconds=1)


def at(clock: str) -> datetime:
    hour, minute, *second = map(int, clock.split(":"))
    return NOON.replace(hour=hour, minute=minute, second=second[0] if second else 0)


NAP = Silence(at("12:30"), at("12:55"), "小憩时间", "小憩时间结束，现在播报。")


def mute(since: str, until: str) -> Silence:
    return Silence(at(since), at(until), "正在静音", "静音结束，现在播报。")


def row(
    ident: int, created: str, kind: str = "say", priority: int = 50, due: str | None = None
) -> Announcement:
    return Announcement(
        ident, f"key-{ident}", kind, "大家好", "waiting", "立即播报。", at(created), at(due) if due else None,
        deals=(ident,) if kind == "big" else (), priority=priority,
    )  # fmt: skip


def ids(announcements: tuple[Announcement, ...]) -> list[int]:
    return [announcement.id for announcement in announcements]


def test_the_highest_priority_comes_first_then_the_oldest() -> None:
    """Rows are sorted by priority; rows of equal priority keep the sequence in which they were created."""
    waiting = [
        row(1, "14:00"),
        row(2, "14:00", "big", 60),
        row(3, "14:00"),
        row(4, "14:00", "emergency", 100),
    ]
    assert ids(choose(waiting, [], at("14:00:30")).ready) == [4, 2, 1, 3]


def test_in_a_silence_only_an_emergency_is_ready_and_nothing_is_stale() -> None:
    """During quiet time or mute every other row waits for its end, however long that takes."""
    waiting = [row(1, "12:00"), row(2, "12:35"), row(3, "12:49", "emergency", 100)]
    for silences in ([NAP], [mute("12:00", "13:30")], [NAP, mute("12:20", "12:54")]):
        choice = choose(waiting, silences, at("12:50"))
        assert (ids(choice.ready), choice.stale) == ([3], ())


def test_the_end_of_a_silence_makes_its_fresh_rows_ready() -> None:
    """At the end its rows are ready for two more minutes; rows that were too old when it began are stale."""
    waiting = [row(1, "12:20"), row(2, "12:28"), row(3, "12:40"), row(4, "12:50", due="12:55")]
    choice = choose(waiting, [NAP], at("12:55"))
    assert (ids(choice.ready), ids(choice.stale)) == ([2, 3, 4], [1])
    assert ids(choose(waiting[1:], [NAP], at("12:55") + FRESH + SECOND).stale) == [2, 3, 4]


def test_a_future_silence_delays_nothing_yet() -> None:
    """A minute before quiet time a due row is ready; a row that is due during quiet time waits for its end."""
    choice = choose([row(1, "12:29"), row(2, "12:00", due="12:45")], [NAP], at("12:29:10"))
    assert ids(choice.ready) == [1]
    assert choice.ahead == (at("12:55"),)


@pytest.mark.parametrize(
    ("silences", "end"),
    [
        ([mute("12:20", "12:40"), NAP], "12:55"),
        ([NAP, mute("12:50", "13:10")], "13:10"),
        ([mute("12:20", "13:10"), NAP], "13:10"),
        ([mute("12:10", "12:31"), NAP, mute("12:54", "13:00")], "13:00"),
    ],
)
def test_adjoining_silences_count_as_one(silences: list[Silence], end: str) -> None:
    """A row that is due in the first waits for the end of the last, and its reason gives that time."""
    waiting = as_it_waits(row(1, "12:30:30"), silences, at("12:53"))
    assert waiting.due == at(end)
    assert waiting.why.endswith(f"，{end} 播报。")
    assert ids(choose([row(1, "12:30:30")], silences, at(end)).ready) == [1]


def test_more_than_two_ready_deals_are_announced_together() -> None:
    """Three big deals are announced together; two deals or repeats are not."""
    deals = [row(n, "14:00", "big", 60) for n in (1, 2, 3)]
    assert ids(choose(deals, [], at("14:01")).together) == [1, 2, 3]
    assert choose(deals[:2], [], at("14:01")).together == ()
    assert choose(deals, [mute("13:59", "14:30")], at("14:01")).together == ()


def test_rows_store_no_silence_and_mute_changes_no_row(tmp_path: Path) -> None:
    """During quiet time and mute the outbox keeps each row's own due time, while the displayed reason follows the
    silence; starting, changing and ending mute changes no row."""
    with house(tmp_path, at("14:10")) as office:
        office.deal("赵磊", 50)
        office.announcer.say(office.clock)
        office.office.music.mute_for(30)
        decision = office.deal("王小明", 20000).decision.to_json()
        office.deal("陈芳", 300)
        office.office.speech.announce("三点开会。", "k")
        assert (decision["when"], decision["why"]) == ("14:40", "正在静音，14:40 播报。")

        def rows() -> list[tuple[object, ...]]:
            with office.store.read() as session:
                return [(waiting.kind, waiting.due, waiting.why) for waiting in session.outbox.waiting()]

        kept, sold = rows(), office.clock.now()
        office.clock.go(seconds=50)
        assert kept == [
            ("big", sold, "超过一万元，立即播报。"),
            ("hourly", at("15:00"), "15:00 整点一起播报。"),
            ("say", None, "立即播报。"),
        ]
        for minutes, big in (
            (29, "正在静音，14:39 播报。"),
            (9, "正在静音，14:19 播报。"),
            (0, "静音提前结束，现在播报。"),
        ):
            office.office.music.mute_for(minutes)
            office.keeper.refresh()
            waiting = [a for a in office.office.announced.of_day(NOON.date()) if a.state == "waiting"]
            assert waiting[0].why == big
            assert rows() == kept
        assert [job.priority for job in office.announcer.jobs] == [60, 50]


def test_a_script_that_cannot_be_built_blocks_no_other(tmp_path: Path) -> None:
    """A row whose script is broken is reported as not heard, and the next one is played."""
    with house(tmp_path, at("14:10")) as office:
        office.office.speech.announce("一", "a")
        office.office.speech.announce("二", "b")
        with office.store.write() as session:
            session.rows.change("UPDATE announcements SET script = '{\"applause\": []}' WHERE id = 1")
        office.announcer.begin(office.clock)
        assert office.states()["say:1"][0] == "not_heard"
        assert [job.script.segments[0].text for job in office.announcer.say(office.clock)] == ["二"]


@pytest.mark.parametrize("hours", [-2, 30])
def test_setting_the_clock_makes_nothing_late_or_early(tmp_path: Path, hours: int) -> None:
    """Announcements that are queued when the clock jumps are played, without waiting for hours."""
    with house(tmp_path, at("14:10")) as office:
        office.office.speech.announce("电梯修好了。", "k")
        office.deal("王小明", 20000)
        office.clock.jump(office.clock.now() + timedelta(hours=hours))
        office.office.timetable_listener.jumped(3600 * hours)
        office.keeper.refresh()
        assert [job.priority for job in office.announcer.jobs] == [60, 50]


def test_quiet_time_ends_when_an_edit_removes_it(tmp_path: Path) -> None:
    """Announcements that wait for the end of quiet time are played when an edit removes it, and are not stale."""
    with house(tmp_path, at("12:35")) as office:
        office.office.speech.announce("电梯修好了。", "k")
        office.deal("王小明", 20000)
        office.go_to("12:50")
        office.keeper.refresh()
        assert office.announcer.jobs == []
        text = office.file.read_text(encoding="utf-8").replace("    quiet: true\n", "")
        office.file.write_text(text, encoding="utf-8")
        office.timetable_file.refresh()
        office.clock.go(seconds=1)
        office.keeper.refresh()
        assert [job.priority for job in office.announcer.jobs] == [60, 50]
        assert {why for state, why in office.states().values() if state == "waiting"} == {
            "小憩时间结束，现在播报。"
        }
