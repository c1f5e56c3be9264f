"""The child in which the voice runs: start it with the chosen engine, end it, and keep its engine, pace and faults."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from controller.sentences import say
from controller.sound.child import Child, ChildLost
from controller.sound.tts.engine_choice import EngineChoice, KeptPace
from controller.sound.tts.plan import VoiceStatus
from controller.sound.tts.script import VoiceFailed

LOADING_LIMIT_S = 20.0
"""Limit for each step of a child's loading: a model that computes for longer is hung, and espeak replaces it. Until
then the office has the chime alone."""
SLOW_LOADING_S = 90.0
"""The same for a step known to be slow, while the child computes: the interpreter and espeak on a machine that starts
everything at once (nothing could replace them: killed and started again with the same limit, they would never speak),
and Kokoro, whose 82 million parameters come from a slow card and which renders for up to 16 s a second of speech.
sherpa and Piper models render faster than they speak, so 20 s without an answer mean a network that never ends."""
SENTENCE_LIMIT_S = 10.0
"""A sentence takes 0.02 s with espeak on a desktop, 0.2 s on a Pi; a child without an answer for ten seconds is hung,
unless it is still computing."""
SLOW_LIMIT_S = 90.0
"""Limit for one clause of a child that is still computing: 5.6 s of speech of a natural voice at 16 s of rendering
each, espeak on an emulated machine. The child itself finds an espeak that computes for ever (`voice.Espeak`)."""


class VoiceChild:
    """One voice, whose process ends and begins again. Used by the thread `voice`; `status` and `send` by all.

    `takes`: the folder of clauses; `pace`: the file that keeps this machine's pace.
    """

    def __init__(self, choice: EngineChoice, voices: Path, takes: Path, pace: Path) -> None:
        self._choice, self._voices, self._takes, self._pace = choice, voices, takes, KeptPace(pace)
        self._child: Child | None = None
        self._loading: Child | None = None  # the same, until its engine is loaded
        self._given_up = False
        self._status = VoiceStatus("", (), None, None, pace=self._pace.read())

    @property
    def status(self) -> VoiceStatus:
        """The voice in use and the last fault."""
        return self._status

    def awake(self) -> Child:
        """Return the running child, or a new one that has loaded its engine. Raises ChildLost or VoiceFailed."""
        if self._child is not None and self._child.alive():
            return self._child
        child = self._child = self._loading = self._launched()
        try:
            if (
                self._given_up
            ):  # after the line above, so that `give_up` has seen the child, or this sees `give_up`
                child.kill()
            hello = self._greeting(child)
        except ChildLost as lost:  # a bad model may kill the whole process, or load for ever
            if self._given_up:
                raise
            why = "加载时没有反应" if str(lost) == "hung" else "加载时出错退出了"
            # Another process's signal ("stopped") proves nothing about the voice.
            if str(lost) != "stopped" and self.demoted(why):
                return self.awake()
            raise
        finally:
            self._loading = None
        passed_over = tuple((str(name), str(why)) for name, why in hello["passed_over"])
        self._note(
            engine=str(hello["ready"]), passed_over=self._choice.unfit or passed_over, pid=child.pid,
            natural=bool(hello["natural"]), longest=int(hello["longest"]),
        )  # fmt: skip
        return child

    def _launched(self) -> Child:
        """Return a child that is loading its engine."""
        arguments = (
            "--engine", self._choice.engine, "--voices", str(self._voices), "--takes", str(self._takes),
            "--pace", f"{self._status.pace:.3f}",
        )  # fmt: skip
        return Child("controller.sound.voice", arguments)

    def _greeting(self, child: Child) -> dict[str, Any]:
        """Wait until the engine is loaded and return its facts; raises ChildLost, or VoiceFailed when none works."""
        hello = child.receive(LOADING_LIMIT_S, SLOW_LOADING_S)
        while "loading" in hello:
            hello = child.receive(LOADING_LIMIT_S, SLOW_LOADING_S if hello["slow"] else 0.0)
        if "ready" not in hello:
            child.kill()
            raise VoiceFailed(say("voice_none", why=hello.get("fatal")))
        return hello

    def send(self, message: dict[str, Any]) -> None:
        """Send a message to the child if there is one."""
        child = self._child
        if child is not None:
            with contextlib.suppress(ChildLost):
                child.send(message)

    def give_up(self) -> None:
        """Kill a child that is still loading its engine, and every later one: the office closes."""
        self._given_up = True
        if (child := self._loading) is not None:
            child.kill()

    def kill(self) -> None:
        """Kill the child, also while it renders."""
        if (child := self._child) is not None:
            child.kill()

    def rest(self) -> None:
        """End the child, to free its memory."""
        child, self._child = self._child, None
        if child is not None:
            child.close()
        self._note(pid=None)

    def lost(self) -> None:
        """Forget a child that has died."""
        self._child = None
        self._note(pid=None)

    def choose_again(self) -> None:
        """End the child; the next one uses the wanted engine again."""
        self._choice.choose()
        self.rest()
        self._note(engine="", natural=False)

    def demoted(self, why: str) -> bool:
        """Replace a failed neural voice by espeak for a while; return False when it was espeak already."""
        if not self._choice.demote(why):
            return False
        self._note(engine="", natural=False)
        return True

    def failed(self, sentence: str) -> None:
        """Note why a text was not rendered."""
        self._note(fault=sentence)

    def succeeded(self) -> None:
        """Note a rendering."""
        self._note(fault=None)
        self._choice.succeeded()

    def hear_pace(self, answer: dict[str, Any]) -> None:
        """Note the pace in an answer, if there is one; keep that of a finished clause."""
        pace = answer.get("pace")
        if isinstance(pace, int | float) and self._status.natural and pace != self._status.pace:
            self._note(pace=float(pace))
            if "alive" not in answer:
                self._pace.write(float(pace))

    def _note(self, **changes: Any) -> None:
        self._status = replace(self._status, **changes)
