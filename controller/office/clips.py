"""The microphone: what somebody recorded, kept to be heard first, then sent to all or thrown away."""

from __future__ import annotations

import contextlib
import re
import time
from datetime import datetime
from pathlib import Path
from secrets import token_hex

from controller.book.model import Refused
from controller.machine.reasons import reason
from controller.office.inbox import Inbox, Source
from controller.office.speech import Announced, SpeechDesk
from controller.sound.gate import Gate, Unfit

MOST_BYTES = 20_000_000
SHELF_BYTES = 300_000_000
"""Half an hour of speech. The oldest go first, but none of the last hours: it may still wait to be played."""
FRESH_S = 6 * 3600.0
LONGEST_WHO = 20
_NAME = re.compile(r"[0-9a-f]{32}")


class ClipDesk:
    """Thread-safe. Clips lie in `folder` as WAV under names of their own."""

    def __init__(self, folder: Path, inbox: Inbox, gate: Gate, speech: SpeechDesk):
        self._folder, self._inbox, self._gate, self._speech = folder, inbox, gate, speech

    def take(self, source: Source) -> tuple[str, float]:
        """Reads a recording and makes a clip of it; its name and its seconds. Raises Refused."""
        self._make_room()
        with self._inbox.keep(source, MOST_BYTES) as file:
            name = token_hex(16)
            try:
                done = self._gate.pass_through("speech", file, self._folder / f"{name}.wav")
            except Unfit as why:
                raise Refused(why.sentence, "file") from why
        return name, float(done["duration_s"])

    def find(self, name: str) -> Path | None:
        """The clip of that name, None when there is none, or not any more."""
        path = self._folder / f"{name}.wav"
        return path if _NAME.fullmatch(name) and path.is_file() else None

    def file(self, name: str) -> Path:
        """The clip of that name. Raises Refused when there is none."""
        path = self.find(name)
        if path is None:
            raise Refused("这段录音不在了，请再录一次。", "clip")
        return path

    def send(self, name: str, who: str, key: str, hushed_until: datetime | None) -> Announced:
        """Plays a clip to all, as soon as may be. Raises Refused or Conflict."""
        self.file(name)
        who = " ".join(who.split())
        if len(who) > LONGEST_WHO:
            raise Refused(f"名字太长，最多 {LONGEST_WHO} 个字。", "who")
        return self._speech.play_clip(name, f"{who}的语音" if who else "一段语音", key, hushed_until)

    def drop(self, name: str) -> None:
        """Throws a clip away that was not sent."""
        self.file(name).unlink(missing_ok=True)

    def _make_room(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            found = sorted(
                (path.stat().st_mtime, path.stat().st_size, path) for path in self._folder.iterdir()
            )
        except OSError as error:
            raise Refused(f"存不下录音（{reason(error)}），请清理磁盘空间。") from error
        total = sum(size for _, size, _ in found)
        for at, size, path in found:
            if total <= SHELF_BYTES:
                return
            if time.time() - at < FRESH_S:
                raise Refused("今天录得太多了，请过几小时再录。", "file")
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size
