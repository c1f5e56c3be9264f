"""When a new version counts as healthy, and the reason that is given when it does not; no clock, no process."""

from __future__ import annotations

import pytest

from controller.upgrade.trial import Health, Trial

WITHIN_S, SETTLED_S = 60.0, 5.0


def well(token: str = "a") -> Health:
    return Health(200, "2.0", token)


def sick(*troubles: str, token: str = "a", version: str = "2.0") -> Health:
    return Health(503, version, token, troubles)


def judged(*answers: tuple[float, Health | None], before: Health | None = None) -> tuple[float, str]:
    """Feed answers, each from its second on and the last for ever; return second and verdict."""
    trial, now = Trial("2.0", before, 0.0, WITHIN_S, SETTLED_S), 0.0
    while now < 2 * WITHIN_S:
        answer = next((answer for since, answer in reversed(answers) if since <= now), None)
        why = trial.verdict(now, answer)
        if why is not None:
            return now, why
        now += 0.5
    pytest.fail("never judged")


def test_one_process_that_answers_well_for_five_seconds() -> None:
    """It is healthy then, and not before."""
    assert judged((10, well())) == (15, "")


@pytest.mark.parametrize("second", [55.5, 57, 59.5])
def test_a_settling_time_that_began_in_time_may_finish(second: float) -> None:
    """A slow machine answers for the first time shortly before the minute is over: it is not sent back."""
    assert judged((second, well())) == (second + SETTLED_S, "")


def test_a_settling_time_that_begins_late_counts_no_more() -> None:
    """The minute is a limit: neither a first answer after it nor a new process after it is waited for."""
    assert judged((60, well())) == (60, "应答断断续续")
    assert judged((58, well("a")), (61, well("b"))) == (61, "不断重新启动")


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([(0, None)], "60 秒内没有应答"),
        ([(20, Health(200, "1.0", "z"))], "应答的一直是 1.0"),
        ([(20, sick("屏幕坏了。", "钟不准。", "磁盘满了。"))], "屏幕坏了。、钟不准"),
        ([(20, sick())], "自己说不正常，但没有说原因"),
        ([(20, well()), (24, None)], "应答过，后来没有应答了"),
        ([(second, well(f"{second}")) for second in range(0, 130, 4)], "不断重新启动"),
        ([(0, well("a")), (4, None), (50, well("b")), (54, None)], "不断重新启动"),
        ([(20, sick("屏幕坏了。", token="a")), (40, sick("屏幕坏了。", token="b"))], "屏幕坏了"),
    ],
)
def test_what_was_seen_is_said(answers: list[tuple[float, Health | None]], why: str) -> None:
    """Restarts are named only when there were any."""
    assert judged(*answers) == (60, why)


def test_a_fault_of_before_is_no_reason() -> None:
    """A box without a loudspeaker answers as before."""
    assert judged((10, sick("没有音响。")), before=sick("没有音响。", version="1.0")) == (15, "")
