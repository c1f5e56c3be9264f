"""Read deals from a table (CSV or a workbook's rows) as rows for a person to confirm. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from controller.names import tidy_name
from controller.sales import inbound
from controller.sales.corrections import OLDEST
from controller.sales.deal_dates import read_day
from controller.sales.model import Refused
from controller.sales.money import parse_amount
from controller.sales.name_match import match
from controller.sales.pasted_rows import Known, PastedRow, marked_repeats
from controller.sales.products import LONGEST_PRODUCT
from controller.sales.text_tables import LOOKED_AT, UNSAVED, Line, lost_results

MOST_LISTED: Final = 500
_HEADINGS: Final = {
    "person": "person name seller sales salesperson salesrep rep owner dealowner opportunityowner soldby"
    " 姓名 销售 销售员 销售人员 销售姓名 销售顾问 顾问 业务员 签单人 签约人 员工 员工姓名 成交人 成单人 归属人 负责人",
    "team": "team group department 团队 小组 战队 部门 所属团队 所属部门",
    "product": "product productname item deal dealname opportunity opportunityname"
    " 产品 产品名称 套餐 套餐名称 商品 商品名称 服务 服务名称 课程 课程名称 项目 品类",
    "amount": "totalamount totalprice total amount dealamount dealvalue contractamount contractvalue money value"
    " revenue 总价 总金额 金额 签单金额 签约金额 成交金额 成单金额 订单金额 合同金额 成交额 合同额 销售额 成交价"
    " 实收 实收金额 支付金额 到账金额 回款金额 业绩",
    "price": "price unitprice 单价 价格",
    "count": "quantity qty count 数量 件数 份数",
    "status": "status stage dealstage 状态 订单状态 合同状态 签约状态 审批状态 审核状态 退款状态 单据状态",
    "at": "date time at occurred_at signed closedate orderdate dealdate signdate createddate createdat"
    " 日期 签单日期 成交日期 签约日期 合同日期 订单日期 成单日期"
    " 时间 签单时间 成交时间 成单时间 下单时间 支付时间 付款时间 创建时间 提交时间",
    "ref": "id external_id order order_id orderid orderno ordernumber dealid contractno no"
    " 单号 订单号 订单编号 合同号 合同编号 编号 流水号",
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
_RANK: Final = {word: rank for rank, word in enumerate(_HEADINGS["amount"].split())}
_SUMS: Final = re.compile(
    r"(?:[本当今全][页日周月季年部天])?(?:合计|总计|小计|共计|累计|汇总|总和|总额|平均|(?:grand|sub)?total|sum|average)"
    r"(?:金额|人数|单数|业绩)?[:：]?[\d,.¥￥元单人]*"
)
_OF_ONE: Final = re.compile(r".{1,20}(?:汇总|小计|合计)")  # 王小明 汇总: a row of Excel's own subtotals
_ASIDE: Final = re.compile(r"[(（\[【]([^()（）\[\]【】]*)[)）\]】]|[*＊★:：\s]")
_SCALES: Final = {"亿": 10**8, "百万": 10**6, "万": 10**4, "w": 10**4, "千": 1000, "k": 1000, "百": 100}
_FOREIGN: Final = (
    r"美元|美金|港元|港币|欧元|日元|英镑|澳元|加元|新加坡元|新元|台币|新台币|韩元"
    r"|usd|us\$|\$|hkd|hk\$|eur|€|jpy|gbp|£|sgd|twd"
)
_UNIT: Final = re.compile(rf"(?:单位)?(?:人民币)?(?:(亿|百万|万|w|千|k|百)元?|({_FOREIGN})|元|rmb|cny|[¥￥])")
_UNIT_ENDS: Final = re.compile(r"(.+?)[/／]?((?:亿|百万|万|千|百)元|[/／]万)")
_UNIT_ABOVE: Final = re.compile(rf"单位[:：]?((?:人民币)?(?:(?:亿|百万|万|千|百)?元|万|{_FOREIGN}))")
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?|[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_NOT_STANDING: Final = re.compile(
    r"作废|取消|(?<![无未没])退[款单货]|无效|关闭|撤[销回单]|驳回|拒绝|未成交|未签|丢单|失败|待签|待审|审批中|审核中|未通过"
    r"|cancel|refund|void|lost|reject",
    re.IGNORECASE,
)
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class _Columns:
    """The meaning of each column, "" for one that is not read.

    others: further columns with amounts: position → heading. scale: yuan in one unit of the amounts. foreign: their
    currency if it is not the yuan.
    """

    keys: list[str]
    heading: list[str]
    others: Mapping[int, str]
    scale: int = 1
    foreign: str = ""


def has_heading(cells: Sequence[str]) -> bool:
    """Return whether a line has the headings of person and amount."""
    return {"person", "amount"} <= set(_keys(cells))


def _word(cell: str) -> tuple[str, str]:
    """Return a heading without marks, and its unit: 金额（万元）* is 金额, 万元."""
    plain = unicodedata.normalize("NFKC", cell).casefold()
    asides = [re.sub(r"[:：\s]", "", aside[1] or "") for aside in _ASIDE.finditer(plain)]
    word = _ASIDE.sub("", plain)
    ending = _UNIT_ENDS.fullmatch(word)
    if ending and _COLUMNS.get(ending[1]) in ("amount", "price"):
        return ending[1], ending[2].strip("/／")
    return word, next((aside for aside in asides if _UNIT.fullmatch(aside)), "")


def _keys(cells: Sequence[str]) -> list[str]:
    """Return the key of each column; of several amounts the best has it, and 单价 if there is no other."""
    words = [_word(cell)[0] for cell in cells]
    amounts = sorted((word for word in words if word in _RANK), key=_RANK.__getitem__)
    best = amounts[0] if amounts else next((word for word in words if _COLUMNS.get(word) == "price"), "")
    keys: list[str] = []
    for word in words:
        key = "amount" if word == best and best else _COLUMNS.get(word, "")
        keys.append("" if key in keys or (key == "amount" and word != best) else key)
    return keys


def _columns(lines: Sequence[Line], at: int) -> _Columns:
    """Return the columns below the heading at `at`, with the unit that it or a line above it names."""
    heading = lines[at][1]
    keys = _keys(heading)
    position = keys.index("amount")
    above = (_UNIT_ABOVE.search(re.sub(r"\s", "", cell)) for _, cells in lines[:at] for cell in cells)
    unit = _word(heading[position])[1] or next((found[1].casefold() for found in above if found), "")
    found = _UNIT.fullmatch(unit)
    scale = _SCALES[found[1]] if found and found[1] else 1
    others = {n: cell for n, cell in enumerate(heading) if n != position and _word(cell)[0] in _RANK}
    return _Columns(keys, heading, others, scale, found[2].upper() if found and found[2] else "")


def read_table(lines: Sequence[Line], known: Known) -> tuple[PastedRow, ...]:
    """Return the deals of a table; `ref` is the row's own number. Raises `Refused`."""
    at = next((n for n, (_, cells) in enumerate(lines[:LOOKED_AT]) if has_heading(cells)), None)
    if at is None:
        head = "、".join(filter(None, lines[0][1]))[:60] if lines else ""
        raise Refused(
            f"没有找到标题行（读到的是“{head}”）。第一行要有“姓名”和“金额”，可以有“团队”“产品”“日期”“单号”。",
            field="file",
        )
    columns = _columns(lines, at)
    rows = [_row(number, cells, columns, known) for number, cells in lines[at + 1 :]]
    deals = [row for row in rows if row is not None]
    if len(deals) > MOST_LISTED:
        raise Refused(f"表里有 {len(deals)} 单，一次最多 {MOST_LISTED} 单，请分几次导入。", field="file")
    if not deals:
        raise Refused("只有标题行，没有单。", field="file")
    return marked_repeats(deals, known)


