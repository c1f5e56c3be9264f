"""The whole office from outside: `zhangu run` on a private PulseAudio, controlled over HTTP, recorded.

The recording reads 4 to 9 ms early (see `recording`): moments are given as read.
"""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from recording import RATE, Pulse, band, onset, tone, write_wav  # noqa: E402
from running import Running, timetable  # noqa: E402
from table import Row  # noqa: E402

ALL_DAY = "at: 00:00-24:00, name: 全天, music: tone, volume: 100"
TAPS, STARTS, WALLS, COST_S = 40, 36, 20, 30
CHIME_S = 1.25
VOICES = HERE.parents[1] / ".venv" / "voices"
now = time.monotonic


def rows(*only: str) -> list[Row]:
    """Return all figures of the running office, or those of the measurements named; about six minutes."""
    found: list[Row] = []
    for measure in (cold_start, tap, words, cost, timed_start, timed_start_rendering, loss):
        if not only or measure.__name__ in only:
            with tempfile.TemporaryDirectory() as name:
                found += measure(Path(name))
    return found


@contextmanager
def office(folder: Path, *spans: str) -> Iterator[tuple[Pulse, Running]]:
    """Yield a private sound server and an office with these spans, not yet started; music is a tone with a pilot."""
    music = folder / "music" / "tone"
    music.mkdir(parents=True)
    write_wav(music / "tone.wav", tone(120))
    (folder / "pulse").mkdir()
    with Pulse(folder / "pulse") as pulse:
        house = Running(folder / "home", pulse.env, timetable=timetable(*spans), music=folder / "music")
        with house:
            yield pulse, house


def spread(values: list[float], unit: str = "ms") -> str:
    """Format median, 99 of 100 (with few values: the worst), best."""
    p99 = np.percentile(values, 99)
    return f"{np.median(values):.1f} median, {p99:.1f} 99 of 100, {min(values):.1f} best {unit} (n={len(values)})"


def held(values: list[float], median: float, p99: float) -> bool:
    """Return whether both limits are met."""
    return bool(np.median(values) <= median and np.percentile(values, 99) <= p99)


def cold_start(folder: Path) -> list[Row]:
    """From the start of the process to the first audible sample of the right music."""
    first, again = [], []
    with office(folder, ALL_DAY) as (pulse, house):
        for attempt in range(5):
            began = house.start(wait=False)
            heard = pulse.recording.wait_sound(began, 15)
            (again if attempt else first).append(1000 * (heard - began) if heard else float("inf"))
            house.wait_ready()
            house.stop()
            time.sleep(1)
    return [
        Row("cold start → music, the very first", f"{first[0]:.0f} ms", "≤ 1,000 ms", first[0] <= 1000),
        Row("cold start → music, later ones", spread(again), "≤ 500 ms", max(again) <= 500),
    ]


def tap(folder: Path) -> list[Row]:
    """POST sent → first sample of the chime, over music. (The duck around it: `sound.duck`, on a cleaner signal.)"""
    delays = []
    with office(folder, ALL_DAY) as (pulse, house):
        house.start()
        time.sleep(4)
        for number in range(TAPS):
            sent = now()
            said = house.say(f"三号电梯修好了，第{number}次。", f"tap-{number}")[1]
            house.wait_state(said["id"], ("heard",))
            time.sleep(1.3)
            delays.append(_chime(pulse, sent))
    return [
        Row("tap → first sample of the chime", spread(delays), "≤ 30 median, ≤ 80 ms", held(delays, 30, 80))
    ]


def _chime(pulse: Pulse, sent: float) -> float:
    """Return milliseconds from `sent` to the first sample that is neither the tone nor its pilot."""
    heard = np.abs(band(pulse.recording.sound_between(sent - 1.0, sent + 1.5), 600, 15000))
    before = heard[: int(0.9 * RATE)].max()
    return 1000 * float(np.flatnonzero(heard[RATE:] > 2 * before + 0.003)[0]) / RATE


def words(folder: Path) -> list[Row]:
    """End of the chime → first sample of the first word, in a silent office; every text is new to the voice."""
    gaps = []
    with office(folder, "at: 00:00-00:01, name: 凌晨") as (pulse, house):
        house.start()
        time.sleep(3)
        for number in range(20):
            sent = now()
            said = house.say(f"三号会议室请{number}个人过去。", f"word-{number}")[1]
            house.wait_state(said["id"], ("heard",))
            time.sleep(0.5)
            heard = pulse.recording.sound_between(sent, now())
            chime = onset(heard, 0.01)
            assert chime is not None
            word = onset(heard[int((chime + CHIME_S - 0.02) * RATE) :], 0.01)
            gaps.append(1000 * ((word or 9.9) - 0.02))
    return [Row("chime end → first word", spread(gaps), "≤ 150 ms", max(gaps) <= 150)]


