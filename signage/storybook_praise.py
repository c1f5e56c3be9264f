"""Stories of the loud scenes: the 18:05 show and the celebrations."""

from __future__ import annotations

from typing import Any

from signage.storybook_cast import LONG, PEOPLE, TEAMS, board, cities, person, rounds, teams
from signage.storybook_states import State, celebration, entry, ms, state, total, wall

DRILL = "今天下午三点消防演习，听到铃声请从最近的楼梯下楼，不要乘电梯，到楼下停车场按队集合。"


def show_stories() -> dict[str, State]:
    """The 18:05 show, moment by moment."""
    steps = ("third", "second", "first", "teams", "cities", "week", "month", "comment")

    def told(count: int, **over: Any) -> State:
        reveal = [
            {"step": s, "at_ms": ms("18:06") + (-1000 if i < count else 60000)} for i, s in enumerate(steps)
        ]
        return state(
            "leaderboard",
            "18:06",
            entry=entry("战报传来", "", "18:00", "18:10"),
            duties=[],
            board=board(reveal=reveal, **over),
        )

    return {
        "board-opening": told(0),
        "board-third": told(1),
        "board-first": told(3),
        "board-teams": told(4),
        "board-week": told(6),
        "board-month": told(7),
        "board-all": told(8),
        "board-pinned": state("leaderboard", "14:52:30", board=board(rounds=rounds())),
        "board-pinned-week": state("leaderboard", "14:53:00", board=board(rounds=rounds())),
        "board-honours": state("leaderboard", "14:53:10", board=board()),
        "board-sixty": state(
            "leaderboard",
            "14:52:20",
            board=board(
                top=[person(PEOPLE[i % 12] if i < 12 else f"{PEOPLE[i % 12]}{i}", i + 1) for i in range(60)],
                teams=teams(12),
            ),
        ),
        "board-long-names": told(8, top=[person(n, i) for i, n in enumerate(LONG, 1)], teams=teams(12)),
        "board-empty": state(
            "leaderboard",
            board=board(
                top=[], teams=teams(3, fresh=True), cities=[], comment="今天大家都辛苦了，明天开门见红。"
            ),
        ),
        "board-cities": told(5),
        "board-one-city": told(5, cities=cities(1)),
        "board-eight-cities": told(5, cities=cities(8)),
        "board-fifteen-cities": told(5, cities=cities(15)),
        "board-far": state("leaderboard", board=board(), wall=wall(distance=8)),
        "board-light": state("leaderboard", board=board(), wall=wall(theme="paper")),
    }


def celebration_stories() -> dict[str, State]:
    """Moments in red."""
    one = {"person": "王小明", "team": "猛虎队", "amount": "12800.00", "product": "校园招聘套餐"}
    three = [
        {"person": p, "team": t, "amount": a}
        for p, t, a in (
            ("王小明", "猛虎队", "12800.00"),
            ("李思思", "飞龙队", "6000.00"),
            ("Jonathan Appleseed", "雄鹰队", "3500.50"),
        )
    ]
    return {
        "celebration-first-of-day": celebration("first_of_day", **one),
        "celebration-first-of-week": celebration("first_of_week", **one),
        "celebration-big": celebration(
            "big", person="欧阳娜娜", team="飞龙队", amount="999999999.00", product="全年猎头服务"
        ),
        "celebration-long": celebration(
            "record",
            person=LONG[2],
            team="北京西城区企业服务第一先锋突击大队",
            amount="999999999.99",
            product="企业版全年招聘服务与雇主品牌推广组合套餐",
        ),
        "celebration-target": celebration("target", team="猛虎队", reached=total("112000.00", "100000.00")),
        "celebration-burst": celebration("roundup", title="三单连开", amount="22300.50", items=three),
        "celebration-many": celebration(
            "roundup",
            amount="229500.00",
            items=[
                {"person": n, "team": TEAMS[i % 12], "amount": f"{1500 * (len(LONG + PEOPLE) - i)}.00"}
                for i, n in enumerate(LONG + PEOPLE)
            ],
        ),
        "celebration-say": celebration("say", text="请全体组长三点整到会议室，带上本周的客户名单。"),
        "celebration-say-long": celebration("say", text="各位同事：" + DRILL * 6),
        "celebration-microphone": celebration("microphone"),
        "celebration-top-sales": celebration(
            "top_sales", title="今日开拓能手", person="陈芳", team="猛虎队", amount="46800.00"
        ),
        "celebration-far": celebration("big", **one) | {"wall": wall(distance=8)},
        "celebration-light": celebration("first_of_day", **one) | {"wall": wall(theme="paper")},
    }
