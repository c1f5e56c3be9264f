"""The voice child's loop: one JSON request a line, one text at a time, answers on the original standard output.

In:  {"id", "wav": path, "script": …, "parts": bool, "level": how finely sums are cut},
     {"id", "learn": text, "delivery": …}; while one is running also {"cancel": id} and {"parts": id}, which take
     effect at once and after the present clause.
Out: {"loading": engine, "slow": bool} before each step of loading an engine, then {"ready": identity,
     "passed_over": [[name, why]], "natural", "longest"} once, or {"fatal": why}; then for each request any number of
     {"id", "alive", "pace"} and {"id", "n", "part": path, "seconds", "clauses"} (n counts from 0, clauses: finished so
     far), and one of {"id", "clip": …}, {"id", "learnt": true}, {"id", "cancelled": true}, {"id", "refused": key,
     "why"} (a key of controller.sentences; trying again is useless), {"id", "failed": why} (a new child may succeed).
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from controller.sound.tts.cache import Takes
from controller.sound.tts.engines import Cancelled, Engine, EngineFailed, Maker, first_working
from controller.sound.tts.levels import RATE, Samples
from controller.sound.tts.mixdown import Mixdown, NothingToSay, Request, write
from controller.sound.tts.script import Delivery, Script, Segment
from controller.system.os_errors import is_full, reason

Tell = Callable[[dict[str, Any]], None]


def serve(makers: Sequence[Maker], kept: Takes, pace: float) -> None:
    """Answer requests until the input ends, which also happens when the parent dies."""
    tell = _private_output()
    try:
        engine, passed_over = first_working(
            makers, lambda maker: tell({"loading": maker.name, "slow": maker.slow})
        )
    except EngineFailed as why:
        tell({"fatal": str(why)})
        return
    ready = {"natural": engine.natural, "longest": engine.longest}
    tell({"ready": engine.identity, "passed_over": passed_over, **ready})
    Desk(engine, Mixdown(engine, kept, pace), tell).work()


class Desk:
    """A loop that receives requests in one thread and renders in another, so that a rendering can be interrupted."""

    def __init__(self, engine: Engine, studio: Mixdown, tell: Tell) -> None:
        self._engine, self._studio, self._tell = engine, studio, tell
        self._waiting: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._present: tuple[str, Request] | None = None

    def work(self) -> None:
        """Work until the input ends."""
        threading.Thread(target=self._listen, daemon=True).start()
        while (message := self._waiting.get()) is not None:
            request = Request(parts=bool(message.get("parts")))
            with self._lock:
                self._present = (message["id"], request)
            answer = self._answer(message, request)
            with self._lock:
                self._present = None
            self._tell({"id": message["id"], "pace": round(self._studio.pace, 3), **answer})

    def _listen(self) -> None:
        for line in sys.stdin:
            message = json.loads(line)
            if "cancel" in message:
                self._interrupt(message["cancel"])
            elif "id" not in message:
                self._want_parts(message["parts"])
            else:
                self._waiting.put(message)
        self._waiting.put(None)
        with self._lock:
            if self._present is not None:  # the parent is gone or closes this child: the result is not needed
                os._exit(0)

    def _interrupt(self, ident: str) -> None:
        with self._lock:
            if self._present is not None and self._present[0] == ident:
                self._present[1].cancel()
                self._engine.cancel()

    def _want_parts(self, ident: str) -> None:
        with self._lock:
            if self._present is not None and self._present[0] == ident:
                self._present[1].give_parts()
                with contextlib.suppress(OSError):  # the rendering thread meets it too, and reports it
                    self._studio.deliver()

    def _answer(self, message: dict[str, Any], request: Request) -> dict[str, Any]:
        try:
            if "learn" in message:
                self._studio.learn(message["learn"], Delivery(**message["delivery"]), request)
                return {"learnt": True}
            return {"clip": self._clip(message, request)}
        except Cancelled:
            return {"cancelled": True}
        except NothingToSay:
            return {"refused": "voice_nothing"}
        except OSError as error:
            return {"refused": "voice_no_room" if is_full(error) else "voice_disk", "why": reason(error)}
        except EngineFailed as why:
            return {"failed": str(why)}

    def _clip(self, message: dict[str, Any], request: Request) -> dict[str, Any]:
        ident, wav = message["id"], Path(message["wav"])
        numbers = iter(range(1 << 30))

        def part(samples: Samples, recited: int) -> None:
            number = next(numbers)
            path = wav.with_name(f"{wav.stem}.{os.getpid()}.{number}.{time.monotonic_ns()}.part.wav")
            write(samples, path)
            length = samples.shape[1] / RATE
            self._tell({"id": ident, "n": number, "part": str(path), "seconds": length, "clauses": recited})

        def alive() -> None:
            self._tell({"id": ident, "alive": True, "pace": round(self._studio.pace, 3)})

        script, level = from_json(message["script"]), int(message.get("level", 0))
        return self._studio.assemble(script, wav, alive, request, part, level)


def _private_output() -> Tell:
    """Reserve the pipe to the parent for the protocol: pyttsx3 prints, and so may any C library."""
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    lock = threading.Lock()

    def tell(message: dict[str, Any]) -> None:
        with lock:
            _tell(pipe, message)

    return tell


def _tell(pipe: IO[str], message: dict[str, Any]) -> None:
    """Write one line to the parent; exit when there is no parent."""
    try:
        print(json.dumps(message), file=pipe, flush=True)
    except BrokenPipeError:
        os._exit(0)


def from_json(data: dict[str, Any]) -> Script:
    """Return the script that `cache.to_json` wrote."""
    segments = (Segment(**{**segment, "roll": _path(segment["roll"])}) for segment in data["segments"])
    sounds = {"applause": _path(data["applause"]), "chime": _path(data["chime"])}
    return Script(**{**data, **sounds, "segments": tuple(segments)})


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
