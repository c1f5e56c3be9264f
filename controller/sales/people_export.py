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
ENGLISH: Final = ("team", "person", "leader", "say_as", "birthday", "joined", "email")
"""Headings for an English reader; the import reads both."""
_WIDTHS: Final = (16, 16, 8, 24, 12, 14, 28)


def rows_of(people: Iterable[Person], *, english: bool = False) -> list[tuple[str, ...]]:
    """Return the heading and one row per person."""
    leads = "yes" if english else "是"
    return [
        ENGLISH if english else HEADINGS,
        *(
            (
                person.team, person.name, leads if person.leader else "", person.say_as or "",
                (person.birthday if english else birthday_words(person.birthday)) or "",
                date_words(person.joined) or "", person.email or "",
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
    return b"".join(workbook(rows, "名单" if rows[0] == HEADINGS else "people", _WIDTHS))
