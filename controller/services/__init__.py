"""The office: its services and how they are joined. A new service is built in the method of its subject.

Each operation of a service refuses with a sentence or commits; the store, not the operation, signals it. Every service
gets its dependencies in its constructor. A service that is needed by one of an earlier subject is given as a function,
called later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from controller.clock import Clock
from controller.drawing.client import Drawing
from controller.feed import Feed
from controller.links.port import Tools
from controller.links.secrets import SecretFile
from controller.sales.store import Store
from controller.services.addresses import Addresses
from controller.services.announcement_lists import AnnouncementLists
from controller.services.announcements import AnnouncementService
from controller.services.auth import Credentials
from controller.services.backups import Backups
from controller.services.batching import Batching
from controller.services.calendar import CalendarService
from controller.services.chat_deals import ChatDeals
from controller.services.cities import CityService
from controller.services.contests import ContestService
from controller.services.context import Context, Preferences
from controller.services.cues import CueService
from controller.services.daily import DailyNews
from controller.services.deals import DealService
from controller.services.duties import DutyService
from controller.services.exceptions import ExceptionService
from controller.services.fault_news import FaultNews
from controller.services.health import HealthMonitor, Sources
from controller.services.history import HistoryService
from controller.services.home_assistant import HomeAssistantService, verbs_of
from controller.services.honours import Honours
from controller.services.inbound import InboundService
from controller.services.link_news import LinkNews
from controller.services.links import LinkService
from controller.services.machine import MachineReader
from controller.services.measures import MeasureService
from controller.services.media import Media, uploads
from controller.services.music import MusicService
from controller.services.office_loudness import OfficeLoudness
from controller.services.outputs import OutputService
from controller.services.people import PeopleService
from controller.services.posters import PosterService
from controller.services.prerender import Prerenderer
from controller.services.products import ProductService
from controller.services.proposals import ProposalService
from controller.services.push import PushLinks
from controller.services.roster_dates import RosterDates
from controller.services.roundups import RoundUps
from controller.services.scripts import ScriptBuilder, Scripts
from controller.services.snapshot import SnapshotBuilder
from controller.services.speaker_test import SpeakerTest
from controller.services.spoken_texts import SpokenTextService
from controller.services.targets import TargetService
from controller.services.timetable_edit import TimetableEditor
from controller.services.timetable_history import TimetableHistory
from controller.services.timetable_listener import TimetableListener
from controller.services.voices import Samples, Speaking
from controller.services.walls import Pairings, WallRegistry
from controller.sound.announcer import Announcer
from controller.sound.library import Library
from controller.sound.speaker import Speaker
from controller.sound.tts.background_install import NO_INSTALL, InstallStatus
from controller.sound.tts.client import Voice
from controller.system.paths import Home
from controller.timetable.current import TimetableFile
from controller.timetable.model import playlist_name


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts from which an office is built."""

    clock: Clock
    timetable_file: TimetableFile
    store: Store
    feed: Feed
    announcer: Announcer
    speaker: Speaker
    voice: Voice
    library: Library
    sounds: Path
    voice_install: Callable[[], InstallStatus] = lambda: NO_INSTALL
    local_token: str = ""
    timetable_versions: Path | None = None
    home: Home | None = None
    secrets: Path | None = None
    port: int = 8080
    call_failed_since: Callable[[], datetime | None] = lambda: None


