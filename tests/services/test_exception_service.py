"""Exceptions made on the phone hold at once for sound, outbox and screens, can be undone, and lose no deal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from office_made import House, house

from controller.sales.model import Conflict, Refused, Unknown
from controller.timetable.exceptions import words_of

ZONE = ZoneInfo("Asia/Shanghai")
FRIDAY = date(2026, 11, 27)
AFTERNOON = datetime(2026, 11, 27, 14, 10, tzinfo=ZONE)
HALF_DAY = {"kind": "off_from", "at": "14:30"}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, AFTERNOON) as made:
        yield made


def make(office: House, on: date, key: str, **fields: str) -> int:
    made = office.office.exceptions.make(on, fields, key, "王小明的手机")
    office.keeper.refresh()
    return made.exception.id


def undo(office: House, on: date, ident: int) -> None:
    office.office.exceptions.undo(on, ident, "总监的手机")
    office.keeper.refresh()


def reasons(office: House, kind: str) -> list[str]:
    return [
        why for name, (state, why) in office.states().items() if name.startswith(kind) and state == "waiting"
    ]


def test_deals_of_a_cancelled_round_up_wait_and_come_back_after_an_undo(office: House) -> None:
    """Off from 14:30: the 15:00 round-up is not announced to an empty office; undone, it takes place after all."""
    for person in ("王小明", "陈芳"):
        office.deal(person, 500)
    assert reasons(office, "hourly") == ["15:00 整点一起播报。"]
    ident = make(office, FRIDAY, "half", **HALF_DAY)
    assert reasons(office, "hourly") == ["安排有变，周一 10:00 一起播报。"]
    undo(office, FRIDAY, ident)
    assert reasons(office, "hourly") == ["安排有变，15:00 一起播报。"]


def test_a_deal_after_the_end_waits_for_the_next_working_day(office: House) -> None:
    """Also when Monday is off: then Tuesday's first round-up; no results are promised for a day without them."""
    make(office, FRIDAY, "half", **HALF_DAY)
    make(office, date(2026, 11, 30), "monday", kind="off")
    office.go_to("15:20")
    office.deal("王小明", 500)
    assert office.deal("陈芳", 600).decision.to_json()["why"] == "今天的播报已经结束，周二 10:00 一起播报。"


def test_deals_that_wait_for_cancelled_results_join_the_next_round_up(office: House) -> None:
    """After 17:00 deals wait for 18:05; when that is skipped they are not lost."""
    office.deal("王小明", 500)
    office.go_to("17:10")
    office.deal("陈芳", 600)
    assert reasons(office, "evening") == ["18:05 在战报里一起公布。"]
    make(office, FRIDAY, "skip", kind="skip", item="cue", name="results", was="18:05")
    assert "今天的战报取消了，周一 10:00 一起播报。" in reasons(office, "hourly")


def test_deals_follow_results_that_are_moved(office: House) -> None:
    """Results at 17:30 instead of 18:05 include the deals that waited for them."""
    office.deal("王小明", 500)
    office.go_to("17:10")
    office.deal("陈芳", 600)
    make(office, FRIDAY, "move", kind="move", item="cue", name="results", was="18:05", at="17:30")
    office.go_to("17:31")
    assert reasons(office, "evening") == []
    assert any(name.startswith("results") for name in office.states())


def test_the_music_stops_and_returns_at_once(tmp_path: Path) -> None:
    """No music from now on: the next look sends silence; undone, the playlist plays again."""
    with house(tmp_path, datetime(2026, 11, 27, 8, 40, tzinfo=ZONE)) as office:
        assert office.speaker.order is not None
        ident = make(office, FRIDAY, "still", kind="no_music", at="08:35", until="12:00")
        assert office.speaker.order is None
        undo(office, FRIDAY, ident)
        assert office.speaker.order is not None


