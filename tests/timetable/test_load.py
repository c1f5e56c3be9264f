"""Each kind of invalid timetable gives sentences for the manager, all together; a valid one is read literally."""

from __future__ import annotations

import json
import re
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_office import SHIPPED, day, faults, office

from controller.timetable import load, slots
from controller.timetable.model import (
    SAYABLE,
    SCENES,
    Prizes,
    SoundSettings,
    Span,
    Timetable,
    WallDisplay,
    WallSettings,
)
from controller.timetable.problems import MOST_FAULTS
from controller.timetable.sections import FILE
from tests.forms import examples

HEAD = "office: 测试\n"
A = "rhythm:\n  - {at: 09:00-10:00, name: A}\n"
PYTHON_WORDS = re.compile(
    r"literal|NoneType|Traceback|validation error|pydantic|Error\b|expected|scanning|<class|object at|invalid|yaml\.",
    re.I,
)
SHIPPED_TEXT = SHIPPED.read_text(encoding="utf-8")


# (kind of problem, file, full sentences)
CASES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "a link with the former name of another one",
        HEAD + A + "links:\n  groups:\n    新群: {kind: wecom}\n    喜报群: {id: 新群, kind: wecom}\n",
        (
            "rhythm.yaml 第 6 行，links › groups › 新群：“喜报群”改名以前叫“新群”，它的密钥和消息还用着这个名字。"
            "换一个没有用过的名字，或者写另一个 id。",
        ),
    ),
    (
        "a full-width colon and a tab",
        "office：测试\nrhythm:\n\t- at: 09:00-10:00\n\t  name: A\n",
        (
            "rhythm.yaml 第 1 行，“office”后面是全角冒号“：”。请改成半角冒号加一个空格“: ”。",
            "rhythm.yaml 第 3 行，行首用了制表符（Tab）或全角空格。缩进只用半角空格。",
            "rhythm.yaml 第 4 行，行首用了制表符（Tab）或全角空格。缩进只用半角空格。",
        ),
    ),
    (
        "no space after the colon",
        HEAD + "rhythm:\n  - at:09:00-10:00\n    name: A\n",
        ("rhythm.yaml 第 3 行，“at:”后面少一个空格。冒号后面要空一格。",),
    ),
    (
        "an hour that does not exist",
        HEAD + "rhythm:\n  - {at: 25:00-26:00, name: 小憩}\n",
        (
            "rhythm.yaml 第 3 行，rhythm › 小憩 › at：写的是“25:00-26:00”。写成“开始-结束”，"
            "小时从 00 到 23，例如“13:00-13:10”。",
        ),
    ),
    (
        "an invalid voice name, and a speed out of range",
        HEAD + A + "sound: {voice: ../kokoro, spead: 1, speed: 3}\n",
        (
            "rhythm.yaml 第 4 行，sound：不认识“spead”。这里可以写：music_lufs、speech_lufs、duck_db、duck_ms、"
            "restore_ms、lead_silence_ms、wake_after_s、talk_minutes_per_hour、voice、speed、results_voice、fade_in_s、"
            "fade_out_s、ceilings、office_raise_db、office_lower_db。是不是“speed”？",
            "rhythm.yaml 第 4 行，sound › voice：写的是“../kokoro”。写语音的名称：auto、espeak、晓晓、晓贝、晓妮、"
            "晓伊、云希、云健、云夏、云扬，或 var/voices 里的文件夹名。",
            "rhythm.yaml 第 4 行，sound › speed：写的是“3”。可以写 0.7 到 1.4 的数。",
        ),
    ),
    (
        "a reversed span",
        HEAD + "rhythm:\n  - {at: 09:15-09:00, name: 升帐}\n",
        ("rhythm.yaml 第 3 行，rhythm › 升帐 › at：写的是“09:15-09:00”。结束要晚于开始，并且在同一天。",),
    ),
    (
        "an unknown key with its nearest",
        HEAD + "rhythm:\n  - at: 12:30-12:55\n    name: 小憩\n    quite: true\n",
        (
            "rhythm.yaml 第 5 行，rhythm › 小憩：不认识“quite”。"
            "这里可以写：at、on、name、text、music、volume、quiet、wall。是不是“quiet”？",
        ),
    ),
    (
        "a misspelled required key gives one sentence",
        "ofice: 测试\n" + A,
        (f"rhythm.yaml 第 1 行，不认识“ofice”。这里可以写：{'、'.join(FILE.fields)}。是不是“office”？",),
    ),
    ("a missing key", A, ("rhythm.yaml 第 1 行，缺少“office”。请加上“office”：公司名称，显示在大屏上。",)),
    (
        "a key twice",
        HEAD + HEAD + A,
        ("rhythm.yaml 第 2 行，“office”写了两次，前一次在第 1 行。同一处只能写一次，请删掉一个。",),
    ),
    (
        "spans that overlap",
        HEAD + A + "  - {at: 09:30-11:00, name: B}\n",
        (
            "rhythm.yaml 第 4 行，B：和第 3 行的“A”时间重叠，又会在同一天。"
            "同一天的时段不能重叠；想在某些日子换掉它，就把 on 写得更窄，例如“每月第一个工作日”。",
        ),
    ),
    (
        "an unknown day rule",
        HEAD + "rhythm:\n  - {at: 09:00-10:00, name: A, on: 每月第一个工作目}\n",
        (
            "rhythm.yaml 第 3 行，rhythm › A › on：写的是“每月第一个工作目”。"
            "可以写工作日、每天、周二和周五、每月第一个工作日、2026-12-24 这样的日子。是不是“每月第一个工作日”？",
        ),
    ),
    (
        "an unknown slot in a phrase",
        HEAD + A + "broadcasts:\n  first_of_day: 恭喜{persn}\n",
        (
            "rhythm.yaml 第 5 行，broadcasts › first_of_day：不认识“{persn}”。"
            "这里可以用：{team}、{person}、{product}、{amount}。是不是“{person}”？",
        ),
    ),
    (
        "a list with Chinese commas",
        HEAD + "cities: [上海，广州、深圳]\ndays_off: 2026-12-31、2027-01-04\n" + A,
        (
            "rhythm.yaml 第 2 行，cities › #1：写的是“上海，广州、深圳”。"
            "几项之间不能用“，”，请用半角逗号和空格隔开，例如“[甲, 乙]”。",
            "rhythm.yaml 第 3 行，days_off：写的是“2026-12-31、2027-01-04”。"
            "几项之间不能用“、”，请用半角逗号和空格隔开，例如“[甲, 乙]”。",
        ),
    ),
    (
        "a Chinese word for a key",
        HEAD + "rhythm:\n  - {at: 09:00-10:00, name: A, 安静: true}\n",
        (
            "rhythm.yaml 第 3 行，rhythm › A：不认识“安静”。"
            "这里可以写：at、on、name、text、music、volume、quiet、wall。是不是“quiet”？",
        ),
    ),
    (
        "a quotation that never ends",
        'office: "测试\n' + A + "#\n" * 40 + 'duties:\n  - {who: sales, what: "发邮件"}\n',
        ('rhythm.yaml 第 1 行，写的是“office: "测试”。引号要成对。',),
    ),
    (
        "a text that begins with a sign",
        HEAD + A + "broadcasts:\n  nobody: @全体 加油\n",
        ("rhythm.yaml 第 5 行，写的是“nobody: @全体 加油”。文字以“@”开头时要加引号。",),
    ),
    (
        "a colon and a space in a text with slots",
        HEAD + A + "broadcasts:\n  first_of_day: 恭喜{person}签了{product}: 加油\n",
        (
            "rhythm.yaml 第 5 行，写的是“first_of_day: 恭喜{person}签了{product}: 加油”。"
            "文字里有“: ”时要加引号，或者改成全角冒号“：”。",
        ),
    ),
    (
        "a quotation of the first half",
        HEAD + 'rhythm:\n  - at: 09:00-10:00\n    name: "A"。B\n',
        ('rhythm.yaml 第 4 行，写的是“name: "A"。B”。引号只包住了一部分：整句加引号，或者里面用“”。',),
    ),
    (
        "a line that is not aligned",
        HEAD + "rhythm:\n  - at: 09:00-10:00\n   name: A\n",
        (
            "rhythm.yaml 第 4 行，写的是“name: A”。没有和上面对齐：这一行从第 4 格开始，上一行从第 5 格开始。"
            "缩进只看空格，同一项里要一样。",
        ),
    ),
    (
        "a brace that does not close",
        HEAD + A + "broadcasts:\n  nobody: 明天{见\n",
        ("rhythm.yaml 第 5 行，broadcasts › nobody：大括号不成对。这里不能用大括号。",),
    ),
    (
        "a text with braces inside braces",
        HEAD + A + "broadcasts: {big: {over: 1, say: 恭喜{team}的}}\n",
        (
            "rhythm.yaml 第 4 行，写的是“broadcasts: {big: {over: 1, say: 恭喜{tea…”。"
            "大括号里面的文字带有 { } 时要加引号，或者分几行写。",
        ),
    ),
    (
        "an alias",
        HEAD + "rhythm: &a\n  - {at: 09:00-10:00, name: A}\ncues: *a\n",
        (
            "rhythm.yaml 第 2 行，用了 YAML 的 &、* 或 ! 写法。这个文件里不用它们；文字以这些符号开头时请加引号。",
        ),
    ),
    (
        "a tag",
        HEAD + "city: !!python/name:os.system\n" + A,
        (
            "rhythm.yaml 第 2 行，用了 YAML 的 &、* 或 ! 写法。这个文件里不用它们；文字以这些符号开头时请加引号。",
        ),
    ),
    (
        "an empty file",
        "# 什么也没有\n",
        ("rhythm.yaml 第 1 行，文件是空的。请从“office: 公司名称”和“rhythm:”写起，可以照抄自带的作息表。",),
    ),
    (
        "a list instead of a mapping",
        "- a\n- b\n",
        (f"rhythm.yaml 第 1 行，这里是一个列表。这里写一组“名称: 内容”，名称有：{'、'.join(FILE.fields)}。",),
    ),
    (
        "a mapping instead of a list",
        HEAD + "rhythm: {at: 09:00-10:00}\n",
        ("rhythm.yaml 第 2 行，rhythm：这里是一组“名称: 内容”。这里写一个列表，每项以“- ”开头。",),
    ),
    (
        "a second document",
        HEAD + A + "---\noffice: B\n",
        ("rhythm.yaml 第 4 行，又出现了“---”。一个文件只写一张作息表，请删掉这一行。",),
    ),
    (
        "an unclosed quotation mark",
        HEAD + 'city: "北京\n' + A,
        ('rhythm.yaml 第 2 行，写的是“city: "北京”。引号要成对。',),
    ),
    (
        "a cue that does nothing, in quiet time",
        HEAD + "rhythm:\n  - {at: 12:30-12:55, name: 小憩, quiet: true}\ncues:\n  - {at: 12:40}\n",
        (
            "rhythm.yaml 第 5 行，cues › 12:40：没有写要做什么。请加上 say（播报）或 show（画面）。",
            "rhythm.yaml 第 5 行，cues › 12:40：落在安静时间“小憩”里。安静时间里什么都不播，请换一个时刻。",
        ),
    ),
    (
        "music in quiet time",
        HEAD + "rhythm:\n  - {at: 12:30-12:55, name: 小憩, quiet: true, music: calm}\n",
        ("rhythm.yaml 第 3 行，小憩：既要安静又要放音乐。quiet 和 music 只留一个。",),
    ),
    (
        "a date both day off and workday",
        HEAD + A + "days_off: [2026-12-26]\nextra_workdays: 2026-12-26\n",
        ("rhythm.yaml 第 5 行，extra_workdays：2026-12-26 既在 days_off 又在 extra_workdays。只留一处。",),
    ),
    (
        "an unknown zone",
        HEAD + "timezone: Asia/Shanghei\n" + A,
        (
            "rhythm.yaml 第 2 行，timezone：写的是“Asia/Shanghei”。写时区的名称，"
            "例如“Asia/Shanghai”。是不是“Asia/Shanghai”？",
        ),
    ),
    (
        "a folder outside the music",
        HEAD + "rhythm:\n  - {at: 09:00-10:00, name: A, music: ../etc}\n",
        (
            "rhythm.yaml 第 3 行，rhythm › A › music：写的是“../etc”。"
            "写 sounds/music 下面一个文件夹的名称，例如“morning”。",
        ),
    ),
    (
        "a cue's name misspelled",
        HEAD + A + "cues:\n  - {at: 18:00, say: top_sale_of_day}\n",
        (
            "rhythm.yaml 第 5 行，cues › 18:00 › say：写的是“top_sale_of_day”。"
            "可以写：top_sales_of_day、top_sales_of_week、top_sales_of_month、results、greeting、sprint、"
            "birthdays、company_years、ceremony，或者直接写要说的话。是不是“top_sales_of_day”？",
        ),
    ),
    (
        "a round-up that ends before it begins",
        HEAD + A + "broadcasts:\n  hourly: {from: 17:00, to: 10:00}\n",
        ("rhythm.yaml 第 5 行，broadcasts › hourly：from 晚于 to。第一次整点播报要早于最后一次。",),
    ),
)

