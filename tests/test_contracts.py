"""Interfaces for other programs: commands and HTTP answers of the running office, checked exactly."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from recording import disk_device

from controller.cli import main
from tests.running import ROOT, ZHANGU, Running

NO_DEVICE = {"SDL_AUDIODRIVER": "pulseaudio", "PULSE_SERVER": "unix:/nonexistent"}
DEAL = {"id", "key", "person", "team", "product", "amount", "at", "voided"}
COMMANDS = ("run", "check", "today", "say", "voice", "rehearse", "token", "import", "backup", "doctor")
STATES = {"waiting", "playing", "heard", "not_heard", "merged", "dropped"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Yield an office on a Friday afternoon, with no quiet time near, and a device that discards the sound."""
    folder = tmp_path_factory.mktemp("contracts")
    with disk_device(folder) as (env, _), Running(folder / "home", env) as house:
        # A rehearsal works on a copy of the store, so create its data before the start.
        (house.folder / "wall.token").write_text(house.command("token", "tv", "--role", "wall").strip())
        house.start(at="2026-11-27 14:20:00")
        yield house


@pytest.fixture(scope="module")
def resting(tmp_path_factory: pytest.TempPathFactory) -> Running:
    """Return an office without a running daemon and without a loudspeaker."""
    return Running(tmp_path_factory.mktemp("resting") / "home", NO_DEVICE)


def zhangu(*words: str, cwd: Path | None = None, command: tuple[str, ...] = (str(ZHANGU),)) -> Any:
    """Run the command as typed and return subprocess's result."""
    return subprocess.run(
        [*command, *words], capture_output=True, text=True, timeout=60, cwd=cwd, check=False
    )


def here(*words: str) -> Result:
    """Run the command in this process, which starts in a hundredth of the time."""
    return CliRunner().invoke(main, words, prog_name="zhangu")


def inside(house: Running, *words: str, code: int = 0) -> str:
    """Run a command for that office in this process, check its exit code and return its output."""
    done = here(*words, "--home", str(house.folder))
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


# --- commands


def test_wrong_use_of_the_real_command_ends_with_2() -> None:
    """The process prints the reason on stderr and ends with 2."""
    done = zhangu("nonsense", cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("run", "--port", "70000"),
        ("run", "--home", "/nowhere/at/all"),
        ("token", "door"),
        ("token", "door", "--role", "king"),
        ("rehearse",),
        ("rehearse", "--at", "tomorrow"),
        ("rehearse", "--at", "9999-12-31 10:00"),
        ("today", "--date", "27.11.2026"),
        ("today", "--date", "0001-01-01"),
        ("today", "--date", "9999-12-31"),
        ("voice",),
        ("import", "people"),
        ("check", "/nowhere/rhythm.yaml"),
    ],
)
def test_wrong_use_ends_with_2(words: tuple[str, ...]) -> None:
    """A mistyped command ends with 2, prints the reason on stderr, and does nothing."""
    done = here(*words)
    assert done.exit_code == 2, done.output
    assert isinstance(done.exception, SystemExit)
    assert done.stdout == ""
    assert done.stderr.strip()


def test_every_command_explains_itself() -> None:
    """`--help` of zhangu and of each command ends with 0; all commands of the contract exist."""
    listed = zhangu("--help").stdout
    for command in COMMANDS:
        assert re.search(rf"^  {command}\b", listed, re.MULTILINE), command
        assert here(command, "--help").exit_code == 0
    for option in ("--home", "--host", "--port"):
        assert option in here("run", "--help").stdout


def test_the_module_is_the_command() -> None:
    """`python -m controller` is `zhangu`."""
    done = zhangu("check", cwd=ROOT, command=(sys.executable, "-m", "controller"))
    assert done.returncode == 0, done.stderr
    assert zhangu("nonsense", cwd=ROOT, command=(sys.executable, "-m", "controller")).returncode == 2


def test_the_home_is_the_commands_folder(resting: Running, tmp_path: Path) -> None:
    """Without --home it is the current folder if that is an office, else the program's folder."""
    assert str(resting.folder) in zhangu("check", cwd=resting.folder).stdout
    assert str(ROOT) in zhangu("check", cwd=tmp_path).stdout


