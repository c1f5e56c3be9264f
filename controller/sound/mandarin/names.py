"""Readings of people's names that espeak-ng misreads.

Surnames: the readings in 现代汉语词典 (7th edition) for a character used as a surname. A family with another
reading (覃 also Tán, 乐 also Lè) sets its `say_as`, which always wins.
Given names: characters that espeak-ng 1.52 reads without tone or wrongly in isolation (found in
its phonemes, see tests/sound/test_names.py): 晨 comes out as chen5, 澄 as deng4.
"""

from __future__ import annotations

import re

from controller.names import tidy_name

_SURNAMES = """单 shan4 解 xie4 查 zha1 仇 qiu2 任 ren2 曾 zeng1 盖 ge3 区 ou1 朴 piao2 华 hua4 纪 ji3
员 yun4 乐 yue4 翟 zhai2 召 shao4 卜 bu3 覃 qin2 秘 bi4 薄 bo2 种 chong2 啜 chuai4 都 du1 炔 gui4 黑 he4
隗 wei3 乜 nie4 那 na1 佴 nai4 粘 nian2 戚 qi1 麹 qu1 撒 sa4 舍 she4 折 she2 率 shuai4 洗 xian3
相 xiang4 燕 yan1 訾 zi1 祭 zhai4 占 zhan1 句 gou1 过 guo1 哈 ha3 贾 jia3 晟 cheng2 夫 fu1 么 yao1
糜 mi2 能 nai4 少 shao4 涂 tu2 蔚 yu4 伍 wu3 肖 xiao1 要 yao1 撖 han4 傅 fu4 干 gan1 令 ling2 巴 ba1
於 yu1 阚 kan4 缪 miao4 冼 xian3 逄 pang2 谌 chen2 郗 xi1 甯 ning4 尉 wei4 葛 ge3 员 yun4
车 che1 宓 mi4 逯 lu4 佘 she2 眭 sui1 钭 tou3 郇 xun2 观 guan4"""

_DOUBLE_SURNAMES = """尉迟 yu4,chi2 万俟 mo4,qi2 单于 chan2,yu2 长孙 zhang3,sun1 澹台 tan2,tai2
乐正 yue4,zheng4 相里 xiang4,li3 令狐 ling2,hu2 鲜于 xian1,yu2 亓官 qi2,guan1 濮阳 pu2,yang2
皇甫 huang2,fu3 拓跋 tuo4,ba2 呼延 hu1,yan2 夏侯 xia4,hou2 淳于 chun2,yu2 诸葛 zhu1,ge3 宿勤 su4,qin2 吐谷 tu3,yu4"""

_GIVEN = """晨 chen2 楚 chu3 朵 duo3 夫 fu1 甫 fu3 傅 fu4 欢 huan1 葛 ge2 虹 hong2 绩 ji4 迹 ji4 稼 jia4
矩 ju3 伶 ling2 颇 po1 戚 qi1 鹊 que4 识 shi2 苔 tai2 涂 tu2 拓 tuo4 伍 wu3 息 xi1 仙 xian1 兴 xing1
宜 yi2 玢 bin1 玟 wen2 琊 ya2 樨 xi1 地 di4 得 de2 坊 fang1 巴 ba1 敞 chang3 澄 cheng2 匠 jiang4
睛 jing1 娘 niang2 辑 ji2 驼 tuo2 酬 chou2 务 wu4 诉 su4 篷 peng2 干 gan4 贾 jia3 扮 ban4 荫 yin4
著 zhu4 尽 jin4 蝶 die2 似 si4"""


def _table(text: str) -> dict[str, str]:
    words = text.split()
    return {name: reading.replace(",", " ") for name, reading in zip(words[::2], words[1::2], strict=True)}


SURNAMES = _table(_SURNAMES)
DOUBLE_SURNAMES = _table(_DOUBLE_SURNAMES)
GIVEN = _table(_GIVEN)

# A surname before a form of address in any text: 欢迎单总. Only those that are no common words, at the start of a
# phrase or after a word that one addresses people with: in 订单总额 and 签单先生 it is no name.
_ADDRESSABLE = "单解查仇任曾盖区朴华纪乐翟覃缪阚冼宓逯佘谌郗燕葛贾"
_TITLES = (
    "总(?!额|数|计|量|共|是|结|部|公|会|体|价|分|和|裁|要|算|有|得|不|能|目|业|销|收|署|长|督|指|线|店|书)|总经理|总裁|总监|先生|女士|小姐|经理|"
    "主任|老师|董事长|董(?!事)|局长|处长|院长|校长|教授|医生|博士|律师"
)
_ADDRESSING = "迎请谢喜贺祝和与跟给找由位户宾致为向陪系谒送接待候"
ADDRESSED = re.compile(
    rf"(?:^|(?<=[^㐀-鿿0-9])|(?<=[{_ADDRESSING}]))"
    rf"(?:{'|'.join(DOUBLE_SURNAMES)}|[{_ADDRESSABLE}])(?={_TITLES})"
)


def surname_reading(surname: str) -> str:
    """Return the pinyin of a surname that `ADDRESSED` has found."""
    return DOUBLE_SURNAMES.get(surname) or SURNAMES[surname]


_LONGEST = 4  # characters: a double surname and two
_MARKED = re.compile(f"([㐀-鿿]{{1,{_LONGEST}}})（([大小老])）")
_HAN_NAME = re.compile(f"[㐀-鿿]{{1,{_LONGEST}}}")


def name_reading(name: str) -> str | None:
    """Return a `say_as` for a name that the engine misreads: 单晓明 is "shan4 晓明", 张晨 "张 chen2".

    Characters that the engine reads correctly are kept (`parse_say_as` accepts them). None when nothing is misread,
    and for anything but a Chinese name of up to four characters. 单总 and 单经理 work like 单.
    """
    name = tidy_name(name)
    if marked := _MARKED.fullmatch(name):  # two people with one name: 张伟（大） is 大张伟
        return f"{marked[2]} {name_reading(marked[1]) or marked[1]}"
    if not _HAN_NAME.fullmatch(name):
        return None
    surname, reading = _surname(name)
    given = "".join(f" {GIVEN[char]} " if char in GIVEN else char for char in name[len(surname) :])
    say_as = " ".join(f"{reading} {given}".split())
    return None if say_as.replace(" ", "") == name else say_as


def _surname(name: str) -> tuple[str, str]:
    """Return the surname at the start of the name, and its reading."""
    double = name[:2]
    if double in DOUBLE_SURNAMES and len(name) > 2:
        return double, DOUBLE_SURNAMES[double]
    return name[0], SURNAMES.get(name[0], name[0])
