"""The player's music: a music command sounds in the spans that allow it, at a level that ducks under speech."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from controller.sound.player import fades
from controller.sound.player.fades import LEAST_FADE_S, MARGIN_S, OFF_DB, SOFT_DB, Fade, Spans, constant
from controller.sound.player.protocol import Duck, MusicOrder
from controller.sound.player.track_queue import Stream, TrackQueue

ARM_S = 0.4
"""A track is opened and held this long before its start: opening takes some ms, on a Pi some tens."""
CHANGE_S = 0.3
"""Fade-out of music that a new command ends, and time to reach a new volume."""
SLOPE_S = 3.0
"""Fade of the present track to its measured level, when it was only estimated before."""
STEP_S = 0.008
"""Between two steps of a moving level: shorter than a buffer, so that no buffer misses a step."""
EAGER_S = 0.004
"""Music starts this much before its moment, because it becomes audible up to 17 ms late (measured), never early.
Not applied after quiet time: there no sample may be early, by any measure.
"""
LEAST_STEPS = 6
"""Of 128: music at a lower level may lie below what counts as silence."""
SAME_S = 0.002
"""Moments are recomputed from the wall clock each time they are sent: smaller differences count as equal."""


class MusicChannel:
    """The music stream.

    Never blocks: `tick` does what is due and returns the moment of the next call.
    """

    def __init__(self, stream: Stream, notify: Callable[..., None]) -> None:
        self._stream, self._notify = stream, notify
        self._queue = TrackQueue(stream, notify)
        self._order: MusicOrder | None = None
        self._next_order: MusicOrder | None = None
        self._silences: Spans = ()
        self._master = 1.0
        self._state = "off"  # off; armed: opened and held; on
        self._begin = math.inf  # start of the prepared run
        self._goal = math.inf  # the moment at which the present run must be silent
        self._leaving = False
        self._fade, self._duck, self._trim = constant(0.0), constant(0.0), constant(0.0)
        self._steps = 0
        self._up_s = Duck().up_ms / 1000

    # -- commands ----------------------------------------------------------------------------------

    def quiet(self, silences: Spans) -> None:
        """Sound in none of these spans."""
        self._silences = silences

    def set_master(self, master: float) -> None:
        """The volume over all, 0 to 1."""
        self._master = master

    def play(self, order: MusicOrder | None, now: float) -> None:
        """Play this now, or in time when it starts later. None: silence."""
        present = self._order
        if order is not None and present is not None and self._goes_on(order, present, now):
            self._go_on_as(order, present, now)
        elif self._state == "on" and present is not None:
            gone = max(order.start_at if order else now, now + CHANGE_S + MARGIN_S)
            self._next_order = order
            self._order = replace(
                present, until=min(gone, math.inf if present.until is None else present.until)
            )
        else:
            self._off()
            self._take(order)

    def _go_on_as(self, order: MusicOrder, present: MusicOrder, now: float) -> None:
        """Keep the present track and fade to a changed level."""
        gain = self._queue.gain_db
        if order.tracks != present.tracks:
            self._queue.replace_tracks(order.tracks, now)
        gain -= self._queue.gain_db
        louder = gain + 20 * math.log10(max(present.volume, 1) / max(order.volume, 1))
        seconds = CHANGE_S if abs(gain) < 1 else SLOPE_S
        self._trim = Fade(now, seconds, louder + self._trim.at(now), 0.0)
        self._order, self._next_order = order, None

    def _goes_on(self, order: MusicOrder, present: MusicOrder, now: float) -> bool:
        """Return whether the present track and place fit the new command, whatever tracks surround it."""
        if self._state == "off":
            return False  # an unreadable file may be back: try it again
        if order.same_music(present):
            return True
        over = order.until is not None and order.until <= now
        if self._state != "on" or not order.tracks or now < order.start_at or over:
            return False
        durations = [track.duration_s for track in order.tracks]
        index, offset = fades.locate(durations, order.position_s + now - order.start_at)
        return self._queue.plays(order.tracks[index].path, offset, now)

    def skip(self, now: float) -> float | None:
        """Go to the next track;

        return its position (s) in the command, None when no music sounds.
        """
        if self._state != "on" or self._order is None:
            return None
        self._order = replace(self._order, position_s=self._order.position_s + self._queue.skip(now))
        return self._order.position_s

    def duck(self, duck: Duck, now: float) -> None:
        """Lower the music for speech."""
        self._up_s = duck.up_ms / 1000
        self._duck = Fade(now, duck.down_ms / 1000, self._duck.at(now), min(0.0, duck.db))

    def restore(self, now: float) -> None:
        """Restore the music after speech, at the speed that `duck` named."""
        self._duck = Fade(now, self._up_s, self._duck.at(now), 0.0)

    # -- events ------------------------------------------------------------------------------------

    def track_ended(self, now: float) -> None:
        """Note that the stream has finished a track."""
        if self._state == "on":
            if not self._queue.ended(now):
                self._end(now)
            self._set_volume(now)

    def steady(self, now: float) -> tuple[Path, float] | None:
        """Return file and position of music that must be audible now; None while none plays, or its level moves."""
        fades_over = all(fade.over(now) for fade in (self._fade, self._duck, self._trim))
        if self._state != "on" or self._leaving or not fades_over or self._steps < LEAST_STEPS:
            return None
        return self._queue.place(now)

    def reopen(self, now: float) -> None:
        """Open the music again at its place: what plays does not reach the mixer's output."""
        if self._state != "on":
            return
        if self._queue.reopen(now):
            self._stream.volume(self._steps)
        else:
            self._end(now)

    def tick(self, now: float) -> float:
        """Do what is due; return the moment of the next call."""
        if self._state == "off":
            self._expire(now)
            self._prepare(now)
        if self._state == "armed":
            self._release_in_time(now)
        if self._state == "on":
            self._keep_on(now)
        self._set_volume(now)
        return self._wake(now)

    def _take(self, order: MusicOrder | None) -> None:
        if order is None and self._order is None:
            return
        self._order, self._next_order = order, None
        self._trim = constant(0.0)
        self._queue.set_tracks(order.tracks if order else ())

    def _run(self, now: float) -> tuple[float, float] | None:
        order = self._order
        if order is None or not self._queue.playable:
            return None
        return fades.next_run(order.start_at, order.until, self._silences, now)

    def _expire(self, now: float) -> None:
        """Drop a command that is over; the next one replaces it."""
        order = self._order
        if order is None or (order.until is not None and order.until - MARGIN_S <= now):
            self._take(self._next_order)

    def _prepare(self, now: float) -> None:
        run = self._run(now)
        self._begin = run[0] if run else math.inf
        if self._order is None or self._begin - ARM_S > now:
            return
        position = self._order.position_s + self._begin - self._order.start_at
        index, offset = fades.locate([track.duration_s for track in self._order.tracks], position)
        self._silence()
        if self._queue.open_track(index, offset, self._begin, held=True):
            self._state = "armed"
        else:
            self._notify("music_ended")

    def _release_in_time(self, now: float) -> None:
        run = self._run(now)
        if run is None or run[0] > max(self._begin, now) + SAME_S:
            self._off()  # cancelled before it began
        elif now >= self._release_at() and self._order is not None:
            fade_in = self._order.fade_in_ms / 1000
            self._fade = Fade(now, fade_in, SOFT_DB, 0.0) if fade_in > 0 else constant(0.0)
            self._state, self._leaving = "on", False
            self._set_volume(now)
            self._stream.release()
            self._queue.started(now)

    def _release_at(self) -> float:
        after_silence = any(abs(until - self._begin) < 0.05 for _, until in self._silences)
        return self._begin - self._stream.latency_s - (0.0 if after_silence else EAGER_S)

    def _keep_on(self, now: float) -> None:
        run = self._run(now)
        may_sound = run is not None and run[0] <= now
        self._goal = run[1] - MARGIN_S if run is not None and may_sound else now
        lead = self._fade_out_s()
        hurried = self._fade.end > max(self._goal, now + LEAST_FADE_S) + SAME_S  # stopped during a slow fade
        if (not self._leaving and now >= self._goal - lead) or (self._leaving and hurried):
            self._leaving = True
            self._fade = Fade(now, max(LEAST_FADE_S, self._goal - now), self._fade.at(now), OFF_DB / 1.25)
        elif self._leaving and now < self._goal - max(lead, 0.5):
            self._leaving = False  # the end was postponed
            self._fade = Fade(now, CHANGE_S, self._fade.at(now), 0.0)
        if self._leaving and self._fade.over(now):
            self._end(now)
        else:
            self._queue.tick(now)

    def _end(self, now: float) -> None:
        self._off()
        self._expire(now)
        self._notify("music_ended")

    def _off(self) -> None:
        if self._state != "off":
            self._queue.off()
        self._state, self._begin, self._goal = "off", math.inf, math.inf
        self._leaving, self._fade = False, constant(0.0)

    # -- level and time ----------------------------------------------------------------------------

    def _fade_out_s(self) -> float:
        order = self._order
        if order is None or self._next_order is not None:
            return CHANGE_S
        return max(LEAST_FADE_S, order.fade_out_ms / 1000)

    def _silence(self) -> None:
        self._steps = 0
        self._stream.volume(0)

    def _set_volume(self, now: float) -> None:
        if self._state != "on" or self._order is None:
            return
        level = self._fade.at(now) + self._duck.at(now) + self._trim.at(now) + self._queue.gain_db
        steps = fades.steps(self._master * self._order.volume / 100, level)
        if steps != self._steps:
            self._stream.volume(steps)
            self._steps = steps

    def _wake(self, now: float) -> float:
        if self._state == "off":
            return self._begin - ARM_S
        if self._state == "armed":
            return self._release_at()
        if not all(fade.over(now) for fade in (self._fade, self._duck, self._trim)):
            return now + STEP_S
        return min(max(now + STEP_S, self._goal - self._fade_out_s()), self._queue.wake(now))