def test_check(resting: Running, tmp_path: Path) -> None:
    """Exit code 0 for a good timetable; 2 for a faulty one, each problem with file and line; missing music is
    reported."""
    assert inside(resting, "check")
    misspelt = tmp_path / "misspelt.yaml"
    misspelt.write_text(
        (ROOT / "config" / "rhythm.yaml")
        .read_text("utf-8")
        .replace("music: morning", "music: mornin")
        .replace("voice: auto ", "voice: yunxii "),
        "utf-8",
    )
    assert "sound › voice：没有叫“yunxii”的语音。可以选：auto、espeak、晓晓" in inside(
        resting, "check", str(misspelt)
    )
    assert "“战前准备”要放的“mornin”不在 sounds/music 里，到时没有音乐。是不是“morning”？" in inside(
        resting, "check", str(misspelt)
    )
    faulty = tmp_path / "mine.yaml"
    faulty.write_text("office: 甲\nrhythm:\n  - at: 08:30-08:20\n    nme: x\n", encoding="utf-8")
    output = inside(resting, "check", str(faulty), code=2)
    assert re.search(r"mine\.yaml 第 3 行", output)
    assert re.search(r"mine\.yaml 第 4 行.*name", output)


def test_today_for_programs(resting: Running) -> None:
    """The JSON of `today`: exactly these keys, times as HH:MM, missing values as null."""
    plan = json.loads(inside(resting, "today", "--date", "2026-11-27", "--json"))
    assert set(plan) == {"date", "workday", "why", "entries", "cues", "duties", "warnings"}
    assert (plan["date"], plan["workday"], plan["warnings"]) == ("2026-11-27", True, [])
    for entry in plan["entries"]:
        assert set(entry) == {"at", "until", "name", "text", "music", "volume", "quiet", "wall"}
    assert all(set(cue) == {"at", "say", "show"} for cue in plan["cues"])
    assert all(set(duty) == {"at", "who", "what"} for duty in plan["duties"])
    times = [entry[edge] for entry in plan["entries"] for edge in ("at", "until")]
    times += [row["at"] for row in (*plan["cues"], *plan["duties"]) if row["at"] is not None]
    assert all(re.fullmatch(r"\d\d:\d\d", at) for at in times)
    nap = next(entry for entry in plan["entries"] if entry["name"] == "小憩")
    assert (nap["at"], nap["until"], nap["quiet"], nap["wall"], nap["music"]) == (
        "12:30", "12:55", True, "dark", None
    )  # fmt: skip
    assert {"at": "18:05", "say": "results", "show": "leaderboard"} in plan["cues"]
    assert {"at": None, "who": "leader", "what": "听录音、带新人，满一小时"} in plan["duties"]


def test_today_for_people(resting: Running) -> None:
    """Without --json it prints the same entries as text; a holiday is named."""
    assert re.search(r"12:30–12:55\s+小憩", inside(resting, "today", "--date", "2026-11-27"))
    assert "国庆" in inside(resting, "today", "--date", "2026-10-01")


def test_voice(resting: Running, tmp_path: Path) -> None:
    """`--spoken` prints only the engine's input; `--out` writes the WAV: 44,100 Hz, 16 bit, stereo, not silent."""
    assert inside(resting, "voice", "恭喜2单，¥12,800", "--spoken") == "恭喜两单，一万两千八百元\n"
    file = tmp_path / "out.wav"
    resting.command("voice", "恭喜王小明", "--out", str(file))
    with wave.open(str(file)) as sound:
        assert sound.getparams()[:3] == (2, 2, 44100)
        frames = sound.readframes(sound.getnframes())
    assert len(frames) > 0.5 * 44100 * 4
    assert max(frames) > 0


def test_say_without_a_device(resting: Running) -> None:
    """Without a device: 1, with a sentence that names the loudspeaker."""
    assert "音" in resting.command("say", "大家好", code=1)


def test_token_prints_the_token_and_nothing_else(resting: Running) -> None:
    """One word on stdout, for scripts."""
    assert re.fullmatch(r"[\w-]{20,}\n", inside(resting, "token", "printer", "--role", "wall"))


def test_import_people(tmp_path: Path) -> None:
    """A list from a spreadsheet is imported completely, in any encoding; a second import changes nothing."""
    house = Running(tmp_path / "home", NO_DEVICE)
    file = tmp_path / "people.csv"
    for team, encoding, answer in (
        ("蛟龙队", "utf-8", "新增 2 人"),
        ("蓝鲸队", "utf-8-sig", "更新 2 人"),  # both change the team
        ("猛虎队", "gb18030", "更新 2 人"),
    ):
        text = f"team,person,leader,say_as\n{team},单晓明,,shàn xiǎo míng\n{team},尉迟恭,1,\n"
        file.write_text(text, encoding=encoding)
        assert answer in inside(house, "import", "people", str(file)), encoding
    assert "新增 0 人，更新 0 人" in inside(house, "import", "people", str(file))
    assert "shan4 xiao3 ming2" in inside(house, "voice", "恭喜单晓明", "--spoken")