# Texts in the file, and a part of the sentence about each: the line and the advice.
HINTS = (
    ("  - {at: 22:00-02:00, name: 夜班}\n", "写成两段：22:00-24:00 和 00:00-02:00"),
    ("  - {at: 22:00-00:00, name: 夜班}\n", "写成“22:00-24:00”"),
    ("  - {at: 00:00-00:00, name: 夜班}\n", "全天写成“00:00-24:00”"),
    ("  - at: 10:00-11:00\n    name: b\n    on:\n      - 周一\n      - 周八\n", "第 7 行，rhythm › b › on"),
    ("  - {at: 10:00-11:00, name: b, music: [a, b]}\n", "放进 sounds/music 下的那个文件夹"),
    (
        '  - at: 10:00-11:00\n    name: "促单\n    text: 促单\ncities: "广州"\n',
        '第 4 行，写的是“name: "促单”。引号要成对',
    ),
    (
        "cues:\n  - at: 18:00\n    say: {text: 大家好\n  - at: 18:05\n",
        "第 6 行，写的是“say: {text: 大家好”。括号要成对",
    ),
    ("cues:\n  - {at: [10:00, 11:00], say: 大家好}\n", "要在几个时刻就写几条"),
    ("cues:\n  - {at: 每小时, say: 大家好}\n", "要在几个时刻就写几条"),
    ("cues:\n  - {at: 17:00, play: friday}\n", "音乐写在 rhythm: 的时段里"),
    ("days_off:\n  - 2026-12-25\nextra_workdays:\n  - 2026-12-24\n  - 2026年12月25日\n", "第 8 行"),
    ("broadcasts:\n  first_of_day: 恭喜\n  hourly:\n    from: 17:00\n    to: 10:00\n", "第 7 行"),
    ("zones: [一楼]\n", "不能按房间分"),
    ("walls:\n  default: {theme: 红色}\n", "可以写：ink（深色）、paper（浅色）"),
    ("timezone: Asia/Beijng\n", "是不是“Asia/Shanghai”？"),
    ("timezone: UTC+9\n", "例如“Asia/Shanghai”。"),
    ("holidays: GB-LON\n", "GB 的地区可以写：GB-ENG、GB-NIR、GB-SCT、GB-WLS"),
    ("holidays: DE-BY+bank\n", "“+”后面可以写：catholic、school"),
)