def _row(number: int, raw: Sequence[str], columns: _Columns, known: Known) -> PastedRow | None:
    cells = dict(zip(columns.keys, raw, strict=False))
    written, amount = cells.get("person", "").strip(), cells.get("amount", "").strip()
    lost = lost_results(cells, _LABELS)
    cells = {key: "" if cell == UNSAVED else cell for key, cell in cells.items()}
    if not (written or amount) or _is_sum(written, raw, cells):
        return None
    written = written.replace(UNSAVED, "")
    found = match(written, known.people, known.spelling, cells.get("team") or None)
    yuan, whys = _amount(raw, amount.replace(UNSAVED, ""), cells, columns, known)
    product, unclear = _product(cells.get("product", ""))
    doubts = [doubt for doubt in (found.doubt, *whys, unclear) if doubt]
    shown = "，".join(cell.strip() for key, cell in cells.items() if key and cell.strip())[:_LONGEST]
    row = PastedRow(
        f"第 {number} 行：{shown}", found.person, tidy_name(written)[:40], _listed(product, known), yuan, tuple(doubts),
        ref=cells.get("ref", "").strip()[:100],
    )  # fmt: skip
    row = _dated(row, cells.get("at", ""), known)
    return replace(row, doubts=(lost,)) if lost else row


def _is_sum(person: str, raw: Sequence[str], cells: Mapping[str, str]) -> bool:
    """Return whether a row is a total. A product such as Summer Camp does not make it one."""
    words = [re.sub(r"\s", "", unicodedata.normalize("NFKC", cell)).casefold() for cell in (person, *raw)]
    if words[0] and not _SUMS.fullmatch(words[0]):
        return bool(_OF_ONE.fullmatch(words[0])) or bool(_SUMS.fullmatch(cells.get("product", "").casefold()))
    return any(_SUMS.fullmatch(word) for word in words if not _NUMBER.fullmatch(word))


