"""Stories of the loud scenes: the 18:05 show and the celebrations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from controller.glance import OnAir
from controller.sentences import say
from controller.timetable.model import WallDisplay
from signage.wall_state import STEPS
from tests.storybook.cast import (
    LONG,
    PEOPLE,
    TEAMS,
    board,
    cities,
    deal,
    entry,
    live_cities,
    long_cities,
    moment,
    people,
    person,
    plan,
    rankings,
    teams,
)
from tests.storybook.quiet_scenes import BIG_TEAM, FAR, PAPER
from tests.storybook.story import Story, celebration, story

DRILL = "今天下午三点消防演习，听到铃声请从最近的楼梯下楼，不要乘电梯，到楼下停车场按队集合。"
PINNED = WallDisplay(scene="leaderboard")
CITY_WALL = WallDisplay(scene="cities")
NEWS_OF_CITIES = (say("city_big_deal", city="上海", amount="58,000"),)
NEWS = entry("战报传来", "", "18:00", "18:10", "leaderboard")


def _show(spoken: int, **over: Any) -> Story:
    """Return the show at 18:06, when the voice has reached the first `spoken` steps."""
    now = moment("18:06")
    marks = tuple((step, now + timedelta(seconds=-1 if i < spoken else 60)) for i, step in enumerate(STEPS))
    on_air = OnAir(7, "results", "", (), now - timedelta(seconds=30), now + timedelta(seconds=70), marks)
    return story("18:06", scene="leaderboard", plan=plan(NEWS, duties=()), on_air=on_air, board=board(**over))


def show_stories() -> dict[str, Story]:
    """Return the 18:05 show step by step, and leaderboards outside it."""
    changes: dict[str, Any] = {"scene": "leaderboard", "board": board()}
    evening = board(
        people=(), teams=teams(3, fresh=True), cities=(), comment="今天大家都辛苦了，明天开门见红。"
    )
    return {
        "board-opening": _show(0),
        "board-third": _show(1),
        "board-first": _show(3),
        "board-teams": _show(4),
        "board-week": _show(6),
        "board-month": _show(7),
        "board-all": _show(8),
        "board-pinned": story("14:52:30", PINNED),
        "board-pinned-week": story("14:53:00", PINNED),
        "board-honours": story("14:53:10", **changes),
        "board-sixty": story(
            "14:52:20", PINNED, people=people(60), teams=teams(12), rankings=rankings(60, 12)
        ),
        "board-long-names": _show(
            8, people=tuple(person(name, i) for i, name in enumerate(LONG, 1)), teams=teams(12)
        ),
        "board-empty": story(**changes | {"board": evening}),
        "board-cities": _show(5),
        "board-one-city": _show(5, cities=cities(1)),
        "board-eight-cities": _show(5, cities=cities(8)),
        "board-fifteen-cities": _show(5, cities=cities(15)),
        "board-city-missing": _show(8, teams=teams(3), cities=live_cities(3)[1:]),
        "board-three-cities": _show(8, teams=teams(12), cities=live_cities(3)),
        "board-cities-live": story("14:52:30", PINNED, cities=live_cities(3), city_news=NEWS_OF_CITIES),
        "cities": story("14:52:30", CITY_WALL, cities=live_cities(10), city_news=NEWS_OF_CITIES),
        "cities-three": story("14:52:30", CITY_WALL, cities=live_cities(3)),
        "cities-long-names": story("14:52:30", CITY_WALL, cities=long_cities()),
        "cities-light": story("14:52:30", replace(CITY_WALL, theme="paper"), cities=live_cities(15)),
        "cities-none": story("14:52:30", CITY_WALL),
        "board-far": story(display=FAR, **changes),
        "board-light": story(display=PAPER, **changes),
    }


def celebration_stories() -> dict[str, Story]:
    """Return the celebrations."""
    one = deal(1, "王小明", "猛虎队", "12800", "校园招聘套餐")
    three = (
        one,
        deal(2, "李思思", "飞龙队", "6000"),
        deal(3, "Jonathan Appleseed", "雄鹰队", "3500.50"),
    )
    many = tuple(
        deal(i, name, TEAMS[i % 12], str(1500 * (len(LONG + PEOPLE) - i)))
        for i, name in enumerate(LONG + PEOPLE)
    )
    packages = "企业版全年招聘服务与雇主品牌推广组合套餐"
    return {
        "celebration-first-of-day": celebration("first_of_day", one),
        "celebration-first-of-week": celebration("first_of_week", one),
        "celebration-big": celebration("big", deal(1, "欧阳娜娜", "飞龙队", "999999999", "全年猎头服务")),
        "celebration-long": celebration("record", deal(1, LONG[2], BIG_TEAM, "999999999.99", packages)),
        "celebration-target": celebration("target", one),
        "celebration-burst": celebration("burst", *three),
        "celebration-many": celebration("roundup", *many),
        "celebration-say": celebration("say", text="请全体组长三点整到会议室，带上本周的客户名单。"),
        "celebration-say-long": celebration("say", text="各位同事：" + DRILL * 6),
        "celebration-microphone": celebration("microphone"),
        "celebration-top-sales": celebration(
            "top_sales_of_day", text="今天大家都辛苦了，明天开门见红。", people=()
        ),
        "celebration-far": celebration("big", one, display=FAR),
        "celebration-light": celebration("first_of_day", one, display=PAPER),
    }
