"""Cut clauses with a sum of money into parts that can be rendered ahead: 金额是一万 + 两千八百元. Pure.

A machine that renders slower than it speaks cannot render a new sum between the preview and the first word. Sums have
few parts in common: tens of thousands, thousands with hundreds, the rest.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from decimal import Decimal

from controller.sound.mandarin.numbers import amount_in_words, cardinal
from controller.sound.tts.script import clauses

LEVELS = (0, 1, 2)
"""0: whole clauses; 1: sums are cut after 万; 2: also after the hundreds."""
MARK = "，"
"""At the end of each part except the last: the voice speaks it as unfinished."""
JOIN_MS = 60
"""Between two parts of a sum: the pause that a speaker makes to be clear."""
_DIGITS = "一二两三四五六七八九"
_SUM = re.compile(
    rf"(?P<big>[零十百千{_DIGITS}]*万)?(?P<middle>零?(?:[{_DIGITS}]千)?(?:零?[{_DIGITS}]百)?)"
    rf"(?P<rest>[零十{_DIGITS}]*)元(?:零?[{_DIGITS}][角分]){{0,2}}"
)


def cut(text: str, longest: int, level: int) -> list[tuple[str, int]]:
    """Return the clauses of `text` with the pause in ms after each, sums cut into parts at that level."""
    out: list[tuple[str, int]] = []
    for clause, pause in clauses(text, longest):
        *first, last = parts(clause, level)
        out += [*((part, JOIN_MS) for part in first), (last, pause)]
    return out


def parts(clause: str, level: int) -> tuple[str, ...]:
    """Return the parts of a clause, cut in its first sum of money; the clause itself when there is nothing to cut.

    >>> parts("金额是一万两千三百四十五元，", 2)
    ('金额是一万，', '两千三百，', '四十五元，')
    """
    found = next(
        (match for match in _SUM.finditer(clause) if level and match.end() - match.start() > 1), None
    )
    if found is None:
        return (clause,)
    places = []
    if found["big"] and (found["middle"] or found["rest"]):
        places.append(found.end("big"))
    if level > 1 and found["middle"] and found["rest"]:
        places.append(found.end("middle"))
    ends = [0, *places, len(clause)]
    pieces = [clause[a:b] for a, b in itertools.pairwise(ends)]
    return (*(piece + MARK for piece in pieces[:-1]), pieces[-1])


def common(before: str, after: str) -> Iterator[str]:
    """Yield the parts of common sums in a clause such as 金额是…，, the likeliest first, each once.

    Round sums whole; 1 to 99 times ten thousand; thousands with hundreds, alone and after 万; at last the tens.
    """
    known: set[str] = set()
    for part in _common(before, after):
        if part not in known:
            known.add(part)
            yield part


def _common(before: str, after: str) -> Iterator[str]:
    def words(yuan: int) -> str:
        return f"{before}{amount_in_words(Decimal(yuan))}{after}"

    hundreds = [*range(1000, 10000, 1000), *range(500, 10000, 100)]
    for ten in (range(1, 20), range(20, 100)):
        for thousands in ten:
            yield words(10000 * thousands)
            yield parts(words(10000 * thousands + 1000), 1)[0]
        for sum_ in hundreds:
            yield parts(words(10000 + sum_), 1)[1]
            yield words(sum_)
    yield from (parts(words(10000 + sum_), 1)[1] for sum_ in range(100, 500, 100))
    for sum_ in range(1100, 10000, 100):
        yield parts(words(10000 + sum_ + 11), 2)[1]
    for rest in range(10, 100):
        yield parts(words(1100 + rest), 2)[1]
    for rest in range(1, 10):
        yield f"零{cardinal(rest)}元{after}"