def cost(folder: Path) -> list[Row]:
    """Memory and CPU of the daemon with its children, playing music, with 20 walls."""
    with office(folder, ALL_DAY) as (_, house):
        house.start()
        walls = [_wall(house.port, number) for number in range(WALLS)]
        time.sleep(75)  # by then the voice child has ended: it frees its memory after a minute
        processes = [psutil.Process(pid) for pid in house.pids()]
        memory = {p.pid: p.memory_full_info().pss / 1e6 for p in processes}
        before, began = _cpu(processes), now()
        time.sleep(COST_S)
        share = 100 * (_cpu(processes) - before) / (now() - began)
        names = ", ".join(f"{_name(p)} {memory[p.pid]:.0f}" for p in processes)
        for wall in walls:
            wall.close()
    total = sum(memory.values())
    return [
        Row(f"memory, playing, {WALLS} walls (PSS)", f"{total:.0f} MB ({names})", "≤ 90 MB", total <= 90),
        Row(f"CPU, playing, {WALLS} walls", f"{share:.2f} % of a core", "≤ 1 %", share <= 1),
    ]


def _wall(port: int, number: int) -> socket.socket:
    """Open a wall whose stream is read by a thread."""
    line = socket.create_connection(("127.0.0.1", port))
    line.sendall(f"GET /events?wall=w{number}&screen=s{number} HTTP/1.1\r\nHost: wall\r\n\r\n".encode())

    def read() -> None:
        try:
            while line.recv(4096):
                pass
        except OSError:
            pass

    threading.Thread(target=read, daemon=True).start()
    return line


def _cpu(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _name(process: psutil.Process) -> str:
    words = " ".join(process.cmdline())
    return next((name for name in ("player", "voice", "fitting") if f"sound.{name}" in words), "daemon")


def timed_start(folder: Path) -> list[Row]:
    """The moment in the timetable → first audible sample, over two starts of the daemon."""
    return [_timed_start(folder, "timetable's moment → first sample", 2, rendering=False)]


def timed_start_rendering(folder: Path) -> list[Row]:
    """The same while the natural voice renders one previewed text after the other, at its own pace."""
    if not (VOICES / "kokoro").is_dir():
        return []
    return [_timed_start(folder, "… while the natural voice renders", 1, rendering=True)]


def _timed_start(folder: Path, what: str, runs: int, *, rendering: bool) -> Row:
    errors: list[float] = []
    for run in range(runs):
        begin = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=14)
        moments = [begin + timedelta(seconds=4 * n) for n in range(STARTS // 2)]
        spans = [
            f'at: "{at:%H:%M:%S}-{at + timedelta(seconds=2):%H:%M:%S}", name: 第{n}段, music: tone, volume: 100'
            for n, at in enumerate(moments)
        ]
        place = folder / str(run)
        place.mkdir()
        with office(place, *spans) as (pulse, house):
            if rendering:
                (house.folder / "var").mkdir(exist_ok=True)
                (house.folder / "var" / "voices").symlink_to(VOICES.resolve())
            time.sleep(0.37 * run)
            house.start()
            while (left := (moments[-1] - datetime.now(UTC)).total_seconds() + 2.5) > 0:
                if rendering:
                    deal = {"person": "王小明", "product": "铂金", "amount": 1000 + int(1000 * left) % 98_765}
                    house.call("POST", "/api/deals/preview", deal)
                time.sleep(min(left, 0.5))
            ahead = now() - datetime.now(UTC).timestamp()
            for at in moments:
                moment = at.timestamp() + ahead
                heard = onset(pulse.recording.sound_between(moment - 0.5, moment + 1.5))
                errors.append(1000 * ((heard if heard is not None else 9.9) - 0.5))
            if rendering:
                assert any((house.folder / "var").rglob("*.wav")), "nothing was rendered"
    ok = held(errors, 10, 25) and min(errors) >= -25
    return Row(what, spread(errors), "≤ 10 median, ≤ 25 ms, ≥ −25 ms", ok)


def loss(folder: Path) -> list[Row]:
    """Kill the sound server mid-announcement and restart it after five seconds."""
    with office(folder, ALL_DAY) as (pulse, house):
        house.start()
        time.sleep(3)
        said = house.say("这一句话说到一半的时候，音响突然断开了，五秒以后又回来。", "loss")[1]
        time.sleep(2.5)
        pulse.kill()
        killed = now()
        reported_s = None
        while reported_s is None and now() < killed + 5:
            if house.call("GET", "/health")[0] == 503:
                reported_s = now() - killed
        time.sleep(max(0.0, killed + 5 - now()))
        pulse.start()
        back = now()
        heard = pulse.recording.wait_sound(back, 15)
        found = house.wait_state(said["id"], ("heard", "not_heard"), 40)
        time.sleep(2)
        times = house.log().count("playing #") + house.log().count("is played again")
    music = 1000 * (heard - back) if heard else float("inf")
    truth = f"{found['state']}, said {times} times in all, reported after {1000 * (reported_s or 9.9):.0f} ms"
    return [
        Row("sound server back → sound back", f"{music:.0f} ms", "≤ 5,000 ms", music <= 5000),
        Row(
            "the interrupted announcement",
            truth,
            "heard, repeated once",
            found["state"] == "heard" and bool(reported_s),
        ),
    ]


if __name__ == "__main__":
    for row in rows(*sys.argv[1:]):
        print(json.dumps(row, ensure_ascii=False))
