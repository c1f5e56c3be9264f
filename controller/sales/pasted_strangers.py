"""Words of a chat that are probably names of people who are not in the list: 张三 2000. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from controller.sales.pasted_words import TAKEN, without_plain

_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟"
    "姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔汤温康施牛樊葛"
    "邢齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿焦俞左柳甘祝包宁舒阮柯纪童凌毕单裴霍涂苗盛翁蓝骆靳辛柴蒙鲍喻祁房滕"
    "屈饶解牟艾尤穆卓古吉缪简项褚娄窦戚岑仇查"
)
_DOUBLE: Final = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|端木"
_NAME: Final = rf"(?:{_DOUBLE})[\u4e00-\u9fff]{{1,2}}|[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}"
_BEGIN: Final = r"(?:^|(?<=[\n,，;；、。]))[ ]*"
_WITH_DEAL: Final = re.compile(
    rf"{_BEGIN}(?P<name>{_NAME})(?=[ ]*[:：]?[ ]*[{TAKEN}\d¥￥]|[ :：])(?=[^\n,，;；。]*\d)", re.M
)
_ALONE: Final = re.compile(rf"{_BEGIN}(?P<name>{_NAME})[ ]*(?=$|[,，;；、。])", re.M)
_NO_NAME: Final = re.compile(
    r"[总卡餐包版券费款课会员险证票单金价额元位套期务项目类型号本年月日周时早晚]$|[的了是有在和跟]"
    r"|单价|金额|方案|白金|钻石|程序|万能|高级|包年|包月|金牌"
)


def _fits(name: str) -> bool:
    """Return whether the word is not also chatter, a label or a product: 谢谢, 单价, 黄金卡."""
    return not _NO_NAME.search(name) and without_plain(name) == name


def with_deal(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of names at the beginning of a line or clause that goes on with an amount."""
    return ((at.start("name"), at.end("name")) for at in _WITH_DEAL.finditer(text) if _fits(at["name"]))


def alone(text: str) -> list[str]:
    """Return the names that are alone in a line or clause."""
    return [at["name"] for at in _ALONE.finditer(text) if _fits(at["name"])]
