"""Find people, products and amounts in text that people wrote in a chat. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from controller.names import plain_text, tidy_name
from controller.sales.model import Person, Refused
from controller.sales.money import deal_amount
from controller.sales.pasted_messages import BARE_DAY
from controller.sales.pasted_strangers import with_deal
from controller.sales.pasted_words import DENIALS, TAKEN, kept_if_uncertain

Kind = Literal["person", "team", "product", "amount", "end"]

_FACE: Final = re.compile(r"\[[\u4e00-\u9fffA-Za-z]{1,6}\]")
_MENTION: Final = re.compile(r"@([^\s@,，:：]{1,20})[\s\u2005]*")
_CUSTOMER: Final = re.compile(
    r"(?:客户|公司|单位|甲方|电话|手机|联系人)(?:名称|名字|名|电话)?[ ]*[:：][ ]*[^\s,，;；。]*"
    r"|(?:客户|公司|单位|甲方)(?:名)?(?:是|叫|为)[^\s,，;；。\d]*"
    r"|客户[ ]*[\u4e00-\u9fff]{1,3}(?:总|先生|女士|小姐|老师|经理)(?![\u4e00-\u9fff])|(?:电话|手机)(?:号码?)?(?=[ ]*\d)"
)
_REFERENCE: Final = re.compile(
    r"(?:(?:合同|协议|订单|流水|发票|收据|交易|快递|工单)(?:编号|号码|单号|号)|编号|单号|尾号|卡号|账号|工号|分机|座机)"
    r"[ ]*[:：是为]?[ ]*[A-Za-z]{0,8}[-_]?\d[-_\dA-Za-z]*"
)
_SYSTEM: Final = re.compile(
    r"(?m)^.{0,40}(?:撤回了一条(?:成员)?消息|加入了?群聊|移出了?群聊|修改群名为.*|拍了拍.*|开启了.*验证.*)$|^以上是(?:打招呼|历史)的?(?:消息|内容)$"
)
"""Lines that the chat program writes, not a person."""
_NUMBERED: Final = re.compile(r"(?m)^[ ]*(?:\d{1,2}[、.)]|[(（]\d{1,2}[)）]|[①-⑳])(?!\d)[ ]*")
_PLAIN_NUMBER: Final = re.compile(r"(?m)^[ ]*\d{1,2}[ ]+(\S{2,20})")
_UNIT: Final = "亿|千万|百万|万|千|百"
_NEGATIVE: Final = re.compile(r"(?:(?:^|(?<=[\s:：]))(?:[¥￥$][ ]*)?[-−](?:[¥￥$][ ]*)?|负)$")
"""Before a number: its sign. After a word a hyphen separates (王小明-铂金-5000), and so does one before a space."""
_NUMBER: Final = re.compile(
    r"(?P<currency>[¥￥$]|rmb|人民币)?[ ]*"
    r"(?P<value>\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?"
    rf"|\d+(?:\.\d+)?(?:(?:{_UNIT})(?:零?\d{{1,4}}(?:千|百)?\d?|[一二两三四五六七八九][千百]?[一二三四五六七八九]?[百]?)?)?"
    r"|[一二两三四五六七八九十百千万亿零〇壹贰叁肆伍陆柒捌玖拾佰仟]{2,}(?:点[一二三四五六七八九]+万)?|[一二两三四五六七八九]点[一二三四五六七八九零]+万)"
    r"(?P<yuan>[ ]*(?:元整|元|块钱|块|rmb|圆))?",
    re.I,
)
_SURNAME: Final = r"(?![ ]+[单周年楼台张家][\u4e00-\u9fff]{1,2}(?![\u4e00-\u9fff]))"
"""Not before somebody who is not in the list: 3000 张三."""
_NOT_MONEY_AFTER: Final = re.compile(
    rf"{_SURNAME}[ ]*(?:单|个|人|位|名|号|点|月|日|年|天|小时|分钟|周|%|折|期|套|份|次|楼|岁|台|张|家(?!长)|组|店|:\d)"
)
_NOT_MONEY_BEFORE: Final = re.compile(r"[*×xX#第][ ]*$|[A-Za-z]-?$|\d[-/.:][ ]*$")
_PHONE: Final = re.compile(
    r"1[3-9]\d\*{2,8}\d{2,4}|1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)|1[3-9]\d{9}|\d{3,4}-\d{7,8}|\d{12,}"
)
_DATE: Final = re.compile(
    r"\d{4}[-/年.]\d{1,2}[-/月.]\d{1,2}日?|\d{1,2}月\d{1,2}[日号]|\d{1,2}[:：]\d{2}(?:[:：]\d{2})?"
)
_SECOND: Final = re.compile(
    r"(?:原价|首付|定金|订金|尾款|预付|首期|第[一二三1-3]期|每期|月付|押金|优惠|返现|返|减|欠|标价|底价|不是|首款|合计|总共|一共|共计|总计|共"
    r"|单价|每(?:人|月|年|张|套|个|份|次|单|位|家))[ ]*[:：是了]?[ ]*$"
)
_EACH_AFTER: Final = re.compile(
    r"[ ]*(?:/|每)[ ]*(?:人|月|年|季度?|张|套|个|份|次|单|位|家)|[ ]*[*×xX][ ]*\d+[ ]*="
)
"""A price for one: 500元/人, 3600*2=7200."""
_GIFT: Final = re.compile(r"(?:赠送?|附送|免费送|另送|送)[ ]*(?:一个|一份|一张|1个)?[ ]*$")
_LOOKALIKE: Final = re.compile(r"[OoIl][\dOoIl,.]*(?![A-Za-z])")
"""Letters that are typed for 0 and 1."""
_ABOUT: Final = re.compile(r"(?:约|大概|大约|差不多|估计|预计|可能)[ ]*$")
_ABOUT_AFTER: Final = re.compile(r"[ ]*(?:左右|上下|多|出头|不到|以上|以内)")
_LEAST: Final = 100
"""A plain number below this without a unit is no amount: one card, two people, page 12."""
_STEM: Final = re.compile(r"(?:套餐|会员|招聘|服务|卡|版|产品)$")
_TITLED: Final = re.compile(
    r"的|签|成|报|开|又|也|和|跟|与|老|经|总|那|这|了|在|今|喜|拿|下|收|出|卖|做|单|两|一|组|队|哥|姐|再|刚|昨|已|你|我|加|牛|棒|真|是|有|谈|刚|退|各|获|赢|搞|敲|定"
)
SHORT: Final = 2


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of meaning in the text, from `start` to `end`. `text`: as written.

    `people`: the candidates of a person; `products`: of a product; `second`: a price, deposit or the like beside the
    amount of the deal; `doubt`: why it is not certain.
    """

    kind: Kind
    start: int
    end: int
    text: str
    people: tuple[Person, ...] = ()
    products: tuple[str, ...] = ()
    amount: Decimal | None = None
    second: bool = False
    doubt: str = ""


