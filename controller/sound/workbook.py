"""Read the cells of an Excel workbook (xlsx) as text. For the upload child only: openpyxl parses what others made.

Formulas are never computed: the values that Excel stored with them are read; a formula that was saved without its
value is None. The sizes of the packed members are checked before any is unpacked.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any

from openpyxl import load_workbook

from controller.sound.loudness import Unreadable
from controller.system.os_errors import is_the_machines

MOST_UNPACKED = 200_000_000
"""Bytes of all members together; Excel's own workbook of 5,000 people has 2 MB."""
MOST_STRINGS = 40_000_000
"""Bytes of the table of texts, which openpyxl holds in memory as a whole."""
MOST_MEMBERS = 2000
MOST_ROWS = 20_000
MOST_COLUMNS = 60
MOST_EMPTY = 5000
"""Empty rows after which a sheet counts as ended: formats often reach down to the last of a million rows."""
LONGEST_CELL = 200
DAMAGED = "Excel 文件打不开，可能损坏了或者加了密码。请用 Excel 或 WPS 打开它，另存为 xlsx，再导入新存的文件"
TOO_LARGE = "Excel 文件展开以后太大。请把要导入的行复制到一个新的表格里，另存为 xlsx，再导入"

Cell = str | None
Sheet = tuple[str, list[tuple[int, list[Cell]]]]


def table(source: Path, target: Path) -> dict[str, Any]:
    """Write the non-empty rows of all visible sheets as JSON: `[[sheet, [[number, [cell, …]], …]], …]`.

    Raises Unreadable with a sentence.
    """
    _check(source)
    try:
        # openpyxl would judge a path by its ending.
        with source.open("rb") as opened, source.open("rb") as again:
            sheets = list(_sheets(opened, again if _has_formulas(source) else None))
    except (Unreadable, MemoryError):
        raise
    except Exception as fault:  # a file that others made up can fail anywhere in zlib, XML and openpyxl
        if isinstance(fault, OSError) and is_the_machines(fault):
            raise
        raise Unreadable(DAMAGED) from fault
    target.write_text(json.dumps(sheets, ensure_ascii=False), encoding="utf-8")
    return {"rows": sum(len(rows) for _, rows in sheets)}


def _check(source: Path) -> None:
    """Refuse a workbook whose members would unpack to too much, from the list of members alone.

    zipfile never unpacks more than the size that is listed.
    """
    try:
        with zipfile.ZipFile(source) as packed:
            members = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as fault:
        if isinstance(fault, OSError) and is_the_machines(fault):
            raise
        raise Unreadable(DAMAGED) from fault
    strings = sum(member.file_size for member in members if "sharedstrings" in member.filename.lower())
    unpacked = sum(member.file_size for member in members)
    if unpacked > MOST_UNPACKED or strings > MOST_STRINGS or len(members) > MOST_MEMBERS:
        raise Unreadable(TOO_LARGE)


def _has_formulas(source: Path) -> bool:
    with zipfile.ZipFile(source) as packed:
        sheets = [
            one for one in packed.namelist() if one.startswith("xl/worksheets/") and one.endswith(".xml")
        ]
        return any(_holds(packed, name, b"<f>") or _holds(packed, name, b"<f ") for name in sheets)


def _holds(packed: zipfile.ZipFile, name: str, mark: bytes) -> bool:
    """Return whether a member has these bytes, read a piece at a time."""
    last = b""
    with packed.open(name) as member:
        while piece := member.read(1 << 16):
            if mark in last + piece:
                return True
            last = piece[-len(mark) :]
    return False


def _sheets(source: IO[bytes], again: IO[bytes] | None) -> Iterator[Sheet]:
    """Yield the visible sheets, that on which the workbook was saved first: of twelve months the one people look at.

    `again`: the same file, read for its formulas beside the values.
    """
    workbook = load_workbook(source, read_only=True, data_only=True, keep_links=False)
    formulas = None if again is None else load_workbook(again, read_only=True, keep_links=False)
    room = MOST_ROWS
    try:
        numbered = list(enumerate(workbook.worksheets))
        for number, sheet in sorted(numbered, key=lambda one: one[1] is not workbook.active):
            if sheet.sheet_state != "visible":
                continue
            rows = list(_rows(_values(sheet, formulas and formulas.worksheets[number]), room))
            room -= len(rows)
            yield sheet.title, rows
    finally:
        workbook.close()
        if formulas is not None:
            formulas.close()


def _values(sheet: Any, formulas: Any) -> Iterator[list[Cell]]:
    """Yield the cells of each row as text, None for a formula without a stored value; "" was stored as such."""
    sheet.reset_dimensions()  # files of other programs state wrong ones
    if formulas is None:
        for values in sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS):
            yield [_text(value) for value in values]
        return
    formulas.reset_dimensions()
    for row, written in zip(
        sheet.iter_rows(max_col=MOST_COLUMNS), formulas.iter_rows(max_col=MOST_COLUMNS), strict=True
    ):
        yield [
            None
            if cell.value is None and formula.data_type == "f" and cell.data_type != "str"
            else _text(cell.value)
            for cell, formula in zip(row, written, strict=True)
        ]


def _rows(rows: Iterable[list[Cell]], room: int) -> Iterator[tuple[int, list[Cell]]]:
    empty = 0
    for number, cells in enumerate(rows, 1):
        while cells and cells[-1] == "":
            cells.pop()
        empty = 0 if cells else empty + 1
        if empty > MOST_EMPTY:
            return
        if cells:
            room -= 1
            if room < 0:
                raise Unreadable(
                    f"Excel 文件里的行太多，最多读 {MOST_ROWS} 行。请只留下要导入的那一张表，再导入"
                )
            yield number, cells


def _text(value: object) -> str:
    """Return a cell as people see it: whole numbers without a point, dates as 2021-03-01."""
    if value is None or isinstance(value, time):
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m-%d}" if value.year >= 1000 else ""
    return str(value).strip()[:LONGEST_CELL]
