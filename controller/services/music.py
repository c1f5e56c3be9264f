"""Music: the timetable's playlists, manual overrides, mute and volume."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from controller.glance import Sounding
from controller.hearing import Facts, Hearing, hearing
from controller.moments import local_time
from controller.sales.model import Refused
from controller.services import music_order
from controller.services.announcement_priority import after
from controller.services.context import MUTE, Context, muted
from controller.services.music_order import DesiredMusic, ManualOverride
from controller.services.music_position import MusicPosition
from controller.sound.announcer import Announcer
from controller.sound.library import Library
from controller.sound.playback import AnnouncementSettings
from controller.sound.speaker import Duck, Event, Speaker
from controller.sound.tts.client import Voice
from controller.system.files import readable
from controller.timetable.model import DayPlan, Moments, SoundSettings, State, playlist_name
from controller.timetable.plan import ceiling_at, music_of, next_quiet

log = logging.getLogger(__name__)

AHEAD = timedelta(seconds=6)
"""The music command is sent this long before music starts, so that it is loaded and starts on time."""
RETRY = timedelta(seconds=5)
"""An empty playlist is checked again after this: it may be being filled, or its files are still being read."""
LONGEST_MUTE = timedelta(minutes=240)


class MusicService:
    """Compare the desired music with the last music command, and send the difference. Thread-safe."""

    def __init__(
        self, context: Context, speaker: Speaker, announcer: Announcer, library: Library, voice: Voice
    ):
        self._context, self._speaker, self._announcer, self._library = context, speaker, announcer, library
        self._voice = voice
        self._lock = threading.RLock()
        self._ordered: tuple[object, ...] | None = None
        self._silences: tuple[tuple[Moments, ...], tuple[Moments, ...]] | None = None
        self._volume: tuple[int, int] | None = None
        self._retry_at = context.clock.now()
        self._position = MusicPosition(context, library)
        self._look_again = self._stalled = False
        self._settings: SoundSettings | None = None
        self.apply_settings()

    # --- following the timetable

    def follow(self, plan: DayPlan, state: State, now: datetime, *, trusted: bool) -> None:
        """Bring the speaker to the state of `now`. Without a trusted clock no timed music plays."""
        with self._lock:
            self.apply_settings()
            self._follow_silences(plan, now)
            self._follow_volume(now)
            self._follow_music(plan, state, now, trusted=trusted)

    def apply_settings(self) -> None:
        """Apply the timetable's sound settings; after an edit, the next `follow` sends the music command again."""
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
        """Forget the commands sent, after a clock jump; the next `follow` sends them again."""
        with self._lock:
            self._ordered, self._silences, self._volume = ("void",), None, None
            self._retry_at = self._context.clock.now()

    def moments(self, plan: DayPlan, now: datetime) -> tuple[datetime, ...]:
        """Return the moments shortly before music starts, so that it is loaded in time, and the end of mute."""
        ahead = [music.since - AHEAD for music in music_of(plan)]
        muted_until = self._context.muted_until(now)
        override = self._override()
        ends = [end for end in (muted_until, override.until if override else None) if end is not None]
        return tuple(moment for moment in (*ahead, *ends) if moment > now)

    def on_speaker(self, event: Event) -> None:
        """Handle events about tracks and the device."""
        if event.kind == "track" and event.path is not None:
            self._position.started(event.path)
            self._look_again, self._stalled = True, False
            log.info("music: %s", self.track_file)
        elif event.kind in ("track_failed", "part_failed") and event.path is not None:
            log.warning("cannot play %s: %s", readable(event.path.name), readable(event.why or ""))
            self._library.failed(event.path)
        elif event.kind == "lost":
            self._position.stopped()
        elif event.kind == "music_ended":  # the span is over, or no file can be read: files may come back
            self._position.stopped()
            self._stalled = True
            self._retry_at = min(self._retry_at, self._context.clock.now() + RETRY)

    def library_changed(self) -> None:
        """Update the running order at the next `follow`: a track was added or deleted."""
        self._look_again = True

    def file_improved(self, file: Path) -> None:
        """Use a file that has been measured or made playable from the next look at the playlist on."""
        self.library_changed()
        if self._library.fault(file) is not None:
            self._context.feed.notify()

    @property
    def track(self) -> str | None:
        """The title of the present track: its file name without the extension."""
        name = self.track_file
        return Path(name).stem if name else None

    @property
    def track_file(self) -> str | None:
        """The readable file name of the present track."""
        sounding = self._position.sounding
        return sounding.name if sounding else None

    def _follow_silences(self, plan: DayPlan, now: datetime) -> None:
        spans = tuple(span for span in (next_quiet(plan, now), self._mute(now)) if span is not None)
        unannounced = tuple(span for span in plan.no_announcements if span[1] > now)
        if (spans, unannounced) == self._silences:
            return
        self._silences = spans, unannounced
        to = self._context.clock.to_monotonic
        moments = [(to(begin), to(end)) for begin, end in spans]
        self._speaker.quiet(moments)
        self._announcer.silences([*moments, *((to(begin), to(end)) for begin, end in unannounced)])

    def _follow_volume(self, now: datetime) -> None:
        levels = volume, ceiling = self.levels(now)
        if levels != self._volume:
            self._volume = levels
            self._announcer.audible(volume > 0)
            self._speaker.master(volume, ceiling)

    def levels(self, now: datetime) -> tuple[int, int]:
        """Return the player's volume, which is a person's choice up to the timetable's ceiling, and that ceiling."""
        ceiling = ceiling_at(self._context.rhythm.sound, now)
        return min(self.volume(), ceiling), ceiling

    def _follow_music(self, plan: DayPlan, state: State, now: datetime, *, trusted: bool) -> None:
        wanted = self._wanted(plan, state, now, trusted=trusted)
        again = self._ordered == (wanted,)
        if again and now < self._retry_at and not self._look_again:
            return
        self._look_again = False
        if not again:
            self._position.left(now)
        before = self._position.present
        order = self._position.order(wanted, now) if wanted else None
        nothing = wanted is not None and order is None
        silent = (
            wanted is not None and wanted.since <= now and self._stalled and self._position.playing is None
        )
        self._retry_at = now + RETRY if nothing or silent else datetime.max.replace(tzinfo=now.tzinfo)
        if again and (nothing or (before == self._position.present and not silent)):
            return
        if nothing and wanted is not None:
            log.warning("playlist %s has nothing to play", wanted.playlist)
        self._ordered = (wanted,)
        self._speaker.music(order)
        self._announcer.music(order is not None and wanted is not None and wanted.since <= now)
        self._position.keep()
        if wanted is None:
            self._position.stopped()

    def _wanted(self, plan: DayPlan, state: State, now: datetime, *, trusted: bool) -> DesiredMusic | None:
        wanted = music_order.wanted(state, self._override(), self._context.muted_until(now), now)
        if wanted is None and trusted:
            wanted = music_order.upcoming(plan, now, AHEAD)
        if wanted is None or not (trusted or self._overridden(now)):
            return None
        return replace(wanted, volume=self._level(wanted))

    def _level(self, wanted: DesiredMusic) -> int:
        """Return the player's music volume: that of the span, times the percentage that a person set."""
        return round(wanted.volume * self.music_volume() / 100)

    # --- manual control

    def play(self, playlist: str | None = None) -> None:
        """Play a playlist now, for an hour at most. None: the timetable's, or the first one.

        Raises Refused in quiet time, during mute, and for an unknown playlist.
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

    def stop(self) -> None:
        """Stop music until the timetable's next music, or until a person starts it."""
        now = self._context.clock.now()
        state, plan = self._context.state(now), self._context.plan(now)
        self._keep(ManualOverride(None, now, music_order.until_when(state, plan, now, playing=False)))

    def next_track(self) -> None:
        """Skip to the next track. Raises Refused when no music is playing."""
        with self._lock:
            now = self._context.clock.now()
            wanted = music_order.wanted(
                self._context.state(now), self._override(), self._context.muted_until(now), now
            )
            if wanted is None or not self._position.skip(wanted, now):
                raise Refused("现在没有在放音乐。")
            self._speaker.next_track()  # at once; the music command that follows is the same and changes nothing
            self._look_again = True
        self._context.changes.notify()

    def set_volume(self, volume: int) -> None:
        """Set and store the master volume, 0..100; in force when this returns."""
        with self._lock:
            self._set("volume", max(0, min(100, volume)))
            self._follow_volume(self._context.clock.now())

    def set_music_volume(self, volume: int) -> None:
        """Set and store the music volume in percent of the timetable's."""
        self._set("music_volume", max(0, min(100, volume)))

    def mute_for(self, minutes: int) -> None:
        """Mute for some minutes; 0 ends mute. Announcements postponed by mute are played when it ends."""
        now = self._context.clock.now()
        self._set_mute(now + timedelta(minutes=minutes) if minutes else None, now)

    def mute_until(self, at: time) -> None:
        """Mute until a time of today. Raises Refused when it is past or more than four hours ahead."""
        now = self._context.clock.now()
        until = local_time(now.date(), at, self._context.clock.zone)
        if not now < until <= now + LONGEST_MUTE:
            raise Refused("静音要到今天稍后、四小时以内的时间，例如 14:00。", "until")
        self._set_mute(until, now)

    def _set_mute(self, until: datetime | None, now: datetime) -> None:
        """Mute until a moment, four hours at most; None ends it."""
        last = self._context.last_mute(now)
        if until is not None:
            over = after(last.until, self._context.silences(now), now)[0] if last is not None else now
            self._set(MUTE, muted(last, over, min(until, now + LONGEST_MUTE), now).to_json())
        elif last is not None and last.until > now:
            self._set(MUTE, last.ended(now).to_json())

    def manual_override(self) -> ManualOverride | None:
        """Return the last manual override, for `bring_back`."""
        return self._override()

    def bring_back(self, override: ManualOverride | None) -> None:
        """Restore a manual override; None: follow the timetable."""
        self._keep(override)

    # --- present state

    def playlist_names(self) -> dict[str, str]:
        """Return people's names of playlists: the folder's name if that is Chinese, else the spans that play it."""
        spans = self._context.rhythm.spans
        return {name: playlist_name(name, spans) for name in self._library.playlists()}

    def has_music(self) -> bool:
        """Return whether the last music command has a track: the present playlist can be played."""
        return self._position.present is not None

    def volume(self) -> int:
        """Return the master volume that a person set last, 0..100."""
        return int(self._get("volume", 100))

    def music_volume(self) -> int:
        """Return the music volume that a person set last, in percent."""
        return int(self._get("music_volume", 100))

    def hearing(self, now: datetime, state: State | None = None) -> Hearing:
        """Return whether announcements can be heard at `now`; see `controller.hearing`.

        `state`: the timetable's state at `now`, if it is known.
        """
        state, health = state or self._context.state(now), self._speaker.health()
        return hearing(
            Facts(
                volume=self.levels(now)[0],
                device=health.device if health.alive else None,
                quiet_until=state.quiet_until,
                quiet_name=f"{state.entry.name}时间" if state.quiet and state.entry else "安静时间",
                held_until=None if state.quiet else state.silent_until,
                muted_until=self._context.muted_until(now),
                voice_fault=self._voice.status().fault,
            )
        )

    def _mute(self, now: datetime) -> tuple[datetime, datetime] | None:
        """Return the span of the mute in force."""
        mute = self._context.last_mute(now)
        return (mute.since, mute.until) if mute is not None and mute.since <= now < mute.until else None

    def sounding(self, now: datetime) -> Sounding:
        """Return the state of the music for phones."""
        override = self._override()
        wanted = music_order.wanted(self._context.state(now), override, self._context.muted_until(now), now)
        health = self._speaker.health()
        active = override is not None and self._overridden(now)
        return Sounding(
            device=health.device if health.alive else None,
            playlist=wanted.playlist if wanted else None,
            track=self.track if wanted else None,
            volume=self.volume(),
            muted_until=self._context.muted_until(now),
            manual=("play" if override and override.playlist else "stop") if active else None,
            music_volume=self.music_volume(),
            playing_until=wanted.until if wanted else override.until if active and override else None,
            playing_volume=self._level(wanted) if wanted else None,
            hearing=self.hearing(now),
        )

    def _overridden(self, now: datetime) -> bool:
        """Return whether a manual override is in force; one of yesterday is not."""
        override = self._override()
        return override is not None and override.since <= now < override.until

    def _override(self) -> ManualOverride | None:
        return ManualOverride.from_json(self._get("music_by_hand", None))

    def _keep(self, override: ManualOverride | None) -> None:
        self._set("music_by_hand", override.to_json() if override else None)

    def _get(self, name: str, default: Any) -> Any:
        return self._context.preferences.get(name, default)

    def _set(self, name: str, value: object) -> None:
        self._context.preferences.set(name, value)