class Vocabulary:
    """The names, teams and products that are looked for, longest first."""

    def __init__(self, people: Sequence[Person], products: Iterable[str]) -> None:
        self.people, self.products = tuple(people), tuple(products)
        by_name: dict[str, list[Person]] = defaultdict(list)
        for one in self.people:
            by_name[tidy_name(one.name).lower()].append(one)
        self.names = {name: tuple(found) for name, found in by_name.items()}
        self.teams = sorted({tidy_name(one.team) for one in self.people}, key=len, reverse=True)
        self.product_words = _product_words(self.products)


def _product_words(products: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return each product by its whole name, and by shorter forms with all products that they fit."""
    words: dict[str, set[str]] = defaultdict(set)
    for product in products:
        name = unicodedata.normalize("NFKC", product).lower()
        stem = _STEM.sub("", name)
        for word in {stem, _STEM.sub("", stem), name.removeprefix(stem)} - {"", name}:
            if len(word) >= SHORT:
                words[word].add(product)
    whole = {unicodedata.normalize("NFKC", product).lower(): {product} for product in products}
    return {word: tuple(sorted(found)) for word, found in {**words, **whole}.items()}


def cleaned(text: str, names: Iterable[str]) -> str:
    """Return the text with full-width forms folded, and without emoji, mentions, customers and list numbers."""
    text = _NUMBERED.sub("", plain_text(text).replace("\r\n", "\n").replace("\r", "\n"))
    text = re.sub(r"\d\ufe0f?\u20e3", " ", text)  # list numbers as pictures
    text = "".join(" " if _is_picture(char) else char for char in text)  # before 🉐 becomes a word
    text = re.sub(r"(?<=\d\.\d)[ ](?=万)", "", unicodedata.normalize("NFKC", text))
    text = _FACE.sub(kept_if_uncertain(), text)
    text = _REFERENCE.sub(" ", _SYSTEM.sub("", text))
    known = set(names)
    text = _PLAIN_NUMBER.sub(lambda at: at[1] if _begins_with(at[1], known) else at[0], text)
    text = _MENTION.sub(lambda at: f"{at[1]} " if tidy_name(at[1]).lower() in known else " ", text)
    text = _CUSTOMER.sub(kept_if_uncertain(), _NUMBERED.sub("", text))
    text = re.sub(r"(?<=[\d.])[wW](?![A-Za-z])", "万", re.sub(r"(?<=\d)[kK](?![A-Za-z])", "千", text))
    return re.sub(r"[ \t]{3,}", "  ", text.replace("萬", "万"))  # long gaps would make the patterns slow


def _begins_with(text: str, names: set[str]) -> bool:
    low = text.lower()
    return any(low[:length] in names for length in range(2, len(low) + 1))


def _is_picture(char: str) -> bool:
    return (
        char not in DENIALS and unicodedata.category(char) in ("So", "Cs", "Co", "Cn")
    ) or char in "\ufe0f\u200d\u20e3【】《》"


def tokens(text: str, known: Vocabulary) -> tuple[list[Token], str]:
    """Return the people, teams, products and amounts of a cleaned text, and the ends of its lines, in sequence.

    The text comes back too, with `TAKEN` for each character that has a meaning: 6800周婷 is no number of weeks.
    """
    taken = [False] * len(text)
    found: list[Token] = []
    for make in (_dates, _names, _team_names, _product_names, _strangers, _amounts):
        for token in make(_rest(text, taken), known):
            if not any(taken[token.start : token.end]):
                taken[token.start : token.end] = [True] * (token.end - token.start)
                if token.text:
                    found.append(token)
    found += [Token("end", at, at + 1, char) for at, char in enumerate(text) if char in "\n;；。"]
    return sorted(found, key=lambda token: token.start), _rest(text, taken)


def _rest(text: str, taken: Sequence[bool]) -> str:
    return "".join(TAKEN if gone else char for gone, char in zip(taken, text, strict=True))


def _dates(text: str, _: Vocabulary) -> Iterator[Token]:
    """Yield empty tokens: numbers of dates, times and telephones are no amounts."""
    for pattern in (_PHONE, _DATE, BARE_DAY):
        for match in pattern.finditer(text):
            yield Token("end", match.start(), match.end(), "")


def _names(text: str, known: Vocabulary) -> Iterator[Token]:
    low = text.lower()
    for name in sorted(known.names, key=len, reverse=True):
        for at in _places(low, name):
            end = at + len(name)
            longer = _longer_name(text, at, end)
            if name.isascii() and re.match(r"[A-Za-z\d]", text[end : end + 1] or " "):
                continue
            if name.isascii() and re.match(r"[A-Za-z\d]", text[max(0, at - 1) : at] or " "):
                continue
            if longer:
                yield Token("person", at, end + 1, longer, (), doubt=f"名单里没有“{longer}”。")
            else:
                yield Token("person", at, end, text[at:end], known.names[name])


def _longer_name(text: str, at: int, end: int) -> str:
    """Return the name of three characters that starts with a known name of two (张伟强), "" if there is none."""
    after, beyond = text[end : end + 1], text[end + 1 : end + 2]
    if end - at != SHORT or not _is_han(after) or _is_han(beyond) or _TITLED.match(after):
        return ""
    return text[at : end + 1]


def _is_han(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"


def _team_names(text: str, known: Vocabulary) -> Iterator[Token]:
    for team in known.teams:
        for at in _places(text, team):
            yield Token("team", at, at + len(team), team)


def _product_names(text: str, known: Vocabulary) -> Iterator[Token]:
    low = text.lower()
    for word in sorted(known.product_words, key=len, reverse=True):
        for at in _places(low, word):
            end = at + len(word)
            if word.isascii() and (text[end : end + 1].isascii() and text[end : end + 1].isalpha()):
                continue
            if _GIFT.search(text, max(0, at - 8), at):
                yield Token("end", at, end, "")
                continue
            yield Token("product", at, end, text[at:end], products=known.product_words[word])


def _strangers(text: str, _: Vocabulary) -> Iterator[Token]:
    for start, end in with_deal(text):
        name = text[start:end]
        yield Token("person", start, end, name, (), doubt=f"名单里没有“{name}”。")


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def _amounts(text: str, _: Vocabulary) -> Iterator[Token]:
    for match in _NUMBER.finditer(text):
        token = _amount(text, match)
        if token is not None:
            yield token


def _refusal(written: str) -> str:
    """Return why an amount is refused, "" when it is not."""
    try:
        deal_amount(written)
    except Refused as refused:
        return refused.sentence
    return ""


def _amount(text: str, match: re.Match[str]) -> Token | None:
    before, written = text[max(0, match.start() - 8) : match.start("value")], match["value"]
    marked = bool(match["currency"] or match["yuan"])
    if letters := _LOOKALIKE.match(text, match.end()):
        whole = text[match.start() : letters.end()].strip()
        return Token("amount", match.start(), letters.end(), whole, doubt=f"金额“{whole}”里有字母，看不准。")
    if _NOT_MONEY_BEFORE.search(before) and not match["currency"]:
        return None
    if negative := _NEGATIVE.search(before):
        start = match.start("value") - len(before) + negative.start()
        whole = text[start : match.end()].strip()
        return Token("amount", start, match.end(), whole, doubt=_refusal(f"-{written}"))
    each = bool(_EACH_AFTER.match(text, match.end()))
    if not marked and not each and _NOT_MONEY_AFTER.match(text, match.end()):
        return None
    try:
        yuan = deal_amount(written)
    except Refused as refused:
        return (
            Token("amount", match.start(), match.end(), match[0], doubt=refused.sentence) if marked else None
        )
    doubt = ""
    if yuan < _LEAST and not marked:
        if "." not in written or yuan < 1:
            return None
        yuan, doubt = yuan * 10_000, f"“{written}”当作 {written} 万，请看对不对。"
    after = _ABOUT_AFTER.match(text, match.end())
    if after or _ABOUT.search(before):
        doubt = f"金额“{match[0].strip()}{after[0] if after else ''}”不是准数。"
    return Token(
        "amount",
        match.start(),
        match.end(),
        match[0].strip(),
        amount=yuan,
        second=each or bool(_SECOND.search(before)),
        doubt=doubt,
    )
