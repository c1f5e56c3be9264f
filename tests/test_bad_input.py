"""Mistakes of people and machines, tested on the real process: a sentence, no traceback, and no lost deal."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from recording import disk_device, tone, write_wav

from tests import forked
from tests.running import Running, timetable

AFTERNOON = "2026-11-27 14:20:00"
SPANS = ("at: 00:00-24:00, name: 全天",)
MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture
def device(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Yield a device that discards the sound."""
    with disk_device(tmp_path) as (env, _):
        yield env


@pytest.fixture
def office(tmp_path: Path, device: dict[str, str]) -> Iterator[Running]:
    """Yield a normal office that is not started yet."""
    with Running(tmp_path / "home", device, timetable=timetable(*SPANS)) as house:
        yield house


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Yield a running office for tests that only send requests."""
    folder = tmp_path_factory.mktemp("started")
    with disk_device(folder) as (env, _), Running(folder / "home", env, timetable=timetable(*SPANS)) as house:
        house.start()
        yield house


def until(true: Callable[[], Any], timeout: float = 60) -> Any:
    """Wait until `true` returns a true value, and return it."""
    end = time.monotonic() + timeout
    while not (value := true()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return value


def problems(house: Running) -> str:
    """Return the problems in /health as one text."""
    problems = house.get("/health")["troubles"]
    return " ".join(" ".join([trouble["what"], *trouble["details"]]) for trouble in problems)


def refused(house: Running, code: int) -> str:
    """Return the output of `zhangu run` when it does not start."""
    place = ["--home", str(house.folder), "--host", "127.0.0.1", "--port", str(house.port)]
    done = forked.run(["run", *place], house.env)
    output = done.stdout + done.stderr
    assert done.returncode == code, output
    assert "Traceback" not in output
    return output


def rhythm_of(house: Running) -> Path:
    return house.folder / "config" / "rhythm.yaml"


# --- the timetable


def test_a_faulty_edit_changes_nothing_and_is_shown(office: Running) -> None:
    """The old plan stays in force, /health shows the problem with its line, and a corrected file takes effect."""
    office.start()
    good = rhythm_of(office).read_text(encoding="utf-8")
    rhythm_of(office).write_text(good.replace("rhythm:", "rythm:"), encoding="utf-8")
    until(lambda: "rhythm.yaml 第" in problems(office))  # other problems: services/test_timekeeper.py
    assert office.get("/api/now")["entry"]["name"] == "全天"
    rhythm_of(office).write_text(good, encoding="utf-8")
    until(lambda: "rhythm.yaml 第" not in problems(office))
    rhythm_of(office).unlink()
    until(lambda: "找不到这个文件" in problems(office))
    rhythm_of(office).write_text(good.replace("全天", "新的一天"), encoding="utf-8")
    until(lambda: office.get("/api/now")["entry"]["name"] == "新的一天")
    assert "Traceback" not in office.log()


def test_a_start_with_a_faulty_file(office: Running) -> None:
    """Without a good copy it does not start and lists all problems; with one it uses the copy and reports it."""
    good = rhythm_of(office).read_text(encoding="utf-8")
    faulty = good.replace("name: 全天", "nam: 全天").replace("timezone: UTC", "timezone: Mars")
    rhythm_of(office).write_text(faulty, encoding="utf-8")
    output = refused(office, 2)
    assert "第 2 行" in output
    assert "name" in output
    rhythm_of(office).write_text(good, encoding="utf-8")
    office.start()
    office.stop()
    rhythm_of(office).write_text(faulty, encoding="utf-8")
    office.start()
    assert office.get("/api/now")["entry"]["name"] == "全天"
    assert "Mars" in problems(office)


@pytest.mark.long  # rarer than the one above
def test_a_damaged_last_good_copy(office: Running) -> None:
    """When the copy is damaged too, the start fails with the problems of the edited file."""
    office.start()
    office.stop()
    rhythm_of(office).write_text("rhythm: 5\n", encoding="utf-8")
    (office.folder / "var" / "rhythm.last-good.yaml").write_bytes(b"\xff\xfe\x00")
    assert "rhythm.yaml 第 1 行" in refused(office, 2)


# --- music
@pytest.mark.long  # the player and the library have tests; the corpus has such files
def test_broken_music_is_skipped_and_named(tmp_path: Path, device: dict[str, str]) -> None:
    """A file without music, an empty one and a folder named like a track are reported; the good one plays."""
    folder = tmp_path / "music" / "calm"
    folder.mkdir(parents=True)
    (folder / "a-broken.ogg").write_bytes(b"OggS" + bytes(4000))
    (folder / "b-empty.mp3").touch()
    (folder / "c-folder.flac").mkdir()
    write_wav(folder / "z-good.wav", tone(3.0))
    spans = timetable("at: 00:00-24:00, name: 全天, music: calm")
    with Running(tmp_path / "home", device, timetable=spans, music=tmp_path / "music") as house:
        house.start()
        until(lambda: house.get("/api/now")["sound"]["track"] == "z-good")
        until(lambda: "a-broken.ogg" in problems(house) and "b-empty.mp3" in problems(house))
        assert house.sell("王小明", 500, "while-broken")[0] == 201


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.long) for kind in ("missing", "empty", "no folder")]
)
def test_a_playlist_that_is_not_there(tmp_path: Path, device: dict[str, str], kind: str) -> None:
    """The office runs in silence and reports which playlist has no tracks."""
    music = tmp_path / "music"
    music.mkdir()
    if kind == "empty":
        (music / "calm").mkdir()
    elif kind == "no folder":
        (music / "calm").write_text("this is no folder")
    spans = timetable("at: 00:00-24:00, name: 全天, music: calm")
    with Running(tmp_path / "home", device, timetable=spans, music=music) as house:
        house.start()
        until(lambda: "calm" in problems(house))
        assert house.sell("王小明", 500, "in-silence")[0] == 201
        rhythm_of(house).write_text(timetable("at: 00:00-24:00, name: 全天"), encoding="utf-8")
        until(lambda: kind == "empty" or "calm" not in problems(house))  # it is no longer requested
        assert "Traceback" not in house.log()


# --- the machine


def test_a_port_that_is_taken(office: Running) -> None:
    """Another program uses the port: one sentence with another port to try."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", office.port))
        other.listen()
        output = refused(office, 1)
    assert str(office.port) in output
    assert f"--port {office.port + 1}" in output


