"""Editing the timetable by operations: only the meant lines change, every comment stays, the model is as meant."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_office import SHIPPED

from controller.timetable.edit import EditRefused, apply, operations_of, values_of
from controller.timetable.load import parse
from controller.timetable.problem_paths import paths_of
from controller.timetable.problems import TimetableInvalid
from controller.timetable.source_map import locate
from tests.forms import examples

TEXT = SHIPPED.read_text(encoding="utf-8")
VALUES = values_of(TEXT)
assert VALUES is not None


def edited(*operations: dict[str, Any], text: str = TEXT) -> str:
    return apply(text, operations_of(list(operations)))


def set_(path: list[Any], value: Any, **more: Any) -> dict[str, Any]:
    return {"op": "set", "path": path, "value": value, **more}


def changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """Return the lines that only one of the texts has."""
    old, new = Counter(before.split("\n")), Counter(after.split("\n"))
    return sorted((old - new).elements()), sorted((new - old).elements())


def comment_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.lstrip().startswith("#")]


def test_one_value_changes_one_line() -> None:
    """12:55's music is another one: one line differs, byte for byte."""
    after = edited(set_(["rhythm", 10, "music"], "morning"))
    assert changed(TEXT, after) == (["    music: rousing"], ["    music: morning"])


def test_a_whole_entry_changes_only_its_lines() -> None:
    """A form sends the whole entry: equal values stay, new ones come in their usual order, missing ones go."""
    entry = {**VALUES["rhythm"][10], "on": "周一至周五", "music": {"工作日": "rousing", "周五": "weekend"}}
    after = edited(set_(["rhythm", 10], {**entry, "volume": None}))
    assert changed(TEXT, after) == (
        ["    music: rousing", "    volume: 70"],
        ["    music: {工作日: rousing, 周五: weekend}", "    on: 周一至周五"],
    )
    assert after.index("on: 周一至周五") < after.index("name: 战鼓再响")


@pytest.mark.parametrize(
    ("operations", "gone", "come"),
    [
        ([set_(["duties", 5], None)], ["  - {at: 16:30, who: director, what: 第二次检查目标进度}"], []),
        ([set_(["sound", "duck_db"], None)], ["  duck_db: -20                     # 播报时音乐降低多少分贝"],
         ["  # 播报时音乐降低多少分贝"]),
        ([set_(["days_off"], ["2026-12-31"])],
         ["days_off: []                       # 公司另外放假的日子，例如 [2026-12-31]"],
         ["days_off: [2026-12-31]             # 公司另外放假的日子，例如 [2026-12-31]"]),
        ([set_(["broadcasts", "record"], ["第一种，好！", "{team}好！"])],
         ["  record: 恭喜{team}的{person}签了一单{product}，金额是{amount}，请大家为他喝彩！"],
         ["    - \"{team}好！\"", "    - 第一种，好！", "  record:"]),
        ([{"op": "insert", "path": ["cues", 5], "value": {"at": "16:30", "say": "到大会议室: 开会 #1"}}], [],
         ["", '    say: "到大会议室: 开会 #1"', "  - at: 16:30"]),
        ([set_(["walls", "screens"], {"前台": {"diagonal": 75}})],
         ["  screens: {}                      # 例如 {前台: {diagonal: 75, distance: 8}, 猛虎队: {team: 猛虎队}}"],
         ["  screens: {前台: {diagonal: 75}}  # 例如 {前台: {diagonal: 75, distance: 8}, 猛虎队: {team: 猛虎队}}"]),
        ([set_(["sound", "music_lufs"], -20)], [], ["  music_lufs: -20"]),
    ],
)  # fmt: skip
def test_each_kind_of_edit_changes_only_its_lines(
    operations: list[dict[str, Any]], gone: list[str], come: list[str]
) -> None:
    """Removing, adding, lists, groups in braces, quoted texts: exactly these lines differ."""
    after = edited(*operations)
    assert changed(TEXT, after) == (sorted(gone), sorted(come))
    parse(after)


def test_moved_entries_exchange_their_lines() -> None:
    """A reminder moves up; every line of the file is still there."""
    after = edited({"op": "move", "path": ["duties", 5], "to": 1})
    assert Counter(after.split("\n")) == Counter(TEXT.split("\n"))
    assert values_of(after)["duties"][1] == VALUES["duties"][5]


