"""The made-up people, teams and results of the storybook."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from controller.glance import Ranking
from controller.sales.highlights import Highlight
from controller.sales.model import City, Deal
from controller.sales.results import Show
from controller.sales.standings import Standing
from controller.timetable.model import DayPlan, Duty, Entry

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)
TEAMS = (
    "猛虎队",
    "飞龙队",
    "雄鹰队",
    "先锋队",
    "铁骑队",
    "破浪队",
    "烈火队",
    "泰山队",
    "长城队",
    "惊雷队",
    "骏马队",
    "Alpha",
)
PEOPLE = ("陈芳", "李思思", "赵磊", "王小明", "孙悦", "周杰", "吴敏", "郑爽", "冯涛", "褚亮", "卫国", "蒋欣")
# Names of 2 to 20 characters: Chinese, from western China, and Latin.
LONG = (
    "阿卜杜热西提·买买提艾力·吐尔逊",
    "Jonathan Appleseed-W",
    "买买提吐尔逊阿卜杜拉古丽娜扎尔艾力木江沙",
    "Bartholomew Featherstonehaugh",
    "佐佐木",
)

DAY = (
    ("08:30", "09:00", "战前准备", "泡杯茶，理一理桌面，听听音乐。"),
    ("09:00", "09:15", "元帅升帐", "昨天学到了什么？今天每个人的目标是多少？一起喊出口号！"),
    ("09:15", "09:20", "先锋探路", "打开要用的页面，看一遍重点客户，拨出第一通电话。"),
    ("09:20", "10:30", "攻城略地", "先打非重点客户热身，把状态打出来。"),
    ("10:30", "11:30", "决战时间", "重点客户，第三到第五阶段，全力推进。"),
    ("11:30", "12:00", "决战过后", "发邮件、传资料，为下午备好弹药。"),
    ("12:00", "12:30", "人马安顿", "吃好午饭，电梯里先出后进。"),
    ("12:30", "12:55", "小憩", "关灯静音，要工作的请开台灯。"),
    ("12:55", "13:00", "战鼓再响", "音乐响起，下午开始。"),
    ("13:00", "13:10", "击掌立誓", "相互击掌，大喊一声“加油”！"),
    ("13:10", "14:30", "扮猪吃虎", "友好客户，维护关系，多听少说。"),
    ("14:30", "16:30", "决战时刻", "重点客户，一个一个拿下。\n促单、促单，还是促单！"),
    ("16:30", "17:30", "拔营略寨", "开拓新客户，约好明天的电话。"),
    ("17:30", "18:00", "清点战果", "回顾今天，清空列表，排好明天的电话名单。"),
    ("18:00", "18:10", "战报传来", "公布开拓能手与各队战果，掌声送给大家。"),
)
SCENES = {"元帅升帐": "countdown", "小憩": "dark", "战报传来": "leaderboard"}


def moment(clock: str, day: date = MONDAY) -> datetime:
    """Return the moment of HH:MM or HH:MM:SS in the made-up office."""
    return datetime.combine(day, time.fromisoformat(clock), ZONE)


def entry(name: str, text: str, at: str, until: str, wall: str = "rhythm", day: date = MONDAY) -> Entry:
    """Return an entry of the day."""
    music = "morning" if at in ("08:30", "12:55") else None
    return Entry(moment(at, day), moment(until, day), name, text, music, 40, name == "小憩", wall)


def duty(at: str | None, who: str, what: str, day: date = MONDAY) -> Duty:
    """Return a duty; without `at` for the whole day."""
    return Duty(moment(at, day) if at else None, who, what)


DUTIES = (duty("17:30", "leader", "回顾每个人的目标"), duty(None, "leader", "周会"))


def plan(
    *entries: Entry, day: date = MONDAY, duties: tuple[Duty, ...] = DUTIES, off: bool = False
) -> DayPlan:
    """Return a day with these entries, or the usual ones; `off`: a day off without entries."""
    usual = [entry(name, text, at, until, SCENES.get(name, "rhythm"), day) for at, until, name, text in DAY]
    parts = () if off else entries or tuple(usual)
    why = "周日" if off else "周一"
    return DayPlan(day, not off, why, False, ZONE, parts, (), () if off else duties, ())


def poster_plan() -> DayPlan:
    """Return the usual day with the leaders' duties, for the printed sheet."""
    duties = ("09:15", "把每个人的目标交给总监"), ("13:00", "带头鼓劲"), ("17:30", "回顾每个人的目标")
    return plan(duties=tuple(duty(at, "leader", what) for at, what in duties))


def team(name: str, place: int, amount: str, target: str | None) -> Standing:
    """Return a team's row."""
    sold, goal = Decimal(amount), None if target is None else Decimal(target)
    return Standing(place, place, name, name, 9 - place % 9, sold, goal, rate=None if goal is None else sold / goal,
        to_next=Decimal(9000) if place > 1 else None,
    )  # fmt: skip


