"""Loudness of a sound (EBU R128), and the frames of a file as the player plays them. For child processes only."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.filter

from controller.sound.file_kinds import BROKEN, FILM, NO_SOUND
from controller.system.os_errors import is_the_machines, reason, remedy

RATE = 44100
SILENT = -70.0
"""EBU R128's absolute gate in LUFS: anything below counts as silence."""
OPENS = {
    "format_whitelist": "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,caf,dts,eac3,flac,flv,matroska,webm,"
    "mov,mp4,m4a,3gp,3g2,mj2,mp3,ogg,tta,w64,wav,wv",
    "protocol_whitelist": "file",
}
"""Allowed containers: a disguised playlist or «concat» file would make FFmpeg open any file it names."""
REST_DB, REST_S = -60, 1.0
"""Sound that stays below that level (dBFS) for this many seconds is silence, not music."""
COVERS = 5
"""Pictures that a sound file may contain as a video stream; more make it a film."""
_ENDS = (av.error.BlockingIOError, av.error.EOFError)


class Unreadable(Exception):  # noqa: N818 - the file's condition
    """A file is not playable sound; str() is a Chinese sentence without its full stop."""


class Hindered(Exception):  # noqa: N818 - the machine's condition
    """The machine, not the file, is at fault: permission, memory or disk. str() is the system's reason."""

    def __init__(self, error: OSError) -> None:
        super().__init__(reason(error))
        self.remedy = remedy(error)


@contextlib.contextmanager
def judged(sentence: str = BROKEN) -> Iterator[None]:
    """Convert errors of FFmpeg and the system to Unreadable with `sentence`, or to Hindered."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError) as error:
        fault = OSError(getattr(error, "errno", None), "")  # FFmpeg's errors carry the system's numbers
        if is_the_machines(fault):
            raise Hindered(fault) from error
        raise Unreadable(sentence) from error


def opened(path: Path) -> Any:
    """Open the file as PyAV's container with at least one sound in it. Raises Unreadable, Hindered."""
    with judged():
        container = av.open(str(path), options=dict(OPENS), metadata_errors="replace")
    try:
        if any(_moves(stream, path) for stream in container.streams.video):
            raise Unreadable(FILM)
        if not container.streams.audio:
            raise Unreadable(NO_SOUND)
    except BaseException:
        container.close()
        raise
    return container


def _moves(stream: Any, path: Path) -> bool:
    """Return whether a video stream is a film; a cover is a stream too, in some files not marked as one."""
    if stream.disposition & av.stream.Disposition.attached_pic:
        return False
    if stream.frames:
        return bool(stream.frames > COVERS)
    with judged(), av.open(str(path), options=dict(OPENS), metadata_errors="replace") as again:
        packets = (packet for packet in again.demux(again.streams[stream.index]) if packet.size)
        return sum(1 for _ in itertools.islice(packets, COVERS + 1)) > COVERS


class Stereo:
    """Converts frames to stereo float at one rate, as loud on each side as the player makes them.

    A mono signal is played on both sides at full level. The format may change midway. `formats` counts them.
    """

    def __init__(self, rate: int = RATE) -> None:
        self._rate = rate
        self._format: tuple[str, str, int] | None = None
        self._graph: Any = None
        self.formats = 0

    def push(self, frame: Any) -> Iterator[Any]:
        """Return the next frames; None flushes."""
        if frame is not None and not frame.samples:
            return
        format = None if frame is None else (frame.format.name, frame.layout.name, frame.sample_rate)
        if format != self._format:
            if self._graph is not None:
                self._graph.push(None)
                yield from pulled(self._graph)
            self._format, self._graph = format, None if format is None else self._built(*format)
            self.formats += format is not None
        if frame is not None:
            frame.pts = None
            self._graph.push(frame)
            yield from pulled(self._graph)

    def _built(self, format: str, layout: str, rate: int) -> Any:
        graph = av.filter.Graph()
        nodes = [graph.add_abuffer(sample_rate=rate, format=format, layout=layout)]
        if av.AudioLayout(layout).nb_channels == 1:
            nodes.append(graph.add("pan", "stereo|c0=c0|c1=c0"))
        wanted = f"sample_fmts=fltp:channel_layouts=stereo:sample_rates={self._rate}"
        nodes += [graph.add("aformat", wanted), graph.add("abuffersink")]
        graph.link_nodes(*nodes).configure()
        return graph


def pulled(graph: Any) -> Iterator[Any]:
    """Yield the frames that a filter graph has ready."""
    while True:
        try:
            yield graph.pull()
        except _ENDS:
            return


