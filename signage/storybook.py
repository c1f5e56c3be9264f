"""Every wall scene with made-up values, for development: `app.config["STORYBOOK"]` switches `/storybook` on.

Each page is the real wall page with a state in it, so that no office is needed to look at a picture. `stories()`
is also what the browser tests walk through.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from flask import Blueprint, abort, current_app, render_template, request

from signage.storybook_cast import LONG, PEOPLE, TEAMS, board, deals, person, poster_plan, team, teams

State = dict[str, Any]
ZONE = timezone(timedelta(hours=8))
DATE = "2026-11-23"

storybook = Blueprint("storybook", __name__, url_prefix="/storybook")


def ms(clock: str, date: str = DATE) -> int:
    """Epoch milliseconds of "HH:MM" or "HH:MM:SS" in the made-up office."""
    return int(datetime.fromisoformat(f"{date}T{clock}").replace(tzinfo=ZONE).timestamp() * 1000)


def entry(name: str, text: str, at: str, until: str) -> State:
    """A span of the day as the wall gets it."""
    return {"name": name, "text": text, "at": at, "until": until, "at_ms": ms(at), "until_ms": ms(until)}


def total(amount: str, target: str | None = None) -> State:
    """A sum of the office."""
    return {"amount": amount, "target": target}


def state(scene: str, clock: str = "14:52", **over: Any) -> State:
    """A full office at 14:52, with what the story changes."""
    whole: State = {
        "revision": 17, "build": "storybook", "now": ms(clock), "offset_min": 480, "scene": scene, "base": "rhythm",
        "office": "北京分公司", "lang": "zh", "date": DATE,
        "wall": {"name": "main", "diagonal": 55, "distance": 5, "theme": "ink", "team": None, "identify": None, "reload": None},
        "entry": entry("决战时刻", "重点客户，一个一个拿下。\n促单、促单，还是促单！", "14:30", "16:30"),
        "next": {"name": "拔营略寨", "at": "16:30"},
        "teams": teams(4), "deals": deals(4),
        "totals": {"day": total("187000.00", "280000.00"), "week": total("187000.00"), "month": total("2640000.00", "4000000.00")},
        "duties": [{"at": "17:30", "who": "leader", "what": "回顾每个人的目标"}, {"at": None, "who": "leader", "what": "周会"}],
        "celebration": None, "board": None, "award": None, "welcome": None, "rest": None, "fault": None, "notices": [],
    }  # fmt: skip
    return whole | over


def wall(**over: Any) -> State:
    """One screen's own settings."""
    own = {
        "name": "main",
        "diagonal": 55,
        "distance": 5,
        "theme": "ink",
        "team": None,
        "identify": None,
        "reload": None,
    }
    return own | over


def celebration(kind: str, at: str = "14:52", **over: Any) -> State:
    """A celebration that began three seconds ago: stamped, counted up, still sounding."""
    start = ms(at) - 3000
    what = {"id": 7, "kind": kind, "title": None, "person": None, "team": None, "amount": None, "product": None,
            "photo": None, "text": "", "items": [], "started_ms": start, "ends_ms": start + 14000}  # fmt: skip
    return state("celebration", at, celebration=what | over)


