"""The roster over HTTP: rights, dates, moves, lists and exports, on a whole running office."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.signage.house import House, running


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", sounds=False) as house:
            yield house


def ask(house: House, method: str, path: str, data: object = None, role: str = "admin") -> Any:
    return house.call(method, path, data, role)


def raw(house: House, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes, Any]:
    """Send a body that is no JSON; return status, body and headers."""
    headers = {"Authorization": f"Bearer {house.token('admin')}", "Content-Type": "text/plain"}
    request = urllib.request.Request(house.address + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def one(house: House, name: str) -> dict[str, Any]:
    people = ask(house, "GET", "/api/people/roster").json["people"]
    return next(person for person in people if person["name"] == name)


def test_birthdays_are_seen_by_managers_alone(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """No list for walls, programs and leaders has a person's dates, no log has a birthday, no file its year."""
    caplog.set_level("INFO", "zhangu.deeds")
    number = one(house, "王小明")["id"]
    dates = {"birthday": "1990年5月3日", "joined": "2021-3-1"}
    assert ask(house, "PATCH", f"/api/people/{number}", dates).status == 200
    assert (one(house, "王小明")["birthday"], one(house, "王小明")["joined"]) == ("5月3日", "2021-03-01")
    for role in ("leader", "director", "program", "wall"):
        assert ask(house, "GET", "/api/people/roster", role=role).status == 403
        assert ask(house, "GET", "/api/people/export", role=role).status == 403
    for path in ("/api/people", "/api/phone", "/api/wall", "/api/now"):
        text = json.dumps(ask(house, "GET", path, role="wall").json, ensure_ascii=False)
        assert "05-03" not in text
        assert "5月3日" not in text
        assert "1990" not in text
    assert "PATCH" in caplog.text
    assert "5月3日" not in caplog.text
    changes = [line.deed for line in house.daemon.office.keys.log.lines()]
    assert "改王小明：生日 …，入职日期 2021-3-1" in changes
    assert b"1990" not in b"".join(
        file.read_bytes() for file in house.daemon.office._context.store.path.parent.glob("*.db*")
    )


@pytest.mark.parametrize(
    ("path", "data", "status", "field"),
    [
        ("move", {"team": "飞龙队", "since": "2026-11-22"}, 422, "since"),
        ("move", {"team": "飞龙队", "since": "明天"}, 422, "since"),
        ("move", {"team": "没有这队"}, 422, "team"),
        ("move", {}, 422, "team"),
        ("leave", {"last_day": "2026-13-01"}, 422, "last_day"),
        ("leave", {"last_day": "2026-12-01", "returns": "2026-11-30"}, 422, "returns"),
        ("return", {"on": "2099-01-01"}, 422, "on"),
        ("return", {"team": "没有这队"}, 422, "team"),
    ],
)
def test_wrong_dates_are_named_at_their_field(
    house: House, path: str, data: dict[str, str], status: int, field: str
) -> None:
    """Each refusal is a sentence with its field, and changes nothing."""
    before = one(house, "王小明")
    answer = ask(house, "POST", f"/api/people/{before['id']}/{path}", data)
    assert (answer.status, answer.json["field"]) == (status, field)
    assert answer.json["error"].endswith("。")
    assert one(house, "王小明") == before


def test_a_move_is_planned_shown_and_cancelled(house: House) -> None:
    """With the name of its author; nobody's second cancel does anything."""
    number = one(house, "刘洋")["id"]
    data = {"team": "飞龙队", "since": "2026-12-01"}
    move = ask(house, "POST", f"/api/people/{number}/move", data).json["move"]
    assert (move["words"], move["made_by"]) == ("12月1日起到飞龙队", "admin")
    assert one(house, "刘洋")["move"]["since"] == "2026-12-01"
    assert ask(house, "DELETE", f"/api/people/{number}/move", {}).status == 200
    assert ask(house, "DELETE", f"/api/people/{number}/move", {}).status == 404


def test_leaving_and_returning_keep_the_person(house: House) -> None:
    """No deal for a person who left; after the return the id is the same."""
    number = one(house, "周婷")["id"]
    assert ask(house, "POST", f"/api/people/{number}/leave", {}).status == 200
    assert house.sell("周婷", 100, "left").status == 422
    assert one(house, "周婷")["active"] is False
    assert ask(house, "POST", f"/api/people/{number}/return", {}).json["id"] == number
    assert house.sell("周婷", 100, "back").status == 201


def test_a_list_is_previewed_and_confirmed(house: House) -> None:
    """The body is the list; the preview names each row; a second confirmation is refused."""
    body = "团队\t姓名\t生日\n猛虎队\t陈芳\t12-24\n猛虎队\t新同事\t\n\t无队\t\n".encode()
    status, answer, _ = raw(house, "POST", "/api/people/import", body)
    shown = json.loads(answer)
    assert status == 200
    assert [(row["line"], row["what"]) for row in shown["rows"]] == [(2, "changed"), (3, "added")]
    assert [fault["line"] for fault in shown["faults"]] == [4]
    assert shown["notes"] == []
    done = ask(house, "POST", f"/api/people/import/{shown['id']}", {}).json
    assert (done["added"], done["changed"]) == (1, 1)
    assert ask(house, "POST", f"/api/people/import/{shown['id']}", {}).status == 404


def test_a_list_that_adds_teams_says_which(house: House) -> None:
    """A mistyped team would become a new one; a known one in another spelling would not."""
    body = "团队\t姓名\n猛虎對\t甲\n 猛虎队 \t乙\n狂狮队\t丙\n猛虎對\t丁\n".encode()
    _, answer, _ = raw(house, "POST", "/api/people/import", body)
    assert json.loads(answer)["notes"] == ["新的团队：猛虎對、狂狮队。如果名称写错了，请改正。"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "文件是空的"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "旧版 Excel"),
        (b"PK\x03\x04" + b"\0" * 100, "Excel 文件打不开"),
        ("你好".encode(), "缺少“团队、姓名”"),
        (("团队,姓名\n" + "猛虎队,人\n" * 200_000).encode(), "最多 1 MB"),
    ],
    ids=["empty", "xls", "damaged", "no list", "large"],
)
def test_a_bad_list_is_refused_with_a_sentence(house: House, body: bytes, sentence: str) -> None:
    status, answer, _ = raw(house, "POST", "/api/people/import", body)
    assert status == 422
    assert sentence in json.loads(answer)["error"]


def test_the_export_is_a_file(house: House) -> None:
    """Named for Excel, in both formats; another format is refused."""
    status, data, headers = raw(house, "GET", "/api/people/export?format=xlsx")
    assert status == 200
    assert headers["Content-Disposition"] == 'attachment; filename="people.xlsx"'
    rows = list(load_workbook(io.BytesIO(data)).active.iter_rows(values_only=True))
    assert rows[0] == ("团队", "姓名", "组长", "读音", "生日", "入职日期", "邮箱")
    assert ("飞龙队", "李思思") in {row[:2] for row in rows}
    status, data, headers = raw(house, "GET", "/api/people/export")
    assert data.startswith(b"\xef\xbb\xbf")
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert raw(house, "GET", "/api/people/export?format=pdf")[0] == 422
