"""Convert uploaded photos, voice clips, music and tables to our own files. For the upload child only.

Pillow, not FFmpeg, for photos: it scales a JPEG of 200 megapixels while decoding, and knows CMYK and all orientations.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from controller.sound import conversion, file_kinds, loudness
from controller.sound.file_kinds import NO_PICTURE, NO_SOUND, SMALLER
from controller.sound.loudness import Hindered, Stereo, Unreadable
from controller.sound.tts import levels, mixdown
from controller.sound.tts.levels import RATE, Samples
from controller.system.os_errors import is_the_machines, reason, remedy

SIDE = 512
FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = {"JPEG": 300_000_000, "progressive": 120_000_000, "else": 60_000_000}
"""Limits in pixels: a plain JPEG is scaled while decoding, a progressive one takes 3 bytes a pixel, others 4."""
QUALITY = 88
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""The rotation that turns a picture upright, by its EXIF orientation."""

Image.MAX_IMAGE_PIXELS = None  # our own limits are stricter where it matters


def shrink(source: Path, target: Path) -> dict[str, Any]:
    """Decode, turn upright, scale to at most 512 × 512 and write a JPEG. Raises Unreadable.

    Only pixels are copied: place, time and other metadata are dropped.
    """
    small = _read(source)
    small.save(target, "JPEG", quality=QUALITY)
    return {"width": small.width, "height": small.height}


def _read(source: Path) -> Image.Image:
    try:
        with Image.open(source, formats=FORMATS) as image:
            _check(image)
            scale = min(1.0, SIDE / max(image.size))
            size = [max(2, 2 * round(side * scale / 2)) for side in image.size]
            image.draft(None, (2 * SIDE, 2 * SIDE))
            image.load()
            turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
            flat = _flat(image.resize((size[0], size[1]), Image.Resampling.LANCZOS, reducing_gap=2.0))
            return flat if turn is None else flat.transpose(turn)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        if isinstance(error, OSError) and is_the_machines(error):
            raise
        raise Unreadable(NO_PICTURE) from error


def _check(image: Image.Image) -> None:
    kind = "JPEG" if image.format in ("JPEG", "MPO") else "else"
    if kind == "JPEG" and (image.info.get("progressive") or image.info.get("progression")):
        kind = "progressive"
    if image.width * image.height > MOST_PIXELS[kind]:
        raise Unreadable(f"照片太大：{image.width}×{image.height}。{SMALLER}")


def _flat(image: Image.Image) -> Image.Image:
    """Convert to RGB, with transparent parts white."""
    if image.mode.startswith("I"):  # 16-bit grey
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.new("RGB", layer.size, "white")
        image.paste(layer, mask=layer.getchannel("A"))
    return Image.merge("RGB", image.convert("RGB").split())  # drops metadata


# --- Sound: voice clips, victory songs, tracks

MEMORY = 1_200_000_000
"""Bytes of address space; the libraries alone map 500 MB, a minute of speech needs another 250."""
CPU_S = {"track": 900}
CPU_ELSE_S = 120
SPEECH_S, SONG_S, TRACK_S = 60.0, 10.0, 3600.0
FADE_S = 0.6  # where a song is cut
LEAST_S, LEAST_TRACK_S = 0.3, 1.0
FADE_IN_S = 0.08
STEP_S = 0.5  # of the search for a refrain
STEP = round(STEP_S * RATE)
SEARCHED_S = 300.0
NEARLY = 0.8  # of the loudest power, about 1 dB: an earlier passage this loud is taken
EQUAL = 0.98  # of the loudest power within a passage: smaller differences do not move its start
SPEECH_LUFS = -18.0
CEILING_DB = -1.5
"""dBTP. The mixdown limits to −1.3: clips made here pass it unchanged."""
SILENT_LUFS = -55.0
FRAME, KEEP = RATE // 50, 5  # 20 ms; frames kept at both ends: a word begins softly
BLOCK = 5 * RATE
AROUND = RATE // 50  # 20 ms: more than the limiter's window


@dataclass(frozen=True, slots=True)
class _Rules:
    longest_s: float
    cut: bool  # cut a longer file, else refuse it


SPEECH = _Rules(SPEECH_S, cut=False)
SONG = _Rules(SONG_S, cut=True)


def speech(source: Path, target: Path) -> dict[str, Any]:
    """Convert a voice clip to WAV: trimmed, −18 LUFS, under −1 dBTP. Raises Unreadable."""
    return _clip(source, target, SPEECH)


