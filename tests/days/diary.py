"""Run one day through the whole office and write each event on a line.

A page is a handwritten text file: `day DATE`, `before …` (earlier deals), lines with `>` (people's actions), and
between them the expected events. `Diary` performs the actions and writes the actual page: both must be equal, line by
line.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from fakes import SHANGHAI
from office_made import House

from controller.sound.playback import Job, Report
from signage.wall_state import wall_state

SAID_S = 10.0
"""Duration of every announcement, in seconds."""
MARGIN_S = 0.6


class Page:
    """A handwritten page: the day, earlier deals, people's actions, and all expected lines."""

    def __init__(self, file: Path):
        written = [line.rstrip() for line in file.read_text(encoding="utf-8").splitlines()]
        kept = [line for line in written if line and not line.startswith("#")]
        self.day = date.fromisoformat(kept[0].removeprefix("day "))
        self.before = [line.split()[1:] for line in kept if line.startswith("before ")]
        self.lines = [line for line in kept[1:] if not line.startswith("before ")]
        self.deeds = [line for line in self.lines if " > " in line]


class Diary:
    """The actual events of the page's day; `lines` has the format of a page."""

    def __init__(self, folder: Path, page: Page):
        self.page, self.lines = page, list[str]()
        self.midnight = datetime.combine(page.day, time(), SHANGHAI)
        self.house = House(folder, self.midnight)
        self._last: dict[str, object] = {
            "silence": "silence over",
            "music": "music off",
            "volume": "volume 100",
        }
        self._on_air: tuple[Job, datetime] | None = None
        self._held: list[int] = []
        self._sell_before()

    def live(self) -> list[str]:
        """Run the whole day, from 00:00 to 24:00, and return the lines."""
        clock, deeds = self.house.clock, list(self.page.deeds)
        end = self.midnight + timedelta(days=1)
        self._look()
        while clock.now() < end - timedelta(seconds=1):
            moments = [clock.now().replace(second=0) + timedelta(minutes=1), end - timedelta(seconds=1)]
            moments += [edge for edge in self._edges() if edge > clock.now()]
            if deeds:
                moments.append(self._moment(deeds[0]))
            clock.go_to(min(moments))
            self._finish()
            self.house.keeper.refresh()
            self._look()
            while deeds and self._moment(deeds[0]) <= clock.now():
                self._do(deeds.pop(0))
                self._look()
        self._end()
        return self.lines

    def _moment(self, line: str) -> datetime:
        return datetime.combine(self.page.day, time.fromisoformat(line.split()[0]), SHANGHAI)

    def _edges(self) -> list[datetime]:
        plan = self.house.timetable_file.plan(self.page.day)
        edges = [cue.at for cue in plan.cues] + list(
            self.house.office.timetable_listener.moments(plan, self.house.clock.now())
        )
        return edges + ([self._on_air[1]] if self._on_air else [])

    def _sell_before(self) -> None:
        for number, (day, person, amount, product) in enumerate(self.page.before):
            with self.house.store.write() as session:
                at = datetime.combine(date.fromisoformat(day), time(10), SHANGHAI)
                seller = session.roster.find(person)
                session.deals.record(f"before-{number}", seller.id, product, Decimal(amount), at, at.date())

    # --- people's actions

    def _do(self, line: str) -> None:
        self.lines.append(line)
        verb, *words = line.split(" > ")[1].split()
        office = self.house.office
        deeds: dict[str, Callable[[], object]] = {
            "deal": lambda: self._decided(self.house.deal(words[0], words[1], words[2])),
            "void": lambda: office.deals.void(int(words[0]), words[1]),
            "say": lambda: self._decided(office.speech.announce(words[0], f"say-{line}")),
            "repeat": lambda: self._decided(office.speech.repeat(int(words[0]))),
            "target": lambda: office.targets.set_day(words[0], self.page.day, words[1]),
            "city": lambda: office.cities.set_result(self.page.day, words[0], int(words[1]) / 100),
            "hush": lambda: office.music.mute_for(int(words[0])),
            "play": lambda: office.music.play(words[0]),
            "stop": office.music.stop,
        }
        deeds[verb]()
        self.house.keeper.refresh()

    def _decided(self, answer: object) -> None:
        decision = answer.decision.to_json()  # type: ignore[attr-defined]
        self._write(f"answer {decision['kind']} {decision['when']} {decision['why']}")

    # --- announcements

    def _silent(self, ahead: float = 0.0) -> bool:
        mono = self.house.clock.monotonic()
        return any(start - ahead <= mono < end for start, end in self.house.announcer.spans)

    def _finish(self) -> None:
        if self._on_air and self.house.clock.now() >= self._on_air[1]:
            self.house.announcer.report(Report(self._on_air[0].id, "heard", ""))
            self._on_air = None

    def _hear(self) -> None:
        """Start the next announcement, unless one is playing or it would not end before a silence."""
        announcer = self.house.announcer
        waits = [] if self._on_air else announcer.jobs
        assert not (waits and self._silent()), f"{waits[0].id} may be said in the quiet time"
        for job in waits if self._silent(SAID_S + MARGIN_S) else []:
            if job.id not in self._held:
                self._held.append(job.id)
                announcer.report(Report(job.id, "waiting", "安静时间快到了，之后再播报。"))
                self._write(f"hold {job.id}")
        if waits and not self._silent(SAID_S + MARGIN_S):
            self._begin()

    def _begin(self) -> None:
        clock = self.house.clock
        job = self.house.announcer.begin(clock, SAID_S)
        assert job is not None
        self._on_air = (job, clock.now() + timedelta(seconds=SAID_S))
        said = self.house.office.snapshot.glance().on_air
        assert said is not None
        self._write(f"say {said.kind} [{self._wall()['scene']}] {said.text}")

    # --- walls and music

    def _write(self, what: str) -> None:
        now = self.house.clock.now()
        self.lines.append(f"{now:%H:%M:%S} {what}" if now.second else f"{now:%H:%M} {what}")

    def _wall(self) -> dict[str, object]:
        state = wall_state(self.house.office.snapshot.glance(), "大厅")
        return dict(state)

    def _look(self) -> None:
        if self._on_air is None:
            self._changed("wall", self._scene())
        mono, order = self.house.clock.monotonic(), self.house.speaker.order
        playing = order is not None and order.start_at <= mono and (order.until is None or mono < order.until)
        name = f"{order.tracks[0].path.parent.name} {order.volume}" if playing and order else "off"
        self._changed("volume", f"volume {self.house.speaker.volume}")
        self._changed("music", f"music {name}")
        silent = any(start <= mono < end for start, end in self.house.speaker.spans)
        self._changed("silence", "silence" if silent else "silence over")
        self._hear()

    def _scene(self) -> str:
        wall = self._wall()
        entry, award = wall["entry"], wall["award"]
        words = f"wall {wall['scene']}"
        if isinstance(entry, dict):
            words += f" {entry['name']}：{entry['text']}"
        if wall["scene"] == "award" and isinstance(award, dict):
            words += f" {award['title']} {award['team']} {award['person']} {award['amount']}"
        return words

    def _changed(self, what: str, line: str) -> None:
        if self._last.get(what) != line:
            self._last[what] = line
            self._write(line)

    def _end(self) -> None:
        for said in self.house.office.announced.of_day(self.page.day):
            self.lines.append(f"end {said.id} {said.kind} {said.state} {said.why}".rstrip())
        self.house.close()
