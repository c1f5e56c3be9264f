"""Editing the timetable file as a service: two people, edits over SSH, history, files that cannot be written."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from office_made import House

from controller.sales.model import Conflict, Refused, StoreTrouble, Unknown
from controller.services.timetable_edit import Faulty, Outdated, TimetableEditor, Wanted
from controller.services.timetable_history import MOST_VERSIONS, TimetableHistory
from controller.timetable.edit import operations_of, values_of

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "office", MONDAY)
    yield house
    house.close()


def music(name: str, **more: Any) -> Wanted:
    """Return the edit of 12:55's music."""
    return forms({"op": "set", "path": ["rhythm", 10, "music"], "value": name, **more})


def forms(*operations: dict[str, Any]) -> Wanted:
    return Wanted(operations_of(list(operations)))


def editor_of(house: House) -> TimetableEditor:
    return house.office.timetable


def music_of(house: House) -> str:
    return str(values_of(house.file.read_text(encoding="utf-8"))["rhythm"][10]["music"])  # type: ignore[index]


def test_a_save_is_in_force_and_a_version(house: House) -> None:
    """12:55 plays other music after the save; the history has both versions with who and when."""
    editor = editor_of(house)
    base = editor.present().mark
    saved = editor.save(music("morning"), base, "小陈的手机")
    assert house.timetable_file.refresh()
    entry = next(e for e in house.timetable_file.plan(date(2026, 11, 23)).entries if e.name == "战鼓再响")
    assert entry.music == "morning"
    newest, oldest = editor.versions()
    assert (newest.mark, newest.who, newest.how) == (saved.mark, "小陈的手机", "page")
    assert (oldest.mark, oldest.who, oldest.how) == (base, "", "start")
    assert newest.when == "2026-11-23T09:30:00+08:00"


def test_the_second_of_two_people_is_asked(house: House) -> None:
    """Both open the same version; the second save writes nothing, says who was first and what differs, and fits."""
    editor = editor_of(house)
    base = editor.present().mark
    editor.save(music("morning"), base, "小陈")
    with pytest.raises(Outdated) as outdated:
        editor.save(forms({"op": "set", "path": ["prizes", "day"], "value": "一杯奶茶"}), base, "小李")
    assert "“小陈”" in outdated.value.sentence
    assert [line.text.strip() for line in outdated.value.changed if line.kind != " "] == [
        "music: rousing", "music: morning",
    ]  # fmt: skip
    assert outdated.value.fits
    assert music_of(house) == "morning"
    again = forms({"op": "set", "path": ["prizes", "day"], "value": "一杯奶茶"})
    editor.save(again, outdated.value.version.mark, "小李")
    assert music_of(house) == "morning"
    assert house.file.read_text(encoding="utf-8").count("一杯奶茶") == 1


def test_two_edits_of_one_place_do_not_fit(house: House) -> None:
    """The second edit of the same value is refused also on the present version: it must be seen first."""
    editor = editor_of(house)
    base = editor.present().mark
    editor.save(music("morning", was="rousing"), base, "小陈")
    with pytest.raises(Outdated) as outdated:
        editor.save(music("其他", was="rousing"), base, "小李")
    assert not outdated.value.fits
    with pytest.raises(Conflict, match="刚被改过"):
        editor.save(music("其他", was="rousing"), outdated.value.version.mark, "小李")
    assert music_of(house) == "morning"


def test_two_saves_at_once_write_one(house: House) -> None:
    """Twenty threads save on one base: exactly one wins, nineteen are asked, the file is one of them whole."""
    editor = editor_of(house)
    base = editor.present().mark
    outcomes: list[str] = []
    together = threading.Barrier(20)

    def one(number: int) -> None:
        together.wait()
        try:
            outcomes.append(editor.save(music(f"歌单{number}"), base, f"{number}").who)
        except Outdated:
            outcomes.append("asked")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("asked") == 19
    assert music_of(house) == f"歌单{next(who for who in outcomes if who != 'asked')}"


def test_an_edit_over_ssh_is_noticed_and_kept(house: House) -> None:
    """Two edits on the machine, with no page open: each becomes a version; a save based on the one before is asked."""
    editor = editor_of(house)
    base = editor.present().mark
    text = house.file.read_text(encoding="utf-8")
    for volume in (50, 60):
        house.file.write_text(text.replace("volume: 70", f"volume: {volume}"), encoding="utf-8")
        house.office.timetable_listener.watch()
    assert [version.how for version in editor.versions()] == ["file", "file", "start"]
    with pytest.raises(Outdated, match="主机上的文件") as outdated:
        editor.save(music("morning"), base, "小李")
    assert outdated.value.fits
    assert "volume: 60" in house.file.read_text(encoding="utf-8")


def test_a_file_that_is_still_being_written_is_no_version(house: House) -> None:
    """Its first half, which is a valid timetable, is not in the history."""
    editor, watch = editor_of(house), house.office.timetable_listener.watch
    text = house.file.read_text(encoding="utf-8").replace("volume: 70", "volume: 50")
    watch()
    with house.file.open("w", encoding="utf-8") as writer:
        for piece in (text[: text.index("\ncues:")], text[text.index("\ncues:") :]):
            writer.write(piece)
            writer.flush()
            watch()
    watch()
    assert [version.how for version in editor.versions()] == ["file", "start"]


