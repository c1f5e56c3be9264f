"""Numbers that are not quantities, read digit by digit: telephones, rooms, order and staff numbers, versions."""

from __future__ import annotations

import re

from controller.sound.mandarin.numbers import END, START, Match, Rule, cardinal_of, decimal, digits, rule

_NAMED = (
    "电话|手机|号码|热线|拨打|致电|分机|短信|微信|QQ|qq|QQ群|微信群|群号|工号|编号|单号|订单号?|合同号?|发票号?|房间号?|房号|门牌|尾号|卡号|账号|"
    "帐号|证号|验证码|密码|口令|车牌|航班|邮编|序列号|批次|学号|桌号|取件码|邀请码|会议号|学号|编码|代码"
)
_BETWEEN = r"[ ]?(?:号码|号|是|为|改为|[：:#]|No\.?)?[ ]?[：:#]?[ ]?"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_NOT_A_CODE = r"(?![0-9,.%]|[ ]?[个单元万亿千百人位名块条件份次张笔天台套家款通遍轮组分秒周年%])"
_WON = "获胜|领先|落后|战胜|击败|战平|取胜|险胜|大胜|小胜|完胜|完败|惜败|告负|逆转|拿下|晋级|夺冠|平局"
_SCORE = r"([0-9]{1,3})\s?[-:比]\s?([0-9]{1,3})(?![0-9:%.-])"
_FESTIVALS = (
    "节(?![省约点奏课目拍能气])|妇女节|劳动节|儿童节|青年节|假期|长假|小长假|黄金周|大促|晚会|购物节|狂欢节|女神节|女王节|"
    "活动|年中|促销|放假"
)
_FEAST_DAYS = "2.14 3.8 3.15 5.1 5.4 5.20 6.1 6.18 7.1 8.1 8.8 8.18 9.9 10.1 10.24 11.11 12.12"
_CLEAR = "电视|屏|高清|超清|超高清|画质|画面|视频|分辨率|显示|摄像|投影"
_IDIOMS = {
    "双11": "双十一",
    "双12": "双十二",
    "24/7": "全天候",
    "1v1": "一对一",
    "1V1": "一对一",
    "11.11": "双十一",
    "12.12": "双十二",
    "12·12": "双十二",
    "11·11": "双十一",
}
_DISCOUNT = "折(?!叠|线|腾|断|磨|合|算|旧)"
_PRODUCTS = (
    "Office|Windows|Microsoft|Dynamics|Server|Exchange|SharePoint|Studio|ISO|RTX|GTX|Boeing|Airbus|Qihoo"
)
_PRODUCT_NUMBERS = "365|199[0-9]|20[0-3][1-9]"
"""After any Latin name: 365 and years, but 2000 and 2010 may be sums."""
_SERVICES = "996|12306|12315|12345|10086|10010|955[0-9]{2}"
_ALONE = r"(?:^|(?<=[，。！？；!~\s]))(?<![0-9] )"
_OF_A_KIND = "大促|活动|院校|大学|高校|名校|晚会|购物|制|工作制|客服|网站|预热|当天"
_SAID_ONE_BY_ONE = "985|211|618|315|520"


def _one_by_one(number: str) -> str:
    """Read digits one by one, 幺 for 1, with a short pause at each space or dash."""
    groups = re.findall(r"[0-9]+", number)
    return "，".join(digits(group, one="幺") for group in groups)


def _mobile(match: Match) -> str:
    """Read eleven digits in the usual groups of three, four and four."""
    number = re.sub(r"[^0-9]", "", match.group(1))
    return "，".join(digits(part, one="幺") for part in (number[:3], number[3:7], number[7:]))


def _free_call(match: Match) -> str:
    """Read 400 numbers in the usual groups of three, three and four."""
    number = re.sub(r"[^0-9]", "", match.group(1))
    return "，".join(digits(part, one="幺") for part in (number[:3], number[3:6], number[6:]))


def _festival(match: Match) -> str:
    """Read 3.8 as 三八, 6.18 as 六一八, 10.1 as 十一."""
    month, day = match.group(1), match.group(2)
    if f"{month}.{day}" not in _FEAST_DAYS.split() and re.match(
        "[ ]?(?:放假|活动|促销|晚会)", match.string[match.end() :]
    ):
        return f"{cardinal_of(month)}月{cardinal_of(day)}日" if int(month) <= 12 else match.group(0)
    return "十一" if (month, day) == ("10", "1") else digits(month + day)


def _score(match: Match) -> str:
    return f"{cardinal_of(match.group(1))}比{cardinal_of(match.group(2))}"


def _falling(match: Match) -> str:
    """Read 3-2 as a score and 300-50 as a rebate: a range rises, and a counted range has a measure word after it."""
    first, second = int(match.group(1)), int(match.group(2))
    drawn = first == second and match.string[: match.start()].endswith(("双方", "战成", "打成", "踢成", "平"))
    maybe_date = 10 <= first <= 12
    if first >= 100 and first > second:
        return f"{cardinal_of(match.group(1))}减{cardinal_of(match.group(2))}"
    return _score(match) if drawn or (first > second and not maybe_date) else match.group(0)


