"""Pinyin: syllables, tones, readings that a person enters, and characters of the same sound."""

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


# --- Characters for pinyin, for voices that read only characters
#
# espeak-ng reads pinyin such as shan4 inside a text; sherpa-onnx skips what its lexicon does not contain, so a name
# with a `say_as` would not be heard at all. The table has a common character for each syllable, if possible one with
# (almost) only that reading (GB 2312; readings and frequencies by pypinyin).

_HANZI = """a1吖 a2嗄 a5啊 ai1哀 ai2癌 ai3矮 ai4爱 an1安 an3俺 an4案 ang1肮 ang2昂 ang4盎 ao1凹 ao2熬 ao3袄 ao4奥
ba1八 ba2拔 ba3靶 ba4罢 bai1掰 bai2白 bai3百 bai4败 ban1班 ban3板 ban4半 bang1帮 bang3榜 bang4棒
bao1包 bao2雹 bao3保 bao4报 bei1悲 bei3北 bei4备 ben1锛 ben3本 ben4笨 beng1崩 beng2甭 beng4蹦
bi1逼 bi2鼻 bi3笔 bi4臂 bian1边 bian3贬 bian4变 biao1标 biao3表 biao4鳔 bie1鳖 bie2别 bie3瘪
bin1宾 bin4摈 bing1兵 bing3饼 bing4并 bo1波 bo2博 bo3跛 bo4檗 bu1逋 bu2醭 bu3补 bu4步 ca1擦 ca3礤
cai1猜 cai2才 cai3采 cai4菜 can1餐 can2残 can3惨 can4灿 cang1苍 cang2藏 cao1操 cao2槽 cao3草 ce4测
cen2岑 ceng1噌 ceng2层 ceng4蹭 cha1插 cha2查 cha3衩 cha4岔 chai1拆 chai2柴 chai4虿 chan1搀
chan2蝉 chan3产 chan4羼 chang1昌 chang2肠 chang3厂 chang4唱 chao1超 chao2潮 chao3吵 chao4耖
che1车 che3扯 che4彻 chen1郴 chen2尘 chen3碜 chen4趁 cheng1撑 cheng2成 cheng3逞 cheng4秤 chi1吃
chi2持 chi3尺 chi4赤 chong1充 chong2虫 chong3宠 chong4铳 chou1抽 chou2愁 chou3丑 chou4臭 chu1出
chu2除 chu3楚 chu4触 chua1撮 chuai1搋 chuai4踹 chuan1穿 chuan2船 chuan3喘 chuan4串 chuang1窗
chuang2床 chuang3闯 chuang4怆 chui1吹 chui2垂 chun1春 chun2唇 chun3蠢 chuo1戳 chuo4啜 ci1疵
ci2词 ci3此 ci4次 cong1聪 cong2从 cou4凑 cu1粗 cu2徂 cu4醋 cuan1蹿 cuan4窜 cui1摧 cui3璀 cui4翠
cun1村 cun2存 cun3忖 cun4寸 cuo1磋 cuo2嵯 cuo3脞 cuo4错 da1搭 da2达 da3打 da4大 dai1呆 dai3歹
dai4待 dan1单 dan3胆 dan4淡 dang1裆 dang3党 dang4荡 dao1刀 dao3导 dao4道 de2德 de5的 dei3得 den4扽
deng1灯 deng3等 deng4瞪 di1低 di2敌 di3底 di4地 dia3嗲 dian1颠 dian3点 dian4电 diao1雕 diao4吊
die1爹 die2迭 ding1丁 ding3鼎 ding4定 diu1丢 dong1东 dong3懂 dong4动 dou1兜 dou3抖 dou4豆 du1督
du2毒 du3睹 du4杜 duan1端 duan3短 duan4断 dui1堆 dui4对 dun1墩 dun3盹 dun4遁 duo1多 duo2夺 duo3躲
duo4舵 e1婀 e2额 e4饿 e5呃 ei2诶 en1恩 en4摁 eng1鞥 er2而 er3耳 er4二 fa1发 fa2罚 fa3法 fa4珐 fan1翻
fan2繁 fan3反 fan4饭 fang1方 fang2防 fang3访 fang4放 fei1飞 fei2肥 fei3匪 fei4费 fen1纷 fen2焚
fen3粉 fen4份 feng1风 feng2逢 feng3讽 feng4凤 fo2佛 fou3缶 fu1肤 fu2服 fu3府 fu4复 ga1旮 ga2噶
ga3尕 ga4尬 gai1该 gai3改 gai4盖 gan1甘 gan3感 gan4赣 gang1钢 gang3港 gang4杠 gao1高 gao3稿 gao4告
ge1歌 ge2革 ge3哿 ge4各 gei3给 gen1根 gen2哏 gen3艮 gen4亘 geng1耕 geng3梗 gong1公 gong3拱 gong4共
gou1钩 gou3狗 gou4垢 gu1孤 gu3古 gu4顾 gua1瓜 gua3寡 gua4挂 guai1乖 guai3拐 guai4怪 guan1关
guan3管 guan4贯 guang1光 guang3广 guang4逛 gui1归 gui3鬼 gui4贵 gun3滚 gun4棍 guo1锅 guo2国
guo3果 guo4过 ha1铪 hai1嗨 hai2孩 hai3海 hai4害 han1酣 han2寒 han3喊 han4汉 hang1夯 hang2航
hang4沆 hao1蒿 hao2毫 hao3郝 hao4耗 he1诃 he2合 he4鹤 hei1黑 hen2痕 hen3狠 hen4恨 heng1亨 heng2衡
hong1轰 hong2红 hong4讧 hou2猴 hou3吼 hou4后 hu1呼 hu2胡 hu3虎 hu4户 hua1花 hua2滑 hua4化 huai2怀
huai4坏 huan1欢 huan2环 huan3缓 huan4换 huang1荒 huang2黄 huang3谎 hui1灰 hui2回 hui3毁 hui4会
hun1昏 hun2魂 hun4诨 huo1劐 huo2活 huo3火 huo4货 ji1机 ji2极 ji3己 ji4计 jia1家 jia2颊 jia3甲
jia4价 jian1肩 jian3简 jian4见 jiang1江 jiang3奖 jiang4匠 jiao1交 jiao3脚 jiao4较 jie1街 jie2节
jie3姐 jie4界 jin1金 jin3锦 jin4进 jing1经 jing3景 jing4净 jiong1扃 jiong3窘 jiu1究 jiu3酒 jiu4就
ju1居 ju2局 ju3举 ju4句 juan1捐 juan3锩 juan4倦 jue1噘 jue2绝 jun1军 jun4峻 ka1喀 ka3佧 kai1开
kai3楷 kai4忾 kan1刊 kan3坎 kan4瞰 kang1康 kang4抗 kao1尻 kao3考 kao4靠 ke1科 ke2壳 ke3可 ke4客
kei1刻 ken3肯 ken4裉 keng1坑 kong1崆 kong3孔 kong4控 kou1抠 kou3口 kou4扣 ku1枯 ku3苦 ku4库 kua1夸
kua3垮 kua4跨 kuai3蒯 kuai4快 kuan1宽 kuan3款 kuang1匡 kuang2狂 kuang3夼 kuang4矿 kui1亏 kui2葵
kui3傀 kui4溃 kun1坤 kun3捆 kun4困 kuo4阔 la1垃 la2旯 la3喇 la4蜡 lai2来 lai4赖 lan2兰 lan3懒
lan4烂 lang1啷 lang2狼 lang3朗 lang4浪 lao1捞 lao2劳 lao3老 lao4涝 le4叻 lei2雷 lei3磊 lei4类
lei5嘞 leng2塄 leng3冷 leng4愣 li2离 li3里 li4力 lia3俩 lian2连 lian3脸 lian4练 liang2良 liang3两
liang4亮 liao2撩 liao3蓼 liao4料 lie4裂 lin1拎 lin2林 lin3凛 lin4吝 ling2零 ling3领 ling4令
liu1熘 liu2流 liu3柳 liu4六 lo5咯 long2龙 long3拢 lou2楼 lou3篓 lou4漏 lu1噜 lu2炉 lu3鲁 lu4路
lu5氇 luan2峦 luan3卵 luan4乱 lun2轮 lun4论 luo2螺 luo3裸 luo4骆 lv2驴 lv3履 lv4虑 lve4略 ma1妈
ma2麻 ma3马 ma4骂 ma5嘛 mai2霾 mai3买 mai4卖 man1颟 man2瞒 man3满 man4漫 mang2盲 mang3莽 mao1猫
mao2毛 mao3卯 mao4冒 me5么 mei2眉 mei3美 mei4昧 men2门 men4焖 men5们 meng2盟 meng3猛 meng4梦 mi1咪
mi2迷 mi3米 mi4密 mian2棉 mian3勉 mian4面 miao1喵 miao2苗 miao3渺 miao4妙 mie1咩 mie4灭 min2民
min3敏 ming2名 ming3酩 ming4命 miu4谬 mo1摸 mo2摩 mo3抹 mo4莫 mou1哞 mou2谋 mou3某 mu2毪 mu3母
mu4目 na2拿 na3哪 na4纳 nai3奶 nai4奈 nan1囡 nan2南 nan3赧 nang1囔 nang2馕 nang3攮 nao1孬 nao2挠
nao3脑 nao4闹 ne4讷 nei3馁 nei4内 nen4嫩 neng2能 ng2哽 ng3嗯 ng4嗯 ni1妮 ni2尼 ni3你 ni4逆 nian1拈
nian2年 nian3捻 nian4念 niang2娘 niang4酿 niao3鸟 niao4脲 nie1捏 nie4孽 nin2您 ning2凝 ning4泞
niu1妞 niu2牛 niu3扭 nong2农 nong4弄 nou4耨 nu2奴 nu3努 nu4怒 nuan3暖 nuo2挪 nuo4诺 nv3女 nv4恧
nve4虐 o1噢 ou1欧 ou3偶 ou4怄 pa1啪 pa2琶 pa4怕 pai1拍 pai2排 pai4派 pan1攀 pan2盘 pan4判 pang1乓
pang2旁 pang3耪 pang4胖 pao1抛 pao2袍 pao3跑 pao4疱 pei1胚 pei2陪 pei4配 pen1喷 pen2盆 peng1烹
peng2蓬 peng3捧 peng4碰 pi1披 pi2皮 pi3匹 pi4僻 pian1篇 pian2骈 pian4骗 piao1飘 piao2瓢 piao3殍
piao4票 pie1瞥 pie3苤 pin1拼 pin2贫 pin3品 pin4聘 ping1乒 ping2平 po1泼 po2婆 po3笸 po4破 pou1剖
pou2裒 pu1扑 pu2蒲 pu3普 pu4瀑 qi1期 qi2其 qi3起 qi4气 qia1掐 qia4洽 qian1千 qian2前 qian3浅
qian4欠 qiang1枪 qiang2墙 qiang3镪 qiang4呛 qiao1敲 qiao2桥 qiao3巧 qiao4俏 qie3且 qie4窃 qin1亲
qin2琴 qin3寝 qin4沁 qing1清 qing2情 qing3请 qing4庆 qiong1芎 qiong2穷 qiu1秋 qiu2求 qiu3糗 qu1区
qu2渠 qu3取 qu4去 quan1悛 quan2权 quan3犬 quan4劝 que1缺 que2瘸 que4确 qun1逡 qun2群 ran2然 ran3染
rang2瓤 rang3壤 rang4让 rao2饶 rao3扰 rao4绕 re3惹 re4热 ren2人 ren3忍 ren4任 reng1扔 reng2仍
reng4艿 ri4日 rong2容 rong3冗 rou2柔 rou4肉 ru2如 ru3辱 ru4入 ruan3软 rui2蕤 rui3蕊 rui4锐 run4润
ruo4若 sa1挲 sa3洒 sa4萨 sai1腮 sai4赛 san1三 san3伞 san4散 sang1桑 sang3嗓 sang4丧 sao1骚 sao3嫂
sao4埽 se4色 sen1森 seng1僧 sha1沙 sha2啥 sha3傻 sha4歃 shai1筛 shai4晒 shan1山 shan3闪 shan4善
shang1商 shang3赏 shang4上 shao1烧 shao2勺 shao3少 shao4绍 she1奢 she2蛇 she3舍 she4射 shei2谁
shen1身 shen2神 shen3审 shen4慎 sheng1生 sheng2绳 sheng3眚 sheng4胜 shi1失 shi2石 shi3使 shi4事
shou1收 shou3手 shou4受 shou5扌 shu1书 shu2熟 shu3鼠 shu4术 shua1唰 shua3耍 shuai1衰 shuai3甩
shuai4帅 shuan1栓 shuan4涮 shuang1霜 shuang3爽 shui2谁 shui3水 shui4税 shui5氵 shun3吮 shun4顺
shuo1说 shuo4硕 si1丝 si3死 si4四 song1松 song3耸 song4送 sou1搜 sou3擞 su1苏 su2俗 su4素 suan1酸
suan4算 sui1虽 sui2随 sui3髓 sui4岁 sun1孙 sun3损 suo1缩 suo3所 ta1他 ta3塔 ta4踏 tai1胎 tai2台
tai4太 tan1贪 tan2谈 tan3坦 tan4叹 tang1铴 tang2堂 tang3躺 tang4烫 tao1滔 tao2桃 tao3讨 tao4套
te4特 teng2藤 ti1剔 ti2提 ti3体 ti4替 tian1天 tian2填 tian3舔 tian4掭 tiao1祧 tiao2条 tiao3窕
tiao4跳 tie1贴 tie3铁 tie4餮 ting1听 ting2庭 ting3艇 tong1通 tong2同 tong3统 tong4痛 tou1偷
tou2投 tou3钭 tou4透 tu1突 tu2图 tu3土 tu4兔 tuan1湍 tuan2团 tuan3疃 tuan4彖 tui1推 tui2颓 tui3腿
tui4退 tun1吞 tun2屯 tun3氽 tuo1拖 tuo2陀 tuo3妥 tuo4唾 wa1挖 wa2娃 wa3瓦 wa4袜 wai1歪 wai4外
wan1弯 wan2玩 wan3晚 wan4万 wang1汪 wang2王 wang3往 wang4望 wei1微 wei2违 wei3尾 wei4未 wen1温
wen2文 wen3稳 wen4问 weng1翁 weng3蓊 weng4瓮 wo1窝 wo3我 wo4卧 wu1屋 wu2无 wu3五 wu4物 xi1西 xi2席
xi3洗 xi4戏 xia1瞎 xia2暇 xia4下 xian1先 xian2贤 xian3险 xian4线 xiang1香 xiang2详 xiang3想
xiang4向 xiao1消 xiao2淆 xiao3小 xiao4笑 xie1些 xie2邪 xie3写 xie4泄 xin1心 xin4信 xin5忄 xing1星
xing2形 xing3醒 xing4性 xiong1胸 xiong2雄 xiu1休 xiu3朽 xiu4秀 xu1虚 xu2徐 xu3许 xu4序 xu5蓿
xuan1宣 xuan2悬 xuan3选 xuan4眩 xue1靴 xue2学 xue3雪 xue4谑 xun1勋 xun2循 xun4训 ya1压 ya2牙 ya3雅
ya4亚 yan1烟 yan2言 yan3眼 yan4艳 yang1央 yang2羊 yang3仰 yang4样 yao1腰 yao2摇 yao3咬 yao4药
ye1椰 ye2爷 ye3野 ye4叶 yi1依 yi2疑 yi3以 yi4意 yin1音 yin2银 yin3引 yin4印 ying1英 ying2营 ying3影
ying4硬 yo1哟 yong1庸 yong2喁 yong3涌 yong4用 you1忧 you2油 you3有 you4右 yu1迂 yu2鱼 yu3雨 yu4玉
yuan1渊 yuan2员 yuan3远 yuan4怨 yue1约 yue3哕 yue4月 yun1氲 yun2云 yun3允 yun4运 za1匝 za2杂
zai1灾 zai3宰 zai4在 zan1簪 zan3拶 zan4赞 zang1赃 zang3驵 zang4葬 zao1遭 zao2凿 zao3早 zao4造
ze2泽 ze4昃 zei2贼 zen3怎 zen4谮 zeng1增 zeng4赠 zha1渣 zha2闸 zha3眨 zha4诈 zhai1摘 zhai2宅
zhai3窄 zhai4债 zhan1沾 zhan3展 zhan4战 zhang1章 zhang3掌 zhang4丈 zhao1招 zhao3找 zhao4照
zhe1遮 zhe2辙 zhe3者 zhe4这 zhei4这 zhen1真 zhen3枕 zhen4振 zheng1争 zheng3整 zheng4正 zhi1之
zhi2直 zhi3指 zhi4制 zhong1终 zhong3肿 zhong4众 zhou1周 zhou2妯 zhou3肘 zhou4骤 zhu1珠 zhu2竹
zhu3主 zhu4助 zhua1抓 zhuai1拽 zhuai3转 zhuai4拽 zhuan1专 zhuan3转 zhuan4篆 zhuang1装 zhuang4状
zhui1追 zhui4坠 zhun1谆 zhun3准 zhuo1捉 zhuo2卓 zi1资 zi3紫 zi4自 zi5子 zong1宗 zong3总 zong4纵
zou1邹 zou3走 zou4奏 zu1租 zu2足 zu3组 zuan1躜 zuan3纂 zuan4攥 zui3嘴 zui4罪 zun1尊 zun3撙 zuo2昨
zuo3左 zuo4作"""
_HANZI_BY_PINYIN = {entry[:-1]: entry[-1] for entry in _HANZI.split()}
_IN_PINYIN = re.compile(r" ?(?<![A-Za-z])([a-z]{1,6})([1-5])(?![A-Za-z0-9]) ?")
_ESPEAK_SPELLINGS = {
    "xong": "xiong",
    "qong": "qiong",
    "jong": "jiong",
}  # spelled for espeak by `espeak_workarounds`


def in_characters(text: str) -> str:
    """Return the text with a character for each pinyin syllable; in another tone if none has the right one."""
    return _IN_PINYIN.sub(lambda match: _hanzi(match[1], match[2]) or match[0], text)


def _hanzi(syllable: str, tone: str) -> str | None:
    syllable = _ESPEAK_SPELLINGS.get(syllable, syllable)
    tones = (tone, *"14325")
    return next(
        (_HANZI_BY_PINYIN[syllable + one] for one in tones if syllable + one in _HANZI_BY_PINYIN), None
    )