@dataclass(frozen=True, slots=True)
class Loudness:
    """lufs: integrated, gated (ITU-R BS.1770-4); SILENT when nothing passes the gate. peak: in dBTP.

    begin_s, end_s: start of the first sound and end of the last; pauses under REST_S s count as sound.
    """

    lufs: float
    peak: float
    duration_s: float
    begin_s: float = 0.0
    end_s: float = 0.0


def of_frames(frames: Iterable[Any], *, peaks: bool = True) -> Loudness:
    """Return the loudness of PyAV audio frames of one format. A mono signal is measured as from two speakers.

    Without `peaks` it takes a quarter of the time and `peak` is the sample peak.
    """
    meter = Meter(peaks=peaks)
    for frame in frames:
        meter.push(frame)
    return meter.result()


class Meter:
    """A loudness meter for frames of one format as they pass; also finds where the sound starts and ends."""

    def __init__(self, *, peaks: bool) -> None:
        self._peak = "true" if peaks else "sample"
        self._graph: Any = None
        self._seen: dict[str, str] = {}
        self._samples, self._seconds = 0, 0.0
        self._rests: list[list[float]] = []

    def push(self, frame: Any) -> None:
        """Measure a frame."""
        if self._graph is None:
            self._graph = self._built(frame)
        frame.pts, frame.time_base = self._samples, Fraction(1, frame.sample_rate)
        self._samples += frame.samples
        self._seconds = self._samples / frame.sample_rate
        self._graph.push(frame)
        self._pull()

    def _pull(self) -> None:
        for frame in pulled(self._graph):
            metadata = dict(frame.metadata)
            if "lavfi.r128.I" in metadata:  # a last frame under 100 ms may carry only silence data
                self._seen = metadata
            if "lavfi.silence_start" in metadata:
                self._rests.append([float(metadata["lavfi.silence_start"]), math.inf])
            if "lavfi.silence_end" in metadata and self._rests:
                self._rests[-1][1] = float(metadata["lavfi.silence_end"])

    def result(self) -> Loudness:
        """Return the measurement."""
        if self._graph is not None:
            self._graph.push(None)
            self._pull()
        lufs = float(self._seen.get("lavfi.r128.I", SILENT))
        peaks = [
            float(value)
            for key, value in self._seen.items()
            if key.startswith(f"lavfi.r128.{self._peak}_peak")
        ]
        peak = max(peaks, default=0.0)
        begin = self._rests[0][1] if self._rests and self._rests[0][0] < 0.1 else 0.0
        end = (
            self._rests[-1][0] if self._rests and self._rests[-1][1] > self._seconds - 0.1 else self._seconds
        )
        return Loudness(
            SILENT if math.isnan(lufs) else max(lufs, SILENT),
            20 * math.log10(peak) if peak > 0 else -math.inf,
            self._seconds,
            min(begin, self._seconds),
            end if begin < end else self._seconds,
        )

    def _built(self, frame: Any) -> Any:
        graph = av.filter.Graph()
        mono = ":dualmono=true" if frame.layout.nb_channels == 1 else ""
        graph.link_nodes(
            graph.add_abuffer(
                sample_rate=frame.sample_rate, format=frame.format.name, layout=frame.layout.name
            ),
            # in this sequence: the meter joins short frames and would drop the data of silencedetect
            graph.add("ebur128", f"metadata=1:peak={self._peak}{mono}"),
            graph.add("silencedetect", f"noise={REST_DB}dB:duration={REST_S}"),
            graph.add("abuffersink"),
        ).configure()
        return graph


def frames_of(path: Path) -> Iterator[Any]:
    """Yield the decoded frames of the first sound in `path`, as stereo float at 44,100 Hz. Raises Unreadable, Hindered.

    Skips damaged parts, as the player does; a file without one good frame is unreadable.
    """
    with opened(path) as container:
        yield from stereo(container, Stereo())


def stereo(container: Any, into: Stereo) -> Iterator[Any]:
    """Yield the frames of a container's first sound, converted by `into`. Raises Unreadable, Hindered."""
    with judged():
        for packet in container.demux(container.streams.audio[0]):
            for frame in decoded(packet):
                yield from into.push(frame)
        yield from into.push(None)
    if not into.formats:
        raise Unreadable(NO_SOUND)


def decoded(packet: Any) -> list[Any]:
    """Return the frames of a packet; none if it is damaged."""
    try:
        return list(packet.decode())
    except av.error.InvalidDataError:
        return []


def of_file(path: Path) -> Loudness:
    """Return the loudness and true length of a whole file. Raises Unreadable, Hindered."""
    loudness = of_frames(frames_of(path))
    if loudness.duration_s <= 0:
        raise Unreadable(NO_SOUND)
    return loudness
