"""Read deals from a table (CSV or a workbook's rows) as rows for a person to confirm. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, tzinfo
from typing import Final

from controller.names import tidy_name
from controller.sales import inbound
from controller.sales.corrections import OLDEST
from controller.sales.model import Refused
from controller.sales.name_match import match
from controller.sales.pasted_rows import Known, PastedRow, marked_repeats
from controller.sales.products import LONGEST_PRODUCT
from controller.sales.text_tables import LOOKED_AT, UNSAVED, Line, lost_results

MOST_LISTED: Final = 500
_HEADINGS: Final = {
    "person": "person name seller sales owner 姓名 销售 销售员 销售人员 业务员 签单人 员工 员工姓名 成交人"
    " 归属人 负责人",
    "team": "team group department 团队 小组 战队 部门 所属团队 所属部门",
    "product": "product item 产品 产品名称 套餐 商品 商品名称 服务 项目 品类",
    "amount": "amount price total money 金额 签单金额 成交金额 合同金额 实收 实收金额 回款金额 单价 总价 总金额 业绩",
    "at": "date time at occurred_at signed 日期 签单日期 成交日期 签约日期 时间 签单时间 成交时间 创建时间 提交时间",
    "ref": "id external_id order order_id no 单号 订单号 订单编号 合同号 合同编号 编号 流水号",
}
_LABELS: Final = {
    "person": "姓名",
    "team": "团队",
    "product": "产品",
    "amount": "金额",
    "at": "日期",
    "ref": "单号",
}
_COLUMNS: Final = {word: key for key, words in _HEADINGS.items() for word in words.split()}
_SUMS: Final = re.compile(r"(?:合计|总计|小计|共计|汇总|total|sum).*", re.I)
_ASIDE: Final = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]|[*＊★:：\s]")
_DAY: Final = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?"
)
_LONGEST: Final = 60


def has_heading(cells: Sequence[str]) -> bool:
    """Return whether a line has the headings of person and amount."""
    return {"person", "amount"} <= set(_keys(cells))


def _keys(cells: Sequence[str]) -> list[str]:
    keys: list[str] = []
    for cell in cells:
        word = _ASIDE.sub("", unicodedata.normalize("NFKC", cell)).casefold()
        key = _COLUMNS.get(word, "")
        keys.append("" if key in keys else key)
    return keys


def read_table(lines: Sequence[Line], known: Known) -> tuple[PastedRow, ...]:
    """Return the deals of a table; `ref` is the row's own number. Raises `Refused`."""
    at = next((n for n, (_, cells) in enumerate(lines[:LOOKED_AT]) if has_heading(cells)), None)
    if at is None:
        head = "、".join(filter(None, lines[0][1]))[:60] if lines else ""
        raise Refused(
            f"没有找到标题行（读到的是“{head}”）。第一行要有“姓名”和“金额”，可以有“团队”“产品”“日期”“单号”。",
            field="file",
        )
    keys = _keys(lines[at][1])
    rows = [_row(number, dict(zip(keys, cells, strict=False)), known) for number, cells in lines[at + 1 :]]
    deals = [row for row in rows if row is not None]
    if len(deals) > MOST_LISTED:
        raise Refused(f"表里有 {len(deals)} 单，一次最多 {MOST_LISTED} 单，请分几次导入。", field="file")
    if not deals:
        raise Refused("只有标题行，没有单。", field="file")
    return marked_repeats(deals, known)


def _row(number: int, cells: Mapping[str, str], known: Known) -> PastedRow | None:
    written, amount = cells.get("person", "").strip(), cells.get("amount", "").strip()
    lost = lost_results(cells, _LABELS)
    cells = {key: "" if cell == UNSAVED else cell for key, cell in cells.items()}
    if not (written or amount) or any(_SUMS.fullmatch(cell.strip()) for cell in cells.values()):
        return None
    written, amount = written.replace(UNSAVED, ""), amount.replace(UNSAVED, "")
    found = match(written, known.people, known.spelling, cells.get("team") or None)
    yuan, why = inbound.read_amount(amount, known.largest, known.big_over)
    product = " ".join(cells.get("product", "").split())
    doubts = [doubt for doubt in (found.doubt, why) if doubt]
    if not product:
        doubts.append("没有写产品。")
    elif len(product) > LONGEST_PRODUCT or not product.isprintable():
        doubts, product = [*doubts, f"产品名最多 {LONGEST_PRODUCT} 个字。"], ""
    shown = "，".join(cell.strip() for key, cell in cells.items() if key and cell.strip())[:_LONGEST]
    row = PastedRow(
        f"第 {number} 行：{shown}", found.person, tidy_name(written)[:40], _listed(product, known), yuan, tuple(doubts),
        ref=cells.get("ref", "").strip()[:100],
    )  # fmt: skip
    row = _dated(row, cells.get("at", ""), known)
    return replace(row, doubts=(lost,)) if lost else row


def _listed(product: str, known: Known) -> str:
    """Return the product in the office's own spelling."""
    folded = unicodedata.normalize("NFKC", product).casefold()
    return next(
        (one for one in known.products if unicodedata.normalize("NFKC", one).casefold() == folded), product
    )


def _dated(row: PastedRow, written: str, known: Known) -> PastedRow:
    if not written.strip():
        return row
    today, zone = known.now.date(), known.now.tzinfo
    day, at = _read_day(written, zone)
    if day is None:
        return replace(row, doubts=(*row.doubts, f"日期“{written[:20]}”看不懂，请写成 2026-11-23。"))
    if at is not None:
        timing = inbound.timing(at, known.now, known.late_minutes, trusted=True)
        row = replace(row, at=at, late=timing.why or "", doubts=(*row.doubts, *filter(None, [timing.doubt])))
    if day > today:
        return replace(row, doubts=(*row.doubts, f"日期 {day} 在今天以后。")) if at is None else row
    if day < OLDEST:
        return replace(
            row, doubts=(*row.doubts, f"日期“{written[:20]}”太早了，最早可以是 {OLDEST.year} 年。")
        )
    return replace(row, day=day)


def _read_day(written: str, zone: tzinfo | None) -> tuple[date | None, datetime | None]:
    match_ = _DAY.fullmatch(written.strip())
    if match_ is None:
        return None, None
    try:
        year, month, day_, *clock = (None if part is None else int(part) for part in match_.groups())
        found = date(year or 0, month or 0, day_ or 0)
    except ValueError:
        return None, None
    if clock[0] is None:
        return found, None
    try:
        return found, inbound.read_occurred(
            f"{found} {clock[0]:02}:{clock[1]:02}:{clock[2] or 0:02}", zone or UTC
        )
    except Refused:
        return None, None
