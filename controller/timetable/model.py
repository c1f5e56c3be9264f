"""Values of the timetable: the file (`Timetable`), a date (`DayPlan`) and a moment (`State`).

Moments (`datetime`) are aware and in the office's zone; a `Clock` is a local time of day as a timedelta since
00:00, so that 24:00 can be represented. Volumes are 0 to 100.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from controller.sentences import Sentence, say
from controller.timetable.day_rules import DayRule
from controller.timetable.exceptions import DayException
from controller.timetable.link_model import NO_LINKS, LinkSettings

Moments = tuple[datetime, datetime]
"""A span of time; the second is excluded."""
Clock = timedelta
Variants = tuple[str, ...]  # alternative texts; one is chosen, never the same twice in succession

SCENES = (
    "rhythm",
    "countdown",
    "leaderboard",
    "celebration",
    "welcome",
    "award",
    "dark",
    "fault",
    "rest",
    "cities",
    "measures",
)
SAYABLE = (
    "top_sales_of_day", "top_sales_of_week", "top_sales_of_month", "results", "greeting", "sprint",
    "birthdays", "company_years", "ceremony",
)  # fmt: skip
WHO = ("everyone", "leader", "director", "manager", "assistant", "sales")
FREE_TEXT = "text"  # Cue.say of a cue whose text is in Cue.text
VOICES = (
    "auto", "espeak", "晓晓", "晓贝", "晓妮", "晓伊", "云希", "云健", "云夏", "云扬",
)  # fmt: skip
"""Names of voices to choose from; a folder under var/voices may be named too."""
SAME_VOICE = "same"
DIAGONALS = (10, 300)
"""Allowed screen diagonal in inches, least and most."""
DISTANCES = (0.5, 50)
"""Allowed viewing distance in metres, least and most."""
THEMES = ("ink", "paper")
LANGUAGES = ("zh", "en")
NEW_CUSTOMERS = (15, 13, 11, 9, 7)  # percent, Monday to Friday
SPEEDS = (0.7, 1.4)
"""Slowest and fastest rate of a voice; 1.0 is normal."""
COMMENTS = (
    "target_passed",
    "record",
    "comeback",
    "most_orders",
    "newcomer",
    "ordinary",
    "one_order",
    "no_orders",
)


# ---- one date, planned ----


@dataclass(frozen=True, slots=True)
class Entry:
    """A span as planned for one date; `at` is included, `until` is not."""

    at: datetime
    until: datetime
    name: str
    text: str
    music: str | None
    volume: int
    quiet: bool
    wall: str


@dataclass(frozen=True, slots=True)
class Cue:
    """A moment with an announcement (`say`: one of SAYABLE, or FREE_TEXT with `text`) or a scene (`show`, to `until`).

    A cue that is late by more than `grace` is not announced. `extra`: a person added it to this date.
    """

    at: datetime
    say: str | None
    show: str | None
    until: datetime | None
    text: str | None
    grace: timedelta
    extra: bool = False


@dataclass(frozen=True, slots=True)
class Duty:
    """A task for a role at a moment, or for the whole day without `at`. `who` is one of WHO."""

    at: datetime | None
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One date: its entries (by time, never overlapping), cues and duties, and why it is a working day or not.

    `hints`: nothing is wrong, and something will be needed.
    `exceptions` have been applied. `off`, `no_music`, `no_announcements`: spans of theirs, sorted, never overlapping.
    """

    date: date
    workday: bool
    why: str
    guess: bool
    zone: ZoneInfo
    entries: tuple[Entry, ...]
    cues: tuple[Cue, ...]
    duties: tuple[Duty, ...]
    warnings: tuple[str, ...]
    hints: tuple[str, ...] = ()
    exceptions: tuple[DayException, ...] = ()
    off: tuple[Moments, ...] = ()
    no_music: tuple[Moments, ...] = ()
    no_announcements: tuple[Moments, ...] = ()


@dataclass(frozen=True, slots=True)
class Music:
    """The music to play: a folder under sounds/music, and the span it plays in (position = now - since)."""

    playlist: str
    volume: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class State:
    """The desired sound and scene at a moment; constant until `changes_at`.

    `silent_until`: the end of quiet time and of spans without announcements that follow directly, None outside.
    """

    entry: Entry | None
    next: Entry | None
    music: Music | None
    quiet: bool
    quiet_until: datetime | None
    wall: str
    changes_at: datetime
    silent_until: datetime | None = None


# ---- the file ----


@dataclass(frozen=True, slots=True)
class MusicChoice:
    on: DayRule
    playlist: str


@dataclass(frozen=True, slots=True)
class Span:
    """One item of `rhythm:`. `music` is in order of width: the first choice that holds on the date plays."""

    on: DayRule
    at: Clock
    until: Clock
    name: str
    text: str = ""
    music: tuple[MusicChoice, ...] = ()
    volume: int = 40
    quiet: bool = False
    wall: str = "rhythm"
    line: int = 0


@dataclass(frozen=True, slots=True)
class CueRule:
    on: DayRule
    at: Clock
    say: str | None = None
    show: str | None = None
    until: Clock | None = None
    text: str | None = None
    grace: timedelta = timedelta(seconds=120)
    line: int = 0


@dataclass(frozen=True, slots=True)
class DutyRule:
    on: DayRule
    at: Clock | None
    who: str
    what: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Results:
    """Texts of the 18:05 results, in the order of the reveal. Slots: see ALLOWED in controller/timetable/slots.py."""

    opening: Variants
    third: Variants
    second: Variants
    first: Variants
    top_team: Variants
    team: Variants
    city: Variants
    city_missing: Variants
    week: Variants
    month: Variants
    closing: Variants
    nothing: Variants


