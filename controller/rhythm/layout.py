"""The timetable file as a whole: its keys, what each is for, and how they become a `Rhythm`."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from controller.rhythm.called import SCENE_WORDS
from controller.rhythm.faults import Said
from controller.rhythm.layout_day import CUE, DUTY, SPAN
from controller.rhythm.layout_texts import BROADCASTS, COMMENTS, RESULTS, broadcasts_from
from controller.rhythm.model import (
    SAME_VOICE,
    SCENES,
    SPEEDS,
    VOICES,
    Ceiling,
    Prizes,
    Rhythm,
    SoundSettings,
    WallDisplay,
    WallSettings,
)
from controller.rhythm.rulewords import WEEKDAYS
from controller.rhythm.shape import Field, Group, Many, Table
from controller.rhythm.times import ClockRange, Day
from controller.rhythm.values import Country, Flag, Number, OneOf, Words, Zone

NEW_CUSTOMERS = (15, 13, 11, 9, 7)  # percent, Monday to Friday


def _shares(values: dict[str, Any], line: int) -> tuple[int, ...]:
    return tuple(values[weekday] for weekday in WEEKDAYS[:5])


def _ceilings(pairs: Any) -> tuple[Ceiling, ...]:
    return tuple(Ceiling(at, until, volume) for (at, until), volume in pairs)


def _sound(values: dict[str, Any], line: int) -> SoundSettings:
    return SoundSettings(**(values | {"ceilings": _ceilings(values["ceilings"])}))


def _display(values: dict[str, Any], line: int) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _walls(values: dict[str, Any], line: int) -> WallSettings:
    common = values["default"] or {}
    screens = {name: WallDisplay(**(common | own | {"name": name})) for name, own in values["screens"] or ()}
    return WallSettings(WallDisplay(**common), screens)


def _prizes(values: dict[str, Any], line: int) -> Prizes:
    return Prizes(**values)


def _rhythm(values: dict[str, Any], line: int) -> Rhythm:
    return Rhythm(
        office=values["office"],
        zone=values["timezone"],
        holidays=values["holidays"],
        days_off=frozenset(values["days_off"]),
        extra_workdays=frozenset(values["extra_workdays"]),
        spans=values["rhythm"],
        cues=values["cues"],
        duties=values["duties"],
        broadcasts=broadcasts_from(values),
        sound=values["sound"] or SoundSettings(),
        walls=values["walls"] or WallSettings(),
        city=values["city"],
        cities=values["cities"],
        new_customers=values["new_customers"] or NEW_CUSTOMERS,
        prizes=values["prizes"] or Prizes(),
    )


def _voice(names: tuple[str, ...], zh: str = "", en: str = "") -> Words:
    """A voice's name. Which voices there are only the machine knows: `zhangu check` compares."""
    example = Said(
        f"写语音的名称：{'、'.join(names)}{zh}", f"Write the name of a voice: {', '.join(names)}{en}"
    )
    return Words(80, check=_plain_name, example=example, examples=names)


def _plain_name(text: str) -> bool:
    return text.isprintable() and not text.startswith(".") and not set(text) & set("/\\")


