"""The outbox: everything that is to be said ends as heard, merged or dropped, with a reason."""

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
    State,
)
from controller.sales.store import Session, Store
from controller.timetable.model import FREE_TEXT, SAYABLE

FINAL = (HEARD, MERGED, DROPPED)


def put(session: Session, key: str = "a", kind: str = "big", **more: object) -> Announcement:
    made, _ = session.outbox.add(key, kind, "恭喜", "超过一万元。", at("10:00"), DAY, **more)  # type: ignore[arg-type]
    return made


def test_an_announcement_comes_back_as_it_was_put_in(store: Store) -> None:
    """Text, script, decision, orders, moments and priority survive, exactly."""
    one, two = record(store), record(store, 2)
    script = {"lines": [["恭喜", "first", True]], "applause": "large"}
    with store.write() as session:
        made = put(
            session, due=at("15:00"), deals=[two.id, one.id, one.id], priority=7, script=script,
            decision={"when": "15:00"},
        )  # fmt: skip
    with store.read() as session:
        assert session.outbox.get(made.id) == session.outbox.by_key("a") == made
        assert session.outbox.of_day(DAY) == session.outbox.of_deal(two.id) == (made,)
    assert made.deals == (one.id, two.id)
    assert (made.state, made.due, made.priority, made.script) == (WAITING, at("15:00"), 7, script)
    assert made.decision == {"when": "15:00"}


def test_the_same_key_is_put_in_once(store: Store) -> None:
    """A message sent twice with one key is one message; with another text it is a conflict."""
    with store.write() as session:
        first, new = session.outbox.add("k", "say", "开会", "", at("10:00"), DAY)
        again, new_again = session.outbox.add("k", "say", "开会", "", at("10:05"), DAY)
        assert (new, new_again, again) == (True, False, first)
        with pytest.raises(Conflict, match="别的内容"):
            session.outbox.add("k", "say", "散会", "", at("10:05"), DAY)


@pytest.mark.parametrize(("before", "after"), list(product(State, State)))
def test_what_is_done_stays_done(store: Store, before: str, after: str) -> None:
    """Heard, merged and dropped never change; a refused change leaves state and reason alone."""
    with store.write() as session:
        made = put(session, state=before)
        moved = session.outbox.move(made.id, after, "现在", at("10:01"))
        found = session.outbox.get(made.id)
    assert found is not None
    assert moved == (found.state == after and found.why == "现在")
    if before in FINAL or before == after:
        assert not moved
    if not moved:
        assert found == made


def test_a_broadcast_notes_when_it_began_and_ended(store: Store) -> None:
    """Started, ended and the reason are kept; one that was interrupted waits again with a clean slate."""
    with store.write() as session:
        made = put(session)
        assert session.outbox.move(made.id, PLAYING, "正在播", at("10:01"))
        assert session.outbox.move(made.id, WAITING, "音箱断开，再播一次", at("10:02"), due=at("10:03"))
        again = session.outbox.get(made.id)
        assert again is not None
        assert (again.started, again.ended, again.due) == (None, None, at("10:03"))
        assert session.outbox.move(made.id, PLAYING, "正在播", at("10:04"))
        assert session.outbox.move(made.id, HEARD, "已播", at("10:05"))
        done = session.outbox.get(made.id)
    assert done is not None
    assert (done.started, done.ended, done.why, done.due) == (at("10:04"), at("10:05"), "已播", at("10:03"))


def test_unfinished_is_what_the_last_run_left(store: Store) -> None:
    """At a start exactly what waits or was playing is found, oldest first."""
    with store.write() as session:
        made = {state: put(session, key=state, state=state).id for state in State}
        assert [a.id for a in session.outbox.unfinished()] == [made[WAITING], made[PLAYING]]
        assert [a.id for a in session.outbox.waiting()] == [made[WAITING]]
        assert [a.id for a in session.outbox.waiting("big")] == [made[WAITING]]
        assert session.outbox.waiting("say") == ()


def test_only_what_waits_can_be_put_off_or_reworded(store: Store) -> None:
    """A waiting announcement takes another moment and wording; one that plays or is done doesn't."""
    with store.write() as session:
        made = put(session)
        assert session.outbox.put_off(made.id, at("12:55"), "小憩")
        assert session.outbox.rewrite(made.id, "再次恭喜", {"lines": []})
        changed = session.outbox.get(made.id)
        assert changed is not None
        assert (changed.due, changed.why, changed.text) == (at("12:55"), "小憩", "再次恭喜")
        session.outbox.move(made.id, PLAYING, "正在播", at("12:55"))
        assert not session.outbox.put_off(made.id, None, "")
        assert not session.outbox.rewrite(made.id, "", {})


def test_not_heard_may_still_join_a_roundup(store: Store) -> None:
    """What no device played isn't lost: it may wait again or be merged."""
    with store.write() as session:
        one, two = put(session, "1", state=NOT_HEARD), put(session, "2", state=NOT_HEARD)
        assert session.outbox.move(one.id, MERGED, "并入 15:00 播报", at("15:00"))
        assert session.outbox.move(two.id, WAITING, "设备恢复", at("15:00"))


def test_the_sentences_of_deals_are_those_of_the_kinds_asked_for(store: Store) -> None:
    """The last of each deal, of these kinds and days; a deal without one is not there."""
    one, two = record(store), record(store, 2)
    with store.write() as session:
        put(session, "a", deals=[one.id, two.id])
        for key, kind in (("b", "first_of_day"), ("c", "first_of_week"), ("d", "roundup")):
            session.outbox.add(key, kind, f"第一单 {key}", "", at("10:00"), DAY, deals=[one.id])
    with store.read() as session:
        assert session.outbox.texts_of_deals(("first_of_day", "first_of_week"), DAY) == {one.id: "第一单 c"}
        assert session.outbox.texts_of_deals(("first_of_day",), DAY + timedelta(days=1)) == {}


def test_every_word_that_a_cue_may_say_is_a_kind(store: Store) -> None:
    """What the timetable can say is stored as itself; a kind of another version reads as free text."""
    assert {*SAYABLE, FREE_TEXT} <= set(Kind)
    with store.write() as session:
        kept = [put(session, key=word, kind=word).kind for word in (*SAYABLE, FREE_TEXT)]
        strange = put(session, key="strange", kind="from a later version").kind
    assert kept == [Kind(word) for word in (*SAYABLE, FREE_TEXT)]
    assert strange == Kind.TEXT
