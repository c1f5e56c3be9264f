"""The daemon's side of the player: keeps its process running and in the present state."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from controller.sound.player import protocol
from controller.sound.player.protocol import Duck, Event, Health, MusicOrder, Outputs, Part, Track
from controller.sound.player_child import PlayerChild, silent_file
from controller.sound.player_reports import WHY, SilenceCheck, UnderWay
from controller.sound.suspects import Suspects

__all__ = ["WHY", "Duck", "Event", "Health", "MusicOrder", "Outputs", "Part", "Speaker", "Track"]

log = logging.getLogger(__name__)

SILENT_S = 3.0
"""A player silent for this long is hung (it sends something every second) and is killed."""
START_S = 10.0
"""The same for its first message: a small computer is slow just after power-on."""
BACK_OFF_S = (0.1, 0.5, 1.0)
"""Delay before each new start after deaths in a row. The longest still restores sound within 2 s of a fault's end."""
DEVICE = frozenset({"removed", "stalled", "returned", "chosen"})
"""Reasons that say nothing against the player: the next one starts at once, and waits for a device itself."""
NO_LIBRARY_S = 3.0
"""The same while a system library is missing: nothing changes by itself."""
STUCK_S = 12.0
"""A player that was not heard of for this long, in spite of new starts, makes no progress."""
SETTLED_S = 10.0
"""A player that lived this long counts as started successfully."""


