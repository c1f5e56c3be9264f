"""The parent's side of the voice: keeps finished clips, and a child that renders the others."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import threading
import time
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.machine.reasons import reason
from controller.sound.child import Child, ChildLost
from controller.sound.speech.script import MAX_CHARACTERS, Clip, Script, VoiceFailed
from controller.sound.speech.shelf import Shelf, to_json

log = logging.getLogger(__name__)

SENTENCE_LIMIT_S = 10.0
"""A sentence takes 0.02 s on a desktop and about 0.2 s on a Pi; after ten the child hangs."""
LOADING_LIMIT_S = 20.0  # a neural model on a Pi
ATTEMPTS = 2
CLOSING = "程序正在退出，这段话没有念。"


@dataclass(frozen=True, slots=True)
class VoiceStatus:
    """engine: what speaks ("" until a child has said so). passed_over: (engine, why it does not). fault: the
    last failure's sentence, None after a success. pid: of the running child; None while it rests."""

    engine: str
    passed_over: tuple[tuple[str, str], ...]
    fault: str | None
    pid: int | None


class Voice:
    """Turns scripts into clips, one at a time, urgent ones first. Thread-safe; no call of it waits.

    cache: its folder `voice` keeps finished clips, at most `bound_bytes`. voices: folder of neural voices.
    engine: auto, espeak, sherpa or piper. The child ends after `idle_s` seconds without work to give its
    memory (some 45 MB) back.
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
    ) -> None:
        self._shelf = Shelf(cache / "voice", bound_bytes)
        self._voices = voices or cache.parent / "voices"
        self._engine = engine
        self._idle_s, self._limit_s = idle_s, limit_s
        self._lock = threading.Condition()
        self._heap: list[tuple[bool, int, Script | None]] = []
        self._numbers = itertools.count()
        self._wanted: dict[Script, Future[Clip]] = {}
        self._closing = False
        self._child: Child | None = None
        self._unfit: tuple[tuple[str, str], ...] = ()
        self._status = VoiceStatus("", (), None, None)
        self._thread: threading.Thread | None = None

    def prepare(self, script: Script, *, ahead: bool = False) -> Future[Clip]:
        """The clip of `script`, now or later; the future raises VoiceFailed. `ahead`: it is not urgent.

        The same script asked for twice at once is rendered once.
        """
        with self._lock:
            future = self._wanted.get(script)
            if future is None:
                future = self._wanted[script] = Future()
            if self._closing:
                future.set_exception(VoiceFailed(CLOSING))
                return future
            self._enqueue(ahead, script)
            return future

    def ready(self, script: Script) -> Clip | None:
        """The clip if it lies finished on disk; never renders. None too until a child has told its voice."""
        engine = self._status.engine
        return self._shelf.get(self._shelf.key(engine, script)) if engine else None

    def warm_up(self) -> None:
        """Starts the child, so that the next announcement does not wait for it. Returns at once."""
        with self._lock:
            self._enqueue(False, None)

    def status(self) -> VoiceStatus:
        """What speaks, and what was wrong last."""
        return self._status

    def close(self) -> None:
        """Ends the child; whatever still waits fails."""
        with self._lock:
            self._closing = True
            self._lock.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(self._limit_s + 5)
        with self._lock:
            for script, future in list(self._wanted.items()):
                self._settle(script, future, VoiceFailed(CLOSING))

    def _enqueue(self, ahead: bool, script: Script | None) -> None:
        heapq.heappush(self._heap, (ahead, next(self._numbers), script))
        if self._thread is None and not self._closing:
            self._thread = threading.Thread(target=self._work, name="voice", daemon=True)
            self._thread.start()
        self._lock.notify_all()

    def _work(self) -> None:
        with contextlib.suppress(OSError):  # what fails here fails again, with a sentence, at the first clip
            self._shelf.open()
        while True:
            with self._lock:
                if not self._heap and not self._closing and not self._lock.wait(self._idle_s):
                    self._rest()
                    self._lock.wait_for(lambda: bool(self._heap) or self._closing)
                if self._closing:
                    return self._rest()
                if not self._heap:
                    continue
                script = heapq.heappop(self._heap)[2]
            self._do(script)

    def _rest(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None
        self._note(pid=None)

    def _do(self, script: Script | None) -> None:
        if script is None:
            with contextlib.suppress(
                ChildLost, VoiceFailed, OSError
            ):  # it fails again with the first clip, and is told
                self._awake()
            return
        future = self._wanted.get(script)
        if future is None:
            return  # asked for twice, done already
        try:
            clip = self._clip(script)
        except Exception as error:
            failure = error if isinstance(error, VoiceFailed) else VoiceFailed("语音出了意外，详情见日志。")
            if failure is not error:
                log.exception("the voice broke")
            self._note(fault=failure.sentence)
            self._settle(script, future, failure)
        else:
            self._note(fault=None)
            self._settle(script, future, clip)

    def _settle(self, script: Script, future: Future[Clip], result: Clip | VoiceFailed) -> None:
        with self._lock:
            self._wanted.pop(script, None)
        with contextlib.suppress(InvalidStateError):  # whoever asked has cancelled
            if isinstance(result, Clip):
                future.set_result(result)
            else:
                future.set_exception(result)

    def _clip(self, script: Script) -> Clip:
        length = sum(len(segment.text) for segment in script.segments)
        if length > MAX_CHARACTERS:
            raise VoiceFailed(f"要念的话有 {length} 个字，最多 {MAX_CHARACTERS} 个字，请分几次播报。")
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(script)
            except ChildLost as why:
                log.warning("voice child %s (attempt %d of %d)", why, attempt + 1, ATTEMPTS)
                self._child = None
                self._note(pid=None)
        if self._demoted("连续两次没有念出来"):
            return self._clip(script)
        raise VoiceFailed("语音程序两次都没有念出这段话，这次只有提示音和屏幕文字。")

    def _attempt(self, script: Script) -> Clip:
        """The kept clip, or a new one. Raises ChildLost if another child may do better, else VoiceFailed."""
        child = None if self._status.engine else self._awake()
        key = self._shelf.key(self._status.engine, script)
        kept = self._shelf.get(key)
        if kept is not None:
            return kept
        child = child or self._awake()
        key = self._shelf.key(self._status.engine, script)  # a new child may speak with another voice
        started = time.monotonic()
        child.send({"id": key, "wav": str(self._shelf.wav(key)), "script": to_json(script)})
        answer = self._answer(child, key)
        if "clip" not in answer:
            raise VoiceFailed(str(answer.get("refused")))
        log.info("rendered in %.0f ms", 1000 * (time.monotonic() - started))
        try:
            return self._shelf.put(key, answer["clip"])
        except OSError as error:
            raise VoiceFailed(f"语音文件写不进缓存（{reason(error)}），请清理磁盘空间。") from error

    def _answer(self, child: Child, key: str) -> dict[str, Any]:
        while True:
            answer = child.receive(self._limit_s)
            if "failed" in answer:
                child.kill()
                raise ChildLost(f"failed: {answer['failed']}")
            if answer.get("id") == key and "alive" not in answer:
                return answer

    def _awake(self) -> Child:
        if self._child is not None and self._child.alive():
            return self._child
        arguments = ("--engine", self._engine, "--voices", str(self._voices))
        self._child = child = Child("controller.sound.voice", arguments)
        try:
            hello = child.receive(LOADING_LIMIT_S)
        except ChildLost as lost:  # a bad model may take the whole process with it, or never come to an end
            if self._demoted("加载时没有反应" if str(lost) == "hung" else "加载时出错退出了"):
                return self._awake()
            raise
        if "ready" not in hello:
            child.kill()
            raise VoiceFailed(f"没有能用的语音（{hello.get('fatal')}），播报只有提示音和屏幕文字。")
        passed_over = tuple((str(name), str(why)) for name, why in hello["passed_over"])
        self._note(engine=str(hello["ready"]), passed_over=self._unfit or passed_over, pid=child.pid)
        return child

    def _demoted(self, why: str) -> bool:
        """Gives up a neural voice for espeak until the next start; False when it was espeak already."""
        if self._engine == "espeak" or not any(self._voices.glob("*/*.onnx")):
            return False
        log.warning("neural voice given up: %s", why)
        self._unfit = (("neural", why),)
        self._engine = "espeak"
        self._note(engine="")
        return True

    def _note(self, **changes: Any) -> None:
        now = {name: getattr(self._status, name) for name in VoiceStatus.__slots__}
        self._status = VoiceStatus(**{**now, **changes})
