"""The words around a deal in a chat that change nothing about it. All other words make a row doubtful. Pure.

A closed list on purpose: a word that is missing here costs one look, a word too many may hide "not signed yet". So no
word belongs here that can deny, delay, divide, take back or move a deal, or name another person or amount.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

TAKEN: Final = "\x01"
"""In place of each character that is part of a name, product, amount, date or the like."""
UNCERTAIN: Final = re.compile(
    r"[没未不退欠别非假]|取消|作废|撤|意向|准备|打算|预计|争取|跟进|[要能快]签|待|尾款|月底|下周|下个?月|明天|后天|先|等|如果|要是|差|算给|试用"
)
"""A customer's name, a remark or a word in brackets with one of these stays in the text and is read."""
_VERBS: Final = (
    "成功签约 成功签下 成功签单 成功开单 成功拿下 成功 签约 签订 签下 签单 签了 签到 签 成交 成单 已成交 "
    "拿下 搞定 开单 开出 开了 开 报单 报喜 报一下 报一个 报个 报备 报 出单 出了 出 卖出 卖了 卖掉 卖 "
    "斩获 喜提 办理 办了 续费 续签 续了 购买 买了 下单 入账 收款 收到 收了 已收款 已收 已收到 已到账 "
    "到账 已到公账 到公账 已到 已开票 开票 开发票 已开发票 到款 已到款 回款 已回款 打款 已打款 已转对公 "
    "已转公账 已转 款已到 款到 款到账 付款 已付款 付了 已付 付清 已付清 全款 已付全款 付全款 一次性 "
    "一次付清 全部 完成 实收 实付 成交价 定了 实际 转账 已转账 刷卡 已签合同 合同已签 已签 签好 签合同 "
    "合同签了 漏报 补报 补录 补记 补一个 补一单 补个 补单 忘报了 忘报 忘了报 忘记报了 忘记报 迎来 获得 "
    "进账"
)
_PAYMENT: Final = (
    "微信支付 微信收款 微信 支付宝 现金 对公转账 对公账户 对公 公账 银行卡 银行转账 扫码 网银 付款方式 "
    "支付方式 收款方式 刷卡 花呗 信用卡 收款码"
)
_LABELS: Final = (
    "姓名 名字 产品名称 产品 套餐 项目 团队 战队 部门 小组 合同额 联系人 人员 转发 另外 已登记 登记 "
    "销售顾问 销售员 销售 顾问 金额 合同金额 成交金额 签约金额 总金额 价格 总价 价 成交人 签单人 报单人 "
    "签约人 客户 老客户 新客户 备注 状态 时间 日期 业务员 类型 数量 业务 单价 合同"
)
_TIMES: Final = "今天 今日 今早 今晚 上午 中午 下午 晚上 早上 刚刚 刚才 刚 现在 终于 又 本周 本月 这周 当日"
_COUNTS: Final = (
    "一单 1单 单子 新单 大单 首单 小单 单 一个 一份 一张 一套 1个 1份 1张 1套 一年 1年 一年期 一个月 "
    "一个季度 半年 一期 这个 这单 那个 份 张 套 个 笔 一笔 1笔 名"
)
_PRAISE: Final = (
    "热烈祝贺 祝贺 恭喜恭喜 恭喜 喜报 捷报 喜讯 战报 今日战报 接龙 开门红 牛逼 牛 厉害 威武 棒棒 真棒 "
    "太棒了 太棒 棒 给力 加油 优秀 漂亮 干得漂亮 点赞 鼓掌 撒花 冲 冲鸭 冲呀 继续努力 继续加油 继续 努力 "
    "再接再厉 再创佳绩 又下一城 再下一城 旗开得胜 首战告捷 马到成功 势如破竹 播报 喜报来了 全组 全队 "
    "全体 报告 请领导批示 请批示 师傅 打卡 谢谢大家 谢谢 感谢 辛苦了 辛苦 大家 同事们 同事 家人们 兄弟们 "
    "姐妹们 小伙伴们 伙伴们 各位 领导 领导们 老板 好样的 好消息 好棒 好的 真好 太好了 好 赞 强 喜 学习 "
    "向 向他学习 向她学习 让我们 一起 为他 为她 掌声 送上 yyds nb ok done yes nice good 收到 嗯嗯 嗯 "
    "万岁 开心 高兴 顺利 圆满 必胜 报到 早上好 上午好 中午好 下午好 晚上好 大家好 早安 早 哥 姐 总 经理 "
    "老师 同学 不好意思"
)
_PARTICLES: Final = (
    "了 啦 的 哦 啊 呀 哈哈哈 哈哈 哈 嘿嘿 嘿 哇 喔 呢 嘛 哒 咯 也 我 我们 咱们 我也 我这边 这边 我这 有 "
    "来 来了 来一个 是 为 元 块 块钱 元整 整 新 喽 队 组 就 都 这里 给大家 群里 一下 下 哥哥 姐姐 加 "
    "圆满"
)


