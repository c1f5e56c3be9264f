"""The shipped timetable matches the facts of the office's day."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from small_office import SHIPPED, day

from controller.timetable import default_texts, load
from controller.timetable.plan import plan_for, to_json
from controller.timetable.workdays import Workdays

CN = Workdays("CN")
OFFICE = load.load(SHIPPED)
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))

THE_DAY = """
08:30 09:00 战前准备
09:00 09:15 元帅升帐
09:15 09:20 先锋探路
09:20 10:30 攻城略地
10:30 11:30 决战时间
11:30 12:00 决战过后
12:00 12:30 人马安顿
12:30 12:55 小憩
12:55 13:00 战鼓再响
13:00 13:10 击掌立誓
13:10 14:30 扮猪吃虎
14:30 16:30 决战时刻
16:30 17:30 拔营略寨
17:30 18:00 清点战果
18:00 18:10 战报传来
"""


def planned(on: str) -> dict[str, list[dict[str, object]]]:
    return to_json(plan_for(day(on), OFFICE, CN))


def test_an_ordinary_day_has_each_part_word_for_word() -> None:
    """An ordinary Wednesday has all fifteen entries with their names and times."""
    entries = planned("2026-05-13")["entries"]
    assert [f"{e['at']} {e['until']} {e['name']}" for e in entries] == THE_DAY.strip().splitlines()
    assert all(e["text"] for e in entries)


def test_music_and_quiet_time_of_an_ordinary_day() -> None:
    """Calm music plays before work, rousing music after the nap, and no other; the one quiet time is dark."""
    entries = planned("2026-05-13")["entries"]
    assert [(e["name"], e["music"]) for e in entries if e["music"]] == [
        ("战前准备", "morning"),
        ("战鼓再响", "rousing"),
    ]
    assert [(e["name"], e["wall"]) for e in entries if e["quiet"]] == [("小憩", "dark")]
    assert [e["wall"] for e in entries if e["name"] == "元帅升帐"] == ["countdown"]


def test_the_evening() -> None:
    """Top sales are announced at 18:00, results at 18:05 with the leaderboard."""
    assert planned("2026-05-13")["cues"] == [
        {"at": "18:00", "say": "top_sales_of_day", "show": None},
        {"at": "18:05", "say": "results", "show": "leaderboard"},
    ]


def test_the_broadcasts_word_for_word() -> None:
    """The texts that the office prescribed and the amount above which a deal is big are unchanged."""
    said = OFFICE.broadcasts
    assert said.first_of_day == ("恭喜{team}的{person}签到了第一单，为我们大家拿到了开门红，大家加油！",)
    assert said.big == ("恭喜{team}的{person}签了一单{product}，金额是{amount}，请大家为他喝彩！",)
    assert said.big_over == 10_000


def test_texts_with_a_count_are_right_for_one_deal_too() -> None:
    """No text uses "all" with a count that may be one: 今天的一单都是…"""
    texts = SHIPPED.read_text(encoding="utf-8") + Path(str(default_texts.__file__)).read_text(
        encoding="utf-8"
    )
    assert texts.count("{count}单") > 30
    assert re.findall("{count}单(?:都|全|各|分别)", texts) == []


def test_the_share_of_new_customers_falls_from_monday_to_friday() -> None:
    """It starts at 15 % and falls in steps."""
    shares = OFFICE.new_customers
    assert shares[0] == 15
    assert list(shares) == sorted(set(shares), reverse=True)
    assert len(shares) == 5


@pytest.mark.parametrize(
    ("on", "what"),
    [
        ("2026-05-11", "周会"),  # a Monday
        ("2026-05-12", "给客户发邮件"),  # a Tuesday
        ("2026-05-15", "给客户发邮件"),  # a Friday
        ("2026-05-06", "月会：总结上月，定下本月目标"),  # the first working day of May
        ("2026-05-06", "和总监、组长一起在门口迎接大家"),
        ("2026-05-06", "为上月的开拓能手颁奖"),
        ("2026-05-29", "和总监、组长一起在门口为冲刺鼓劲"),  # the last of May
        ("2026-05-08", "组织一次团队活动，10日以前"),
        ("2026-05-13", "听录音、带新人，满一小时"),
        ("2026-05-13", "用半小时和大家过一遍今天的目标"),
    ],
)
def test_duties_come_on_their_days(on: str, what: str) -> None:
    """Each duty of the leaders is on the wall on its day."""
    assert what in [duty["what"] for duty in planned(on)["duties"]]


@pytest.mark.parametrize(
    ("on", "what"),
    [("2026-05-12", "周会"), ("2026-05-13", "给客户发邮件"), ("2026-05-11", "组织一次团队活动，10日以前"),
     ("2026-06-03", "组织一次团队活动，10日以前"), ("2026-05-07", "月会：总结上月，定下本月目标")],
)  # fmt: skip
def test_duties_stay_away_on_other_days(on: str, what: str) -> None:
    """A duty does not appear on other days: a reminder shown every day is ignored."""
    assert what not in [duty["what"] for duty in planned(on)["duties"]]


@pytest.mark.parametrize("golden", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_three_real_days_as_written_down(golden: Path) -> None:
    """`today` is right on a month's last Friday, a make-up Saturday and the first day after National Day."""
    expected = json.loads(golden.read_text(encoding="utf-8"))
    assert planned(golden.stem) == expected


def test_the_three_days_are_there() -> None:
    """The golden files exist, so that the test above is not empty."""
    assert [path.stem for path in GOLDEN] == ["2026-02-14", "2026-10-08", "2026-10-30"]


def test_an_editor_finds_the_schema() -> None:
    """The first line points the editor to the schema beside the file."""
    assert SHIPPED.read_text(encoding="utf-8").startswith(
        "# yaml-language-server: $schema=rhythm.schema.json\n"
    )
    assert SHIPPED.with_name("rhythm.schema.json").exists()
