"""The keys of one item of `rhythm:`, `cues:` and `duties:`: how they become Span, CueRule and DutyRule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from controller.rhythm.called import SAYINGS, SCENE_WORDS
from controller.rhythm.dayrule import DayRule, Part
from controller.rhythm.faults import Said, nearest
from controller.rhythm.model import (
    FREE_TEXT,
    SAYABLE,
    SCENES,
    WHO,
    CueRule,
    DutyRule,
    MusicChoice,
    Span,
)
from controller.rhythm.shape import Field, Group, Schema, Table, Where
from controller.rhythm.times import ClockRange, Days
from controller.rhythm.values import Either, Flag, Number, OneOf, Words
from controller.rhythm.yaml_nodes import Node, Pairs, Text

WORKDAYS = DayRule("workdays", (Part("workdays"),))
EVERY_DAY = DayRule("every day", (Part("every"),))
SHOWN_FOR = timedelta(minutes=5)  # a scene whose cue does not say until when
PLAYLIST = Words(
    most=40,
    check=lambda name: not re.search(r'[/\\:*?"<>|]', name) and not name.startswith("."),
    example=Said(
        "写 sounds/music 下面一个文件夹的名称，例如“morning”",
        'Write the name of a folder under sounds/music, for example "morning"',
    ),
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
_MUSIC_IS_IN_SPANS = Said(
    "音乐写在 rhythm: 的时段里，例如 {at: 17:00-17:05, name: 放歌, music: 文件夹名}",
    "Music belongs to a span in rhythm:, for example {at: 17:00-17:05, name: Song, music: FOLDER}",
)
_ONE_PLAYLIST = Said(
    "一个时段放一个歌单，把要放的歌都放进 sounds/music 下的那个文件夹；也可以按日子分：{周一: a, 周二: b}",
    "A span plays one playlist: put all its tracks into one folder under sounds/music",
)
_NO_ROOMS = Said("声音只有一路，不能按房间分", "There is one sound for all rooms")


@dataclass(frozen=True, slots=True)
class Say:
    """`results`, or words of one's own: `大家起立` or `{text: 大家起立}` → (say, text)."""

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
        allowed = Said(
            f"可以写：{names}，或者直接写要说的话",
            f"Allowed: {', '.join(SAYABLE)}, or words of your own as {{text: …}}",
        )
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
        "text": Field(Words(most=200, slots="span.text"), "大屏上的提示", default=""),
        "music": Field(
            Either(PLAYLIST, Table(Days(), PLAYLIST), no_list=_ONE_PLAYLIST),
            "放 sounds/music 下哪个文件夹的音乐；也可以按日子分别写",
        ),
        "volume": Field(Number(0, 100, unit="%"), "音量，0 到 100", default=40),
        "quiet": Field(Flag(), "true：完全不出声，有什么都等到结束", default=False),
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
        "grace": Field(Number(0, 3600), "最多晚多少秒还播", default=120),
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