def _named(match: Match) -> str:
    letters = match.group(3).rstrip("-")
    return match.group(1) + match.group(2) + f"{letters} " * bool(letters) + _one_by_one(match.group(4))


def _code(match: Match) -> str:
    return f"{match.group(1)} {_one_by_one(match.group(2))}"


def _product(match: Match) -> str:
    """Read the number in a product's name digit by digit: Office 365, AutoCAD 2024, Boeing 737."""
    return f"{match.group(1)} {digits(match.group(2))}"


def _discounts(match: Match) -> str:
    """Read 7.5-8折 as 七五到八折."""
    return "到".join(digits(number.replace(".", "")) for number in match.groups())


def _version(match: Match) -> str:
    parts = match.group(2).split(".")
    if len(parts) == 4:  # an IP address
        return "点".join(digits(part, one="幺") for part in parts)
    return "V " * bool(match.group(1)) + "点".join(cardinal_of(part) for part in parts)


CODES: tuple[Rule, ...] = (
    rule(r"(?<=[A-Za-z0-9])\.(?=(?:com|cn|net|org)(?![A-Za-z]))", " 点 "),
    rule(
        START + f"(?:{'|'.join(map(re.escape, _IDIOMS))})" + r"(?![0-9.]|[ ]?[元万亿%米])",
        lambda m: _IDIOMS[m.group(0)],
    ),
    rule(r"(?<=[0-9]{7})-([0-9]{2,5})(?![0-9.-])", lambda m: "转" + _one_by_one(m.group(1))),
    rule(r"(?<=[编房门工单]号)\s?([0-9]{1,3}-[0-9]{1,3})(?![0-9-])", lambda m: _one_by_one(m.group(1))),
    rule(rf"([{_PROVINCES}][A-Z])[·.・]\s?(?=[A-Z]?[0-9]{{4,6}}(?![0-9A-Za-z]))", r"\1"),  # a number plate
    rule(r"(?<![A-Za-z])(?:No|NO|no)\.\s?(0[0-9]+)号?(?![0-9.])", lambda m: _one_by_one(m.group(1)) + "号"),
    rule(START + r"(?:\+86[- ]?|86[- ]|\(86\)[ ]?)?(1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4})" + END, _mobile),
    rule(
        START + r"\(?(0[1-9][0-9]{1,2})[)-][ ]?([0-9]{3,4}[ -]?[0-9]{4})" + END,
        lambda m: _one_by_one(m.group(0)),
    ),
    rule(START + r"([48]00[- ][0-9]{3,4}[- ]?[0-9]{3,4}|400[0-9]{7})" + END, _free_call),
    rule(r"(转)([0-9]{3,6})(?![0-9元万个单,.])", lambda m: m.group(1) + _one_by_one(m.group(2))),
    rule(
        rf"({_NAMED})({_BETWEEN})([A-Za-z]{{0,6}}-?)([0-9]{{3,}}(?:[- ][0-9]{{2,}}){{0,5}})" + _NOT_A_CODE,
        _named,
    ),
    rule(
        START + r"([0-9]{3,5})(?=号?(?:会议室|教室|房间|包间|室|房(?!间)|宿舍|次列车|次航班|航班))",
        lambda m: _one_by_one(m.group(1)),
    ),
    rule(rf"(?<![0-9.])([1-9]\.?[1-9]?)\s?[-~—]([1-9]\.?[1-9]?)(?=\s?{_DISCOUNT})", _discounts),
    rule(rf"(?<![0-9.])([1-9])\.?([1-9])(?=\s?{_DISCOUNT})", lambda m: digits(m.group(1) + m.group(2))),
    rule(r"((?:单元|号楼)\s?)([0-9]{3,4})(?![0-9元单个万.])", lambda m: m.group(1) + _one_by_one(m.group(2))),
    rule(
        r"((?:[A-Za-z0-9]|[一二三四五六七八九十])[座栋幢]\s?)([0-9]{3,4})(?![0-9元单个万.])",
        lambda m: m.group(1) + _one_by_one(m.group(2)),
    ),
    rule(
        START + r"([1-9][0-9]{2,3})([A-FNRSX])(?![A-Za-z0-9])",
        lambda m: f"{digits(m.group(1), one='幺')} {m.group(2)} ",
    ),
    rule(
        START + r"(480|720|1080|1440|2160)([PpIi])(?![A-Za-z0-9])",
        lambda m: f"{digits(m.group(1), one='幺')} {m.group(2).upper()} ",
    ),
    rule(START + rf"([248])[Kk](?=\s?(?:{_CLEAR}))", lambda m: f"{cardinal_of(m.group(1))} K "),
    rule(
        rf"(?<=[打拨])(11[0-9]|12[0-9]|1[0-9]{{4}})(?![多余来]){_NOT_A_CODE}",
        lambda m: _one_by_one(m.group(1)),
    ),
    rule(
        rf"(?<=比分)([是为：: ]{{0,2}}){_SCORE}",
        lambda m: f"{m.group(1)}{cardinal_of(m.group(2))}比{cardinal_of(m.group(3))}",
    ),
    rule(
        r"(?<![0-9-])([0-9](?:-[0-9]){2,9})(?![0-9-])",
        lambda m: "，".join(map(cardinal_of, m.group(1).split("-"))),
    ),
    rule(r"(?<=满)([0-9]{2,6})-([0-9]{1,6})(?![0-9-])", r"\1减\2"),
    rule(
        r"(?<![0-9./])([0-9]{1,2}\.[0-9]{1,2})/(5|10|100)(?![0-9./])",
        lambda m: f"{decimal(m.group(1))}，满分{cardinal_of(m.group(2))}",
    ),
    rule(rf"(?<=以){_SCORE}(?=[的，。！]|{_WON})", _score),
    rule(rf"{START}(?<!-){_SCORE}(?=\s?(?:{_WON}))", _score),
    rule(
        START + r"(?<![0-9]-)([1-9]?[0-9]{1,2})-([0-9]{1,3})(?=$|[，。！？；、）)\n]|[ ](?![0-9=]))",
        _falling,
    ),
    rule(rf"(?<![0-9.])([0-9]{{1,2}})[.·]([0-9]{{1,2}})(?=[ ]?(?:{_FESTIVALS}))", _festival),
    rule(
        r"(?<![0-9.])([0-9][05])([、/和及])([0-9][05])(?=后(?![0-9天]))",
        lambda m: f"{digits(m.group(1))}{m.group(2).replace('/', '、')}{digits(m.group(3))}",
    ),
    rule(r"(?<![0-9.])([0-9]{1,2})·([0-9]{1,2})(?![0-9.])", lambda m: digits(m.group(1) + m.group(2))),
    rule(START + rf"({_SERVICES})(?![0-9,.元单个万%])", lambda m: _one_by_one(m.group(1))),
    rule(START + r"(1[12][0-9])(?=[ ]?(?:火警|报警|急救|救护|消防))", lambda m: _one_by_one(m.group(1))),
    rule(
        r"(?<=火警|消防|报警|急救)([ ：:]?)(1[12][0-9])" + _NOT_A_CODE,
        lambda m: m.group(1) + _one_by_one(m.group(2)),
    ),
    rule(
        START + rf"({_SAID_ONE_BY_ONE})(?=[ ]?(?:{_OF_A_KIND})|[/、和][0-9])",
        lambda m: _one_by_one(m.group(1)),
    ),
    rule(r"(?<=九八五[/、和])211(?![0-9])", "二幺幺"),
    rule(
        rf"{_ALONE}(6{{2,6}}|8{{3,6}}|9{{3,6}}|23{{3,8}}|5201314)(?=$|[，。！？；!~\s])" + _NOT_A_CODE,
        lambda m: digits(m.group(1)),
    ),
    rule(r"(?<=公交)([ ]?)([1-9][0-9]{2})(?=[ ]?路)", lambda m: m.group(1) + _one_by_one(m.group(2))),
    rule(START + r"([1-9][0-9]{2})(?=[ ]?路(?:公交|车))", lambda m: _one_by_one(m.group(1))),
    rule(
        START + r"([0-9]{1,2}-[0-9]{3,4})(?=[ ]?(?:室|房(?!间)|号房|户))", lambda m: _one_by_one(m.group(1))
    ),
    rule(rf"(?<![A-Za-z])({_PRODUCTS})[ -]?([0-9]{{3,5}}){_NOT_A_CODE}", _product),
    rule(rf"([A-Za-z])[ ]?({_PRODUCT_NUMBERS}){_NOT_A_CODE}", _product),
    rule(rf"(波音|空客)[ ]?([37][0-9]{{2}}){_NOT_A_CODE}", _product),
    rule(START + r"()(360)(?=安全|杀毒|浏览器|搜索|手机|软件|儿童|借条|数科)", _product),
    rule(r"(?<![0-9A-Za-z])([A-Za-z]{1,6})-?([0-9]{3,}(?:-[0-9]+){0,5})(?![0-9.]|[kKwW万元%])", _code),
    rule(START + r"(V?)v?([0-9]+(?:\.[0-9]+){2,5})(?![0-9.])", _version),
    rule(START + r"(0[0-9]{2,})(?![0-9.])", lambda m: _one_by_one(m.group(1))),
    rule(START + r"(?<!,)([0-9]{12,}(?:-[0-9]+){0,5})(?![0-9.,元万亿])", lambda m: _one_by_one(m.group(1))),
    rule(
        START + r"([0-9]{1,2}(?:-[0-9]{1,2})*-[0-9]{1,2}-[0-9]{3,4})" + END, lambda m: _one_by_one(m.group(1))
    ),
    rule(START + r"([0-9]{2,}(?:-[0-9]{2,}){2,6})" + END, lambda m: _one_by_one(m.group(1))),
)
