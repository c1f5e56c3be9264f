"""Read deals from free text of a chat, as rows for a person to confirm; a doubtful row says why. Pure.

A message is read as a sequence of people, products and amounts (`pasted_tokens`); an amount with the person and product
beside it is a row. Nothing is guessed in silence: each value that is not written in full is a doubt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from controller.sales import inbound
from controller.sales.corrections import in_words, week_so_far
from controller.sales.model import Deal, Person, Refused
from controller.sales.money import money
from controller.sales.name_match import Spelling, match
from controller.sales.pasted_messages import Message, messages_of
from controller.sales.pasted_tokens import Token, Vocabulary, cleaned, tokens

LONGEST_TEXT: Final = 15_000
"""Characters: 45 KB of Chinese, within the limit of a request."""
MOST_ROWS: Final = 100
_FIXES: Final = re.compile(
    r"改成|改为|改到|更正|更改|写错|报错|打错|弄错|搞错|应该是|应为|应是|不是|不对|说错|纠正|修正|少写|多写"
)
_SEVERAL: Final = re.compile(
    r"[*×xX][ ]*(?:[2-9]|[1-9]\d)(?!\d)|(?:[2-9]|[1-9]\d|[两二三四五六七八九十])[ ]*(?:份|张|套|年|个)(?!月)"
)
_UNSIGNED: Final = re.compile(
    r"没签|未签|没成|还没|退单|退款|退了|作废|取消|撤单|撤回|不签|意向|准备签|打算|明天(?:再)?(?:报|签)|预计|争取|要签|能签|快签|跟进"
)
_TALK: Final = re.compile(r"目标|冲刺|合计|总共|一共|共计|累计|业绩|完成率|差\d|还差|加油")
_FILLER: Final = re.compile(
    r"恭喜|喜报|喜签|捷报|开单|报单|成交|签约|签下|签了|签到|签单|签|拿下|又|一单|两单|三单|单子|各|我也有|我的|我|也|的|了|啦|和|跟|啊|哦|大家|为|她|他|鼓掌|金额|姓名|名字|"
    r"产品|团队|销售|价格|实收|实付|实际|收款|已|到账|共|是|报一个|报个|报|新|今天|刚刚|刚才|刚|来|卖|卖了|出|个|一个|一张|张|份|套|元|块|这|那|客户|老板|谢谢|继续|"
    r"努力|加油|厉害|棒|真|好|全款|付清|收到|尾款|明天|收|有|再|下|喜|队|组"
)
_WORD: Final = re.compile(r"[\u4e00-\u9fffA-Za-z·]+(?: [A-Za-z]+)*")
_EVERY: Final = re.compile(r"各|每人|分别")
LONGEST_PRODUCT: Final = 12


@dataclass(frozen=True, slots=True)
class Known:
    """The facts that a text is read with. `recorded`: this week's deals that stand, oldest first; `largest`: of all."""

    people: Sequence[Person]
    products: Sequence[str]
    recorded: Sequence[Deal]
    now: datetime
    late_minutes: int
    big_over: Decimal
    largest: Decimal | None
    spelling: Spelling


@dataclass(frozen=True, slots=True)
class PastedRow:
    """One deal of the text. None: not known. `text`: the piece that it was read from; `doubts`: why to look at it.

    `replaces`: the recorded deal that it corrects; `day`: for which it counts; `late`: why it is recorded only; `ref`:
    the row's number in the sender's table.
    """

    text: str
    person: Person | None
    written: str
    product: str
    amount: Decimal | None
    doubts: tuple[str, ...] = ()
    at: datetime | None = None
    replaces: int | None = None
    day: date | None = None
    late: str = ""
    ref: str = ""


@dataclass(slots=True)
class _Draft:
    """A deal while its message is read."""

    start: int
    end: int
    people: list[Token] = field(default_factory=list)
    products: list[Token] = field(default_factory=list)
    amounts: list[Token] = field(default_factory=list)
    carried: bool = False
    lines: set[int] = field(default_factory=set)

    def carry(self, before: _Draft) -> None:
        """Take over the person of the deal before it."""
        self.people, self.carried = list(before.people), True

    def add(self, token: Token, line: int) -> None:
        """Add a person, product or amount; a name replaces the one that was taken over."""
        if token.kind == "person" and self.carried:
            self.people, self.carried = [], False
        {"person": self.people, "product": self.products, "amount": self.amounts}[token.kind].append(token)
        self.end = token.end
        self.lines.add(line)

    @property
    def amount(self) -> Token | None:
        return next((token for token in self.amounts if not token.second), next(iter(self.amounts), None))


