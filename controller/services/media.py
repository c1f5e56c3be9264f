"""Uploaded sound: playlists and their tracks, and voice clips."""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from controller.names import tidy_name
from controller.sales.model import Refused, StoreFull
from controller.services.context import Context
from controller.services.deal_reading import DealReading
from controller.services.deals import AS_USUAL, DealService, How
from controller.services.people import ProfileMedia
from controller.services.people_lists import PeopleLists
from controller.services.products import ProductService
from controller.services.scripts import Scripts
from controller.services.spoken_texts import LONGEST, Announced, SpokenTextService, check_sayable
from controller.services.upload_inbox import Source, UploadInbox
from controller.services.voices import Manner, Samples
from controller.sound.library import Library
from controller.sound.mandarin import name_reading, reading_of
from controller.sound.upload_sandbox import UnsupportedFile, UploadSandbox
from controller.system.atomic_file import make_folder, publish, secure
from controller.system.os_errors import reason, remedy

MOST_TRACK_BYTES = 50_000_000
MOST_TRACKS = 300
LONGEST_TRACK_NAME = 60
RESERVE = 200_000_000
"""Bytes that stay free on the disk, reserved for the store."""
_UNSAFE = re.compile(r"[^\w \-（）()《》·，、'&+!！]+")


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a playlist. `seconds`: None until it is measured; `fault`: why it is skipped; `note`: what is wrong
    with a file that is played."""

    playlist: str
    file: str
    seconds: float | None
    fault: str | None
    note: str = ""


def cut_off(header_s: float, seconds: float) -> str:
    """Return the sentence for a track of which the end is missing, "" for a complete one."""
    if not header_s:
        return ""
    return (
        f"这首不完整：文件里写着长 {_minutes(header_s)}，只放得出前面的 {_minutes(seconds)}，后面的丢了。"
        "多半是没有下载完，或者没有拷完；请把这首删掉，重新下载再传。"
    )


def _minutes(seconds: float) -> str:
    return f"{round(seconds) // 60}:{round(seconds) % 60:02d}"


class MusicFiles:
    """Thread-safe. `sounds`: the folder with music/; a rehearsal uses the office's folder and does not change it."""

    def __init__(
        self,
        sounds: Path,
        inbox: UploadInbox,
        sandbox: UploadSandbox,
        library: Library,
        context: Context,
        library_changed: Callable[[], None] = lambda: None,
    ):
        """`library_changed` is called after a track was added or removed, before the change is signalled."""
        self._sounds, self._inbox, self._sandbox = sounds, inbox, sandbox
        self._library, self._context, self._library_changed = library, context, library_changed
        self._lock = threading.Lock()
        if not sounds.is_symlink():
            for left in (sounds / "music").glob("*/.*.part"):  # a power cut while a track was being copied
                with contextlib.suppress(OSError):
                    left.unlink()

    def all(self) -> tuple[Listed, ...]:
        """Return all files of all playlists, also those that cannot be played."""
        return tuple(row for playlist in self._library.playlists() for row in self._listed(playlist))

    def _listed(self, playlist: str) -> list[Listed]:
        rows = []
        for name, path in self._library.files(playlist).items():
            facts, fault = self._library.facts(path), self._library.fault(path)
            seconds = facts.duration_s if facts and fault is None else None
            note = cut_off(facts.header_s, facts.duration_s) if facts and fault is None else ""
            rows.append(Listed(playlist, name, seconds, fault, note))
        return rows

    def add(self, playlist: str, name: str, source: Source) -> Listed:
        """Add a track; in a playing playlist it comes next. Raises Refused, naming the file."""
        self._folder(playlist)
        with self._inbox.keep(source, MOST_TRACK_BYTES) as file:
            made = self._inbox.work()
            try:
                done = self._sandbox.process("track", file, made, name)
                path = self._placed(made, playlist, safe_name(name), str(done["suffix"]))
            except UnsupportedFile as why:
                raise Refused(f"“{shown(name)}”没有收下：{why.sentence}", "file") from why
            except OSError as error:
                raise StoreFull(f"“{shown(name)}”存不下（{reason(error)}），{remedy(error)}。") from error
            finally:
                made.unlink(missing_ok=True)
        # This reads the header now and measures the file soon.
        self._library.tracks(playlist, self._context.clock.now().date())
        self._library_changed()
        self._context.changes.notify()
        seconds = float(done["duration_s"])
        return Listed(playlist, path.name, seconds, None, cut_off(float(done["header_s"]), seconds))

    def _placed(self, made: Path, playlist: str, stem: str, suffix: str) -> Path:
        folder = self._folder(playlist)
        if shutil.disk_usage(folder).free < RESERVE + made.stat().st_size:
            raise UnsupportedFile("磁盘快满了，请先删掉一些。")
        with self._lock:
            if len(self._library.files(playlist)) >= MOST_TRACKS:
                raise UnsupportedFile(f"一个歌单最多 {MOST_TRACKS} 首，请先删掉一些。")
            path, number = folder / f"{stem}{suffix}", 1
            while path.exists():
                number += 1
                path = folder / f"{stem} {number}{suffix}"
            part = folder / f".{made.name}.part"  # var/ may be on another disk
            try:
                shutil.copyfile(made, part)
                publish(part, path)
            finally:
                part.unlink(missing_ok=True)
        return path

    def remove(self, playlist: str, file: str) -> None:
        """Delete a track; if it is playing, it plays to its end. Raises Refused."""
        self._folder(playlist)
        path = self._library.files(playlist).get(
            file
        )  # a lookup, so that no name can point outside the folder
        if path is None:
            raise Refused(f"歌单“{shown(playlist)}”里没有“{shown(file)}”。", "file")
        try:
            path.unlink()
        except OSError as error:
            raise Refused(f"“{shown(file)}”删不掉（{reason(error)}），{remedy(error)}。", "file") from error
        self._library_changed()
        self._context.changes.notify()

    def _folder(self, playlist: str) -> Path:
        if self._sounds.is_symlink():
            raise Refused("现在是彩排，音乐文件不能改。")
        names = self._library.playlists()
        if playlist not in names:
            known = "、".join(names) or "无"
            raise Refused(f"没有叫“{shown(playlist)}”的歌单，现有：{known}。", "playlist")
        folder = self._library.folder(playlist)
        if folder is None:
            raise Refused(f"歌单“{playlist}”是指向别处的链接，不能往里加歌，也不能从里面删歌。", "playlist")
        return folder


