"""Pinyin: syllables, tones, and readings that a person enters."""

from __future__ import annotations

import re
import unicodedata

_FALLING = "单通盒箱分秒里斤吨成桌晚"  # measure words of the first three tones: 一 is fourth tone before them
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
    """Return spoken text with pinyin for each 一 that the engine reads in a wrong tone."""
    text = _LAST_OF_NUMBER.sub(" yi1 ", text)
    text = _DECIMAL.sub(" yi1 ", text)
    text = _IN_A_ROW.sub(" yi1 ", text)
    return _COUNTED.sub(lambda match: " yi2 " if _next(match) in _RISING else " yi4 ", text)


def _next(match: re.Match[str]) -> str:
    return match.string[match.end()]


# --- Pinyin as people write it (shàn xiǎo míng, shan4xiao3ming2) → with the tone digits that the engine takes

_ALL = """a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can
cang cao ce cen ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang
chui chun chuo ci cong cou cu cuan cui cun cuo da dai dan dang dao de dei den deng di dia dian diao die
ding diu dong dou du duan dui dun duo e ei en eng er fa fan fang fei fen feng fo fou fu ga gai gan gang
gao ge gei gen geng gong gou gu gua guai guan guang gui gun guo ha hai han hang hao he hei hen heng hong
hou hu hua huai huan huang hui hun huo ji jia jian jiang jiao jie jin jing jiong jiu ju juan jue jun ka
kai kan kang kao ke kei ken keng kong kou ku kua kuai kuan kuang kui kun kuo la lai lan lang lao le lei
leng li lia lian liang liao lie lin ling liu lo long lou lu luan lun luo lv lve ma mai man mang mao me
mei men meng mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ng ni nian
niang niao nie nin ning niu nong nou nu nuan nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian
piao pie pin ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao
re ren reng ri rong rou ru ruan rui run ruo sa sai san sang sao se sen seng sha shai shan shang shao she
shei shen sheng shi shou shu shua shuai shuan shuang shui shun shuo si song sou su suan sui sun suo ta
tai tan tang tao te teng ti tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng
wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo
yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhei zhen
zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo"""
SYLLABLES = frozenset(_ALL.split())
_AS_ENGINE = SYLLABLES | {"jong", "qong", "xong"}  # `espeak_workarounds` writes jiong, qiong, xiong so

_TONE_MARKS = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}
_BETWEEN = re.compile(r"[\s·•'’,，、-]+")
_PIECE = re.compile(r"[㐀-鿿〇]+|[^㐀-鿿〇]+")
_NUMBERED = re.compile(r"([a-z]+)([0-9]?)")
_LONGEST = 200  # characters of a say_as


def parse_say_as(say_as: str) -> str:
    """Return a reading with tone digits and one space between its parts: "shàn xiǎo míng" is "shan4 xiao3 ming2".

    Accepts tone marks, tone digits (5 is the neutral tone, as is an unmarked syllable of a marked reading),
    ü, u: or v, and Chinese characters between them, which are kept («shan4 晓明» fixes only the surname).
    Raises ValueError with a Chinese sentence that names the text found and what is allowed.
    """
    written = say_as.strip()
    say_as = unicodedata.normalize("NFKC", written)
    if not say_as.strip():
        raise ValueError("读音是空的：请写拼音，例如 shan4 xiao3 ming2。")
    if len(say_as) > _LONGEST:
        raise ValueError(f"读音有 {len(say_as)} 个字符，最多 {_LONGEST} 个。")
    marked = any(mark in unicodedata.normalize("NFD", say_as) for mark in _TONE_MARKS)
    parts: list[str] = []
    for word in filter(None, _BETWEEN.split(say_as)):
        for piece in _PIECE.findall(word):
            parts += [piece] if _is_han(piece) else _syllables(piece, marked)
    if not parts:
        raise ValueError(f"“{written}”里没有拼音：请写成 shan4 xiao3 ming2 这样。")
    return " ".join(parts)


