"""Rows as files for people: CSV and Excel workbooks, a piece at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from controller.sales.workbook_writer import escaped, workbook

BOM: Final = "\ufeff"
"""Excel reads a CSV file as UTF-8 only with this mark."""
_AT_ONCE: Final = 500
_AMOUNTS: Final = frozenset({"金额（元）", "数值"})
"""Headings of the columns that are numbers in a workbook."""
_WIDTHS: Final = {"日期": 12, "时间": 10, "撤回的原因": 30}

_STATED: Final = frozenset({"状态", "撤回的原因"})
_STATES: Final = frozenset({"有效", "已撤回", "未写原因"})
"""Columns that may hold words of the program, and these words; all other cells are the office's."""

Rows = Iterable[Sequence[str]]
Word = Callable[[str], str]
"""Return a word of the program in the reader's language."""


def csv_of(rows: Rows, word: Word = str) -> Iterator[bytes]:
    """Yield rows as CSV in UTF-8; cells that look like formulas are text."""
    yield BOM.encode()
    iterator = _in_words(iter(rows), word)
    while part := list(islice(iterator, _AT_ONCE)):
        out = io.StringIO(newline="")
        csv.writer(out).writerows([escaped(cell) for cell in row] for row in part)
        yield out.getvalue().encode()


def xlsx_of(rows: Rows, word: Word = str) -> Iterator[bytes]:
    """Yield rows, the first of them the heading, as an Excel workbook; amounts are numbers, the other cells texts."""
    iterator = iter(rows)
    heading = next(iterator, ())
    amounts = frozenset(at for at, name in enumerate(heading) if name in _AMOUNTS)
    widths = [_WIDTHS.get(name, 16) for name in heading]
    return workbook(_in_words(_again(heading, iterator), word), word("战鼓"), widths, amounts)


def _again(heading: Sequence[str], rows: Rows) -> Iterator[Sequence[str]]:
    yield heading
    yield from rows


def _in_words(rows: Iterator[Sequence[str]], word: Word) -> Iterator[Sequence[str]]:
    """Yield the rows with the program's words by `word`: the heading, and the states of deals."""
    heading = next(rows, ())
    if word is str:
        yield heading
        yield from rows
        return
    yield [word(name) for name in heading]
    stated = [at for at, name in enumerate(heading) if name in _STATED]
    for row in rows:
        cells = list(row)
        for at in stated:
            cells[at] = word(cells[at]) if cells[at] in _STATES else cells[at]
        yield cells


FORMATS: Final[dict[str, tuple[str, Callable[[Rows, Word], Iterator[bytes]]]]] = {
    "csv": ("text/csv; charset=utf-8", csv_of),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_of),
}
"""By ending: the content type and the writer."""
