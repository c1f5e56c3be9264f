"""Read each section of the timetable file from its YAML node into the model."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from controller.timetable.day_rules import WEEKDAYS, DayRule, Part
from controller.timetable.fields import Country, Either, Flag, Number, OneOf, Words, Zone
from controller.timetable.health_sections import HEALTH
from controller.timetable.labels import SAYINGS, SCENE_WORDS
from controller.timetable.link_model import NO_LINKS
from controller.timetable.link_sections import LINKS
from controller.timetable.model import (
    DIAGONALS,
    DISTANCES,
    FREE_TEXT,
    LANGUAGES,
    NEW_CUSTOMERS,
    OFFICE_DB,
    SAME_VOICE,
    SAYABLE,
    SCENES,
    SPEEDS,
    THEMES,
    VOICES,
    WHO,
    BackupSettings,
    Ceiling,
    CueRule,
    DutyRule,
    HealthSettings,
    Measure,
    MusicChoice,
    Prizes,
    SoundSettings,
    Span,
    Timetable,
    WallDisplay,
    WallSettings,
)
from controller.timetable.problems import nearest
from controller.timetable.schema import Field, Group, Many, Schema, Table, Where
from controller.timetable.texts import BROADCASTS, COMMENTS, RESULTS, broadcasts_from
from controller.timetable.time_fields import ClockRange, Day, Days
from controller.timetable.yaml_source import Node, Pairs, Text

WORKDAYS = DayRule("workdays", (Part("workdays"),))
EVERY_DAY = DayRule("every day", (Part("every"),))
SHOWN_FOR = timedelta(minutes=5)  # duration of a cue's scene when the file gives no end
PLAYLIST = Words(
    most=40,
    check=lambda name: not re.search(r'[/\\:*?"<>|]', name) and not name.startswith("."),
    example="写 sounds/music 下面一个文件夹的名称，例如“morning”",
)
_WHO = {
    "所有人": "everyone",
    "全体": "everyone",
    "大家": "everyone",
    "销售": "sales",
    "组长": "leader",
    "总监": "director",
    "总经理": "manager",
    "销售助理": "assistant",
    "助理": "assistant",
}


_SAYABLE_WORDS = {called: word for word, called in SAYINGS.items()}
_MUSIC_IS_IN_SPANS = "音乐写在 rhythm: 的时段里，例如 {at: 17:00-17:05, name: 放歌, music: 文件夹名}"
_ONE_PLAYLIST = (
    "一个时段放一个歌单，把要放的歌都放进 sounds/music 下的那个文件夹；也可以按日子分：{周一: a, 周二: b}"
)
_NO_ROOMS = "声音只有一路，不能按房间分"


@dataclass(frozen=True, slots=True)
class Say:
    """A named announcement such as `results`, or free text: `大家起立` or `{text: 大家起立}` → (say, text)."""

    def read(self, node: Node, where: Where) -> tuple[str, str | None]:
        free = Words(most=300, slots="cue.text")
        if isinstance(node, Pairs):
            return FREE_TEXT, Group({"text": Field(free, "要说的话", required=True)}).read(node, where)[
                "text"
            ]
        if isinstance(node, Text) and re.fullmatch(r"[A-Za-z_ -]+", node.value.strip()):
            return self._named(node, where), None
        if isinstance(node, Text) and (word := _SAYABLE_WORDS.get(node.value.strip())):
            return word, None
        return FREE_TEXT, free.read(node, where)

    def _named(self, node: Text, where: Where) -> str:
        word = node.value.strip().lower()
        names = "、".join(SAYABLE)
        allowed = f"可以写：{names}，或者直接写要说的话"
        return word if word in SAYABLE else where.refuse(node, allowed, nearest(word, SAYABLE))

    def schema(self) -> Schema:
        own: Schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
        return {"anyOf": [{"type": "string", "examples": list(SAYABLE)}, own]}


def _span(values: dict[str, Any], line: int) -> Span:
    at, until = values["at"]
    quiet: bool = values["quiet"]
    return Span(
        on=values["on"],
        at=at,
        until=until,
        name=values["name"],
        text=values["text"],
        music=_music(values["music"]),
        volume=values["volume"],
        quiet=quiet,
        wall=values["wall"] or ("dark" if quiet else "rhythm"),
        line=line,
    )


def _music(written: str | tuple[tuple[DayRule, str], ...] | None) -> tuple[MusicChoice, ...]:
    if written is None:
        return ()
    if isinstance(written, str):
        return (MusicChoice(EVERY_DAY, written),)
    return tuple(MusicChoice(on, name) for on, name in sorted(written, key=lambda pair: pair[0].width))


def _cue(values: dict[str, Any], line: int) -> CueRule:
    at, until = values["at"]
    say, text = values["say"] or (None, None)
    if values["show"] and until is None:
        until = min(at + SHOWN_FOR, timedelta(days=1))
    grace = timedelta(seconds=values["grace"])
    return CueRule(values["on"], at, say, values["show"], until, text, grace, line)


def _duty(values: dict[str, Any], line: int) -> DutyRule:
    at = values["at"][0] if values["at"] else None
    return DutyRule(values["on"], at, values["who"], values["what"], line)


def _measure(values: dict[str, Any], line: int) -> Measure:
    return Measure(values["name"], values["unit"], line)


def _default(of: type, name: str) -> Any:
    """Return the default that the model declares for a field."""
    return next(known.default for known in fields(of) if known.name == name)


_ON = Field(
    Days(),
    "哪些日子：工作日（不写就是工作日）、周一、周二和周五、每月第一个工作日、2026-12-24…",
    default=WORKDAYS,
)

SPAN = Group(
    {
        "at": Field(ClockRange(), "从几点到几点，例如 08:30-09:00", required=True),
        "on": _ON,
        "name": Field(Words(most=20), "名称，显示在大屏上", required=True),
        "text": Field(Words(most=200, slots="span.text"), "大屏上的提示", default=_default(Span, "text")),
        "music": Field(
            Either(PLAYLIST, Table(Days(), PLAYLIST), no_list=_ONE_PLAYLIST),
            "放 sounds/music 下哪个文件夹的音乐；也可以按日子分别写",
        ),
        "volume": Field(Number(0, 100, unit="%"), "音量，0 到 100", default=_default(Span, "volume")),
        "quiet": Field(Flag(), "true：完全不出声，有什么都等到结束", default=_default(Span, "quiet")),
        "wall": Field(OneOf(SCENES, SCENE_WORDS), "大屏画面，不写就是 rhythm"),
    },
    _span,
    title="name",
    elsewhere=dict.fromkeys(("zone", "zones", "room", "rooms"), _NO_ROOMS),
)
CUE = Group(
    {
        "at": Field(ClockRange(point=True), "时刻；画面要停留到几点就写成 18:05-18:10", required=True),
        "on": _ON,
        "say": Field(Say(), "播报什么：一个固定名称，或者直接写要说的话"),
        "show": Field(OneOf(SCENES, SCENE_WORDS), "大屏显示什么画面"),
        "grace": Field(Number(0, 3600), "最多晚多少秒还播", default=_default(CueRule, "grace").seconds),
    },
    _cue,
    title="at",
    elsewhere=dict.fromkeys(("play", "music", "playlist", "song"), _MUSIC_IS_IN_SPANS)
    | dict.fromkeys(("zone", "zones", "room", "rooms"), _NO_ROOMS),
)
DUTY = Group(
    {
        "at": Field(ClockRange(point=True), "几点提醒；不写就全天显示"),
        "on": _ON,
        "who": Field(OneOf(WHO, _WHO), "谁：leader 组长、director 总监、manager 总经理…", required=True),
        "what": Field(Words(most=60, slots="duty.what"), "做什么", required=True),
    },
    _duty,
    title="what",
)
MEASURE = Group(
    {
        "name": Field(Words(most=10), "名称，例如 电话、邀约、回款", required=True),
        "unit": Field(Words(most=4), "单位：通、个、次；写 元 就是金额", default=_default(Measure, "unit")),
    },
    _measure,
    title="name",
)
MOST_MEASURES = 6


# --- The timetable file as a whole


def _shares(values: dict[str, Any], line: int) -> tuple[int, ...]:
    return tuple(values[weekday] for weekday in WEEKDAYS[:5])


def _ceilings(pairs: Any) -> tuple[Ceiling, ...]:
    return tuple(Ceiling(at, until, volume) for (at, until), volume in pairs)


def _sound(values: dict[str, Any], line: int) -> SoundSettings:
    given = _given(values)
    return SoundSettings(**given | {"ceilings": _ceilings(given.get("ceilings", ()))})


def _given(values: dict[str, Any], line: int = 0) -> dict[str, Any]:
    """Return the values present in the file; for the others the model's defaults apply."""
    return {key: value for key, value in values.items() if value is not None}