@pytest.mark.parametrize(("text", "sentence"), HINTS)
def test_a_problem_names_its_line_and_advice(text: str, sentence: str) -> None:
    """The line is the one to correct, and the advice fits the person's intention."""
    body = text if text.startswith("  -") else "  - {at: 08:00-09:00, name: a}\n" + text
    problems = "\n".join(faults("office: 测试\nrhythm:\n" + body))
    assert sentence in problems, problems
    assert "是不是" in sentence or "是不是" not in problems


@pytest.mark.parametrize(
    "written",
    ["Asia/Beijing", "UTC+8", "GMT+08:00", "CST", "北京时间", "北京 时间", "ＵＴＣ＋８", "东八区", "PRC"],
)
def test_chinas_time_by_any_name(written: str) -> None:
    """Common names of China's time zone are accepted."""
    parsed = load.parse(f"office: 测试\ntimezone: {written}\nrhythm:\n  - {{at: 08:00-09:00, name: a}}\n")
    assert parsed.zone.key == "Asia/Shanghai"


def test_chinese_words_are_accepted_everywhere() -> None:
    """Scenes, themes, languages, weekdays, prizes and holidays may be written in Chinese."""
    parsed = load.parse(
        "office: 测试\nholidays: 中国香港\nnew_customers: {周一: 20, 星期二: 15%}\nprizes: {每天: 电影票}\n"
        "walls:\n  default: {theme: 浅色, language: 英文, scene: 战报, diagonal: 75寸, distance: 6米}\n"
        "rhythm:\n  - {at: 08:00-09:00, name: a, wall: 倒计时}\n"
        "cues:\n  - {at: 18:00, say: 战报, show: 战报}\n  - {at: 18:10, say: 大家辛苦了}\n"
    )
    default = parsed.walls.default
    assert (default.theme, default.language, default.scene) == ("paper", "en", "leaderboard")
    assert (default.diagonal, default.distance) == (75.0, 6.0)
    assert (parsed.holidays, parsed.prizes.day, parsed.spans[0].wall) == ("HK", "电影票", "countdown")
    assert parsed.new_customers == (20, 15, 11, 9, 7)
    assert [(cue.say, cue.show, cue.text) for cue in parsed.cues] == [
        ("results", "leaderboard", None), ("text", None, "大家辛苦了"),
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "sentences"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_problem_gives_its_full_sentence(text: str, sentences: tuple[str, ...]) -> None:
    """The sentence has place, found value, allowed values and nearest word, and there are no other sentences."""
    assert tuple(faults(text)) == sentences


@pytest.mark.parametrize("text", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_no_sentence_shows_python(text: str) -> None:
    """No sentence contains a message of Python, PyYAML or a validator."""
    with pytest.raises(load.TimetableInvalid) as caught:
        load.parse(text)
    for fault in caught.value.faults:
        assert not PYTHON_WORDS.search(str(fault)), str(fault)


@pytest.mark.parametrize(
    ("entry", "asks"),
    [
        ("{at: 下午2点-5点半, name: A}", "是不是“14:00-17:30”？"),
        ("{at: 2:00-5:30 PM, name: A}", "是不是“14:00-17:30”？"),
        ("{at: 9点半到12点, name: A}", "是不是“09:30-12:00”？"),
        ("{at: 1400-1500, name: A}", "是不是“14:00-15:00”？"),
        ("{at: 9点-24点, name: A}", "是不是“09:00-24:00”？"),
        ("{at: 5点-3点, name: A}", ""),
    ],
)
def test_a_fault_asks_for_what_was_probably_meant(entry: str, asks: str) -> None:
    """Times in words, and figures without a colon."""
    (sentence,) = faults(f"{HEAD}rhythm:\n  - {entry}\n")
    assert sentence.endswith(asks) if asks else "是不是" not in sentence


def test_quotes_of_an_input_method_are_quotes() -> None:
    """YAML takes “ ” for letters of the name; quotes inside a name, and those that are ornaments, stay."""
    names = ("“早会”", "‘午休’", "“冲”刺", "「收官」", "“”")
    hours = "\n".join(
        f"  - {{at: {8 + n:02}:00-{9 + n:02}:00, name: {name}}}" for n, name in enumerate(names)
    )
    parsed = load.parse(f"{HEAD}rhythm:\n{hours}\n")
    assert [span.name for span in parsed.spans] == ["早会", "午休", "“冲”刺", "「收官」", "“”"]


def test_all_problems_are_reported_together_sorted_by_line() -> None:
    """Ten mistakes in one file give ten sentences, among them an overlap of spans that are valid by themselves."""
    text = """office: 测试
holidays: XX
days_off: [明天]
rhythm:
  - {at: 09:00-10:00, name: A}
  - {at: 09:30-10:00, name: B}
  - {at: 9点, name: C, volume: 140, wall: darkk}
duties: leader
new_customers: {monday: abc}
sound: {duck_db: -200, ceilings: {8点: 40}}
walls: {screens: {前台: {theme: dark}}}
"""
    lines = [int(re.search(r"第 (\d+) 行", sentence)[1]) for sentence in faults(text)]  # type: ignore[index]
    assert lines == [2, 3, 6, 7, 7, 7, 8, 9, 10, 10, 11]


def test_a_cue_in_quiet_time_is_valid_where_a_narrower_span_replaces_it() -> None:
    """On Fridays a party replaces the nap: a Friday cue during it is valid, a cue of every working day is not."""
    spans = """rhythm:
  - {at: 12:30-12:55, name: 小憩, quiet: true}
  - {at: 12:30-12:55, name: 聚会, on: 周五}
"""
    assert faults(HEAD + spans + "cues:\n  - {at: 12:40, on: 周五, say: 干杯}\n") == []
    assert len(faults(HEAD + spans + "cues:\n  - {at: 12:40, say: 干杯}\n")) == 1


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("volume: 0", "volume: -1"),
        ("volume: 100", "volume: 101"),
        ("volume: 40%", "volume: 4e1"),
        ("wall: rest", "wall: ''"),
        ("quiet: 否", "quiet: maybe"),
        ("text: 到{next_workday}", "text: 到{nextworkday}"),
        (f"text: {'字' * 200}", f"text: {'字' * 201}"),
    ],
)
def test_the_bounds_of_a_value(right: str, wrong: str) -> None:
    """The last allowed value is accepted; the first one outside is refused with one sentence."""
    item = HEAD + "rhythm:\n  - at: 09:00-24:00\n    name: A\n    "
    assert faults(item + right + "\n") == []
    assert len(faults(item + wrong + "\n")) == 1


