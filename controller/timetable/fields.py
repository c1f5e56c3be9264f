"""Readers for single values: numbers, money, texts with slots, names of scenes, zones and countries."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from controller.timetable.problems import nearest
from controller.timetable.schema import BadError, Schema, Where, text_of
from controller.timetable.slots import ALLOWED, slots_in
from controller.timetable.times import plain
from controller.timetable.workdays import CALLED, COUNTRIES, KINDS, REGIONS, calendar_of
from controller.timetable.yaml_source import Items, Node, Text


@dataclass(frozen=True, slots=True)
class Number:
    """A number between `least` and `most`, optionally followed by `unit` (for example a percent sign)."""

    least: float
    most: float
    whole: bool = True
    unit: str = ""
    also: tuple[str, ...] = ()  # other spellings of the unit

    def read(self, node: Node, where: Where) -> Any:
        kind = "整数" if self.whole else "数"
        allowed = f"可以写 {self.least:g} 到 {self.most:g} 的{kind}"
        text = plain(text_of(node, where, allowed))
        for unit in filter(None, (self.unit, *self.also)):
            text = text.removesuffix(unit).strip()
        if not re.fullmatch(r"[+-]?\d{1,9}" + ("" if self.whole else r"(\.\d{1,6})?"), text):
            where.refuse(node, allowed)
        number = int(text) if self.whole else float(text)
        return number if self.least <= number <= self.most else where.refuse(node, allowed)

    def schema(self) -> Schema:
        kind = "integer" if self.whole else "number"
        one: Schema = {"type": kind, "minimum": self.least, "maximum": self.most}
        units = "|".join(filter(None, (self.unit, *self.also)))
        return {"anyOf": [one, {"type": "string", "pattern": rf"^[\d.]+({units})$"}]} if units else one


@dataclass(frozen=True, slots=True)
class Yuan:
    """An amount of more than 0 and at most 999,999,999 yuan: `10000`, `10,000`, `1万`, `1.5万` → Decimal."""

    def read(self, node: Node, where: Where) -> Decimal:
        allowed = "写一个金额（元），例如“10000”或“1万”"
        text = plain(text_of(node, where, allowed)).replace(",", "").removesuffix("元").removeprefix("¥")
        if not re.fullmatch(r"\d{1,9}(\.\d{1,4})?万?", text):
            where.refuse(node, allowed)
        amount = Decimal(text.removesuffix("万")) * (10_000 if text.endswith("万") else 1)
        return amount if 0 < amount <= 999_999_999 else where.refuse(node, allowed)

    def schema(self) -> Schema:
        return {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "examples": ["1万"]}]}


_IN_WIDE_QUOTES = re.compile("[“‘＂]([^“”‘’＂]+)[”’＂]")
"""An input method for Chinese writes them for the quotes of YAML, to which they are letters."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text of at most `most` characters; with `slots` (a key of slots.ALLOWED) its slots are checked."""

    most: int = 40
    slots: str | None = None
    check: Callable[[str], bool] = bool
    example: str | None = None
    examples: tuple[str, ...] = ()

    def read(self, node: Node, where: Where) -> str:
        allowed = self.example or f"写一段文字，最多 {self.most} 个字"
        text = text_of(node, where, allowed)
        if self.slots is None and (quoted := _IN_WIDE_QUOTES.fullmatch(text)):
            text = quoted[1].strip()
        if len(text) > self.most or not self.check(text):
            where.refuse(node, allowed)
        if self.slots is not None:
            self._check_slots(text, ALLOWED[self.slots], node, where)
        return text

    def _check_slots(self, text: str, known: tuple[str, ...], node: Node, where: Where) -> None:
        names = "、".join(f"{{{name}}}" for name in known)
        allowed = f"这里可以用：{names}" if known else "这里不能用大括号"
        unknown = [slot for slot in slots_in(text) if slot not in known]
        for slot in unknown:
            guess = nearest(slot, known)
            found = f"不认识“{{{slot}}}”"
            where.note(node.line, found, allowed, f"{{{guess}}}" if guess else None)
        if text.count("{") != len(slots_in(text)) or text.count("}") != len(slots_in(text)):
            where.note(node.line, "大括号不成对", allowed)
            raise BadError
        if unknown:
            raise BadError

    def schema(self) -> Schema:
        schema: Schema = {"type": "string", "maxLength": self.most}
        return schema | ({"examples": list(self.examples)} if self.examples else {})


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of `words`; `also` maps other spellings to them."""

    words: tuple[str, ...]
    also: Mapping[str, str] = field(default_factory=dict)

    def read(self, node: Node, where: Where) -> str:
        allowed = f"可以写：{'、'.join(map(self._shown, self.words))}"
        word = plain(text_of(node, where, allowed)).lower()
        word = self.also.get(word, word)
        return word if word in self.words else where.refuse(node, allowed, self._near(word))

    def _shown(self, word: str) -> str:
        """Return a word with its first other spelling: leader（组长）."""
        other = next((other for other, meant in self.also.items() if meant == word), None)
        return f"{word}（{other}）" if other else word

    def _near(self, word: str) -> str | None:
        return nearest(word, (*self.words, *self.also))

    def schema(self) -> Schema:
        return {"enum": [*self.words, *self.also]}


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`, also yes, no, on, off, 是, 否 → bool."""

    def read(self, node: Node, where: Where) -> bool:
        allowed = "可以写 true（是）或 false（否）"
        word = text_of(node, where, allowed).lower()
        if word in ("true", "yes", "on", "是", "开"):
            return True
        return False if word in ("false", "no", "off", "否", "关") else where.refuse(node, allowed)

    def schema(self) -> Schema:
        return {"type": "boolean"}