def test_line_breaks_and_byte_order_mark_stay() -> None:
    """A file from Windows stays one: CRLF and BOM in every line that is not meant, and in new ones."""
    windows = "\ufeff" + TEXT.replace("\n", "\r\n")
    after = edited(set_(["rhythm", 10, "music"], "morning"), set_(["prizes", "day"], None), text=windows)
    assert after.startswith("\ufeff#")
    assert after.count("\n") == after.count("\r\n") == TEXT.count("\n") - 1
    assert values_of(after)["rhythm"][10]["music"] == "morning"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("office: a\r\nrhythm: []\n", "换行有几种写法"),
        ("office: a\nrhythm: [\n", "读不下去"),
        ("office： a\nrhythm: []\n", "读不下去"),
        ("- a\n", "读不下去"),
    ],
)
def test_a_file_that_forms_cannot_edit_is_refused_with_the_way_out(text: str, sentence: str) -> None:
    """Mixed line breaks, broken syntax, another kind of file: a sentence that points to the text view."""
    with pytest.raises(EditRefused, match=sentence) as refused:
        edited(set_(["office"], "b"), text=text)
    assert "“文字”" in refused.value.sentence


@pytest.mark.parametrize(
    "text",
    [
        "office: a\nrhythm:\n  - # 注释\n    at: 08:00-09:00\n    name: b\n",
        "office: a\nrhythm:\n  - {at: 08:00-09:00, # 注释\n     name: b}\n",
        "office: |  # 注释\n  a\nrhythm:\n  - {at: 08:00-09:00, name: b}\n",
        "{office: a, # 注释\n rhythm: [{at: 08:00-09:00, name: b}]}\n",
    ],
)
def test_a_strange_spelling_is_edited_rightly_or_refused(text: str) -> None:
    """Comments at unusual places: each edit keeps them and means exactly itself, or is refused and changes nothing."""
    for operation in (
        set_(["office"], "新的"), set_(["rhythm", 0, "text"], "说"), set_(["rhythm", 0, "at"], None),
        set_(["rhythm", 0, "name"], ["x"]), set_(["rhythm", 0], None), set_(["city"], "北京"),
        {"op": "insert", "path": ["rhythm", 1], "value": {"at": "09:00-10:00", "name": "c"}},
    ):  # fmt: skip
        try:
            after = edited(operation, text=text)
        except EditRefused:
            continue
        assert "# 注释" in after
        locate(after)


def test_an_entry_that_moved_since_is_found_by_its_value() -> None:
    """Another person removed an earlier entry: the edit reaches the right one; a changed one is refused as changed."""
    was = VALUES["rhythm"][10]
    shifted = edited(set_(["rhythm", 3], None))
    after = edited(set_(["rhythm", 10], {**was, "music": "morning"}, was=was), text=shifted)
    assert values_of(after)["rhythm"][9] == {**was, "music": "morning"}
    theirs = edited(set_(["rhythm", 10, "volume"], 60))
    with pytest.raises(EditRefused) as refused:
        edited(set_(["rhythm", 10], {**was, "music": "morning"}, was=was), text=theirs)
    assert refused.value.stale


@pytest.mark.parametrize(
    "wrong",
    [
        None, [], {}, [1], [{"op": "run", "path": ["a"]}], [{"op": "set"}], [{"op": "set", "path": []}],
        [{"op": "set", "path": [True]}], [{"op": "set", "path": [-1]}], [{"op": "set", "path": ["a"] * 7}],
        [{"op": "move", "path": ["rhythm", 0], "to": "x"}], [{"op": "set", "path": ["office"], "value": "x" * 401}],
        [{"op": "set", "path": ["office"], "value": {"a": {"a": {"a": {"a": {"a": {"a": "b"}}}}}}}],
        [set_(["office"], "x")] * 61, [{"op": "set", "path": ["office"], "value": ["x"] * 401}],
    ],
)  # fmt: skip
def test_a_malformed_request_is_refused(wrong: object) -> None:
    """Every size and kind is bounded before anything is read."""
    with pytest.raises(EditRefused):
        operations_of(wrong)


