"""Put on the path of the player by tests: a decoder that crashes on "crash" files, a mixer that loses the music.

No file is known that crashes the decoder we ship, so the crash is made where the decoder is called; with FAULTY_CRASH
only while that file exists, and then also while such a file plays. The music is lost while the file FAULTY_SILENT
exists.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

if any("controller.sound.player.process" in word for word in sys.orig_argv):
    from controller.sound.player import mixer

    load, volume = mixer.Device.load, mixer.Device.volume
    opened = [""]

    def crash_now():
        """Die as from a fault in native code."""
        switch = os.environ.get("FAULTY_CRASH")
        if "crash" in opened[0] and (switch is None or Path(switch).exists()):
            os.kill(os.getpid(), signal.SIGSEGV)

    def crash(self, path):
        """Load a file, and crash if it is such a one."""
        load(self, path)
        opened[0] = path.name
        crash_now()

    def lose(self, steps):
        """Set the volume, or 0."""
        lost = Path(os.environ.get("FAULTY_SILENT", "/nonexistent")).exists()
        volume(self, steps)
        if lost:
            self._music.set_volume(0.0)

    def crash_soon():
        """Crash within 50 ms of the switch."""
        while True:
            time.sleep(0.05)
            crash_now()

    mixer.Device.load, mixer.Device.volume = crash, lose
    if "FAULTY_CRASH" in os.environ:
        threading.Thread(target=crash_soon, daemon=True).start()