def read_pasted(text: str, known: Known) -> tuple[PastedRow, ...]:
    """Return the deals in a text, in its sequence. Raises `Refused` when it is too long or has too many."""
    if len(text) > LONGEST_TEXT:
        raise Refused(f"粘贴的内容有 {len(text)} 个字，最多 {LONGEST_TEXT} 个，请分几次粘贴。", field="text")
    words = Vocabulary(known.people, known.products)
    rows: list[PastedRow] = []
    for message in messages_of(text, known.now):
        _Reading(message, known, words, rows).read()
    if len(rows) > MOST_ROWS:
        raise Refused(f"里面有 {len(rows)} 单，一次最多 {MOST_ROWS} 单，请分几次粘贴。", field="text")
    return marked_repeats(rows, known)


class _Reading:
    """One pass over a message; adds to the rows of the messages before it, which a correction may change."""

    def __init__(self, message: Message, known: Known, words: Vocabulary, rows: list[PastedRow]) -> None:
        self.message, self.known, self.words, self.rows = message, known, words, rows
        self.text = cleaned(message.text, words.names)
        self.found = tokens(self.text, self.words)

    def read(self) -> None:
        drafts: list[_Draft] = []
        for line in _lines(self.found):
            if self._is_correction(line):
                self._flush(drafts)
                drafts = []
                self._correct(line)
            else:
                drafts = self._walk(line, drafts)
        self._flush(drafts)

    def _is_correction(self, line: list[Token]) -> bool:
        if not line or not any(token.kind == "amount" for token in line):
            return False
        return bool(_FIXES.search(self._line_text(line)))

    def _line_text(self, line: list[Token]) -> str:
        start = self.text.rfind("\n", 0, line[0].start) + 1
        end = self.text.find("\n", line[-1].start)
        return self.text[start : end if end >= 0 else len(self.text)]

    # --- grouping

    def _walk(self, line: list[Token], drafts: list[_Draft]) -> list[_Draft]:
        """Add the tokens of a line to the drafts; the last draft of the lines before may be continued."""
        open_ = drafts[-1] if drafts and drafts[-1].amount is None else None
        for token in line:
            if token.kind not in ("person", "product", "amount"):
                continue
            if open_ is None or self._starts_new(open_, token):
                draft = _Draft(token.start, token.end)
                if open_ is not None and token.kind != "person" and self._headed(open_, token):
                    draft.carry(open_)
                open_ = draft
                drafts.append(draft)
            open_.add(token, self.text.count("\n", 0, token.start))
        return drafts

    def _headed(self, before: _Draft, token: Token) -> bool:
        """Return whether a deal without a name belongs to the person of the deal before it.

        In the same line, or when a line above has that name alone.
        """
        if not before.people:
            return False
        line = self.text.count("\n", 0, token.start)
        return line in before.lines or before.carried or len(before.lines) > 1

    def _starts_new(self, draft: _Draft, token: Token) -> bool:
        if draft.amount is None:
            return token.kind == "person" and bool(draft.people) and bool(draft.products)
        if token.kind == "amount":
            return not token.second and not draft.amount.second and not self._same_deal(draft, token)
        if token.kind == "person":
            return bool(draft.people) and not (draft.carried and not draft.products)
        return bool(draft.products)

    def _same_deal(self, draft: _Draft, token: Token) -> bool:
        """Return whether a second amount belongs to the same deal: nothing but a word for a price stands between."""
        between = self.text[draft.end : token.start]
        return bool(re.search(r"实收|实付|成交|到手|折后|优惠后|最终", between))

    # --- rows

    def _flush(self, drafts: list[_Draft]) -> None:
        for at, draft in enumerate(drafts):
            since = drafts[at - 1].end if at else 0
            until = drafts[at + 1].start if at + 1 < len(drafts) else len(self.text)
            self.rows += self._rows_of(draft, self.text[since:until], since)

    def _rows_of(self, draft: _Draft, context: str, since: int) -> list[PastedRow]:
        if draft.amount is None and not (draft.people and draft.products):
            return []
        left = self._left_over(draft, context, since)
        product, product_doubts, left = self._product(draft, left)
        people = self._people(draft, context, left, bool(product))
        if not people:
            return []
        doubts = [*self._amount_doubts(draft), *product_doubts, *_doubts_of(context, len(people))]
        amount = draft.amount.amount if draft.amount else None
        line = self.text.rfind("\n", 0, draft.start) + 1
        text = self.text[max(since, line) : draft.end].strip(" \n,，;；。、")
        return [
            self._dated(PastedRow(text, one, written, product, amount, (*why, *doubts)))
            for one, written, why in people
        ]

    def _left_over(self, draft: _Draft, context: str, since: int) -> list[str]:
        """Return the words of a deal that are neither person, product nor amount, nor the chatter around deals."""
        marked = list(context)
        for token in self.found:
            for at in range(max(0, token.start - since), min(len(marked), token.end - since)):
                marked[at] = " "
        words = _WORD.findall(_FILLER.sub(" ", _UNSIGNED.sub(" ", "".join(marked))))
        return [word for word in words if 2 <= len(word) <= 20]

    def _product(self, draft: _Draft, left: list[str]) -> tuple[str, list[str], list[str]]:
        fits = {token.products for token in draft.products}
        single = {products[0] for products in fits if len(products) == 1}
        if len(single) == 1:
            return single.pop(), [], left
        if len(single) > 1:
            return "", [f"写了几种产品（{'、'.join(sorted(single))}），请选一种。"], left
        if fits:
            names = sorted({name for products in fits for name in products})
            return "", [f"产品可能是{'、'.join(names[:5])}，请选一种。"], left
        owner_known = bool(draft.people)
        candidates = left if owner_known else left[1:]
        if candidates and len(candidates[0]) <= LONGEST_PRODUCT:
            name = candidates[0]
            return name, [f"产品“{name}”以前没有卖过，请看对不对。"], [word for word in left if word != name]
        return "", ["没有写产品。"], left

    def _people(
        self, draft: _Draft, context: str, left: list[str], has_product: bool
    ) -> list[tuple[Person | None, str, list[str]]]:
        """Return who signed, with doubts: by name in the text, by a word like a name, else the sender."""
        teams = [team for team in self.words.teams if team in context or team in self._team_before(draft)]
        if draft.people:
            return [self._named(token, teams) for token in draft.people]
        for word in left[:1]:
            found = match(word, self.known.people, self.known.spelling, teams[0] if teams else None)
            guessed = found.person is not None or "可能是" in found.doubt
            if not guessed and not has_product and _TALK.search(context):
                return []
            if guessed or not self.message.sender:
                return [(found.person, word, [found.doubt] if found.doubt else [])]
        if self.message.sender:
            if not has_product and (draft.amount is None or _TALK.search(context)):
                return []
            found = match(
                self.message.sender, self.known.people, self.known.spelling, teams[0] if teams else None
            )
            doubts = [found.doubt] if found.doubt else []
            if left:
                doubts.append(f"还写着“{left[0]}”，请看是谁签的。")
            return [(found.person, self.message.sender, doubts)]
        if not has_product or _TALK.search(context):
            return []
        return [(None, "", ["没有写是谁签的单。"])]

    def _team_before(self, draft: _Draft) -> str:
        return self.text[self.text.rfind("\n", 0, draft.start) + 1 : draft.start]

    def _named(self, token: Token, teams: list[str]) -> tuple[Person | None, str, list[str]]:
        people = [one for one in token.people if one.team in teams] or list(token.people)
        if len(people) == 1:
            return people[0], token.text, []
        if not people:
            found = match(token.text, self.known.people, self.known.spelling)
            return found.person, token.text, [found.doubt or token.doubt]
        names = "、".join(one.team for one in people)
        return None, token.text, [f"有 {len(people)} 位“{token.text}”（{names}），请选一位。"]

    def _amount_doubts(self, draft: _Draft) -> list[str]:
        if draft.amount is None:
            return ["没有写金额。"]
        doubts = [draft.amount.doubt] if draft.amount.doubt else []
        if draft.amount.second and len(draft.amounts) == 1:
            doubts.append(f"“{draft.amount.text}”像是合计或者一部分的钱，请看金额对不对。")
        if len(draft.amounts) > 1:
            others = "、".join(token.text for token in draft.amounts if token is not draft.amount)
            if not self._is_sum(draft):
                doubts.append(f"还写了“{others}”，请看哪个是金额。")
        if draft.amount.amount is not None:
            _, unlikely = inbound.read_amount(draft.amount.amount, self.known.largest, self.known.big_over)
            doubts += [unlikely] if unlikely else []
        return doubts

    def _is_sum(self, draft: _Draft) -> bool:
        """Return whether the further amount is the sum of the deals before it: 年卡6800，季卡2000，共8800."""
        sums = [token for token in draft.amounts if token.second]
        own = draft.amount.amount if draft.amount else None
        total = sum((row.amount or Decimal(0) for row in self.rows), own or Decimal(0))
        return len(draft.amounts) == 2 and len(sums) == 1 and bool(self.rows) and sums[0].amount == total

    def _dated(self, row: PastedRow) -> PastedRow:
        at, now = self.message.at, self.known.now
        if at is None:
            return row
        timing = inbound.timing(at, now, self.known.late_minutes, trusted=True)
        doubts = [*row.doubts, *([timing.doubt] if timing.doubt else [])]
        day = timing.day
        if day is not None and day not in week_so_far(now.date()):
            doubts.append(f"这是{in_words(day, now.date())}的消息，不是本周的，只能记在本周。")
            day = None
        return replace(row, at=at, day=day, late=timing.why or "", doubts=tuple(doubts))

    # --- corrections

    def _correct(self, line: list[Token]) -> None:
        """Apply a line such as 上一单改成9800 to the row, or the recorded deal, that it means."""
        text = self._line_text(line)
        amounts = [token for token in line if token.kind == "amount" and token.amount is not None]
        wrong = [
            token
            for token in amounts
            if re.search(r"不是[ ]*$", self.text[max(0, token.start - 4) : token.start])
        ]
        right = next((token for token in reversed(amounts) if token not in wrong), None)
        people = [one for token in line if token.kind == "person" for one in token.people]
        products = [
            token.products[0] for token in line if token.kind == "product" and len(token.products) == 1
        ]
        if right is None:
            return
        for at in range(len(self.rows) - 1, -1, -1):
            if _meant(self.rows[at].person, self.rows[at].product, people, products):
                self.rows[at] = replace(
                    self.rows[at], amount=right.amount, text=f"{self.rows[at].text}；{text.strip()}"
                )
                return
        sender = (
            match(self.message.sender, self.known.people, self.known.spelling)
            if self.message.sender
            else None
        )
        owners = people or ([sender.person] if sender and sender.person else [])
        today = [deal for deal in self.known.recorded if deal.date == self.known.now.date()]
        deal = next((d for d in reversed(today) if _meant_deal(d, owners, products)), None)
        if deal is None:
            why = "找不到要改的那一单，请在下面的列表里改。"
            row = PastedRow(
                text.strip(), next(iter(people), None), "", next(iter(products), ""), right.amount, (why,)
            )
        else:
            person = next((one for one in self.known.people if one.id == deal.person_id), None)
            which = f"{deal.at:%H:%M} {deal.person} {deal.product} {money(deal.amount)}"
            why = f"这是改已经记下的一单：{which}，请看是不是这一单。"
            row = PastedRow(
                text.strip(), person, deal.person, deal.product, right.amount, (why,), replaces=deal.id
            )
        self.rows.append(row)


