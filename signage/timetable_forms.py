"""The forms of the timetable page, made from the readers of the file: label, kind, limits, choices, description."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from controller.timetable.fields import Flag, Number, OneOf, Words
from controller.timetable.labels import ROLES, SAYINGS, SCENES
from controller.timetable.link_sections import (
    BOT,
    BOT_WORDS,
    GROUP,
    HOOKED_WORDS,
    KIND_WORDS,
    NEWS_WORDS,
    WEBHOOK,
)
from controller.timetable.model import VOICES, SoundSettings
from controller.timetable.schema import Field, Group, Many
from controller.timetable.sections import CUE, DUTY, FILE, MEASURE, SPAN
from controller.timetable.slots import ALLOWED

Json = dict[str, Any]

SHOWN_NAMES: Final = {
    **ROLES, **SCENES, **SAYINGS, "ink": "深色", "paper": "浅色", "zh": "中文", "en": "英文", "auto": "自动",
    "espeak": "备用语音", "same": "和平时一样",
}  # fmt: skip
LABELS: Final = {
    "office": "公司名称", "city": "所在城市", "cities": "一起公布战报的其他城市", "timezone": "时区",
    "holidays": "按哪里的公共假日", "days_off": "公司另外放假的日子", "extra_workdays": "公司另外上班的日子",
    "at": "时间", "on": "哪些日子", "name": "名称", "text": "大屏上的提示", "music": "音乐", "volume": "音量",
    "quiet": "安静，一点声音也没有", "wall": "大屏画面", "say": "播报什么", "show": "大屏画面",
    "grace": "最多晚多少秒还播", "who": "谁", "what": "做什么", "day": "每天", "week": "每周", "month": "每月",
    "monday": "周一", "tuesday": "周二", "wednesday": "周三", "thursday": "周四", "friday": "周五",
    "music_lufs": "音乐的响度", "speech_lufs": "播报的响度", "duck_db": "播报时音乐降低多少分贝",
    "duck_ms": "用多少毫秒降下去", "restore_ms": "播完用多少毫秒恢复", "lead_silence_ms": "先垫多少毫秒静音",
    "wake_after_s": "安静多少秒算功放睡着", "talk_minutes_per_hour": "每小时最多播报几分钟", "voice": "谁来播报",
    "speed": "语速", "results_voice": "傍晚的战报由谁播报", "fade_in_s": "音乐渐入几秒", "fade_out_s": "音乐渐出几秒",
    "ceilings": "某段时间的音量上限", "office_raise_db": "办公室吵时，播报最多提高几分贝",
    "office_lower_db": "办公室安静时，播报最多降低几分贝",
    "diagonal": "屏幕几英寸", "distance": "观看距离（米）", "theme": "颜色",
    "scene": "固定一个画面", "team": "只看一个团队", "portrait": "竖屏", "language": "语言", "over": "超过多少元算大单",
    "late_minutes": "别的程序发来的单，晚几分钟就只记不播",
    "unit": "单位", "from": "第一次整点播报", "to": "最后一次整点播报",
}  # fmt: skip
SLOTS: Final = {
    "team": "团队", "person": "姓名", "product": "产品", "amount": "金额", "count": "几单", "total": "合计",
    "all": "一共几单", "all_total": "全部合计", "target": "目标", "rate": "完成率", "when": "什么时候", "prize": "奖品",
    "office": "公司名称", "month": "几月", "city": "城市", "place": "第几名", "new_customers": "新客户的比例",
    "next_workday": "下个工作日", "week": "第几周", "times": "几次", "contest": "比赛的名称",
    "winners": "获胜者", "group": "组",
    "side": "谁", "score": "成绩", "day": "哪天", "people": "哪几位", "years": "几周年",
}  # fmt: skip
DAYS: Final = (
    "每天", "休息日", "周一", "周五", "周二和周五", "每月第一个工作日", "每月最后一个工作日", "每周最后一个工作日",
    "每月15日",
)  # fmt: skip
GROUP_LABELS: Final = {
    "kind": "哪一种群", "send": "发哪些消息", "quiet": "这些时间不发，一行写一段；不写就是 00:00-08:00 和 21:00-24:00",
    "keyword": "机器人要求的关键词，没有就不写", "picture": "战报用图片发",
}  # fmt: skip
MAIL_LABELS: Final = {
    "server": "发信服务器（SMTP）", "port": "端口，不写就是 465", "security": "加密，不写就是 tls",
    "user": "登录的用户名", "sender": "发件人邮箱", "send": "发哪些喜报", "at": "什么时候发",
    "faults_to": "故障和每天的小结发给哪些邮箱，一行写一个",
}  # fmt: skip
BOT_LABELS: Final = {
    "kind": "哪一种机器人", "chats": "只收这些群的消息，一行写一个群的编号；不写就都收",
    "senders": "只收这些人的消息，一行写一个人的编号；不写就都收",
}  # fmt: skip
HOOK_LABELS: Final = {"send": "推送哪些事"}
BY_HAND: Final = frozenset({"id"})
"""Keys of a link that no form shows: the phone writes them when a link is renamed."""
_WORDS: Final = (KIND_WORDS, BOT_WORDS, NEWS_WORDS, HOOKED_WORDS)
LINK_NAMES: Final = {
    **{name: word for words in _WORDS for word, name in words.items() if word != "企微"},
    "tls": "tls，465 端口", "starttls": "starttls，587 端口", "next_morning": "下个工作日 9:20",
}  # fmt: skip
TITLES: Final = {"broadcasts": "播报", "results": "战报", "comments": "点评"}
OPEN: Final = frozenset({"voice", "results_voice"})
"""Choices that also accept a name of the person's own, such as a folder of var/voices."""


