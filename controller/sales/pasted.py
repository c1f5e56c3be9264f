"""Read deals from free text of a chat, as rows for a person to confirm; a doubtful row says why. Pure.

A message is read as a sequence of people, products and amounts (`pasted_tokens`); an amount with the person and product
beside it is a row. Nothing is guessed in silence: each value that is not written in full is a doubt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from controller.sales import inbound
from controller.sales.corrections import in_words
from controller.sales.model import Person, Refused
from controller.sales.name_match import match
from controller.sales.pasted_doubts import UNSIGNED, Place, Read, doubts_of, mark_unknown
from controller.sales.pasted_messages import Message, Signed, messages_of, signed_on
from controller.sales.pasted_rows import Known, PastedRow, apply_fix, fix_of, marked_repeats
from controller.sales.pasted_strangers import alone
from controller.sales.pasted_tokens import Token, Vocabulary, cleaned, tokens
from controller.sales.pasted_words import without_plain

LONGEST_TEXT: Final = 15_000
"""Characters: 45 KB of Chinese, within the limit of a request."""
MOST_ROWS: Final = 100
_FIXES: Final = re.compile(
    r"改成|改为|改到|更正|更改|写错|报错|打错|弄错|搞错|应该是|应为|应是|不是|不对|说错|纠正|修正|少写|多写"
)
_SLIP: Final = re.compile(r"写错|报错|打错|弄错|搞错|说错|不对|应该是|应为|更正|纠正")
"""After one of these in the same line comes the right value of the deal that the line has just named."""
_EARLIER: Final = re.compile(r"[上那前]一?[单条个]|刚才|刚刚那|上面|前面")
_LIST_PRICE: Final = re.compile(r"(?:原价|标价|底价|优惠|立减|减|返现|返)[ ]*[:：是了]?[ ]*$")
_SPEAKER: Final = re.compile(r"[ ]*[:：][ ]*[^\s\d:：]")
_TALK: Final = re.compile(
    r"报销|红包|奖金|奖励|罚款|工资|开会|公告|排名|目标|冲刺|合计|总共|一共|共计|总计|总额|小计|累计|业绩|完成率|差\d|还差|加油"
)
_FILLER: Final = re.compile(
    r"[早晚][上安]好?|[上中下]午好|各位|同事|不好意思|昨天|前天|上周|本周|恭喜|喜报|喜签|捷报|开单|报单|成交|签约|签下|签了|签到|签单|签|拿下|又|一单|两单|三单|单子|各|我也有|我的|我|也|的|了|啦|和|跟|啊|哦|大家|为|她|他|鼓掌|金额|姓名|名字|"
    r"产品|团队|销售|价格|实收|实付|实际|收款|已|到账|共|是|报一个|报个|报|新|今天|刚刚|刚才|刚|来|卖|卖了|出|个|一个|一张|张|份|套|元|块|这|那|客户|老板|谢谢|继续|"
    r"努力|加油|厉害|棒|真|好|全款|付清|收到|尾款|明天|收|有|再|下|喜|队|组"
)
_WORD: Final = re.compile(r"[\u4e00-\u9fffA-Za-z·]+(?: [A-Za-z]+)*")
LONGEST_PRODUCT: Final = 12


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
        if token.kind == "person" and any(token.people and one.people == token.people for one in self.people):
            return  # 周婷周婷！！
        {"person": self.people, "product": self.products, "amount": self.amounts}[token.kind].append(token)
        self.end = token.end
        self.lines.add(line)

    @property
    def amount(self) -> Token | None:
        return next((token for token in self.amounts if not token.second), next(iter(self.amounts), None))


def read_pasted(text: str, known: Known, sender: str = "") -> tuple[PastedRow, ...]:
    """Return the deals in a text, in its sequence. Raises `Refused` when it is too long or has too many.

    `sender`: who has sent it, unless its lines name senders themselves.
    """
    if len(text) > LONGEST_TEXT:
        raise Refused(f"粘贴的内容有 {len(text)} 个字，最多 {LONGEST_TEXT} 个，请分几次粘贴。", field="text")
    words = Vocabulary(known.people, known.products)
    rows: list[PastedRow] = []
    for message in messages_of(text, known.now):
        _Reading(message if message.sender else replace(message, sender=sender), known, words, rows).read()
    if len(rows) > MOST_ROWS:
        raise Refused(f"里面有 {len(rows)} 单，一次最多 {MOST_ROWS} 单，请分几次粘贴。", field="text")
    return marked_repeats(rows, known)


class _Reading:
    """One pass over a message; adds to the rows of the messages before it, which a correction may change."""

    def __init__(self, message: Message, known: Known, words: Vocabulary, rows: list[PastedRow]) -> None:
        self.message, self.known, self.words, self.rows = message, known, words, rows
        self.text = cleaned(message.text, words.names)
        self.found, rest = tokens(self.text, self.words)
        self.seen = Read(self.text, rest, [token for token in self.found if token.second])

    def read(self) -> None:
        drafts: list[_Draft] = []
        for line in _lines(self.found):
            deal, fix = self._parted(line)
            if fix is None and self._is_chatter(line):
                self._flush(drafts, until=line[0].start)
                drafts = []
                self.seen.talk.append(range(self.text.rfind("\n", 0, line[0].start) + 1, line[-1].end))
                self._doubt_taken_back(self._line_text(line), list(line[0].people))
            elif fix is None and (self.rows or drafts) and self._is_slip(line):
                self._flush(drafts, until=line[0].start)
                drafts = []
                self._doubt_slip(self._line_text(line))
            elif fix is None:
                drafts = self._walk(deal, drafts)
            else:
                self._flush(self._walk(deal, drafts) if deal else drafts, until=fix[0].start)
                drafts = []
                self._correct(deal, fix)
        self._flush(drafts)
        self._doubt_slip(_tail(self.text, self.found))
        if not any(token.kind in ("person", "product", "amount") for token in self.found):
            self._doubt_taken_back(self.text, [])
        today = (self.message.at or self.known.now).date()
        mark_unknown(self.rows, self.seen, today)

    def _is_chatter(self, line: list[Token]) -> bool:
        """Return whether a line is somebody's words without a deal: 赵敏：收到."""
        if not line or any(token.kind in ("product", "amount") for token in line):
            return False
        start = self.text.rfind("\n", 0, line[0].start) + 1
        first = line[0].kind == "person" and not self.text[start : line[0].start].strip()
        return first and _SPEAKER.match(self.text, line[0].end) is not None

    def _is_slip(self, line: list[Token]) -> bool:
        """Return whether a line says that a deal above is wrong, without the right amount: 上面是年卡，不是季卡."""
        if not line or any(token.kind == "amount" for token in line):
            return False
        return _FIXES.search(self._line_text(line)) is not None

    def _correct(self, deal: list[Token], line: list[Token]) -> None:
        written = self._line_text(line) if not deal else self.text[deal[-1].end : line[-1].end]
        fix = fix_of(line, self.text, written, same_line=bool(deal))
        if fix is not None:
            at = apply_fix(self.rows, fix, self.known, self.message.sender)
            self.seen.places.append(Place(at, line[0].start, line[-1].end, fix=True))

    def _parted(self, line: list[Token]) -> tuple[list[Token], list[Token] | None]:
        """Return the deal of a line and the correction in it: 年卡 9980，打错了，是铂金 12800 has both."""
        if not self._is_correction(line):
            return line, None
        for slip in _SLIP.finditer(self.text, line[0].start, line[-1].end):
            before = [token for token in line if token.end <= slip.start()]
            after = [token for token in line if token.start >= slip.end()]
            kinds = {token.kind for token in before}
            whole = "amount" in kinds and kinds & {"person", "product"}
            right = any(token.kind == "amount" for token in after)
            if whole and right and not _EARLIER.search(self.text, line[0].start, slip.start()):
                return before, after
        return [], line

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
        beside = all(token.second for token in line if token.kind in ("person", "product", "amount"))
        open_ = drafts[-1] if drafts and (drafts[-1].amount is None or beside) else None
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
        return bool(re.search(r"实收|实付|成交|到手|折后|优惠后|最终|=", between))

    # --- rows

    def _flush(self, drafts: list[_Draft], until: int | None = None) -> None:
        """Add the rows of the drafts. `until`: the start of a correction, whose words belong to no deal."""
        end = len(self.text) if until is None else until
        for at, draft in enumerate(drafts):
            since = drafts[at - 1].end if at else 0
            context = self.text[since : drafts[at + 1].start if at + 1 < len(drafts) else end]
            rows = self._rows_of(draft, context, since)
            self.seen.places += [
                Place(len(self.rows) + one, draft.start, draft.end) for one in range(len(rows))
            ]
            self.rows += rows
            if not rows:
                people = [one for token in draft.people for one in token.people]
                self._doubt_taken_back(context, people)
                self._doubt_another(people)

    def _doubt_taken_back(self, text: str, people: Sequence[Person]) -> None:
        """Mark the row that a later line takes back (刚才那单退了): the last one of its people, else of the sender.

        Words of a slip without the right amount (前面那个写错了) mark all rows of that person and product.
        """
        if not self.rows:
            return
        if not (word := UNSIGNED.search(text)):
            self._doubt_slip(text)
            return
        if not people and self.message.sender:
            sender = match(self.message.sender, self.known.people, self.known.spelling).person
            people = [sender] if sender else []
        for at in range(len(self.rows) - 1, -1, -1):
            row = self.rows[at]
            if not people or row.person in people:
                why = f"后面写着“{word[0]}”，请看还算不算。"
                self.rows[at] = replace(row, doubts=(*row.doubts, why))
                return

    def _doubt_another(self, people: Sequence[Person]) -> None:
        """Mark the last row of the message when somebody else is named after it without an amount."""
        if not self.seen.places or not people:
            return
        at = self.seen.places[-1].row
        row = self.rows[at]
        if row.person not in people and not row.doubts:
            left = [one.name for one in people]
            self.rows[at] = replace(row, doubts=(f"还写着“{left[0]}”，请看是谁签的。",))

    def _doubt_slip(self, text: str) -> None:
        if (word := _FIXES.search(text)) is None:
            return
        last = self.rows[-1]
        for at, row in enumerate(self.rows):
            if (row.person, row.product) == (last.person, last.product):
                self.rows[at] = replace(row, doubts=(*row.doubts, f"后面写着“{word[0]}”，请看哪个对。"))

    def _rows_of(self, draft: _Draft, context: str, since: int) -> list[PastedRow]:
        if draft.amount is None and not (draft.people and draft.products):
            return []
        left = self._left_over(draft, context, since)
        product, product_doubts, left = self._product(draft, left)
        people = self._people(draft, context, left, bool(draft.products))
        if not people:
            return []
        doubts = [*self._amount_doubts(draft), *product_doubts, *doubts_of(context, len(people))]
        doubts += [
            f"还写着“{name}”，名单里没有这个人。" for name in alone(context) if not self._is_known(name)
        ]
        amount = draft.amount.amount if draft.amount else None
        line = self.text.rfind("\n", 0, draft.start) + 1
        text = self.text[max(since, line) : draft.end].strip(" \n,，;；。、")
        signed = signed_on(context, self.known.now.date()) or signed_on(
            self._head(draft), self.known.now.date()
        )
        return [
            self._dated(PastedRow(text, one, written, product, amount, (*why, *doubts)), signed)
            for one, written, why in people
        ]

    def _is_known(self, name: str) -> bool:
        return name in self.words.names or any(name in one.text for one in self.found)

    def _left_over(self, draft: _Draft, context: str, since: int) -> list[str]:
        """Return the words of a deal that are neither person, product nor amount, nor the chatter around deals."""
        marked = list(context)
        for token in self.found:
            for at in range(max(0, token.start - since), min(len(marked), token.end - since)):
                marked[at] = " "
        for name in alone(context):
            marked[context.index(name) : context.index(name) + len(name)] = " " * len(name)
        words = _WORD.findall(_FILLER.sub(" ", without_plain(UNSIGNED.sub(" ", "".join(marked)))))
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
            if alike := self._sounds_like(name):
                rest = [word for word in left if word != name]
                return alike, [f"产品写的是“{name}”，当作“{alike}”，请看对不对。"], rest
            return name, [f"产品“{name}”以前没有卖过，请看对不对。"], [word for word in left if word != name]
        return "", ["没有写产品。"], left

    def _sounds_like(self, written: str) -> str:
        """Return the only product with the same sound (年咔, 年卡), "" if there is none."""
        sound = self.known.spelling(written, None)[1]
        alike = {
            product
            for word, products in self.words.product_words.items()
            for product in products
            if sound and self.known.spelling(word, None)[1] == sound
        }
        return alike.pop() if len(alike) == 1 else ""

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
        others = [token for token in draft.amounts if token is not draft.amount and not self._is_price(token)]
        if others and not self._is_sum(draft):
            texts = "、".join(token.text for token in others)
            doubts.append(f"还写了“{texts}”，请看哪个是金额。")
        if draft.amount.amount is not None:
            _, unlikely = inbound.read_amount(draft.amount.amount, self.known.largest, self.known.big_over)
            doubts += [unlikely] if unlikely else []
        return doubts

    def _is_price(self, token: Token) -> bool:
        """Return whether an amount is a list price or a discount in brackets: 6800（原价7800，优惠1000）."""
        before = self.text[max(0, token.start - 40) : token.start]
        aside = before.rfind("(") > before.rfind(")")
        return token.second and aside and _LIST_PRICE.search(before) is not None

    def _is_sum(self, draft: _Draft) -> bool:
        """Return whether the further amount is the sum of the deals before it: 年卡6800，季卡2000，共8800."""
        sums = [token for token in draft.amounts if token.second]
        own = draft.amount.amount if draft.amount else None
        total = sum((row.amount or Decimal(0) for row in self.rows), own or Decimal(0))
        return len(draft.amounts) == 2 and len(sums) == 1 and bool(self.rows) and sums[0].amount == total

    def _head(self, draft: _Draft) -> str:
        """Return the line above the deals, such as 昨天漏报的两单：, "" when the deal is in the first line."""
        first, _, rest = self.text.partition("\n")
        start = draft.start - len(first)
        return first if start > 0 and rest and not re.search(r"\d{3}", first) else ""

    def _dated(self, row: PastedRow, signed: Signed | None) -> PastedRow:
        at, now = self.message.at, self.known.now
        if signed is not None and signed.day < (at.date() if at else now.date()):
            unsure = () if signed.certain else (f"写着“{signed.text}”，请看是哪天签的。",)
            doubts = (*row.doubts, *unsure)
            late = f"是{in_words(signed.day, now.date())}签的，只记不播，战报照算。"
            return replace(row, day=signed.day, late=late, doubts=doubts)
        if at is None:
            return row
        timing = inbound.timing(at, now, self.known.late_minutes, trusted=True)
        doubts = (*row.doubts, *([timing.doubt] if timing.doubt else []))
        return replace(row, at=at, day=timing.day, late=timing.why or "", doubts=doubts)


def _tail(text: str, found: Sequence[Token]) -> str:
    """Return the lines after the last one with a deal, "" when there is no deal."""
    last = max((token.end for token in found if token.kind in ("person", "product", "amount")), default=None)
    return "" if last is None else text[last:].partition("\n")[2]


def _lines(found: Sequence[Token]) -> list[list[Token]]:
    lines: list[list[Token]] = [[]]
    for token in found:
        if token.kind == "end":
            lines.append([])
        else:
            lines[-1].append(token)
    return [line for line in lines if line]