_SOUND = Group(
    {
        "music_lufs": Field(Number(-40, -14, whole=False), "音乐的响度（LUFS）", default=-23.0),
        "speech_lufs": Field(Number(-30, -14, whole=False), "播报的响度（LUFS）", default=-18.0),
        "duck_db": Field(Number(-60, -6, whole=False), "播报时音乐降低多少分贝", default=-20.0),
        "duck_ms": Field(Number(50, 2000), "用多少毫秒降下去", default=250),
        "restore_ms": Field(Number(100, 10_000), "播完用多少毫秒恢复", default=1000),
        "lead_silence_ms": Field(Number(0, 3000), "功放睡着时，先垫多少毫秒静音", default=500),
        "wake_after_s": Field(Number(0, 3600), "安静多少秒后，当作功放睡着了", default=30),
        "talk_minutes_per_hour": Field(
            Number(0, 60, whole=False),
            "每小时最多播报几分钟；超出时小事等下个整点，大单和战报照播",
            default=6.0,
        ),
        "voice": Field(
            _voice(VOICES, "，或 var/voices 里的文件夹名", ", or a folder under var/voices"),
            "谁来播报：auto 自动，espeak 备用语音，或者写名字",
            default=VOICES[0],
        ),
        "speed": Field(Number(*SPEEDS, whole=False), "语速：1 正常，小的慢，大的快", default=1.0),
        "results_voice": Field(
            _voice((SAME_VOICE, *(name for name in VOICES if name != "espeak"))),
            "傍晚的开拓能手和战报由谁播报：same 和平时一样",
            default=SAME_VOICE,
        ),
        "fade_in_s": Field(Number(0, 30, whole=False), "音乐渐入几秒", default=2.0),
        "fade_out_s": Field(Number(0, 30, whole=False), "音乐渐出几秒", default=4.0),
        "ceilings": Field(
            Table(ClockRange(), Number(0, 100, unit="%"), most=48),
            "某段时间的音量上限，例如 08:00-08:45: 50",
            default=(),
        ),
    },
    _sound,
)
_DISPLAY = Group(
    {
        "diagonal": Field(
            Number(10, 300, whole=False, unit="寸", also=("英寸", "吋", '"', "英", "inch")),
            "屏幕对角线（英寸）",
        ),
        "distance": Field(Number(0.5, 50, whole=False, unit="米", also=("m",)), "观看距离（米）：越远字越大"),
        "theme": Field(
            OneOf(("ink", "paper"), {"深色": "ink", "墨": "ink", "浅色": "paper", "纸": "paper"}),
            "ink 深色，paper 浅色",
        ),
        "scene": Field(OneOf(SCENES, SCENE_WORDS), "固定显示一个画面"),
        "team": Field(Words(40), "这个团队自己的大屏：本队进度、队员和喜报"),
        "portrait": Field(Flag(), "true：竖屏"),
        "language": Field(
            OneOf(("zh", "en"), {"中文": "zh", "英文": "en", "英语": "en"}), "zh 中文，en 英文"
        ),
    },
    _display,
)
_WALLS = Group(
    {
        "default": Field(_DISPLAY, "所有大屏"),
        "screens": Field(Table(Words(40), _DISPLAY), "某块大屏自己的设置，按它的名称写"),
    },
    _walls,
)

FILE = Group(
    {
        "office": Field(Words(40), "公司名称，显示在大屏上", required=True),
        "timezone": Field(Zone(), "时区", default=ZoneInfo("Asia/Shanghai")),
        "city": Field(Words(20), "本公司所在城市"),
        "cities": Field(Many(Words(20), most=50), "18:05 一起公布的其他城市", default=()),
        "holidays": Field(Country(), "按哪个国家的公共假日放假和调休，例如 CN", default="CN"),
        "days_off": Field(Many(Day(), most=400, single=True), "公司另外放假的日子", default=()),
        "extra_workdays": Field(Many(Day(), most=400, single=True), "公司另外上班的日子", default=()),
        "new_customers": Field(
            Group(
                {
                    name: Field(Number(0, 100, unit="%"), "当天名单里新客户占百分之几", default=share)
                    for name, share in zip(WEEKDAYS[:5], NEW_CUSTOMERS, strict=True)
                },
                _shares,
                also={
                    f"{week}{day}": name
                    for name, day in zip(WEEKDAYS[:5], "一二三四五", strict=True)
                    for week in ("周", "星期", "礼拜")
                },
            ),
            "周一到周五，每天名单里新客户的比例",
        ),
        "rhythm": Field(Many(SPAN), "一天的时段", required=True),
        "cues": Field(Many(CUE), "到点播报和切换画面", default=()),
        "duties": Field(Many(DUTY), "谁在什么时候做什么", default=()),
        "broadcasts": Field(BROADCASTS, "播报用的话"),
        "results": Field(RESULTS, "18:05 战报用的话"),
        "comments": Field(COMMENTS, "战报最后的点评"),
        "prizes": Field(
            Group(
                {
                    "day": Field(Words(40), "每天的奖品", default=""),
                    "week": Field(Words(40), "每周的奖品", default=""),
                    "month": Field(Words(40), "每月的奖品", default=""),
                },
                _prizes,
                also={
                    "每天": "day",
                    "每周": "week",
                    "每月": "month",
                    "当天": "day",
                    "本周": "week",
                    "本月": "month",
                },
            ),
            "开拓能手的奖品",
        ),
        "sound": Field(_SOUND, "声音"),
        "walls": Field(_WALLS, "大屏"),
    },
    _rhythm,
    elsewhere=dict.fromkeys(
        ("zone", "zones", "rooms"), Said("声音只有一路，不能按房间分", "One sound for all rooms")
    ),
)