class Speaker:
    """Thread-safe;

    every method returns at once. `on_event` is called from the speaker's thread, one event at a time.
    """

    def __init__(
        self,
        on_event: Callable[[Event], None],
        *,
        latency_ms: float | None = None,
        env: Mapping[str, str] = {},
        output: str | None = None,
        silent_file: Callable[[Path, float], bool] = silent_file,
    ) -> None:
        """`latency_ms`: output latency; overrides the driver's minimum. `output`: the key of the chosen output.

        `silent_file`: whether a file is silent from that second on; called from a thread when nothing is heard.
        """
        self._on_event, self._env, self._silence = on_event, env, SilenceCheck(silent_file)
        self._latency, self._output = "" if latency_ms is None else str(latency_ms), output
        self._lock = threading.Lock()
        self._launched: PlayerChild | None = None
        self._child: PlayerChild | None = None
        self._ready = False
        self._health = Health(False, None, time.monotonic(), WHY["starting"])
        self._music: MusicOrder | None = None
        self._silences: tuple[tuple[float, float], ...] = ()
        self._master, self._ceiling = 100, 100
        self._warm: dict[Path, None] = {}
        self._outputs = Outputs()
        self._device: str | None = None
        self._suspects = Suspects()
        self._heard_at = self._flowed_at = time.monotonic()
        self._pulses = 0
        self._unheard = False  # music that should sound was not in the mixer's output
        self._ending: str | None = None  # why this side ends the present child
        self._under_way = UnderWay()
        self._refused: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            "ready": self._again,
            "absent": self._absent,
            "outputs": self._look,
            "silent": self._silent,
            "beat": self._beat,
            "opening": lambda message: self._suspects.opened(Path(message["path"]), time.monotonic()),
        }
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="speaker", daemon=True)

    def launch(self) -> None:
        """Start the player's process ahead of `start`: it opens the device while the rest is still being built."""
        with contextlib.suppress(OSError):  # `start` tries again, and logs why
            self._launched = self._new_child()

    def _new_child(self) -> PlayerChild:
        return PlayerChild((self._latency, self._output or ""), self._env)

    def start(self) -> None:
        """Start the player, and restart it whenever it is lost."""
        self._thread.start()

    def close(self) -> None:
        """End the player; report announcements in progress as lost."""
        self._over.set()
        self._wake_thread()
        if self._thread.ident is not None:
            self._thread.join(5)
        launched, self._launched = self._launched, None
        if launched is not None:
            launched.kill()

    def health(self) -> Health:
        """Return the state of the device."""
        return self._health

    def works(self) -> bool:
        """Return whether the player makes progress: its device takes samples, or it waits for one and says so."""
        now = time.monotonic()
        return now - self._heard_at < STUCK_S and (not self._ready or now - self._flowed_at < STUCK_S)

    # -- outputs -----------------------------------------------------------------------------------

    def outputs(self) -> Outputs:
        """Return the outputs as the player saw them last."""
        return self._outputs

    def choose(self, output: str | None) -> None:
        """Play through the output with this key, None: the machine's default; what is being announced is repeated."""
        with self._lock:
            if output == self._output:
                return
            self._output = output
        self._replace_child("chosen")

    def tone(self, path: Path) -> None:
        """Play a short sound over everything, to test the present output."""
        with self._lock:
            self._send("tone", path=path)

    def test_tone(self, path: Path, length_s: float) -> None:
        """Play the tone of the speaker test; the event `toned` says whether it was played to its end."""
        with self._lock:
            self._send("test_tone", path=path, length_s=length_s)

    def unmute(self) -> None:
        """Unmute the present output in the machine, and raise its volume from 0."""
        with self._lock:
            self._send("unmute")

    def _replace_child(self, why: str) -> None:
        with self._lock:
            self._ending = why
            if self._child is not None:
                self._child.wake()

    # -- announcements -----------------------------------------------------------------------------

    def announce(
        self,
        id: int,
        parts: Sequence[Part],
        *,
        open: bool = False,
        duck: Duck = Duck(),  # noqa: B008 - a frozen value
        until: float | None = None,
        floor: int = 0,
    ) -> None:
        """Play the parts back to back from now on over ducked music; with `open` more will be appended.

        Reports part_started, part_ended and one `done`. Sound is cut at `until`. `floor`, for an emergency:
        quiet time neither refuses nor cuts it, and it sounds at this volume (0..100) when the master volume is lower.
        """
        with self._lock:
            if self._ready and self._outputs.blocked is None:
                self._under_way.add(id)
                order = {"id": id, "parts": list(parts), "open": open, "duck": duck, "until": until}
                self._send("announce", **order, floor=floor)
                return
        self._refused.put(id)
        self._wake_thread()

    def append(self, id: int, part: Part) -> None:
        """Append a part to an open announcement; ignored when it is over."""
        with self._lock:
            self._send("append", id=id, part=part)

    def finish(self, id: int) -> None:
        """Expect no more parts: the announcement is done after those it has."""
        with self._lock:
            self._send("finish", id=id)

    def stop(self, id: int | None = None, fade_ms: int = 80) -> None:
        """End an announcement, or with None the present one."""
        with self._lock:
            self._send("stop", id=id, fade_ms=fade_ms)

    # -- state to reach ----------------------------------------------------------------------------

    def music(self, order: MusicOrder | None) -> None:
        """Set the music; None: silence. Repeating a command changes nothing."""
        with self._lock:
            self._music = order
            self._send("music", order=order)
        if order is None and self._unheard:
            self._heard_again()

    def next_track(self) -> None:
        """Go to the next track of the command."""
        with self._lock:
            self._send("next")

    def quiet(self, spans: Sequence[tuple[float, float]]) -> None:
        """Set the spans in which nothing may sound. They replace earlier ones."""
        with self._lock:
            if self._silences != tuple(spans):
                self._silences = tuple(spans)
                self._send("quiet", spans=self._silences)

    def master(self, volume: int, ceiling: int = 100) -> None:
        """Set the volume of everything, 0..100, and the volume above which no gain raises an announcement."""
        with self._lock:
            self._master, self._ceiling = volume, ceiling
            self._send("master", volume=volume, ceiling=ceiling)

    def warm(self, paths: Sequence[Path]) -> None:
        """Keep these short sounds decoded, so that they start without delay."""
        with self._lock:
            self._warm.update(dict.fromkeys(paths))
            self._send("warm", paths=list(paths))

    # -- the child process -------------------------------------------------------------------------

    def _live(self) -> None:
        tries = 0
        while not self._over.is_set():
            began = time.monotonic()
            why, condemned = "died", False
            try:
                launched, self._launched = self._launched, None
                with self._lock:
                    self._ending = None  # before the child: a choice made from now on replaces it
                child = launched or self._new_child()
            except OSError:
                log.exception("the player cannot be started")
            else:
                with self._lock:
                    self._child = child
                why = self._listen(child)
                with self._lock:  # no thread may write to a child that is about to be closed
                    self._child, was_ready, self._ready = None, self._ready, False
                child.kill()
                condemned = self._suspect(child, why)
                self._gone(why, was_ready)
            if condemned or why in DEVICE or time.monotonic() - began > SETTLED_S:
                tries = 0  # condemned: without the file the next start succeeds
            self._pause(NO_LIBRARY_S if why == "incomplete" else BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)])
            tries += 1

    def _suspect(self, child: PlayerChild, why: str) -> bool:
        """Note a death that a file may have caused; a file that did so several times is not played any more.

        Return whether this death condemned one.
        """
        if not (why == "hung" or (why == "died" and child.crashed)):
            return False
        condemned = self._suspects.died(time.monotonic())
        for path in condemned:
            log.error("the player crashed repeatedly on %s: it is skipped", path.name)
            self._report(Event("track_failed", path=path, why="播放程序几次在这个文件上崩溃，已经跳过它。"))
        return bool(condemned)

    def _listen(self, child: PlayerChild) -> str:
        """Read from the child until it ends; return why it ended."""
        why, heard_at = "died", time.monotonic() + START_S - SILENT_S
        while not self._over.is_set():
            messages = child.receive(heard_at + SILENT_S - time.monotonic())
            self._report_refused()
            if messages is None:
                return why
            if self._ending is not None:
                return self._ending
            if messages:
                self._heard_at = heard_at = time.monotonic()
            elif time.monotonic() - heard_at > SILENT_S:
                return "hung"
            for message in messages:
                why = self._on_message(message) or why
        return "closed"

    def _on_message(self, message: dict[str, Any]) -> str | None:
        """Handle one message; return the reason when it is the last one."""
        do = message["do"]
        if do == "lost":
            why = str(message.get("why"))
            if self.health().why != WHY.get(why):  # log once, not at each attempt of the following days
                log.warning("the device is lost: %s %s", why, message.get("detail"))
            return why
        handler = self._handlers.get(do)
        if handler is not None:
            handler(message)
        elif do == "moved":
            with self._lock:
                if self._music is not None:
                    self._music = replace(self._music, position_s=float(message["position_s"]))
        elif do == "not_understood":
            log.error("the player rejected a command: %s", message.get("why"))
        else:
            if do != "done" or self._under_way.ended(message["id"]):
                self._report(protocol.event(message))
        return None

    def _absent(self, message: dict[str, Any]) -> None:
        """Report that there is no device; the player keeps trying."""
        with self._lock:
            known = self._health.why == WHY["none"]
            self._health = Health(False, None, self._health.since, WHY["none"])
        if not known:  # once, not at each attempt of the following days
            log.warning("there is no device: %s", message.get("detail"))
            self._report(Event("lost", why=WHY["none"]))

    def _look(self, message: dict[str, Any]) -> None:
        """Take in the state of the outputs: while the one in use is muted, the device counts as lost."""
        found = protocol.outputs(message)
        with self._lock:
            before, self._outputs = self._outputs, found
        if found.blocked is not None and found.blocked != before.blocked:
            self._block(found.blocked)
        elif found.blocked is None and before.blocked is not None:
            with self._lock:
                self._health = Health(True, self._device, time.monotonic(), None)
            self._report(Event("ready"))
        elif found != before:
            self._report(Event("outputs"))

    def _block(self, why: str) -> None:
        """The present announcement is not heard any more: end it as lost. Music goes on, to be there at once."""
        log.warning("the device plays to nobody: %s", why)
        with self._lock:
            lost = self._under_way.lose()
            since = time.monotonic() if self._health.alive else self._health.since
            self._health = Health(False, None, since, WHY[why])
            for id in lost:
                self._send("stop", id=id, fade_ms=80)
        self._report(Event("lost", why=WHY[why]))
        for id in lost:
            self._report(Event("done", id=id, ok=False, why="lost"))

    def _silent(self, message: dict[str, Any]) -> None:
        """Ask whether the file is silent there; if not, the player opens the music again until it is heard.

        Where that does not help, the device is opened again as well.
        """
        asked_for = self._child

        def unheard() -> None:
            if self._child is not asked_for:
                return
            if self._unheard:
                self._replace_child("silent")
                return
            with self._lock:
                self._unheard, self._health = True, replace(self._health, why=WHY["silent"])
                self._send("unheard")
            self._report(Event("outputs"))

        self._silence.ask(Path(message["path"]), float(message["position_s"]), unheard)

    def _beat(self, message: dict[str, Any]) -> None:
        """Note whether the device has taken samples since the last beat."""
        pulses = int(message.get("pulses", 0))
        if pulses != self._pulses:
            self._pulses, self._flowed_at = pulses, time.monotonic()
        if message.get("loud") and self._unheard:
            self._heard_again()

    def _heard_again(self) -> None:
        self._unheard = False
        with self._lock:
            if self._health.alive:
                self._health = replace(self._health, why=None)
        self._report(Event("outputs"))

    def _again(self, message: dict[str, Any]) -> None:
        """Send the whole state to a device that has just become ready."""
        device = str(message.get("device"))
        with self._lock:
            self._ready, self._device, self._outputs = True, device, Outputs(self._outputs.all)
            self._flowed_at = time.monotonic()
            self._send("avoid", paths=sorted(self._suspects.guilty))
            self._send("master", volume=self._master, ceiling=self._ceiling)
            self._send("quiet", spans=self._silences)
            self._send("music", order=self._music)
            if self._unheard:
                self._send("unheard")
            self._send("warm", paths=list(self._warm))
            self._health = Health(True, device, time.monotonic(), WHY["silent"] if self._unheard else None)
        log.info("the device is ready: %s", device)
        self._report(Event("ready"))

    def _gone(self, why: str, was_ready: bool) -> None:
        sentence = WHY.get(why, WHY["died"])
        with self._lock:
            interrupted = self._under_way.clear()
            since = time.monotonic() if self._health.alive else self._health.since
            changed = was_ready or self._health.why != sentence
            self._health = Health(False, None, since, sentence)
        if changed:
            self._report(Event("lost", why=sentence))
        for id in interrupted:
            self._report(Event("done", id=id, ok=False, why="lost"))

    def _send(self, do: str, **values: Any) -> None:
        """Call with the lock held. Without a ready child the command is kept, not sent."""
        if self._child is not None and self._ready:
            self._child.send(protocol.line(do, **values))

    def _wake_thread(self) -> None:
        with self._lock:
            if self._child is not None:
                self._child.wake()
        self._refused.put(None)

    def _pause(self, seconds: float) -> None:
        """Wait before the next start, and meanwhile report announcements as lost."""
        end = time.monotonic() + seconds
        while not self._over.is_set() and (left := end - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                self._report_refused(self._refused.get(timeout=left))

    def _report_refused(self, id: int | None = None) -> None:
        while True:
            if id is not None:
                self._report(Event("done", id=id, ok=False, why="lost"))
            try:
                id = self._refused.get_nowait()
            except queue.Empty:
                return

    def _report(self, event: Event) -> None:
        try:
            self._on_event(event)
        except Exception:  # a listener's error must not stop the sound
            log.exception("a listener failed at %s", event)