def song(source: Path, target: Path) -> dict[str, Any]:
    """Convert the loudest ten seconds of a song (the refrain) to WAV: faded where cut, at the level of speech."""
    return _clip(source, target, SONG, refrain(_powers(source)))


def refrain(power: Sequence[float]) -> float:
    """Return the second at which the loudest SONG_S begin; among nearly equal ones the first.

    `power`: the mean power of each STEP_S.
    """
    width = round(SONG_S / STEP_S)
    if len(power) <= width:
        return 0.0
    windows = np.convolve(power, np.ones(width), "valid")
    loud = windows >= windows.max() * NEARLY
    begin = int(loud.argmax())
    end = begin + int((~loud[begin:]).argmax()) if not loud[begin:].all() else loud.size
    stretch = windows[
        begin:end
    ]  # the first loud window may still overlap the verse: take the loudest in the passage
    return (begin + int((stretch >= stretch.max() * EQUAL).argmax())) * STEP_S


def _powers(source: Path) -> list[float]:
    """Return the mean power of each STEP_S of a file's first SEARCHED_S.

    Keeps only sums: five minutes of samples would need more memory than a Pi can spare.
    """
    power: list[float] = []
    rest = np.zeros(0, np.float32)
    with loudness.opened(source) as container:
        for frame in loudness.stereo(container, Stereo()):
            rest = np.concatenate([rest, np.square(np.asarray(frame.to_ndarray(), np.float32)).mean(axis=0)])
            while rest.size >= STEP:
                power.append(float(np.nan_to_num(rest[:STEP]).mean()))
                rest = rest[STEP:]
            if len(power) * STEP_S >= SEARCHED_S:
                break
    return power


def _clip(source: Path, target: Path, rules: _Rules, begin_s: float = 0.0) -> dict[str, Any]:
    sound = _decoded(source, rules, begin_s)
    sound = spoken(sound) if rules is SPEECH else levels.trimmed(sound, -50.0)
    if sound.shape[1] < LEAST_S * RATE or levels.integrated(sound) < SILENT_LUFS:
        raise Unreadable("没有听到声音，请靠近话筒再录一次" if rules is SPEECH else NO_SOUND)
    if rules.cut and sound.shape[1] > rules.longest_s * RATE:
        sound = _cut(sound, round(rules.longest_s * RATE))
    levelled = _levelled(sound)
    mixdown.write(levelled, target)
    return {"duration_s": levelled.shape[1] / RATE}


