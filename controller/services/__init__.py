"""The office's operations. Each one refuses with a sentence or commits; the store, not the operation, signals it.

One service per subject: `deals`, `roundups` (deals announced together), `announcements` (playing them; the announcer
reads `queue`), `cues` (announcements of the timetable), `exceptions` (of a date's plan), `music` (music, volume, mute),
`auth` (sign-in and tokens), `targets` (months, hand-ins, reviews), `duties` (ticks and notes of leaders), `snapshot`
(the data of all screens), `timetable_listener` (events of clock and speaker). `composition.py` builds and joins them.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from controller.glance import Glance, Ranking
from controller.moments import local_time
from controller.names import tidy_name
from controller.sales.announcement_policy import Decision
from controller.sales.deals import Step
from controller.sales.model import Announcement, City, Deal, Person, PersonRow, Refused, Team, Unknown
from controller.services.composition import Parts, Services
from controller.services.context import Decided
from controller.services.deal_corrections import published
from controller.services.deals import AS_USUAL, How, Recorded
from controller.services.home_assistant import HomeAssistantService, verbs_of
from controller.services.music import LONGEST_MUTE
from controller.services.music_order import ManualOverride
from controller.services.spoken_texts import Announced
from controller.timetable.model import DayPlan, playlist_name

__all__ = ["Announced", "Decided", "How", "Office", "Parts", "Recorded"]

UNDO_S = 60.0
"""Time for which a stop can be undone; the phone offers it for ten seconds."""
RECENT_SELLERS = 12
NOTHING_STOPPED: tuple[float, tuple[int, ...], ManualOverride | None] = (float("-inf"), (), None)


class Office(Services):
    """Thread-safe: phones, the timekeeper and the announcer call it at the same time."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.home_assistant = HomeAssistantService(
            parts.store.path.parent, self.glance, lambda: self.cities_link.own.install, verbs_of(self),
            lambda deed: self.keys.log.add("program", "Home Assistant", deed), self.addresses.page,
        )  # fmt: skip
        self._stopped = NOTHING_STOPPED
        parts.library.listen(self._file_improved)

    # --- deals

    def record_deal(
        self,
        person: str,
        product: str,
        amount: object,
        key: str,
        team: str | None = None,
        how: How = AS_USUAL,
    ) -> Recorded:
        """Record a deal, decide on its announcement and notify speaker and walls. Raises Refused or Conflict."""
        return self._deals.record(person, product, amount, key, team, how)

    def preview_deal(
        self, person: str, product: str, amount: object, team: str | None = None, how: How = AS_USUAL
    ) -> tuple[str, Decision]:
        """Return the announcement of a deal, and its decision, without recording it; `how` as for `record_deal`."""
        return self._deals.preview(person, product, amount, team, how)

    def void_deal(self, deal_id: int, reason: str) -> str:
        """Take a deal back, with the reason; return what published results do not show."""
        return self._deals.void(deal_id, reason)

    def restore_deal(self, deal_id: int, *, announced: bool = False) -> Recorded:
        """Count a deal of this week again that was taken back; see DealService.restore."""
        return self._deals.restore(deal_id, announced=announced)

    def deals(self, day: date) -> tuple[Deal, ...]:
        """Return all deals of a day, oldest first, including those taken back."""
        with self._context.store.read() as session:
            return session.deals.of_day(day)

    def latest_deals(self, day: date, most: int) -> tuple[tuple[Deal, ...], int]:
        """Return the latest deals of a day, oldest first, including those taken back, and how many the day has."""
        with self._context.store.read() as session:
            return session.deals.latest_of_day(day, most)

    def deal_history(self, deal_id: int) -> tuple[Deal, tuple[Step, ...]]:
        """Return a deal and each void and restore of it, oldest first. Raises Unknown."""
        with self._context.store.read() as session:
            deal = session.deals.get(deal_id)
            if deal is None:
                raise Unknown(f"没有编号为 {deal_id} 的订单。", "id")
            return deal, session.deals.history(deal_id)

    def frozen_note(self, day: date) -> str:
        """Return the sentence for a day whose results are published, "" for other days."""
        with self._context.store.read() as session:
            return published(session, self._context.clock.now().date(), day)

    def recent_sellers(self) -> tuple[int, ...]:
        """Return the people of the latest deals, the last one first."""
        with self._context.store.read() as session:
            return session.deals.recent_sellers(RECENT_SELLERS)

    def products(self) -> tuple[str, ...]:
        """Return the products to choose from: the office's list, then those sold recently and not hidden."""
        return self.product_list.choices()

    def hide_product(self, product: str, *, hidden: bool) -> None:
        """Hide a product from the choice until it is sold again, or show it again."""
        self.product_list.hide(product, hidden=hidden)

    # --- announcing

    def announce(self, text: str, key: str) -> Announced:
        """Announce a text."""
        return self._speech.announce(text, key)

    def repeat(self, announcement_id: int) -> Announced:
        """Repeat an announcement."""
        return self._speech.repeat(announcement_id)

    def announcements(self, day: date) -> tuple[Announcement, ...]:
        """Return all announcements added on a day, with their states."""
        return self.announced.of_day(day)

    def emergency(self, text: str, key: str) -> Announced:
        """Announce a text immediately, also in quiet time, while muted and at volume 0."""
        return self._speech.emergency(text, key)

    def stop_all(self) -> int:
        """Stop music and the present announcement, and take due announcements out of the outbox.

        Returns the number of waiting ones: `undo_stop` brings them and the music back.
        """
        waited = self._talk.stop_all()
        self._stopped = (self._context.clock.monotonic(), waited, self._sound.manual_override())
        self.stop_music()
        return len(waited)

    def undo_stop(self) -> int:
        """Undo the last `stop_all` within a minute; return the number of announcements. Raises Refused later."""
        at, waited, override = self._stopped
        if self._context.clock.monotonic() - at > UNDO_S:
            raise Refused("已经过了一分钟，不能恢复了。可以在列表里再播一次。")
        self._stopped = NOTHING_STOPPED
        self._sound.bring_back(override)
        return self._speech.restore(waited)

    def control_ceremony(self, action: str) -> None:
        """Start, turn or end the month's ceremony; see Honours.control."""
        self.honours.control(action, lambda ident: self._talk.cancel([ident], "表彰翻到了另一位。"))

    # --- music

    def play(self, playlist: str | None = None) -> None:
        """Start music manually; see MusicService.play."""
        self._sound.play(playlist)

    def stop_music(self) -> None:
        """Stop music until the timetable's next music."""
        self._sound.stop_music()

    def next_track(self) -> None:
        """Skip to the next track."""
        self._sound.next_track()
        self._context.changes.notify()

    def set_volume(self, volume: int) -> None:
        """Set the master volume, 0..100."""
        self._sound.set_volume(volume)

    def choose_voice(self, **changes: object) -> None:
        """Set voice, speed and results_voice of later announcements; see Speaking.choose."""
        self.speaking.choose(**changes)
        self.speaking.apply_settings()

    def set_music_volume(self, volume: int) -> None:
        """Set the volume of music relative to speech, 0..100 percent."""
        self._sound.set_music_volume(volume)

    def mute(self, minutes: int) -> None:
        """Mute for some minutes; 0 ends mute. Announcements postponed by mute are played when it ends."""
        self._mute(self._context.clock.now() + timedelta(minutes=minutes) if minutes else None)

    def mute_until(self, at: time) -> None:
        """Mute until a time of today. Raises Refused when it is past or more than four hours ahead."""
        now = self._context.clock.now()
        until = local_time(now.date(), at, self._context.clock.zone)
        if not now < until <= now + LONGEST_MUTE:
            raise Refused("静音要到今天稍后、四小时以内的时间，例如 14:00。", "until")
        self._mute(until)

    def _mute(self, until: datetime | None) -> None:
        self._sound.mute(until)

    def playlists(self) -> tuple[str, ...]:
        """Return the names of all playlists."""
        return self._library.playlists()

    def usual_plan(self) -> DayPlan:
        """Return the plan of a usual workday, without lines for single dates."""
        return self._context.timetable_file.usual(self._context.clock.now().date())

    def playlist_names(self) -> dict[str, str]:
        """Return people's names of playlists: the folder's name if that is Chinese, else the spans that play it."""
        spans = self._context.rhythm.spans
        return {name: playlist_name(name, spans) for name in self.playlists()}

    # --- people, targets, cities

    def people(self) -> tuple[Person, ...]:
        """Return the active people."""
        return self._people.people()

    def teams(self) -> tuple[Team, ...]:
        """Return the teams."""
        return self._people.teams()

    def add_person(
        self, *, name: str, team: str, leader: bool = False, say_as: str | None = None,
        birthday: str | None = None, joined: date | None = None, email: str | None = None,
    ) -> Person:  # fmt: skip
        """Add a person, or bring one back who left that team; a team that does not exist is created."""
        row = PersonRow(team, name, leader, say_as, birthday=birthday, joined=joined, email=email)
        return self._people.add(row)

    def update_person(self, ident: int, **changes: Any) -> Person:
        """Change name, team, leader, say_as, birthday, joined, hidden or active of a person."""
        return self._people.update(ident, **changes)

    def update_team(self, ident: int, **changes: str | None) -> Team:
        """Change the name or say_as of a team, and the name on its screens. Raises Refused."""
        team, former = self._people.update_team(ident, **changes)
        self.walls.team_renamed(former, team.name)
        return team

    def remove_team(self, ident: int) -> None:
        """Take an empty team off the list; its deals stay counted. Raises Refused."""
        self._people.remove_team(ident)

    def set_target(self, team: str, day: date, amount: object) -> None:
        """Set a team's target of a day, in yuan."""
        self._people.set_target(team, day, amount)

    def set_city_result(self, day: date, city: str, rate: float | None) -> None:
        """Set another branch's completion of the day (1.0 = reached); None removes it."""
        with self._context.store.write() as session:
            session.settings.set_city(day, tidy_name(city), None if rate is None else Decimal(str(rate)))

    # --- reading

    def glance(self) -> Glance:
        """Return the office at this moment."""
        return self._view.glance()

    def standings(self, period: str, day: date) -> Ranking:
        """Return the standings of the day, week or month of `day`."""
        return self._view.ranking(period, day)

    def cities(self, day: date) -> tuple[City, ...]:
        """Return the branches' results of a day, as far as entered."""
        return self._view.cities(day)

    def faults(self) -> tuple[str, ...]:
        """Return the problems of an edited timetable that is not in force."""
        return self._context.timetable_file.faults

    def hints(self) -> tuple[str, ...]:
        """Return hints about lines of the timetable in force that have no effect, with advice."""
        teams = tuple(team.name for team in self.teams())
        return self._context.timetable_file.hints(self._context.clock.now().date(), teams)

    def confirm_clock(self) -> None:
        """Record that a person confirmed the time shown: timed sound may follow the clock."""
        self._context.clock.confirm()
        self._context.changes.notify()

    def _file_improved(self, file: Path) -> None:
        """Use a music file that has been measured or made playable from the next look at the playlist on."""
        self._sound.library_changed()
        if self._library.fault(file) is not None:
            self._context.feed.notify()
