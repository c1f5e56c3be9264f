"""Decide when a deal is announced, and why: now, after quiet time, at the full hour or in the results. Pure.

**Rules.** The first deal of the week or day is announced immediately, and so is a deal of *more* than `big_over`
(a record, if it is larger than all deals before). During quiet time or mute they are postponed to its end. All other
deals join the next full hour's round-up; after the day's last round-up they join the results, and after the results
the next working day's first round-up. The same rules apply on days off: big and first deals are announced
immediately.

**Taken back.** A deal counts as first only while no other deal stands and no first-deal announcement has been played,
because the office celebrates 开门红 once. When the first deal is taken back before its announcement, the next one
is first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from controller.moments import local_time
from controller.sales.highlights import is_record
from controller.sales.model import (
    BIG,
    FIRST_OF_DAY,
    FIRST_OF_WEEK,
    PLAYING,
    RECORD,
    RESULTS,
    ROUNDUP,
    Announcement,
    Kind,
)
from controller.sales.money import money

BY_MUTE: Final = "正在静音"
"""Start of the reason for announcements postponed by mute."""
DAYS_BY_NAME: Final = 7
"""Days ahead from which a weekday's name is ambiguous: in 7 days it is today's."""
STILL_FRESH: Final = timedelta(minutes=2)
"""Maximum age of an announcement interrupted by a restart that is still played."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The inputs of a decision at `now` (with the office's offset, like all moments here).

    `big_over`: yuan, strictly more is big. `quiet_until`, `muted_until`: end of quiet time and mute, None when not
    active. `next_roundup`: today or on the next working day, None when the office has no round-ups. `results_at`:
    today's results, None when there are none. `record_over`: the largest deal so far. `at_once`: a clause for the
    treatment of announcements due now; `held`: why they are nevertheless postponed (see `hearing`).
    """

    now: datetime
    first_of_week: bool
    first_of_day: bool
    big_over: Decimal
    quiet_until: datetime | None = None
    muted_until: datetime | None = None
    next_roundup: datetime | None = None
    results_at: datetime | None = None
    workday: bool = True
    record_over: Decimal | None = None
    quiet_name: str = "安静时间"
    at_once: str = "立即播报"
    held: str | None = None

    def without_silence(self) -> Facts:
        """Return the facts as they would be without the present quiet time and mute."""
        return replace(self, quiet_until=None, muted_until=None)


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision for a deal: its kind, when it is announced (None: never), whether merged with others, and why.

    `now`: the moment of the decision. `held`: the cause when it is due now but the office
    cannot hear it (a value of `hearing`).
    """

    kind: Kind
    when: datetime | None
    merge: bool
    why: str
    now: datetime
    held: str | None = None

    @property
    def at_once(self) -> bool:
        """Return whether it is announced immediately."""
        return self.when is not None and self.when <= self.now

    def to_json(self) -> dict[str, object]:
        """Serialise for phone and API: `when` is "now", "HH:MM" (today), "YYYY-MM-DD HH:MM", or None for never.

        `held` is present only when the announcement is due now and the office cannot hear it.
        """
        when = "now" if self.at_once else self._written()
        decision: dict[str, object] = {"kind": self.kind, "when": when, "why": self.why}
        return decision if self.held is None else {**decision, "held": self.held}

    def _written(self) -> str | None:
        if self.when is None:
            return None
        today = self.when.date() == self.now.date()
        return f"{self.when:%H:%M}" if today else f"{self.when:%Y-%m-%d %H:%M}"


def decide(amount: Decimal, facts: Facts) -> Decision:
    """Decide about a deal of `amount` yuan by the rules in this module's docstring."""
    kind = _kind(amount, facts)
    return _soon(kind, facts) if kind else _with_others(facts)


def calm(facts: Facts) -> Decision:
    """Decide about a correction that people want to be announced: one sentence, as soon as sound is allowed."""
    when = _allowed(facts.now, facts)
    if when <= facts.now:
        why = f"只说这一句，不鼓掌，{facts.at_once}。"
        return Decision(Kind.SAY, facts.now, False, why, facts.now, facts.held)
    why = f"{_holding(facts)}，{time_text(when, facts.now)} 播报。"
    return Decision(Kind.SAY, when, False, why, facts.now)


def after_restart(
    announcement: Announcement,
    now: datetime,
    next_roundup: datetime | None,
    quiet_until: datetime | None = None,
) -> Decision:
    """Decide about an announcement that was waiting or playing when the daemon stopped.

    Future ones keep waiting. Those due less than two minutes ago are played now, or at the end of the present quiet
    time. For older ones, the deals join the next round-up; older announcements without deals are no longer relevant
    and are dropped, with the reason.
    """
    due = announcement.due or announcement.created
    if announcement.state == PLAYING:
        due = announcement.started or due
    kind = announcement.kind
    if due > now:
        return Decision(kind, due, kind == ROUNDUP, announcement.why, now)
    if now - due < STILL_FRESH:
        when = max(now, quiet_until or now)
        moment = "现在" if when == now else f"{time_text(when, now)} "
        return Decision(kind, when, kind == ROUNDUP, f"重启前没有播完，{moment}播报。", now)
    if announcement.deals and next_roundup is not None:
        why = f"重启错过了播报时间，{time_text(next_roundup, now)} 一起播报。"
        return Decision(ROUNDUP, next_roundup, True, why, now)
    return Decision(kind, None, False, "重启错过了播报时间，已超过两分钟，不再播报。", now)


