"""The player and the mixer's thread never wait for each other: pygame's own pause does, when a sound ends just then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from recording import tone, write_wav

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60.0
"""Far more than a busy machine needs: without the remedy it never ends, and that within the first second (measured)."""
HOLDS = """
import os, sys, time
from pathlib import Path
from controller.sound.player.mixer import Device, pygame

device = Device()
pygame.mixer.set_num_channels(12)
ending = [pygame.mixer.Channel(number) for number in range(4, 12)]
for channel in ending:
    channel.set_endevent(0x8000 + 5000)
short = pygame.mixer.Sound(buffer=bytes(64))
device.load(Path(sys.argv[1]))
end = time.monotonic() + 4
while time.monotonic() < end:
    for channel in ending:
        if not channel.get_busy():
            channel.play(short)
    until = time.monotonic() + 0.002
    while time.monotonic() < until:
        device.play(0.0, held=True)
        device.release()
    pygame.event.clear()
    time.sleep(0.0003)
print("went on", flush=True)
os._exit(0)
"""


@pytest.mark.signal
def test_music_is_held_and_released_while_sounds_end(tmp_path: Path) -> None:
    """Music is prepared and released again and again, over sounds that end all the time."""
    env = os.environ | {"SDL_AUDIODRIVER": "dummy", "PYTHONPATH": str(ROOT)}
    music = write_wav(tmp_path / "music.wav", tone(5))
    done = subprocess.run(
        [sys.executable, "-c", HOLDS, str(music)], env=env, capture_output=True, text=True, timeout=LIMIT_S
    )
    assert done.stdout == "went on\n", done.stderr
