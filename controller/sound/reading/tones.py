"""一 in the tone that it has where it stands: espeak-ng 1.52 knows that of a word only when its dictionary does.

Counting, 一 is yí before a fourth tone and yì before the others; at the end of a larger number (二十一万), before
the point of a decimal and in a place in a row (一号) it stays yī. The engine has 一个, 一万, 一起 right and 不
everywhere; it says yī in 一单 and 一分钟, and yí in 二十一万 (tests/sound/test_mandarin_engine.py asks it).
"""

from __future__ import annotations

import re

_FALLING = "单通盒箱分秒里斤吨成桌晚"  # measures of the first three tones: 一 falls before them
_RISING = "克倍页夜辈"
_COUNTED = re.compile(rf"(?<![第十零〇一二三四五六七八九百点幺初周期统唯专单比])一(?=[{_FALLING}{_RISING}])")
_MEASURES = (
    "笔位名家次份台场条张封轮项批支套间部杯包块片层步件句段首声辆把双群班天年周楼刻点元角毛米度折届人岁回遍趟阵下口手头枝棵"
    "朵颗粒座栋幢本册篇只匹级等类种样门面道股串排行盘瓶碗壶顿餐万亿千百个"
)
_LAST_OF_NUMBER = re.compile(rf"(?<=[十零])一(?=[{_MEASURES}])|(?<=[百千零])一(?=十)")
_DECIMAL = re.compile(
    r"(?<![第十零〇一二三四五六七八九百])一(?=点[零一二三四五六七八九]+(?![零一二三四五六七八九十点分刻]))"
)
_IN_A_ROW = re.compile(r"(?<![第十零〇一二三四五六七八九百])一(?=[号楼])")


def toned(text: str) -> str:
    """Spoken text with the pinyin of each 一 that the engine would say in another tone than people do."""
    text = _LAST_OF_NUMBER.sub(" yi1 ", text)
    text = _DECIMAL.sub(" yi1 ", text)
    text = _IN_A_ROW.sub(" yi1 ", text)
    return _COUNTED.sub(lambda found: " yi2 " if _next(found) in _RISING else " yi4 ", text)


def _next(found: re.Match[str]) -> str:
    return found.string[found.end()]
