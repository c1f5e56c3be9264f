"""The made-up office of `zhangu demo` and its day: people and events. Only data.

The day is the last working day of a month and of a week, so that the morning's greeting and the best of the week
and of the month are included.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from controller.sales.model import PersonRow

DAY = date(2026, 10, 30)
SEED = 1030

TEAMS: dict[str, tuple[str, ...]] = {
    "猛虎队": ("陈芳", "王小明", "刘洋", "单晓明"),
    "飞龙队": ("李思思", "周婷", "欧阳建国", "何佳"),
    "雄鹰队": ("赵磊", "孙悦", "尉迟敬", "罗文"),
    "先锋队": ("吴敏", "郑凯", "林晓雨", "解冰"),
}
"""The first of each team leads it."""
PEOPLE = tuple(
    PersonRow(team, name, leader=name == names[0]) for team, names in TEAMS.items() for name in names
)
TARGETS = {"猛虎队": 60000, "飞龙队": 48000, "雄鹰队": 42000, "先锋队": 36000}
"""Yuan a day."""
PRODUCTS = ("网络招聘", "校园招聘", "年度会员", "猎头服务")


@dataclass(frozen=True, slots=True)
class DemoDeal:
    """A person signs a deal, in yuan."""

    person: str
    product: str
    amount: int


@dataclass(frozen=True, slots=True)
class BranchResult:
    """The assistant enters another branch's result; 1.0 is its target."""

    city: str
    rate: float


@dataclass(frozen=True, slots=True)
class Step:
    """A step, done `after` this many seconds of its act; `line` is printed on the terminal."""

    after: float
    line: str
    action: DemoDeal | BranchResult | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """A deal in the hours that the demo skips; it was announced in the round-up of the next full hour."""

    at: time
    deal: DemoDeal


@dataclass(frozen=True, slots=True)
class Act:
    """A part of the day at normal speed: from `at`, for `lasts` seconds or as long as speech needs."""

    at: time
    lasts: float
    line: str
    steps: tuple[Step, ...] = ()
    meanwhile: tuple[Past, ...] = ()


ACTS = (
    Act(
        time(8, 49, 44),
        30,
        "门口在迎接大家，轻松的音乐响着。",
        (Step(16, "月末冲刺的问候，音乐自己让低。"),),
    ),
    Act(
        time(8, 59, 46),
        26,
        "晨会快开始了，音乐渐渐停下。",
        (Step(14, "晨会开始，大屏倒计时十五分钟。"),),
    ),
    Act(
        time(9, 31, 0),
        20,
        "大家在打电话。",
        (Step(3, "李思思签了今天第一单：马上播报，大屏同时庆祝。", DemoDeal("李思思", "网络招聘", 3600)),),
    ),
    Act(
        time(9, 47, 0),
        22,
        "先来两张小单，再来一张大单。",
        (
            Step(1, "单晓明签了 2,400 元：小单，等到整点一起报。", DemoDeal("单晓明", "网络招聘", 2400)),
            Step(2, "林晓雨签了 5,200 元：也等整点。", DemoDeal("林晓雨", "校园招聘", 5200)),
            Step(5, "赵磊签了 12,800 元：超过一万，马上播报。", DemoDeal("赵磊", "年度会员", 12800)),
        ),
    ),
    Act(
        time(9, 59, 52),
        26,
        "快到整点了。",
        (Step(8, "整点播报，刚才的小单一起报。"),),
    ),
    Act(
        time(12, 29, 48),
        29,
        "午饭后，快要午休了。",
        (
            Step(12, "小憩：关灯，静音，一点声音也没有。"),
            Step(
                19, "王小明签了 16,800 元大单：也不出声，等到 12:55。", DemoDeal("王小明", "猎头服务", 16800)
            ),
        ),
        (
            Past(time(10, 21), DemoDeal("孙悦", "网络招聘", 4800)),
            Past(time(10, 52), DemoDeal("周婷", "年度会员", 9200)),
            Past(time(11, 14), DemoDeal("郑凯", "校园招聘", 7600)),
            Past(time(11, 46), DemoDeal("刘洋", "网络招聘", 3900)),
        ),
    ),
    Act(
        time(12, 54, 50),
        36,
        "午休最后十秒，仍然一声不响。",
        (Step(10, "战鼓再响，一秒不差；午休里签的大单这就播报。"),),
    ),
    Act(
        time(14, 41, 0),
        44,
        "决战时刻，喜报连着来。",
        (
            Step(6, "陈芳签了 28,800 元：刷新单笔纪录。", DemoDeal("陈芳", "年度会员", 28800)),
            Step(9, "周婷签了 11,600 元。", DemoDeal("周婷", "校园招聘", 11600)),
            Step(11, "欧阳建国签了 13,500 元。", DemoDeal("欧阳建国", "猎头服务", 13500)),
            Step(
                13,
                "尉迟敬签了 10,600 元，雄鹰队完成目标。前面还在播：不抢话，三单并在一起报。",
                DemoDeal("尉迟敬", "年度会员", 10600),
            ),
        ),
        (
            Past(time(13, 18), DemoDeal("尉迟敬", "校园招聘", 8600)),
            Past(time(13, 37), DemoDeal("何佳", "网络招聘", 2800)),
            Past(time(13, 58), DemoDeal("解冰", "年度会员", 9800)),
            Past(time(14, 12), DemoDeal("罗文", "网络招聘", 6400)),
        ),
    ),
    Act(
        time(17, 55, 0),
        14,
        "清点战果：大屏提醒排好下一个工作日的名单。",
        (
            Step(2, "助理填上其他城市的完成率：上海 96%，广州 108%，深圳 84%。", BranchResult("上海", 0.96)),
            Step(2.1, "", BranchResult("广州", 1.08)),
            Step(2.2, "", BranchResult("深圳", 0.84)),
        ),
        (
            Past(time(15, 9), DemoDeal("吴敏", "猎头服务", 5600)),
            Past(time(15, 33), DemoDeal("李思思", "年度会员", 8800)),
            Past(time(16, 6), DemoDeal("林晓雨", "校园招聘", 4700)),
            Past(time(16, 27), DemoDeal("单晓明", "校园招聘", 7200)),
        ),
    ),
    Act(time(17, 59, 52), 24, "快下班了。", (Step(8, "公布今天的开拓能手。"),)),
    Act(
        time(18, 4, 52),
        60,
        "大家都看着大屏。",
        (Step(8, "战报：第三名先揭晓，再到第二、第一，各队、各城市、本周和本月的开拓能手。"),),
    ),
)
