"""Names are found by pinyin and by initials, as people type them."""

from __future__ import annotations

import pytest

from controller.sound.mandarin import spelling


@pytest.mark.parametrize(
    ("name", "say_as", "expected"),
    [
        ("王小明", None, ("wxm", "wangxiaoming")),
        ("曾黎", None, ("zl", "zengli")),
        ("单晓明", None, ("sxm", "shanxiaoming")),
        ("解珍", None, ("xz", "xiezhen")),
        ("仇英", None, ("qy", "qiuying")),
        ("尉迟恭", None, ("ycg", "yuchigong")),
        ("长孙无忌", None, ("zswj", "zhangsunwuji")),
        ("吕布", None, ("lb", "lvbu")),
        ("欧阳建国", None, ("oyjg", "ouyangjianguo")),
        ("单晓明", "dān xiǎo míng", ("dxm", "danxiaoming")),
        ("覃海", "tan2 海", ("th", "tanhai")),
        ("王乐", "wang2 yue4", ("wy", "wangyue")),
        ("单晓明", "no reading", ("sxm", "shanxiaoming")),
        ("张伟（大）", None, ("zw", "zhangwei")),
        ("王　明", None, ("wm", "wangming")),
        ("Mary Ann", None, ("ma", "maryann")),
        ("Tony王", None, ("tw", "tonywang")),
        ("<img src=x>", None, ("isx", "imgsrcx")),
        ("😀", None, ("", "")),
        ("𠮷田", None, ("t", "tian")),
    ],
)
def test_initials_and_pinyin(name: str, say_as: str | None, expected: tuple[str, str]) -> None:
    """Surnames with a special reading are right, a `say_as` wins, anything else gives no error."""
    assert spelling(name, say_as) == expected


def test_the_length_is_bounded() -> None:
    """A reading of two hundred characters stays a short word."""
    assert len(spelling("王" * 500)[1]) == 120