def next_roundup(
    now: datetime,
    first: time,
    last: time,
    *,
    workday: bool,
    next_workday: date,
    zone: tzinfo,
    off: Sequence[tuple[datetime, datetime]] = (),
) -> datetime | None:
    """Return the next round-up after `now`: today's on a working day, else the next working day's first.

    Round-ups take place at every full hour from `first` to `last`, both included, outside the spans of `off`, in which
    the office does not work; None when there is no such hour.
    """
    hours = range(first.hour + (first > time(first.hour)), last.hour + 1)
    days = [now.date()] if workday else []
    moments = (local_time(d, time(h), zone) for d in [*days, next_workday] for h in hours)
    worked = (m for m in moments if not any(since <= m < until for since, until in off))
    return next((moment for moment in worked if moment > now), None)


def _kind(amount: Decimal, facts: Facts) -> Kind | None:
    if facts.first_of_week:
        return FIRST_OF_WEEK
    if facts.first_of_day:
        return FIRST_OF_DAY
    if amount <= facts.big_over:
        return None
    return RECORD if is_record(amount, facts.record_over) else BIG


def _soon(kind: Kind, facts: Facts) -> Decision:
    because = {
        FIRST_OF_WEEK: "本周第一单",
        FIRST_OF_DAY: "今天第一单",
        RECORD: "刷新了单笔纪录",
        BIG: f"超过{_round(facts.big_over)}",
    }[kind]
    when = _allowed(facts.now, facts)
    if when <= facts.now:
        invite = kind == FIRST_OF_WEEK and facts.held is None
        invitation = "，也可以请本人亲自用话筒报喜" if invite else ""
        return Decision(
            kind, facts.now, False, f"{because}，{facts.at_once}{invitation}。", facts.now, facts.held
        )
    return Decision(kind, when, False, f"{_holding(facts)}，{time_text(when, facts.now)} 播报。", facts.now)


def _with_others(facts: Facts) -> Decision:
    now, roundup, results = facts.now, facts.next_roundup, facts.results_at
    today = roundup is not None and roundup.date() == now.date()
    if not today and results is not None and now < results:
        when = _allowed(results, facts)
        return Decision(RESULTS, when, True, f"{time_text(when, now)} 在战报里一起公布。", now)
    if roundup is None:
        return Decision(ROUNDUP, None, True, "没有安排整点播报，只上大屏。", now)
    when = _allowed(roundup, facts)
    if today and when > roundup:
        return Decision(ROUNDUP, when, True, f"{_holding(facts)}，{time_text(when, now)} 一起播报。", now)
    if today:
        return Decision(ROUNDUP, when, True, on_the_hour(when, now), now)
    over = "今天的播报已经结束" if facts.workday else "今天休息"
    return Decision(ROUNDUP, when, True, f"{over}，{time_text(when, now)} 一起播报。", now)


def _allowed(moment: datetime, facts: Facts) -> datetime:
    """Return the first moment from `moment` on after the present quiet time and mute."""
    return max(moment, *(until for until in (facts.quiet_until, facts.muted_until, moment) if until))


def _holding(facts: Facts) -> str:
    mute_until, quiet_until = facts.muted_until, facts.quiet_until
    by_mute = quiet_until is None or (mute_until is not None and mute_until > quiet_until)
    return BY_MUTE if by_mute else facts.quiet_name


def on_the_hour(when: datetime, now: datetime) -> str:
    """Return the reason for deals that wait for a round-up."""
    return f"{time_text(when, now)} 整点一起播报。"


def time_text(when: datetime, now: datetime) -> str:
    """Format as HH:MM of the office, with the weekday within the next six days, else with the date."""
    ahead = (when.date() - now.date()).days
    weekday = f"周{'一二三四五六日'[when.weekday()]}"
    if ahead == 0:
        return f"{when:%H:%M}"
    if 0 < ahead < DAYS_BY_NAME:
        return f"{weekday} {when:%H:%M}"
    return f"{when.month}月{when.day}日（{weekday}）{when:%H:%M}"


def _round(amount: Decimal) -> str:
    """Format a threshold in words: 一万元, 两万元, else ¥12,500."""
    tens, rest = divmod(amount, 10_000)
    if rest or not 1 <= tens <= 9:
        return f" {money(amount)}"
    return f"{'一两三四五六七八九'[int(tens) - 1]}万元"
