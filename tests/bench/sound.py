"""Sound and its timing: the speaker and its player on a private PulseAudio, measured on the recorded signal.

`rows()` takes about two minutes. The recording reads 4 to 9 ms early (see `recording`): moments are given as read.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "sound")]  # run as a program, or from anywhere

from players import Events, speaking  # noqa: E402
from recording import (  # noqa: E402
    RATE,
    Pulse,
    band,
    disk_device,
    onset,
    pilot_db,
    silences,
    tone,
    write_coded,
    write_wav,
)
from table import Row  # noqa: E402

from controller.sound.speaker import MusicOrder, Part, Speaker, Track  # noqa: E402

now = time.monotonic
STARTS, TAPS, TALKS = 40, 40, 6


def rows(*only: str) -> list[Row]:
    """Return all figures of the sound device, or those of the measurements named."""
    found: list[Row] = []
    for measure in (cold_start, timed_start, tap, duck, gaps, silence, cost, loss, timed_start_on_disk):
        if not only or measure.__name__ in only:
            with tempfile.TemporaryDirectory() as name:
                found += measure(Path(name))
    return found


@contextmanager
def office(folder: Path) -> Iterator[tuple[Pulse, Speaker, Events]]:
    """Yield a private sound server with a speaker on it."""
    with Pulse(folder) as pulse, speaking(pulse.env) as (speaker, events):
        yield pulse, speaker, events


def sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - now()))


def music(folder: Path, **rest: object) -> MusicOrder:
    path = folder / "music.wav"
    if not path.exists():
        write_wav(path, tone(60))
    start = rest.pop("start_at", now())
    return MusicOrder((Track(path, 0.0, 60.0),), start, **rest)  # type: ignore[arg-type]


def _spread(values: list[float]) -> str:
    return f"{np.median(values):.1f} median, {np.percentile(values, 99):.1f} p99, {min(values):.1f} first"


def cold_start(folder: Path) -> list[Row]:
    """Measure from the start of a speaker to the first audible sample."""
    order, took = music(folder), []
    with Pulse(folder) as pulse:
        for _ in range(3):
            began, speaker = now(), Speaker(Events(), env=pulse.env)
            speaker.music(order)
            speaker.start()
            heard = pulse.recording.wait_sound(began, 10)
            took.append((heard or began + 99) - began)
            speaker.close()
            time.sleep(0.3)
    return [Row("player started → music heard, s", f"{max(took):.2f} worst of 3", "≤ 1.0", max(took) <= 1)]


def timed_start(folder: Path) -> list[Row]:
    """Measure when music with a start time is heard."""
    with office(folder) as (pulse, speaker, _):
        late = []
        for n in range(STARTS):
            at = now() + 0.55 + n * 0.00137
            speaker.music(music(folder, start_at=at))
            sleep_until(at + 0.35)
            x = pulse.recording.sound_between(at - 0.1, at + 0.25)
            hit = onset(x)
            late.append(1e3 * (hit - 0.1) if hit is not None else 999.0)
            speaker.music(None)
            time.sleep(0.5)
        good = np.median(late) <= 10 and np.percentile(late, 99) <= 25 and min(late) >= -10
        return [Row("timed start error, ms", _spread(late), "≤ 10 median, ≤ 25 p99, not early", bool(good))]


def timed_start_on_disk(folder: Path) -> list[Row]:
    """Measure the same through SDL's disk driver, which writes blocks of 23 ms."""
    late = []
    with disk_device(folder) as (env, recording), speaking(env) as (speaker, _):
        for n in range(STARTS // 2):
            at = now() + 0.55 + n * 0.00137
            speaker.music(music(folder, start_at=at))
            sleep_until(at + 0.35)
            hit = onset(recording.sound_between(at - 0.1, at + 0.25))
            late.append(1e3 * (hit - 0.1) if hit is not None else 999.0)
            speaker.music(None)
            time.sleep(0.5)
    good = np.median(late) <= 25 and min(late) >= -25
    return [Row("timed start error, disk driver, ms", _spread(late), "≤ 25 median, ≥ -25", bool(good))]


def tap(folder: Path) -> list[Row]:
    """Measure announce() called → first sample of the chime, over music."""
    with office(folder) as (pulse, speaker, events):
        chime = write_wav(folder / "chime.wav", tone(0.3, 2000, 0.4, pilot=0))
        speaker.warm([chime])
        speaker.music(music(folder))
        time.sleep(1)
        took = []
        for n in range(TAPS):
            time.sleep(0.35 + n * 0.0017)
            began = now()
            speaker.announce(n, [Part(chime)])
            events.wait("done", id=n)
            time.sleep(0.05)
            x = band(pulse.recording.sound_between(began - 0.2, began + 0.4), 1500, 2500, 300)
            hit = onset(x[int(0.1 * RATE) :], 0.02)
            took.append(1e3 * (hit - 0.1) if hit is not None else 999.0)
        good = np.median(took) <= 30 and np.percentile(took, 99) <= 80
        return [Row("announce() → chime heard, ms", _spread(took), "≤ 30 median, ≤ 80 p99", bool(good))]


def duck(folder: Path) -> list[Row]:
    """Measure the depth of the duck, and how fast the music goes down and returns."""
    with office(folder) as (pulse, speaker, events):
        clip = write_wav(folder / "clip.wav", tone(1.5, 2000, pilot=0))
        speaker.warm([clip])
        speaker.music(music(folder))
        time.sleep(2)
        depth, down, up = [], [], []
        for n in range(TALKS):
            began = now()
            speaker.announce(n, [Part(clip)])
            events.wait("done", id=n)
            time.sleep(1.8)
            db = _smooth(pilot_db(pulse.recording.sound_between(began - 0.7, began + 3.2)))
            low = np.flatnonzero(db < np.median(db[240:420]) + 1)
            before, after = np.flatnonzero(db[: low[0]] > -1), np.flatnonzero(db[low[-1] :] > -1)
            depth.append(float(np.median(db[240:420])))
            down.append(5.0 * (low[0] - before[-1]))
            up.append(5.0 * after[0] if len(after) else 9999.0)
        deep = [min(depth), max(depth)]
        return [
            Row(
                "music under speech, dB",
                f"{deep[0]:.1f} to {deep[1]:.1f}",
                "-20 ± 2",
                -22 <= deep[0] <= deep[1] <= -18,
            ),
            Row(
                "music going down, ms", f"{np.median(down):.0f}", "200 to 300", 200 <= np.median(down) <= 300
            ),
            Row("music coming back, ms", f"{np.median(up):.0f}", "1000 ± 150", 850 <= np.median(up) <= 1150),
        ]


def _smooth(db: np.ndarray) -> np.ndarray:
    return np.array([np.median(db[max(0, i - 4) : i + 5]) for i in range(len(db))])


def gaps(folder: Path) -> list[Row]:
    """Count silent samples between two tracks and between two parts, on the disk driver."""
    a = write_coded(folder / "a.ogg", tone(1.5), "vorbis")
    b = write_coded(folder / "b.mp3", tone(1.5), "libmp3lame")
    part = Part(write_wav(folder / "part.wav", tone(0.5, 800)))
    with disk_device(folder) as (env, recording), speaking(env) as (speaker, events):
        speaker.music(MusicOrder((Track(a, 0.0, 1.5), Track(b, 0.0, 1.5)), now()))
        events.wait("track", count=5)
        tracks = _holes(recording.frames_between(events.of("track")[0].at + 0.2, now()))
        speaker.music(None)
        time.sleep(0.7)
        speaker.announce(1, [part] * 5)
        events.wait("done", id=1)
        began, ended = events.of("part_started")[0].at, events.of("part_ended")[-1].at
        parts = _holes(recording.frames_between(began + 0.1, ended - 0.1))
    return [
        Row("gap between tracks (ogg, mp3), ms", f"{tracks:.0f} worst of 4", "< 50", tracks < 50),
        Row("gap between parts, ms", f"{parts:.0f} worst of 4", "≤ 24", parts <= 24),
    ]


def _holes(frames: np.ndarray) -> float:
    """Return the longest run of zeros, ms."""
    return 1e3 * max((hole for _, hole in silences(frames[:, 0] / 32768, 0.001, 0.01)), default=0.0)


def silence(folder: Path) -> list[Row]:
    """Try an announcement in quiet time between music: samples that are not zero, and the return of the music."""
    with office(folder) as (pulse, speaker, _):
        begin = now() + 2
        end = begin + 3
        clip = Part(write_wav(folder / "nap.wav", tone(1, 900)))
        speaker.music(music(folder, fade_out_ms=500))
        speaker.quiet([(begin, end)])
        sleep_until(begin + 1)
        speaker.announce(1, [clip])
        sleep_until(end + 0.6)
        inside = pulse.recording.frames_between(begin, end)
        before = np.abs(pulse.recording.sound_between(begin - 1.5, begin - 0.7)).max()
        back = onset(pulse.recording.sound_between(end - 0.1, end + 0.5))
        late = 1e3 * (back - 0.1) if back is not None else 999.0
        wrong = int(np.count_nonzero(inside))
        return [
            Row(
                "samples that sound in quiet time",
                f"{wrong} of {inside.size}",
                "0",
                wrong == 0 and before > 0.1,
            ),
            Row("music after quiet time, ms", f"{late:.1f}", "≤ 25, not early", -10 <= late <= 25),
        ]


def cost(folder: Path) -> list[Row]:
    """Measure memory and processor time of the player while it plays an Ogg file, over 30 s."""
    with office(folder) as (_, speaker, events):
        path = next((HERE.parents[1] / "sounds" / "music").glob("*/*.ogg"))
        speaker.music(MusicOrder((Track(path, 0.0, 120.0),), now()))
        events.wait("track")
        time.sleep(2)
        (pid,) = _players()
        began, before = now(), _ticks(pid)
        time.sleep(30)
        share = 100 * (_ticks(pid) - before) / os.sysconf("SC_CLK_TCK") / (now() - began)
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        pss = next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024
        return [
            Row("player, memory (PSS), MB", f"{pss:.0f}", "≤ 30", pss <= 30),
            Row("player, processor while playing, %", f"{share:.2f}", "≤ 1", share <= 1.0),
        ]


def _ticks(pid: int) -> int:
    values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(values[11]) + int(values[12])


def _players() -> Iterator[int]:
    """Yield our children that are players."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if (
                parent == os.getpid()
                and b"controller.sound.player.process" in (stat.parent / "cmdline").read_bytes()
            ):
                yield int(stat.parent.name)
        except OSError:
            continue


def loss(folder: Path) -> list[Row]:
    """Kill the sound server during an announcement over music, and restart it after 5 s."""
    clip = Part(write_wav(folder / "speech.wav", tone(10, 900, pilot=0)))
    with office(folder) as (pulse, speaker, events):
        speaker.music(music(folder))
        speaker.announce(1, [clip])
        events.wait("part_started", id=1)
        time.sleep(1)
        killed = now()
        pulse.kill()
        done = events.wait("done", id=1)
        noticed = now() - killed
        sleep_until(killed + 5)
        pulse.start()
        up = now()
        heard = pulse.recording.wait_sound(up, 10)
    took = heard - up if heard is not None else 99.0
    reported = f"{noticed:.2f}, reported as {'heard' if done.ok else 'not heard'}"
    return [
        Row(
            "server killed in an announcement → reported, s",
            reported,
            "≤ 1, not heard",
            noticed <= 1 and not done.ok,
        ),
        Row("server back → music heard, s", f"{took:.1f}", "≤ 5", took <= 5),
    ]


if __name__ == "__main__":
    for row in rows(*sys.argv[1:]):
        print(f"{'  ' if row.ok else '! '}{row.what:46} {row.measured:46} {row.limit}")