def _product(written: str) -> tuple[str, str]:
    """Return the product, and why a person must look at it."""
    product = " ".join(written.split())
    if not product:
        return "", "没有写产品。"
    if len(product) > LONGEST_PRODUCT or not product.isprintable():
        return "", f"产品名最多 {LONGEST_PRODUCT} 个字。"
    return product, ""


def _amount(
    raw: Sequence[str], written: str, cells: Mapping[str, str], columns: _Columns, known: Known
) -> tuple[Decimal | None, list[str]]:
    """Return the amount in yuan, and each reason for a person to look at it."""
    position = columns.keys.index("amount")
    name = columns.heading[position]
    if columns.foreign:
        return None, [f"“{name[:20]}”的单位是{columns.foreign}，这里记的是人民币，请换算以后填写。"]
    if _is_torn(raw, position, columns):
        return None, [
            f"金额“{written}”后面还有“{raw[position + 1]}”，好像是逗号把它分成了两格，请看原来的表。"
        ]
    yuan, why = inbound.read_amount(_scaled(written, columns.scale), known.largest, known.big_over)
    whys = [why]
    if (status := cells.get("status", "").strip()) and _NOT_STANDING.search(status):
        whys.append(f"状态写着“{status[:20]}”，请看这一单还算不算。")
    count = unicodedata.normalize("NFKC", cells.get("count", "")).strip()
    if _COLUMNS.get(_word(name)[0]) == "price" and count not in ("", "1", "1.0"):
        return None, [*whys, f"表里只有单价 {written[:20]}，数量是 {count[:20]}，请填写总价。"]
    return yuan, [*whys, *_other_amounts(raw, yuan, name, columns)]


def _scaled(written: str, scale: int) -> str | Decimal:
    """Return the amount with the unit of its column; 3万 has its own."""
    plain = unicodedata.normalize("NFKC", written).strip().lstrip("¥￥ ")
    return Decimal(plain.replace(",", "")) * scale if scale != 1 and _NUMBER.fullmatch(plain) else written


def _is_torn(raw: Sequence[str], position: int, columns: _Columns) -> bool:
    """Return whether an amount such as 12,800 was written without quotes and so became two cells."""
    last_headed = max(n for n, cell in enumerate(columns.heading) if cell)
    after = raw[position + 1] if len(raw) > position + 1 else ""
    longer = any(cell for cell in raw[last_headed + 1 :])
    return longer and bool(
        re.fullmatch(r"[¥￥]?\d{1,3}", raw[position]) and re.fullmatch(r"\d{3}(\.\d+)?元?", after)
    )


def _other_amounts(raw: Sequence[str], yuan: Decimal | None, name: str, columns: _Columns) -> list[str]:
    """Return a doubt when a row has two different amounts: 合同金额 12800, 实收金额 5000."""
    for position, other in columns.others.items():
        written = raw[position].strip() if position < len(raw) else ""
        try:
            differs = bool(written) and parse_amount(_scaled(written, columns.scale)) != yuan
        except Refused:
            differs = False
        if differs:
            return [f"这一行有两个金额，取了“{name[:20]}”；“{other[:20]}”是 {written[:20]}。"]
    return []


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
    day, at = read_day(written, today, zone)
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
