"""The daemon's side of the voice: keeps finished clips, and has a child render new ones, urgent ones first."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, InvalidStateError
from dataclasses import asdict
from pathlib import Path
from typing import Any

from controller.sentences import say
from controller.sound.child import Child, ChildLost
from controller.sound.tts import cache as takes
from controller.sound.tts.cache import MEMORY_BYTES, Shelf, Takes, to_json
from controller.sound.tts.engine_choice import RETRY_S, EngineChoice
from controller.sound.tts.plan import Clause, Interrupted, Planner, VoiceStatus, cut
from controller.sound.tts.script import MAX_CHARACTERS, Clip, Script, VoiceFailed
from controller.sound.tts.stream import Cost, Stream
from controller.sound.tts.voice_child import SENTENCE_LIMIT_S, SLOW_LIMIT_S, VoiceChild
from controller.system.os_errors import is_full, reason

log = logging.getLogger(__name__)
ATTEMPTS = 2
CLOSING = say("voice_closing")
EMERGENCY, NOW, AHEAD, IDLE = range(4)
"""Priorities: a more urgent text interrupts the rendering of a less urgent one."""
UNREAD_S = 3600.0
"""A character without a reading is reported this long after its last use."""

_Work = Script | Clause | None  # a clip, a clause for later, or just starting the child


class Voice:
    """Turn scripts into clips, one at a time, urgent ones first. Thread-safe; no method waits.

    cache: its folder `voice` keeps finished clips, at most `bound_bytes`, and single clauses. memory: a folder in
    memory for the clips instead: a deal's clip is 2 MB, played once, and would wear a card. voices: folder of neural
    voices. engine: auto, espeak, kokoro, sherpa or piper. The child ends after `idle_s` seconds without work to
    free its memory.
    """

    def __init__(
        self,
        cache: Path,
        voices: Path | None = None,
        *,
        engine: str = "auto",
        bound_bytes: int = 200_000_000,
        idle_s: float = 60.0,
        limit_s: float = SENTENCE_LIMIT_S,
        retry_s: float = RETRY_S,
        memory: Path | None = None,
    ) -> None:
        self._shelf = Shelf(memory, MEMORY_BYTES) if memory else Shelf(cache / "voice", bound_bytes)
        self.takes = Takes(cache / "voice" / "takes")
        self._planner = Planner(self.takes)
        self._levels: dict[Script, int] = {}  # of the wanted scripts: how finely their sums are cut
        self._clause_began = 0.0
        voices = voices or cache.parent / "voices"
        self._choice = EngineChoice(engine, voices, retry_s)
        self._child = VoiceChild(self._choice, voices, self.takes.folder, cache / "voice" / "pace.json")
        self._idle_s, self._limit_s = idle_s, limit_s
        self._lock = threading.Condition()
        self._heap: list[tuple[int, int, _Work]] = []
        self._numbers = itertools.count()
        self._wanted: dict[Script, Future[Clip]] = {}
        self._streams: dict[Script, Stream] = {}
        self._learning: set[Clause] = set()
        self._closing = self._stale = False
        self._present: tuple[int, _Work, str] | None = (
            None  # priority, work, key; while the child works on it
        )
        self._unread: dict[str, float] = {}
        self._thread: threading.Thread | None = None

    # --- requests

    def prepare(self, script: Script, priority: int = NOW) -> Future[Clip]:
        """Return a future of the clip of `script`; the future raises VoiceFailed.

        Two requests for the same script are rendered once.
        """
        with self._lock:
            return self._prepare(script, priority)

    def stream(self, script: Script, priority: int = NOW) -> Stream:
        """Return the speech of `script` part by part during rendering. The caller closes it."""
        with self._lock:
            kept = self._streams.get(script)
            if kept is not None and not kept.closed:
                return kept
            present = self._present
            clip = self._prepare(script, priority)
            under_way = present is not None and present[1] == script and kept is None
            head_s = time.monotonic() - self._clause_began if under_way else 0.0
            stream = Stream(self.costs(script), clip, self._child.status.gap_s, head_s)
            if not stream.clip.done():
                self._streams[script] = stream
                if present is not None and present[1] == script:
                    # Render parts again that an earlier listener took: their clauses are kept, which makes it quick.
                    self._child.send({"parts" if kept is None else "cancel": present[2]})
        return stream

    def learn(self, scripts: Iterable[Script]) -> int:
        """Render the missing clauses of `scripts` in idle time; return how many.

        Only for a natural voice: the fallback renders a sentence in milliseconds.
        """
        status = self._child.status
        if not status.natural:
            return 0
        clauses = dict.fromkeys(clause for script in scripts for clause in cut(script, status.longest))
        with self._lock:
            unknown = (clause for clause in clauses if clause not in self._learning)
            new = [clause for clause in unknown if not self._planner.is_kept(status, clause)]
            for clause in new:
                self._learning.add(clause)
                self._enqueue(IDLE, clause)
        return len(new)

    def ready(self, script: Script) -> Clip | None:
        """Return the clip if it is finished on disk, else None; None also until a child has reported its voice."""
        engine = self._child.status.engine
        return self._shelf.get(self._shelf.key(engine, script)) if engine else None

    def costs(self, script: Script) -> tuple[Cost, ...]:
        """Return the estimated duration and rendering time of each clause on this machine."""
        status, level = self._child.status, self._levels.get(script)
        if level is None:
            level = self._planner.level(status, script, previewed=False)
        return self._planner.costs(status, script, level)

    def waiting_ahead(self) -> int:
        """Return how many clauses wait to be rendered in idle time."""
        return len(self._learning)

    def warm_up(self) -> None:
        """Start the child, so that the next announcement does not wait for it. Returns at once."""
        with self._lock:
            self._enqueue(NOW, None)

    def reload(self) -> None:
        """Choose the engine again, after a voice was installed, removed or repaired."""
        with self._lock:
            self._choice.forgive()
            self._stale = True
            self._enqueue(AHEAD, None)

    def use(self, engine: str) -> None:
        """Speak with `engine` from the next rendering on (auto, espeak, kokoro, sherpa, piper)."""
        if self._choice.want(engine):
            self.reload()

    def status(self) -> VoiceStatus:
        """Return the voice in use and the last fault."""
        return self._child.status

    def unread(self) -> tuple[str, ...]:
        """Return characters without a reading that were used in the last hour."""
        since = time.monotonic() - UNREAD_S
        return tuple(char for char, at in self._unread.items() if at > since)

    def close(self) -> None:
        """End the child, also one that hangs; fail all waiting requests."""
        self._child.give_up()
        with self._lock:
            self._closing = True
            if self._present is not None:
                self._child.send({"cancel": self._present[2]})
            self._lock.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(self._limit_s + 5)
            self._child.kill()  # without an effect on one that has ended
        with self._lock:
            for script in list(self._wanted):
                self._settle(script, VoiceFailed(CLOSING))

    # --- the queue

    def _prepare(self, script: Script, priority: int) -> Future[Clip]:
        future = self._wanted.get(script)
        if future is None:
            future = self._wanted[script] = Future()
            previewed = priority >= AHEAD
            self._levels[script] = self._planner.level(self._child.status, script, previewed=previewed)
        if self._closing:
            if not future.done():
                future.set_exception(VoiceFailed(CLOSING))
            return future
        self._enqueue(priority, script)
        return future

    def _enqueue(self, priority: int, work: _Work) -> None:
        """Call with the lock held. Interrupts a less important rendering."""
        heapq.heappush(self._heap, (priority, next(self._numbers), work))
        if self._thread is None and not self._closing:
            self._thread = threading.Thread(target=self._work, name="voice", daemon=True)
            self._thread.start()
        present = self._present
        if present is not None and priority < present[0] and work is not None and work != present[1]:
            self._child.send({"cancel": present[2]})
        elif present is not None and work == present[1] and priority < present[0]:
            self._present = (priority, *present[1:])
        self._lock.notify_all()

    def _work(self) -> None:
        with contextlib.suppress(OSError):  # an error here occurs again, with a sentence, at the first clip
            self._shelf.open()
        while True:
            with self._lock:
                if not self._heap and not self._closing and not self._lock.wait(self._idle_s):
                    self._child.rest()
                    if not self._lock.wait_for(
                        lambda: bool(self._heap) or self._closing, self._choice.until_retry_s()
                    ):
                        self._try_again()
                if self._closing:
                    return self._child.rest()
                if not self._heap:
                    continue
                priority, _, work = heapq.heappop(self._heap)
            self._choose_again()
            self._do(priority, work)

    def _choose_again(self) -> None:
        if self._stale:
            self._stale = False
            self._child.choose_again()

    def _try_again(self) -> None:
        """Call with the lock held: load the failed voice again and use it if it works."""
        log.info("trying the natural voice again")
        self._choice.retry()
        self._stale = True
        self._enqueue(AHEAD, None)

    def _do(self, priority: int, work: _Work) -> None:
        if work is None:
            with contextlib.suppress(
                ChildLost, VoiceFailed, OSError
            ):  # the error occurs again with the first clip
                self._child.awake()
        elif isinstance(work, Clause):
            self._learn(work)
        elif work in self._wanted:  # else a duplicate that is already done
            self._render(priority, work)

    def _render(self, priority: int, script: Script) -> None:
        try:
            clip = self._clip(priority, script)
        except Interrupted:
            with self._lock:
                self._enqueue(priority, script)
        except Exception as error:
            failure = error if isinstance(error, VoiceFailed) else VoiceFailed(say("voice_broke"))
            if failure is not error:
                log.exception("the voice failed unexpectedly")
            self._child.failed(failure.sentence)
            with self._lock:
                self._settle(script, failure)
        else:
            self._child.succeeded()
            with self._lock:
                self._settle(script, clip)

    def _settle(self, script: Script, result: Clip | VoiceFailed) -> None:
        future = self._wanted.pop(script, None)
        self._levels.pop(script, None)
        stream = self._streams.pop(script, None)
        if isinstance(result, Clip):
            self._unread.update(dict.fromkeys(result.unread, time.monotonic()))
        with contextlib.suppress(InvalidStateError):  # it was cancelled
            if future is not None and isinstance(result, Clip):
                future.set_result(result)
            elif future is not None and isinstance(result, VoiceFailed):
                future.set_exception(result)
        if stream is not None:
            stream.end()

    # --- rendering

    def _clip(self, priority: int, script: Script) -> Clip:
        length = sum(len(segment.text) for segment in script.segments)
        if length > MAX_CHARACTERS:
            raise VoiceFailed(say("voice_too_long", count=length, most=MAX_CHARACTERS))
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(priority, script)
            except ChildLost as why:
                if self._closing:
                    raise VoiceFailed(CLOSING) from why
                log.warning("voice child %s (attempt %d of %d)", why, attempt + 1, ATTEMPTS)
                self._child.lost()
                if self._started(script):
                    raise VoiceFailed(say("voice_stopped")) from why
        if self._child.demoted("连续两次没有念出来"):
            return self._clip(priority, script)
        raise VoiceFailed(say("voice_failed_twice"))

    def _started(self, script: Script) -> bool:
        """Return whether parts have been sent: another attempt, or another voice, cannot continue them."""
        stream = self._streams.get(script)
        return stream is not None and stream.begun()

    def _attempt(self, priority: int, script: Script) -> Clip:
        """Return the kept clip or a new one. Raises ChildLost if another child may succeed, else VoiceFailed."""
        child = None if self._child.status.engine else self._child.awake()
        key = self._shelf.key(self._child.status.engine, script)
        kept = self._shelf.get(key)
        if kept is not None:
            return kept
        child = child or self._child.awake()
        key = self._shelf.key(self._child.status.engine, script)  # a new child may have another voice
        started = time.monotonic()
        with self._lock:
            parts = script in self._streams
            message = {"id": key, "wav": str(self._shelf.wav(key)), "script": to_json(script), "parts": parts}
            message["level"] = self._levels.get(script, 0)
            self._begin(child, priority, script, key, message)
        answer = self._answer(child, key)
        if "clip" not in answer:
            raise VoiceFailed(say(answer["refused"], why=answer.get("why")))
        log.info("rendered in %.0f ms", 1000 * (time.monotonic() - started))
        try:
            return self._shelf.put(key, answer["clip"])
        except OSError as error:
            raise VoiceFailed(
                say("voice_no_room" if is_full(error) else "voice_disk", why=reason(error))
            ) from error

    def _begin(self, child: Child, priority: int, work: _Work, key: str, message: dict[str, Any]) -> None:
        """Call with the lock held: send the child its work, unless more important work came meanwhile."""
        if self._heap and self._heap[0][0] < priority:
            raise Interrupted
        child.send(message)
        self._present = (priority, work, key)
        self._clause_began = time.monotonic()

    def _learn(self, clause: Clause) -> None:
        try:
            child = self._child.awake()
            if self._planner.is_kept(self._child.status, clause) or not self._child.status.natural:
                self._learning.discard(clause)
                return
            key = takes.name(self._child.status.engine, clause.text, clause.delivery)
            with self._lock:
                message = {"id": key, "learn": clause.text, "delivery": asdict(clause.delivery)}
                self._begin(child, IDLE, clause, key, message)
            self._answer(child, key)
            self._learning.discard(clause)
        except Interrupted:
            with self._lock:
                self._enqueue(IDLE, clause)
        except (ChildLost, VoiceFailed, OSError) as why:
            log.warning("not rendered ahead: %s", why)
            self._learning.discard(clause)
            self._child.lost()

    def _answer(self, child: Child, key: str) -> dict[str, Any]:
        try:
            while True:
                answer = child.receive(self._limit_s, SLOW_LIMIT_S)
                self._child.hear_pace(answer)
                if "failed" in answer:
                    child.kill()
                    raise ChildLost(f"failed: {answer['failed']}")
                if answer.get("id") != key or "alive" in answer:
                    self._clause_began = time.monotonic()
                    continue
                if "cancelled" in answer:
                    raise Interrupted
                if "part" not in answer:
                    return answer
                self._part(answer)
        finally:
            with self._lock:
                self._present = None

    def _part(self, answer: dict[str, Any]) -> None:
        path = Path(answer["part"])
        with self._lock:
            work = self._present[1] if self._present else None
            stream = self._streams.get(work) if isinstance(work, Script) else None
        if stream is None:
            path.unlink(missing_ok=True)
        else:
            stream.add(int(answer["n"]), path, float(answer["seconds"]), int(answer["clauses"]))
