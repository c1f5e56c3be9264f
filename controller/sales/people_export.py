"""Export the roster as CSV or as an Excel workbook that the import reads again without any change. Pure.

No cell becomes a formula: a text that begins like one has an apostrophe before it in CSV, and in the workbook it is
stored as text with Excel's own mark for that.
"""

from __future__ import annotations

import csv
import html
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import Final

from controller.sales.model import Person
from controller.sales.people_merge import birthday_words, date_words

HEADINGS: Final = ("团队", "姓名", "组长", "读音", "生日", "入职日期")
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_WIDTHS: Final = (16, 16, 8, 24, 12, 14)
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the zip's own first date: the same roster gives the same bytes


def rows_of(people: Iterable[Person]) -> list[tuple[str, ...]]:
    """Return the heading and one row per person."""
    return [
        HEADINGS,
        *(
            (
                person.team, person.name, "是" if person.leader else "", person.say_as or "",
                birthday_words(person.birthday) or "", date_words(person.joined) or "",
            )
            for person in people
        ),
    ]  # fmt: skip


def as_csv(rows: Sequence[Sequence[str]]) -> bytes:
    """Return CSV in UTF-8 with the mark by which Excel recognises it."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_escaped(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _escaped(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


# --- an Excel workbook with one sheet of texts

_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PLAIN, _BOLD, _QUOTED = 0, 1, 2  # indexes of cellXfs below
_PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="名单" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="等线"/></font>'
    '<font><b/><sz val="11"/><name val="等线"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


def as_xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    """Return an Excel workbook with one sheet; each cell is a text."""
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{width}" style="{_PLAIN}" customWidth="1"/>'
        for n, width in enumerate(_WIDTHS, 1)
    )
    lines = "".join(_line(number, row) for number, row in enumerate(rows, 1))
    pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    sheet = (
        f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData>{lines}</sheetData></worksheet>"
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in {**_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            packed.writestr(_member(name), _HEAD + text)
    return made.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


def _line(number: int, row: Sequence[str]) -> str:
    cells = "".join(_cell(f"{chr(ord('A') + at)}{number}", text, number == 1) for at, text in enumerate(row))
    return f'<row r="{number}">{cells}</row>'


def _cell(place: str, text: str, heading: bool) -> str:
    if not text:
        return ""
    text = _escaped(text) if text.startswith("'") else text
    style = _BOLD if heading else _QUOTED if _FORMULA.match(text) else _PLAIN
    shown = html.escape(_UNWRITABLE.sub("", text), quote=False)
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'
