"""Take the next announcement when free, play it, and report its real result; one at a time.

An announcement is chime, speech, applause over ducked music. It starts when the device is alive and the announcement
would end before the next silence. If the device is lost half-way, the announcement is repeated when the device is
back. The announcer knows neither deals nor the timetable and keeps no queue; `Queue` supplies the next job.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from controller.sound.playback import (
    CHIME_S,
    MARGIN_S,
    AnnouncementSettings,
    Job,
    Playback,
    Queue,
    Report,
    Silences,
)
from controller.sound.speaker import Event, Speaker
from controller.sound.tts.client import AHEAD, EMERGENCY, NOW, Voice
from controller.sound.tts.script import Clip, Script, VoiceFailed
from controller.sound.tts.stream import Part as StreamPart
from controller.sound.tts.stream import Stream, lead_s

log = logging.getLogger(__name__)

LOOK_AHEAD_S = 150.0
"""With a silence nearer than this, render first: the length decides whether the announcement still fits."""
RENDER_LIMIT_S = 25.0
"""Longer than rendering should take on this machine."""
LONG_WAIT_S = 6.0
"""If speech would follow the chime later than this, wait for it before the chime: a later chime is better than one
with nothing after it. Happens only on machines that render slower than real time, for texts not in the cache."""
LONGEST_WAIT_S = 120.0
EMERGENCY_VOLUME = 80
"""Of 100: the volume of an emergency when the master volume is lower."""
REFUSED_S = 0.2
"""After the player has cut off or refused an announcement for quiet time, the next one waits this long, or until
`silences`: the player can know of new quiet time first."""
FRESH_S = 120.0
"""An announcement that was interrupted by a lost device is repeated once, if it began less than this ago."""


class Announcer:
    """Thread-safe; every method returns at once.

    The music service calls `configure` and `music`; both apply from the next announcement on.
    """

    def __init__(
        self,
        speaker: Speaker,
        voice: Voice,
        settings: AnnouncementSettings = AnnouncementSettings(),  # noqa: B008 - a frozen value
    ):
        self._speaker, self._voice = speaker, voice
        self._settings = settings
        self._changed = threading.Condition()
        self._queue: Queue | None = None
        self._woken = self._alarm = False  # _alarm: an emergency waits behind the present job
        self._rendered_ahead: tuple[Script, ...] = ()
        self._silences = Silences()
        self._present: Job | None = None
        self._taken_back: str | None = None  # the reason, if the present job was taken back
        self._playback: Playback | None = None
        self._last_sound = float("-inf")
        self._audible = True
        self._running = False
        self._thread = threading.Thread(target=self._loop, name="announcer", daemon=True)
        self._music_on, self._gain_db = False, 0.0

    def configure(self, settings: AnnouncementSettings) -> None:
        """Use these settings."""
        self._settings = settings

    def music(self, on: bool) -> None:
        """Set whether music plays; while it does, amplifiers stay awake."""
        self._music_on = on

    def gain(self, gain_db: float) -> None:
        """Set by how much announcements differ from their normal level, from the next one on."""
        self._gain_db = gain_db

    def start(self, queue: Queue) -> None:
        """Start playing the announcements of `queue`."""
        self._queue = queue
        self._running = True
        self._thread.start()

    def close(self) -> None:
        """End the thread. An unfinished job keeps its last reported state; the next start recovers it."""
        with self._changed:
            self._running = False
            if self._playback is not None:
                self._playback.abandon("closed")
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout=3)

    def wake(self) -> None:
        """Check the queue: something may have been added. An emergency interrupts; the rest is rendered ahead."""
        with self._changed:
            self._woken = True
            busy = self._present is not None
            self._changed.notify_all()
        if busy and self._queue is not None:
            self._check_emergencies()
            self._render_ahead(self._queue)

    def _check_emergencies(self) -> None:
        """Interrupt the present job if an emergency waits."""
        if self._queue is None or not self._queue.urgent():
            return
        with self._changed:
            present = self._present
            if present is None or present.urgent:
                return
            self._alarm = True
            if self._playback is not None:
                self._playback.interrupt()
            self._changed.notify_all()
        self._speaker.stop(present.id, fade_ms=120)

    def _render_ahead(self, queue: Queue) -> None:
        scripts = tuple(replace(job.script, chime=None) for job in queue.ahead() if not job.urgent)
        known, self._rendered_ahead = self._rendered_ahead, scripts
        for script in scripts:
            if script not in known:
                self._voice.prepare(script, AHEAD)

    def audible(self, audible: bool) -> None:
        """Set whether the volume is above 0. While it is not, jobs wait as without a device."""
        with self._changed:
            self._audible = audible
            if not audible and self._playback is not None and not self._playback.job.urgent:
                self._playback.unheard()
            self._changed.notify_all()

    def cancel(self, id: int, why: str) -> None:
        """Take back the present job, also in mid-sentence. Other ids are ignored."""
        with self._changed:
            if self._present is None or self._present.id != id:
                return
            self._taken_back = why
            if self._playback is not None:
                self._playback.cancel(why)
            self._changed.notify_all()
        self._speaker.stop(id, fade_ms=120)

    def silences(self, spans: Sequence[tuple[float, float]]) -> None:
        """Set the spans (CLOCK_MONOTONIC seconds) in which nothing may sound."""
        with self._changed:
            self._silences.set(spans)
            self._changed.notify_all()

    def on_speaker(self, event: Event) -> None:
        """Receive an event of the speaker; the daemon connects both."""
        with self._changed:
            if self._playback is not None:
                self._playback.on_event(event)
            self._changed.notify_all()

    # --- the thread

    def _loop(self) -> None:
        while self._running:
            job = None
            try:
                job = self._next()
                if job is not None:
                    self._play(job)
            except Exception:  # a failed announcement must not affect the others
                log.exception("an announcement failed")
                self._report_failed(job)
                if job is None:  # taking the next job failed: do not retry at once
                    time.sleep(0.5)
            finally:
                with self._changed:
                    self._present = self._taken_back = self._playback = None
                    self._alarm = False

    def _report(self, report: Report) -> None:
        if self._queue is not None:
            self._queue.on_report(report)

    def _report_failed(self, job: Job | None) -> None:
        if job is None or not self._running:
            return
        self._speaker.stop(job.id)  # otherwise its rest would sound under the next one
        try:
            self._report(Report(job.id, "not_heard", "播报时出了问题，已写入日志。"))
        except Exception:  # reporting fails too: go on with the next announcement
            log.exception("could not report the failed announcement")

    def _next(self) -> Job | None:
        """Return a job to start now, else None after a wait."""
        if self._queue is None:
            return None
        job = self._take(self._queue)
        if job is None:
            with self._changed:
                if not self._woken:
                    self._changed.wait(min(0.5, self._silences.left_s()) or 0.5)
                self._woken = False
        return job

    def _take(self, queue: Queue) -> Job | None:
        with self._changed:
            if not self._running:
                return None
            urgent_only = not self._audible or self._silences.left_s() > 0
        if not self._speaker.health().alive:
            return None
        return queue.take(urgent=urgent_only, begin=self._begin)

    def _begin(self, job: Job) -> None:
        with self._changed:
            self._present = job

    def _play(self, job: Job) -> None:
        silence = None if job.urgent else self._silences.next()
        near = silence is not None and silence[0] - time.monotonic() < LOOK_AHEAD_S
        clip = self._rendered(job.script) if near else self._voice.ready(job.script)
        if (
            silence is not None
            and clip is not None
            and time.monotonic() + clip.duration_s + MARGIN_S > silence[0]
        ):
            self._postpone(job, silence)
            return
        began = time.monotonic()
        playback, again = self._attempt(job, clip), 0
        while playback.repeatable(again) and self._device_back(began + FRESH_S, urgent=job.urgent):
            log.info("#%d is played again%s: the device is back", job.id, ", once more" * bool(again))
            playback, again = self._attempt(job, self._rendered(job.script)), again + 1
        verdict = playback.verdict()
        if verdict.started is not None:
            self._last_sound = time.monotonic()
        if self._unfinished(verdict):
            log.info("#%d is cut off because the daemon ends; the next start plays it again", job.id)
            return
        if playback.silenced:
            with self._changed:
                self._silences.hold(time.monotonic() + REFUSED_S)
        self._report(self._put_back(job, verdict) if verdict.state == "waiting" else verdict)

    def _unfinished(self, verdict: Report) -> bool:
        """Return whether the end of the daemon cut off the job: then the verdict does not count.

        systemd signals the player at the same moment as the daemon, so the player may die before `close`.
        """
        return not self._running and verdict.state in ("not_heard", "waiting")

    def _postpone(self, job: Job, silence: tuple[float, float]) -> None:
        """Postpone a job that is too long for the time before the silence, and all later jobs, to its end."""
        report = self._put_back(job, Report(job.id, "waiting", "安静时间快到了，之后再播报。"))
        if report.state == "waiting":
            with self._changed:
                self._silences.hold(silence[1])
        self._report(report)

    def _put_back(self, job: Job, waiting: Report) -> Report:
        """Return the report for a job that waits again, or was taken back by a person meanwhile."""
        with self._changed:
            return waiting if self._taken_back is None else Report(job.id, "dropped", self._taken_back)

    def _attempt(self, job: Job, clip: Clip | None) -> Playback:
        playback = Playback(job, self._report, self._changed, self._gain_db)
        with self._changed:
            self._playback = playback
            if not self._audible and not job.urgent:
                playback.unheard()
        self._check_emergencies()  # one may have arrived before `_playback` was set
        if self._prevented(job, playback):  # during rendering, or while the device was away
            return playback
        if not job.urgent:
            self._lead()
        silence = None if job.urgent else self._silences.next()
        until = silence[0] if silence else None
        chime = job.script.chime
        if clip is None and chime is not None:
            self._chime_first(job, playback, chime, until)
        else:
            self._whole(job, playback, clip or self._rendered(job.script), until)
            self._finish(job, playback)
        return playback

    def _prevented(self, job: Job, playback: Playback) -> bool:
        """Return whether the job must not start any more; `playback` then has the reason."""
        with self._changed:
            if self._taken_back is not None:
                playback.cancel(self._taken_back)
            elif not self._running:
                playback.abandon("closed")
            elif not job.urgent and self._alarm:
                playback.interrupt()
            elif not job.urgent and self._silences.left_s() > 0:
                playback.abandon("quiet")
            else:
                return False
            return True

    def _finish(self, job: Job, playback: Playback) -> None:
        if playback.over:  # taken back or interrupted while the lead or the rendering was under way
            self._speaker.stop(job.id, fade_ms=120)
        playback.wait()

    def _lead(self) -> None:
        settings = self._settings
        if not self._music_on and time.monotonic() - self._last_sound > settings.wake_after_s:
            time.sleep(settings.lead_s)

    def _whole(self, job: Job, playback: Playback, clip: Clip | None, until: float | None) -> None:
        """Play one clip from chime to applause; without a voice, the other sounds."""
        if clip is None:
            playback.without_voice()
        sounds = [clip.path] if clip else list(job.script.sounds())
        playback.expect(clip, first=0)
        parts = [playback.sound(path, shipped=clip is None) for path in sounds]
        self._speaker.announce(job.id, parts, duck=self._settings.duck, until=until, floor=_floor(job))

    def _chime_first(self, job: Job, playback: Playback, chime: Path, until: float | None) -> None:
        """Play the chime at once, render the speech meanwhile, and append it clause by clause."""
        script, duck = replace(job.script, chime=None), self._settings.duck
        early = None if job.urgent else self._await_voice(job, script)
        if early is not None and self._prevented(job, playback):
            early.close()
            return
        parts = [playback.sound(chime, shipped=True)]
        self._speaker.announce(job.id, parts, open=True, duck=duck, until=until, floor=_floor(job))
        stream = early or self._voice.stream(script, EMERGENCY if job.urgent else NOW)
        with contextlib.closing(stream):
            playback.wait_for_start()  # the celebration on the wall does not wait for the rendering
            try:
                self._follow(job, playback, stream)
            except (VoiceFailed, TimeoutError) as failed:
                log.warning("no speech: %s", failed)
                if stream.begun():
                    playback.break_off()
                else:
                    self._without_voice(job, playback)
            self._speaker.finish(job.id)
            self._finish(job, playback)

    def _follow(self, job: Job, playback: Playback, stream: Stream) -> None:
        """Append each part of the speech once it is rendered. Raises VoiceFailed or TimeoutError."""
        number, offset = 1, 0.0
        while parts := self._next_parts(stream, playback):
            for part in parts:
                playback.expect_part(number, offset, stream.estimate_s())
                self._speaker.append(job.id, playback.sound(part.path))
                number, offset = number + 1, offset + part.seconds
        clip = stream.clip.result(RENDER_LIMIT_S)
        playback.expect(clip, first=1)
        if number == 1:  # it was in the cache already
            self._speaker.append(job.id, playback.sound(clip.path))

    def _next_parts(self, stream: Stream, playback: Playback) -> list[StreamPart]:
        """Return the parts that can be played next; empty at the end.

        An emergency does not wait for its later parts. Raises TimeoutError when a part is not rendered in time or the
        job has ended.
        """
        limit = time.monotonic() + RENDER_LIMIT_S + 2 * stream.cost_s()
        while True:
            try:
                return stream.parts(0.2, at_once=playback.job.urgent)
            except TimeoutError:
                if time.monotonic() > limit or playback.ended or self._must_yield():
                    raise

    def _without_voice(self, job: Job, playback: Playback) -> None:
        playback.without_voice()
        playback.expect(None, first=1)
        if job.script.applause is not None:
            self._speaker.append(job.id, playback.sound(job.script.applause, shipped=True))

    def _await_voice(self, job: Job, script: Script) -> Stream | None:
        """On a slow machine, render until the speech can follow the chime; None if no wait is needed."""
        if lead_s(self._voice.costs(script)) < CHIME_S + LONG_WAIT_S:
            return None
        stream, limit = self._voice.stream(script), time.monotonic() + LONGEST_WAIT_S
        log.info("#%d: rendering speech for %.0f s before the chime", job.id, stream.lead_s())
        while stream.lead_s() > CHIME_S and time.monotonic() < limit:
            stream.wait(0.2)
            with self._changed:
                if not self._running or self._silences.left_s() > 0 or self._must_yield():
                    break
        return stream

    def _rendered(self, script: Script) -> Clip | None:
        """Return the clip, or None when the voice failed: then only chime and applause are played."""
        cost = sum(cost.render_s for cost in self._voice.costs(script))
        rendering = self._voice.prepare(script)
        limit = time.monotonic() + RENDER_LIMIT_S + 2 * cost
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    return rendering.result(timeout=0.2)
                if time.monotonic() > limit or self._must_yield():
                    log.warning("no speech: not rendered in time, or the job was taken back or interrupted")
                    return None
        except VoiceFailed as failed:
            log.warning("no speech: %s", failed)
            return None

    def _must_yield(self) -> bool:
        """Return whether the present job has been taken back, or an emergency waits behind it."""
        with self._changed:
            return self._taken_back is not None or self._alarm

    def _device_back(self, deadline: float, *, urgent: bool) -> bool:
        """Wait for a device after one was lost in mid-sentence; return whether to try again."""
        with self._changed:
            while self._running and self._taken_back is None and time.monotonic() < deadline:
                if not urgent and self._alarm:
                    return True  # the next attempt yields to the emergency at once
                if self._speaker.health().alive and (urgent or self._silences.left_s() == 0):
                    return True
                self._changed.wait(0.2)
        return False


def _floor(job: Job) -> int:
    """Return the minimum volume of a job: only an emergency is heard at any master volume."""
    return EMERGENCY_VOLUME if job.urgent else 0
