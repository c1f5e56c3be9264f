"""The outbox: every announcement ends as heard, merged or dropped, with a reason."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from book_made import DAY, at, record

from controller.sales.model import (
    DROPPED,
    HEARD,
    MERGED,
    NOT_HEARD,
    PLAYING,
    WAITING,
    Announcement,
    Conflict,
    Kind,
    Line,
    NewAnnouncement,
    State,
    StoredScript,
)
from controller.sales.store import Session, Store
from controller.timetable.model import FREE_TEXT, SAYABLE

FINAL = (HEARD, MERGED, DROPPED)


def put(session: Session, key: str = "a", kind: str = "big", **more: object) -> Announcement:
    new = NewAnnouncement(key, Kind(kind), "恭喜", "超过一万元。", at("10:00"), DAY, **more)  # type: ignore[arg-type]
    announcement, _ = session.outbox.add(new)
    return announcement


def test_an_announcement_is_read_back_unchanged(store: Store) -> None:
    """Text, script, decision, deals, moments and priority survive exactly."""
    one, two = record(store), record(store, 2)
    script = StoredScript((Line("恭喜", "first", True),), "large")
    with store.write() as session:
        stored = put(
            session, due=at("15:00"), deals=(two.id, one.id, one.id), priority=7, script=script,
            decision={"when": "15:00"},
        )  # fmt: skip
    with store.read() as session:
        assert session.outbox.get(stored.id) == session.outbox.by_key("a") == stored
        assert session.outbox.of_day(DAY) == session.outbox.of_deal(two.id) == (stored,)
    assert stored.deals == (one.id, two.id)
    assert (stored.state, stored.due, stored.priority, stored.script) == (WAITING, at("15:00"), 7, script)
    assert stored.decision == {"when": "15:00"}


def test_the_same_key_is_stored_once(store: Store) -> None:
    """A message sent twice with one key is stored once; with another text it is a conflict."""
    with store.write() as session:
        first, new = session.outbox.add(NewAnnouncement("k", Kind.SAY, "开会", "", at("10:00"), DAY))
        again, new_again = session.outbox.add(NewAnnouncement("k", Kind.SAY, "开会", "", at("10:05"), DAY))
        assert (new, new_again, again) == (True, False, first)
        with pytest.raises(Conflict, match="别的内容"):
            session.outbox.add(NewAnnouncement("k", Kind.SAY, "散会", "", at("10:05"), DAY))


@pytest.mark.parametrize(("before", "after"), list(product(State, State)))
def test_final_states_never_change(store: Store, before: str, after: str) -> None:
    """Heard, merged and dropped never change; a refused change leaves state and reason unchanged."""
    with store.write() as session:
        stored = put(session, state=before)
        moved = session.outbox.move(stored.id, after, "现在", at("10:01"))
        changed = session.outbox.get(stored.id)
    assert changed is not None
    assert moved == (changed.state == after and changed.why == "现在")
    if before in FINAL or before == after:
        assert not moved
    if not moved:
        assert changed == stored


def test_an_announcement_records_when_it_started_and_ended(store: Store) -> None:
    """Start, end and reason are stored; an interrupted announcement waits again without a start."""
    with store.write() as session:
        stored = put(session)
        assert session.outbox.move(stored.id, PLAYING, "正在播", at("10:01"))
        assert session.outbox.move(stored.id, WAITING, "音箱断开，再播一次", at("10:02"), due=at("10:03"))
        again = session.outbox.get(stored.id)
        assert again is not None
        assert (again.started, again.ended, again.due) == (None, None, at("10:03"))
        assert session.outbox.move(stored.id, PLAYING, "正在播", at("10:04"))
        assert session.outbox.move(stored.id, HEARD, "已播", at("10:05"))
        done = session.outbox.get(stored.id)
    assert done is not None
    assert (done.started, done.ended, done.why, done.due) == (at("10:04"), at("10:05"), "已播", at("10:03"))


def test_a_start_finds_unfinished_announcements(store: Store) -> None:
    """At a start exactly the waiting and playing announcements are returned, oldest first."""
    with store.write() as session:
        idents = {state: put(session, key=state, state=state).id for state in State}
        assert [a.id for a in session.outbox.unfinished()] == [idents[WAITING], idents[PLAYING]]
        assert [a.id for a in session.outbox.waiting()] == [idents[WAITING]]
        assert [a.id for a in session.outbox.waiting("big")] == [idents[WAITING]]
        assert session.outbox.waiting("say") == ()


def test_only_waiting_announcements_can_be_postponed_or_reworded(store: Store) -> None:
    """The moment and text of a waiting announcement can change; those of a playing or finished one cannot."""
    with store.write() as session:
        stored = put(session)
        assert session.outbox.postpone(stored.id, at("12:55"), "小憩")
        assert session.outbox.rewrite(stored.id, "再次恭喜", StoredScript())
        changed = session.outbox.get(stored.id)
        assert changed is not None
        assert (changed.due, changed.why, changed.text) == (at("12:55"), "小憩", "再次恭喜")
        session.outbox.move(stored.id, PLAYING, "正在播", at("12:55"))
        assert not session.outbox.postpone(stored.id, None, "")
        assert not session.outbox.rewrite(stored.id, "", StoredScript())


def test_not_heard_may_still_join_a_roundup(store: Store) -> None:
    """An announcement that no device played is not lost: it may wait again or be merged."""
    with store.write() as session:
        one, two = put(session, "1", state=NOT_HEARD), put(session, "2", state=NOT_HEARD)
        assert session.outbox.move(one.id, MERGED, "并入 15:00 播报", at("15:00"))
        assert session.outbox.move(two.id, WAITING, "设备恢复", at("15:00"))


def test_the_texts_of_deals_have_the_requested_kinds(store: Store) -> None:
    """Each deal has its last text of the requested kinds and days; deals without one are left out."""
    one, two = record(store), record(store, 2)
    with store.write() as session:
        put(session, "a", deals=[one.id, two.id])
        for key, kind in (("b", "first_of_day"), ("c", "first_of_week"), ("d", "roundup")):
            session.outbox.add(
                NewAnnouncement(key, Kind(kind), f"第一单 {key}", "", at("10:00"), DAY, deals=(one.id,))
            )
    with store.read() as session:
        assert session.outbox.texts_of_deals(("first_of_day", "first_of_week"), DAY) == {one.id: "第一单 c"}
        assert session.outbox.texts_of_deals(("first_of_day",), DAY + timedelta(days=1)) == {}


def test_every_word_that_a_cue_may_say_is_a_kind(store: Store) -> None:
    """Every announcement of a cue is stored under its own kind; a kind of another version is read as free text."""
    assert {*SAYABLE, FREE_TEXT} <= set(Kind)
    with store.write() as session:
        kept = [put(session, key=word, kind=word).kind for word in (*SAYABLE, FREE_TEXT)]
        strange = put(session, key="strange", kind="from a later version").kind
    assert kept == [Kind(word) for word in (*SAYABLE, FREE_TEXT)]
    assert strange == Kind.TEXT


@pytest.mark.parametrize(
    ("stored", "script"),
    [
        ("{}", StoredScript()),
        ('{"lines":[],"applause":null,"chime":true}', StoredScript(applause=None)),
        (
            '{"lines":["好"],"applause":"large","alarm":true}',
            StoredScript((Line("好"),), "large", alarm=True),
        ),
        ('{"lines":[],"applause":null,"chime":true,"clip":"ab"}', StoredScript(applause=None, clip="ab")),
    ],
)
def test_scripts_of_earlier_versions_are_read(store: Store, stored: str, script: StoredScript) -> None:
    """A script stored by an earlier version sounds as it did then, also without the newer fields."""
    with store.write() as session:
        announcement = put(session)
        session.rows.change("UPDATE announcements SET script = ? WHERE id = ?", stored, announcement.id)
    with store.read() as session:
        read = session.outbox.get(announcement.id)
    assert read is not None
    assert read.script == script == StoredScript.from_json(script.to_json())


def test_waiting_deals_of_the_round_up_are_counted_without_their_rows(store: Store) -> None:
    """The announcer's list leaves them out; their due moments are listed once and moved together."""
    with store.write() as session:
        alone = put(session, "a", "big")
        for number in range(5):
            put(session, f"h{number}", "hourly", due=at("11:00"))
        put(session, "e", "evening", due=at("18:05"))
        put(session, "over", "hourly", due=at("10:30"), state=HEARD)
        outbox = session.outbox
        others = (Kind.HOURLY, Kind.EVENING)
        assert outbox.waiting_besides(others) == (alone,)
        assert sorted(outbox.waiting_until(others)) == [("evening", at("18:05")), ("hourly", at("11:00"))]
        assert outbox.postpone_all(Kind.HOURLY, at("11:00"), at("12:00"), "安排有变。") == 5
        assert {(one.due, one.why) for one in outbox.waiting(Kind.HOURLY)} == {(at("12:00"), "安排有变。")}
        assert sorted(outbox.waiting_until(others)) == [("evening", at("18:05")), ("hourly", at("12:00"))]


