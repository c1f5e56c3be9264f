"""Split spoken text into syllables with tones, Latin words and pauses, for phoneme voices. For the voice child.

Input is the output of `mandarin.spoken`: characters, pinyin such as shan4, Latin words, pauses. Characters are
read by pypinyin's phrase dictionary; names with a reading arrive as pinyin and are not looked up.
Tone sandhi as in the standard descriptions (Chao 1968, Duanmu 2007): third tones before a third tone, 一 and 不
by the following tone, 儿 after a word as rhotacisation of the syllable before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from controller.sound.mandarin.espeak_workarounds import LIGHT_ER, in_pinyin
from controller.sound.mandarin.pinyin import SYLLABLES, toned

_HAN = "㐀-鿿〇\U00020000-\U0003ffff豈-﫿"
_TOKEN = re.compile(
    rf"(?P<pinyin>(?<![A-Za-z])[a-zê]{{1,6}}[1-5](?![A-Za-z0-9]))|(?P<han>[{_HAN}]+)"
    r"|(?P<latin>[A-Za-z]+(?:’[A-Za-z]+)*)|(?P<mark>[，。！？；：、,.!?])|(?P<space>[\s\u00a0’]+)|(?P<other>.)"
)
_NUMBER = re.compile("[零〇一二三四五六七八九两幺]?[十百千万亿]|[零〇一二三四五六七八九两幺点]")
_NUMERALS = re.compile("[零〇一二三四五六七八九十百千万亿两幺点]{2,}")
_DIGITS = "零〇一二三四五六七八九幺"
_KEEPS_YI_BEFORE = "第初十周期拜统唯专单" + _DIGITS
_ORDINAL_AFTER = "队组部区班期月级等流营店线科楼号"
_ALREADY = {"xong": "xiong", "qong": "qiong", "jong": "jiong"}
_GLOSSES = {"嗯": "en5", "〇": "ling2", "呣": "m2", "哼": "heng1"}  # pypinyin gives syllables without a vowel


@dataclass(frozen=True, slots=True)
class Syllable:
    """One syllable. sound: pinyin without tone, ü as v; tone: 1 to 5, 5 is neutral; er: with 儿 at its end.

    char: the character it was read from, "" for pinyin in the text. word: number of its word in the text.
    """

    sound: str
    tone: int
    char: str = ""
    word: int = 0
    er: bool = False


@dataclass(frozen=True, slots=True)
class Latin:
    """A word or a single letter in Latin script, read as English."""

    text: str


@dataclass(frozen=True, slots=True)
class Pause:
    """A punctuation mark of the spoken text."""

    mark: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A character without a reading in any dictionary; the person must enter a `say_as`."""

    char: str


Token = Syllable | Latin | Pause | Unread


def read(text: str, *, sandhi: bool = True) -> list[Token]:
    """Return the tokens of a spoken text in order, with the tones after sandhi.

    sandhi: False gives the dictionary's tones. Every character of `text` is in exactly one token; only spaces
    and signs without a sound are left out.
    """
    if not sandhi:
        return list(_tokens(in_pinyin(text)))
    tokens = list(_tokens(toned(in_pinyin(text))))
    out: list[Token] = []
    clause: list[Token] = []
    for token in tokens:
        if isinstance(token, Pause):
            out += [*_sandhi(clause), token]
            clause = []
        else:
            clause.append(token)
    return [*out, *_sandhi(clause)]


def unread(tokens: Sequence[Token]) -> tuple[str, ...]:
    """Return the characters without a reading, each once, in order."""
    return tuple(dict.fromkeys(token.char for token in tokens if isinstance(token, Unread)))


def _tokens(text: str) -> Iterator[Token]:
    marked = LIGHT_ER.sub(lambda match: "\u0001" * len(match[0]), text)
    word = 0
    pieces = re.split("(\u0001+)", marked)
    last: Syllable | None = None
    for piece in pieces:
        if piece.startswith("\u0001"):
            if last is not None:
                yield replace(last, er=True)
                last = None
            continue
        for match in _TOKEN.finditer(piece):
            for token in _of_match(match, word):
                if last is not None:
                    yield last
                last = None
                if isinstance(token, Syllable):
                    word, last = token.word, token
                else:
                    yield token
            word += 1
    if last is not None:
        yield last


