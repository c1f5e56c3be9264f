"""How loud a sound is (EBU R128) and what a file holds, by PyAV. For child processes only: it costs memory.

`python -m controller.sound.loudness` reads one JSON request per line, {"path": …, "whole": bool}, and answers
each with one line, {"path", "duration_s", "lufs", "peak"} or {"path", "fault": a Chinese sentence}. It ends
with its input. "whole": false reads the header alone: no loudness, but an answer within milliseconds.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.filter

RATE = 44100
SILENT = -70.0
"""EBU R128's absolute gate in LUFS: what is below it counts as silence."""
OPENS = {
    "format_whitelist": "aac,aiff,amr,amrnb,amrwb,caf,flac,matroska,webm,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,"
    "mov,mp4,m4a,3gp,3g2,mj2,mp3,ogg,wav",
    "protocol_whitelist": "file",
}
"""Only these: a playlist or a «concat» file in disguise would make FFmpeg open whatever it names."""
_ENDS = (av.error.BlockingIOError, av.error.EOFError)


class Unreadable(Exception):  # noqa: N818 - the file is unreadable
    """A file is not a sound that can be played; str() is a Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """lufs: integrated, gated (ITU-R BS.1770-4); SILENT when nothing passes. peak: true peak in dBTP."""

    lufs: float
    peak: float
    duration_s: float


def of_frames(frames: Iterable[Any], *, peaks: bool = True) -> Loudness:
    """Loudness of PyAV audio frames of one format. A mono signal is measured as from two speakers.

    Without `peaks` it takes a quarter of the time and `peak` is −inf.
    """
    meter = _Meter(peaks)
    for frame in frames:
        meter.push(frame)
    return meter.result()


class _Meter:
    def __init__(self, peaks: bool) -> None:
        self._options = "metadata=1" + (":peak=true" if peaks else "")
        self._graph: Any = None
        self._seen: dict[str, str] = {}
        self._seconds = 0.0

    def push(self, frame: Any) -> None:
        if self._graph is None:
            self._graph = _graph(frame, self._options)
        self._seconds += frame.samples / frame.sample_rate
        frame.pts = None
        self._graph.push(frame)
        self._pull()

    def _pull(self) -> None:
        while True:
            try:
                self._seen = dict(self._graph.pull().metadata) or self._seen
            except _ENDS:
                return

    def result(self) -> Loudness:
        if self._graph is not None:
            self._graph.push(None)
            self._pull()
        lufs = float(self._seen.get("lavfi.r128.I", SILENT))
        peak = float(self._seen.get("lavfi.r128.true_peak", 0.0))
        return Loudness(
            SILENT if math.isnan(lufs) else max(lufs, SILENT),
            20 * math.log10(peak) if peak > 0 else -math.inf,
            self._seconds,
        )


def _graph(frame: Any, options: str) -> Any:
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=frame.sample_rate, format=frame.format.name, layout=frame.layout.name
    )
    mono = ":dualmono=true" if frame.layout.nb_channels == 1 else ""
    meter = graph.add("ebur128", options + mono)
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    return graph


def frames_of(path: Path) -> Iterator[Any]:
    """The decoded frames of the first sound in `path`, as stereo float at 44,100 Hz. Raises Unreadable.

    A damaged stretch is passed over, as the player does; a file without one good frame is unreadable.
    """
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
    found = False
    try:
        with av.open(str(path), options=dict(OPENS), metadata_errors="replace") as container:
            for packet in container.demux(_stream(container)):
                for frame in decoded(packet):
                    found = True
                    yield from resampler.resample(frame)
            yield from resampler.resample(None) if found else ()
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise Unreadable(_why(error)) from error
    if not found:
        raise Unreadable("里面没有声音")


def decoded(packet: Any) -> list[Any]:
    """The frames of a packet; none of a damaged one."""
    try:
        return list(packet.decode())
    except av.error.InvalidDataError:
        return []


def _stream(container: Any) -> Any:
    if not container.streams.audio:
        raise Unreadable("里面没有声音")
    return container.streams.audio[0]


def _why(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "没有读取权限"
    if isinstance(error, FileNotFoundError):
        return "文件不见了"
    return "文件已损坏，或者不是声音文件"


def header(path: Path) -> float:
    """Seconds that the file says it lasts, without decoding it. Raises Unreadable."""
    try:
        with av.open(str(path), options=dict(OPENS), metadata_errors="replace") as container:
            stream = _stream(container)
            if stream.duration is not None:
                return float(stream.duration * stream.time_base)
            return (container.duration or 0) / 1_000_000
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise Unreadable(_why(error)) from error


def of_file(path: Path) -> Loudness:
    """Loudness and true length of a whole file. Raises Unreadable, also for one that holds no sample."""
    found = of_frames(frames_of(path))
    if found.duration_s <= 0:
        raise Unreadable("里面没有声音")
    return found


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    path = Path(request["path"])
    try:
        if not request.get("whole"):
            return {"path": str(path), "duration_s": header(path)}
        found = of_file(path)
    except Unreadable as fault:
        return {"path": str(path), "fault": str(fault)}
    return {
        "path": str(path),
        "duration_s": found.duration_s,
        "lufs": found.lufs,
        "peak": max(found.peak, -99),
    }


def main() -> None:
    """Answer requests until the input ends."""
    if os.environ.get("ZHANGU_NICE"):
        os.nice(int(os.environ["ZHANGU_NICE"]))  # measuring may never make the music stutter
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
