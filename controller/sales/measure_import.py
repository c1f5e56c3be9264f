"""Read a table of numbers beside the deals: one row per person and day, one column per measure. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from controller.names import tidy_name
from controller.sales.measures import parse_value
from controller.sales.model import Refused
from controller.sales.people_import import LineFault
from controller.sales.text_tables import LOOKED_AT, Line

LARGEST_TABLE: Final = 1_000_000
"""Bytes; 3,000 people on a day have about 90,000."""
MOST_ROWS: Final = 20_000
_PERSON: Final = ("姓名", "人员", "名字", "person", "name")
_TEAM: Final = ("团队", "部门", "team")
_DATE: Final = ("日期", "date")
_HOW: Final = "第一行要有“姓名”和至少一个要记的数（{names}），可以加“日期”和“团队”。"


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """One line: `values` by measure, in hundredths; empty cells are left out. `date` None: today."""

    line: int
    date: date | None
    team: str
    person: str
    values: Mapping[str, int]


def is_heading(cells: Sequence[str], units: Mapping[str, str]) -> bool:
    """Return whether a line has the headings of a person and of a measure."""
    columns = [_column(cell, units) for cell in cells]
    return "person" in columns and any(name in columns for name in map(_mark, units))


def rows_of(
    lines: Sequence[Line], units: Mapping[str, str]
) -> tuple[tuple[MeasureRow, ...], tuple[LineFault, ...]]:
    """Return the rows of a table and its faults; `units` by measure. Raises Refused without a heading."""
    at = next((n for n, (_, cells) in enumerate(lines[:LOOKED_AT]) if is_heading(cells, units)), None)
    if at is None:
        raise Refused(f"看不懂这张表：{_HOW.format(names='、'.join(units))}", "file")
    if len(lines) - at - 1 > MOST_ROWS:
        raise Refused(f"表里有 {len(lines) - at - 1} 行，一次最多 {MOST_ROWS} 行，请分几次导入。", "file")
    columns = [_column(cell, units) for cell in lines[at][1]]
    rows: list[MeasureRow] = []
    faults: list[LineFault] = []
    for number, cells in lines[at + 1 :]:
        try:
            rows.append(_row(number, dict(zip(columns, cells, strict=False)), units))
        except Refused as refused:
            faults.append(LineFault(number, refused.sentence, "，".join(cells)[:60]))
    return tuple(rows), tuple(faults)


def _mark(measure: str) -> str:
    return f"#{measure}"


def _column(heading: str, units: Mapping[str, str]) -> str:
    """Return "person", "team", "date", a measure's mark, or "" for a column that is not read."""
    name = tidy_name(heading).lower()
    for column, names in (("person", _PERSON), ("team", _TEAM), ("date", _DATE)):
        if name in names:
            return column
    same = (measure for measure, unit in units.items() if name in _spellings(measure, unit))
    return next((_mark(measure) for measure in same), "")


def _spellings(measure: str, unit: str) -> tuple[str, ...]:
    return tuple(tidy_name(text).lower() for text in (measure, f"{measure}（{unit}）", f"{measure}{unit}"))


def _row(line: int, cells: Mapping[str, str], units: Mapping[str, str]) -> MeasureRow:
    person = tidy_name(cells.get("person", ""))
    if not person:
        raise Refused("没有写姓名。", "person")
    values = {}
    for measure, unit in units.items():
        if written := cells.get(_mark(measure), "").strip():
            try:
                values[measure] = parse_value(written, unit)
            except Refused as refused:
                raise Refused(f"{measure}：{refused.sentence}", "value") from refused
    return MeasureRow(line, _date(cells.get("date", "")), cells.get("team", "").strip(), person, values)


def _date(written: str) -> date | None:
    text = (
        written.strip()
        .replace("/", "-")
        .replace(".", "-")
        .replace("年", "-")
        .replace("月", "-")
        .removesuffix("日")
    )
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  a date has no zone
    except ValueError:
        raise Refused(f"日期要写成 2026-11-23 这样，这里写的是“{written[:20]}”。", "date") from None