def test_off_now_ends_the_music(tmp_path: Path) -> None:
    with house(tmp_path, datetime(2026, 11, 27, 8, 40, tzinfo=ZONE)) as office:
        make(office, FRIDAY, "home", kind="off")
        assert office.speaker.order is None
        assert office.office.snapshot.glance().scene == "rest"


def test_announcements_wait_until_the_span_ends(office: House) -> None:
    """A big deal, a round-up, an extra moment and a text of a person: each waits, with the reason, none is lost."""
    office.deal("王小明", 500)
    make(office, FRIDAY, "calm", kind="no_announcements", at="14:11", until="15:30")
    make(office, FRIDAY, "extra", kind="extra", at="14:20", text="全体到大会议室")
    office.go_to("14:25")
    assert office.deal("赵磊", 50_000).decision.to_json()["when"] == "15:30"
    office.office.speech.announce("下午茶到了", "tea")
    office.deal("陈芳", 600)
    waiting = [why for kind in ("text", "big", "say", "hourly") for why in reasons(office, kind)]
    assert len(waiting) == 4
    assert all(why.startswith("这段时间不播报，15:30") for why in waiting)
    assert office.office.snapshot.glance().sounding.hearing.sentence == "按临时安排，15:30 以前不播报。"
    office.go_to("15:30")
    assert reasons(office, "text") == ["不播报的时间结束，现在播报。"]
    assert reasons(office, "roundup") == ["整点播报。"]


def test_an_extra_moment_is_announced_once_and_not_put_off(office: House) -> None:
    """Not again after a restart, and beside another text at the same moment."""
    for number, text in enumerate(("全体到大会议室", "拍合影")):
        make(office, FRIDAY, f"extra-{number}", kind="extra", at="14:20", text=text)
    office.go_to("14:20")
    texts = [one.text for one in office.office.announced.of_day(FRIDAY)]
    assert texts == ["全体到大会议室", "拍合影"]
    office.close()
    office.open()
    office.go_to("14:21")
    assert [one.text for one in office.office.announced.of_day(FRIDAY)] == texts


def test_who_made_and_who_undid_it_is_kept(office: House) -> None:
    """Also over a restart; an undone one stays as history and cannot be undone twice."""
    ident = make(office, FRIDAY, "half", **HALF_DAY)
    office.close()
    office.open()
    assert [words_of(one) for one in office.office.exceptions.day(FRIDAY).plan.exceptions] == ["14:30 起休息"]
    undo(office, FRIDAY, ident)
    (kept,) = office.office.exceptions.day(FRIDAY).kept
    assert (kept.exception.by, kept.exception.made, kept.undone_by) == (
        "王小明的手机",
        AFTERNOON,
        "总监的手机",
    )
    assert not office.office.exceptions.undo(FRIDAY, ident, "别人")
    assert office.office.exceptions.day(FRIDAY).kept == (kept,)


def test_the_same_key_makes_it_once(office: House) -> None:
    """A repeated request gets the same answer, also after an undo; another content is a conflict."""
    first = make(office, FRIDAY, "half", **HALF_DAY)
    again = office.office.exceptions.make(FRIDAY, HALF_DAY, "half", "x")
    assert (again.exception.id, again.created) == (first, False)
    with pytest.raises(Conflict):
        office.office.exceptions.make(FRIDAY, {"kind": "off"}, "half", "x")
    undo(office, FRIDAY, first)
    assert not office.office.exceptions.make(FRIDAY, HALF_DAY, "half", "x").created
    assert office.office.exceptions.day(FRIDAY).plan.exceptions == ()