@pytest.mark.parametrize(
    "cue", ["24:00", "18:60", "18", "18:05-18:05", "18:05-18:04", "18:05-25:00", "六点", "1805"]
)
def test_moments_that_do_not_exist(cue: str) -> None:
    """A cue needs a time of day; 24:00 is valid only as an end."""
    assert len(faults(HEAD + A + f"cues:\n  - {{at: {cue}, say: 好}}\n")) == 1


@pytest.mark.parametrize("over", ["0", "-1", "1e9", "NaN", "1000000000", "一万"])
def test_amounts_that_are_none(over: str) -> None:
    """The threshold for a big deal is more than 0 and written in digits."""
    assert len(faults(HEAD + A + f"broadcasts:\n  big:\n    over: {over}\n")) == 1


def test_a_file_of_another_kind_gives_no_flood() -> None:
    """Any invalid file gives at most a hundred sentences."""
    with pytest.raises(load.TimetableInvalid) as caught:
        load.parse("\n".join(f"k：v{n}" for n in range(1000)))
    assert len(caught.value.faults) == MOST_FAULTS


@settings(max_examples=examples(60), deadline=None)
@given(st.data())
def test_a_damaged_shipped_file_gives_problems_or_a_timetable(data: st.DataObject) -> None:
    """A file cut off, duplicated or with odd characters anywhere gives a timetable or sentences, and no other error."""
    cut = data.draw(st.integers(0, len(SHIPPED_TEXT)))
    until = min(len(SHIPPED_TEXT), cut + data.draw(st.integers(0, 60)))
    middle = data.draw(
        st.sampled_from(
            ["", "：", "\t", "{", "[", '"', "&a ", "*a", "- ", ": ", "\x00", "\n", "!!x ", "\ud800", "? "]
        )
    )
    for sentence in faults(SHIPPED_TEXT[:cut] + middle + SHIPPED_TEXT[until:]):
        assert not PYTHON_WORDS.search(sentence), sentence


