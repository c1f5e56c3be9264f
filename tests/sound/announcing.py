"""A real announcer with a real player and voice, recorded through SDL's disk driver, with its reports."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from recording import RATE, Recording, disk_device, tone, write_wav

from controller.sound.announcer import Announcer
from controller.sound.playback import AnnouncementSettings, Job, Report
from controller.sound.speaker import Event, Speaker
from controller.sound.tts.client import Voice
from controller.sound.tts.script import Script, Segment

SOUNDS = Path(__file__).resolve().parents[2] / "sounds"
CHIME, APPLAUSE = SOUNDS / "chime.ogg", SOUNDS / "applause-small.ogg"
FAST = {"SDL_DISKAUDIODELAY": "1"}
"""About eight times real time: sequence and number are real, times are not."""
LOWEST, STEP = 500, 20  # Hz: the tone that identifies an announcement
SIGN_S = 0.25
PROMPT = AnnouncementSettings(lead_s=0.0)
ENDS = ("heard", "not_heard", "dropped", "stale")


@dataclass
class Setup:
    """The announcer, the queue of waiting jobs, and the reports."""

    announcer: Announcer
    speaker: Speaker
    voice: Voice
    recording: Recording
    reports: list[Report] = field(default_factory=list)
    waiting: list[Job] = field(default_factory=list)
    taken: dict[int, Job] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=lambda: threading.Condition(threading.RLock()))

    def take(self, *, urgent: bool, begin: Callable[[Job], None]) -> Job | None:
        with self.changed:
            may = [job for job in self.waiting if job.urgent or not urgent]
            if not may:
                return None
            job = max(may, key=lambda job: job.priority)  # the oldest with the highest priority
            self.waiting.remove(job)
            self.taken[job.id] = job
            begin(job)
            return job

    def ahead(self) -> tuple[Job, ...]:
        with self.changed:
            return tuple(sorted(self.waiting, key=lambda job: -job.priority))

    def urgent(self) -> bool:
        with self.changed:
            return any(job.urgent for job in self.waiting)

    def on_report(self, report: Report) -> None:
        with self.changed:
            self.reports.append(report)
            if report.state == "waiting":
                self.waiting.insert(0, self.taken[report.id])
            self.changed.notify_all()

    def say(self, ident: int, text: str, priority: int = 0, **script: object) -> None:
        """Submit one announcement."""
        self.submit(ident, Script((Segment(text),), **script), priority)  # type: ignore[arg-type]

    def submit(self, ident: int, script: Script, priority: int = 0, *, urgent: bool = False) -> None:
        with self.changed:
            self.waiting.append(Job(ident, script, priority, urgent))
        self.announcer.wake()

    def wait(self, within: float, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + within
        with self.changed:
            while not holds():
                left = end - time.monotonic()
                assert left > 0, f"not within {within} s: {self.reports[-5:]}"
                self.changed.wait(left)

    def ends(self) -> list[tuple[int, str]]:
        """Return id and final state of each ended announcement, in the sequence of the reports."""
        return [(report.id, report.state) for report in self.reports if report.state in ENDS]

    def playing(self, ident: int) -> bool:
        return any(report.id == ident and report.state == "playing" for report in self.reports)

    def why(self, ident: int) -> str:
        return next(report.why for report in reversed(self.reports) if report.id == ident)


@contextmanager
def announcing(
    folder: Path, env: Mapping[str, str] = {}, settings: AnnouncementSettings = PROMPT
) -> Iterator[Setup]:
    """Start all three parts and wait for the device."""
    with disk_device(folder) as (device, recording):
        setup: list[Setup] = []

        def on_speaker(event: Event) -> None:
            if setup:
                setup[0].announcer.on_speaker(event)

        speaker = Speaker(on_speaker, env=device | dict(env))
        voice = Voice(folder / "cache", folder / "voices")
        announcer = Announcer(speaker, voice, settings)
        setup.append(Setup(announcer, speaker, voice, recording))
        speaker.start()
        announcer.start(setup[0])
        try:
            end = time.monotonic() + 60
            while not speaker.health().alive:
                assert time.monotonic() < end, "no device"
                time.sleep(0.02)
            yield setup[0]
        finally:
            announcer.close()
            speaker.close()
            voice.close()


def sign(folder: Path, number: int) -> Path:
    """Write a sound that identifies the announcement: `signs` finds it in a recording."""
    path = folder / f"sign-{number}.wav"
    return path if path.exists() else write_wav(path, tone(SIGN_S, LOWEST + STEP * number, 0.3, pilot=0))


def signs(frames: np.ndarray) -> list[int]:
    """Return the numbers of the signs in a recording, in sequence."""
    x = frames.astype(np.float32).mean(axis=1) / 32768
    width, hop, size = RATE // 10, RATE // 50, 1 << 16
    window = np.hanning(width)
    heard: list[int | None] = []
    for at in range(0, len(x) - width, hop):
        piece = x[at : at + width]
        number = None
        if np.abs(piece).max() > 0.01:
            power = np.abs(np.fft.rfft(piece * window, size)) ** 2
            peak = int(power.argmax())
            near = power[max(0, peak - 45) : peak + 46].sum() / power.sum()
            exact = (peak * RATE / size - LOWEST) / STEP
            if near > 0.97 and abs(exact - round(exact)) < 0.2 and exact > -0.3:
                number = round(exact)
        heard.append(number)
    runs: list[int] = []
    for n in range(2, len(heard)):
        if heard[n] is not None and heard[n] == heard[n - 1] == heard[n - 2]:
            last = n - 3
            if last < 0 or heard[last] != heard[n]:
                runs.append(int(heard[n]))  # type: ignore[arg-type]
    return runs


def players() -> list[int]:
    """Return the players that this process has started."""
    command = ["pgrep", "-P", str(os.getpid()), "-f", "controller.sound.player.process"]
    return [int(pid) for pid in subprocess.run(command, capture_output=True, text=True).stdout.split()]
