"""The sound desk: gives the speaker its orders, by the timetable and by what people asked for on the phone."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from controller.book.model import Refused
from controller.glance import Sounding
from controller.hearing import Facts, Hearing, hearing
from controller.machine.filenames import readable
from controller.office import music
from controller.office.jukebox import Jukebox
from controller.office.music import ByHand, Wanted
from controller.office.room import Room
from controller.rhythm.model import DayPlan, SoundSettings, State
from controller.rhythm.timetable import ceiling_at, next_quiet
from controller.sound.announcer import Announcer
from controller.sound.library import Library
from controller.sound.performance import Manners
from controller.sound.speaker import Duck, Event, Speaker
from controller.sound.voice import Voice

log = logging.getLogger(__name__)

AHEAD = timedelta(seconds=6)
"""Music is ordered this long before it begins, so that it is loaded and starts on the dot."""
RETRY = timedelta(seconds=5)
"""An empty playlist is looked at again after this: somebody may be filling it, or its files are still being read."""
LONGEST_MUTE = timedelta(minutes=240)


class SoundDesk:
    """Compares what should sound with what was ordered last, and orders the difference. Thread-safe."""

    def __init__(self, room: Room, speaker: Speaker, announcer: Announcer, library: Library, voice: Voice):
        self._room, self._speaker, self._announcer, self._library = room, speaker, announcer, library
        self._voice = voice
        self._lock = threading.RLock()
        self._ordered: tuple[object, ...] | None = None
        self._silences: tuple[tuple[datetime, datetime], ...] | None = None
        self._volume: int | None = None
        self._retry_at = room.clock.now()
        self._jukebox = Jukebox(room, library)
        self._look_again = self._stalled = False
        self._settings: SoundSettings | None = None
        self.obey()

    # --- following the timetable

    def follow(self, plan: DayPlan, state: State, now: datetime, *, trusted: bool) -> None:
        """Makes the speaker do what should be at `now`. Without a trusted clock no timed music sounds."""
        with self._lock:
            self.obey()
            self._follow_silences(plan, now)
            self._follow_volume(now)
            self._follow_music(plan, state, now, trusted=trusted)

    def obey(self) -> None:
        """Hands on what the timetable says of sound; after an edit the music is ordered anew where it differs."""
        sound = self._room.rhythm.sound
        if sound == self._settings:
            return
        self._settings, self._ordered = sound, ("void",)
        self._library.lufs = sound.music_lufs
        self._announcer.manners = Manners(
            Duck(sound.duck_db, sound.duck_ms, sound.restore_ms),
            sound.lead_silence_ms / 1000,
            sound.wake_after_s,
        )

    def forget(self) -> None:
        """What was ordered is void: the clock has jumped. The next `follow` orders everything anew."""
        with self._lock:
            self._ordered, self._silences, self._volume = ("void",), None, None
            self._retry_at = self._room.clock.now()

    def moments(self, plan: DayPlan, now: datetime) -> tuple[datetime, ...]:
        """Shortly before each piece of music, so that it is loaded when its moment comes; the end of a hush."""
        ahead = [entry.at - AHEAD for entry in plan.entries if entry.music is not None]
        hush = self._hush(now)
        by_hand = self._by_hand()
        ends = [
            span
            for span in (hush[1] if hush else None, by_hand.until if by_hand else None)
            if span is not None
        ]
        return tuple(moment for moment in (*ahead, *ends) if moment > now)

    def on_speaker(self, event: Event) -> None:
        """Notes which track is playing."""
        if event.kind == "track" and event.path is not None:
            self._jukebox.playing, self._look_again, self._stalled = event.path, True, False
            log.info("music: %s", self.track_file)
        elif event.kind in ("track_failed", "part_failed") and event.path is not None:
            log.warning("cannot play %s: %s", readable(event.path.name), readable(event.why or ""))
            self._library.failed(event.path)
        elif event.kind == "lost":
            self._jukebox.playing = None
        elif (
            event.kind == "music_ended"
        ):  # its span is over, or no file of it can be read: those may come back
            self._jukebox.playing, self._stalled = None, True
            self._retry_at = min(self._retry_at, self._room.clock.now() + RETRY)

    def shelved(self) -> None:
        """A track was added or deleted: the next `follow` has it in the running order, or not any more."""
        self._look_again = True

    @property
    def track(self) -> str | None:
        """The title of what is playing: its file's name without the ending."""
        name = self.track_file
        return Path(name).stem if name else None

    @property
    def track_file(self) -> str | None:
        """The file's name of what is playing, as people read it."""
        sounding = self._jukebox.sounding
        return sounding.name if sounding else None

    def _follow_silences(self, plan: DayPlan, now: datetime) -> None:
        spans = tuple(span for span in (next_quiet(plan, now), self._hush(now)) if span is not None)
        if spans == self._silences:
            return
        self._silences = spans
        to = self._room.clock.to_monotonic
        moments = [(to(begin), to(end)) for begin, end in spans]
        self._speaker.quiet(moments)
        self._announcer.silences(moments)

    def _follow_volume(self, now: datetime) -> None:
        volume = self._master(now)
        if volume != self._volume:
            self._volume = volume
            self._announcer.audible(volume > 0)
            self._speaker.master(volume)

    def _master(self, now: datetime) -> int:
        """What the player is set to: what a person chose, up to the timetable's ceiling."""
        return min(self.volume(), ceiling_at(self._room.rhythm.sound, now))

    def _follow_music(self, plan: DayPlan, state: State, now: datetime, *, trusted: bool) -> None:
        wanted = self._wanted(plan, state, now, trusted=trusted)
        again = self._ordered == (wanted,)
        if again and now < self._retry_at and not self._look_again:
            return
        self._look_again = False
        if not again:
            self._jukebox.left(now)
        before = self._jukebox.present
        order = self._jukebox.order(wanted, now) if wanted else None
        nothing = wanted is not None and order is None
        silent = (
            wanted is not None and wanted.since <= now and self._stalled and self._jukebox.playing is None
        )
        self._retry_at = now + RETRY if nothing or silent else datetime.max.replace(tzinfo=now.tzinfo)
        if again and (nothing or (before == self._jukebox.present and not silent)):
            return
        if nothing and wanted is not None:
            log.warning("playlist %s has nothing to play", wanted.playlist)
        self._ordered = (wanted,)
        self._speaker.music(order)
        self._announcer.music_on = order is not None and wanted is not None and wanted.since <= now
        self._jukebox.keep()
        if wanted is None:
            self._jukebox.playing = None

    def _wanted(self, plan: DayPlan, state: State, now: datetime, *, trusted: bool) -> Wanted | None:
        wanted = music.wanted(state, self._by_hand(), self.hushed_until(now), now)
        if wanted is None and trusted:
            wanted = music.upcoming(plan, now, AHEAD)
        if wanted is None or not (trusted or self._asked_for(now)):
            return None
        return replace(wanted, volume=self._level(wanted))

    def _level(self, wanted: Wanted) -> int:
        """How loud the music is for the player: what its span says, in the share that a person set."""
        return round(wanted.volume * self.music_volume() / 100)

    # --- what people ask for

    def play(self, playlist: str | None) -> None:
        """Plays a playlist now, for an hour at most. None: what the timetable would, or the first there is.

        Raises Refused in quiet time and for a playlist that isn't there.
        """
        now = self._room.clock.now()
        state, plan = self._room.state(now), self._room.plan(now)
        if state.quiet and state.entry is not None:
            raise Refused(f"{state.entry.name}时间不放音乐，{state.entry.until:%H:%M} 以后再放。")
        if (muted := self.hushed_until(now)) is not None:
            raise Refused(f"正在静音，到 {muted:%H:%M} 为止。想现在放音乐，请先结束静音。")
        names = self._library.playlists()
        chosen = playlist or (state.music.playlist if state.music else None) or (names[0] if names else None)
        if chosen is None or chosen not in names:
            raise Refused(f"没有叫“{playlist or ''}”的歌单，现有：{'、'.join(names) or '无'}。", "playlist")
        if state.music and state.music.playlist == chosen:
            self._keep(None)
        else:
            self._keep(ByHand(chosen, now, music.until_when(state, plan, now, playing=True)))

    def stop_music(self) -> None:
        """No music until the timetable's next music, or until somebody starts it."""
        now = self._room.clock.now()
        state, plan = self._room.state(now), self._room.plan(now)
        self._keep(ByHand(None, now, music.until_when(state, plan, now, playing=False)))

    def next_track(self) -> None:
        """The next track. Raises Refused when no music is playing."""
        with self._lock:
            now = self._room.clock.now()
            wanted = music.wanted(self._room.state(now), self._by_hand(), self.hushed_until(now), now)
            if wanted is None or not self._jukebox.skip(wanted, now):
                raise Refused("现在没有在放音乐。")
            self._speaker.next_track()  # at once; the order that follows says the same and changes nothing
            self._look_again = True

    def set_volume(self, volume: int) -> None:
        """The master volume, 0..100; remembered, and in force when this returns."""
        with self._lock:
            self._set("volume", max(0, min(100, volume)))
            self._follow_volume(self._room.clock.now())

    def set_music_volume(self, volume: int) -> None:
        """How loud music is beside speech, in percent of what the timetable says; remembered."""
        self._set("music_volume", max(0, min(100, volume)))

    def hush(self, until: datetime | None) -> None:
        """Nothing sounds until then, four hours at most; None ends it."""
        now = self._room.clock.now()
        until = min(until, now + LONGEST_MUTE) if until is not None else None
        self._set("hush", {"since": now.isoformat(), "until": until.isoformat()} if until else None)

    def by_hand(self) -> ByHand | None:
        """What a person asked for last, to be brought back by `bring_back`."""
        return self._by_hand()

    def bring_back(self, by_hand: ByHand | None) -> None:
        """Makes this again what a person asked for; None: what the timetable says."""
        self._keep(by_hand)

    # --- what is

    def volume(self) -> int:
        """The master volume that a person set last, 0..100."""
        return int(self._get("volume", 100))

    def music_volume(self) -> int:
        """How loud music is beside speech, in percent, as a person set it last."""
        return int(self._get("music_volume", 100))

    def hearing(self, now: datetime) -> Hearing:
        """Whether the office can hear what is said at `now`; see `controller.hearing`."""
        state, health = self._room.state(now), self._speaker.health()
        return hearing(
            Facts(
                volume=self._master(now),
                device=health.device if health.alive else None,
                quiet_until=state.quiet_until,
                quiet_name=f"{state.entry.name}时间" if state.quiet and state.entry else "安静时间",
                muted_until=self.hushed_until(now),
                voice_fault=self._voice.status().fault,
            )
        )

    def hushed_until(self, now: datetime) -> datetime | None:
        """When the hush ends, None when there is none."""
        hush = self._hush(now)
        return hush[1] if hush else None

    def _hush(self, now: datetime) -> tuple[datetime, datetime] | None:
        kept = self._get("hush", None)
        if not isinstance(kept, dict):
            return None
        since, until = (
            datetime.fromisoformat(kept[name]).astimezone(now.tzinfo) for name in ("since", "until")
        )
        return (since, until) if since <= now < until else None

    def sounding(self, now: datetime) -> Sounding:
        """What a phone shows of the music."""
        by_hand = self._by_hand()
        wanted = music.wanted(self._room.state(now), by_hand, self.hushed_until(now), now)
        health = self._speaker.health()
        active = by_hand is not None and self._asked_for(now)
        return Sounding(
            device=health.device if health.alive else None,
            playlist=wanted.playlist if wanted else None,
            track=self.track if wanted else None,
            volume=self.volume(),
            hushed_until=self.hushed_until(now),
            manual=("play" if by_hand and by_hand.playlist else "stop") if active else None,
            music_volume=self.music_volume(),
            playing_until=wanted.until if wanted else by_hand.until if active and by_hand else None,
            playing_volume=self._level(wanted) if wanted else None,
            hearing=self.hearing(now),
        )

    def _asked_for(self, now: datetime) -> bool:
        """Whether what a person asked for is in force; what was asked for yesterday is not."""
        by_hand = self._by_hand()
        return by_hand is not None and by_hand.since <= now < by_hand.until

    def _by_hand(self) -> ByHand | None:
        return ByHand.from_json(self._get("music_by_hand", None))

    def _keep(self, by_hand: ByHand | None) -> None:
        self._set("music_by_hand", by_hand.to_json() if by_hand else None)

    def _get(self, name: str, default: Any) -> Any:
        return self._room.kept.get(name, default)

    def _set(self, name: str, value: object) -> None:
        self._room.kept.set(name, value)
