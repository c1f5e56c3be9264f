"""Wiring of the parts: each commit of the store signals once, and no attribute is assigned from outside."""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import FakeAnnouncer, FakeSpeaker, FakeVoice

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
    """Return a list that grows with each signal."""
    numbers: list[int] = []
    store.changes.listen(lambda: numbers.append(store.changes.number))
    return numbers


def test_a_commit_that_changed_something_signals_once(store: Store) -> None:
    """Two changes in one transaction give one signal, sent when another connection can read them."""
    seen: list[object] = []

    def look() -> None:
        with store.read() as session:
            seen.append(session.settings.setting("b"))

    store.changes.listen(look)
    with store.write() as session:
        session.settings.set_setting("a", 1)
        session.settings.set_setting("b", 2)
        assert seen == []
    assert seen == [2]


def test_a_transaction_without_visible_change_does_not_signal(store: Store) -> None:
    """A read-only, a quiet and a rolled-back transaction send no signal."""
    signals = counted(store)
    with store.write() as session:
        session.settings.setting("a")
    with store.write(quiet=True) as session:
        session.settings.set_setting("a", 1)
    with pytest.raises(ZeroDivisionError), store.write() as session:  # noqa: PT012
        session.settings.set_setting("a", 2)
        raise ZeroDivisionError
    assert signals == []


def test_a_listener_reads_the_new_preference(store: Store) -> None:
    """The cached value is updated before the signal, so a listener never reads the old one."""
    kept = Preferences(store)
    kept.set("volume", 10)
    read: list[object] = []
    store.changes.listen(lambda: read.append(kept.get("volume")))
    kept.set("volume", 20)
    assert read == [20]


def test_a_failing_listener_does_not_stop_the_others() -> None:
    """When one listener raises, the next one is still called."""
    changes, called = Changes(), threading.Event()
    changes.listen(lambda: 1 // 0)
    changes.listen(called.set)
    changes.notify()
    assert called.is_set()


def test_nothing_is_assigned_from_outside_and_nothing_signals_beside_a_write() -> None:
    """Parts get their dependencies in the constructor, and only a commit signals its change."""
    trees = wiring.sources()
    assert wiring.assigned_from_outside(trees) == []
    assert wiring.notified_beside_writes(trees) == []


def test_both_faults_are_noticed() -> None:
    """The check finds an attribute set on another object, and a signal sent beside a write or beside a call of one."""
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


@pytest.mark.parametrize(
    ("device", "fake"), [("voice", FakeVoice), ("speaker", FakeSpeaker), ("announcer", FakeAnnouncer)]
)
def test_stand_ins_have_the_methods_in_use(device: str, fake: type) -> None:
    """A method that only the real device has fails here first, not in a test of a whole office."""
    called = {
        node.func.attr
        for file in Path("controller/services").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Attribute | ast.Name)
        and getattr(node.func.value, "attr", getattr(node.func.value, "id", "")).lstrip("_") == device
    }
    assert len(called) > 2
    assert called <= set(dir(fake))
