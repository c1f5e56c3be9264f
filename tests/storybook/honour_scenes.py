"""Stories of the ceremony's walk and of the contests' quiet lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from controller.glance import Ceremony, ContestView, OnAir
from controller.sales.ceremony import Slide
from controller.sales.contests import Rules, Side
from controller.timetable.model import WallDisplay
from tests.storybook.cast import LONG, MONDAY, TEAMS
from tests.storybook.story import Story, glance, story

OCTOBER = date(2026, 10, 1)


def _walk(at: int | None, name: str = "陈芳") -> Ceremony:
    slides = (
        Slide("month", OCTOBER, 0, 1, name, "猛虎队", 63, Decimal(486000), "总经理亲手颁发的大奖", ""),
        Slide(
            "week", date(2026, 10, 12), 2, 2, "李思思", "飞龙队", 17, Decimal(128600), "全体销售邮件表扬", ""
        ),
        Slide("day", date(2026, 10, 13), 8, 3, "赵磊", "雄鹰队", 31, Decimal(264000), "", ""),
    )
    return Ceremony(OCTOBER, slides, at)


def _ceremony(at: int | None, name: str = "陈芳", display: WallDisplay | None = None) -> Story:
    day = glance("13:06")
    return Story(replace(day, scene="award", ceremony=_walk(at, name)), display or WallDisplay())


def _spoken() -> Story:
    """Return the walk that turns with the voice, at its second slide."""
    spoken = _ceremony(None)
    now = spoken.glance.now
    marks = tuple((f"slide-{n}", now + timedelta(seconds=10 * (n - 1) - 1)) for n in range(3))
    on_air = OnAir(7, "ceremony", "", (), now - timedelta(seconds=20), now + timedelta(seconds=20), marks)  # type: ignore[arg-type]
    return replace(spoken, glance=replace(spoken.glance, on_air=on_air))


def contest(name: str, measure: str, *sides: Side, days_left: int = 3, kind: str = "teams") -> ContestView:
    """Return a running contest."""
    rules = Rules(name, kind, measure, MONDAY, MONDAY + timedelta(days=4), prize="一场电影")
    return ContestView(1, rules, sides, days_left)


def side(name: str, place: int | None, amount: int, score: str = "0", group: int = 0) -> Side:
    """Return a row of a contest."""
    return Side(place or 9, name, name, 12, Decimal(amount), Decimal(score), place, group)


def _contests() -> tuple[ContestView, ...]:
    return (
        contest("冲刺周", "amount", side(TEAMS[0], 1, 186000, "186000"), side(TEAMS[1], 2, 90000, "90000")),
        contest("进步之星", "improved", side("陈芳", 1, 9000, "1.36"), days_left=1, kind="people"),
        contest("擂台", "count", side("李思思", 1, 1, "12", 1), side("赵磊", 1, 1, "12", 1), kind="groups"),
        contest("新手赛", "target", side("孙悦", None, 0)),
    )


def honour_stories() -> dict[str, Story]:
    """Return the stories."""
    return {
        "walk-month": _ceremony(0),
        "walk-week": _ceremony(1),
        "walk-days": _ceremony(2),
        "walk-long": _ceremony(0, LONG[2]),
        "walk-light": _ceremony(0, display=WallDisplay(theme="paper")),
        "walk-spoken": _spoken(),
        "contest-lines": story("10:12", contests=_contests()),
        "contest-one": story("10:12", contests=_contests()[:1]),
        "contest-long": story("10:12", contests=(
            contest("北京西城区企业服务突击大", "amount", side(LONG[2], 1, 1, "999999999")),
        )),
        "contest-board": story("18:20", scene="leaderboard", contests=_contests()),
        "contest-far": story("10:12", display=WallDisplay(distance=8), contests=_contests()),
    }  # fmt: skip