def _walls(values: dict[str, Any], line: int) -> WallSettings:
    common = values["default"] or {}
    screens = {name: WallDisplay(**(common | own | {"name": name})) for name, own in values["screens"] or ()}
    return WallSettings(WallDisplay(**common), screens)


def _prizes(values: dict[str, Any], line: int) -> Prizes:
    return Prizes(**_given(values))


def _backup(values: dict[str, Any], line: int) -> BackupSettings:
    return BackupSettings(**_given(values))


def _rhythm(values: dict[str, Any], line: int) -> Timetable:
    return Timetable(
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
        links=values["links"] or NO_LINKS,
        measures=values["measures"],
        backup=values["backup"] or BackupSettings(),
        health=values["health"] or HealthSettings(),
    )


def _voice(names: tuple[str, ...], or_else: str = "") -> Words:
    """Return a reader for a voice's name. `zhangu check` compares it with the voices installed on the machine."""
    example = f"写语音的名称：{'、'.join(names)}{or_else}"
    return Words(80, check=_plain_name, example=example, examples=names)


def _plain_name(text: str) -> bool:
    return text.isprintable() and not text.startswith(".") and not set(text) & set("/\\")


_SOUND = Group(
    {
        "music_lufs": Field(Number(-40, -14, whole=False), "音乐的响度（LUFS）"),
        "speech_lufs": Field(Number(-30, -14, whole=False), "播报的响度（LUFS）"),
        "duck_db": Field(Number(-60, -6, whole=False), "播报时音乐降低多少分贝"),
        "duck_ms": Field(Number(50, 2000), "用多少毫秒降下去"),
        "restore_ms": Field(Number(100, 10_000), "播完用多少毫秒恢复"),
        "lead_silence_ms": Field(Number(0, 3000), "功放睡着时，先垫多少毫秒静音"),
        "wake_after_s": Field(Number(0, 3600), "安静多少秒后，当作功放睡着了"),
        "talk_minutes_per_hour": Field(
            Number(0, 60, whole=False),
            "每小时最多播报几分钟；超出时小事等下个整点，大单和战报照播",
        ),
        "voice": Field(
            _voice(VOICES, "，或 var/voices 里的文件夹名"),
            "谁来播报：auto 自动，espeak 备用语音，或者写名字",
        ),
        "speed": Field(Number(*SPEEDS, whole=False), "语速：1 正常，小的慢，大的快"),
        "results_voice": Field(
            _voice((SAME_VOICE, *(name for name in VOICES if name != "espeak"))),
            "傍晚的开拓能手和战报由谁播报：same 和平时一样",
        ),
        "fade_in_s": Field(Number(0, 30, whole=False), "音乐渐入几秒"),
        "fade_out_s": Field(Number(0, 30, whole=False), "音乐渐出几秒"),
        "ceilings": Field(
            Table(ClockRange(), Number(0, 100, unit="%"), most=48),
            "某段时间的音量上限，例如 08:00-08:45: 50",
        ),
        "office_raise_db": Field(
            Number(*OFFICE_DB),
            "办公室比平常吵时，播报最多提高几分贝；不写或写 0 就不提高。要一个 USB 麦克风，不留录音",
        ),
        "office_lower_db": Field(
            Number(*OFFICE_DB),
            "办公室比平常安静时，播报最多降低几分贝；不写或写 0 就不降低。紧急广播从不降低",
        ),
    },
    _sound,
)
_DISPLAY = Group(
    {
        "diagonal": Field(
            Number(*DIAGONALS, whole=False, unit="寸", also=("英寸", "吋", '"', "英", "inch")),
            "屏幕对角线（英寸）",
        ),
        "distance": Field(
            Number(*DISTANCES, whole=False, unit="米", also=("m",)), "观看距离（米）：越远字越大"
        ),
        "theme": Field(
            OneOf(THEMES, {"深色": "ink", "墨": "ink", "浅色": "paper", "纸": "paper"}),
            "ink 深色，paper 浅色",
        ),
        "scene": Field(OneOf(SCENES, SCENE_WORDS), "固定显示一个画面"),
        "team": Field(Words(40), "这个团队自己的大屏：本队进度、队员和喜报"),
        "portrait": Field(Flag(), "true：竖屏"),
        "language": Field(OneOf(LANGUAGES, {"中文": "zh", "英文": "en", "英语": "en"}), "zh 中文，en 英文"),
    },
    _given,
)
_WALLS = Group(
    {
        "default": Field(_DISPLAY, "所有大屏"),
        "screens": Field(Table(Words(40), _DISPLAY), "某块大屏自己的设置，按它的名称写"),
    },
    _walls,
)

_BACKUP = Group(
    {
        "days": Field(Number(3, 365), "留几天的备份"),
        "folder": Field(
            Words(
                200,
                check=lambda path: path.startswith("/") and path.isprintable(),
                example="写完整的路径，例如“/media/usb/zhangu”",
            ),
            "另外再备份到哪个文件夹，例如 U 盘：/media/usb/zhangu",
        ),
    },
    _backup,
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
                    "day": Field(Words(40), "每天的奖品"),
                    "week": Field(Words(40), "每周的奖品"),
                    "month": Field(Words(40), "每月的奖品"),
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
        "measures": Field(
            Many(MEASURE, most=MOST_MEASURES), "除了金额，还记哪些数：电话、邀约、回款…", default=()
        ),
        "backup": Field(_BACKUP, "每天的备份"),
        "sound": Field(_SOUND, "声音"),
        "walls": Field(_WALLS, "大屏"),
        "links": Field(LINKS, "和外面的连接：群机器人"),
        "health": Field(HEALTH, "主机出问题时告诉谁"),
    },
    _rhythm,
    elsewhere=dict.fromkeys(("zone", "zones", "rooms"), "声音只有一路，不能按房间分"),
)