def test_a_days_outcomes_are_counted_by_state_and_reason(store: Store) -> None:
    """Each has its number and its first moments; waiting ones are apart by the moment they wait for."""
    with store.write() as session:
        for number in range(4):
            put(session, f"m{number}", "hourly", state=MERGED)
        put(session, "w1", "hourly", due=at("11:00"))
        put(session, "w2", "hourly", due=at("12:00"))
        merged, first, second = session.outbox.outcomes(DAY, 3)
        assert (merged.state, merged.kind, merged.count, merged.due) == (MERGED, Kind.HOURLY, 4, None)
        assert merged.times == (at("10:00"),) * 3
        assert merged.created == at("10:00")
        assert [(one.due, one.count) for one in (first, second)] == [(at("11:00"), 1), (at("12:00"), 1)]
        assert session.outbox.outcomes(DAY - timedelta(days=1), 3) == ()


def test_announcements_of_shown_deals_and_of_a_kind_are_read_alone(store: Store) -> None:
    """By deal, by the beginning of the key, and the latest of some kinds."""
    one, two = record(store), record(store, 2)
    with store.write() as session:
        about_one = put(session, "deal:1", deals=(one.id,))
        put(session, "deal:2", deals=(two.id,))
        correction = put(session, "correction:1:2", "say")
        say = put(session, "by hand", "say")
        outbox = session.outbox
        assert outbox.of_day_and_deals(DAY, [one.id]) == (about_one,)
        assert outbox.of_day_and_deals(DAY - timedelta(days=1), [one.id]) == ()
        assert outbox.of_day_and_key(DAY, "correction:") == (correction,)
        assert outbox.latest_of_kinds(DAY, ["say"], 9) == (say, correction)
        assert outbox.latest_of_kinds(DAY, ["say"], 1) == (say,)