@settings(max_examples=examples(200), deadline=None)
@given(st.text(st.sampled_from("abot: -\n\t\"'{}[]&*!|>#%@`,?：。12\x00\u3000"), max_size=60))
def test_any_text_gives_problems_or_a_timetable(text: str) -> None:
    """Any text gives a timetable or sentences."""
    assert faults(text)


def test_bombs_are_refused_quickly() -> None:
    """Aliases that expand to billions, very deep nesting and a file of megabytes are refused with a sentence."""
    bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(50))
    assert "&、* 或 !" in faults(bomb)[0]
    assert faults("office: " + "[" * 10_000) == ["rhythm.yaml 第 1 行，一层套一层太深了。最多 12 层。"]
    assert faults("#" * (load.LARGEST + 1)) == ["rhythm.yaml：文件太大。作息表最大 256 KB。"]


# ---- files ----


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            "office: 测试\n".encode("gb18030"),
            "rhythm.yaml 第 1 行，这里的字符不是 UTF-8 编码。请在编辑器里“另存为”，编码选 UTF-8。",
        ),
        ("测".encode() * 100_000, "rhythm.yaml：文件太大。作息表最大 256 KB。"),
        (
            b"",
            "rhythm.yaml 第 1 行，文件是空的。请从“office: 公司名称”和“rhythm:”写起，可以照抄自带的作息表。",
        ),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, data: bytes, sentence: str) -> None:
    """A file in another encoding, too large or empty gives one sentence with advice."""
    file = tmp_path / "rhythm.yaml"
    file.write_bytes(data)
    with pytest.raises(load.TimetableInvalid) as caught:
        load.load(file)
    assert [str(fault) for fault in caught.value.faults] == [sentence]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file and a folder with its name give a sentence, not a system error."""
    with pytest.raises(load.TimetableInvalid, match="找不到这个文件。请把作息表放到 config 文件夹里。"):
        load.load(tmp_path / "none.yaml")
    with pytest.raises(load.TimetableInvalid, match="打不开这个文件。请让本程序有权读取它。"):
        load.load(tmp_path)


def test_windows_notepad_writes_a_byte_order_mark(tmp_path: Path) -> None:
    """A byte order mark and Windows line ends make no difference."""
    file = tmp_path / "rhythm.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + (HEAD + A).replace("\n", "\r\n").encode())
    assert load.load(file) == load.parse(HEAD + A)


# ---- a valid file ----


def test_unquoted_times_and_words_are_read_literally() -> None:
    """12:55 is a time, `on` a key, `no` a value: YAML's type conversions do not apply."""
    rhythm = office(
        "{at: 9:05-12:55, name: no, on: monday, quiet: no}\n{at: 13:00-13:10, name: 12:55, quiet: on}",
        more="broadcasts: {hourly: {from: 10:00, to: 17:30}}\ncity: 2026-12-24\n",
    )
    first, second = rhythm.spans
    assert (first.at, first.until, first.on.words) == (
        timedelta(hours=9, minutes=5),
        timedelta(hours=12, minutes=55),
        "monday",
    )
    assert (first.name, first.quiet, second.name, second.quiet) == ("no", False, "12:55", True)
    assert (rhythm.broadcasts.hourly_from, rhythm.broadcasts.hourly_to) == (time(10), time(17, 30))
    assert rhythm.city == "2026-12-24"


