"""The daemon's side of the player: keeps its process running and in the present state."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from controller.sound.player import protocol
from controller.sound.player.protocol import Duck, Event, Health, MusicOrder, Part, Track


class PlayerChild:
    """One child process. `receive` is for one thread; `send` (which takes a lock) and `wake` are for any."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str]) -> None:
        """Start it; raises OSError."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "controller.sound.player.process", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | env,
            start_new_session=True,  # Ctrl-C at the terminal is for the daemon, which ends its children
            bufsize=0,
        )
        assert self._process.stdin is not None  # noqa: S101 - opened above
        assert self._process.stdout is not None  # noqa: S101 - opened above
        self._orders, self._events = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._orders, False)
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._rest = b""
        self._unsent = b""
        self._writing = threading.Lock()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, raw: bytes) -> None:
        """Send a line. Lines that a hanging child does not take are kept; if they pile up, the child is killed."""
        with self._writing:
            self._unsent += raw
            self._flush()
            stuck = bool(self._unsent)
        if stuck:
            self.wake()  # `receive` continues the writing

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            while self._unsent:
                sent = os.write(self._orders, self._unsent)
                self._unsent = self._unsent[sent:]

    def receive(self, within_s: float) -> list[dict[str, Any]] | None:
        """Return the messages that came, none at the time limit or after `wake`;

        None when the child has ended.
        """
        stuck = [self._orders] if self._unsent else []
        ready, free, _ = select.select([self._events, self._woken], stuck, [], max(0.0, within_s))
        if free:
            with self._writing:
                self._flush()
        if self._woken in ready:
            os.read(self._woken, 4096)
        if self._events not in ready:
            return []
        data = os.read(self._events, 1 << 16)
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        messages = []
        for raw in lines:
            with contextlib.suppress(ValueError):
                messages.append(protocol.read(raw))
        return messages

    def wake(self) -> None:
        """Make a waiting `receive` return."""
        with contextlib.suppress(OSError):
            os.write(self._waker, b".")

    def kill(self) -> None:
        """Kill the child at once, even when it hangs, and release its resources."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        os.close(self._woken)
        os.close(self._waker)


# --- The daemon's side of the player

__all__ = ["Duck", "Event", "Health", "MusicOrder", "Part", "Speaker", "Track"]

log = logging.getLogger(__name__)

SILENT_S = 3.0
"""A player silent for this long is hung (it sends something every second) and is killed."""
START_S = 10.0
"""The same for its first message: a small computer is slow just after power-on."""
BACK_OFF_S = (0.1, 0.5, 1.0, 2.0, 3.0)
"""Delay before each new start. The longest still restores sound within 5 s of a device."""
SETTLED_S = 10.0
"""A player that lived this long counts as started successfully."""

WHY = {
    "none": "没有找到音响设备。请检查音箱和声卡的连接。",
    "incomplete": "播放声音要用的系统库不全。请在战鼓的目录里运行 make setup，它会补上。",
    "removed": "音响设备断开了。正在自动重连。",
    "stalled": "音响设备没有反应。正在自动重连。",
    "hung": "播放程序没有反应，正在重新启动。",
    "died": "播放程序意外退出，正在重新启动。",
    "starting": "播放程序正在启动。",
    "closed": "播放程序已停止。",
}


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
    ) -> None:
        """`latency_ms`: output latency; overrides the driver's minimum."""
        self._on_event, self._env = on_event, env
        self._arguments = () if latency_ms is None else (str(latency_ms),)
        self._lock = threading.Lock()
        self._launched: PlayerChild | None = None
        self._child: PlayerChild | None = None
        self._ready = False
        self._health = Health(False, None, time.monotonic(), WHY["starting"])
        self._music: MusicOrder | None = None
        self._silences: tuple[tuple[float, float], ...] = ()
        self._master = 100
        self._warm: dict[Path, None] = {}
        self._announced: set[int] = set()
        self._refused: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="speaker", daemon=True)

    def launch(self) -> None:
        """Start the player's process ahead of `start`: it opens the device while the rest is still being built."""
        with contextlib.suppress(OSError):  # `start` tries again, and logs why
            self._launched = PlayerChild(self._arguments, self._env)

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
            if self._ready:
                self._announced.add(id)
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

    def master(self, volume: int) -> None:
        """Set the volume of everything, 0..100."""
        with self._lock:
            self._master = volume
            self._send("master", volume=volume)

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
            why = "died"
            try:
                launched, self._launched = self._launched, None
                child = launched or PlayerChild(self._arguments, self._env)
            except OSError:
                log.exception("the player cannot be started")
            else:
                with self._lock:
                    self._child = child
                why = self._listen(child)
                with self._lock:  # no thread may write to a child that is about to be closed
                    self._child, was_ready, self._ready = None, self._ready, False
                child.kill()
                self._gone(why, was_ready)
            tries = 0 if time.monotonic() - began > SETTLED_S else tries
            self._pause(BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)])
            tries += 1

    def _listen(self, child: PlayerChild) -> str:
        """Read from the child until it ends; return why it ended."""
        why, heard_at = "died", time.monotonic() + START_S - SILENT_S
        while not self._over.is_set():
            messages = child.receive(heard_at + SILENT_S - time.monotonic())
            self._report_refused()
            if messages is None:
                return why
            if messages:
                heard_at = time.monotonic()
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
        if do == "ready":
            self._again(str(message.get("device")))
        elif do == "moved":
            with self._lock:
                if self._music is not None:
                    self._music = replace(self._music, position_s=float(message["position_s"]))
        elif do == "not_understood":
            log.error("the player rejected a command: %s", message.get("why"))
        elif do != "beat":
            if do == "done":
                with self._lock:
                    self._announced.discard(message["id"])
            self._report(protocol.event(message))
        return None

    def _again(self, device: str) -> None:
        """Send the whole state to a device that has just become ready."""
        with self._lock:
            self._ready = True
            self._send("master", volume=self._master)
            self._send("quiet", spans=self._silences)
            self._send("music", order=self._music)
            self._send("warm", paths=list(self._warm))
            self._health = Health(True, device, time.monotonic(), None)
        log.info("the device is ready: %s", device)
        self._report(Event("ready"))

    def _gone(self, why: str, was_ready: bool) -> None:
        sentence = WHY.get(why, WHY["died"])
        with self._lock:
            interrupted, self._announced = sorted(self._announced), set()
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