# Common spellings of China's time zone. UTC and GMT offsets are not zone names, and CST is ambiguous (four zones).
_SHANGHAI = """asia/beijing asia/chongqing asia/harbin beijing shanghai china prc cst chinastandardtime beijingtime
utc+8 utc+08 utc+8:00 utc+08:00 utc+0800 gmt+8 gmt+08 gmt+8:00 gmt+08:00 gmt+0800 +8 +08 +08:00 +0800 etc/gmt-8 东八区
北京时间 北京 上海 中国时间 中国标准时间 中国 asia/shenzhen asia/guangzhou"""
_ZONES = dict.fromkeys(_SHANGHAI.split(), "Asia/Shanghai") | {
    "香港": "Asia/Hong_Kong",
    "香港时间": "Asia/Hong_Kong",
    "澳门": "Asia/Macau",
    "台北": "Asia/Taipei",
    "台北时间": "Asia/Taipei",
    "新加坡": "Asia/Singapore",
    "新加坡时间": "Asia/Singapore",
    "东京": "Asia/Tokyo",
    "东京时间": "Asia/Tokyo",
}


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone's name → ZoneInfo."""

    def read(self, node: Node, where: Where) -> ZoneInfo:
        allowed = "写时区的名称，例如“Asia/Shanghai”"
        name = plain(text_of(node, where, allowed))
        name = _ZONES.get(re.sub(r"[\s_]", "", name).casefold(), name)
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            where.refuse(node, allowed, self._near(name))

    def _near(self, name: str) -> str | None:
        """Return a zone with the same city (ignoring the part before it), or with a similar name: Asia/Shanhai."""
        if re.fullmatch(r"(?i)(?:utc|gmt)?[+-]?[\d:.]+", name):
            return None  # every offset is similar to all others
        zones = available_timezones()
        cities = {zone.rpartition("/")[2]: zone for zone in sorted(zones, reverse=True) if "/" in zone}
        cities |= {"Beijing": "Asia/Shanghai", "Shenzhen": "Asia/Shanghai", "Guangzhou": "Asia/Shanghai"}
        city = nearest(name.rpartition("/")[2], cities)
        return cities[city] if city else nearest(name, zones)

    def schema(self) -> Schema:
        return {"type": "string", "examples": ["Asia/Shanghai"]}


@dataclass(frozen=True, slots=True)
class Country:
    """A country's code, with a region (`GB-ENG`) and further kinds of days (`DE-BY+catholic`), or None for `none`."""

    _allowed: ClassVar = "写国家或地区代码，例如“CN”“HK”“GB-ENG”；不按公共假日就写“none”"

    def read(self, node: Node, where: Where) -> str | None:
        code = plain(text_of(node, where, self._allowed))
        if (calendar := calendar_of(code)) is not None:
            return calendar
        return None if code.upper() in ("NONE", "无", "不放假") else self._refuse(code, node, where)

    def _refuse(self, code: str, node: Node, where: Where) -> NoReturn:
        """Refuse with the allowed values: after "-" the country's regions, after "+" its kinds of days."""
        country = CALLED.get(code.split("-")[0].split("+")[0].strip(), code[:2].upper())
        if "+" in code and country in COUNTRIES and (kinds := KINDS.get(country)):
            allowed = f"“+”后面可以写：{'、'.join(kinds)}"
        elif "-" in code and (regions := REGIONS.get(country)):
            some = [f"{country}-{region}" for region in regions[:60]]
            allowed = f"{country} 的地区可以写：{'、'.join(some)}"
            where.refuse(node, allowed, nearest(code, some))
        else:
            allowed = self._allowed
        where.refuse(node, allowed, nearest(code, COUNTRIES) if len(code) <= 3 else None)

    def schema(self) -> Schema:
        return {"anyOf": [{"enum": [*sorted(COUNTRIES), "none"]}, {"type": "string", "examples": ["GB-ENG"]}]}


@dataclass(frozen=True, slots=True)
class Either:
    """Read a plain value with `first`, any other node with `second`."""

    first: Any
    second: Any
    no_list: str | None = None  # advice for a refused list; None: lists are allowed

    def read(self, node: Node, where: Where) -> Any:
        if self.no_list is not None and isinstance(node, Items):
            where.refuse(node, self.no_list)
        return (self.first if isinstance(node, Text) else self.second).read(node, where)

    def schema(self) -> Schema:
        return {"anyOf": [self.first.schema(), self.second.schema()]}