def test_two_phones_at_once_make_one_of_two_overlapping_exceptions(office: House) -> None:
    """The second is refused with the first one's author, and nothing of it is stored."""
    outcomes: list[str] = []

    def press(number: int) -> None:
        try:
            office.office.exceptions.make(
                FRIDAY, {"kind": "off_from", "at": f"1{number}:00"}, f"key-{number}", f"手机{number}"
            )
            outcomes.append("made")
        except Refused as refused:
            outcomes.append(refused.sentence)

    threads = [threading.Thread(target=press, args=(number,)) for number in (5, 6, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("made") == 1
    assert all("请先撤销它" in outcome for outcome in outcomes if outcome != "made")
    assert len(office.office.exceptions.day(FRIDAY).kept) == 1


def test_a_past_or_foreign_exception_is_not_undone(office: House) -> None:
    ident = make(office, FRIDAY, "half", **HALF_DAY)
    with pytest.raises(Unknown):
        office.office.exceptions.undo(FRIDAY + timedelta(days=1), ident, "x")
    office.clock.jump(AFTERNOON + timedelta(days=1))
    with pytest.raises(Refused, match="已经过去了"):
        office.office.exceptions.undo(FRIDAY, ident, "x")


def test_a_date_has_at_most_fifty(office: House) -> None:
    for number in range(50):
        clock = AFTERNOON + timedelta(minutes=10 + number)
        office.office.exceptions.make(
            FRIDAY, {"kind": "extra", "at": f"{clock:%H:%M}", "text": "开会"}, f"k{number}", "x"
        )
    with pytest.raises(Refused, match="已经有 50 项"):
        office.office.exceptions.make(FRIDAY, {"kind": "off_from", "at": "17:00"}, "one-more", "x")


def test_an_edit_of_the_timetable_keeps_the_exceptions(office: House) -> None:
    """Exceptions hold for the new file too; one whose entry is gone says so, and the others go on."""
    make(office, FRIDAY, "half", **HALF_DAY)
    make(office, FRIDAY, "skip", kind="skip", item="entry", name="拔营略寨", was="16:30")
    text = office.file.read_text(encoding="utf-8").replace("name: 拔营略寨", "name: 新的一段")
    office.file.write_text(text, encoding="utf-8")
    assert office.timetable_file.refresh()
    plan = office.timetable_file.plan(FRIDAY)
    assert f"{plan.entries[-1].until:%H:%M}" == "14:30"
    assert any("没有“拔营略寨”" in warning for warning in plan.warnings)


def test_an_unreadable_row_stops_nothing(office: House) -> None:
    """A kind of a later version is left out of the plan; the day and the other exceptions go on."""
    make(office, FRIDAY, "half", **HALF_DAY)
    with office.store.write() as session:
        columns = "INSERT INTO exceptions (key, date, value, made, made_by)"
        session.rows.add(f"{columns} VALUES ('x', '2026-11-27', '{{\"kind\":\"new\"}}', 0, '')")
    office.close()
    office.open()
    assert len(office.timetable_file.plan(FRIDAY).exceptions) == 1


def test_a_second_run_as_replaces_the_first(office: House) -> None:
    """In one transaction, previewed against the first; undone, the first is made again; a stale offer is refused."""
    first = make(office, FRIDAY, "a", kind="like", like="monday")
    with pytest.raises(Refused):
        make(office, FRIDAY, "b", kind="like", like="tuesday")
    fields = {"kind": "like", "like": "tuesday", "replaces": first}
    shown = office.office.exceptions.preview(FRIDAY, fields)
    assert [words_of(one) for one in shown.before.exceptions] == ["按周一的安排"]
    made = office.office.exceptions.make(FRIDAY, fields, "c", "王小明的手机").exception
    assert [one.like for one in office.timetable_file.plan(FRIDAY).exceptions] == ["tuesday"]
    with pytest.raises(Conflict, match="刚被撤销了"):
        office.office.exceptions.make(FRIDAY, fields, "d", "王小明的手机")
    back = {"kind": "like", "like": "monday", "replaces": made.id}
    office.office.exceptions.make(FRIDAY, back, "e", "王小明的手机")
    assert [one.like for one in office.timetable_file.plan(FRIDAY).exceptions] == ["monday"]
    with pytest.raises(Refused, match="replaces"):
        office.office.exceptions.preview(FRIDAY, {**fields, "replaces": "x"})
