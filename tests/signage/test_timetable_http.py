"""The timetable over HTTP: rights, sizes, problems by field, the question to the second of two, restore."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controller.timetable.load import LARGEST
from tests.signage.house import REPOSITORY, Answer, House, running

SHIPPED = (REPOSITORY / "config" / "rhythm.yaml").read_text(encoding="utf-8")
MUSIC = ["rhythm", 10, "music"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home") as house:
            yield house


@pytest.fixture
def house(whole: House) -> House:
    """Return the running daemon with the shipped timetable."""
    whole.daemon.timetable_file.path.write_text(SHIPPED, encoding="utf-8")
    return whole


def call(house: House, method: str, path: str = "", data: object = None, role: str = "assistant") -> Answer:
    return house.call(method, "/api/timetable" + path, data, role)


def version_of(house: House) -> str:
    return str(call(house, "GET").json["version"])


def set_(path: list[Any], value: Any, **more: Any) -> dict[str, Any]:
    return {"op": "set", "path": path, "value": value, **more}


def test_the_page_gets_text_values_and_forms(house: House) -> None:
    """One answer has the file, its values as written, no problems, and a form field for every key of an entry."""
    found = call(house, "GET").json
    assert found["text"] == SHIPPED
    assert found["values"]["rhythm"][10]["music"] == "rousing"
    assert found["problems"] == []
    keys = {field["path"][0] for field in found["forms"]["entries"]["rhythm"]}
    assert keys == {"at", "on", "name", "text", "music", "volume", "quiet", "wall"}
    labels = [f["label"] for page in found["forms"]["pages"] for f in page["fields"]]
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in label) for label in labels)
    assert {text["path"][0] for text in found["forms"]["texts"]} == {"broadcasts", "results", "comments"}
    mail = {field["path"][-1]: field["kind"] for field in found["forms"]["mail"]}
    assert {mail["server"], mail["user"], mail["sender"]} == {"text"}, "one line each"
    kinds = {field["path"][0]: field["kind"] for field in found["forms"]["entries"]["rhythm"]}
    assert kinds["text"] == "long"


def test_every_text_of_the_file_has_a_form(house: House) -> None:
    """A leaf of the shipped file can be reached by a form: none is left to the text view alone."""
    found = call(house, "GET").json
    reached = {tuple(f["path"]) for page in found["forms"]["pages"] for f in page["fields"]}
    reached |= {tuple(text["path"]) for text in found["forms"]["texts"]}
    reached |= {("walls", "screens"), ("rhythm",), ("cues",), ("duties",), ("measures",)}
    for path in leaves(found["values"]):
        assert any(path[: len(form)] == form for form in reached), path


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    else:
        yield path


def test_a_check_names_the_field_and_writes_nothing(house: House) -> None:
    """25:61: the sentence with the field's path; a valid edit: the day's plan with its changes marked."""
    wrong = call(house, "POST", "/check", {"operations": [set_(["rhythm", 10, "at"], "25:61")]}).json
    assert [(p["path"], p["sentence"].split("。")[0]) for p in wrong["problems"]] == [
        (["rhythm", 10, "at"], "写的是“25:61”")
    ]
    assert wrong["valid"] is False
    right = call(house, "POST", "/check", {"operations": [set_(MUSIC, "morning")], "date": "2026-11-24"}).json
    assert right["day"]["date"] == "2026-11-24"
    assert [e["name"] for e in right["day"]["entries"] if e["new"]] == ["战鼓再响"]
    assert [e["music"] for e in right["day"]["gone"]["entries"]] == ["rousing"]
    assert [line["text"].strip() for line in right["changed"] if line["kind"] == "+"] == ["music: morning"]
    assert house.daemon.timetable_file.path.read_text(encoding="utf-8") == SHIPPED


def test_the_second_editor_gets_a_question_over_http(house: House) -> None:
    """409 with the present version, who and when, the lines that differ, and whether both edits fit together."""
    base = version_of(house)
    assert call(house, "PUT", "", {"base": base, "operations": [set_(MUSIC, "morning")]}).status == 200
    second = call(house, "PUT", "", {"base": base, "operations": [set_(["prizes", "day"], "奶茶")]}, "admin")
    assert second.status == 409
    assert second.json["version"] == version_of(house)
    assert second.json["who"] == "assistant"
    assert second.json["fits"] is True
    assert [line["kind"] for line in second.json["changed"]] == [" ", "-", "+", " "]
    assert "奶茶" not in house.daemon.timetable_file.path.read_text(encoding="utf-8")


def test_history_compare_and_restore(house: House) -> None:
    """A save, a look at the version before, and back: three versions more than before, the file as shipped."""
    base = version_of(house)
    number = call(house, "GET", "/history").json[0]["number"]
    saved = call(house, "PUT", "", {"base": base, "text": SHIPPED.replace("volume: 70", "volume: 60")}).json
    earlier = call(house, "GET", f"/history/{number}").json
    assert earlier["text"] == SHIPPED
    assert [line["kind"] for line in earlier["changed"]] == [" ", "-", "+", " "]
    assert call(house, "POST", f"/history/{number}", {"base": base}).status == 409
    assert call(house, "POST", f"/history/{number}", {"base": saved["version"]}).status == 200
    assert house.daemon.timetable_file.path.read_text(encoding="utf-8") == SHIPPED
    assert call(house, "GET", "/history").json[0]["who"] == "assistant：恢复以前的版本"
    assert call(house, "GET", "/history/999999").status == 404


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"base": "x"}, 422), ({"base": "x", "operations": []}, 422), ({"operations": [set_(MUSIC, "a")]}, 422),
        ({"base": "x", "text": 5}, 422), ({"base": "x", "text": "\ud800"}, 422), ({"base": "x" * 99, "text": ""}, 422),
        ({"base": "x", "text": SHIPPED}, 409),
    ],
)  # fmt: skip
def test_malformed_saves_are_refused_with_a_sentence(house: House, data: Any, status: int) -> None:
    """Each is answered in Chinese and changes nothing."""
    answer = call(house, "PUT", "", data)
    assert answer.status == status
    assert any("\u4e00" <= letter <= "\u9fff" for letter in answer.json["error"])
    assert house.daemon.timetable_file.path.read_text(encoding="utf-8") == SHIPPED


def test_a_text_that_is_too_large_is_refused(house: House) -> None:
    """More than the file may have is a problem; more than a request may have ends before it is read."""
    large = "#" * (LARGEST + 1)
    checked = call(house, "POST", "/check", {"text": large}).json
    assert "256 KB" in checked["problems"][0]["sentence"]
    assert call(house, "PUT", "", {"base": "x", "text": "#" * (3 * LARGEST)}).status == 413


def test_a_faulty_file_is_shown_with_its_problems(house: House) -> None:
    """An edit over SSH with a fault: the page shows text, problem and field, and the form can correct it."""
    path = house.daemon.timetable_file.path
    path.write_text(SHIPPED.replace("at: 12:55-13:00", "at: 12:99-13:00"), encoding="utf-8")
    found = call(house, "GET").json
    assert [problem["path"] for problem in found["problems"]] == [["rhythm", 10, "at"]]
    operations = [set_(["rhythm", 10, "at"], "12:55-13:00")]
    assert call(house, "PUT", "", {"base": found["version"], "operations": operations}).status == 200
    assert path.read_text(encoding="utf-8") == SHIPPED
    path.write_text("rhythm: [\n", encoding="utf-8")
    broken = call(house, "GET").json
    assert broken["values"] is None
    assert broken["problems"][0]["line"] == 1
