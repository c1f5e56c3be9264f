"""Put on the path of a voice child by `slowvoice`: the real engine, whose recordings arrive late.

A machine of another speed, however busy this one is: each recording is rendered by the real model (once, then
kept) and handed over when PACE × its duration has passed since the request. BENCH_PACE: a file with the pace;
BENCH_KEPT: folder of recordings.
"""

import hashlib
import os
import threading
import time
from pathlib import Path

if "BENCH_PACE" in os.environ:
    from controller.sound.child import LEAST_SHARE
    from controller.sound.tts import kokoro
    from controller.sound.tts.engines import Cancelled
    from controller.sound.tts.script import PLAIN, Recording

    render, cancel = kokoro.Kokoro.render, kokoro.Kokoro.cancel
    cancelled = threading.Event()

    def late(self, text, delivery=PLAIN):
        """Render as the real engine does, and wait."""
        began = time.monotonic()
        cancelled.clear()
        name = hashlib.sha256(f"{text} {delivery}".encode()).hexdigest()
        kept = Path(os.environ["BENCH_KEPT"], name)
        if not kept.exists():
            part = kept.with_suffix(f".{os.getpid()}")
            part.write_bytes(render(self, text, delivery).pcm)
            part.replace(kept)
        recording = Recording(kept.read_bytes(), kokoro.RATE)
        pace = float(Path(os.environ["BENCH_PACE"]).read_text())
        while (left := began + pace * recording.seconds() - time.monotonic()) > 0:
            if cancelled.wait(min(0.1, left)):
                raise Cancelled
            busy = time.process_time() + 0.1 * LEAST_SHARE * 1.5
            while time.process_time() < busy:  # a child that uses no processor counts as hung
                pass
        return recording

    def stop(self):
        """Interrupt the waiting too."""
        cancelled.set()
        cancel(self)

    kokoro.Kokoro.render, kokoro.Kokoro.cancel = late, stop