@cache
def forms() -> Json:
    """Return all forms: the entries' fields by section, and the settings by page."""
    pages = [
        _page("office", "公司和上班的日子", [("office",), ("city",), ("cities",), ("holidays",), ("days_off",),
                                     ("extra_workdays",), ("timezone",)]),
        _page("prizes", "奖品", [("prizes", key) for key in _group("prizes").fields]),
        _page("share", "新客户的比例", [("new_customers", key) for key in _group("new_customers").fields]),
        _page("sound", "声音", [("sound", key) for key in _group("sound").fields]),
        _page("walls", "所有大屏", [("walls", "default", key) for key in _display().fields]),
    ]  # fmt: skip
    return {
        "entries": {
            section: [_field((key,), field) for key, field in group.fields.items()]
            for section, group in (("rhythm", SPAN), ("cues", CUE), ("duties", DUTY), ("measures", MEASURE))
        },
        "pages": pages,
        "links": {
            "groups": _link_form(GROUP, GROUP_LABELS),
            "bots": _link_form(BOT, BOT_LABELS),
            "webhooks": _link_form(WEBHOOK, HOOK_LABELS),
        },
        "mail": [
            _linked(("links", "mail", key), field, MAIL_LABELS)
            for key, field in _group("links", "mail").fields.items()
        ],
        "screen": [_field((key,), field) for key, field in _display().fields.items()],
        "texts": [text for section in TITLES for text in _texts(section)],
        "names": LINK_NAMES | SHOWN_NAMES,
        "slots": SLOTS,
        "days": DAYS,
    }


def _group(*path: str) -> Group:
    group = FILE
    for key in path:
        reader = group.fields[key].reader
        if not isinstance(reader, Group):
            raise TypeError(f"{path} is no group")
        group = reader
    return group


def _display() -> Group:
    return _group("walls", "default")


def _page(ident: str, title: str, paths: list[tuple[str, ...]]) -> Json:
    fields = [_field(path, _group(*path[:-1]).fields[path[-1]]) for path in paths]
    return {"id": ident, "title": title, "fields": fields}


def _field(path: tuple[str, ...], field: Field) -> Json:
    """Return a field of a form. `usual`: what holds when it is left empty."""
    key = path[-1]
    shape = {"path": path, "label": LABELS.get(key, field.doc), "doc": field.doc, "required": field.required}
    usual = field.default if field.default is not None else getattr(SoundSettings(), key, None)
    if isinstance(usual, int | float | str) and not isinstance(usual, bool) and path[:1] != ("at",):
        shape["usual"] = f"{usual:g}" if isinstance(usual, float) else str(usual)
    return shape | _kind(key, field.reader)


def _link_form(group: Group, labels: Mapping[str, str]) -> list[Json]:
    return [_linked((key,), field, labels) for key, field in group.fields.items() if key not in BY_HAND]


def _linked(path: tuple[str, ...], field: Field, labels: Mapping[str, str]) -> Json:
    """Return a field of a link's form."""
    shape = _field(path, field) | {"label": labels.get(path[-1], field.doc)}
    if shape["kind"] == "flag" and field.default is True:
        shape["usual"] = "true"
    return shape | {"usual": list(field.default)} if shape["kind"] == "several" else shape


def _kind(key: str, reader: Any) -> Json:
    if key in ("music", "ceilings", "say", "on"):
        return {"kind": key, **({"most": 300, "choices": list(SAYINGS)} if key == "say" else {})}
    if key in OPEN:
        return {"kind": "voice", "choices": list(VOICES)}
    if isinstance(reader, Number):
        return {"kind": "number", "least": reader.least, "most": reader.most, "whole": reader.whole}
    if isinstance(reader, Flag):
        return {"kind": "flag"}
    if isinstance(reader, OneOf):
        return {"kind": "choice", "choices": list(reader.words)}
    if isinstance(reader, Many):
        inner = reader.reader
        return (
            {"kind": "several", "choices": list(inner.words)}
            if isinstance(inner, OneOf)
            else {"kind": "list"}
        )
    most = reader.most if isinstance(reader, Words) else 40
    slots = ALLOWED.get(reader.slots or "", ()) if isinstance(reader, Words) else ()
    kind = {"kind": "long" if slots else "text", "most": most}  # an address of a server has one line
    return kind | ({"slots": slots} if slots else {})


def _texts(section: str, *inside: str) -> list[Json]:
    """Return the texts of a section: path, title, slots, and the texts that are used when it is left out."""
    found: list[Json] = []
    for key, field in _group(section, *inside).fields.items():
        path = (section, *inside, key)
        if isinstance(field.reader, Group):
            found += [{**text, "group": field.doc} for text in _texts(*path)]
        elif isinstance(field.reader, Many) and isinstance(field.reader.reader, Words):
            slots = ALLOWED.get(field.reader.reader.slots or "", ())
            title = field.doc.split("；可以用")[0]
            found.append({"path": path, "title": title, "slots": slots, "usual": field.default or (),
                          "kind": "texts", "group": TITLES[section], "most": field.reader.most})  # fmt: skip
        else:
            found.append({**_field(path, field), "title": LABELS[key], "group": TITLES[section]})
    return found


def playlists(names: Mapping[str, str]) -> list[Json]:
    """Return the playlists to choose from."""
    return [{"name": name, "title": title} for name, title in names.items()]
