"""How the parts are joined: one signal of the store's commits, and nothing assigned from outside."""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.changes import Changes
from controller.sales.store import Store
from controller.services.context import Preferences
from tests.tools import wiring


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "book.db")
    yield made
    made.close()


def counted(store: Store) -> list[int]:
    """Grows with each signal."""
    found: list[int] = []
    store.changes.listen(lambda: found.append(store.changes.number))
    return found


def test_a_commit_that_changed_something_signals_once(store: Store) -> None:
    """Two changes in one transaction are one signal, which comes when another connection can read them."""
    seen: list[object] = []

    def look() -> None:
        with store.read() as session:
            seen.append(session.desk.setting("b"))

    store.changes.listen(look)
    with store.write() as session:
        session.desk.set_setting("a", 1)
        session.desk.set_setting("b", 2)
        assert seen == []
    assert seen == [2]


def test_what_changed_nothing_or_nobody_sees_does_not_signal(store: Store) -> None:
    """No signal after a read-only transaction, a quiet one, and one that was undone."""
    signals = counted(store)
    with store.write() as session:
        session.desk.setting("a")
    with store.write(quiet=True) as session:
        session.desk.set_setting("a", 1)
    with pytest.raises(ZeroDivisionError), store.write() as session:  # noqa: PT012
        session.desk.set_setting("a", 2)
        raise ZeroDivisionError
    assert signals == []


def test_who_hears_of_a_preference_reads_the_new_one(store: Store) -> None:
    """What memory keeps of a row is right before the signal: nobody who is woken by it reads the old value."""
    kept = Preferences(store)
    kept.set("volume", 10)
    read: list[object] = []
    store.changes.listen(lambda: read.append(kept.get("volume")))
    kept.set("volume", 20)
    assert read == [20]


def test_a_listener_that_fails_harms_no_other() -> None:
    """The next one is called, and so is the one that fails, again, at the next change."""
    changes, called = Changes(), threading.Event()
    changes.listen(lambda: 1 // 0)
    changes.listen(called.set)
    changes.notify()
    assert called.is_set()


def test_nothing_is_assigned_from_outside_and_nothing_signals_beside_a_write() -> None:
    """Parts get what they need in their constructors, and a commit alone tells of what it changed."""
    trees = wiring.sources()
    assert wiring.assigned_from_outside(trees) == []
    assert wiring.notified_beside_writes(trees) == []


def test_both_are_noticed() -> None:
    """The count finds an attribute set on another object, and a hand-written signal beside a write or a call of one."""
    text = (
        "class A:\n"
        "    def __init__(self):\n        self.late = None\n"
        "    def put(self):\n        with self.store.write() as s:\n            s.add()\n        self.feed.notify()\n"
        "    def verb(self):\n        self.put()\n        self.context.changes.notify()\n"
        "A().late = 1\n"
    )
    trees = {wiring.ROOT / "controller" / "made_up.py": ast.parse(text)}
    assert wiring.assigned_from_outside(trees) == ["controller/made_up.py:11 A().late"]
    assert len(wiring.notified_beside_writes(trees)) == 2
