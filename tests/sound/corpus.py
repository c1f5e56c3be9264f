"""Sound files and pictures as people have them: every kind that was once refused, silent or wrong, generated here.

Each sound is 1.2 seconds of a tone of a different pitch, so that one recording shows which of them were played.
"""

from __future__ import annotations

import io
import itertools
import os
import struct
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

SECONDS = 1.2
LOWEST, STEP = 320, 40  # Hz
GBK = os.fsdecode("早安".encode("gbk"))


@dataclass(frozen=True, slots=True)
class Sound:
    """One file. recipe: arguments for FFmpeg after its input, or a function that makes the bytes, given a folder.

    refused: words of the sentence with which it is refused, None when it is to be played. seconds: the expected
    length.
    """

    name: str
    recipe: str | Callable[[Path, int], bytes]
    refused: str | None = None
    seconds: float = SECONDS


def ffmpeg(*words: str | Path) -> None:
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(os.fsencode, words)],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (words, done.stderr.decode(errors="replace"))


def tone_of(pitch: int, seconds: float = SECONDS) -> list[str]:
    """Return FFmpeg's input: the tone on both sides, at −12 dBFS."""
    source = f"aevalsrc=0.25*sin(2*PI*{pitch}*t)|0.25*sin(2*PI*{pitch}*t):s=44100:d={seconds}"
    return ["-f", "lavfi", "-i", source]


def encoded(folder: Path, pitch: int, recipe: str, *, seconds: float = SECONDS) -> bytes:
    """Return the tone as FFmpeg encodes it."""
    file = folder / f"{pitch}-{next(_count)}.part"
    ffmpeg(*tone_of(pitch, seconds), *recipe.split(), file)
    return file.read_bytes()


_count = itertools.count()
MP3, AAC, VORBIS = "-c:a libmp3lame -f mp3", "-c:a aac -f ipod", "-c:a libvorbis -f ogg"
COVER, FILM = "color=c=red:s=64x64:d=0.04", "testsrc=s=64x64:d=1"
WITH_COVER, WITH_FILM = "-map 0:v -frames:v 1", "-map 1:v"


def _zeros_before(folder: Path, pitch: int) -> bytes:
    return bytes(3000) + encoded(folder, pitch, f"{MP3} -id3v2_version 0 -write_xing 0")


def _tag_then_zeros(folder: Path, pitch: int) -> bytes:
    return b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10) + _zeros_before(folder, pitch)


def _two_formats(folder: Path, pitch: int) -> bytes:
    bare = f"{MP3} -id3v2_version 0 -write_xing 0"
    return encoded(folder, pitch, bare, seconds=0.6) + encoded(
        folder, pitch, f"-ar 22050 -ac 1 {bare}", seconds=0.6
    )


def _behind_tag(folder: Path, pitch: int) -> bytes:
    return b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10) + encoded(folder, pitch, "-c:a flac -f flac")


def _remuxed(between: str) -> Callable[[Path, int], bytes]:
    def made(folder: Path, pitch: int) -> bytes:
        film = folder / f"{pitch}.{between}"
        ffmpeg(*tone_of(pitch), "-c:a", "aac", film)
        file = folder / f"{pitch}.m4a"
        ffmpeg("-i", film, "-c", "copy", "-f", "ipod", file)
        return file.read_bytes()

    return made


def _streamed(folder: Path, pitch: int) -> bytes:
    """Return a WAV whose writer could not go back to write its length."""
    whole = bytearray(encoded(folder, pitch, "-c:a pcm_s16le -f wav"))
    whole[4:8] = b"\xff\xff\xff\xff"
    at = whole.index(b"data") + 4
    whole[at : at + 4] = b"\xff\xff\xff\xff"
    return bytes(whole)


