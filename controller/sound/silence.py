"""Say whether a file is silent at a place: a child, because it decodes.

`python -m controller.sound.silence FILE SECONDS` exits 0 when it is silent for the next two seconds or cannot be
decoded, 1 when it is not.
"""

from __future__ import annotations

import sys
from pathlib import Path

from controller.sound.player.level import SILENT

LOOK_S, SKIP_S = 2.0, 0.3


def is_silent(path: Path, position_s: float) -> bool:
    """Return whether no sample from shortly after that second on is louder than silence.

    Without numpy, whose import takes longer than all the rest.
    """
    import av

    begin, end = position_s + SKIP_S, position_s + SKIP_S + LOOK_S
    with av.open(str(path)) as source:
        stream = source.streams.audio[0]
        source.seek(int(max(0.0, begin) * 1_000_000))
        resampler = av.AudioResampler("s16", "mono", stream.rate)
        for frame in source.decode(stream):
            if frame.time is None or frame.time < begin:
                continue
            if frame.time > end:
                break
            for piece in resampler.resample(frame):
                samples = memoryview(piece.planes[0]).cast("B")[: 2 * piece.samples].cast("h")
                if max(samples, default=0) > SILENT or min(samples, default=0) < -SILENT:
                    return False
    return True


if __name__ == "__main__":
    sys.exit(not is_silent(Path(sys.argv[1]), float(sys.argv[2])))
