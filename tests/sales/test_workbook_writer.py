"""Workbooks written a piece at a time: openpyxl reads them back, no cell is a formula, any number of rows."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

from controller.sales import workbook_writer
from controller.sales.workbook_writer import is_formula, workbook


def rows_read(data: bytes) -> list[list[tuple[object, ...]]]:
    return [list(sheet.iter_rows(values_only=True)) for sheet in load_workbook(io.BytesIO(data)).worksheets]


def test_a_long_table_comes_in_pieces_and_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    """No piece is large, and further rows are on the next sheet, with the heading."""
    monkeypatch.setattr(workbook_writer, "MOST_ROWS", 3000)
    lines = [("名", "数"), *((f"人{n}", f"{n}.50") for n in range(7000))]
    pieces = list(workbook(iter(lines), "表", (10, 10), frozenset({1})))
    assert len(pieces) > 7
    assert max(map(len, pieces)) < 60_000
    sheets = rows_read(b"".join(pieces))
    assert [len(rows) for rows in sheets] == [3001, 3001, 1001]
    assert {rows[0] for rows in sheets} == {("名", "数")}
    assert [row for rows in sheets for row in rows[1:]] == [(f"人{n}", n + 0.5) for n in range(7000)]


def test_an_empty_table_is_a_workbook() -> None:
    assert rows_read(b"".join(workbook([("名",)], "表", (10,)))) == [[("名",)]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "＝1", "'=1", "'-2"])
def test_formulas_are_texts(text: str) -> None:
    """Also full-width ones, and ones behind blanks; a number column takes numbers alone."""
    assert is_formula(text)
    sheet = load_workbook(
        io.BytesIO(b"".join(workbook([("a", "b"), (text, "=1")], "表", (9, 9), frozenset({1}))))
    ).active
    assert sheet is not None
    assert [cell.data_type for cell in sheet[2]] == ["s", "s"]