class Office:
    """All services, one per subject; it has no operations. Names without an underscore are for pages and daemon.

    Thread-safe: phones, the timekeeper and the announcer call its services at the same time.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts, self._folder = parts, parts.store.path.parent
        self._context = Context(
            parts.clock, parts.timetable_file, parts.store, parts.feed, Preferences(parts.store)
        )
        parts.store.changes.listen(parts.announcer.wake)
        parts.store.changes.listen(parts.feed.notify)
        parts.timetable_file.changes.listen(parts.library.forget_missing)
        parts.library.name_playlists(lambda folder: playlist_name(folder, self._context.rhythm.spans))
        self._build_sound()
        self._build_sign_in()
        self._build_links()
        self._build_announcing()
        self._build_deals()
        self._build_boards()
        self._build_people()
        self._build_health()
        self._build_screens()
        self._build_timetable()
        parts.library.listen(self.music.file_improved)

    def _build_sound(self) -> None:
        parts, context = self._parts, self._context
        self.library = parts.library
        self.music = MusicService(context, parts.speaker, parts.announcer, parts.library, parts.voice)
        self._uploads = uploads(
            self._folder, parts.sounds, context, parts.library, self.music.library_changed
        )
        self.voice_install = parts.voice_install
        self.speaking = Speaking(
            lambda: context.rhythm.sound, context.preferences, self._folder / "voices", parts.voice
        )
        builder = ScriptBuilder(
            parts.sounds, lambda: context.rhythm.sound.speech_lufs, self.speaking.of, parts.library.playable,
            self._uploads.clips.find, self._uploads.profiles.song_of,
        )  # fmt: skip
        self._scripts = Scripts(context, builder, parts.voice)
        self.outputs = OutputService(
            context, parts.speaker, self.music.hearing, self._folder / "output.json", parts.sounds / "chime.ogg"
        )  # fmt: skip
        self.speaker_test = SpeakerTest(context, parts.speaker, self.music.hearing, self._folder)
        self.office_loudness = OfficeLoudness(
            context, self.music.hearing, self.music.levels, lambda: self.music.track is not None,
            parts.announcer.gain,
        )  # fmt: skip

    def _build_sign_in(self) -> None:
        self.keys = Credentials(self._parts.store, self._parts.local_token)
        self.addresses = Addresses(self._parts.port)
        self.calendar = CalendarService(self._context, self.keys)

    def _build_links(self) -> None:
        context, drawing = self._context, Drawing(self._folder / "photos")
        self._secret_file = SecretFile(self._parts.secrets)
        self.posters = PosterService(context, drawing)
        self.links = LinkService(context, self._secret_file, Tools(drawing.or_none, drawing.photo))
        self._news = LinkNews(self.links.receivers, context.next_workday)

    def _build_announcing(self) -> None:
        parts, context = self._parts, self._context
        batching = Batching(context, self.speaking.speed)
        self._roundups = RoundUps(context, self.speaking.speed, self._news)
        self.queue = AnnouncementService(
            context, parts.announcer, self._scripts, self.music.hearing, batching, self._roundups.postpone_unheard,
            self.office_loudness.announced,
        )  # fmt: skip
        self.announced = AnnouncementLists(context, self.queue)
        self.speech = SpokenTextService(context, self.queue, self._scripts, self.music)

    def _build_deals(self) -> None:
        parts, context = self._parts, self._context
        self.deals = DealService(context, self.queue, self._scripts, self._roundups, self._news)
        self.inbound, self.push_links = (
            InboundService(context, self.deals), PushLinks(context, self._secret_file)
        )  # fmt: skip
        self.proposals, self.product_list = ProposalService(context, self.deals), ProductService(context)
        self.chat_deals = ChatDeals(context, self.deals, self.inbound, self.product_list.choices)
        self.media = Media(
            self._uploads, self._scripts, self.speech, self.deals,
            Samples(self._folder, parts.voice, self.speaking),
        )  # fmt: skip

    def _build_boards(self) -> None:
        """Build awards, contests, cities and measures, and the cues that announce them."""
        context = self._context
        self.honours, self.contests = Honours(context, self.queue.cancel), ContestService(context)
        self.history, self.measures = HistoryService(context, self.honours), MeasureService(context)
        self.cities = CityService(context, lambda: self.health.clock_trusted(), self._folder)
        self._cues = CueService(context, self.honours, self.contests, self.cities, self._news)

    def _build_people(self) -> None:
        """Build people, teams and their walls: a renamed team keeps its walls."""
        context = self._context
        self.walls, self.pairings = WallRegistry(context), Pairings(self.keys)
        self.people, self.targets = PeopleService(context, self.walls.team_renamed), TargetService(context)
        self.duties = DutyService(context, self.targets)
        self.roster_dates, self.people_lists = RosterDates(context), self._uploads.lists

    def _build_health(self) -> None:
        parts, context = self._parts, self._context
        self.backups = Backups(context, parts.home or Home(self._folder.parent))
        self.health = HealthMonitor(context, Sources(
            self.music.sounding, self.music.has_music, parts.voice, parts.library, self.speaking, parts.voice_install,
            self.keys.attempts.problems, self.backups.values, self.walls.presence, self.links.stuck,
            self.cities.silent, parts.call_failed_since, self.outputs.values,
            self.speaker_test.values, self.office_loudness.values,
        ), MachineReader(self._folder))  # fmt: skip

    def _build_screens(self) -> None:
        """Build the screens' data, and the office as a device of Home Assistant, which shows them too."""
        self.snapshot = SnapshotBuilder(
            self._context, self.queue, self._cues, self.music.sounding, self.walls.merged,
            self.library.playlists, self.health, self.honours, self.contests, self.cities, self.measures,
        )  # fmt: skip
        self.home_assistant = HomeAssistantService(
            self._folder, self.snapshot.glance, lambda: self.cities.own.install, verbs_of(self.music, self.speech),
            lambda deed: self.keys.log.add("program", "Home Assistant", deed), self.addresses.page,
        )  # fmt: skip

    def _build_timetable(self) -> None:
        """Build the timetable's editor, and the listener that passes each moment on."""
        parts, context, news = self._parts, self._context, self._news
        self.exceptions = ExceptionService(context)
        versions = parts.timetable_versions or self._folder / "timetable"
        self.timetable = TimetableEditor(context, TimetableHistory(versions))
        self.daily = DailyNews(
            context,
            news,
            lambda: bool(self.links.receivers("daily")),
            self.announced.outcomes,
            self.health.all,
        )
        self.timetable_listener = TimetableListener(
            context, self.music, self.queue, self.deals, self._cues, self.snapshot, self.health, parts.library,
            Prerenderer(context, self._cues, self._scripts, self._roundups, self.speaking.choice), self.speaking,
            self.timetable, self.keys.log, self.roster_dates,
            FaultNews(context, news, lambda: bool(self.links.receivers("fault")), self.health.judged), self.daily,
            self.speaker_test, self.office_loudness,
        )  # fmt: skip
