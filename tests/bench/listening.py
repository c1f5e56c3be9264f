"""Five announcements and two pieces of music as the office hears them, plotted into artefacts/sound for inspection.

The real office (`zhangu rehearse`) on SDL's disk driver at normal speed: the week's first deal, a big deal with the
person's victory song, a voice clip from the phone, the round-up, the 18:05 results with their drum rolls; the
first 50 s of the morning's and of the afternoon's music. `rows()` takes about five minutes and checks each recording:
no clipping, no truncation, even speech. The pictures: see `plot.draw`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.request
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "sound")]

from plot import draw  # noqa: E402
from recording import RATE, Recording, disk_device  # noqa: E402
from running import Running  # noqa: E402
from soundmade import encoded, samples_of  # noqa: E402
from table import Row  # noqa: E402

from controller.sound import loudness  # noqa: E402
from controller.sound.mandarin import spoken  # noqa: E402
from controller.sound.tts.client import Voice  # noqa: E402
from controller.sound.tts.script import say  # noqa: E402

ROOT = HERE.parents[1]
ARTEFACTS = ROOT / "artefacts" / "sound"
ENDS = ("heard", "not_heard", "dropped", "merged")
MUSIC_S = 50.0
CUT_DB = -45.0
"""A sound that still has this level in its last 20 ms was truncated."""
now = time.monotonic


def rows() -> list[Row]:
    """Record, plot and check all seven."""
    found: list[Row] = []
    for run in (_orders, _results, _music("08:29:55", "music-morning"), _music("12:54:55", "music-rousing")):
        with tempfile.TemporaryDirectory() as name:
            found += run(Path(name))
    return found


def _orders(folder: Path) -> list[Row]:
    song = (ROOT / "sounds" / "music" / "rousing" / "war-drums.ogg").read_bytes()
    with disk_device(folder) as (env, heard), Running(folder / "home", env) as office:
        office.start("2026-11-24 09:58:30")
        person = next(row for row in office.get("/api/people") if row["name"] == "陈芳")
        _bring(office, "PUT", f"/api/people/{person['id']}/song", song)
        clip = _bring(office, "POST", "/api/clips", _voice_clip(folder))["id"]
        found = [
            _said(office, heard, "first-of-day", lambda: _sold(office, "王小明", 3000)),
            _said(office, heard, "big-with-song", lambda: _sold(office, "陈芳", 50000)),
            _said(office, heard, "microphone", lambda: _sent(office, clip)),
        ]
        for person_name, amount in (("李思思", 1200), ("赵磊", 3400), ("王小明", 5200)):
            office.sell(person_name, amount, f"small-{amount}")
        return [*found, _said(office, heard, "round-up", lambda: _of_kind(office, "roundup"))]


def _results(folder: Path) -> list[Row]:
    with disk_device(folder) as (env, heard), Running(folder / "home", env) as office:
        office.start("2026-11-24 18:03:40")
        day = "2026-11-24"
        for team, amount in (("猛虎队", 20000), ("飞龙队", 15000), ("雄鹰队", 10000)):
            office.call("PUT", "/api/targets", {"team": team, "date": day, "amount": amount})
        for person, amount in (("王小明", 9000), ("陈芳", 8800), ("李思思", 6000), ("赵磊", 4000)):
            office.sell(person, amount, f"sold-{amount}")
        return [_said(office, heard, "results", lambda: _of_kind(office, "results"))]


def _music(clock: str, name: str) -> Callable[[Path], list[Row]]:
    def run(folder: Path) -> list[Row]:
        with disk_device(folder) as (env, heard), Running(folder / "home", env) as office:
            began = office.start(f"2026-11-24 {clock}")
            time.sleep(MUSIC_S + 8)
            return [_judged(name, heard.frames_between(began, now()), ends=False)]

    return run


def _bring(office: Running, method: str, path: str, body: bytes) -> Any:
    head = {"Authorization": f"Bearer {office.token}", "Content-Type": "application/octet-stream"}
    request = urllib.request.Request(f"http://127.0.0.1:{office.port}{path}", body, head, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def _voice_clip(folder: Path) -> bytes:
    """Return a phone recording: speech, much too soft, in a room with hiss."""
    voice = Voice(folder / "speaker")
    try:
        speech = samples_of(
            voice.prepare(say(spoken("各位，今天的客户都很给力，我们再打一个小时，一起冲过目标！")))
            .result(60)
            .path
        )[0]
    finally:
        voice.close()
    whole = np.concatenate([np.zeros(RATE), 0.15 * speech, np.zeros(RATE)]).astype(np.float32)
    return encoded(whole + np.random.default_rng(3).normal(0, 2e-4, whole.size).astype(np.float32), "m4a")


def _sold(office: Running, person: str, amount: int) -> int:
    _, sold = office.sell(person, amount, f"sold-{person}")
    return next(int(row["id"]) for row in office.get("/api/announcements") if sold["id"] in row["deals"])


def _sent(office: Running, clip: str) -> int:
    return int(office.call("POST", f"/api/clips/{clip}/send", {"who": "张总", "key": "clip"})[1]["id"])


def _of_kind(office: Running, kind: str) -> int:
    """Return the announcement made by the timetable, as soon as it exists."""
    end = now() + 120
    while now() < end:
        for row in office.get("/api/announcements"):
            if row["kind"] == kind:
                return int(row["id"])
        time.sleep(0.1)
    raise AssertionError(f"no {kind} came")


def _said(office: Running, heard: Recording, name: str, submit: Callable[[], int]) -> Row:
    began = now()
    ident = submit()
    began = max(began, now() - 2.0)  # after waiting for the timetable's moment
    announcement = office.wait_state(ident, ENDS, timeout=150)
    assert announcement["state"] == "heard", announcement
    time.sleep(0.5)
    return _judged(name, heard.frames_between(began, now()))


def _judged(name: str, frames: np.ndarray, *, ends: bool = True) -> Row:
    loud = np.flatnonzero(np.abs(frames).max(axis=1) > 3)
    frames = frames[loud[0] : loud[-1] + 1]
    draw(frames, ARTEFACTS / f"{name}.png")
    path = ARTEFACTS / f"{name}.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(frames.astype("<i2").tobytes())
    measured = loudness.of_file(path)
    path.unlink()
    clipped = int((np.abs(frames.astype(np.int32)) >= 32767).sum())
    tail = _db(frames[-RATE // 50 :])
    first = _db(frames[: RATE // 500])
    words = (
        f"{len(frames) / RATE:.1f} s, {measured.lufs:.1f} LUFS, {measured.peak:.1f} dBTP, {clipped} clipped"
    )
    words += f", begins at {first:.0f}, ends at {tail:.0f} dBFS" if ends else f", begins at {first:.0f} dBFS"
    good = clipped == 0 and measured.peak <= -1 and first < -20 and (not ends or tail < CUT_DB)
    return Row(f"heard and drawn: {name}", words, "≤ −1 dBTP, nothing clipped or cut", good)


def _db(frames: np.ndarray) -> float:
    return 20 * float(
        np.log10(max(1e-6, float(np.sqrt(np.mean(np.square(frames.astype(np.float64) / 32768))))))
    )


if __name__ == "__main__":
    for row in rows():
        print(f"{'  ' if row.ok else '! '}{row.what:34} {row.measured:70} {row.limit}")
