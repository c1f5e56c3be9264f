"""The question whether a file is silent: open once at a time, however long the answer takes."""

from __future__ import annotations

import threading
from pathlib import Path

from controller.sound.player_reports import SilenceCheck

FILE = Path("music.wav")


def test_one_question_at_a_time() -> None:
    """The player reports silence every two seconds: a slow answer opens the device once, not once for each report."""
    answer, asked, unheard = threading.Event(), [], threading.Semaphore(0)

    def silent_file(path: Path, position_s: float) -> bool:
        asked.append(position_s)
        assert answer.wait(30)
        return False

    check = SilenceCheck(silent_file)
    for second in (2.0, 4.0, 6.0):
        check.ask(FILE, second, unheard.release)
    answer.set()
    assert unheard.acquire(timeout=30)
    assert asked == [2.0]


def test_after_an_answer_the_next_question_is_asked() -> None:
    """An answer, also one that failed, leaves the way free."""
    answers = iter([RuntimeError("no decoder"), False])
    tries, unheard = threading.Semaphore(0), threading.Event()

    def silent_file(path: Path, position_s: float) -> bool:
        tries.release()
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    check = SilenceCheck(silent_file)
    check.ask(FILE, 2.0, unheard.set)
    assert tries.acquire(timeout=30)
    while not unheard.is_set():  # until the first thread has ended
        check.ask(FILE, 4.0, unheard.set)
        unheard.wait(0.01)
