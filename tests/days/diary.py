"""Walks one day through the whole office and writes down what happens, one line each."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

from fakes import SHANGHAI
from office_made import House


class Diary:
    """`lines`: «HH:MM[:SS] what», in order: scenes, music, silences, and what was said."""

    def __init__(self, folder: Path, day: str):
        self.midnight = datetime.combine(datetime.fromisoformat(day).date(), time(), SHANGHAI)
        self.house = House(folder, self.midnight)
        self.lines: list[str] = []
        self._scene = self._entry = self._music = ""
        self._silent = False
        self._look()

    def write(self, what: str) -> None:
        """One line at the present moment."""
        now = self.house.clock.now()
        self.lines.append(f"{now:%H:%M:%S} {what}" if now.second else f"{now:%H:%M} {what}")

    def until(self, clock: str) -> None:
        """Time passes in steps of ten seconds and at every boundary; whatever is said takes its time."""
        hour, minute = (int(part) for part in clock.split(":"))
        end = self.midnight + timedelta(hours=hour, minutes=minute)
        while self.house.clock.now() < end:
            step = min(end, self.house.clock.now() + timedelta(seconds=10))
            step = step.replace(microsecond=0)
            self.house.go_to(f"{step:%H:%M:%S}" if step.date() == self.midnight.date() else "23:59:59")
            self._look()
            if step.date() != self.midnight.date():
                return

    def order(self, clock: str, person: str, amount: int, product: str = "网络招聘") -> None:
        """An order comes in."""
        self.until(clock)
        decision = self.house.deal(person, amount, product).decision.to_json()
        self.write(f"order {person} {amount}: {decision['kind']} {decision['when']}")
        self._look()

    def _look(self) -> None:
        house = self.house
        glance = house.office.glance()
        entry = glance.state.entry.name if glance.state.entry else "-"
        if (entry, glance.scene) != (self._entry, self._scene):
            self._entry, self._scene = entry, glance.scene
            self.write(f"wall {glance.scene} {entry}")
        self._look_at_sound(house)
        if house.announcer.jobs:
            self._hear(house)

    def _look_at_sound(self, house: House) -> None:
        mono, order = house.clock.monotonic(), house.speaker.order
        playing = order is not None and order.start_at <= mono and (order.until is None or mono < order.until)
        music = f"{order.tracks[0].path.parent.name} {order.volume}" if playing and order else ""
        if music != self._music:
            self._music = music
            self.write(f"music {music or 'off'}")
        silent = any(start <= mono < end for start, end in house.speaker.spans)
        if silent != self._silent:
            self._silent = silent
            self.write("silence" if silent else "silence over")

    def _hear(self, house: House) -> None:
        assert not self._silent, f"{house.announcer.jobs} would sound in the quiet time"
        texts = {a.id: (a.kind, a.text) for a in house.office.announcements(self.midnight.date())}
        for job in sorted(house.announcer.jobs, key=lambda job: -job.priority):
            kind, text = texts[job.id]
            self.write(f"say {kind}: {text}")
        house.announcer.say(house.clock)
