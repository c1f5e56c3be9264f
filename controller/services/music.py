"""The music: what the timetable wants, what people ordered by hand, mute and volume."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from controller.glance import Sounding
from controller.hearing import Facts, Hearing, hearing
from controller.sales.model import Refused, StoreTrouble
from controller.services import music_order
from controller.services.announcement_priority import after
from controller.services.context import MUTE, Context
from controller.services.music_order import DesiredMusic, ManualOverride, PlaylistPosition
from controller.services.mute import muted
from controller.sound.announcer import Announcer
from controller.sound.library import UNMEASURED_DB, Library
from controller.sound.playback import AnnouncementSettings
from controller.sound.speaker import Duck, Event, MusicOrder, Speaker, Track
from controller.sound.voice import Voice
from controller.system.filenames import readable
from controller.timetable.model import DayPlan, SoundSettings, State
from controller.timetable.plan import ceiling_at, next_quiet

log = logging.getLogger(__name__)

BEGINNING_S = 5.0
"""A track that sounds for longer is well under way."""


class MusicPosition:
    """Called under the sound desk's lock. `playing`: the file that sounds, as the speaker tells."""

    def __init__(self, context: Context, library: Library):
        self._context, self._library = context, library
        self._turns: dict[str, PlaylistPosition] = {}
        self.present: tuple[PlaylistPosition, tuple[Track, ...]] | None = None
        self.playing: Path | None = None
        self._given: dict[Path, Track] = {}

    def started(self, file: Path) -> None:
        """The speaker plays this file now."""
        self.playing = file

    def stopped(self) -> None:
        """The speaker plays no music any more."""
        self.playing = None

    @property
    def sounding(self) -> Track | None:
        """The track that plays, as it was ordered; None when nothing does."""
        if self.playing is None:
            return None
        return self._given.get(self.playing) or Track(self.playing, name=readable(self.playing.name))

    def order(self, wanted: DesiredMusic, now: datetime) -> MusicOrder | None:
        """What the speaker gets for `wanted`, also told by `present`; None when there is nothing to play."""
        found = self._tracks(wanted, now)
        turn = self._turn(wanted, tuple(found.values()), now)
        if turn is None:
            self.present = None
            return None
        tracks = tuple(self._track(name, found.get(name), seconds) for name, seconds in turn.pieces)
        self.present = turn, tracks
        sounding = self.sounding
        self._given = {track.path: track for track in (*((sounding,) if sounding else ()), *tracks)}
        sound = self._context.rhythm.sound
        return MusicOrder(
            tracks=tracks,
            start_at=self._context.clock.to_monotonic(wanted.since),
            position_s=turn.start_s,
            until=self._context.clock.to_monotonic(wanted.until),
            volume=wanted.volume,
            fade_in_ms=round(1000 * sound.fade_in_s),
            fade_out_ms=round(1000 * sound.fade_out_s),
        )

    def skip(self, wanted: DesiredMusic, now: datetime) -> bool:
        """From the next track on, as of the next order; False when there is nothing to play."""
        turn = self._turn(wanted, tuple(self._tracks(wanted, now).values()), now)
        if turn is not None:
            self._remember(turn.skipped(now))
        return turn is not None

    def keep(self) -> None:
        """Writes down how far it has come; after the order is given, for the disk may be slow."""
        if self.present is not None:
            self._remember(self.present[0])

    def left(self, now: datetime) -> None:
        """Other music, or none, is wanted: this has had its turn up to now, also where it was to go on for longer."""
        if self.present is not None:
            turn, self.present = self.present[0], None
            if turn.since <= now < turn.until:
                self._remember(replace(turn, until=now))

    def _tracks(self, wanted: DesiredMusic, now: datetime) -> dict[str, Track]:
        """The playlist's tracks by name. One that is well under way stays the same file of the same length to its
        end: its length, or what is played in its place, may have become known better meanwhile."""
        found = {track.name: track for track in self._library.tracks(wanted.playlist, wanted.since.date())}
        old = self.sounding
        new = found.get(old.name) if old is not None else None
        if old is not None and new is not None and self._under_way(wanted.playlist, old.name, now):
            found[old.name] = replace(new, duration_s=old.duration_s) if new.path == old.path else old
        return found

    def _under_way(self, playlist: str, name: str, now: datetime) -> bool:
        turn = self._turns.get(playlist)
        if turn is None:
            return False
        index, offset = turn.place(now)
        return turn.pieces[index][0] == name and offset > BEGINNING_S

    def _turn(self, wanted: DesiredMusic, tracks: Sequence[Track], now: datetime) -> PlaylistPosition | None:
        name = wanted.playlist
        kept = self._turns.get(name) or PlaylistPosition.from_json(self._context.kept.get(_key(name)))
        files = [(track.name, track.duration_s) for track in tracks]
        sounding = self.sounding
        return music_order.turn(kept, wanted, files, now, sounding.name if sounding else None)

    def _track(self, name: str, found: Track | None, seconds: float) -> Track:
        """The file of a piece; one that was deleted while it plays, as the player has it open."""
        if found is None:
            return Track(self.playing or Path(), UNMEASURED_DB, seconds, name)
        return replace(found, duration_s=seconds)

    def _remember(self, turn: PlaylistPosition) -> None:
        """Keeps it; a full disk must not stop the music."""
        if self._turns.get(turn.playlist) == turn:
            return
        self._turns[turn.playlist] = turn
        try:
            self._context.kept.set(_key(turn.playlist), turn.to_json(), quiet=True)
        except StoreTrouble as trouble:
            log.warning("how far playlist %s has come is not kept: %s", turn.playlist, trouble.sentence)