def teams(count: int, fresh: bool = False) -> tuple[Standing, ...]:
    """Return the first `count` teams, best first; `fresh`: without any deals yet."""
    amounts = ["0" if fresh else str(max(112000 - 23000 * i, 1500 * (12 - i))) for i in range(count)]
    return tuple(team(TEAMS[i], i + 1, amounts[i], "80000" if i % 3 == 2 else "100000") for i in range(count))


def deal(number: int, person: str, team: str, amount: str, product: str = "套餐", at: str = "14:41") -> Deal:
    """Return a deal."""
    return Deal(
        id=number, key=f"k{number}", person_id=number, person=person, team=team, product=product,
        amount=Decimal(amount), at=moment(at), voided=None, date=MONDAY, team_id=1,
    )  # fmt: skip


def deals(count: int) -> tuple[Deal, ...]:
    """Return the last deals, newest first."""
    amounts = ("12800", "6000", "3500", "980.50")
    times = ("14:41", "14:07", "13:52", "11:20")
    return tuple(deal(9 - i, PEOPLE[3 - i], TEAMS[i], amounts[i], at=times[i]) for i in range(count))


def person(name: str, place: int, **over: Any) -> Standing:
    """Return a salesperson's row in the standings."""
    row: dict[str, Any] = {
        "place": place,
        "id": place,
        "name": name,
        "team": TEAMS[place % 3],
        "count": max(1, 6 - place),
        "amount": Decimal(max(46800 - 6200 * (place - 1), 20 * (120 - place))),
        "to_next": Decimal(6200) if place > 1 else None,
    }
    return Standing(**row | over)


def people(count: int) -> tuple[Standing, ...]:
    """Return the first `count` people, best first."""
    names = (PEOPLE[i % 12] if i < 12 else f"{PEOPLE[i % 12]}{i}" for i in range(count))
    return tuple(person(name, place) for place, name in enumerate(names, 1))


HIGHLIGHTS = (
    Highlight("streak", "陈芳", "猛虎队", 8),
    Highlight("most_orders", "李思思", "飞龙队", 21),
    Highlight("newcomer", "赵磊", "雄鹰队", 3, Decimal(26800)),
    Highlight("record", "王小明", "猛虎队", amount=Decimal(268000)),
)


def rankings(sold: int, count: int = 4) -> tuple[Ranking, ...]:
    """Return day, week and month, each with `sold` people and `count` teams."""
    return tuple(Ranking(period, teams(count), people(sold)) for period in ("day", "week", "month"))


CITIES = (
    "上海",
    "北京",
    "广州",
    "深圳",
    "杭州",
    "成都",
    "武汉",
    "西安",
    "南京",
    "呼和浩特",
    "苏州",
    "天津",
    "重庆",
    "青岛",
    "乌鲁木齐",
)


def cities(count: int) -> tuple[City, ...]:
    """Return the first `count` cities, best first; from two cities on, this office's city is second."""
    return tuple(
        City(i + 1, CITIES[i], Decimal("1.08") - Decimal(i) / 16, None, CITIES[i] == "北京")
        for i in range(count)
    )


def live_cities(count: int) -> tuple[City, ...]:
    """Return cities in the afternoon: the third is cut off, the first has overtaken another, the last is silent."""
    changes: dict[int, dict[str, Any]] = {
        0: {"rising": True}, 2: {"missing": True, "as_of": "13:05"},
        count - 1: {"missing": True, "rate": None, "amount": None} if count > 4 else {},
    }  # fmt: skip
    return tuple(
        replace(city, **{"amount": Decimal(420_000 - 23_456 * at), **changes.get(at, {})})
        for at, city in enumerate(cities(count))
    )


def long_cities() -> tuple[City, ...]:
    """Return three cities, two of them with names as long as allowed: Chinese, and one Latin word."""
    names = {0: "呼和浩特赛罕区如意开发区分公司第二事业部", 2: "Llanfairpwllgwyngyll"}
    return tuple(replace(city, name=names.get(at, city.name)) for at, city in enumerate(live_cities(3)))


def board(**over: Any) -> Show:
    """Return the results of a full day."""
    whole: dict[str, Any] = {
        "date": MONDAY,
        "office": "北京分公司",
        "count": 12,
        "amount": Decimal(187000),
        "people": people(3),
        "teams": teams(4),
        "cities": (
            City(1, "上海", Decimal("1.03"), None),
            City(2, "北京", Decimal("0.88"), None, own=True),
            City(3, "广州", Decimal("0.81"), None),
        ),
        "week_top": person("陈芳", 1, amount=Decimal(186400), count=21),
        "month_top": person("李思思", 1, amount=Decimal(561200), count=63),
        "comment": "猛虎队提前完成今日目标，陈芳五单开花。明天继续！",
    }
    return Show(**whole | over)
