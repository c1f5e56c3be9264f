"""Tables that people upload or paste: a workbook, a CSV file, or cells copied from one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from controller.sales.model import Refused
from controller.sales.people_import import LARGEST_FILE
from controller.sales.text_tables import LOOKED_AT, UNSAVED, Line, read, with_results
from controller.services.upload_inbox import Source, UploadInbox
from controller.sound.upload_sandbox import UnsupportedFile, UploadSandbox

WORKBOOK_BYTES: Final = 50_000_000
IsHeading = Callable[[list[str]], bool]
_WORKBOOK: Final = b"PK\x03\x04"


def table_lines(
    source: Source, inbox: UploadInbox, sandbox: UploadSandbox, is_heading: IsHeading
) -> list[Line]:
    """Return the rows of an uploaded table; `is_heading` finds its sheet or delimiter. Raises Refused."""
    with inbox.keep(source, WORKBOOK_BYTES) as file:
        with file.open("rb") as opened:
            head = opened.read(len(_WORKBOOK))
            if head != _WORKBOOK:
                data = head + opened.read(LARGEST_FILE + 1)
                if len(data) > LARGEST_FILE:
                    raise Refused("文件太大了，CSV 最多 1 MB，请分几次导入。", "file")
                return read(data, is_heading)
        made = inbox.work()
        try:
            sandbox.process("table", file, made)
            return _sheet(json.loads(made.read_text(encoding="utf-8")), is_heading)
        except UnsupportedFile as why:
            raise Refused(why.sentence, "file") from why
        finally:
            made.unlink(missing_ok=True)


def _sheet(sheets: list[Any], is_heading: IsHeading) -> list[Line]:
    """Return the rows of the first sheet with the headings, else of the first with any rows."""
    tables = [
        [(number, [UNSAVED if cell is None else cell for cell in cells]) for number, cells in rows]
        for _, rows in sheets
        if rows
    ]
    listed = (rows for rows in tables if any(is_heading(cells) for _, cells in rows[:LOOKED_AT]))
    return with_results(next(listed, tables[0] if tables else []))