def test_import_of_a_faulty_list(tmp_path: Path) -> None:
    """All bad lines are reported at once, nothing of the list is imported."""
    house = Running(tmp_path / "home", NO_DEVICE)
    file = tmp_path / "people.csv"
    file.write_text("team,person\n猛虎队,新来的\n,无队\n猛虎队,\n", encoding="utf-8")
    output = inside(house, "import", "people", str(file), code=1)
    assert "3" in output
    assert "4" in output
    file.write_text("team,person\n猛虎队,新来的\n", encoding="utf-8")
    assert "新增 1 人" in inside(house, "import", "people", str(file))


def test_export_preview_and_import_of_a_workbook(tmp_path: Path) -> None:
    """`--preview` writes nothing; an export imports without any change; other endings are refused."""
    house = Running(tmp_path / "home", NO_DEVICE)
    file, book = tmp_path / "people.csv", tmp_path / "people.xlsx"
    file.write_text("团队,姓名,生日\n猛虎队,新来的,5月3日\n", encoding="utf-8")
    shown = inside(house, "import", "people", str(file), "--preview")
    assert "第 2 行　新增　猛虎队　新来的" in shown
    assert "名单没有改动" in shown
    assert "新增 1 人" in inside(house, "import", "people", str(file))
    assert "已导出" in inside(house, "export", "people", str(book))
    again = inside(house, "import", "people", str(book))
    assert "新增 0 人，更新 0 人" in again
    assert ".csv 或 .xlsx" in inside(house, "export", "people", str(tmp_path / "people.pdf"), code=1)


def test_backup(resting: Running, tmp_path: Path) -> None:
    """The whole store in one file; an existing file is not overwritten."""
    copy = tmp_path / "copy.db"
    inside(resting, "backup", str(copy))
    with sqlite3.connect(copy) as session:
        assert session.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert session.execute("SELECT count(*) FROM people").fetchone() == (4,)
    session.close()
    before = copy.read_bytes()
    assert "已经存在" in inside(resting, "backup", str(copy), code=1)
    assert copy.read_bytes() == before


