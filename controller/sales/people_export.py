"""Export the roster as CSV or as an Excel workbook that the import reads again without any change. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from controller.sales.model import Person
from controller.sales.people_merge import birthday_words, date_words
from controller.sales.workbook_writer import escaped, workbook

HEADINGS: Final = ("团队", "姓名", "组长", "读音", "生日", "入职日期", "邮箱")
_WIDTHS: Final = (16, 16, 8, 24, 12, 14, 28)


def rows_of(people: Iterable[Person]) -> list[tuple[str, ...]]:
    """Return the heading and one row per person."""
    return [
        HEADINGS,
        *(
            (
                person.team, person.name, "是" if person.leader else "", person.say_as or "",
                birthday_words(person.birthday) or "", date_words(person.joined) or "", person.email or "",
            )
            for person in people
        ),
    ]  # fmt: skip


def as_csv(rows: Sequence[Sequence[str]]) -> bytes:
    """Return CSV in UTF-8 with the mark by which Excel recognises it."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([escaped(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    """Return an Excel workbook with one sheet; each cell is a text."""
    return b"".join(workbook(rows, "名单", _WIDTHS))
