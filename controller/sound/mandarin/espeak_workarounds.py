"""Words that espeak-ng 1.52 misreads in Mandarin, and spellings that it reads correctly.

Found in the engine's phonemes (tests/sound/test_mandarin_engine.py checks each fault, so a fixed engine shows up
there). Three faults:
- It has no iong: xiong, qiong and jiong (兄 雄 熊 琼 穷 胸 …) switch to English, also when given as pinyin.
  xong, qong and jong give the right sounds.
- Words with the Beijing 儿 (一会儿, 这儿) are in its dictionary in a form it cannot pronounce.
- Some words have a wrong tone or none: 攻城略地 ends in de5, 扮 is ban5, 猛将 jiang1; for 一 in 一单 see `pinyin`.
It also takes a lone A before a letter for the English article; a no-break space keeps it a letter.
"""

from __future__ import annotations

import re

from controller.sound.mandarin.pinyin import toned

_IONG = {
    "xong1": "兄胸凶匈汹芎兇洶胷恟",
    "xong2": "雄熊",
    "xong4": "诇夐",
    "qong2": "琼穷邛穹筇茕蛩跫銎瓊窮",
    "jong1": "扃坰",
    "jong3": "窘炯迥炅囧冏泂煚",
}
_CHARS = {char: reading for reading, chars in _IONG.items() for char in chars} | {"扮": "ban4"}
_CHAR = re.compile("[" + "".join(_CHARS) + "]")

_WORDS = {
    "攻城略地": "攻城略 di4",
    "战绩": "战 ji4",
    "发型": "fa4 型",
    "角色": "jue2 色",
    "主角": "主 jue2",
    "东莞": "东 guan3",
    "蚌埠": "beng4 埠",
    "丢三落四": "丢三 la4 四",
    "猛将": "猛 jiang4",
    "称职": "chen4 职",
    "便宜": "pian2 yi5",
    "大栅栏": "da4 shi2 lan4",
    "干得好": "gan4 得好",
    "干得漂亮": "gan4 得漂亮",
    "加油干": "加油 gan4",
    "吊儿郎当": "吊 er2 郎当",
    "正儿八经": "正 er2 八经",
    "这儿": "这里",
    "那儿": "那里",
    "哪儿": "哪里",
    "今儿": "今天",
    "明儿": "明天",
}
_WORD = re.compile("|".join(sorted(_WORDS, key=len, reverse=True)))
LIGHT_ER = re.compile(
    "(?<=[会点事劲活头空玩份块伙门味片样法带馅腿闷准个孩们特妇眼底面花跟卷座圈棍])儿+(?![子童女孙歌科保医儿])"
)
_IONG_PINYIN = re.compile(r"(?<![A-Za-z])([jqx])iong(?=[1-5])")
_ARTICLE = re.compile(r"(?<![A-Za-z’])A (?=[A-Z](?![A-Za-z’]))")


_ER_WORDS = {word for word in _WORDS if word.endswith("儿")}
_READINGS = re.compile("|".join(sorted(_WORDS.keys() - _ER_WORDS, key=len, reverse=True)))


def in_pinyin(text: str) -> str:
    """Return spoken text with pinyin for words that dictionaries often misread; for engines that know 儿."""
    return _READINGS.sub(lambda found: f" {_WORDS[found.group(0)]} ", text)


def repaired(text: str) -> str:
    """Return spoken text in the spelling that espeak-ng 1.52 reads correctly."""
    text = _WORD.sub(lambda found: f" {_WORDS[found.group(0)]} ", text)
    text = toned(text)
    text = LIGHT_ER.sub("", text)
    text = _CHAR.sub(lambda found: f" {_CHARS[found.group(0)]} ", text)
    return _IONG_PINYIN.sub(r"\1ong", text)


def letters_apart(text: str) -> str:
    """Put a no-break space between an A and another single letter after it."""
    return _ARTICLE.sub("A\u00a0", text)
