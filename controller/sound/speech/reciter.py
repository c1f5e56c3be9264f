"""The voice child's loop: one JSON request a line, one text at a time, answers on what was standard output.

In:  {"id", "wav": path, "script": …}
Out: {"ready": identity, "passed_over": [[name, why]]} once, or {"fatal": why}; then for each request any
     number of {"id", "alive"} and one of {"id", "clip": …}, {"id", "refused": Chinese sentence} (trying again
     is no use), {"id", "failed": why} (a new child may do it).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from controller.machine.reasons import reason
from controller.sound.speech.engines import EngineFailed, Maker, first_working
from controller.sound.speech.script import Script, Segment
from controller.sound.speech.studio import NothingToSay, Studio

Tell = Callable[[dict[str, Any]], None]


def serve(makers: Sequence[Maker]) -> None:
    """Answers requests until the input ends, which it also does when the parent dies."""
    tell = _private_output()
    try:
        engine, passed_over = first_working(makers)
    except EngineFailed as why:
        tell({"fatal": str(why)})
        return
    tell({"ready": engine.identity, "passed_over": passed_over})
    studio = Studio(engine)
    for line in sys.stdin:
        request = json.loads(line)
        tell({"id": request["id"], **_answer(studio, request, tell)})


def _private_output() -> Tell:
    """Keeps the pipe to the parent for us alone: pyttsx3 prints, and so may any C library."""
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return lambda message: _tell(pipe, message)


def _tell(pipe: IO[str], message: dict[str, Any]) -> None:
    """One line to the parent; without a parent there is nothing left to do."""
    try:
        print(json.dumps(message), file=pipe, flush=True)
    except BrokenPipeError:
        os._exit(0)


def _answer(studio: Studio, request: dict[str, Any], tell: Tell) -> dict[str, Any]:
    script, wav = from_json(request["script"]), Path(request["wav"])
    try:
        return {"clip": studio.assemble(script, wav, lambda: tell({"id": request["id"], "alive": True}))}
    except NothingToSay:
        return {"refused": "这段话里没有能念出来的字。"}
    except OSError as error:
        return {"refused": f"语音文件写不进缓存（{reason(error)}），请清理磁盘空间。"}
    except EngineFailed as why:
        return {"failed": str(why)}


def from_json(data: dict[str, Any]) -> Script:
    """The script that `voicebox.to_json` wrote."""
    segments = (Segment(**{**segment, "roll": _path(segment["roll"])}) for segment in data["segments"])
    sounds = {"applause": _path(data["applause"]), "chime": _path(data["chime"])}
    return Script(**{**data, **sounds, "segments": tuple(segments)})


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
