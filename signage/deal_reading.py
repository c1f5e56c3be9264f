"""Routes that read deals from pasted text and tables: rows to confirm. The phone records each under its key."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from controller.sales.model import Refused
from controller.sales.pasted import LONGEST_TEXT
from controller.services.deal_reading import ReadRow
from controller.services.table_files import WORKBOOK_BYTES
from signage import serializers
from signage.auth import needs
from signage.files import uploaded
from signage.http import body, brings
from signage.office import office
from signage.serializers import Json

pages = Blueprint("deal_reading", __name__)


@pages.post("/api/deals/read")
@needs("sell")
def read_text() -> Response:
    """`text`: as people wrote it in a group → the deals in it as `rows`, with `doubts`; nothing is recorded."""
    text = body().get("text")
    if not isinstance(text, str) or not text.strip():
        raise Refused("还没有粘贴内容。", "text")
    if len(text) > LONGEST_TEXT:
        raise Refused(f"粘贴的内容有 {len(text)} 个字，最多 {LONGEST_TEXT} 个，请分几次粘贴。", "text")
    return _rows(office().media.deals.read_text(text))


@pages.post("/api/deals/read-file")
@needs("sell")
@brings(WORKBOOK_BYTES)
def read_file() -> Response:
    """Return the deals of a workbook (xlsx) or CSV file as `rows`, with `doubts`; nothing is recorded."""
    return _rows(office().media.deals.read_file(uploaded(WORKBOOK_BYTES)))


def _rows(rows: tuple[ReadRow, ...]) -> Response:
    today = office().snapshot.glance().plan.date
    return jsonify({"rows": [_row(row, today) for row in rows]})


def _row(read: ReadRow, today: date) -> Json:
    row, deal = read.row, read.recorded
    return {
        "key": read.key,
        "text": row.text,
        "person": row.person.name if row.person else None,
        "team": row.person.team if row.person else None,
        "written": row.written,
        "product": row.product,
        "amount": serializers.yuan(row.amount),
        "doubts": list(row.doubts),
        "late": row.late,
        "date": row.day.isoformat() if row.day and row.day != today else None,
        "replaces": row.replaces,
        "announce": read.announced,
        "recorded": {"id": deal.id, "at": f"{deal.at:%H:%M}", "voided": deal.voided is not None}
        if deal
        else None,
    }