def reading_of(name: str, say_as: str) -> str:
    """Return `parse_say_as` of a reading that is long enough for its name.

    Raises ValueError when it is not a reading, or when a Chinese name has more characters than it: «shàn» for
    单雄信 would leave out the given name.
    """
    reading = parse_say_as(say_as)
    given = sum(len(part) if _is_han(part) else 1 for part in reading.split())
    wanted = len(re.findall("[㐀-鿿〇\U00020000-\U000323af]", re.sub("（.*?）", "", name)))
    if given < wanted:
        raise ValueError(
            f"“{name}”有 {wanted} 个字，读音“{say_as.strip()}”只有 {given} 个：请把每个字都写上，"
            f"不会念错的可以直接写字，例如“{reading} {name[given:]}”。"
        )
    return reading


def _is_han(piece: str) -> bool:
    return "㐀" <= piece[0] <= "鿿" or piece[0] == "〇"


def _syllables(word: str, marked: bool) -> list[str]:
    """Return the syllables of a word, each with its tone digit; `marked`: the reading uses tone marks."""
    plain = _numbered(word)
    syllables: list[str] = []
    at = 0
    while at < len(plain):
        piece = _NUMBERED.match(plain, at)
        syllable = _checked(word, piece.group(1) if piece else "", piece.group(2) if piece else "", marked)
        syllables.append(syllable)
        at = piece.end() if piece else len(plain)
    return syllables


def _checked(word: str, letters: str, tone: str, marked: bool) -> str:
    if letters not in SYLLABLES:
        raise ValueError(f"“{word}”不是拼音：音节之间请空一格，例如 shan4 xiao3 ming2，或 shàn xiǎo míng。")
    if not tone and not marked:
        raise ValueError(f"“{word}”没有声调：请在后面写 1 到 5，例如 shan4，或写成 shàn。")
    if tone and tone not in "12345":
        raise ValueError(f"“{word}”不是拼音：声调写 1 到 5，例如 shan4。")
    return letters + (tone or "5")


def _numbered(word: str) -> str:
    """Return the word in plain letters, each tone mark turned into a digit after its syllable."""
    spread = unicodedata.normalize("NFD", word.lower()).replace("u\u0308", "v").replace("u:", "v")
    for mark in _TONE_MARKS:  # ǚ may be decomposed as u, tone, dots
        spread = spread.replace(f"u{mark}\u0308", f"v{mark}")
    letters, tones = "", {}
    for char in spread:
        if char in _TONE_MARKS:
            tones[len(letters) - 1] = _TONE_MARKS[char]
        else:
            letters += char
    if not tones:
        return _after_jqxy(letters)
    return _split_by_marks(_after_jqxy(letters), tones)


def _after_jqxy(letters: str) -> str:
    # jü qü xü yü are written ju qu xu yu; the engine spells nüe and lüe as nve and lve.
    return re.sub(r"([ln])ue", r"\1ve", re.sub(r"([jqxy])v", r"\1u", letters))


def _split_by_marks(letters: str, tones: dict[int, str]) -> str:
    """Split a run such as xiǎomíng into syllables: each is the longest with at most one mark."""
    text, at = "", 0
    while at < len(letters):
        end = _syllable_end(letters, at, tones)
        if end == at:
            return letters  # not pinyin: the caller rejects it
        mark = next((tones[i] for i in range(at, end) if i in tones), "5")
        text, at = text + letters[at:end] + mark, end
    return text


def _syllable_end(letters: str, at: int, tones: dict[int, str]) -> int:
    for end in range(min(len(letters), at + 6), at, -1):
        one_mark = sum(i in tones for i in range(at, end)) <= 1
        rest_starts_well = end == len(letters) or letters[end] not in "iuv"
        # xīnán is xi nan, not xin an: the consonant before a vowel belongs to its syllable (GB/T 16159)
        takes_vowel = end < len(letters) and letters[end] in "aoe" and letters[end - 1] in "nrg"
        if letters[at:end] in SYLLABLES and one_mark and rest_starts_well and not takes_vowel:
            return end
    return at


def is_reading(token: str, alone: bool = True) -> bool:
    """Return whether a token is pinyin with a tone digit. `alone`: no pinyin beside it, so «a4» is paper."""
    letters, tone = token[:-1], token[-1:]
    return tone in tuple("12345") and letters in _AS_ENGINE and (not alone or len(letters) > 1)
