"""Three hundred texts as offices write them: each is spoken completely, without losing a figure or a word."""

from __future__ import annotations

import itertools
import random
import re

from controller.sound.mandarin import spoken, unreadable

FIGURES = (
    "2350", "12,800", "10 000", "1.28万", "300元-500元", "88折", "3-2", "1/3", "08-18", "2026.08", "27/11/2026",
    "17：20分", "1:02:36", "705A", "121B", "-5℃~3℃", "2:30pm", "HK$1,200", "A$500", "1998年-2008年", "70、80后",
    "1080P", "3.8节", "10:00-11:30", "35%", "-2.3万", "15K-20K", "13800138000", "400-123-4567", "A栋1808",
    "第3-5名", "24小时", "11月27-29日", "No.1", "9.9元", "500M宽带", "比分21：19", "拨打120", "拨打120通", "2-3天",
)  # fmt: skip
SENTENCES = (
    "今天是{}，请大家留意", "恭喜猛虎队：{}！", "通知（{}）", "【重要】{}", "{}，加油", "王　明报的是{}。",
    "<b>好消息</b>：{}", "签了<Pro>年卡，{}", "各位同事\n{}\n谢谢", "VIP客户{}，请接待", "Hello各位，{}",
    "⾼经理说：{}", "🎉🎉{}🎉", "“{}”", "团队A/B组：{}", "～{}～", "{}……", "——{}——", "{}；{}",
)  # fmt: skip
_SPOKEN_FIGURE = re.compile("[一二两三四五六七八九幺十]|yi[124]")


def corpus() -> list[tuple[str, str]]:
    """Return 300 texts with the figure in each, the same every time; every figure and every sentence occurs."""
    pairs = list(itertools.product(SENTENCES, FIGURES))
    chosen = random.Random(9).sample(pairs, 300)
    assert {s for s, _ in chosen} == set(SENTENCES)
    assert {f for _, f in chosen} == set(FIGURES)
    return [(sentence.replace("{}", figure), figure) for sentence, figure in chosen]


def test_no_figure_is_lost_from_a_text() -> None:
    """The spoken text has the figure's digits, at least three if it has that many, and no digit characters."""
    for text, figure in corpus():
        said = spoken(text)
        wanted = min(3, len(re.findall("[1-9]", figure)))
        assert said, text
        assert not re.search("[06-9]|(?<![a-z])[1-5]", said), (text, said)
        assert len(_SPOKEN_FIGURE.findall(said)) >= wanted * text.count(figure), (text, said)


def test_no_word_is_lost_from_a_text() -> None:
    """The spoken text has every Chinese character and every Latin word that is not markup."""
    gone = str.maketrans(dict.fromkeys("一二三四五六七八九十 ", ""))
    for text, figure in corpus():
        said = spoken(text)
        words = re.sub(r"</?b>", "", text.replace("⾼", "高")).replace(figure, "")
        assert not unreadable(words), text
        for char in re.findall("[㐀-鿿]", words.translate(gone)):
            assert char in said, (text, char, said)
        for word in re.findall("[A-Za-z]+", words):
            assert word.lower() in said.lower().replace(" ", ""), (text, word, said)