def safe_name(name: str) -> str:
    """Return a file stem from an uploaded file's name: its letters, digits and some signs."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    stem = last.rsplit(".", 1)[0] if "." in last[1:] else last
    clean = " ".join(_UNSAFE.sub(" ", stem).split()).strip("-' ")[:LONGEST_TRACK_NAME].strip()
    return clean or "音乐"


def shown(name: str) -> str:
    """Return a name from outside for use in a sentence: short, without invisible or direction-changing characters."""
    return "".join(letter for letter in name if letter.isprintable())[:LONGEST_TRACK_NAME]


# --- The microphone

MOST_CLIP_BYTES = 20_000_000
SHELF_BYTES = 300_000_000
"""Half an hour of speech. The oldest are deleted first, but none of the last hours: they may still wait."""
FRESH_S = 6 * 3600.0
LONGEST_WHO = 20
_NAME = re.compile(r"[0-9a-f]{32}")


class VoiceClips:
    """Thread-safe. Clips are stored in `folder` as WAV under random names."""

    def __init__(self, folder: Path, inbox: UploadInbox, sandbox: UploadSandbox):
        self._folder, self._inbox, self._sandbox = folder, inbox, sandbox

    def take(self, source: Source) -> tuple[str, float]:
        """Convert a recording to a clip; return its name and seconds. Raises Refused."""
        self._free_space()
        with self._inbox.keep(source, MOST_CLIP_BYTES) as file:
            name = token_hex(16)
            try:
                done = self._sandbox.process("speech", file, self._folder / f"{name}.wav")
                secure(self._folder / f"{name}.wav")
            except UnsupportedFile as why:
                raise Refused(why.sentence, "file") from why
            except OSError as error:
                raise StoreFull(f"存不下录音（{reason(error)}），{remedy(error)}。") from error
        return name, float(done["duration_s"])

    def find(self, name: str) -> Path | None:
        """Return the clip of that name, None when there is none (any more)."""
        path = self._folder / f"{name}.wav"
        return path if _NAME.fullmatch(name) and path.is_file() else None

    def file(self, name: str) -> Path:
        """Return the clip of that name. Raises Refused when there is none."""
        path = self.find(name)
        if path is None:
            raise Refused("这段录音不在了，请再录一次。", "clip")
        return path

    def drop(self, name: str) -> None:
        """Delete a clip that was not sent."""
        self.file(name).unlink(missing_ok=True)

    def _free_space(self) -> None:
        try:
            make_folder(self._folder)
            clips = sorted(
                (path.stat().st_mtime, path.stat().st_size, path) for path in self._folder.iterdir()
            )
        except OSError as error:
            raise Refused(f"存不下录音（{reason(error)}），{remedy(error)}。") from error
        total = sum(size for _, size, _ in clips)
        for at, size, path in clips:
            if total <= SHELF_BYTES:
                return
            if time.time() - at < FRESH_S:
                raise Refused("今天录得太多了，请过几小时再录。", "file")
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size


# --- All uploads

LONGEST_PLAYLIST_NAME = 40


@dataclass(frozen=True, slots=True)
class Uploads:
    """The services that store uploads."""

    clips: VoiceClips
    tracks: MusicFiles
    profiles: ProfileMedia
    lists: PeopleLists
    deals: DealReading


def uploads(
    var: Path, sounds: Path, context: Context, library: Library, library_changed: Callable[[], None]
) -> Uploads:
    """Return the services for the folders var and sounds; `library_changed`: see `MusicFiles`."""
    inbox, sandbox = UploadInbox(var / "uploads"), UploadSandbox()
    return Uploads(
        VoiceClips(var / "clips", inbox, sandbox),
        MusicFiles(sounds, inbox, sandbox, library, context, library_changed),
        ProfileMedia(var, inbox, sandbox, context),
        PeopleLists(context.store, inbox, sandbox),
        DealReading(context, inbox, sandbox, ProductService(context).choices),
    )


class Media:
    """Thread-safe. Joins the services `clips`, `tracks` and `profiles`."""

    def __init__(
        self, stored: Uploads, scripts: Scripts, speech: SpokenTextService, deals: DealService, samples: Samples,
    ):  # fmt: skip
        self.clips, self.tracks, self.profiles = stored.clips, stored.tracks, stored.profiles
        self.deals = stored.deals
        self._scripts, self._speech, self._deals, self.samples = scripts, speech, deals, samples

    def hear_text(self, text: str, manner: Manner | None = None) -> Path:
        """Render a preview of a text as WAV, for one phone; `manner`: in another voice. Raises Refused."""
        text = " ".join(text.split())
        if not text or len(text) > LONGEST:
            raise Refused(f"试听的话要有 1 到 {LONGEST} 个字，这里有 {len(text)} 个字。", "text")
        check_sayable(text, self._scripts.names())
        return self.samples.render(self._scripts.plain(text), manner)

    def hear_deal(
        self, person: str, product: str, amount: object, team: str | None = None,
        manner: Manner | None = None, how: How = AS_USUAL,
    ) -> Path:  # fmt: skip
        """Render a preview of a deal, with applause or the seller's song; `how` as for recording it. Raises Refused."""
        script = self._deals.preview_script(person, product, amount, team, how)
        return self.samples.render(script, manner)

    def hear_name(self, name: str, say_as: str | None, manner: Manner | None = None) -> Path:
        """Render a preview of a name, with a reading that may be unsaved. Raises Refused."""
        name = tidy_name(name)
        if not name or len(name) > LONGEST_PLAYLIST_NAME:
            raise Refused(f"名字要有 1 到 {LONGEST_PLAYLIST_NAME} 个字。", "name")
        if say_as:
            try:
                reading_of(name, say_as)
            except ValueError as fault:
                raise Refused(str(fault), "say_as") from fault
        reading = say_as or name_reading(name)
        own = {name: reading} if reading else {}
        return self.samples.render(self._scripts.plain(f"恭喜{name}！", own), manner)

    def take_clip(self, source: Source) -> tuple[str, float]:
        """Store a recording; return its name and seconds; see `VoiceClips.take`.

        It is rendered while the person still listens to it: a minute of speech takes a Pi ten seconds.
        """
        name, seconds = self.clips.take(source)
        self._scripts.prepare_clip(name)
        return name, seconds

    def send_clip(self, name: str, who: str, key: str) -> Announced:
        """Announce a clip as soon as possible. Raises Refused or Conflict."""
        self.clips.file(name)
        who = " ".join(who.split())
        if len(who) > LONGEST_WHO:
            raise Refused(f"名字太长，最多 {LONGEST_WHO} 个字。", "who")
        return self._speech.play_clip(name, f"{who}的语音" if who else "一段语音", key)

    def withdraw(self, announcement_id: int) -> None:
        """Take back a text or clip that a person announced."""
        self._speech.withdraw(announcement_id)