def test_full_width_digits_and_dashes_are_understood() -> None:
    """Characters of a Chinese keyboard inside a time or a number are accepted."""
    span = office("{at: １２：３０—１２：５５, name: A, volume: ４０%}").spans[0]
    assert (span.at, span.until, span.volume) == (
        timedelta(hours=12, minutes=30),
        timedelta(hours=12, minutes=55),
        40,
    )


def test_a_wall_is_dark_in_quiet_time_unless_it_says_otherwise() -> None:
    """`quiet` implies `dark`; a scene in the file overrides it."""
    spans = office(
        "{at: 12:00-12:30, name: A, quiet: true}\n{at: 13:00-13:30, name: B, quiet: true, wall: rest}"
    ).spans
    assert [span.wall for span in spans] == ["dark", "rest"]


def test_the_sketch_of_the_design_can_be_written() -> None:
    """A file may have one text or several variants, amounts as 1万, both forms of a cue's free text, Chinese roles."""
    rhythm = office(
        "{at: 08:30-09:00, name: A, music: morning}",
        more="""
broadcasts:
  first_of_day: [一, 二]
  big: {over: 1.5万, say: 好}
cues:
  - {at: 10:00, say: {text: hello}}
  - {at: 10:05-10:10, say: 起立, show: award}
duties:
  - {on: monday, who: 总监, what: 周会}
""",
    )
    assert rhythm.broadcasts.first_of_day == ("一", "二")
    assert (rhythm.broadcasts.big_over, rhythm.broadcasts.big) == (Decimal(15_000), ("好",))
    assert [(cue.say, cue.text, cue.show) for cue in rhythm.cues] == [
        ("text", "hello", None),
        ("text", "起立", "award"),
    ]
    assert rhythm.duties[0].who == "director"


