"""Stories of the quiet scenes: the day, the stand-up, the nap, the welcome, the award, a fault, the evening."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from controller.glance import Champion, OnAir
from controller.health import HealthProblem
from controller.sentences import say
from controller.timetable.model import WallDisplay
from tests.storybook.cast import LONG, PEOPLE, TEAMS, deal, deals, duty, entry, person, plan, team, teams
from tests.storybook.story import Story, glance, story, total

FAR = WallDisplay(distance=8)
PAPER = WallDisplay(theme="paper")
SILENT = HealthProblem(say("no_device"), say("no_device_meanwhile"), say("no_device_mend"))
BIG_TEAM = "北京西城区企业服务第一先锋突击大队"


def rhythm_stories() -> dict[str, Story]:
    """Return stories of the current entry of the day."""
    return {
        "rhythm-full": story(),
        "rhythm-empty": story(teams=(), deals=(), plan=plan(duties=()), day=total(0), week=total(0), month=total(0)),
        "rhythm-no-deals": story("09:31", deals=(), teams=teams(4, fresh=True)),
        "rhythm-one-team": story(teams=teams(1)),
        "rhythm-five-teams": story(teams=teams(5)),
        "rhythm-team": _team_wall(),
        "rhythm-duty-due": story("14:31", plan=plan(duties=(
            duty("14:30", "leader", "把每个人的目标交给总监"),
            duty("14:30", "director", "今天复盘两次"),
            duty("17:30", "leader", "回顾每个人的目标"),
        ))),
        "rhythm-twelve-teams": story(teams=teams(12)),
        "rhythm-long-names": _long_names(),
        "rhythm-far": story(display=FAR),
        "rhythm-no-targets": story(
            teams=tuple(team(name, i, str(86000 - 9000 * i), None) for i, name in enumerate(TEAMS[:3], 1))
        ),
        "rhythm-light": story(display=PAPER),
        "rhythm-notice": story(problems=(SILENT,)),
        "rhythm-long-duty": story(highlights=(), plan=plan(duties=(
            duty("17:30", "leader",
                 "和每个人回顾今天的目标，定下明天的名单，再把缺口报给总监和总经理，周五交周报"),
        ))),
        "rhythm-stale": replace(story(), stale="14:47"),
        "rhythm-identify": replace(story(display=WallDisplay("前台")), identify=True),
        "rhythm-markup": story(
            teams=(team("<b>猛虎</b>队", 1, "86000", "100000"),),
            deals=(deal(1, "</script><img src=x>", "A&B", "1.50", "x"),),
        ),
    }  # fmt: skip


def _team_wall() -> Story:
    """Return a team's wall: four members have sold today, five have not."""
    sold = tuple(person(name, place, team="猛虎队") for place, name in enumerate(PEOPLE[:4], 1))
    return story(
        display=WallDisplay(team="猛虎队"),
        teams=teams(1),
        people=sold,
        members={"猛虎队": PEOPLE[:9]},
        deals=tuple(replace(sale, team="猛虎队") for sale in deals(4)),
    )


def _long_names() -> Story:
    text = (
        "上午打过的非重点客户，下午再跟一遍；没接通的换个时间打。每通电话先问需求，再讲方案，最后约下一步。"
        "挂电话之前，确认时间、金额和签约人。"
    )
    return story(
        office="上海张江高科技园区第二分公司",
        teams=tuple(
            team(name, i, "999999999", "999999999")
            for i, name in enumerate((BIG_TEAM, "Enterprise Sales Team A"), 1)
        ),
        deals=tuple(deal(i, name, "猛虎队", "999999999") for i, name in enumerate(LONG)),
        plan=plan(
            entry("清点战果与明日电话名单", text, "14:30", "16:30"),
            entry("战报传来与开拓能手", "", "16:30", "17:30"),
        ),
    )


def _award(clock: str, champion: Champion, said: str, display: WallDisplay | None = None) -> Story:
    """Return a ceremony: the timetable shows the award during an announcement with the office's text."""
    day = glance(clock)
    start = day.now - timedelta(seconds=3)
    kind = "text" if champion.prize else f"top_sales_of_{champion.period}"
    on_air = OnAir(7, kind, said, (), start, start + timedelta(seconds=14))
    ceremony = replace(day, scene="award", state=replace(day.state, wall="award"), champion=champion)
    return Story(replace(ceremony, on_air=on_air), display or WallDisplay())


def _awards() -> dict[str, Story]:
    words = "六十三单，单单用心。向陈芳学习！"
    best = person("陈芳", 1, team="猛虎队", count=63, amount=Decimal(486000))
    month = Champion("month", date(2026, 10, 1), best, "总经理亲手颁发的大奖")
    long = replace(month, winner=replace(best, name=LONG[2], team=BIG_TEAM))
    day = Champion("day", date(2026, 11, 23), replace(best, count=5, amount=Decimal(46800)))
    return {
        "award": _award("09:02", month, words),
        "award-long": _award("09:02", long, words * 4),
        "award-light": _award("09:02", month, words, PAPER),
        "award-day": _award("18:00", day, ""),
    }


def other_stories() -> dict[str, Story]:
    """Return stories of the stand-up, the nap, the welcome, the award, the fault, the evening."""
    first = date(2026, 12, 1)
    door = entry("前台迎接", "新的一月，从一个微笑开始。", "08:30", "09:00", "welcome", first)
    fault: dict[str, Any] = {"scene": "fault", "problems": (SILENT,)}
    return {
        "countdown": story("09:06:18"),
        "countdown-last": story("09:14:23"),
        "countdown-light": story("09:06:18", PAPER),
        "welcome": story("08:41", plan=plan(door, day=first)),
        **_awards(),
        "dark": story("12:41"),
        "fault": story(**fault),
        "fault-light": story(display=PAPER, **fault),
        "fault-far": story(display=FAR, **fault),
        "rest": story("10:05", plan=plan(day=date(2026, 11, 22), off=True)),
        "early": story("07:40"),
        "evening": story("19:20"),
    }