def _key(playlist: str) -> str:
    return f"music_turn:{playlist}"


# --- The sound desk

AHEAD = timedelta(seconds=6)
"""Music is ordered this long before it begins, so that it is loaded and starts on the dot."""
RETRY = timedelta(seconds=5)
"""An empty playlist is looked at again after this: somebody may be filling it, or its files are still being read."""
LONGEST_MUTE = timedelta(minutes=240)


class MusicService:
    """Compares what should sound with what was ordered last, and orders the difference. Thread-safe."""

    def __init__(
        self, context: Context, speaker: Speaker, announcer: Announcer, library: Library, voice: Voice
    ):
        self._context, self._speaker, self._announcer, self._library = context, speaker, announcer, library
        self._voice = voice
        self._lock = threading.RLock()
        self._ordered: tuple[object, ...] | None = None
        self._silences: tuple[tuple[datetime, datetime], ...] | None = None
        self._volume: int | None = None
        self._retry_at = context.clock.now()
        self._jukebox = MusicPosition(context, library)
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
        sound = self._context.rhythm.sound
        if sound == self._settings:
            return
        self._settings, self._ordered = sound, ("void",)
        self._library.set_loudness(sound.music_lufs)
        self._announcer.configure(
            AnnouncementSettings(
                Duck(sound.duck_db, sound.duck_ms, sound.restore_ms),
                sound.lead_silence_ms / 1000,
                sound.wake_after_s,
            )
        )

    def forget(self) -> None:
        """What was ordered is void: the clock has jumped. The next `follow` orders everything anew."""
        with self._lock:
            self._ordered, self._silences, self._volume = ("void",), None, None
            self._retry_at = self._context.clock.now()

    def moments(self, plan: DayPlan, now: datetime) -> tuple[datetime, ...]:
        """Shortly before each piece of music, so that it is loaded when its moment comes; the end of a hush."""
        ahead = [entry.at - AHEAD for entry in plan.entries if entry.music is not None]
        muted_until = self._context.muted_until(now)
        by_hand = self._by_hand()
        ends = [end for end in (muted_until, by_hand.until if by_hand else None) if end is not None]
        return tuple(moment for moment in (*ahead, *ends) if moment > now)

    def on_speaker(self, event: Event) -> None:
        """Notes which track is playing."""
        if event.kind == "track" and event.path is not None:
            self._jukebox.started(event.path)
            self._look_again, self._stalled = True, False
            log.info("music: %s", self.track_file)
        elif event.kind in ("track_failed", "part_failed") and event.path is not None:
            log.warning("cannot play %s: %s", readable(event.path.name), readable(event.why or ""))
            self._library.failed(event.path)
        elif event.kind == "lost":
            self._jukebox.stopped()
        elif (
            event.kind == "music_ended"
        ):  # its span is over, or no file of it can be read: those may come back
            self._jukebox.stopped()
            self._stalled = True
            self._retry_at = min(self._retry_at, self._context.clock.now() + RETRY)

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
        spans = tuple(span for span in (next_quiet(plan, now), self._mute(now)) if span is not None)
        if spans == self._silences:
            return
        self._silences = spans
        to = self._context.clock.to_monotonic
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
        return min(self.volume(), ceiling_at(self._context.rhythm.sound, now))

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
        self._announcer.music(order is not None and wanted is not None and wanted.since <= now)
        self._jukebox.keep()
        if wanted is None:
            self._jukebox.stopped()

    def _wanted(self, plan: DayPlan, state: State, now: datetime, *, trusted: bool) -> DesiredMusic | None:
        wanted = music_order.wanted(state, self._by_hand(), self._context.muted_until(now), now)
        if wanted is None and trusted:
            wanted = music_order.upcoming(plan, now, AHEAD)
        if wanted is None or not (trusted or self._asked_for(now)):
            return None
        return replace(wanted, volume=self._level(wanted))

    def _level(self, wanted: DesiredMusic) -> int:
        """How loud the music is for the player: what its span says, in the share that a person set."""
        return round(wanted.volume * self.music_volume() / 100)

    # --- what people ask for

    def play(self, playlist: str | None) -> None:
        """Plays a playlist now, for an hour at most. None: what the timetable would, or the first there is.

        Raises Refused in quiet time and for a playlist that isn't there.
        """
        now = self._context.clock.now()
        state, plan = self._context.state(now), self._context.plan(now)
        if state.quiet and state.entry is not None:
            raise Refused(f"{state.entry.name}时间不放音乐，{state.entry.until:%H:%M} 以后再放。")
        if (muted := self._context.muted_until(now)) is not None:
            raise Refused(f"正在静音，到 {muted:%H:%M} 为止。想现在放音乐，请先结束静音。")
        names = self._library.playlists()
        chosen = playlist or (state.music.playlist if state.music else None) or (names[0] if names else None)
        if chosen is None or chosen not in names:
            raise Refused(f"没有叫“{playlist or ''}”的歌单，现有：{'、'.join(names) or '无'}。", "playlist")
        if state.music and state.music.playlist == chosen:
            self._keep(None)
        else:
            self._keep(ManualOverride(chosen, now, music_order.until_when(state, plan, now, playing=True)))

    def stop_music(self) -> None:
        """No music until the timetable's next music, or until somebody starts it."""
        now = self._context.clock.now()
        state, plan = self._context.state(now), self._context.plan(now)
        self._keep(ManualOverride(None, now, music_order.until_when(state, plan, now, playing=False)))

    def next_track(self) -> None:
        """The next track. Raises Refused when no music is playing."""
        with self._lock:
            now = self._context.clock.now()
            wanted = music_order.wanted(
                self._context.state(now), self._by_hand(), self._context.muted_until(now), now
            )
            if wanted is None or not self._jukebox.skip(wanted, now):
                raise Refused("现在没有在放音乐。")
            self._speaker.next_track()  # at once; the order that follows says the same and changes nothing
            self._look_again = True

    def set_volume(self, volume: int) -> None:
        """The master volume, 0..100; remembered, and in force when this returns."""
        with self._lock:
            self._set("volume", max(0, min(100, volume)))
            self._follow_volume(self._context.clock.now())

    def set_music_volume(self, volume: int) -> None:
        """How loud music is beside speech, in percent of what the timetable says; remembered."""
        self._set("music_volume", max(0, min(100, volume)))

    def hush(self, until: datetime | None) -> None:
        """Nothing sounds until then, four hours at most; None ends it."""
        now = self._context.clock.now()
        last = self._context.last_mute(now)
        if until is not None:
            over = after(last.until, self._context.silences(now), now)[0] if last is not None else now
            self._set(MUTE, muted(last, over, min(until, now + LONGEST_MUTE), now).to_json())
        elif last is not None and last.until > now:
            self._set(MUTE, last.ended(now).to_json())

    def by_hand(self) -> ManualOverride | None:
        """What a person asked for last, to be brought back by `bring_back`."""
        return self._by_hand()

    def bring_back(self, by_hand: ManualOverride | None) -> None:
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
        state, health = self._context.state(now), self._speaker.health()
        return hearing(
            Facts(
                volume=self._master(now),
                device=health.device if health.alive else None,
                quiet_until=state.quiet_until,
                quiet_name=f"{state.entry.name}时间" if state.quiet and state.entry else "安静时间",
                muted_until=self._context.muted_until(now),
                voice_fault=self._voice.status().fault,
            )
        )

    def _mute(self, now: datetime) -> tuple[datetime, datetime] | None:
        """The span of the mute that is on."""
        mute = self._context.last_mute(now)
        return (mute.since, mute.until) if mute is not None and mute.since <= now < mute.until else None

    def sounding(self, now: datetime) -> Sounding:
        """What a phone shows of the music."""
        by_hand = self._by_hand()
        wanted = music_order.wanted(self._context.state(now), by_hand, self._context.muted_until(now), now)
        health = self._speaker.health()
        active = by_hand is not None and self._asked_for(now)
        return Sounding(
            device=health.device if health.alive else None,
            playlist=wanted.playlist if wanted else None,
            track=self.track if wanted else None,
            volume=self.volume(),
            hushed_until=self._context.muted_until(now),
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

    def _by_hand(self) -> ManualOverride | None:
        return ManualOverride.from_json(self._get("music_by_hand", None))

    def _keep(self, by_hand: ManualOverride | None) -> None:
        self._set("music_by_hand", by_hand.to_json() if by_hand else None)

    def _get(self, name: str, default: Any) -> Any:
        return self._context.kept.get(name, default)

    def _set(self, name: str, value: object) -> None:
        self._context.kept.set(name, value)