def test_screens_inherit_what_holds_for_all() -> None:
    """A screen's settings override those of `default`, and those override the built-in ones."""
    walls = office(
        "{at: 09:00-10:00, name: A}",
        more="walls: {default: {distance: 8}, screens: {前台: {portrait: true}}}\n",
    ).walls
    assert walls.screens["前台"] == WallDisplay(name="前台", distance=8.0, portrait=True)
    assert walls.default == WallDisplay(distance=8.0)


def test_days_of_the_office() -> None:
    """days_off and extra_workdays take one date or several."""
    rhythm = office("", more="days_off: [2026-12-31, 2027/1/2]\nextra_workdays: 2026年12月26日\n")
    assert rhythm.days_off == {day("2026-12-31"), day("2027-01-02")}
    assert rhythm.extra_workdays == {day("2026-12-26")}


# ---- the schema for editors ----


def test_the_committed_schema_is_current() -> None:
    """config/rhythm.schema.json equals the output of `python -m controller.timetable.load`."""
    committed = json.loads(SHIPPED.with_name("rhythm.schema.json").read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(load.json_schema()))


def test_the_schema_describes_every_key_in_chinese() -> None:
    """Each key of the file has a description, and the schema has all scenes, cues and slots of the model."""
    schema = load.json_schema()
    assert set(schema["properties"]) == set(FILE.fields)
    assert all(re.search(r"[\u4e00-\u9fff]", key["description"]) for key in schema["properties"].values())
    span = schema["properties"]["rhythm"]["items"]["properties"]
    assert span["wall"]["enum"][: len(SCENES)] == list(SCENES)
    cue = schema["properties"]["cues"]["items"]["properties"]
    assert cue["say"]["anyOf"][0]["examples"] == list(SAYABLE)