def _torn(folder: Path, pitch: int) -> bytes:
    whole = encoded(folder, pitch, "-c:a flac -f flac", seconds=2.0)
    return whole[: len(whole) * 3 // 4]


def _amr(container: str) -> Callable[[Path, int], bytes]:
    """Encode like a phone's recorder. Debian's FFmpeg has no encoder for it, PyAV's has."""

    def made(folder: Path, pitch: int) -> bytes:
        file = folder / f"{pitch}.{container}"
        samples = (8000 * np.sin(2 * np.pi * pitch * np.arange(int(8000 * SECONDS)) / 8000)).astype(np.int16)
        with av.open(str(file), "w", format=container) as out:
            stream = out.add_stream("libopencore_amrnb", rate=8000, layout="mono")
            stream.bit_rate = 12_200
            for at in range(0, samples.size, 160):
                frame = av.AudioFrame.from_ndarray(samples[None, at : at + 160], format="s16", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = 8000, at, Fraction(1, 8000)
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        return file.read_bytes()

    return made


def _noise(start: bytes = b"") -> Callable[[Path, int], bytes]:
    return lambda folder, pitch: start + bytes((n * 89 + n // 7) % 251 for n in range(4000))


SOUNDS = (
    # speech codecs first: their tones are clean only at low pitches
    Sound("录音机.amr", _amr("amr")),
    Sound("手机.3gp", _amr("3gp")),
    Sound("speex.ogg", "-c:a libspeex -ar 16000 -ac 1 -f ogg"),
    Sound("gsm.wav", "-c:a libgsm_ms -ar 8000 -ac 1 -f wav"),
    Sound("ima.wav", "-c:a adpcm_ima_wav -f wav"),
    Sound("ms.wav", "-c:a adpcm_ms -f wav"),
    Sound("plain.mp3", MP3),
    Sound("mono.mp3", f"-ac 1 {MP3}"),
    Sound("variable.mp3", f"-q:a 5 {MP3}"),
    Sound("8k.mp3", f"-ar 8000 -ac 1 {MP3}"),
    Sound("48k.mp3", f"-ar 48000 {MP3}"),
    Sound("封面.mp3", f"{WITH_COVER} -c:v mjpeg -disposition:v attached_pic {MP3}"),
    Sound("zeros.mp3", _zeros_before),
    Sound("tag and zeros.mp3", _tag_then_zeros),
    Sound("two formats.mp3", _two_formats, seconds=1.2),
    Sound("layer2.mp3", "-c:a mp2 -f mp2"),
    Sound("really mp3.wav", MP3),
    Sound("really mp3.m4a", MP3),
    Sound("really mp3.ncm", MP3),
    Sound("really mp3.txt2", MP3),
    Sound("no ending", MP3),
    Sound(f"{GBK}.mp3", MP3),
    Sound("line\nbreak \x1b[31m.mp3", MP3),
    Sound("\udcff\udcfe.mp3", MP3),
    Sound("😀 ‮gpj.mp3", MP3),
    Sound("100% #1 a&b?.mp3", MP3),
    Sound("16.wav", "-c:a pcm_s16le -f wav"),
    Sound("mono 11k.wav", "-c:a pcm_s16le -ar 11025 -ac 1 -f wav"),
    Sound("8 bit.wav", "-c:a pcm_u8 -ar 11025 -ac 1 -f wav"),
    Sound("8 bit stereo.wav", "-c:a pcm_u8 -f wav"),
    Sound("24.wav", "-c:a pcm_s24le -ar 96000 -f wav"),
    Sound("32.wav", "-c:a pcm_s32le -f wav"),
    Sound("f32.wav", "-c:a pcm_f32le -f wav"),
    Sound("f64.wav", "-c:a pcm_f64le -f wav"),
    Sound("alaw.wav", "-c:a pcm_alaw -f wav"),
    Sound("mulaw.wav", "-c:a pcm_mulaw -f wav"),
    Sound("mp3 inside.wav", "-c:a libmp3lame -f wav"),
    Sound("rf64.wav", "-c:a pcm_s16le -rf64 always -f wav"),
    Sound("streamed.wav", _streamed),
    Sound("six.wav", "-ac 6 -c:a pcm_s16le -f wav"),
    Sound("four.wav", "-ac 4 -c:a pcm_s16le -f wav"),
    Sound("really wav.mp3", "-c:a pcm_s16le -f wav"),
    Sound("sony.w64", "-c:a pcm_s16le -f w64"),
    Sound("plain.ogg", VORBIS),
    Sound("mono.ogg", f"-ac 1 {VORBIS}"),
    Sound("six.ogg", f"-ac 6 {VORBIS}"),
    Sound("plain.oga", VORBIS),
    Sound("flac.ogg", "-c:a flac -f ogg"),
    Sound("opus.ogg", "-c:a libopus -f ogg"),
    Sound("plain.opus", "-c:a libopus -f ogg"),
    Sound("mono.opus", "-ac 1 -c:a libopus -f ogg"),
    Sound("six.opus", "-ac 6 -c:a libopus -f ogg"),
    Sound("family 255.opus", "-c:a libopus -mapping_family 255 -f ogg"),
    Sound("plain.flac", "-c:a flac -f flac"),
    Sound("24.flac", "-c:a flac -sample_fmt s32 -ar 96000 -f flac"),
    Sound("mono.flac", "-ac 1 -c:a flac -f flac"),
    Sound("six.flac", "-ac 6 -c:a flac -f flac"),
    Sound("tagged.flac", _behind_tag),
    Sound("torn.flac", _torn, seconds=1.4),
    Sound("plain.m4a", AAC),
    Sound("mono.m4a", f"-ac 1 {AAC}"),
    Sound("封面.m4a", f"{WITH_COVER} -c:a aac -c:v mjpeg -f mp4"),
    Sound("封面 264.m4a", f"{WITH_COVER} -c:a aac -c:v libx264 -f mp4"),
    Sound("alac.m4a", "-c:a alac -f ipod"),
    Sound("from flv.m4a", _remuxed("flv")),
    Sound("from mkv.m4a", _remuxed("mkv")),
    Sound("book.m4b", AAC),
    Sound("ring.m4r", AAC),
    Sound("sound.mp4", "-c:a aac -f mp4"),
    Sound("raw.aac", "-c:a aac -f adts"),
    Sound("matroska.mka", "-c:a aac -f matroska"),
    Sound("web.webm", "-c:a libopus -f webm"),
    Sound("windows.wma", "-c:a wmav2 -f asf"),
    Sound("apple.caf", "-c:a pcm_s16le -f caf"),
    Sound("apple.aiff", "-c:a pcm_s16be -f aiff"),
    Sound("pack.wv", "-c:a wavpack -f wv"),
    Sound("true.tta", "-c:a tta -f tta"),
    Sound("disc.ac3", "-c:a ac3 -f ac3"),
    Sound("silence behind.mp3", f"-af apad=pad_dur=6 {MP3}", seconds=SECONDS),
    Sound("silence before.mp3", f"-af adelay=6000:all=1 {MP3}", seconds=SECONDS),
    # unplayable
    Sound("网易云.ncm", _noise(b"CTENFDAM\x01\x70"), "网易云音乐的加密文件"),
    Sound("disguised.mp3", _noise(b"CTENFDAM\x01\x70"), "网易云音乐的加密文件"),
    Sound("酷狗.kgm", _noise(bytes.fromhex("7cd532eb86027f4ba8afa68e0fff9914")), "酷狗音乐的加密文件"),
    Sound("酷我.kwm", _noise(b"yeelion-kuwo-tme"), "酷我音乐的加密文件"),
    Sound("qq.mgg", _noise(), "QQ 音乐的加密文件"),
    Sound("qq.mflac", _noise(), "QQ 音乐的加密文件"),
    Sound("qq.qmc0", _noise(), "QQ 音乐的加密文件"),
    Sound("微信.amr", _noise(b"\x02#!SILK_V3"), "微信"),
    Sound("code.webm", lambda folder, pitch: b"data:audio/webm;base64,GkXfo59ChoEBQveBAULygQ==", "data:"),
    Sound("page.mp3", lambda folder, pitch: b"\n<!DOCTYPE html><html><body>404</body></html>", "网页"),
    Sound("packed.mp3", _noise(b"PK\x03\x04"), "解压"),
    Sound("score.mid", _noise(b"MThd\x00\x00\x00\x06"), "MIDI"),
    Sound("half.mp3.crdownload", _noise(), "下载完"),
    Sound("text.mp3", lambda folder, pitch: "这不是音乐。".encode() * 50, "换一个"),
    Sound("rubbish.mp3", _noise(), "换一个"),
    Sound("picture.mp3", lambda folder, pitch: picture_bytes("JPEG"), "换一个"),
    Sound("film.mkv", f"{WITH_FILM} -c:a aac -c:v mjpeg -f matroska", "视频"),
    Sound("film.mp4", f"{WITH_FILM} -c:a aac -c:v mpeg4 -f mp4", "视频"),
)  # fmt: skip


SHORT = frozenset(
    (
        "录音机.amr", "speex.ogg", "ima.wav", "plain.mp3", "封面.mp3", "tag and zeros.mp3", "two formats.mp3",
        "really mp3.ncm", f"{GBK}.mp3", "line\nbreak \x1b[31m.mp3", "\udcff\udcfe.mp3", "8 bit.wav", "24.wav",
        "mp3 inside.wav", "rf64.wav", "streamed.wav", "six.wav", "plain.ogg", "flac.ogg", "six.opus", "torn.flac",
        "封面 264.m4a", "from mkv.m4a", "web.webm", "windows.wma", "silence before.mp3", "网易云.ncm", "disguised.mp3",
        "qq.mgg", "微信.amr", "page.mp3", "rubbish.mp3", "film.mp4",
    )
)  # fmt: skip
"""Names in the short form: each family of codecs and containers, each kind of damage, name and refusal."""


def make_sounds(folder: Path, sounds: Sequence[Sound] = SOUNDS) -> list[tuple[Sound, int, Path]]:
    """Write sounds into `folder`; return each with its pitch. One FFmpeg run writes most of them."""
    parts = folder.parent / "parts"
    parts.mkdir()
    made = [(sound, LOWEST + STEP * number, folder / sound.name) for number, sound in enumerate(sounds)]
    inputs: list[str | Path] = ["-f", "lavfi", "-i", COVER, "-f", "lavfi", "-i", FILM]
    outputs: list[str | Path] = []
    plain = [job for job in made if isinstance(job[0].recipe, str)]
    for number, (sound, pitch, path) in enumerate(plain):
        inputs += tone_of(pitch)
        outputs += ["-map", f"{number + 2}:a", *str(sound.recipe).split(), path]
    ffmpeg(*inputs, *outputs)
    for sound, pitch, path in made:
        if not isinstance(sound.recipe, str):
            path.write_bytes(sound.recipe(parts, pitch))
    return made


# ---- pictures

CORNERS = {"R": (255, 0, 0), "G": (0, 200, 0), "B": (0, 0, 255), "W": (255, 255, 255)}
UPRIGHT = dict(
    zip(range(1, 9), ["RGBW", "GRWB", "WBGR", "BWRG", "RBGW", "BRWG", "WGBR", "GWRB"], strict=True)
)
"""Visible corners (top left, top right, bottom left, bottom right) of a picture with RGBW, by EXIF orientation."""


def picture(width: int = 400, height: int = 300, mode: str = "RGB") -> Image.Image:
    """Four corners: red, green; blue, white."""
    found = Image.new("RGB", (width, height))
    for place, colour in enumerate(CORNERS.values()):
        left, top = place % 2 * width // 2, place // 2 * height // 2
        found.paste(colour, (left, top, left + width // 2, top + height // 2))
    return found if mode == "RGB" else found.convert(mode)


def picture_bytes(kind: str, found: Image.Image | None = None, **how: object) -> bytes:
    """Return a picture as a file."""
    made = io.BytesIO()
    (found or picture()).save(made, kind, **how)
    return made.getvalue()


def cmyk() -> bytes:
    """Return a printer's JPEG as Photoshop exports it: Adobe's marker (APP14), inverted inks (white is 255)."""
    whole = picture_bytes("JPEG", picture(mode="CMYK"), quality=95)
    assert _adobe(whole) == 0
    assert _stored_corner(whole) == (255, 255, 255, 255)
    return whole


def ycck() -> bytes:
    """Return the same in Adobe's other encoding: the inks as luminance and two colours, and black."""
    cyan, magenta, yellow, black = picture(mode="CMYK").split()
    luminance, blue, red = Image.merge("RGB", (cyan, magenta, yellow)).convert("YCbCr").split()
    bands = [band.point(lambda value: 255 - value) for band in (luminance, blue, red)]  # Pillow inverts again
    whole = bytearray(picture_bytes("JPEG", Image.merge("CMYK", [*bands, black]), quality=95, subsampling=0))
    whole[whole.index(b"Adobe") + 11] = 2
    assert _adobe(bytes(whole)) == 2
    return bytes(whole)


def _adobe(jpeg: bytes) -> int:
    """Return the colour transform in Adobe's marker: 0 for CMYK, 2 for YCCK."""
    at = jpeg.index(b"\xff\xee\x00\x0eAdobe")
    return jpeg[at + 15]


def _stored_corner(jpeg: bytes) -> tuple[int, ...]:
    """Return the four values in the file for the white corner. Pillow treats every CMYK JPEG as inverted."""
    with Image.open(io.BytesIO(jpeg)) as found:
        inverted = found.getpixel((found.width - 20, found.height - 20))
    return tuple(255 - value for value in inverted)  # type: ignore[union-attr]


def turned(kind: str, orientation: int) -> bytes:
    """Return the picture with that EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return picture_bytes(kind, exif=exif)


def corners_of(path: Path) -> str:
    """Return the colours of a picture's four corners, as letters of CORNERS."""

    def nearest(pixel: tuple[int, ...]) -> str:
        return min(CORNERS, key=lambda c: sum((a - b) ** 2 for a, b in zip(CORNERS[c], pixel, strict=True)))

    with Image.open(path) as found:
        right, low = found.width - 20, found.height - 20
        places = [(20, 20), (right, 20), (20, low), (right, low)]
        return "".join(nearest(found.convert("RGB").getpixel(place)) for place in places)


def box(brand: bytes) -> bytes:
    """Return the head of a file of the MP4 family without content."""
    return struct.pack(">I", 24) + b"ftyp" + brand + bytes(4) + b"mif1" + brand + bytes(500)


PICTURES: dict[str, tuple[Callable[[], bytes], str]] = {
    **{
        f"{kind} {turn}": (lambda kind=kind, turn=turn: turned(kind, turn), corners)  # type: ignore[misc]
        for kind in ("JPEG", "PNG", "WEBP")
        for turn, corners in UPRIGHT.items()
    },
    "cmyk": (cmyk, "RGBW"),
    "ycck": (ycck, "RGBW"),
    "grey": (lambda: picture_bytes("PNG", Image.new("L", (300, 300), 255)), "WWWW"),
    "16 bit grey": (lambda: picture_bytes("PNG", Image.new("I;16", (300, 300), 65535)), "WWWW"),
    "transparent": (lambda: picture_bytes("PNG", Image.new("RGBA", (300, 300), (0, 0, 0, 0))), "WWWW"),
    "palette": (lambda: picture_bytes("PNG", picture(mode="P")), "RGBW"),
    "progressive": (lambda: picture_bytes("JPEG", progressive=True), "RGBW"),
    "one pixel high": (lambda: picture_bytes("PNG", Image.new("RGB", (3000, 1), (255, 0, 0))), ""),
    "200 megapixels": (lambda: _wide(16320, 12240), "RRRR"),
    # refused with these words
    "large png": (lambda: _png_of(10_000, 8_000), "不选原图"),
    "bomb": (lambda: _png_of(100_000, 100_000), "不选原图"),
    "heic": (lambda: box(b"heic"), "兼容性最佳"),
    "mif1": (lambda: box(b"mif1"), "兼容性最佳"),
    "avif": (lambda: box(b"avif"), "AVIF"),
    "video": (lambda: box(b"isom"), "视频"),
    "gif": (lambda: picture_bytes("GIF"), "GIF"),
    "bmp": (lambda: picture_bytes("BMP"), "BMP"),
    "tiff": (lambda: picture_bytes("TIFF"), "TIFF"),
    "svg": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "JPEG、PNG"),
    "torn": (lambda: picture_bytes("JPEG")[:300], "JPEG、PNG"),
    "zeros": (lambda: bytes(5000), "JPEG、PNG"),
}


def _wide(width: int, height: int) -> bytes:
    """Return a red JPEG of that size. FFmpeg writes it with a third of the memory."""
    words = [
        "-f",
        "lavfi",
        "-i",
        f"color=c=red:s={width}x{height}:d=0.04",
        "-frames:v",
        "1",
        "-f",
        "mjpeg",
        "-",
    ]
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", *words], capture_output=True, check=True
    ).stdout


def _png_of(width: int, height: int) -> bytes:
    """Return the head of a PNG of that size without content."""
    import zlib

    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"")
    chunks = [
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (head, body)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
