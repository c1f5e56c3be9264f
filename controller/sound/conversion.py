"""Decide whether the player can play a file unchanged, and convert it if not. For child processes only.

`python -m controller.sound.conversion` reads one JSON request per line, {"path", "whole": bool, "target", "again"}, and
answers each with one line: {"path", "duration_s", "lufs", "peak", "made", "ready"}, {"path", "fault": a Chinese
sentence} if it is not music, or {"path", "hindered": the system's reason}. It exits when its input ends. "whole": false
reads only the header: no loudness, but an answer within milliseconds. During a long file it sends
{"progress": seconds}.

The player, SDL_mixer, decides, not FFmpeg's abilities. It takes a file's kind from its suffix, knows MP3,
Vorbis, Opus, FLAC and plain WAV with one or two channels, and starts at the first byte. Everything else, and music
with long silence at an end, is converted to stereo Opus. Memory use is small for files of any length.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.filter

from controller.sound import file_kinds
from controller.sound.loudness import (
    Hindered,
    Loudness,
    Meter,
    Stereo,
    Unreadable,
    judged,
    opened,
    pulled,
    stereo,
)
from controller.system.atomic_file import publish

MEMORY = 1_200_000_000
"""Bytes of address space; the libraries alone map 400 MB."""
LONGEST_REST_S = 2.5
"""Longer silence at an end of a track is cut to LEFT_S: two such tracks in a row would be seconds of dead air."""
LEFT_S = 0.5
OPUS_RATE, OPUS_FRAME, OPUS_BITS = 48000, 960, 128_000
SOFT_LUFS, FULL_DB = -20.0, -1.5
"""A conversion softer than this is raised to it, as far as its peaks allow: the player can only lower."""
GOING_S = 5.0

_ENDINGS = {
    "vorbis": frozenset({".ogg", ".oga"}), "opus": frozenset({".opus", ".oga"}), "mp3": frozenset({".mp3"}),
    "flac": frozenset({".flac"}), "wav": frozenset({".wav"}),
}  # fmt: skip
_WAV = frozenset({"pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le"})
MISSING_S, MISSING = 5.0, 0.05
"""A file is cut off when more than this, in seconds and as a share, is missing of the length in its header."""
STREAMED = 0xFFFFFFF0
"""Programs that write a WAV to a pipe leave a size like this in its header."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Contents of a file. kind: a key of _ENDINGS when the player can play it under such a suffix, else None.

    begin_s, end_s: the part to play. header_s: the length in the header of a file whose end is missing, else 0.
    """

    kind: str | None
    loud: Loudness
    begin_s: float
    end_s: float
    header_s: float = 0.0

    @property
    def trimmed(self) -> bool:
        """Return whether silence is to be cut at an end."""
        return self.begin_s > 0 or self.end_s < self.loud.duration_s

    def fits(self, ending: str) -> bool:
        """Return whether the player plays the file unchanged, under a name with that suffix."""
        return self.kind is not None and ending.lower() in _ENDINGS[self.kind] and not self.trimmed


def ending_of(kind: str) -> str:
    """Return the suffix under which the player knows a kind."""
    return f".{'ogg' if kind == 'vorbis' else kind}"


def examine(
    path: Path, *, peaks: bool = True, progress: Callable[[float], None] = lambda seconds: None
) -> Contents:
    """Read a whole file. Raises Unreadable, also for one without sound, and Hindered."""
    into, meter = Stereo(), Meter(peaks=peaks)
    with opened(path) as container:
        kind = kind_of(path, container)
        promised = _promised(path, container)
        seconds = 0.0
        for frame in stereo(container, into):
            meter.push(frame)
            seconds += frame.samples / frame.sample_rate
            progress(seconds)
    loud = meter.result()
    if loud.duration_s <= 0:
        raise Unreadable(file_kinds.NO_SOUND)
    begin = loud.begin_s - LEFT_S if LONGEST_REST_S < loud.begin_s < loud.duration_s else 0.0
    end = loud.duration_s
    if loud.duration_s - loud.end_s > LONGEST_REST_S:
        end = loud.end_s + LEFT_S
    missing = promised - loud.duration_s > max(MISSING_S, promised * MISSING)
    return Contents(kind if into.formats == 1 else None, loud, begin, end, promised if missing else 0.0)


def _promised(path: Path, container: Any) -> float:
    """Return the length that the header promises (s), 0 when unknown: a download that stopped keeps its header.

    FFmpeg opens a WAV that is cut off with the length of the rest; its header still has the size of the whole.
    """
    stream = container.streams.audio[0]
    seconds = 0.0 if stream.duration is None else float(stream.duration * stream.time_base)
    with judged(), path.open("rb") as file:
        head, size = file.read(8), path.stat().st_size
    whole = int.from_bytes(head[4:8], "little") + 8
    if head.startswith(b"RIFF") and size < whole < STREAMED:
        return seconds * whole / size
    return seconds


def kind_of(path: Path, container: Any) -> str | None:
    """Return the kind that the player would detect, None when it could not play the file correctly."""
    stream = container.streams.audio[0]
    code, channels = stream.codec_context, stream.codec_context.layout.nb_channels
    with judged(), path.open("rb") as file:
        head = file.read(file_kinds.HEAD)
        name = str(container.format.name)
        if not 1 <= channels <= 2:
            return None
        if name == "mp3" and code.name.startswith("mp3"):
            return "mp3" if _begins_with_mp3(file, head) else None
        if name == "flac":
            return "flac" if head.startswith(b"fLaC") else None
        if name == "wav":
            return "wav" if head.startswith(b"RIFF") and code.name in _WAV else None
        if name == "ogg" and len(container.streams) == 1:
            return _kind_of_ogg(code.name, bytes(code.extradata or b""))
    return None


def _kind_of_ogg(codec: str, setup: bytes) -> str | None:
    if codec == "vorbis":
        return "vorbis"
    return "opus" if "opus" in codec and setup[18:19] in (b"\x00", b"\x01") else None


def _begins_with_mp3(file: Any, head: bytes) -> bool:
    """Return whether sound starts at once, or right after the tags: the player does not search for it."""
    at = 0
    while head[:3] == b"ID3" and len(head) >= 10:
        at += 10 + sum(part << 7 * (3 - place) for place, part in enumerate(head[6:10]))
        file.seek(at)
        head = file.read(16)
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0


def convert(
    source: Path, target: Path, contents: Contents, progress: Callable[[float], None] = lambda seconds: None
) -> Contents:
    """Write the part to play as Opus; return its contents. Raises Unreadable, Hindered."""
    gain = max(0.0, min(SOFT_LUFS - contents.loud.lufs, FULL_DB - contents.loud.peak))
    length = contents.end_s - contents.begin_s
    written = 0.0
    with (
        opened(source) as container,
        judged(),
        av.open(str(target), "w", format="ogg", options=_PAGES) as out,
    ):
        stream = out.add_stream("libopus", rate=OPUS_RATE, layout="stereo")
        stream.bit_rate = OPUS_BITS
        for piece in _cut(stereo(container, Stereo(OPUS_RATE)), contents.begin_s, contents.end_s, gain):
            written += piece.samples / OPUS_RATE
            progress(written)
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    if abs(written - length) > 1.0:
        raise Unreadable(file_kinds.BROKEN)
    loud = replace(
        contents.loud, lufs=contents.loud.lufs + gain, peak=contents.loud.peak + gain, duration_s=written
    )
    return Contents("opus", loud, 0.0, written)


_PAGES = {"page_duration": "200000"}
"""Microseconds; SDL cannot seek everywhere in a file with long pages."""


def _cut(frames: Iterable[Any], begin_s: float, end_s: float, gain_db: float) -> Iterator[Any]:
    """Yield Opus frames of the sound between two moments."""
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_abuffer(sample_rate=OPUS_RATE, format="fltp", layout="stereo"),
        graph.add(
            "atrim", f"start_sample={round(begin_s * OPUS_RATE)}:end_sample={round(end_s * OPUS_RATE)}"
        ),
        graph.add("asetpts", "N"),
        graph.add("volume", f"{gain_db:.2f}dB"),
        graph.add("aformat", "sample_fmts=flt"),
        graph.add("asetnsamples", f"n={OPUS_FRAME}:p=0"),
        graph.add("abuffersink"),
    ).configure()
    at = 0
    for frame in frames:
        frame.pts, frame.time_base = at, Fraction(1, OPUS_RATE)
        at += frame.samples
        graph.push(frame)
        yield from pulled(graph)
        if at > end_s * OPUS_RATE:
            break
    graph.push(None)
    yield from pulled(graph)


def header(path: Path) -> tuple[float, bool]:
    """Return the length in the header (s), and whether the player seems able to play it. Raises like `examine`."""
    with opened(path) as container:
        stream, kind = container.streams.audio[0], kind_of(path, container)
        fits = kind is not None and path.suffix.lower() in _ENDINGS[kind]
        if stream.duration is not None:
            return float(stream.duration * stream.time_base), fits
        return (container.duration or 0) / 1_000_000, fits


# ---- the child process


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    path = Path(request["path"])
    answer: dict[str, Any] = {"path": str(path)}
    try:
        with path.open("rb") as file:
            misfit = file_kinds.misfit(path.name, file.read(file_kinds.HEAD))
        if misfit is not None:
            return answer | {"fault": misfit}
        if not request.get("whole"):
            seconds, fits = header(path)
            return answer | {"duration_s": seconds if fits else 0.0, "ready": fits}
        return answer | _measured(path, request.get("target"), bool(request.get("again")))
    except Unreadable as fault:
        return answer | {"fault": str(fault)}
    except Hindered as why:
        return answer | {"hindered": str(why)}
    except (OSError, MemoryError) as error:
        return answer | {"hindered": getattr(error, "strerror", None) or "内存不够"}


def _measured(path: Path, target: str | None, again: bool) -> dict[str, Any]:
    progress = _Progress()
    contents = examine(path, progress=progress)
    fits, header_s = contents.fits(path.suffix) and not again, contents.header_s
    if not fits and target is not None:
        part = Path(f"{target}.{os.getpid()}.part")
        try:
            contents = convert(path, part, contents, progress)
            publish(part, Path(target))
        finally:
            part.unlink(missing_ok=True)
    return {
        "duration_s": contents.loud.duration_s,
        "header_s": header_s,
        "lufs": contents.loud.lufs,
        "peak": max(contents.loud.peak, -99),
        "made": not fits and target is not None,
        "ready": fits or target is not None,
    }


class _Progress:
    """Report progress now and then: a child that is silent for long counts as hung."""

    def __init__(self) -> None:
        self._at = time.monotonic()

    def __call__(self, seconds: float) -> None:
        if time.monotonic() - self._at > GOING_S:
            self._at = time.monotonic()
            _send({"progress": round(seconds)})


def _send(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Answer requests until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if os.environ.get("ZHANGU_NICE"):
        os.nice(int(os.environ["ZHANGU_NICE"]))  # measuring must not make the music stutter
    for line in sys.stdin:
        _send(_answer(json.loads(line)))


if __name__ == "__main__":
    main()