_NUMBER: Final = "[一二三四五六七八九十]"
_FORMS: Final = (
    rf"(?<={TAKEN})[ ]*(?:和|跟|与|及|至|到)[ ]*(?={TAKEN})",  # between two names or amounts: 王小明和李思思
    rf"(?:赠送?|附送|免费送|另送|送)[ ]*(?:一个|一份|一张|1个)?[ ]*(?={TAKEN})",  # a gift: 送一份资料
    r"(?:恭喜|祝贺|感谢|谢谢)[ ]*[\u4e00-\u9fff]{1,2}(?:哥|姐|总|神|宝)(?![\u4e00-\u9fff])",  # thanks: 恭喜芳姐
    rf"(?<=[(（,，、 ])(?:原价|标价|优惠|活动价|立减)[:：]?[ ]*(?={TAKEN}|[)）])",  # another price: （原价 5000）
    rf"(?:帮|替|代)[ ]*(?={TAKEN}+[ ]*报)",  # for a colleague: 帮王小明报
    r"[*×xX+][ ]*1(?![\d.])",  # one piece: ×1
    r"(?:销售)?[一二三四五六七八九十\d]{1,2}(?:部|组|区|队)(?!分)",  # a unit: 销售二部
    rf"(?<={TAKEN})费(?:用)?(?={TAKEN}|[ :：])",  # after a product: 服务费
    rf"(?<!\d)(?:\d{{1,2}}|{_NUMBER}{{1,2}})个月",  # months: 12个月
    rf"合同期(?:限)?[ ]*[:：]?[ ]*(?={TAKEN})",  # the contract's term
    r"(?<!\d)\d{1,3}[ ]*(?:节课?|课时|堂课?)",  # lessons: 24课时
    r"(?<![\d:：])\d{1,2}[:：]\d{2}(?:[:：]\d{2})?",  # a time of day: 14:30
    rf"第(?:{_NUMBER}{{1,3}}|\d{{1,3}})(?:单|个|笔)",  # an ordinal: 第三单
)
"""Forms with a number or beside something that was read. Earlier ones win, and all win over single words."""


@cache
def _plain() -> re.Pattern[str]:
    """Return the pattern of all plain words; compiling it takes longer than importing the module."""
    words = " ".join((_VERBS, _PAYMENT, _LABELS, _TIMES, _COUNTS, _PRAISE, _PARTICLES)).split()
    longest_first = sorted(set(words), key=len, reverse=True)
    return re.compile("|".join((*_FORMS, *map(re.escape, longest_first))), re.I)


_CORRECTION: Final = re.compile(
    r"改成|改为|改到|改一下|更正一下|更正|更改"
    r"|(?:写|报|打|弄|搞|说)错了?|应该是|应为|应是|实际上?是?|不是|不对|纠正|修正|少写了?|多写了?|"
    r"[上那前]一?[单条个]|刚才(?:那|的)?|刚刚(?:那|的)?|上面(?:那|的)?|前面(?:那|的)?|不好意思|抱歉|麻烦|请|帮我|把|那|的|金额"
)
_TOTAL: Final = re.compile(r"合计|总计|共计|小计|总共|一共|总额|共")
DENIALS: Final = "×✕✖✗✘❌❎🚫⛔❓❔👎💔🙅🔙⚠"
"""Signs that may take a deal back; all other pictures are decoration."""
_REST: Final = re.compile(
    rf"[A-Za-z\d\u4e00-\u9fff]+(?:[.,%][A-Za-z\d\u4e00-\u9fff]+)*%?|[{DENIALS}]"
    rf"|\+(?![ ]*[{TAKEN}\d])|(?<![^\s:：])[-−－](?={TAKEN})"
)
_COUNTED: Final = re.compile(
    r"(?<![第\d一二两三四五六七八九十])(?:(\d{1,3})|([两二三四五六七八九十]))[ ]*(?:单|笔)(?!价)"
)
_HAN_COUNT: Final = {word: number for number, word in enumerate("二三四五六七八九十", 2)} | {"两": 2}


def unknown_words(rest: str, deals: int) -> list[str]:
    """Return the words of a text that the grammar does not explain. `rest`: with `TAKEN` for the explained ones.

    `deals`: how many deals the message has: 两单 is understood when there are two.
    """

    def counted(at: re.Match[str]) -> str:
        number = int(at[1]) if at[1] else _HAN_COUNT[at[2]]
        return TAKEN if number == deals else at[0]

    return _REST.findall(_plain().sub(" ", _COUNTED.sub(counted, rest)))


def without_total(rest: str) -> str:
    """Return the rest of a clause without the words of a total that was found to be right: 合计."""
    return _TOTAL.sub(" ", rest)


def is_total(words: Sequence[str]) -> bool:
    """Return whether a total is among the words."""
    return any(_TOTAL.match(word) for word in words)


def without_plain(text: str) -> str:
    """Return a text without the words that change nothing; one character alone may be part of a name, and stays."""
    return _plain().sub(lambda at: " " if len(at[0]) > 1 else at[0], text)


def correction_words(rest: str) -> str:
    """Return the rest of a correction without the words that say so: 刚才那单写错了，应该是."""
    return _CORRECTION.sub(" ", rest)


def kept_if_uncertain(blank: str = " ") -> Callable[[re.Match[str]], str]:
    """Return a replacement that takes a piece out of the text, unless it has a word that may deny the deal."""
    return lambda at: at[0] if UNCERTAIN.search(at[0]) else blank