def _of_match(match: re.Match[str], word: int) -> Iterator[Token]:
    kind, text = match.lastgroup, match[0]
    if kind == "pinyin":
        sound = _ALREADY.get(text[:-1], text[:-1])
        if sound in SYLLABLES:
            yield Syllable(sound, int(text[-1]), "", word)
        else:
            yield Latin(text[:-1])
    elif kind == "han":
        yield from _characters(text, word)
    elif kind == "latin":
        yield Latin(text)
    elif kind == "mark":
        yield Pause(text)
    elif kind == "other" and text.isalpha():
        yield Unread(text)


def _characters(run: str, first_word: int) -> Iterator[Token]:
    from pypinyin import Style, lazy_pinyin

    style = Style.TONE3
    for number, word in enumerate(_words(run)):
        readings = lazy_pinyin([word], style=style, neutral_tone_with_five=True, v_to_u=False, errors=_apart)
        for char, reading in zip(word, readings, strict=True):
            yield _syllable(char, _GLOSSES.get(char, reading), first_word + number)


def _apart(unknown: str) -> Any:
    """Return characters that pypinyin does not know, each as its reading."""
    return list(unknown)


def _syllable(char: str, reading: str, word: int) -> Token:
    sound = reading[:-1].replace("ue", "ve") if reading[:1] in "ln" else reading[:-1]
    if reading[-1:] in "12345" and sound in SYLLABLES:
        return Syllable(sound, int(reading[-1]), char, word)
    return Unread(char)


def _words(run: str) -> list[str]:
    """Cut a run into words: numerals as digit with unit (二百|五十), the rest by pypinyin's phrases."""
    from pypinyin.seg import mmseg

    out: list[str] = []
    at = 0
    for match in _NUMERALS.finditer(run):
        out += mmseg.seg.cut(run[at : match.start()]) if match.start() > at else []
        out += _NUMBER.findall(match[0])
        at = match.end()
    return [*out, *(mmseg.seg.cut(run[at:]) if at < len(run) else [])]


def _sandhi(clause: Sequence[Token]) -> list[Token]:
    """Return a clause with the tones after sandhi."""
    out = list(clause)
    for at, token in enumerate(out):
        if isinstance(token, Syllable):
            if token.char == "一":
                out[at] = replace(token, tone=_tone_of_yi(out, at))
            elif token.char == "不":
                out[at] = replace(token, tone=_tone_of_bu(out, at))
    _third_tones(out)
    return out


def _neighbour(tokens: Sequence[Token], at: int) -> Syllable | None:
    token = tokens[at] if 0 <= at < len(tokens) else None
    return token if isinstance(token, Syllable) else None


def _tone_of_yi(tokens: Sequence[Token], at: int) -> int:
    before, after = _neighbour(tokens, at - 1), _neighbour(tokens, at + 1)
    previous, following = (before.char if before else ""), (after.char if after else "")
    if before and after and previous and previous == following:
        return 5  # 看一看
    if after is None or (following in _DIGITS + "点" and following):
        return 1
    if (previous and previous in _KEEPS_YI_BEFORE) or (previous == "万" and following not in "千百十"):
        return 1
    if following and following in _ORDINAL_AFTER:
        return 1
    return 2 if after.tone == 4 or following == "个" else 4


def _tone_of_bu(tokens: Sequence[Token], at: int) -> int:
    before, after = _neighbour(tokens, at - 1), _neighbour(tokens, at + 1)
    if before and after and before.char and before.char == after.char:
        return 5  # 好不好
    return 2 if after is not None and after.tone == 4 else 4


def _third_tones(tokens: list[Token]) -> None:
    """Make third tones before a third tone second: in runs of two or three all but the last, longer runs by twos.

    The right division of a long run depends on the words; without a parser, twos are right most often (五百|两点).
    """
    run: list[int] = []
    for at in range(len(tokens) + 1):
        here = _neighbour(tokens, at)
        if here is not None and here.tone == 3:
            run.append(at)
            continue
        while len(run) > 1:
            length = len(run) if len(run) <= 3 else 2
            for place in run[: length - 1]:
                syllable = tokens[place]
                tokens[place] = replace(syllable, tone=2) if isinstance(syllable, Syllable) else syllable
            run = run[length:]
        run = []
