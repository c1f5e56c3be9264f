"""Every scene on an English wall in an office that writes English: no Chinese text may remain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from tests.storybook.story import Story

SHOWN = (
    "walk-week", "walk-days", "contest-lines",
    "rhythm-full", "rhythm-empty", "rhythm-no-deals", "rhythm-no-targets", "rhythm-notice", "rhythm-stale",
    "rhythm-identify", "board-opening", "board-first", "board-week", "board-month", "board-all", "board-pinned",
    "board-honours", "board-empty", "board-eight-cities", "board-light", "cities", "board-cities-live",
    "cities-three", "board-three-cities",
    "measures", "measures-sixty", "measures-empty", "measures-none",
    "celebration-first-of-day",
    "celebration-first-of-week", "celebration-target", "celebration-burst", "celebration-many", "celebration-say",
    "celebration-microphone", "celebration-top-sales", "countdown", "welcome", "award", "award-day", "dark", "fault",
    "rest", "early", "evening",
)  # fmt: skip
WRITTEN = {
    "北京分公司": "Beijing", "决战时刻": "The decisive hour", "拔营略寨": "Breaking camp",
    "攻城略地": "Storming towns",
    "决战时间": "The decisive morning", "元帅升帐": "The marshal’s tent", "战报传来": "News from the front",
    "重点客户，一个一个拿下。\n促单、促单，还是促单！":
        "Key customers, one by one.\nAsk for the order, and ask again.",
    "先打非重点客户热身，把状态打出来。": "Warm up with the other customers, find your form.",
    "昨天学到了什么？今天每个人的目标是多少？一起喊出口号！":
        "What did we learn? What is today’s target? Shout it together!",
    "猛虎队": "Tigers", "飞龙队": "Dragons", "雄鹰队": "Eagles", "先锋队": "Vanguard", "铁骑队": "Riders",
    "破浪队": "Waves", "烈火队": "Blaze", "泰山队": "Summit", "长城队": "Rampart",
    "惊雷队": "Thunder", "骏马队": "Steeds",
    "陈芳": "Fang Chen", "李思思": "Sissi Li", "赵磊": "Lei Zhao", "王小明": "Jonathan Wang", "孙悦": "Yue Sun",
    "周杰": "Jay Zhou", "吴敏": "Min Wu", "郑爽": "Sue Zheng", "冯涛": "Tao Feng",
    "褚亮": "Liang Chu", "卫国": "Guo Wei",
    "蒋欣": "Xin Jiang", "阿卜杜热西提·买买提艾力·吐尔逊": "Abdurishit Mamatali-Tursun", "佐佐木": "Sasaki",
    "买买提吐尔逊阿卜杜拉古丽娜扎尔艾力木江沙": "Mamat Tursun-Abdulla Nazar", "套餐": "Package",
    "校园招聘套餐": "Campus package", "回顾每个人的目标": "Review everyone’s target", "周会": "Weekly meeting",
    "电话": "Calls", "通": "calls", "上海": "Shanghai", "北京": "Beijing",
    "广州": "Guangzhou", "深圳": "Shenzhen", "杭州": "Hangzhou",
    "成都": "Chengdu", "武汉": "Wuhan", "西安": "Xi’an", "南京": "Nanjing",
    "呼和浩特": "Hohhot", "苏州": "Suzhou", "天津": "Tianjin", "重庆": "Chongqing", "青岛": "Qingdao",
    "乌鲁木齐": "Urumqi",
    "猛虎队提前完成今日目标，陈芳五单开花。明天继续！":
        "The Tigers reached their target early, with five deals by Fang Chen.",
    "今天大家都辛苦了，明天开门见红。": "Well fought, everyone. Tomorrow is ours.",
    "请全体组长三点整到会议室，带上本周的客户名单。":
        "All leaders to the meeting room at three, with this week’s list.",
    "战前准备": "Before the battle", "先锋探路": "Scouts ahead", "小憩": "Nap",
    "战鼓再响": "The drum again", "前台": "Front desk",
    "关灯静音，要工作的请开台灯。": "Lights out, phones silent.",
    "公布开拓能手与各队战果，掌声送给大家。": "Top sales and the teams’ results. Applause for everyone.",
    "前台迎接": "Good morning", "新的一月，从一个微笑开始。": "A new month begins with a smile.",
    "总经理亲手颁发的大奖": "handed over by the general manager",
    "冲刺周": "Sprint week", "进步之星": "Most improved", "擂台": "Ladder", "新手赛": "Newcomers",
    "全体销售邮件表扬": "an e-mail to all",
    "六十三单，单单用心。向陈芳学习！": "Sixty-three deals, each with care.",
}  # fmt: skip


def in_english_office(chinese: Mapping[str, Story]) -> dict[str, Story]:
    """Return the stories of SHOWN on an English wall in an English-writing office, with the suffix `-english`."""
    return {f"{name}-english": _in_english(chinese[name]) for name in SHOWN}


def _in_english(story: Story) -> Story:
    display = replace(_written(story.display), language="en")
    return replace(story, glance=_written(story.glance), display=display)


def _written(value: Any) -> Any:
    """Replace people's texts by those of an office that writes English."""
    if isinstance(value, str):
        return WRITTEN.get(value, value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _written(getattr(value, field.name)) for field in fields(value)})
    if isinstance(value, Mapping):
        return {_written(key): _written(part) for key, part in value.items()}
    return tuple(_written(part) for part in value) if isinstance(value, tuple) else value
