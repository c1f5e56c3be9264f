"""Read the sections of the file with announcement texts and their slots such as {person}."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Any

from controller.timetable import default_texts
from controller.timetable.fields import Number, Words, Yuan
from controller.timetable.model import COMMENTS as COMMENT_NAMES
from controller.timetable.model import Broadcasts, CeremonyTexts, ContestTexts, Results
from controller.timetable.schema import Field, Group, Many
from controller.timetable.slots import ALLOWED
from controller.timetable.time_fields import TimeOfDay

BIG_OVER = Decimal(10_000)  # yuan
HOURLY = (time(10), time(17))
LATE_MINUTES = 30
"""A deal from a program that is older is counted without an announcement."""


def _texts(section: str, name: str, doc: str, default: Any = None) -> Field:
    slots = "".join(f"{{{slot}}}" for slot in ALLOWED[f"{section}.{name}"])
    doc = f"{doc}；可以用 {slots}" if slots else doc
    return Field(
        Many(Words(200, slots=f"{section}.{name}"), most=20, single=True, least=1, apart=False),
        doc,
        default=default,
    )


def _spoken(name: str, doc: str) -> Field:
    return _texts("broadcasts", name, doc, default_texts.BROADCASTS[name])


def _group(section: str, docs: dict[str, str], usual: dict[str, Any]) -> Group:
    return Group({name: _texts(section, name, doc, usual[name]) for name, doc in docs.items()})


_CEREMONY_DOCS = {
    "opening": "作息表里到点表彰的开场",
    "start": "手机上开始表彰的开场",
    "month": "月度的开拓能手",
    "week": "一周的开拓能手",
    "day": "多次拿到当天开拓能手的人",
}
_CONTEST_DOCS = {
    "result": "结果；winners 是每一位获胜者，用下面一句说",
    "item": "每一位获胜者；group 是组，没有分组就空着",
    "prize": "有奖品时接着说",
    "nobody": "没有分出胜负时",
}
BROADCASTS = Group(
    {
        "first_of_week": _spoken("first_of_week", "本周第一单"),
        "first_of_day": _spoken("first_of_day", "当天第一单"),
        "big": Field(
            Group(
                {
                    "over": Field(Yuan(), "超过多少元算大单", default=BIG_OVER),
                    "say": _spoken("big", "大单"),
                }
            ),
            "大单：马上播报",
        ),
        "late_minutes": Field(
            Number(1, 1440), "其他程序发来的单，签了多少分钟以后只记不播", default=LATE_MINUTES
        ),
        "record": _spoken("record", "刷新纪录的一单"),
        "target": _spoken("target", "团队完成当天目标"),
        "burst": Field(
            Group(
                {
                    "say": _spoken("burst", "开头"),
                    "item": _spoken("burst_item", "每一单；第一单仍按自己的话说"),
                }
            ),
            "三单以上第一单、大单等在一起时，一口气播报",
        ),
        "hourly": Field(
            Group(
                {
                    "from": Field(TimeOfDay(), "每天第一次整点播报", default=HOURLY[0]),
                    "to": Field(TimeOfDay(), "每天最后一次整点播报", default=HOURLY[1]),
                    "say": _spoken("hourly", "开头"),
                    "also": _spoken("hourly_also", "这一小时有的单已经单独播过时的开头；all 是全部"),
                    "earlier": _spoken("hourly_earlier", "更早没有播的，例如昨天傍晚的"),
                    "item": _spoken("hourly_item", "每一单"),
                    "rest": _spoken("hourly_rest", "说不完的合在一起"),
                }
            ),
            "其余的单：整点一起播报",
        ),
        "top_sales_of_day": _spoken("top_sales_of_day", "当天的开拓能手"),
        "top_sales_of_week": _spoken("top_sales_of_week", "本周的开拓能手"),
        "top_sales_of_month": _spoken("top_sales_of_month", "本月的开拓能手"),
        "nobody": _spoken("nobody", "没有人签单时"),
        "greeting": _spoken("greeting", "月初问候"),
        "sprint": _spoken("sprint", "月末冲刺"),
        "birthdays": _spoken("birthdays", "生日祝福"),
        "company_years": _spoken("company_years", "入职周年"),
        "ceremony": Field(_group("ceremony", _CEREMONY_DOCS, default_texts.CEREMONY), "每月的表彰"),
        "contest": Field(_group("contest", _CONTEST_DOCS, default_texts.CONTEST), "比赛的结果"),
    }
)

_RESULT_DOCS = {
    "opening": "开场",
    "third": "第三名",
    "second": "第二名",
    "first": "第一名",
    "top_team": "第一团队",
    "team": "其余每个团队",
    "city": "其他城市",
    "city_missing": "还没有报来的城市",
    "week": "本周的开拓能手",
    "month": "本月的开拓能手",
    "closing": "结束语",
    "nothing": "当天没有签单时的开场",
}
RESULTS = Group({n: _texts("results", n, doc, default_texts.RESULTS[n]) for n, doc in _RESULT_DOCS.items()})
_COMMENT_DOCS = dict(
    zip(
        COMMENT_NAMES,
        ("团队完成目标", "新纪录", "后来居上", "签单最多", "新人上榜", "平常的一天", "只有一单", "没有签单"),
        strict=True,
    )
)
COMMENTS = Group(
    {n: _texts("comments", n, doc, default_texts.COMMENTS[n]) for n, doc in _COMMENT_DOCS.items()}
)


def broadcasts_from(values: dict[str, Any]) -> Broadcasts:
    """Build the texts from the three groups of the file; missing ones are the defaults."""
    texts = values["broadcasts"] or _defaults(BROADCASTS)
    big = texts.pop("big") or _defaults(BROADCASTS.fields["big"].reader)
    burst = texts.pop("burst") or _defaults(BROADCASTS.fields["burst"].reader)
    ceremony, contest = texts.pop("ceremony"), texts.pop("contest")
    hourly = texts.pop("hourly") or _defaults(BROADCASTS.fields["hourly"].reader)
    return Broadcasts(
        **texts,
        big_over=big["over"],
        big=big["say"],
        burst=burst["say"],
        burst_item=burst["item"],
        hourly_from=hourly["from"],
        hourly_to=hourly["to"],
        hourly=hourly["say"],
        hourly_also=hourly["also"],
        hourly_earlier=hourly["earlier"],
        hourly_item=hourly["item"],
        hourly_rest=hourly["rest"],
        ceremony=CeremonyTexts(**(ceremony or default_texts.CEREMONY)),
        contest=ContestTexts(**(contest or default_texts.CONTEST)),
        results=Results(**(values["results"] or _defaults(RESULTS))),
        comments=values["comments"] or _defaults(COMMENTS),
    )


def _defaults(group: Any) -> dict[str, Any]:
    return {name: known.default for name, known in group.fields.items()}
