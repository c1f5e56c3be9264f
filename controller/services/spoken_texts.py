"""Announcements by people: texts, emergencies, voice clips and repeats."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.hearing import NO_DEVICE
from controller.sales.model import (
    MERGED,
    OPEN_STATES,
    PLAYING,
    WAITING,
    Announcement,
    Kind,
    Line,
    NewAnnouncement,
    Refused,
    StoredScript,
    Unknown,
    Unsayable,
)
from controller.services import announcement_priority
from controller.services.announcement_priority import EMERGENCY, MICROPHONE, SAY
from controller.services.announcements import STOPPED, AnnouncementService
from controller.services.context import Context, Decided, spent_s
from controller.services.music import MusicService
from controller.services.music_order import ManualOverride
from controller.services.scripts import Scripts
from controller.sound.mandarin import spoken

log = logging.getLogger(__name__)

LONGEST = 300
LONGEST_EMERGENCY = 100
"""An emergency is announced twice and must be readable on a wall at a glance."""
UNDO_S = 60.0
"""Time for which a stop can be undone; the phone offers it for ten seconds."""
NOTHING_STOPPED: tuple[float, tuple[int, ...], ManualOverride | None] = (float("-inf"), (), None)
URGENT = "紧急广播，立即播报。"


@dataclass(frozen=True, slots=True)
class Announced:
    """An accepted announcement. `created` is False for a repeated request."""

    id: int
    decision: Decided
    created: bool


def check_sayable(text: str, names: Mapping[str, str]) -> None:
    """Raise Unsayable for a text without speech: a chime alone would only alarm people."""
    if not spoken(text, names):
        raise Unsayable("这里没有能念出来的字：表情和符号不会出声。请写要说的话。", "text")


class SpokenTextService:
    """Thread-safe."""

    def __init__(
        self, context: Context, talk: AnnouncementService, scripts: Scripts, music: MusicService
    ) -> None:
        self._context, self._talk, self._scripts, self._music = context, talk, scripts, music
        self._stopped = NOTHING_STOPPED

    def announce(self, text: str, key: str) -> Announced:
        """Announce `text` now, or after quiet time or mute. Raises Refused when it is empty or too long."""
        text = _checked(text, LONGEST)
        check_sayable(text, self._scripts.names())
        return self._put(announcement_priority.outbox_key(key), SAY, text, StoredScript(applause=None))

    def emergency(self, text: str, key: str) -> Announced:
        """Announce `text` twice, immediately: interrupt the present announcement, ignore quiet time, mute and volume.

        The only exception to silence. Raises Refused when it is empty or too long.
        """
        text = _checked(text, LONGEST_EMERGENCY)
        now = self._context.clock.now()
        held = self._talk.hearing(now).held
        why = "没有音响，已显示在大屏上，恢复后播报。" if held == NO_DEVICE else URGENT
        decision: dict[str, object] = {"kind": EMERGENCY, "when": "now", "why": why}
        decision |= {"held": held} if held == NO_DEVICE else {}
        script = StoredScript((Line(text), Line(text)), applause=None, alarm=True)
        with self._context.store.write() as session:
            new = NewAnnouncement(
                announcement_priority.outbox_key(key), EMERGENCY, text, why, now, now.date(), script=script,
                priority=announcement_priority.PRIORITY[EMERGENCY], decision=decision,
            )  # fmt: skip
            announcement, created = session.outbox.add(new)
        if created:
            log.warning("emergency #%d: %s", announcement.id, text)
        return Announced(announcement.id, Decided(announcement.decision), created)

    def play_clip(self, clip: str, words: str, key: str) -> Announced:
        """Announce a voice clip (a name of `VoiceClips`), by the same rules as a text.

        `words`: its text on walls and in lists.
        """
        script = StoredScript(applause=None, clip=clip)
        return self._put(announcement_priority.outbox_key(key), MICROPHONE, words, script)

    def withdraw(self, ident: int) -> None:
        """Take back a person's announcement that is not finished. Raises Refused."""
        with self._context.store.read() as session:
            announcement = session.outbox.get(ident)
        if announcement is None or announcement.kind not in (SAY, MICROPHONE):
            raise Unknown(f"没有编号为 {ident} 的广播。", "id")
        if announcement.state not in OPEN_STATES:
            raise Refused("这一条已经播完了，不能撤回。", "id")
        self._talk.cancel([ident], "有人撤回了这一条。")

    def repeat(self, ident: int) -> Announced:
        """Repeat an announcement. Raises Refused when there is none, or when it is not finished."""
        with self._context.store.read() as session:
            old = session.outbox.get(ident)
        if old is None:
            raise Unknown(f"没有编号为 {ident} 的播报。", "id")
        if old.state in (WAITING, PLAYING):
            raise Refused("这一条还没有播完，不用再播。", "id")
        now = self._context.clock.now()
        if old.kind == EMERGENCY:
            return self.emergency(old.text, f"{announcement_priority.AGAIN}{ident}:{now:%H%M%S.%f}")
        with self._context.store.read() as session:
            if old.deals and all(deal.voided for deal in session.deals.of_ids(old.deals)):
                raise Refused("这一单已经撤回，不能再播。", "id")
        return self._put(
            f"{announcement_priority.AGAIN}{ident}:{now:%H%M%S.%f}", old.kind, old.text, old.script,
            old.deals, again=True,
        )  # fmt: skip

    def stop_all(self) -> int:
        """Stop music and the present announcement, and take due announcements out of the outbox.

        Returns the number of waiting ones: `undo_stop` brings them and the music back.
        """
        waited = self._talk.stop_all()
        self._stopped = (self._context.clock.monotonic(), waited, self._music.manual_override())
        self._music.stop()
        return len(waited)

    def undo_stop(self) -> int:
        """Undo the last `stop_all` within a minute; return the number of announcements. Raises Refused later."""
        at, waited, override = self._stopped
        if self._context.clock.monotonic() - at > UNDO_S:
            raise Refused("已经过了一分钟，不能恢复了。可以在列表里再播一次。")
        self._stopped = NOTHING_STOPPED
        self._music.bring_back(override)
        return self._restore(waited)

    def _restore(self, idents: Iterable[int]) -> int:
        """Add announcements that a person's stop removed to the outbox again, once; return their number."""
        now = self._context.clock.now()
        back = 0
        why = self._own(now, again=False)[1]
        with self._context.store.write() as session:
            for ident in idents:
                old = session.outbox.get(ident)
                if old is None or not old.why.startswith(STOPPED.rstrip("。")):
                    continue
                late = session.outbox.by_key(f"late:{ident}")
                if late is not None and not session.outbox.move(late.id, MERGED, "已恢复，单独播报。", now):
                    continue  # the round-up has announced it meanwhile
                new = NewAnnouncement(
                    f"restored:{ident}", old.kind, old.text, why, now, now.date(), deals=old.deals,
                    priority=old.priority, script=old.script, decision=old.decision,
                )  # fmt: skip
                _, created = session.outbox.add(new)
                back += created
        return back

    def _put(
        self, key: str, kind: Kind, text: str, script: StoredScript,
        deals: tuple[int, ...] = (), *, again: bool = False,
    ) -> Announced:  # fmt: skip
        now = self._context.clock.now()
        silences = self._context.silences(now)
        due, why = self._own(now, again=again)
        unsent = Announcement(0, key, kind, text, WAITING, why, now, due)
        shown = announcement_priority.as_it_waits(unsent, silences, now)
        decision: dict[str, object] = {
            "kind": kind,
            "when": "now" if shown.due is None else f"{shown.due:%H:%M}",
            "why": shown.why,
        }
        held = self._talk.hearing(now).held if shown.due is None else None
        decision |= {"held": held} if held else {}
        with self._context.store.write() as session:
            new = NewAnnouncement(
                key, kind, text, why, now, now.date(), due=due, deals=deals, script=script,
                priority=announcement_priority.PRIORITY[MICROPHONE if kind == MICROPHONE and not again else SAY],
                decision=decision,
            )  # fmt: skip
            announcement, created = session.outbox.add(new)
        return Announced(announcement.id, Decided(announcement.decision), created)

    def _own(self, now: datetime, *, again: bool) -> tuple[datetime | None, str]:
        """Return due and reason without quiet time and mute; a repeat may wait for the next full hour."""
        silent = (
            self._context.state(now).silent_until is not None or self._context.muted_until(now) is not None
        )
        minutes = self._context.rhythm.sound.talk_minutes_per_hour
        if again and not silent:
            with self._context.store.read() as session:
                later = announcement_priority.postpone(now, spent_s(session, now), minutes)
            if later is not None:
                return later, announcement_priority.why_later(minutes, later)
        return None, f"{self._talk.hearing(now).at_once}。"


def _checked(text: str, longest: int) -> str:
    text = " ".join(text.split())
    if not text:
        raise Refused("没有内容。请写要说的话。", "text")
    if len(text) > longest:
        raise Refused(f"太长了：一次最多说 {longest} 个字，这里有 {len(text)} 个字。", "text")
    return text
