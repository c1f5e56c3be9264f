"""A background thread goes on through faults, is woken, and ends when it is asked to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from controller.system.background import BackgroundThread

LONG_S = 30.0
"""Longer than any wait of these tests: a thread that waits for it has failed."""


class Counting(BackgroundThread):
    """Count turns; each asks `act` what to do, and how long to wait."""

    def __init__(self, act: Callable[[int], float] = lambda _: LONG_S, **limits: float | None) -> None:
        super().__init__("counting", **limits)  # type: ignore[arg-type]
        self.turns = 0
        self.act = act
        self.changed = threading.Condition()
        self.over = threading.Event()

    def turn(self) -> float:
        with self.changed:
            self.turns += 1
            self.changed.notify_all()
        return self.act(self.turns)

    def faulty(self, fault: Exception) -> float:
        super().faulty(fault)
        return 0.0

    def ended(self) -> None:
        self.over.set()

    def reaches(self, turns: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.turns >= turns, 10)


def test_a_fault_is_logged_with_its_cause_and_the_next_turn_comes(caplog: pytest.LogCaptureFixture) -> None:
    """A full disk or a programming error does not end the thread."""

    def fails_first(turns: int) -> float:
        if turns == 1:
            raise OSError("the disk is full")
        return LONG_S

    thread = Counting(fails_first)
    with caplog.at_level(logging.ERROR):
        thread.start()
        assert thread.reaches(2)
    thread.close()
    assert "counting failed once" in caplog.text
    assert "the disk is full" in caplog.text


def test_waking_takes_the_next_turn_at_once() -> None:
    """Also during the first wait after the start."""
    thread = Counting(first_s=LONG_S)
    thread.start()
    thread.wake()
    assert thread.reaches(1)
    thread.wake()
    assert thread.reaches(2)
    thread.close()
    assert not thread.is_alive()


def test_waking_during_a_turn_is_not_lost() -> None:
    """A change that comes while the thread works is looked at afterwards."""
    inside, goes_on = threading.Event(), threading.Event()

    def works(turns: int) -> float:
        if turns == 1:
            inside.set()
            goes_on.wait(10)
        return LONG_S

    thread = Counting(works)
    thread.start()
    assert inside.wait(10)
    thread.wake()
    goes_on.set()
    assert thread.reaches(2)
    thread.close()


def test_the_end_shortens_a_rest_and_clears_up_in_the_thread() -> None:
    """A pause between connections does not hold up the stop."""
    resting = threading.Event()

    def rests(_: int) -> float:
        resting.set()
        thread.rest(LONG_S)
        return 0.0

    thread = Counting(rests, closing_s=10)
    thread.start()
    assert resting.wait(10)
    thread.close()
    assert not thread.is_alive()
    assert thread.over.is_set()
    assert thread.turns == 1


class Late(threading.Event):
    """An event during whose clearing the wish to end arrives."""

    def __init__(self, arrives: Callable[[], None]) -> None:
        super().__init__()
        self._arrives = arrives

    def clear(self) -> None:
        self._arrives()
        super().clear()


class EndedBetweenTurns(Counting):
    """Asked to end while the thread clears an older wish to wake."""

    def __init__(self) -> None:
        super().__init__(closing_s=10)
        self._awake = Late(self.stop)


def test_a_wish_to_end_that_comes_between_two_turns_is_seen() -> None:
    """The wake of `stop` is not lost when the thread clears an older one."""
    thread = EndedBetweenTurns()
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_closing_what_never_started_is_harmless() -> None:
    """A start that failed half-way closes all parts."""
    Counting().close()