def spoken(sound: Samples) -> Samples:
    """Trim before the first word and after the last except for KEEP frames, and fade.

    A room is never silent: speech is at least 10 dB above its noise and within 35 dB of the loudest moment.
    """
    frames = sound.shape[1] // FRAME
    power = np.square(sound[:, : frames * FRAME]).mean(axis=0).reshape(frames, FRAME).mean(axis=1)
    level = 10 * np.log10(power + 1e-12)
    loudest, noise = level.max(initial=-120.0), np.percentile(level, 10) if frames else 0.0
    loud = np.flatnonzero(level > max(loudest - 35, min(noise + 10, loudest - 20)))
    if not loud.size:
        return sound[:, :0]
    begin, end = max(0, loud[0] - KEEP), loud[-1] + 1 + KEEP
    piece = sound[:, begin * FRAME : end * FRAME].copy()
    ramp = np.linspace(0, 1, min(FRAME, piece.shape[1] // 2), dtype=np.float32)
    piece[:, : ramp.size] *= ramp
    piece[:, piece.shape[1] - ramp.size :] *= ramp[::-1]
    return piece


def _decoded(source: Path, rules: _Rules, begin_s: float = 0.0) -> Samples:
    """Return the file's sound from `begin_s` on, stereo, up to the allowed length, faded in unless it starts at 0.

    Reads up to a minute more of a file that is cut.
    """
    most = rules.longest_s + (60.0 if rules.cut else 0.5)
    with loudness.opened(source) as container:
        length_s = (container.duration or 0) / 1_000_000
        if length_s > rules.longest_s + 2 and not rules.cut:
            raise Unreadable(_too_long(length_s, rules.longest_s))
        parts, samples, before = [], 0, round(begin_s * RATE)
        for frame in loudness.stereo(container, Stereo()):
            if before > 0:
                before -= frame.samples
                continue
            parts.append(np.asarray(frame.to_ndarray(), np.float32))
            samples += frame.samples
            if samples > most * RATE:
                if not rules.cut:
                    raise Unreadable(_too_long(max(length_s, most), rules.longest_s))
                break
    if not parts:
        raise Unreadable(NO_SOUND)
    sound = np.nan_to_num(np.concatenate(parts, axis=1))
    if begin_s:
        ramp = np.linspace(0, 1, min(round(FADE_IN_S * RATE), sound.shape[1]), dtype=np.float32)
        sound[:, : ramp.size] *= ramp
    return sound


def _too_long(seconds: float, most: float) -> str:
    length = f"{seconds / 60:.0f} 分钟" if seconds >= 120 else f"{seconds:.0f} 秒"
    return f"太长了：有 {length}，最多 {most:.0f} 秒"


def _cut(sound: Samples, samples: int) -> Samples:
    piece = sound[:, :samples].copy()
    fade = round(FADE_S * RATE)
    piece[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32) ** 2
    return piece


def _levelled(sound: Samples) -> Samples:
    """Return the sound at −18 LUFS after limiting; one with few loud moments stays softer rather than squashed."""
    gain = SPEECH_LUFS - levels.integrated(sound)
    done = sound
    for _ in range(3):  # limiting lowers the loudness a little; correct until it is right
        done = _limited(sound * np.float32(levels.decibels(gain)))
        missing = SPEECH_LUFS - levels.integrated(done)
        if abs(missing) < 0.2:
            break
        gain += missing
    return done


def _limited(sound: Samples) -> Samples:
    """Apply `levels.limited` in blocks: at once it would take 300 MB for a minute. Its window is inside AROUND."""
    done = np.empty_like(sound)
    for at in range(0, sound.shape[1], BLOCK):
        begin, end = max(0, at - AROUND), min(sound.shape[1], at + BLOCK + AROUND)
        block = levels.limited(sound[:, begin:end], CEILING_DB)
        until = min(at + BLOCK, sound.shape[1])
        done[:, at:until] = block[:, at - begin : until - begin]
    return done


def track(source: Path, target: Path) -> dict[str, Any]:
    """Read music for a playlist to its end, and convert it to Opus if the player cannot play it directly.

    `target` has no suffix; the answer's "suffix" gives it. Raises Unreadable, Hindered.
    """
    with loudness.opened(source) as container:
        length_s = (container.duration or 0) / 1_000_000
    if length_s > TRACK_S:
        raise Unreadable(_too_long(length_s, TRACK_S))
    contents = conversion.examine(source, peaks=False)
    if contents.loud.duration_s < LEAST_TRACK_S:
        raise Unreadable("太短了，不到一秒，请换一个文件")
    if contents.loud.lufs <= SILENT_LUFS:
        raise Unreadable("几乎没有声音，请换一个文件")
    suffix = conversion.ending_of(contents.kind) if contents.kind and not contents.trimmed else None
    header_s = contents.header_s
    if suffix is None:
        contents = conversion.convert(source, target, contents)
    else:
        shutil.copyfile(source, target)
    return {
        "duration_s": contents.loud.duration_s,
        "header_s": header_s,
        "lufs": contents.loud.lufs,
        "suffix": suffix or ".opus",
    }


def picture(source: Path, target: Path) -> dict[str, Any]:
    """Convert a photo to a JPEG of at most 512 × 512 without its metadata; see `shrink`."""

    return shrink(source, target)


def workbook_table(source: Path, target: Path) -> dict[str, Any]:
    """Write the cells of an Excel workbook as JSON; see `workbook.table`."""
    from controller.sound import workbook  # only this work needs openpyxl

    return workbook.table(source, target)


WORK: dict[str, Callable[[Path, Path], dict[str, Any]]] = {
    "speech": speech,
    "song": song,
    "track": track,
    "picture": picture,
    "table": workbook_table,
}


TOO_LARGE = {
    "picture": f"照片太大，展开不了。{file_kinds.SMALLER}",
    "table": "表格展开以后太大，请把要导入的行复制到一个新的表格里再导入",
}


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    what, source = request["what"], Path(request["source"])
    try:
        return {"done": WORK[what](source, Path(request["target"]))}
    except Unreadable as why:
        return {"refused": request.get("named") or str(why)}
    except Hindered as why:
        return {"refused": f"现在处理不了（{why}），{why.remedy}"}
    except MemoryError:
        return {"refused": TOO_LARGE.get(what, "文件展开以后太大，请换短一些的")}
    except OSError as error:
        return {"refused": f"现在处理不了（{reason(error)}），{remedy(error)}"}


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.readline())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    seconds = CPU_S.get(request["what"], CPU_ELSE_S)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    sys.stdout.write(json.dumps(_answer(request)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