SIGNS = ("~", "null", "- a", "a: b", "a #b", "#", "{x", "[", "'", '"a"', "\\", "true：", "a:b", "& a", "* a", "! a",
         "| a",
         "> a", "%", "@a", "`", "x\ny", "\u2028x", "on: 1", "a:")  # fmt: skip


@pytest.mark.parametrize("value", SIGNS)
@pytest.mark.parametrize(
    "place", [["office"], ["cities", 1], ["duties", 0, "what"], ["broadcasts", "target", 0]]
)
def test_every_text_is_read_back_as_typed(value: str, place: list[Any]) -> None:
    """YAML's own signs in a name are quoted; a line break becomes a space."""
    after = values_of(edited(set_(place, value)))
    for step in place:
        after = after[step]  # type: ignore[index]
    assert after == " ".join(value.split())


def test_a_problem_is_mapped_to_its_field() -> None:
    """Each problem of an edited file belongs to a path; also in braces, for missing keys, for lists."""
    after = edited(
        set_(["rhythm", 10, "at"], "25:61"),
        set_(["rhythm", 4, "name"], None),
        set_(["duties", 1, "who"], "boss"),
        set_(["broadcasts", "target", 1], "{nobody}"),
        set_(["sound", "duck_db"], "laut"),
        set_(["days_off"], ["2026-13-01"]),
    )
    with pytest.raises(TimetableInvalid) as invalid:
        parse(after)
    assert set(paths_of(after, invalid.value.faults)) == {
        ("rhythm", 10, "at"), ("rhythm", 4, "name"), ("duties", 1, "who"), ("broadcasts", "target", 1),
        ("sound", "duck_db"), ("days_off", 0),
    }  # fmt: skip


def test_an_overlap_belongs_to_the_entry() -> None:
    """Problems between entries are shown at the whole entry."""
    after = edited(set_(["rhythm", 10, "at"], "12:50-13:00"))
    with pytest.raises(TimetableInvalid) as invalid:
        parse(after)
    assert set(paths_of(after, invalid.value.faults)) == {("rhythm", 10)}


# --- any sequence of random edits

WORDS = st.one_of(
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(str.strip),
    st.sampled_from(["休息", "a: b", "# x", "- y", "{team}", "~", "早 #1", "“好”", "'", "08:30"]),
)
SECTIONS = {"rhythm": 17, "cues": 5, "duties": 20}


@st.composite
def an_edit(draw: st.DrawFn) -> dict[str, Any]:
    section = draw(st.sampled_from(sorted(SECTIONS)))
    number = draw(st.integers(0, SECTIONS[section] - 1))
    title = "what" if section == "duties" else "name" if section == "rhythm" else "say"
    kind = draw(st.sampled_from(["field", "entry", "remove", "insert", "move", "scalar", "texts", "list"]))
    if kind == "field":
        return set_([section, number, title], draw(WORDS))
    if kind == "entry":
        return set_([section, number], {"at": "07:00", title: draw(WORDS), "on": "周三"})
    if kind == "remove":
        return set_([section, number], None)
    if kind == "insert":
        return {"op": "insert", "path": [section, number], "value": {"at": "07:00", title: draw(WORDS)}}
    if kind == "move":
        return {"op": "move", "path": [section, number], "to": draw(st.integers(0, SECTIONS[section] - 1))}
    if kind == "scalar":
        path = draw(st.sampled_from([["sound", "duck_db"], ["sound", "volume"], ["prizes", "day"], ["office"],
                                     ["broadcasts", "big", "say"], ["walls", "default", "theme"]]))  # fmt: skip
        return set_(path, draw(st.one_of(WORDS, st.none())) if len(path) > 1 else draw(WORDS))
    if kind == "texts":
        path = draw(
            st.sampled_from([["broadcasts", "target"], ["comments", "ordinary"], ["results", "third"]])
        )
        return set_(path, draw(st.one_of(WORDS, st.lists(WORDS, min_size=1, max_size=4))))
    return set_([draw(st.sampled_from(["days_off", "cities"]))], draw(st.lists(WORDS, max_size=3)) or None)


