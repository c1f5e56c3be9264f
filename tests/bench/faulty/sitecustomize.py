"""Put on the path of the player by tests: a decoder that crashes on "crash" files, a mixer that loses the music.

No file is known that crashes the decoder we ship, so the crash is made where the decoder is called. The music is lost
while the file FAULTY_SILENT exists.
"""

import os
import signal
import sys
from pathlib import Path

if any("controller.sound.player.process" in word for word in sys.orig_argv):
    from controller.sound.player import mixer

    load, volume = mixer.Device.load, mixer.Device.volume

    def crash(self, path):
        """Die as from a fault in native code."""
        load(self, path)
        if "crash" in path.name:
            os.kill(os.getpid(), signal.SIGSEGV)

    def lose(self, steps):
        """Set the volume, or 0."""
        lost = Path(os.environ.get("FAULTY_SILENT", "/nonexistent")).exists()
        volume(self, steps)
        if lost:
            self._music.set_volume(0.0)

    mixer.Device.load, mixer.Device.volume = crash, lose