def test_a_second_daemon_on_the_same_home(office: Running) -> None:
    """Refused with the first one's process and port; the first is not affected."""
    office.start()
    first, taken = office.process, office.port
    assert first is not None
    office.port = taken + 1
    output = refused(office, 1)
    office.port = taken
    assert str(first.pid) in output
    assert str(taken) in output
    assert office.get("/api/now")["entry"]["name"] == "全天"


def without_a_book(office: Running, hint: str) -> None:
    """Check that the office runs without its store: health and walls show it, a deal is refused with a sentence."""
    status, health = office.call("GET", "/health")
    assert status == 503
    assert any(hint in trouble["what"] + trouble["mend"] for trouble in health["troubles"]), health
    assert office.get("/api/now")["sound"]["device"]
    status, answer = office.sell("王小明", 500, "lost")
    assert status in (401, 503), answer
    assert office.call("GET", "/api/wall")[0] == 200
    assert "Traceback" not in office.log()


@pytest.mark.parametrize("damage", ["torn", pytest.param("empty", marks=pytest.mark.long)])
def test_a_damaged_store(office: Running, damage: str) -> None:
    """The start continues without the store and reports it; it is not overwritten; once restored, it is used again."""
    session = office.folder / "var" / "zhangu.db"
    whole = session.read_bytes()
    torn = whole[:4096] + b"\xaa" * 40_000 + whole[44_096:]
    broken = torn if damage == "torn" else b""
    session.write_bytes(broken)
    for words in (("voice", "你好", "--spoken"), ("say", "你好")):
        assert "备份" in office.command(*words, code=1)
    office.start()
    without_a_book(office, "备份")
    assert session.read_bytes() == broken
    session.with_name("back").write_bytes(whole)
    session.with_name("back").rename(session)
    assert until(lambda: office.call("GET", "/health")[0] == 200, 30)
    assert office.sell("王小明", 500, "again")[0] == 201


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Mount a small separate disk on `folder` during the block."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True
    )
    if done.returncode:
        pytest.skip("may not mount a small disk here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> Path:
    """Fill the disk completely."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for piece in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(piece))
            except OSError:
                continue
    return ballast


def test_a_full_disk_while_running(office: Running) -> None:
    """A deal that cannot be written is refused with a sentence; accepted ones stay; with free space all works again."""
    home = office.folder
    kept = (home / "var").rename(home / "kept")
    (home / "var").mkdir()
    with small_disk(home / "var", "64m"):
        for file in kept.iterdir():
            if file.is_file():
                (home / "var" / file.name).write_bytes(file.read_bytes())
        office.start()
        assert office.sell("王小明", 500, "before")[0] == 201
        ballast = fill(home / "var")
        answers = [office.sell("王小明", 600 + n, f"full-{n}") for n in range(40)]
        refusals = [answer for status, answer in answers if status != 201]
        assert refusals, "the disk was never full"
        assert all("磁盘" in answer["error"] for answer in refusals)
        accepted = {f"full-{n}" for n, (status, _) in enumerate(answers) if status == 201}
        assert {deal["key"] for deal in office.get("/api/deals")} == accepted | {"before"}
        assert until(lambda: office.call("GET", "/health")[0] == 503)  # noticed within two seconds
        ballast.unlink()
        assert until(lambda: office.sell("王小明", 700, "after")[0] == 201)
        until(lambda: office.call("GET", "/health")[0] == 200)
        office.stop(kill=True)
        office.start()
        assert {deal["key"] for deal in office.get("/api/deals")} == accepted | {"before", "after"}
        office.stop()
        assert "Traceback" not in office.log()


def test_a_full_disk_at_the_start(office: Running) -> None:
    """With a full disk at the start it runs, reads its store and reports it; with free space it accepts deals again."""
    home = office.folder
    kept = (home / "var").rename(home / "kept")
    (home / "var").mkdir()
    with small_disk(home / "var", "4m"):
        (home / "var" / "zhangu.db").write_bytes((kept / "zhangu.db").read_bytes())
        ballast = fill(home / "var")
        office.start()
        without_a_book(office, "磁盘")
        assert office.get("/api/people"), "what can be read is read"
        ballast.unlink()
        until(lambda: not any("记不下来" in row["meanwhile"] for row in office.get("/health")["troubles"]))
        assert office.sell("王小明", 500, "again")[0] == 201
        office.stop()


def test_a_data_folder_that_is_a_file(office: Running) -> None:
    """If `var` is a file, print a sentence, not a traceback."""
    (office.folder / "var").rename(office.folder / "kept")
    (office.folder / "var").write_text("")
    assert "var" in refused(office, 1)


# --- people


def test_the_same_tap_twice(started: Running) -> None:
    """The same key twenty times at the same moment is one deal, and twenty equal answers."""
    with ThreadPoolExecutor(20) as fingers:
        answers = list(fingers.map(lambda _: started.sell("王小明", 500, "one-tap"), range(20)))
    assert sorted(status for status, _ in answers) == [200] * 19 + [201]
    assert len({str(answer) for _, answer in answers}) == 1
    (deal,) = [deal["id"] for deal in started.get("/api/deals") if deal["key"] == "one-tap"]
    assert len([row for row in started.get("/api/announcements") if deal in row["deals"]]) == 1


def test_texts_beyond_all_measure(started: Running) -> None:
    """10,000 characters are refused with the limit, a megabyte before reading, unprintable text with a sentence."""
    status, answer = started.say("好" * 10_000, "long")
    assert status == 422
    assert "300" in answer["error"]
    assert "10000" in answer["error"]
    assert started.say("好" * 300, "just-right")[0] == 201
    assert started.say("好" * 1_000_000, "huge")[0] == 413
    for text in ("\u200b\u200e", "   ", "\x00", "🎉", "-fconfig/rhythm.yaml"):
        status, answer = started.say(text, f"odd {text!r}")
        assert status in (201, 400, 422), (text, answer)
    assert started.sell("王" * 200, 500, "long-name")[0] == 422
    assert started.sell("王小明", 500, "long-product", product="x" * 10_000)[0] == 422
    assert started.sell("王小明", 500, "k" * 10_000)[0] == 422
    assert "Traceback" not in started.log()


@pytest.mark.browser
@pytest.mark.long  # phone and wall have one each: test_phone_browser.py, test_wall_browser.py
def test_markup_in_a_name_is_text(tmp_path: Path, device: dict[str, str], browser: Browser) -> None:
    """Markup in person, team, product and announcement: phone and wall show it as text and run nothing."""
    with Running(tmp_path / "home", device, timetable=timetable(*SPANS)) as house:
        people = tmp_path / "markup.csv"
        people.write_text(f"team,person\n<b>队</b>,{MARKUP}\n", encoding="utf-8")
        house.command("import", "people", str(people))
        house.start()
        pin = until(
            lambda: next((line.split("：")[1] for line in house.log().splitlines() if "PIN：" in line), "")
        )
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        alerts: list[str] = []
        wall, phone = context.new_page(), context.new_page()
        for page in (wall, phone):
            page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
        wall.goto(f"http://127.0.0.1:{house.port}/wall")
        phone.goto(f"http://127.0.0.1:{house.port}/")
        phone.fill("#pin", pin.strip())
        phone.press("#pin", "Enter")
        phone.wait_for_selector("text=报单")
        assert house.sell(MARKUP, 88_888, "markup", product="<i>网络</i>")[0] == 201
        wall.wait_for_function("name => document.body.innerText.includes(name)", arg=MARKUP)
        phone.wait_for_function("name => document.body.innerText.includes(name)", arg=MARKUP)
        for page in (wall, phone):
            assert page.evaluate("document.querySelectorAll('[onerror], img[src=x]').length") == 0
        assert alerts == []
        assert house.say(f"请看 {MARKUP} {{person}} {{0.__class__}}", "markup-said")[0] == 201
        assert "Traceback" not in house.log()


def test_only_pages_are_served(started: Running) -> None:
    """Addresses that leave the folder or are not served are 404 like any other."""
    for path in (
        "/static/../answers.py",
        "/static/%2e%2e/answers.py",
        "/photos/..%2f..%2fvar%2fzhangu.db",
        "/var",
    ):
        assert started.call("GET", path)[0] in (400, 404, 422), path