def meant(values: Any, edit: dict[str, Any]) -> Any:
    """Return the values that the file must have after an edit."""
    *above, last = edit["path"]
    place = values
    for step in above:
        place = place[step]
    if edit["op"] == "insert":
        place.insert(last, edit["value"])
    elif edit["op"] == "move":
        place.insert(edit["to"], place.pop(last))
    elif edit["value"] is None:
        if isinstance(place, list):
            del place[last]
        else:
            place.pop(last, None)
    else:
        place[last] = edit["value"]
    return values


def normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: normal(one) for key, one in value.items() if normal(one)}
    if isinstance(value, list):
        return [normal(one) for one in value]
    spaced = re.sub(r"[\t\n\r\x0b\x0c\x85\u2028\u2029]+", " ", str(value))
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff]", "", spaced).strip()


def source_of(text: str, section: str) -> list[str]:
    """Return the text of each entry of a section."""
    root = locate(text)
    return [text[item.start : item.end] for item in root.items[root.find(section)].items]  # type: ignore[index]


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(an_edit(), min_size=1, max_size=6))
def test_random_edits_keep_comments_and_all_other_entries(edits: list[dict[str, Any]]) -> None:
    """Every comment line of the shipped timetable stays, untouched entries are byte-equal, the values are as meant."""
    text, values = TEXT, values_of(TEXT)
    for edit in edits:
        section = edit["path"][0]
        if section in SECTIONS and len(source_of(text, section)) <= max(edit["path"][1], edit.get("to", 0)):
            continue
        try:
            after = edited(edit, text=text)
        except EditRefused as refused:
            raise AssertionError((edit, refused.sentence)) from None
        values = meant(values, edit)
        assert normal(values_of(after)) == normal(values), edit
        for name in SECTIONS:
            lost = Counter(source_of(text, name)) - Counter(source_of(after, name))
            assert sum(lost.values()) <= (1 if name == section and edit["op"] == "set" else 0), (edit, lost)
        text = after
    assert not Counter(comment_lines(TEXT)) - Counter(comment_lines(text))


def test_the_model_is_the_one_with_the_edit_applied(tmp_path: Path) -> None:
    """`load(edited)` equals the model with the edit: the whole model compared, except line numbers."""
    from dataclasses import replace

    before, after = parse(TEXT), parse(edited(set_(["rhythm", 10], {**VALUES["rhythm"][10], "volume": 55})))
    spans = list(before.spans)
    spans[10] = replace(spans[10], volume=55)
    assert replace(before, spans=tuple(spans)) == after


GROUPS = """office: a
rhythm: []
links:
  groups:
    # 最大的群
    销售群: {kind: wecom}   # 一部
    "二部": {kind: dingtalk}
  webhooks: {CRM: {send: deals}, 看板: {}}
"""


def test_a_name_is_changed_in_its_place() -> None:
    """Only the key's text differs, in blocks and in braces; values, order and comments stay."""
    after = edited(
        {"op": "rename", "path": ["links", "groups", "销售群"], "value": "喜报: 群"},
        {"op": "rename", "path": ["links", "webhooks", "CRM"], "value": "客户系统"},
        text=GROUPS,
    )
    expected = GROUPS.replace("    销售群: {kind: wecom}   # 一部", '    "喜报: 群": {kind: wecom}   # 一部')
    assert after == expected.replace("{CRM: {send", "{客户系统: {send")
    assert list(values_of(after)["links"]["groups"]) == ["喜报: 群", "二部"]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["links", "groups", "销售群"], "二部", "已经有一个叫“二部”的"),
        (["links", "groups", "三部"], "四部", "刚被改过或删掉了"),
        (["links", "groups", 0], "四部", "rename 的 path 以名称结尾"),
        (["links", "groups", "二部"], {"a": "b"}, "rename 的 path 以名称结尾"),
        (["links", "groups", "二部"], "", "rename 的 path 以名称结尾"),
    ],
)
def test_a_name_that_cannot_be_changed_is_refused(path: list[Any], value: Any, sentence: str) -> None:
    """A name that is taken, one that is gone, and a request that names nothing."""
    with pytest.raises(EditRefused, match=sentence):
        edited({"op": "rename", "path": path, "value": value}, text=GROUPS)
