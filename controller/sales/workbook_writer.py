"""Write rows as an Excel workbook, a piece at a time: a million rows need no more memory than a hundred. Pure.

No cell becomes a formula: a text that begins like one is stored as text with Excel's own mark for that. openpyxl is
not used: it is for child processes only, takes several times as long, and needs the rows twice.
"""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

MOST_ROWS: Final = 1_000_000
"""Rows of one sheet, below Excel's limit of 1,048,576; further ones go to further sheets."""
_AT_ONCE: Final = 1000
_FORMULA: Final = re.compile(r"'*[ \u3000]*[=+\-@\t\r\n＝＋－＠]")
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NUMBER: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the zip's own first date: the same rows give the same bytes
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PLAIN, _BOLD, _QUOTED, _AMOUNT = 0, 1, 2, 3  # indexes of cellXfs below
_COLUMNS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_RELATIONS: Final = (
    f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_STYLES: Final = (
    f'<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="等线"/></font>'
    '<font><b/><sz val="11"/><name val="等线"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>'
    '<xf numFmtId="4" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet would compute a cell with this text."""
    return not text[:1].isalnum() and _FORMULA.match(text) is not None  # nearly all cells begin with one


def escaped(cell: str) -> str:
    """Return a cell for CSV that no spreadsheet computes: one that begins like a formula gets an apostrophe."""
    return f"'{cell}" if is_formula(cell) else cell


class _Pieces:
    """A file that can only be written; the bytes since the last `take` wait in memory."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: the bytes are taken by `take`."""

    def close(self) -> None:
        """Do nothing: the last bytes are still to be taken."""

    def take(self) -> bytes:
        """Return the bytes written since the last call."""
        data = b"".join(self._waiting)
        self._waiting.clear()
        return data


def workbook(
    rows: Iterable[Sequence[str]], sheet: str, widths: Sequence[int], amounts: frozenset[int] = frozenset()
) -> Iterator[bytes]:
    """Yield the bytes of a workbook. The first row is the heading; `amounts`: columns whose cells are numbers."""
    pieces, iterator = _Pieces(), iter(rows)
    heading = next(iterator, ())
    sheets = 0
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        first = next(iterator, None)
        while first is not None or not sheets:
            sheets += 1
            here = chain([] if first is None else [first], islice(iterator, MOST_ROWS - 1))
            with packed.open(_member(f"xl/worksheets/sheet{sheets}.xml"), "w", force_zip64=False) as member:
                for text in _sheet(heading, here, widths, amounts):
                    member.write(text.encode())
                    yield pieces.take()
            first = next(iterator, None)
        for name, text in _parts(sheet, sheets).items():
            packed.writestr(_member(name), _HEAD + text)
    yield pieces.take()


def _sheet(
    heading: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int], amounts: frozenset[int]
) -> Iterator[str]:
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{width}" style="{_PLAIN}" customWidth="1"/>'
        for n, width in enumerate(widths, 1)
    )
    pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    yield (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData>"
    )
    if heading:
        cells = "".join(_text(_COLUMNS[at], 1, text, _BOLD) for at, text in enumerate(heading))
        yield f'<row r="1">{cells}</row>'
    numbered = enumerate(rows, 2)
    while lines := [_line(number, row, amounts) for number, row in islice(numbered, _AT_ONCE)]:
        yield "".join(lines)
    yield "</sheetData></worksheet>"


def _line(number: int, row: Sequence[str], amounts: frozenset[int]) -> str:
    cells = [
        f'<c r="{_COLUMNS[at]}{number}" s="{_AMOUNT}"><v>{text}</v></c>'
        if at in amounts and _NUMBER.fullmatch(text)
        else _text(_COLUMNS[at], number, text, _PLAIN)
        for at, text in enumerate(row)
        if text
    ]
    return f'<row r="{number}">{"".join(cells)}</row>'


def _text(column: str, number: int, text: str, style: int) -> str:
    text = escaped(text) if text.startswith("'") else text
    style = _QUOTED if style == _PLAIN and is_formula(text) else style
    shown = html.escape(_UNWRITABLE.sub("", text), quote=False)
    return (
        f'<c r="{column}{number}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'
    )


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


def _parts(sheet: str, sheets: int) -> dict[str, str]:
    """Return the workbook's small parts; they come last, because only then the number of sheets is known."""
    names = [sheet if n == 1 else f"{sheet}{n}" for n in range(1, sheets + 1)]
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1))
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, sheets + 1)
    )
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPES}.worksheet+xml"/>'
        for n in range(1, sheets + 1)
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'{types}<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>',
        "_rels/.rels": _RELATIONS,
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}'
        f'<Relationship Id="rId{sheets + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
    }
