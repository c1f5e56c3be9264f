"""The tone of the speaker test: six short bursts on four pitches, quiet, and like nothing an office plays. Pure."""

from __future__ import annotations

import math
import wave
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.system import atomic_file

PEAK_DB: Final = -34.0
"""dBFS. By calculation -34 LUFS while a burst lasts: 16 dB below speech, 11 dB below music."""
RATE: Final = 44100
BURST_S, GAP_S, EDGE_S = 0.22, 0.08, 0.02
PITCHES_HZ: Final = (1187.0, 1493.0, 1879.0, 2366.0)
"""Every loudspeaker and microphone is good at these; they are between the notes of any tuning."""
MELODY: Final = (0, 2, 1, 3, 0, 2)


@dataclass(frozen=True, slots=True)
class Burst:
    """One burst: its start in the tone, and its pitch."""

    start_s: float
    hz: float


BURSTS: Final = tuple(Burst(n * (BURST_S + GAP_S), PITCHES_HZ[pitch]) for n, pitch in enumerate(MELODY))
LENGTH_S: Final = len(BURSTS) * (BURST_S + GAP_S)


def samples(rate: int = RATE, peak_db: float = PEAK_DB) -> array[int]:
    """Return the tone, 16 bit, one channel."""
    peak, sound = 32767 * 10 ** (peak_db / 20), array("h")
    for burst in BURSTS:
        for n in range(round(BURST_S * rate)):
            t = n / rate
            edge = min(1.0, t / EDGE_S, (BURST_S - t) / EDGE_S)
            level = peak * 0.5 * (1 - math.cos(math.pi * max(0.0, edge)))
            sound.append(round(level * math.sin(2 * math.pi * burst.hz * t)))
        sound.extend([0] * round(GAP_S * rate))
    return sound


def write(path: Path) -> None:
    """Write the tone as a stereo file, unless it is there. Raises OSError."""
    if path.exists():
        return
    mono = samples()
    stereo = array("h", bytes(4 * len(mono)))
    stereo[0::2] = stereo[1::2] = mono
    fresh = path.with_suffix(".new")
    with wave.open(str(fresh), "wb") as file:
        file.setparams((2, 2, RATE, len(mono), "NONE", ""))
        file.writeframes(stereo.tobytes())
    atomic_file.rewrite(path, fresh.read_bytes())
    fresh.unlink(missing_ok=True)
