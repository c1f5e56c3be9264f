"""The English of the program's Chinese text: one table, used for pages, scripts and the server's sentences. Pure.

The program writes Chinese. `english/*.tsv` has one line per text: the Chinese, a tab, the English. A value in a text is
a slot, `{team}`; a script's `${…}`, a template's `{{ … }}` and an f-string's `{…}` become slots that are named after
the last word of their expression. In the English a slot may have a form: `{count:s}` is the "s" of a plural,
`{month:month}` the name of a month, `{weekday:day}` of 一 to 日, `{tens:wan}` an amount given in 万.

A sentence of the server is recognised by its fixed words. Values that people typed (TYPED) are never translated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

from controller.sentences import TEXTS, Sentence

FOLDER: Final = Path(__file__).parent / "english"
PAGES: Final = "phone.tsv"
"""The texts of pages and scripts; those that the server has too are in the other files."""
HAN: Final = re.compile(r"[\u3400-\u9fff]")
SLOT: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
DAYS: Final = dict(
    zip("一二三四五六日天", ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Sun"], strict=True)
)
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STAYS: Final = "="
"""The English of a text that is Chinese for English readers too: something that is announced, or a name."""
TYPED: Final = frozenset(
    {
        "name", "person", "people", "team", "teams", "product", "products", "text", "texts", "office", "playlist",
        "wall", "file", "title", "track", "city", "host", "own", "said", "owner", "url_name", "url_playlist",
        "url_file", "cell", "cells", "cities",
    }
)  # fmt: skip
"""Slots with text that people typed, which is shown as typed."""
LONGEST: Final = 4000
"""Characters of a text that is looked up; longer ones are texts of people."""
MOST_JOINED: Final = 8
"""Clauses that are tried together as one line of the table."""
_STOPS: Final = {
    "。": ". ",
    "；": "; ",
    "，": ", ",
    "、": ", ",
    "：": ": ",
    "？": "? ",
    "！": "! ",
    "\n": "\n",
    " · ": " · ",
}
_FORMS: Final = {
    "s": re.compile(r".*", re.S), "month": re.compile(r"\d{1,2}"), "day": re.compile("[一二三四五六日天]"),
    "wan": re.compile(r"\d+(\.\d+)?|[一两三四五六七八九]"),
}  # fmt: skip
_ENDS: Final = "，。；：！ "
_NUMERALS: Final = {numeral: tens for tens, numeral in enumerate("一两三四五六七八九", 1)}
_DIGITS: Final = re.compile(r"[\d.,:%¥–—\-/ +]+|[一二三四五六日天]")
_FULL_WIDTH: Final = str.maketrans(
    {"，": ", ", "。": ". ", "；": "; ", "：": ": ", "、": ", ", "？": "? ", "！": "! ", "（": " (",
     "）": ")", "　": " ", "＋": "+"}
)  # fmt: skip


@dataclass(frozen=True)
class Text:
    """One line of the table, with slots."""

    zh: str
    en: str

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The fixed words before, between and after the slots."""
        return tuple(SLOT.split(self.zh)[::3])

    @cached_property
    def slots(self) -> tuple[str, ...]:
        return tuple(SLOT.split(self.zh)[1::3])

    @cached_property
    def forms(self) -> tuple[tuple[str, str], ...]:
        """The slots with a form: their values must suit it."""
        return tuple((name, form) for name, form in SLOT.findall(self.en) if form)

    @cached_property
    def mark(self) -> str:
        """The longest fixed words: a text without them is another one."""
        return max(self.parts, key=len)

    @cached_property
    def weight(self) -> int:
        """Return how many Chinese characters are fixed."""
        return sum(len(HAN.findall(part)) for part in self.parts)

    def match(self, text: str) -> dict[str, str] | None:
        """Return the values of the slots in `text`, None when it is another text. Linear in its length."""
        first, *rest = self.parts
        if not text.startswith(first) or not text.endswith(rest[-1]):
            return None
        at, end, values = len(first), len(text) - len(rest[-1]), []
        if end < at:
            return None
        for part in rest[:-1]:
            found = text.find(part, at, end) if part else at  # of adjacent slots the last has all
            if found < 0:
                return None
            values.append(text[at:found])
            at = found + len(part)
        if at > end:
            return None
        values.append(text[at:end])
        if (
            self.weight < 2
            and sum(map(len, self.parts)) < 4
            and not all(_DIGITS.fullmatch(value) for value in values)
        ):
            return None  # too little to know the text by
        named = dict(zip(self.slots, values, strict=True))
        fits = all(_FORMS[form].fullmatch(named[slot]) for slot, form in self.forms)
        return named if fits else None