def rhythm_stories() -> dict[str, State]:
    """Where in the day we are."""
    long_text = "上午打过的非重点客户，下午再跟一遍；没接通的换个时间打。每通电话先问需求，再讲方案，最后约下一步。挂电话之前，确认时间、金额和签约人。"
    people = [person(name, place) for place, name in enumerate(LONG, 1)]
    return {
        "rhythm-full": state("rhythm"),
        "rhythm-empty": state("rhythm", teams=[], deals=[], duties=[], totals={"day": total("0.00"), "month": total("0.00")}),
        "rhythm-no-deals": state("rhythm", "09:31", deals=[], teams=teams(4, fresh=True), entry=entry("攻城略地", "先打非重点客户热身，把状态打出来。", "09:20", "10:30"), next={"name": "决战时间", "at": "10:30"}),
        "rhythm-one-team": state("rhythm", teams=teams(1)),
        "rhythm-twelve-teams": state("rhythm", teams=teams(12)),
        "rhythm-long-names": state("rhythm", teams=[team(n, i, "999999999.00", "999999999.00") for i, n in enumerate(("北京西城区企业服务第一先锋突击大队", "Enterprise Sales Team A"), 1)],
                                   deals=[{"id": i, "at": "14:41", "person": p["name"], "team": "猛虎队", "amount": "999999999.00", "product": "套餐"} for i, p in enumerate(people)],
                                   office="上海张江高科技园区第二分公司", entry=entry("清点战果与明日电话名单", long_text, "14:30", "16:30"), next={"name": "战报传来与开拓能手", "at": "16:30"}),
        "rhythm-far": state("rhythm", wall=wall(distance=8)),
        "rhythm-no-targets": state("rhythm", teams=[team(n, i, str(86000 - 9000 * i) + ".00", None) for i, n in enumerate(TEAMS[:3], 1)]),
        "rhythm-light": state("rhythm", wall=wall(theme="paper")),
        "rhythm-english": state("rhythm", lang="en", office="Beijing", teams=[team(n, i, str(86000 - 9000 * i) + ".00", "90000.00") for i, n in enumerate(("Tigers", "Dragons", "Eagles"), 1)],
                                deals=[{"id": 1, "at": "14:41", "person": "Jonathan Appleseed", "team": "Tigers", "amount": "12800.00", "product": "Campus"}],
                                entry=entry("The decisive hour", "Key customers, one after the other. Ask for the order, and ask again.", "14:30", "16:30"), next={"name": "Breaking camp", "at": "16:30"},
                                duties=[{"at": "17:30", "who": "leader", "what": "review targets"}]),
        "rhythm-notice": state("rhythm", notices=["没有找到音箱，正在重试。"]),
        "rhythm-stale": state("rhythm", stale="14:47"),
        "rhythm-identify": state("rhythm", wall=wall(identify=3, name="前台")),
        "rhythm-markup": state("rhythm", teams=[team("<b>猛虎</b>队", 1, "86000.00", "100000.00")], deals=[{"id": 1, "at": "14:41", "person": "</script><img src=x>", "team": "A&B", "amount": "1.50", "product": "x"}]),
    }  # fmt: skip


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
            board=board(reveal=reveal, **over),
        )

    return {
        "board-third": told(1), "board-first": told(3), "board-teams": told(4), "board-week": told(6), "board-month": told(7), "board-all": told(8),
        "board-pinned": state("leaderboard", board=board()),
        "board-sixty": state("leaderboard", "14:52:20", board=board(top=[person(PEOPLE[i % 12] if i < 12 else f"{PEOPLE[i % 12]}{i}", i + 1) for i in range(60)], teams=teams(12))),
        "board-long-names": told(8, top=[person(n, i) for i, n in enumerate(LONG, 1)], teams=teams(12)),
        "board-empty": state("leaderboard", board=board(top=[], teams=teams(3, fresh=True), cities=[], comment="今天大家都辛苦了，明天开门见红。")),
        "board-nine-cities": told(8, cities=[{"place": i, "name": n, "rate": 1.1 - i / 20, "own": n == "北京"} for i, n in enumerate("上海 北京 广州 深圳 杭州 成都 武汉 西安 南京".split(), 1)]),
        "board-far": state("leaderboard", board=board(), wall=wall(distance=8)),
        "board-light": state("leaderboard", board=board(), wall=wall(theme="paper")),
        "board-english": state("leaderboard", lang="en", office="Beijing", board=board(title="Top sales", comment="Tigers reached the target early. Well done, all of you.", cities=[{"place": 1, "name": "Shanghai", "rate": 1.03, "own": False}, {"place": 2, "name": "Beijing", "rate": 0.88, "own": True}])),
    }  # fmt: skip


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
        "celebration-big": celebration("big", person="欧阳娜娜", team="飞龙队", amount="999999999.00", product="全年猎头服务"),
        "celebration-long": celebration("record", person=LONG[2], team="北京西城区企业服务第一先锋突击大队", amount="999999999.99", product="企业版全年招聘服务与雇主品牌推广组合套餐"),
        "celebration-target": celebration("target", team="猛虎队", amount="100000.00", product="提前完成今日目标"),
        "celebration-burst": celebration("roundup", title="三单连开", amount="22300.50", items=three),
        "celebration-many": celebration("roundup", amount="266000.00", items=[{"person": n, "team": TEAMS[i % 12], "amount": f"{1500 * (i + 1)}.00"} for i, n in enumerate(LONG + tuple(PEOPLE))]),
        "celebration-say": celebration("say", text="请全体组长三点整到会议室，带上本周的客户名单。"),
        "celebration-say-long": celebration("say", text="各位同事：" + "今天下午三点消防演习，听到铃声请从最近的楼梯下楼，不要乘电梯，到楼下停车场按队集合。" * 6),
        "celebration-microphone": celebration("microphone"),
        "celebration-top-sales": celebration("top_sales", title="今日开拓能手", person="陈芳", team="猛虎队", amount="46800.00"),
        "celebration-far": celebration("big", **one) | {"wall": wall(distance=8)},
        "celebration-light": celebration("first_of_day", **one) | {"wall": wall(theme="paper")},
        "celebration-english": celebration("first_of_day", person="Jonathan Appleseed", team="Tigers", amount="12800.00", product="Campus package") | {"lang": "en"},
    }  # fmt: skip