@dataclass(frozen=True, slots=True)
class CeremonyTexts:
    """The month's ceremony: the openings of the cue and of the phone, and a sentence per winner."""

    opening: Variants
    start: Variants
    month: Variants
    week: Variants
    day: Variants


@dataclass(frozen=True, slots=True)
class ContestTexts:
    """A contest's result: the whole, one winner, the prize behind it, and the end without a winner."""

    result: Variants
    item: Variants
    prize: Variants
    nobody: Variants


@dataclass(frozen=True, slots=True)
class Broadcasts:
    """All announcement texts, several variants each; their slots ({team}, …) are in slots.ALLOWED."""

    first_of_week: Variants
    first_of_day: Variants
    big_over: Decimal  # yuan; a deal of more than this is big
    big: Variants
    late_minutes: int  # a program's deal that is older is recorded only
    hourly_from: time
    hourly_to: time
    hourly: Variants
    hourly_also: Variants  # when some of the hour's deals have already been announced
    hourly_earlier: Variants  # for deals from before the hour
    hourly_item: Variants
    hourly_rest: Variants
    burst: Variants  # several first or big deals announced together
    burst_item: Variants
    record: Variants
    target: Variants
    top_sales_of_day: Variants
    top_sales_of_week: Variants
    top_sales_of_month: Variants
    nobody: Variants  # instead of top sales when nothing was sold
    greeting: Variants
    sprint: Variants
    birthdays: Variants
    company_years: Variants
    ceremony: CeremonyTexts
    contest: ContestTexts
    results: Results
    comments: Mapping[str, Variants]  # key: one of COMMENTS


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A limit of `volume` from `at` to `until`."""

    at: Clock
    until: Clock
    volume: int


OFFICE_DB = (0, 6)
"""Limits of the limits: announcements follow the loudness of the office by 6 dB at most, twice the amplitude."""


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """`office_raise_db`, `office_lower_db`: how far announcements follow the loudness of the office, 0 for not."""

    music_lufs: float = -23.0
    speech_lufs: float = -18.0
    duck_db: float = -20.0
    duck_ms: int = 250
    restore_ms: int = 1000
    lead_silence_ms: int = 500
    wake_after_s: int = 30
    talk_minutes_per_hour: float = 6.0
    voice: str = VOICES[0]
    speed: float = 1.0
    results_voice: str = SAME_VOICE
    fade_in_s: float = 2.0
    fade_out_s: float = 4.0
    ceilings: tuple[Ceiling, ...] = ()
    office_raise_db: int = 0
    office_lower_db: int = 0

    @property
    def follows_office(self) -> bool:
        """Return whether announcements follow the loudness of the office."""
        return self.office_raise_db > 0 or self.office_lower_db > 0


@dataclass(frozen=True, slots=True)
class WallDisplay:
    """One wall: diagonal in inches, viewing distance in metres; `scene` fixes it to one scene."""

    name: str = "main"
    diagonal: float = 55.0
    distance: float = 5.0
    theme: str = THEMES[0]
    scene: str | None = None
    team: str | None = None
    portrait: bool = False
    language: str = LANGUAGES[0]


@dataclass(frozen=True, slots=True)
class WallSettings:
    default: WallDisplay = WallDisplay()
    screens: Mapping[str, WallDisplay] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prizes:
    day: str = ""
    week: str = ""
    month: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number beside the deals, such as 电话 in 通. The unit 元 makes it an amount of money."""

    name: str
    unit: str = "个"
    line: int = 0


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """Daily backups: how many are kept, and a second folder (a USB stick, a share) besides `var/backups`."""

    days: int = 14
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """`call`: an https address that is called every five minutes while the box works, "" for none; `daily`: when the
    day's line is sent; `cities`: report branches from which nothing is heard; `speaker_test`: when the loudspeakers
    are tested on working days, None: never; `microphone`: the one that listens, "" for the first USB one."""

    call: str = ""
    daily: timedelta = timedelta(hours=18, minutes=30)
    cities: bool = False
    speaker_test: timedelta | None = None
    microphone: str = ""


@dataclass(frozen=True, slots=True)
class Timetable:
    """The checked timetable file. `new_customers`: percentages Monday to Friday."""

    office: str
    zone: ZoneInfo
    holidays: str | None
    days_off: frozenset[date]
    extra_workdays: frozenset[date]
    spans: tuple[Span, ...]
    cues: tuple[CueRule, ...]
    duties: tuple[DutyRule, ...]
    broadcasts: Broadcasts
    sound: SoundSettings = SoundSettings()
    walls: WallSettings = WallSettings()
    city: str | None = None
    cities: tuple[str, ...] = ()
    new_customers: tuple[int, ...] = NEW_CUSTOMERS
    prizes: Prizes = Prizes()
    links: LinkSettings = NO_LINKS
    measures: tuple[Measure, ...] = ()
    backup: BackupSettings = BackupSettings()
    health: HealthSettings = HealthSettings()
    remarks: tuple[str, ...] = ()  # hints about text in the file that has no effect


SHIPPED_PLAYLISTS = {"morning": Sentence("晨间", "Morning"), "rousing": Sentence("战鼓", "War drums")}


def playlist_name(folder: str, spans: Iterable[Span] = ()) -> str:
    """Return the title of a playlist: a Chinese folder name unchanged, else after the span that plays it most days.

    A name of ours is in both languages (`Sentence`).
    """
    if folder in SHIPPED_PLAYLISTS:
        return SHIPPED_PLAYLISTS[folder]
    if any("\u4e00" <= letter <= "\u9fff" for letter in folder):
        return folder
    playing = [span for span in spans if any(choice.playlist == folder for choice in span.music)]
    if not playing:
        return folder
    return say("playlist_of_span", span=max(playing, key=lambda span: span.on.width).name)