def filled(en: str, value: Callable[[str], str]) -> str:
    """Return the English with its slots filled."""

    def one(match: re.Match[str]) -> str:
        name, form = match[1], match[2]
        if form == "s":
            return "" if value(name) == "1" else "s"
        if form == "month":
            number = int(value(name))
            return MONTHS[number - 1] if 1 <= number <= 12 else str(number)
        if form == "day":
            return DAYS.get(value(name), value(name))
        if form == "wan":
            tens = _NUMERALS.get(value(name)) or float(value(name))
            return f"¥{tens * 10000:,.0f}"
        return value(name)

    return SLOT.sub(one, en)


def half_width(text: str) -> str:
    """Return a text without Chinese characters with the punctuation of English."""
    plain = text.translate(_FULL_WIDTH).replace("……", "…")
    if plain == text:
        return text
    plain = re.sub(r"(?<=\S) {2,}", " ", plain)
    plain = re.sub(r" (?=[.,;:?!)])|(?<=\() ", "", plain)
    return plain.rstrip() if plain.endswith((". ", "? ", "! ")) else plain


class Catalogue:
    """All lines of the table, and the walls' sentences. `pages`: of pages and scripts, which no answer has slots of."""

    def __init__(self, pages: Mapping[str, str], sentences: Mapping[str, str]) -> None:
        self.lines = {**pages, **sentences}
        both = {**dict(TEXTS.values()), **self.lines}
        texts = [Text(zh, en) for zh, en in both.items() if en != STAYS]
        whole = {text.zh: text.en for text in texts if not text.slots}
        bare = {zh.strip(_ENDS): en.strip(" .,;:") for zh, en in whole.items()}
        self._exact = {**bare, **whole}
        alone = pages.keys() - {zh for zh, _ in TEXTS.values()}
        made = [text for text in texts if text.weight and text.slots and text.zh not in alone]
        self._made: dict[str, list[Text]] = {}  # by the first two letters of the longest fixed words
        for text in sorted(made, key=lambda text: -text.weight):
            self._made.setdefault(text.mark[:2], []).append(text)
        self.sentence = lru_cache(maxsize=4096)(self._sentence)

    def fixed(self, zh: str) -> str | None:
        """Return the English of a text of the source code, None when the table has none."""
        english = self.lines.get(zh)
        if english is None:
            return None if HAN.search(SLOT.sub("", zh)) else half_width(zh)
        return zh if english == STAYS else english

    def value(self, thing: Any) -> Any:
        """Return the English of a value that is to be shown."""
        if not isinstance(thing, str) or not HAN.search(thing) or len(thing) > LONGEST:
            return thing
        english: str = self.sentence(str(thing))
        own = thing.en if isinstance(thing, Sentence) and HAN.search(english) else english
        return own if HAN.search(own) else half_width(own)

    def _sentence(self, text: str) -> str:
        whole = self._sentences(text) or self._clauses(text) or self._whole(text)
        english = whole if whole is not None else self._in_parts(text)
        if text.endswith("。") and HAN.match(text) and english != text:
            return english[:1].upper() + english[1:]
        return english

    def _sentences(self, text: str) -> str | None:
        """Return the English of several sentences, when each is a line of the table."""
        pieces = [piece + stop for piece, stop in _pieces(text, "。！？")]
        if len(pieces) < 2:
            return None
        words = [self._whole(piece) for piece in pieces]
        return None if None in words else " ".join(word.strip() for word in words if word)

    def _clauses(self, text: str) -> str | None:
        """Return the English of a sentence whose clauses are lines without slots: a slot could hold some of them."""
        if text.strip() in self._exact:
            return None
        pieces = self._longest_lines(list(_pieces(text, "，。")))
        known = [piece.strip() in self._exact for piece, _ in pieces]
        return self._in_parts(text) if len(known) > 1 and all(known) else None

    def _whole(self, text: str) -> str | None:
        """Return the English of a text that is one line of the table."""
        bare = text.strip()
        if bare in self._exact:
            return text.replace(bare, self._exact[bare])
        for line in self._candidates(bare):
            values = line.match(bare)
            if values is not None:
                return self._filled(line, values)
        return None

    def _candidates(self, text: str) -> list[Text]:
        """Return the lines whose fixed words may be in a text, those with most fixed words first."""
        marks = {text[at : at + length] for at in range(len(text)) for length in (1, 2)}
        found = [line for mark in marks & self._made.keys() for line in self._made[mark] if line.mark in text]
        return sorted(found, key=lambda line: (-line.weight, -len("".join(line.parts)), line.zh))

    def _filled(self, line: Text, values: Mapping[str, str]) -> str:
        return filled(line.en, lambda name: self._slot(name, values[name]))

    def _slot(self, name: str, value: str) -> str:
        return value if name.rstrip("0123456789") in TYPED else str(self.value(value))

    def _longest_lines(self, pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Join pieces that are one line of the table together: a clause of it alone may have no English."""
        joined, at = [], 0
        while at < len(pieces):
            upto = min(len(pieces), at + MOST_JOINED)
            while upto > at + 1 and _joined(pieces[at:upto])[0].strip() not in self._exact:
                upto -= 1
            joined.append(_joined(pieces[at:upto]))
            at = upto
        return joined

    def _in_parts(self, text: str) -> str:
        """Translate the sentences of a text, else its clauses; without success return the text unchanged."""
        for stops in ("\n", "。！？", "；", " · ", "，：", "、"):
            pieces = self._longest_lines(list(_pieces(text, stops)))
            if pieces == [(text, "")]:
                continue
            words = [self.value(piece) for piece, _ in pieces]
            if words != [piece for piece, _ in pieces]:
                if stops == "。！？":
                    words = [
                        word if word == piece or not HAN.match(piece) else word[:1].upper() + word[1:]
                        for word, (piece, _) in zip(words, pieces, strict=True)
                    ]
                if stops in ("，：", "、"):
                    words[1:] = [_inside(*both) for both in zip(words[1:], pieces[1:], strict=True)]
                joined = "".join(
                    word + _STOPS.get(stop, stop) for word, (_, stop) in zip(words, pieces, strict=True)
                )
                return re.sub(r"([.,;:?!])[.;] ", r"\1 ", joined).strip()
        label, _, rest = text.partition(" ")
        return f"{self._exact[label]} {self.value(rest)}" if rest and label in self._exact else text


def _joined(pieces: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return consecutive pieces as one, with the stop behind the last."""
    return "".join(piece + stop for piece, stop in pieces[:-1]) + pieces[-1][0], pieces[-1][1]


def _inside(word: str, piece: tuple[str, str]) -> str:
    """Return a translated clause in the form that it has inside of a sentence."""
    kept = word == piece[0] or word[:2].isupper() or word[1:2] == " " or word[:3] in {*DAYS.values(), *MONTHS}
    return word if kept else word[:1].lower() + word[1:]


def _pieces(text: str, stops: str) -> Iterator[tuple[str, str]]:
    """Yield the pieces of a text, each with the stop behind it."""
    pattern = re.escape(stops) if stops == " · " else f"[{stops}]"
    at = 0
    for match in re.finditer(pattern, text):
        yield text[at : match.start()], match[0]
        at = match.end()
    if at < len(text):
        yield text[at:], ""


def read(folder: Path = FOLDER) -> Catalogue:
    """Return the table of all files. Raises ValueError for a faulty line or one that is there twice."""
    pages: dict[str, str] = {}
    sentences: dict[str, str] = {}
    for file in sorted(folder.glob("*.tsv")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if not line or line.startswith("# "):
                continue
            zh, tab, en = (part.replace("\\n", "\n") for part in line.partition("\t"))
            if not tab or zh in pages or zh in sentences:
                raise ValueError(
                    f"{file.name}, line {number}: {'no English' if not tab else 'a second time'}: {zh}"
                )
            (pages if file.name == PAGES else sentences)[zh] = en
    return Catalogue(pages, sentences)


def slot_names(expressions: Iterable[str]) -> list[str]:
    """Return a name for each expression: its last word; a second one of the same name gets a number."""
    names: list[str] = []
    for place, expression in enumerate(expressions):
        bare = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\b\d\w*", " ", expression)
        words = [word for word in re.findall(r"[A-Za-z_]\w*", bare) if word not in _METHODS]
        name = words[-1] if words else f"x{place}"
        while name in names:
            base = name.rstrip("0123456789")
            name = f"{base}{int(name[len(base) :] or 1) + 1}"
        names.append(name)
    return names


_METHODS: Final = frozenset(
    {
        "slice", "join", "map", "length", "toFixed", "filter", "Math", "floor", "String", "Number", "format",
        "isoformat", "len", "str", "int", "strftime", "split", "get", "x", "replace", "strip", "if", "else", "or",
        "and", "not", "in", "for", "null", "true", "false", "None",
    }
)  # fmt: skip
