"""Listen to a microphone for a few seconds: a child, because capturing may hang and the sound must not leave it.

`python -m controller.sound.player.listen MICROPHONE SECONDS FOR` writes JSON lines: {"microphones": [names]}, then
{"do": "ready"} when sound arrives, then what was found. An empty MICROPHONE: the first USB one; 0 seconds: names only.
FOR: tone, the speaker test, or level, the loudness of the office.
The recording stays in memory and ends with the process; only levels leave it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

RATE, CHUNK = 16000, 512
OPEN_S = 3.0
"""Longest wait for the first sound of a microphone."""
ZERO_S = 0.3
"""So long without one bit of noise no microphone is that still works."""


def choose(wanted: str, names: list[str]) -> str | None:
    """Return the microphone to use: the one of this name, or without a name the first that says USB."""
    if wanted:
        return wanted if wanted in names else None
    return next((name for name in names if "usb" in name.lower()), None)


def judge(recording: Any, expected: int) -> dict[str, Any]:
    """Return the result for a recording of `expected` samples: heard, lost, muted, loud or silent, with its levels."""
    from controller.sound import tone_search

    if not len(recording):
        return {"do": "found", "found": "mic_muted"}
    snr, level = tone_search.snr_db(recording, RATE), tone_search.level_db(recording)
    tail = recording[-round(ZERO_S * RATE) :]
    if snr >= tone_search.FOUND_DB:
        found = "heard"
    elif not recording.any():
        found = "mic_muted"
    elif len(recording) < 0.8 * expected or not tail.any():
        found = "mic_lost"
    else:
        found = "loud" if level > tone_search.LOUD_DB else "silent"
    return {"do": "found", "found": found, "level_db": level, "snr_db": snr}


def judge_level(recording: Any, expected: int) -> dict[str, Any]:
    """Return the loudness of a recording of `expected` samples, or why it has none: lost, muted or overdriven."""
    from controller.sound import office_level

    level = office_level.level_db(recording, RATE)
    tail = recording[-round(ZERO_S * RATE) :]
    if not recording.any() or (tail.any() and level < office_level.MUTED_DB):
        found = "mic_muted"
    elif len(recording) < 0.8 * expected or not tail.any():
        found = "mic_lost"
    else:
        found = "clipped" if office_level.overdriven(recording) else "level"
    return {"do": "found", "found": found, "level_db": level if found == "level" else None}


def _say(**values: Any) -> None:
    os.write(1, json.dumps(values).encode() + b"\n")


def _record(name: str, seconds: float) -> bytes:
    """Return the samples from the first sound on; fewer when the microphone stops."""
    from pygame._sdl2 import audio

    pieces: list[bytes] = []
    device = audio.AudioDevice(
        name, True, RATE, audio.AUDIO_S16, 1, CHUNK, 0, lambda _, piece: pieces.append(bytes(piece))
    )
    device.pause(0)
    end = time.monotonic() + OPEN_S
    while not pieces and time.monotonic() < end:
        time.sleep(0.02)
    if pieces:
        _say(do="ready")
        time.sleep(seconds)
    device.pause(1)
    return b"".join(pieces)


def main() -> None:
    """List, listen, judge."""
    os.environ["SDL_VIDEODRIVER"], os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "dummy", "1"
    import pygame
    from pygame._sdl2 import audio, sdl2

    wanted, seconds = sys.argv[1], float(sys.argv[2])
    try:
        sdl2.init_subsystem(sdl2.INIT_AUDIO)
        names = list(audio.get_audio_device_names(True))
    except pygame.error:
        names = []
    _say(microphones=names)
    name = choose(wanted, names)
    if seconds and name is None:
        _say(do="found", found="no_microphone")
    elif seconds and name is not None:
        _say(**_listened(name, seconds, pygame.error))
    os._exit(0)  # closing a device that is gone can hang


def _listened(name: str, seconds: float, error: type[Exception]) -> dict[str, Any]:
    import numpy as np

    try:
        raw = _record(name, seconds)
    except error:
        return {"do": "found", "found": "mic_lost"}
    recording = np.frombuffer(raw, "<i2") / 32768
    judged = judge_level if sys.argv[3:] == ["level"] else judge
    return judged(recording, round(seconds * RATE)) | {"microphone": name}


if __name__ == "__main__":
    main()
