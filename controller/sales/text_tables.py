"""Read tables from text files: CSV in any common encoding, with titles above and any delimiter. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from typing import Final

from controller.sales.model import Refused

Line = tuple[int, list[str]]
"""The number of a line in the file, from 1, and its cells."""

UNSAVED: Final = "（公式，没有结果）"
"""The text of a cell whose formula was saved without its result."""
LOOKED_AT: Final = 15
"""Number of first lines searched for the heading; titles and dates may precede it."""
_DELIMITERS: Final = ",\t;，；|"
_SEP: Final = re.compile(r'\s*"?sep=(.)"?\s*(?:\r\n|\r|\n|$)', re.IGNORECASE)
_EMPTY: Final = ",，;；|、 \t\u3000"  # a line of only these characters is empty
_SAVE_AS: Final = "请用 Excel 或 WPS 打开它，点“另存为”，类型选“CSV UTF-8（逗号分隔）”，再导入新存的文件。"
_NO_RESULT: Final = (
    "文件里没有存下它的结果。请用 Excel 或 WPS 打开文件，保存一次再导入；或者复制这一列，选择性粘贴成“数值”。"
)
_NO_TEXT: Final = (
    (b"PK\x03\x04", "这是 Excel 工作簿（xlsx），不是 CSV"),
    (b"\xd0\xcf\x11\xe0", "这是旧版 Excel 工作簿（xls），不是 CSV"),
    (b"%PDF", "这是 PDF 文件，不是 CSV"),
    (b"{\\rtf", "这是写字板（RTF）文件，不是 CSV"),
)
_WEB_PAGE: Final = re.compile(rb"\s*<(?:!doctype|html|head|table|meta|\?xml|style|div)", re.IGNORECASE)


def read(data: bytes, is_heading: Callable[[list[str]], bool]) -> list[Line]:
    """Return the non-empty lines of a file, split at the delimiter that turns one of the first lines into a heading.

    Raises `Refused` with advice for a file that is not text: a workbook, a web page, an unknown encoding.
    """
    text = _decoded(data)
    named = _SEP.match(text)
    if named:
        skipped = named.group(0).count("\n") or named.group(0).count("\r")
        return _cut(text[named.end() :], named.group(1), skipped)
    tables = [_cut(text, delimiter) for delimiter in _delimiters(text)]
    return next((lines for lines in tables if any(is_heading(c) for _, c in lines[:LOOKED_AT])), tables[0])


def with_results(lines: list[Line]) -> list[Line]:
    """Return the lines without those that have nothing but formulas without results: prepared rows of a form.

    Raises `Refused` when no other line is below the heading.
    """
    kept = [line for line in lines if any(cell and cell != UNSAVED for cell in line[1])]
    if len(kept) <= 1 < len(lines):
        raise Refused(f"表里的内容都是公式，{_NO_RESULT}", field="file")
    return kept


def lost_results(cells: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Return why a row cannot be read whose cells are formulas without results, "" without such a cell.

    `names`: those of the columns that are read, for people.
    """
    lost = [names[key] for key, cell in cells.items() if cell == UNSAVED and key in names]
    return f"“{'”“'.join(lost)}”是公式，{_NO_RESULT}" if lost else ""


def _decoded(data: bytes) -> str:
    bare = data.removeprefix(b"\xef\xbb\xbf")
    for magic, what in _NO_TEXT:
        if bare.startswith(magic):
            raise Refused(f"{what}。{_SAVE_AS}", field="file")
    if _WEB_PAGE.match(bare) or _WEB_PAGE.match(bare.replace(b"\0", b"").removeprefix(b"\xff\xfe")):
        raise Refused(f"这是网页表格（很多系统导出的“Excel”其实是网页），不是 CSV。{_SAVE_AS}", field="file")
    for encoding in _encodings(data):
        try:
            return data.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    raise Refused(f"看不懂这个文件的编码。{_SAVE_AS}", field="file")


def _encodings(data: bytes) -> tuple[str, ...]:
    """Return the encodings to try: by byte order mark, else by zero bytes, else those common in Chinese offices."""
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return ("utf-32",)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    low, high = data[1::2].count(0), data[::2].count(0)  # in UTF-16 each line break and comma has a zero byte
    if low + high >= 2:
        return ("utf-16-le",) if low > high else ("utf-16-be",)
    return ("utf-8-sig", "gb18030")


def _delimiters(text: str) -> list[str]:
    """Return the possible delimiters, the most frequent in the first lines first."""
    head = "\n".join(text.splitlines()[:LOOKED_AT])
    return sorted(_DELIMITERS, key=lambda sign: -head.count(sign))


def _cut(text: str, delimiter: str, skipped: int = 0) -> list[Line]:
    reader = csv.reader(io.StringIO(text.replace("\0", "�"), newline=""), delimiter=delimiter)
    lines: list[Line] = []
    begins = 1
    try:
        for cells in reader:
            lines.append((skipped + begins, [cell.strip() for cell in cells]))
            begins = reader.line_num + 1
    except csv.Error as broken:
        raise Refused(f"表格第 {reader.line_num} 行读不出来，请检查引号。", field="file") from broken
    if lines and text.count('"') % 2 and (found := _swallowed(lines[-1], begins - 1 + skipped)):
        raise Refused(found, field="file")
    return [(number, cells) for number, cells in lines if any(cell.strip(_EMPTY) for cell in cells)]


def _swallowed(last: Line, end: int) -> str:
    """Return why a table cannot be read whose last cell goes on to the end: a quote in it is never closed."""
    number, cells = last
    if end <= number or not any("\n" in cell or "\r" in cell for cell in cells[-1:]):
        return ""
    return (
        f'第 {number} 行有一个英文引号（"）没有写后一半，后面的行都被算进了同一格。'
        "请把这个引号删掉或补全，再导入。"
    )
