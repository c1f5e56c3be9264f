"""When an order is spoken, and why: now, after the quiet time, at the full hour, in the results. Pure.

**Rules.** The first order of the week and of the day go out at once, so does an order of *more* than
`big_over` (a record, if it beats every order before); while it is quiet or hushed they wait for the end.
Every other order joins the next full hour's round-up; after the day's last one it joins the results, after
the results the next working day's first round-up. On days off the same holds: what is big or first is
spoken at once.

**Taken back.** "First" is gone once an order stands that was not taken back, or once a first order was
spoken: the office cheers 开门红 once. When the first order is taken back before it was spoken, the next one
is first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Final

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

HUSHED: Final = "正在静音"
"""How the reason begins of what a person's hush puts off."""
DAYS_BY_NAME: Final = 7
"""Days ahead at which a weekday's name would mean today's."""
STILL_FRESH: Final = timedelta(minutes=2)
"""What a restart interrupted is spoken again when it isn't older."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the decision hangs on, at `now` (aware, in the office's zone, like all moments here).

    `big_over` in yuan, strictly more is big; `quiet_until`, `hushed_until`: None when it isn't quiet or
    hushed; `next_roundup`: the next one, today or on the next working day, None when the office has none;
    `results_at`: today's results, None when there are none today; `record_over`: the largest order so far;
    `at_once`: what becomes of something that is due now, as a clause, and `held` why it has to wait all the same
    (see `hearing`).
    """

    now: datetime
    first_of_week: bool
    first_of_day: bool
    big_over: Decimal
    quiet_until: datetime | None = None
    hushed_until: datetime | None = None
    next_roundup: datetime | None = None
    results_at: datetime | None = None
    workday: bool = True
    record_over: Decimal | None = None
    quiet_name: str = "安静时间"
    at_once: str = "立即播报"
    held: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of an order: as which kind, when (None: never spoken), joined with others, and why.

    `now` is when it was decided, in the office's zone. `held`: the cause when it is due now but the office cannot
    hear it (a value of `hearing`).
    """

    kind: Kind
    when: datetime | None
    merge: bool
    why: str
    now: datetime
    held: str | None = None

    @property
    def at_once(self) -> bool:
        """Whether it is to be spoken without waiting."""
        return self.when is not None and self.when <= self.now

    def to_json(self) -> dict[str, object]:
        """For phone and API: when is "now", "HH:MM" (today), "YYYY-MM-DD HH:MM", or None for never.

        `held` is there only when the office cannot hear what is due now.
        """
        when = "now" if self.at_once else self._written()
        found: dict[str, object] = {"kind": self.kind, "when": when, "why": self.why}
        return found if self.held is None else {**found, "held": self.held}

    def _written(self) -> str | None:
        if self.when is None:
            return None
        local = self.when.astimezone(self.now.tzinfo)
        return f"{local:%H:%M}" if local.date() == self.now.date() else f"{local:%Y-%m-%d %H:%M}"


def decide(amount: Decimal, facts: Facts) -> Decision:
    """What becomes of an order of `amount` yuan; the rules are this file's."""
    kind = _kind(amount, facts)
    return _soon(kind, facts) if kind else _with_others(facts)


def after_restart(
    announcement: Announcement,
    now: datetime,
    next_roundup: datetime | None,
    quiet_until: datetime | None = None,
) -> Decision:
    """What becomes of something that waited or was playing when the daemon stopped.

    What isn't due yet keeps waiting. What should have sounded less than two minutes ago is spoken now, or
    when the quiet time that is on has ended. Older: its orders join the next round-up; what has no orders
    has lost its sense and is dropped, with the reason.
    """
    due = announcement.due or announcement.created
    if announcement.state == PLAYING:
        due = announcement.started or due
    kind = announcement.kind
    if due > now:
        return Decision(kind, due, kind == ROUNDUP, announcement.why, now)
    if now - due < STILL_FRESH:
        when = max(now, quiet_until or now)
        moment = "现在" if when == now else f"{said(when, now)} "
        return Decision(kind, when, kind == ROUNDUP, f"重启前没有播完，{moment}播报。", now)
    if announcement.deals and next_roundup is not None:
        why = f"重启错过了播报时间，{said(next_roundup, now)} 一起播报。"
        return Decision(ROUNDUP, next_roundup, True, why, now)
    return Decision(kind, None, False, "重启错过了播报时间，已超过两分钟，不再播报。", now)


def next_roundup(
    now: datetime, first: time, last: time, *, workday: bool, next_workday: date, zone: tzinfo
) -> datetime | None:
    """The next full hour's round-up after `now`: today's if it is a working day, else the next one's first.

    Round-ups are at every full hour from `first` to `last`, both included; None when there is no such hour.
    """
    hours = range(first.hour + (first > time(first.hour)), last.hour + 1)
    days = [now.astimezone(zone).date()] if workday else []
    moments = (datetime.combine(d, time(h), zone) for d in [*days, next_workday] for h in hours)
    return next((moment for moment in moments if moment > now), None)


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
    return Decision(kind, when, False, f"{_holding(facts)}，{said(when, facts.now)} 播报。", facts.now)


def _with_others(facts: Facts) -> Decision:
    now, roundup, results = facts.now, facts.next_roundup, facts.results_at
    today = roundup is not None and roundup.astimezone(now.tzinfo).date() == now.date()
    if not today and results is not None and now < results:
        when = _allowed(results, facts)
        return Decision(RESULTS, when, True, f"{said(when, now)} 在战报里一起公布。", now)
    if roundup is None:
        return Decision(ROUNDUP, None, True, "没有安排整点播报，只上大屏。", now)
    when = _allowed(roundup, facts)
    if today and when > roundup:
        return Decision(ROUNDUP, when, True, f"{_holding(facts)}，{said(when, now)} 一起播报。", now)
    if today:
        return Decision(ROUNDUP, when, True, on_the_hour(when, now), now)
    over = "今天的播报已经结束" if facts.workday else "今天休息"
    return Decision(ROUNDUP, when, True, f"{over}，{said(when, now)} 一起播报。", now)


def _allowed(moment: datetime, facts: Facts) -> datetime:
    """The first moment from `moment` on at which the present quiet time and hush are over."""
    return max(moment, *(until for until in (facts.quiet_until, facts.hushed_until, moment) if until))


def _holding(facts: Facts) -> str:
    hushed, quiet = facts.hushed_until, facts.quiet_until
    by_hush = quiet is None or (hushed is not None and hushed > quiet)
    return HUSHED if by_hush else facts.quiet_name


def on_the_hour(when: datetime, now: datetime) -> str:
    """The reason of what waits for a round-up."""
    return f"{said(when, now)} 整点一起播报。"


def said(when: datetime, now: datetime) -> str:
    """HH:MM in the office's zone; of the coming six days with the weekday in front, of other days with the date."""
    local = when.astimezone(now.tzinfo)
    ahead = (local.date() - now.date()).days
    weekday = f"周{'一二三四五六日'[local.weekday()]}"
    if ahead == 0:
        return f"{local:%H:%M}"
    if 0 < ahead < DAYS_BY_NAME:
        return f"{weekday} {local:%H:%M}"
    return f"{local.month}月{local.day}日（{weekday}）{local:%H:%M}"


def _round(amount: Decimal) -> str:
    """A threshold as people say it: 一万元, 两万元, else ¥12,500."""
    tens, rest = divmod(amount, 10_000)
    if rest or not 1 <= tens <= 9:
        return f" {money(amount)}"
    return f"{'一两三四五六七八九'[int(tens) - 1]}万元"
