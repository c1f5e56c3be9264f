"""Detect the kind of an uploaded file by name and first bytes, and name the kind and a remedy. Pure."""

from __future__ import annotations

import re

HEAD = 4096
"""Number of first bytes that suffice to detect the kind."""

BROKEN = "文件已损坏，或者不是声音文件，请换一个能正常播放的 mp3 或 m4a"
NO_SOUND = "里面没有声音，请换一个文件"
FILM = "这是视频，这里只收声音，请先转成 mp3 或 m4a"

BESIDE_MUSIC = frozenset(
    (
        ".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".heic", ".txt", ".lrc", ".krc", ".qrc", ".cue", ".m3u",
        ".m3u8", ".pls", ".nfo", ".log", ".md", ".ini", ".db", ".url", ".lnk", ".html", ".htm", ".xml", ".json",
        ".yaml", ".yml", ".csv", ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".srt", ".ass", ".bak",
    )
)  # fmt: skip
"""Suffixes of files that accompany music in people's folders: covers, lyrics, lists. Ignored, not faulty."""

_LOCKED_NAMES = (
    ("网易云音乐", r"\.ncm"),
    ("酷狗音乐", r"\.(kgma?|kgm\.flac|vpr|kgg)"),
    (" QQ 音乐", r"\.(qmc\w*|mflac\w*|mgg\w*|bkc\w+|tkm|tm[0-9]|mmp4|cache\.qmc)"),
    ("酷我音乐", r"\.kwm"),
    ("喜马拉雅", r"\.(x[23]m|xm)"),
)
_LOCKED_HEADS = (
    ("网易云音乐", b"CTENFDAM"),
    ("酷狗音乐", bytes.fromhex("7cd532eb86027f4ba8afa68e0fff9914")),
    ("酷狗音乐", bytes.fromhex("0528bc96e9e45a4391aabdd07af53631")),
    ("酷我音乐", b"yeelion-kuwo"),
    ("喜马拉雅", b"ifmt"),
)
_HEADS = (
    (b"PK\x03\x04", "这是压缩包，请先解压，再放里面的歌"),
    (b"Rar!", "这是压缩包，请先解压，再放里面的歌"),
    (b"7z\xbc\xaf", "这是压缩包，请先解压，再放里面的歌"),
    (b"\x1f\x8b", "这是压缩包，请先解压，再放里面的歌"),
    (b"MThd", "这是 MIDI 乐谱，里面没有录音，请换 mp3 或 m4a"),
    (b"%PDF", "这是 PDF 文档，不是声音，请换 mp3 或 m4a"),
)
_SILK = re.compile(rb"\x02?#!SILK_V3")
_UNFINISHED = re.compile(
    r"\.(part|crdownload|download|tmp|td|xltd|opdownload|baiduyun\.p\.downloading)$", re.I
)
SILK = (
    "这是微信（QQ）语音的原始文件（SILK 格式），别的程序都放不了。"
    "请在这里直接录一段，或者用手机自带的录音机录好再选"
)


def misfit(name: str, head: bytes) -> str | None:
    """Return why a file cannot be playable sound, with a remedy; None when it may be.

    name: as the person has it. head: its first HEAD bytes. The bytes decide over the suffix.
    """
    start = head.lstrip(b"\xef\xbb\xbf\r\n\t ")
    if _SILK.match(head):
        return SILK
    locked = next((who for who, magic in _LOCKED_HEADS if head.startswith(magic)), None)
    if locked is not None:
        return _locked(locked)
    known = next((sentence for magic, sentence in _HEADS if start.startswith(magic)), None)
    return known or _text(start)


def by_name(name: str) -> str | None:
    """Return the fault that the name alone shows in a file without readable sound; None when it shows none."""
    locked = next(
        (who for who, ending in _LOCKED_NAMES if re.search(ending + "$", name, re.IGNORECASE)), None
    )
    if locked is not None:
        return _locked(locked)
    if _UNFINISHED.search(name):
        return "还没有下载完，请下载完再放进来"
    return None


def _locked(who: str) -> str:
    return f"这是{who}的加密文件，只有它的客户端能放，请换成普通的 mp3、m4a 或 flac"


def _text(start: bytes) -> str | None:
    lower = start[:200].lower()
    if lower.startswith(b"data:"):
        return "这是一段网页代码（data:…），不是声音文件，请在这里直接录，或者把录音另存为文件再选"
    if lower.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head")):
        return "这是网页，不是声音文件，多半是下载没有成功，请重新下载"
    return None


def refused(what: str, head: bytes) -> str | None:
    """Return why an uploaded file is useless for `what` (see `upload_worker`), by its first bytes; else None."""
    if what == "table":
        return None
    return no_photo(head) if what == "picture" else misfit("", head)


# ---- pictures

_HEIC = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
HEIC = (
    "这是苹果手机的 HEIC 照片，这里读不了。请在手机“设置 → 相机 → 格式”里选“兼容性最佳”再拍，"
    "或者把照片用微信发给自己（不选原图）再存下来"
)
NO_PICTURE = "这不是能用的照片，请换一张 JPEG、PNG 或 WebP"
SMALLER = "请用微信发给自己（不选原图）再存下来，或者截一张屏，再选那一张"


def no_photo(head: bytes) -> str | None:
    """Return why a file is not a readable photo, with a remedy; None when it may be one."""
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"avif", b"avis"):
            return f"这是 AVIF 照片，这里读不了。{SMALLER}"
        return HEIC if brand in _HEIC else f"这是视频，不是照片。{SMALLER}"
    if head[:4] in (b"II*\0", b"MM\0*"):
        return f"这是 TIFF 或相机的原始（RAW）照片，这里读不了。{SMALLER}"
    if head[:4] == b"GIF8":
        return f"这是 GIF 动图，不能当照片，请换一张 JPEG、PNG 或 WebP。{SMALLER}"
    if head[:2] == b"BM":
        return f"这是 BMP 图片，这里读不了。{SMALLER}"
    return None