def test_a_faulty_edit_writes_nothing(house: House) -> None:
    """25:61 is refused with its field; the file stays byte for byte."""
    editor = editor_of(house)
    before = house.file.read_bytes()
    wanted = forms({"op": "set", "path": ["rhythm", 10, "at"], "value": "25:61"})
    checked = editor.check(wanted, date(2026, 11, 23))
    assert [problem.path for problem in checked.problems] == [("rhythm", 10, "at")]
    assert checked.plan is None
    with pytest.raises(Faulty, match="25:61"):
        editor.save(wanted, editor.present().mark, "小陈")
    assert house.file.read_bytes() == before
    assert len(editor.versions()) == 1


def test_a_check_previews_the_day(house: House) -> None:
    """The plan of the asked date with the edit, beside the one in force; nothing is written."""
    checked = editor_of(house).check(
        forms(
            {
                "op": "insert",
                "path": ["cues", 5],
                "value": {"at": "16:30", "say": "到大会议室。", "on": "周五"},
            }
        ),
        date(2026, 11, 27),
    )
    assert checked.plan is not None
    assert {cue.at.strftime("%H:%M") for cue in checked.plan.cues} - {
        cue.at.strftime("%H:%M") for cue in checked.before.cues
    } == {"16:30"}
    assert [line.kind for line in checked.changed].count("+") == 4
    assert "大会议室" not in house.file.read_text(encoding="utf-8").split("cues:")[1].split("duties:")[0]


def test_restoring_is_a_new_version(house: House) -> None:
    """The text of before is back, byte for byte; nothing of the history is lost; who restored it is known."""
    editor = editor_of(house)
    before = house.file.read_bytes()
    base = editor.present().mark
    saved = editor.save(music("morning"), base, "小陈")
    first = editor.versions()[-1]
    _, changed = editor.version(first.number)
    assert [line.text.strip() for line in changed if line.kind == "+"] == ["music: morning"]
    with pytest.raises(Outdated):
        editor.restore(first.number, base, "小李")
    editor.restore(first.number, saved.mark, "小李")
    assert house.file.read_bytes() == before
    assert [(v.how, v.who) for v in editor.versions()] == [
        ("restored", "小李"),
        ("page", "小陈"),
        ("start", ""),
    ]
    with pytest.raises(Unknown):
        editor.version(99)


def test_a_file_that_is_gone_can_be_restored(house: House) -> None:
    """The file was removed: the page says so, and the history brings it back."""
    editor = editor_of(house)
    number = editor.present().number
    house.file.unlink()
    with pytest.raises(Refused, match="找不到作息表文件"):
        editor.present()
    editor.restore(number, "missing", "小陈")
    assert music_of(house) == "rousing"


def test_the_last_fifty_versions_are_kept(house: House) -> None:
    """The history is bounded, also over a restart; a damaged version is left out."""
    editor = editor_of(house)
    for n in range(MOST_VERSIONS + 5):
        editor.save(music(f"歌单{n}"), editor.present().mark, "小陈")
    folder = house.folder / "var" / "timetable"
    assert len(list(folder.glob("*.json"))) == MOST_VERSIONS == len(editor.versions())
    files = sorted(folder.glob("*.json"))
    files[0].write_text("{", encoding="utf-8")
    values = json.loads(files[1].read_text(encoding="utf-8"))
    files[1].write_text(json.dumps({**values, "text": "office: x"}), encoding="utf-8")
    fresh = TimetableHistory(folder)
    assert len(fresh.all()) == MOST_VERSIONS - 2
    assert fresh.add("office: y\n", "小李", MONDAY, "page").number == editor.versions()[0].number + 1


def test_mode_and_symbolic_link_stay(house: House) -> None:
    """A linked file is written where it is; the link stays a link, the mode stays."""
    real = house.folder / "elsewhere.yaml"
    house.file.rename(real)
    real.chmod(0o664)
    house.file.symlink_to(real)
    editor = editor_of(house)
    editor.save(music("morning"), editor.present().mark, "小陈")
    assert house.file.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o664
    assert music_of(house) == "morning"
    assert [path.name for path in real.parent.iterdir() if "half" in path.name] == []


def test_a_folder_that_cannot_be_written_is_a_sentence(house: House) -> None:
    """Nothing can be created beside the file: a sentence for people, the old timetable stays in force."""
    editor = editor_of(house)
    base, before = editor.present().mark, house.file.read_bytes()
    half = house.file.with_name(".rhythm.yaml.half")
    half.mkdir()  # also root cannot open a folder as a file
    with pytest.raises(StoreTrouble, match="原来的作息照常用"):
        editor.save(music("morning"), base, "小陈")
    assert house.file.read_bytes() == before
    assert editor.present().mark == base


@pytest.mark.parametrize(
    ("data", "sentence"), [(b"\xb1\xb1\xbe\xa9", "UTF-8"), (b"#" * (256 * 1024 + 1), "256 KB")]
)
def test_a_file_that_the_page_cannot_show_is_a_sentence(house: House, data: bytes, sentence: str) -> None:
    """Another encoding, another kind of file: said in one sentence; the daemon goes on."""
    house.file.write_bytes(data)
    house.office.timetable_listener.watch()
    with pytest.raises(Refused, match=sentence):
        editor_of(house).present()


def test_a_saved_text_keeps_the_kind_of_file(house: House) -> None:
    """The text view sends plain line breaks: a file from Windows stays one, with its mark at the start."""
    text = house.file.read_text(encoding="utf-8")
    house.file.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    editor = editor_of(house)
    editor.save(Wanted(text=text.replace("volume: 70", "volume: 60")), editor.present().mark, "小陈")
    data = house.file.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf# ")
    assert data.count(b"\n") == data.count(b"\r\n") == text.count("\n")
    assert b"volume: 60" in data
