"""The made-up people, teams and results of the storybook."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

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
# Names of 2 to 20 characters, Chinese, from the west of China, and Latin.
LONG = (
    "阿卜杜热西提·买买提艾力·吐尔逊",
    "Jonathan Appleseed-W",
    "买买提吐尔逊阿卜杜拉古丽娜扎尔艾力木江沙",
    "Bartholomew Featherstonehaugh",
    "佐佐木",
)

DAY = (
    ("08:30", "09:00", "战前准备", "泡杯茶，理一理桌面，听听音乐。"),
    ("09:00", "09:15", "元帅升帐", "昨天学到什么，今天目标多少，一起喊出口号。"),
    ("09:15", "09:20", "先锋探路", "打开要用的页面，看一遍重点客户，拨出第一通电话。"),
    ("09:20", "10:30", "攻城略地", "先打非重点客户热身，把状态打出来。"),
    ("10:30", "11:30", "决战时间", "重点客户，第三到第五阶段，全力推进。"),
    ("11:30", "12:00", "决战过后", "发邮件、传资料，为下午备好弹药。"),
    ("12:00", "12:30", "人马安顿", "吃好午饭，电梯里先出后进。"),
    ("12:30", "12:55", "小憩", "关灯静音，要工作的请开台灯。"),
    ("12:55", "13:00", "战鼓再响", "音乐响起，下午开始。"),
    ("13:00", "13:10", "击掌立誓", "相互击掌，大喊一声“加油”！"),
    ("13:10", "14:30", "扮猪吃虎", "友好客户，维护关系，多听少说。"),
    ("14:30", "16:30", "决战时刻", "促单、促单，还是促单！"),
    ("16:30", "17:30", "拔营略寨", "开拓新客户，约好明天的电话。"),
    ("17:30", "18:00", "清点战果", "回顾今天，清空列表，排好明天的电话名单。"),
    ("18:00", "18:10", "战报传来", "公布开拓能手与各队战果，掌声送给大家。"),
)


def team(name: str, place: int, amount: str, target: str | None) -> Json:
    """A team's row."""
    rate = float(amount) / float(target) if target else None
    return {
        "place": place,
        "name": name,
        "amount": amount,
        "target": target,
        "rate": rate,
        "count": 9 - place % 9,
        "to_next": "9000.00" if place > 1 else None,
        "photo": None,
    }


def teams(count: int, fresh: bool = False) -> list[Json]:
    """So many teams, best first; `fresh`: nobody has sold anything yet."""
    amounts = ["0.00" if fresh else f"{max(112000 - 23000 * i, 1500 * (12 - i))}.00" for i in range(count)]
    return [
        team(TEAMS[i], i + 1, amounts[i], "80000.00" if i % 3 == 2 else "100000.00") for i in range(count)
    ]


def deals(count: int) -> list[Json]:
    """The last deals, newest first."""
    amounts = ("12800.00", "6000.00", "3500.00", "980.50")
    times = ("14:41", "14:07", "13:52", "11:20")
    return [
        {
            "id": 9 - i,
            "at": times[i],
            "person": PEOPLE[3 - i],
            "team": TEAMS[i],
            "amount": amounts[i],
            "product": "套餐",
        }
        for i in range(count)
    ]


def person(name: str, place: int) -> Json:
    """Somebody in the ranking."""
    amount = f"{max(46800 - 6200 * (place - 1), 20 * (120 - place))}.00"
    return {
        "place": place,
        "name": name,
        "team": TEAMS[place % 3],
        "count": max(1, 6 - place),
        "amount": amount,
        "to_next": "6200.00" if place > 1 else None,
        "photo": None,
    }


HONOURS: list[Json] = [
    {"kind": "streak", "name": "陈芳", "team": "猛虎队", "count": 8, "amount": None},
    {"kind": "most_orders", "name": "李思思", "team": "飞龙队", "count": 21, "amount": None},
    {"kind": "newcomer", "name": "赵磊", "team": "雄鹰队", "count": 3, "amount": "26800.00"},
    {"kind": "record", "name": "王小明", "team": "猛虎队", "count": 0, "amount": "268000.00"},
]


def rounds() -> list[Json]:
    """Day, week and month of a wall that always shows the board."""
    top = [person(name, place) for place, name in enumerate(PEOPLE[:8], 1)]
    return [{"period": period, "top": top, "teams": teams(4)} for period in ("day", "week", "month")]


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


def cities(count: int) -> list[Json]:
    """So many cities, best first; with two and more this one is the second."""
    rates = [1.08 - i / 16 for i in range(count)]
    return [
        {"place": i + 1, "name": CITIES[i], "rate": rate, "own": CITIES[i] == "北京"}
        for i, rate in enumerate(rates)
    ]


def board(**over: Any) -> Json:
    """The results of a full day, without a reveal unless one is given."""
    whole = {
        "title": "开拓能手",
        "period": "day",
        "top": [person(n, i) for i, n in enumerate(PEOPLE[:3], 1)],
        "teams": teams(4),
        "cities": [
            {"place": 1, "name": "上海", "rate": 1.03, "own": False},
            {"place": 2, "name": "北京", "rate": 0.88, "own": True},
            {"place": 3, "name": "广州", "rate": 0.81, "own": False},
        ],
        "week_top": person("陈芳", 1) | {"amount": "186400.00", "count": 21},
        "month_top": person("李思思", 1) | {"amount": "561200.00", "count": 63},
        "comment": "猛虎队提前完成今日目标，陈芳五单开花。明天继续！",
        "reveal": [],
        "honours": HONOURS,
        "rounds": [],
    }
    return whole | over


def poster_plan() -> Json:
    """A day as `timetable.to_json` gives it."""
    entries = [
        {
            "at": at,
            "until": until,
            "name": name,
            "text": text,
            "music": "morning" if at in ("08:30", "12:55") else None,
            "quiet": at == "12:30",
        }
        for at, until, name, text in DAY
    ]
    duties = [
        {"at": "09:15", "who": "leader", "what": "把每个人的目标交给总监"},
        {"at": "13:00", "who": "leader", "what": "带头鼓劲"},
        {"at": "17:30", "who": "leader", "what": "回顾每个人的目标"},
    ]
    return {"date": "2026-11-23", "entries": entries, "cues": [], "duties": duties}
