"""The outputs of the machine: which there are, which one a person chose, a test tone, and what is wrong with them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from controller.health import OutputValues
from controller.hearing import MUTED, QUIET, VOLUME_0, Hearing
from controller.sales.model import Refused, StoreTrouble
from controller.services.context import Context
from controller.sound import output_choice
from controller.sound.output_choice import Choice
from controller.sound.player.protocol import Output
from controller.sound.player_child import play_tone
from controller.sound.speaker import Speaker
from controller.system.os_errors import reason, remedy

NAME_LIMIT: Final = 80
MOST: Final = 16
"""Outputs that are listed."""
IN_MACHINE: Final = "muted"
"""`Outputs.blocked` of an output that is muted, or at volume 0, in the machine itself."""
UNMUTED_WITHIN_S: Final = 4.0
"""The player looks every 0.7 s and reports once a second."""


@dataclass(frozen=True, slots=True)
class Row:
    """An output. `here`: plugged in; `used`: plays now; `chosen`: by a person."""

    key: str
    name: str
    kind: str
    here: bool
    used: bool
    chosen: bool


class OutputService:
    """Thread-safe. `file`: where the choice is kept; `sound`: the test tone."""

    def __init__(
        self, context: Context, speaker: Speaker, hearing: Callable[[datetime], Hearing], file: Path, sound: Path
    ):  # fmt: skip
        self._context, self._speaker, self._hearing = context, speaker, hearing
        self._file, self._sound = file, sound
        self._choice = output_choice.read(file)
        self._lock = threading.Lock()

    def rows(self) -> tuple[Row, ...]:
        """Return the outputs; a chosen one also while it is unplugged."""
        found, choice = self._speaker.outputs(), self._choice
        rows = [
            Row(
                one.key,
                one.name[:NAME_LIMIT],
                one.kind,
                here=True,
                used=one.key == found.current,
                chosen=self._is_chosen(one),
            )
            for one in found.all[:MOST]
        ]
        if choice is not None and not any(row.chosen for row in rows):
            rows.append(Row(choice.key, choice.name, choice.kind, here=False, used=False, chosen=True))
        return tuple(rows)

    def _is_chosen(self, one: Output) -> bool:
        choice, found = self._choice, self._speaker.outputs()
        if choice is None:
            return False
        return one.key == choice.key or (found.chosen and one.key == found.current)

    @property
    def automatic(self) -> bool:
        """Return whether no output is chosen: the machine's default plays."""
        return self._choice is None

    def choose(self, key: str | None) -> None:
        """Play through this output from now on, None: the machine's default. Raises Refused, StoreTrouble."""
        with self._lock:
            choice = None
            if key is not None:
                row = self._row(key)
                choice = Choice(row.key, row.name, row.kind)
            try:
                output_choice.write(self._file, choice)
            except OSError as error:
                raise StoreTrouble(f"存不进去（{reason(error)}），音响没有换。{remedy(error)}。") from error
            self._choice = choice
        self._speaker.choose(choice.key if choice else None)

    def _row(self, key: str) -> Row:
        row = next((row for row in self.rows() if row.key == key), None)
        if row is None:
            raise Refused("没有这个音响，它可能刚刚拔掉了。请重新打开这一页再选。", "output")
        return row

    def test(self, key: str) -> None:
        """Play the chime through one output. Raises Refused, also when nothing may sound now."""
        row = self._row(key)
        reasons = self._hearing(self._context.clock.now()).reasons
        silent = next((reason for reason in reasons if reason.cause in (QUIET, MUTED, VOLUME_0)), None)
        if silent is not None:
            raise Refused(f"现在不试音：{silent.short}。", "output")
        if not row.here:
            raise Refused(f"“{row.name}”没有接上，接好以后再试。", "output")
        if row.used:
            self._speaker.tone(self._sound)
        elif not play_tone(row.key, self._sound):
            raise Refused(f"“{row.name}”打不开。请检查它的电源和接线，或者换一个。", "output")

    def unmute(self) -> None:
        """Unmute the output in use in the machine, and raise its volume from 0. Raises Refused when that fails."""
        if self._speaker.outputs().blocked != IN_MACHINE:
            raise Refused("音响没有被静音，不用打开。", "output")
        self._speaker.unmute()
        end = time.monotonic() + UNMUTED_WITHIN_S
        while self._speaker.outputs().blocked == IN_MACHINE:
            if time.monotonic() > end:
                raise Refused("没有打开。请在主机的声音设置里取消静音，把音量调大。", "output")
            time.sleep(0.1)

    def values(self) -> OutputValues:
        """Return the values for the judgement of health."""
        found, health = self._speaker.outputs(), self._speaker.health()
        gone = self._choice if health.alive and not found.chosen else None
        return OutputValues(
            muted=found.blocked == IN_MACHINE,
            unheard=health.alive and health.why is not None,
            missing=gone.name if gone is not None else None,
        )