def _meant(person: Person | None, product: str, people: Sequence[Person], products: Sequence[str]) -> bool:
    return (not people or person in people) and (not products or product in products)


def _meant_deal(deal: Deal, people: Sequence[Person], products: Sequence[str]) -> bool:
    return (not people or deal.person_id in [one.id for one in people]) and (
        not products or deal.product in products
    )


def _lines(found: Sequence[Token]) -> list[list[Token]]:
    lines: list[list[Token]] = [[]]
    for token in found:
        if token.kind == "end":
            lines.append([])
        else:
            lines[-1].append(token)
    return [line for line in lines if line]


def _doubts_of(context: str, people: int) -> list[str]:
    doubts = []
    if unsigned := _UNSIGNED.search(context):
        doubts.append(f"写着“{unsigned[0]}”，请看是不是真的签了。")
    if re.search(r"[?？]|吗", context):
        doubts.append("写着问号，请看是不是真的签了。")
    if several := _SEVERAL.search(context):
        doubts.append(f"写着“{several[0]}”，请看金额是一份的还是一共的。")
    if people > 1:
        each = "每人各算一单" if _EVERY.search(context) else "写了几个人"
        doubts.append(f"{each}，请看对不对。")
    return doubts


def marked_repeats(rows: Sequence[PastedRow], known: Known) -> tuple[PastedRow, ...]:
    """Return the rows with a doubt on each that is the same as an earlier row or as a recorded deal."""
    today = known.now.date()
    seen: set[tuple[int, str, Decimal, date]] = set()
    recorded = {(deal.person_id, deal.product, deal.amount, deal.date): deal for deal in known.recorded}
    marked = []
    for row in rows:
        if row.person is not None and row.amount is not None and row.replaces is None:
            same = (row.person.id, row.product, row.amount, row.day or today)
            if same in seen:
                row = replace(row, doubts=(*row.doubts, "和上面的一单一样，请看是不是重复了。"))
            elif (deal := recorded.get(same)) is not None:
                when = f"{in_words(deal.date, today)} {deal.at:%H:%M}"
                why = f"{when} 已经记过一样的一单，请看是不是重复了。"
                row = replace(row, doubts=(*row.doubts, why))
            seen.add(same)
        marked.append(row)
    return tuple(marked)