def other_stories() -> dict[str, State]:
    """The stand-up, the nap, the door, the prize, the fault, the evening."""
    standup = entry("元帅升帐", "昨天学到了什么？今天每个人的目标是多少？一起喊出口号！", "09:00", "09:15")
    welcome = entry("前台迎接", "", "08:30", "09:00")
    award = {
        "title": "十月开拓能手",
        "person": "陈芳",
        "team": "猛虎队",
        "count": 63,
        "amount": "486000.00",
        "prize": "总经理亲手颁发的大奖",
        "photo": None,
        "text": "六十三单，单单用心。向陈芳学习！",
    }
    fault = {
        "what": "没有找到音箱。",
        "meanwhile": "战鼓在继续运行，每 5 秒找一次音箱；该播的会先等着。",
        "mend": "请检查音箱的电源和 USB 线，插好后会自己恢复。",
    }
    return {
        "countdown": state("countdown", "09:06:18", entry=standup), "countdown-last": state("countdown", "09:14:23", entry=standup),
        "countdown-light": state("countdown", "09:06:18", entry=standup, wall=wall(theme="paper")),
        "welcome": state("welcome", "08:41", entry=welcome, date="2026-12-01", welcome={"text": "新的一月，从一个微笑开始。"}),
        "award": state("award", "09:02", award=award),
        "award-long": state("award", "09:02", award=award | {"person": LONG[2], "team": "北京西城区企业服务第一先锋突击大队", "text": award["text"] * 4}),
        "award-light": state("award", "09:02", award=award, wall=wall(theme="paper")),
        "dark": state("dark", "12:41"),
        "fault": state("fault", fault=fault), "fault-light": state("fault", fault=fault, wall=wall(theme="paper")),
        "fault-far": state("fault", fault=fault, wall=wall(distance=8)),
        "rest": state("rest", "10:05", date="2026-11-22", entry=None, rest={"text": "星期天，好好休息。", "next": "明天 08:30 战前准备"}),
        "evening": state("rest", "19:20", entry=None, rest={"text": "今天辛苦了，路上小心。", "next": "明天 08:30 战前准备"}),
    }  # fmt: skip


def stories() -> Mapping[str, State]:
    """All stories by name; the name begins with what it shows."""
    return rhythm_stories() | show_stories() | celebration_stories() | other_stories()


def _only_in_development() -> None:
    if not current_app.config.get("STORYBOOK"):
        abort(404)


storybook.before_request(_only_in_development)


@storybook.get("/")
def index() -> str:
    """The list of stories."""
    scenes: dict[str, list[str]] = {}
    for name, story in stories().items():
        scenes.setdefault(story["scene"], []).append(name)
    return render_template("storybook.html", scenes=scenes)


@storybook.get("/poster")
def poster() -> str:
    """The printable timetable with the office's usual day."""
    return render_template("poster.html", office="北京分公司", plan=poster_plan())


@storybook.get("/<story>")
def page(story: str) -> str:
    """One story: the real wall page, its clock standing still, or running with `?play=1`."""
    found = stories().get(story)
    if found is None:
        abort(404)
    return render_template(
        "wall.html", name="main", build="storybook", story=found, play=request.args.get("play") == "1"
    )