def test_doctor(resting: Running) -> None:
    """A line per part; without a loudspeaker it ends with 1 and reports it, all other parts are fine."""
    done = subprocess.run(
        [ZHANGU, "doctor", "--home", resting.folder],
        env=resting.env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    bad = [line for line in done.stdout.splitlines() if line.startswith("✗")]
    assert len(bad) == 1, done.stdout
    assert "音响" in bad[0]
    assert "espeak-ng 1.52" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_rehearsal_keeps_nothing(office: Running) -> None:
    """The rehearsed clock shows the requested time, deals are accepted, and the office's store does not change."""
    assert office.get("/api/now")["now"].startswith("2026-11-27T14:2")
    office.sell("王小明", 500, "only-rehearsed")
    with sqlite3.connect(office.folder / "var" / "zhangu.db") as session:
        assert session.execute("SELECT count(*) FROM deals").fetchone() == (0,)
    session.close()


# --- HTTP


def test_a_deal(office: Running) -> None:
    """201 with id, sentence and decision; the same key again 200 and the same answer; other content 409."""
    status, first = office.sell("陈芳", 23_456, "contract-1", "校园招聘")
    assert status == 201
    assert set(first) == {"id", "sentence", "decision"}
    assert first[
        "sentence"
    ] == "恭喜猛虎队的陈芳签了一单校园招聘，金额是两万三千四百五十六元，请大家为他喝彩！" or (
        "开门红" in first["sentence"]
    )
    assert set(first["decision"]) >= {"when", "why"}
    assert first["decision"]["when"] == "now"
    assert office.sell("陈芳", 23_456, "contract-1", "校园招聘") == (200, first)
    assert office.sell("陈芳", "２３，４５６", "contract-1", "校园招聘") == (200, first)
    status, refused = office.sell("陈芳", 23_457, "contract-1", "校园招聘")
    assert status == 409
    _is_an_error(refused)


def test_a_small_deal_waits_for_the_full_hour(office: Running) -> None:
    """The decision names the hour and the reason."""
    office.sell("陈芳", 20_000, "contract-first")
    _, answer = office.sell("李思思", 800, "contract-small")
    assert answer["decision"]["when"] == "15:00"
    assert answer["decision"]["why"].endswith("。")


@pytest.mark.parametrize(
    "amount", [0, -5, "-5", "1e9", 1e9, "NaN", "很多", "", None, True, [1], 0.001, {"a": 1}]
)
def test_an_amount_that_is_none(office: Running, amount: object) -> None:
    """422 with a sentence, and no deal."""
    before = office.get("/api/deals")
    status, refused = office.sell("王小明", amount, "contract-amount")
    assert status == 422
    _is_an_error(refused)
    assert office.get("/api/deals") == before


@pytest.mark.parametrize(
    ("written", "amount"),
    [("一万二", 12000), ("１２８００", 12800), ("12,800", 12800), ("1.28万", 12800), (12800.5, 12800.5)],
)
def test_an_amount_as_people_write_it(office: Running, written: object, amount: float) -> None:
    """Parsed, and stored as a number."""
    _, answer = office.sell("赵磊", written, f"contract-written-{written}")
    deal = next(deal for deal in office.get("/api/deals") if deal["id"] == answer["id"])
    assert deal["amount"] == amount


def test_an_unknown_person(office: Running) -> None:
    """422, the field, and a sentence that names the person."""
    status, refused = office.sell("查无此人", 500, "contract-nobody")
    assert (status, refused["field"]) == (422, "person")
    assert "查无此人" in refused["error"]


def test_the_deals_of_a_day(office: Running) -> None:
    """A list, of today by default; each with the contract's keys; another day's is empty; an invalid date is 422."""
    _, made = office.sell("王小明", 300, "contract-listed")
    deal = next(deal for deal in office.get("/api/deals") if deal["id"] == made["id"])
    assert set(deal) == DEAL
    assert (deal["key"], deal["person"], deal["team"]) == ("contract-listed", "王小明", "猛虎队")
    assert deal["at"].startswith("2026-11-27T14:2")
    assert deal["at"].endswith("+08:00")
    assert deal["voided"] is None
    assert office.get("/api/deals?date=2026-11-27") == office.get("/api/deals")
    assert office.get("/api/deals?date=2026-11-26") == []
    status, refused = office.call("GET", "/api/deals?date=yesterday")
    assert status == 422
    _is_an_error(refused)


def test_a_deal_is_taken_back(office: Running) -> None:
    """DELETE with a reason: it stays in the list with the reason, and leaves the standings."""
    office.sell("王小明", 100, "contract-stays")
    _, made = office.sell("王小明", 777, "contract-void")
    before = _amount_of(office, "王小明")
    assert office.call("DELETE", f"/api/deals/{made['id']}", {})[0] == 422
    assert office.call("DELETE", f"/api/deals/{made['id']}", {"reason": "客户退单"})[0] == 200
    deal = next(deal for deal in office.get("/api/deals") if deal["id"] == made["id"])
    assert deal["voided"] == "客户退单"
    assert _amount_of(office, "王小明") == before - 777
    status, refused = office.call("DELETE", "/api/deals/999999", {"reason": "没有"})
    assert status == 404
    _is_an_error(refused)


def test_an_announcement(office: Running) -> None:
    """201 with id and decision; the same key returns the same answer; the list shows its state until it is heard."""
    office.call("POST", "/api/stop", {})  # announcements of other tests would delay it
    status, said = office.say("请大家到前台领水果", "contract-say")
    assert status == 201
    assert set(said) == {"id", "decision"}
    assert set(said["decision"]) >= {"when", "why"}
    assert office.say("请大家到前台领水果", "contract-say") == (200, said)
    assert office.say("换一句", "contract-say")[0] == 409
    announcement = office.announcement(said["id"])
    assert announcement["state"] in STATES
    assert announcement["text"] == "请大家到前台领水果"
    heard = office.wait_state(said["id"], ("heard", "not_heard", "dropped"), 90)
    assert heard["state"] == "heard"
    assert heard["why"]
    assert office.get("/api/announcements?date=2026-11-26") == []


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_standings(office: Running, period: str) -> None:
    """Teams and people of a day, week or month, best first."""
    office.sell("王小明", 900, "contract-standings")
    standings = office.get(f"/api/standings?period={period}&date=2026-11-27")
    assert (standings["period"], standings["date"]) == (period, "2026-11-27")
    assert {team["name"] for team in standings["teams"]} >= {"猛虎队"}
    amounts = [person["amount"] for person in standings["people"]]
    assert amounts == sorted(amounts, reverse=True)
    assert office.call("GET", "/api/standings?period=year")[0] == 422


def test_now(office: Running) -> None:
    """The current point of the day."""
    now = office.get("/api/now")
    assert now["entry"]["name"] == "扮猪吃虎"
    assert now["next"]["name"] == "决战时刻"
    assert now["quiet"] is False


def test_health(office: Running) -> None:
    """200 while there are no serious problems, without sign-in."""
    status, answer = office.call("GET", "/health")
    assert status == 200, answer
    assert answer["ok"] is True
    assert answer["troubles"] == []


def test_health_without_a_device(tmp_path: Path) -> None:
    """503 with a sentence that names the loudspeaker; deals and pages still work."""
    with Running(tmp_path / "home", NO_DEVICE) as house:
        house.start(at="2026-11-27 14:20:00")
        status, answer = house.call("GET", "/health")
        assert status == 503
        assert answer["ok"] is False
        assert any("音响" in trouble["what"] for trouble in answer["troubles"])
        assert house.sell("王小明", 500, "deaf")[0] == 201
        assert _page(house, "/wall")[0] == 200


@pytest.mark.parametrize(
    ("token", "method", "expected"),
    [
        (None, "GET", 401),
        ("no-such-token", "GET", 401),
        (None, "POST", 401),
        ("wall", "POST", 403),
        ("wall", "GET", 200),
    ],
)
def test_tokens(office: Running, token: str | None, method: str, expected: int) -> None:
    """No token and a false token: 401; a wall's token reads (200) but cannot record deals (403)."""
    words = {"wall": office.folder.joinpath("wall.token").read_text()} if token == "wall" else {}
    code, answer = _call_as(office, words.get(token or "", token), method)
    assert code == expected
    if expected != 200:
        _is_an_error(answer)


@pytest.mark.parametrize(
    ("method", "path", "data", "status"),
    [
        ("GET", "/api/nowhere", None, 404),
        ("PUT", "/api/deals", {}, 405),
        ("POST", "/api/deals", [], 400),
        ("POST", "/api/deals", {}, 422),
        ("POST", "/api/announcements", {"text": "", "key": "x"}, 422),
        ("POST", "/api/announcements", {"text": "好", "key": ""}, 422),
        ("PUT", "/api/volume", {"volume": 101}, 422),
    ],
)
def test_errors_have_one_shape(office: Running, method: str, path: str, data: object, status: int) -> None:
    """`{"error": a sentence, "field": …}` for every wrong request."""
    code, answer = office.call(method, path, data)
    assert code == status
    _is_an_error(answer)


def test_events(office: Running) -> None:
    """A screen gets `hello` at once and a `hint` with the new revision after a change."""
    request = urllib.request.Request(f"http://127.0.0.1:{office.port}/events?wall=contract")
    with urllib.request.urlopen(request, timeout=20) as stream:
        assert stream.status == 200
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        hello = _event(stream, "hello")
        assert set(hello) == {"now", "revision"}
        threading.Timer(0.2, office.sell, ("王小明", 123, "contract-event")).start()
        assert _event(stream, "hint")["revision"] > hello["revision"]


@pytest.mark.parametrize("path", ["/wall", "/wall/meeting-room", "/", "/poster"])
def test_pages(office: Running, path: str) -> None:
    """Walls are open to the LAN; `/` is the phone, which requires the PIN."""
    status, text = _page(office, path)
    assert status == 200
    assert "<html" in text
    if path == "/":
        assert 'id="pin"' in text


def _event(stream: Any, name: str) -> dict[str, Any]:
    for line in stream:
        if line.strip() == f"event: {name}".encode():
            data: dict[str, Any] = json.loads(stream.readline().removeprefix(b"data: "))
            return data
    raise AssertionError(f"the stream ended without {name}")


def _page(house: Running, path: str) -> tuple[int, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{house.port}{path}", timeout=20) as answer:
        return answer.status, answer.read().decode()


def _call_as(house: Running, token: str | None, method: str) -> tuple[int, Any]:
    deal = {"person": "王小明", "product": "报纸", "amount": 1, "key": "contract-token"}
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(
        f"http://127.0.0.1:{house.port}/api/deals",
        json.dumps(deal).encode() if method == "POST" else None,
        headers,
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read())


def _amount_of(house: Running, person: str) -> float:
    people = house.get("/api/standings?period=day")["people"]
    return float(next(row["amount"] for row in people if row["name"] == person))


def _is_an_error(answer: Any) -> None:
    assert set(answer) == {"error", "field"}
    assert re.fullmatch(r".*[\u4e00-\u9fff].*[。！？]", answer["error"]), answer["error"]
    assert "Traceback" not in answer["error"]
