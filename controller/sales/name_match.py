"""Find the person that a written name means, and say why when that is not certain. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from controller.names import HAN, tidy_name
from controller.sales.model import LONGEST_NAME, Person

Spelling = Callable[[str, str | None], tuple[str, str]]
"""Give initials and pinyin of a name; see `typed_names.spelling`."""
_TITLE: Final = re.compile(r"(?:经理|老师|同学|总监|组长|主管|顾问|同事|总|哥|姐)$")
_ASIDE: Final = re.compile(r"（[^（）]*）")
_TEAM_ASIDE: Final = re.compile(r"([^（）]+)（([^（）]+)）")
_NAMED_AT_MOST: Final = 5


@dataclass(frozen=True, slots=True)
class Match:
    """The person meant by a name, or None. `doubt`: why a person must look at it, "" when it is certain."""

    person: Person | None
    doubt: str = ""


def match(written: str, people: Sequence[Person], spelling: Spelling, team: str | None = None) -> Match:
    """Return the person that `written` means; `team` selects among namesakes.

    Only the whole name, also with a title after it, is certain. A given name, a homophone, one wrong character or
    letters are a guess, which a person confirms.
    """
    name = tidy_name(written)[:LONGEST_NAME]
    if not name:
        return Match(None, "没有写是谁签的单。")
    exact = [one for one in people if tidy_name(one.name).lower() == name.lower()]
    exact = exact or _titled(name, people)
    if exact:
        return _one_of(name, exact, team)
    guesses = _guesses(name, people, spelling) or _guesses(_TITLE.sub("", name), people, spelling)
    if len(guesses) == 1:
        return Match(guesses[0], f"写的是“{name}”，名单里最像的是{guesses[0].team}的{guesses[0].name}。")
    if guesses:
        return Match(
            None, f"“{name}”可能是{'、'.join(one.name for one in guesses[:_NAMED_AT_MOST])}，请选一位。"
        )
    return Match(None, f"名单里没有“{name}”。")


def _titled(name: str, people: Sequence[Person]) -> list[Person]:
    """Return the people meant by a name with a title (王小明经理) or without its mark: 张伟 for 张伟（大）."""
    if team := _TEAM_ASIDE.fullmatch(name):
        return [one for one in people if (tidy_name(one.name), tidy_name(one.team)) == (team[1], team[2])]
    plain = _TITLE.sub("", name)
    return [one for one in people if plain in (tidy_name(one.name), _ASIDE.sub("", tidy_name(one.name)))]


def _one_of(name: str, people: list[Person], team: str | None) -> Match:
    in_team = [one for one in people if team and tidy_name(one.team) == tidy_name(team)]
    chosen = in_team or people
    if len(chosen) == 1:
        return Match(chosen[0])
    return Match(None, f"有 {len(chosen)} 位“{name}”（{'、'.join(one.team for one in chosen)}），请选一位。")


def _guesses(name: str, people: Sequence[Person], spelling: Spelling) -> list[Person]:
    """Return the people of the closest kind of likeness that any has."""
    _, sound = spelling(name, None)
    letters = name.lower().replace(" ", "") if name.isascii() else ""
    spelled = [(one, tidy_name(one.name), *spelling(one.name, one.say_as)) for one in people]
    kinds: tuple[Callable[[str, str, str], bool], ...] = (
        lambda known, _, pinyin: not letters and bool(sound) and pinyin == sound,
        lambda known, short, pinyin: bool(letters) and letters in (short, pinyin),
        lambda known, *_: len(name) >= 2 and len(known) > len(name) and known.endswith(name),
        lambda known, *_: len(name) >= 2 and len(known) > len(name) and known.startswith(name),
        lambda known, *_: _one_wrong(name, known),
        lambda known, _, pinyin: not letters and _nearly(sound, pinyin) and known[:1] == name[:1],
        lambda known, *_: (
            re.fullmatch(f"[{HAN}]", known[:1]) is not None and name in (f"小{known[:1]}", f"老{known[:1]}")
        ),
    )
    for alike in kinds:
        if guesses := [one for one, *forms in spelled if alike(*forms)]:
            return guesses
    return []


def _one_wrong(name: str, known: str) -> bool:
    """Return whether two names of three or more characters differ in one, or one of them lacks one."""
    if min(len(name), len(known)) < 2 or max(len(name), len(known)) < 3 or abs(len(name) - len(known)) > 1:
        return False
    return _distance_is_one(name, known)


def _nearly(sound: str, pinyin: str) -> bool:
    """Return whether two readings differ in one letter: shan and san, jin and jing."""
    return min(len(sound), len(pinyin)) >= 5 and _distance_is_one(sound, pinyin)


def _distance_is_one(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    at = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) == len(long):
        return short != long and short[at + 1 :] == long[at + 1 :]
    return short[at:] == long[at + 1 :]