def test_slots_are_filled_and_others_left() -> None:
    """Values are inserted literally; braces in a value are not filled."""
    assert slots.fill("{a}和{b}", {"a": "{b}", "b": "2"}) == "{b}和2"
    assert slots.fill("{c}", {}) == "{c}"
    assert slots.slots_in("{a}和{b}") == ("a", "b")


def test_each_default_is_declared_once() -> None:
    """A section or key missing in the file has the model's default."""
    whole = parsed_of("")
    assert (whole.sound, whole.walls, whole.prizes) == (SoundSettings(), WallSettings(), Prizes())
    some = parsed_of("sound: {duck_ms: 300}\nwalls: {default: {theme: paper}}\nprizes: {day: 一本书}\n")
    assert some.sound == SoundSettings(duck_ms=300)
    assert some.walls.default == WallDisplay(theme="paper")
    assert some.prizes == Prizes(day="一本书")
    assert (
        whole.spans[0].volume == Span(whole.spans[0].on, whole.spans[0].at, whole.spans[0].until, "x").volume
    )


def parsed_of(more: str) -> Timetable:
    return load.parse(f"office: 甲\nrhythm:\n- {{at: 09:00-10:00, name: 一}}\n{more}")


@pytest.mark.parametrize("character", ["\x00", "\x7f", "\x80", "\x96", "\x9f", "\ufffe"])
def test_an_invisible_character_is_named(character: str) -> None:
    """YAML itself would stop at it with an error of the parser."""
    with pytest.raises(load.TimetableInvalid) as caught:
        load.parse(f"office: 北京{character}公司\n")
    assert "有看不见的控制字符" in str(caught.value.faults[0])
