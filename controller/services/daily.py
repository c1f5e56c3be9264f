"""The day's line: announcements heard today, others, and why. On the phone at any time, to links in the evening."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from controller.health import HealthProblem
from controller.moments import local_time
from controller.sales.model import DROPPED, HEARD, MERGED, MOST_TIMES, NOT_HEARD, WAITING, Outcome
from controller.services.context import Context
from controller.services.link_news import LinkNews

LATEST: Final = timedelta(hours=3)
"""A box that is switched on later than this after the moment sends no line for the day."""
MOST_REASONS: Final = 6


@dataclass(frozen=True, slots=True)
class DayLine:
    """Sentences about a day: how much was heard, then a line for each reason why something was not."""

    date: date
    lines: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the lines for a link or the phone."""
        return {"date": self.date.isoformat(), "lines": list(self.lines)}


def day_line(day: date, outcomes: Iterable[Outcome], problems: Iterable[HealthProblem] = ()) -> DayLine:
    """Summarise what became of a day's announcements; `problems`: those that last. Pure."""
    rows = list(outcomes)
    heard = sum(row.count for row in rows if row.state == HEARD)
    merged = sum(row.count for row in rows if row.state == MERGED)
    lost = [row for row in rows if row.state in (NOT_HEARD, DROPPED)]
    waiting = [row for row in rows if row.state == WAITING]
    lines = [
        f"今天播了 {heard} 条，都播成了。" if rows and not lost and not waiting else f"今天播了 {heard} 条。"
    ]
    if merged:
        lines.append(f"另有 {merged} 条并进了别的播报。")
    lines += [f"没有播 {count} 条：{why}（{listed(at)}）" for why, count, at in _reasons(lost)]
    lines += [f"还在等 {count} 条：{why}（{listed(at)}）" for why, count, at in _reasons(waiting)]
    lasting = [f"还没有解决：{problem.what}" for problem in problems if problem.shown]
    return DayLine(day, (*lines, *lasting[:MOST_REASONS]))


def _reasons(rows: Iterable[Outcome]) -> list[tuple[str, int, list[str]]]:
    """Return the most frequent reasons with the number and the times of their announcements; rare ones are added up."""
    by_reason: dict[str, list[Outcome]] = {}
    for row in rows:
        by_reason.setdefault(row.why or "没有写原因。", []).append(row)
    counted = [(why, sum(row.count for row in each), _times(each)) for why, each in by_reason.items()]
    frequent = sorted(counted, key=lambda reason: -reason[1])
    rest = [row for why, _, _ in frequent[MOST_REASONS:] for row in by_reason[why]]
    others = [("别的原因。", sum(row.count for row in rest), _times(rest))] if rest else []
    return [*frequent[:MOST_REASONS], *others]


def _times(rows: Iterable[Outcome]) -> list[str]:
    times = sorted(at for row in rows for at in row.times)
    return list(dict.fromkeys(f"{at:%H:%M}" for at in times))  # several of one minute are named once


def listed(times: list[str]) -> str:
    """Return the first times in one text."""
    return " ".join(times[:MOST_TIMES]) + (" …" if len(times) > MOST_TIMES else "")


class DailyNews:
    """Make the line of today; send it once to the links that want it. Called by the timekeeper."""

    def __init__(
        self, context: Context, news: LinkNews, wanted: Callable[[], bool],
        outcomes: Callable[[date], tuple[Outcome, ...]], problems: Callable[[], tuple[HealthProblem, ...]],
    ) -> None:  # fmt: skip
        self._context, self._news, self._wanted = context, news, wanted
        self._outcomes, self._problems = outcomes, problems
        self._sent: date | None = None

    def line(self, day: date) -> DayLine:
        """Return the line of a day; today's names the problems that last."""
        today = day == self._context.clock.now().date()
        return day_line(day, self._outcomes(day), self._problems() if today else ())

    def follow(self, now: datetime) -> None:
        """Send the line of a working day when its moment has come."""
        at = local_time(now.date(), time(), self._context.clock.zone) + self._context.rhythm.health.daily
        if self._sent == now.date() or not at <= now < at + LATEST:
            return
        self._sent = now.date()
        if not self._context.plan(now).workday or not self._wanted():
            return
        line = self.line(now.date())
        with self._context.store.write(
            quiet=True
        ) as session:  # its key is unique: a restart sends nothing again
            self._news.daily(session, line.to_json(), now.date(), now)
