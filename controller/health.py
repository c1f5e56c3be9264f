"""Judge the box: from the values of its parts to problems, each with severity, effect and remedy. Pure.

`judge` is the one judgement: `/health`, the phone, the fault scene of walls, messages of links, `zhangu doctor` and
`/metrics` show its result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from controller.hearing import ALL_HEARD, NO_DEVICE, VOLUME_0, Hearing
from controller.sentences import first_and_rest, say

AT_ONCE: Final = timedelta()
LASTS: Final = timedelta(minutes=1)
"""A serious problem that is over within this time is no news: a device that is plugged in again."""
GONE: Final = timedelta(minutes=10)
"""A wall or branch that has been away for this long during work is a problem."""
STUCK: Final = timedelta(hours=1)
"""A link's message that has been tried for so long is a problem."""
SPARE, LEAST = 200_000_000, 20_000_000
"""Free bytes on the store's disk: below the first a problem is shown, below the second deals may not fit."""
HOT_C: Final = 80.0
"""A Pi slows down from 80 °C on."""
OLD_BACKUP: Final = timedelta(days=3)
"""Without a backup for this long a problem is shown: a long weekend switches many boxes off."""
MOST_REPORTED: Final = 5
"""Number of music faults shown; the rest is counted, and listed on the page where they can be fixed."""
MOST_GONE: Final = 8


@dataclass(frozen=True, slots=True)
class HealthProblem:
    """A fault: the fault itself, the effect until it is fixed, the remedy: three short sentences for people.

    `details`: one sentence each for the person who fixes it; not shown to others.
    `generic`: `what` without names, paths and addresses, for strangers; "" when `what` has none.
    `part`: one of PARTS; `name`: the same for as long as the problem lasts, also when figures in `what` change.
    `reported_after`: people outside get a message when it has lasted so long, None: never.
    `shown`: False while only its end is watched for, such as a wall that is off for the night.
    """

    what: str
    meanwhile: str
    mend: str
    serious: bool = True
    details: tuple[str, ...] = ()
    generic: str = ""
    part: str = ""
    name: str = ""
    reported_after: timedelta | None = None
    shown: bool = True

    @property
    def for_groups(self) -> str:
        """The fault for chat groups and mail: without paths and addresses, but a wall or city has its name there."""
        return self.what if self.part in ("walls", "links", "cities") else self.generic or self.what


def for_strangers(problems: Iterable[HealthProblem]) -> tuple[HealthProblem, ...]:
    """Return each kind of problem once, without names, paths, addresses and details."""
    general: dict[str, HealthProblem] = {}
    for one in problems:
        what = one.generic or one.what
        general.setdefault(what, replace(one, what=what, details=()))
    return tuple(general.values())


def on_walls(problems: Iterable[HealthProblem]) -> tuple[HealthProblem, ...]:
    """Return the problems that walls show: those of other walls, links and branches are for the phone."""
    return tuple(problem for problem in problems if problem.part not in ("walls", "links", "cities"))


@dataclass(frozen=True, slots=True)
class Machine:
    """Measurements of the machine; None: it cannot be measured here.

    `card_errors`: errors of the card or its file system; `worn`: tenths of its life that storage has used.
    `under_voltage`: now, or since the machine was started.
    """

    free: int | None = None
    read_only: bool | None = None
    card_errors: int | None = None
    worn: int | None = None
    celsius: float | None = None
    under_voltage: bool | None = None


@dataclass(frozen=True, slots=True)
class BackupValues:
    """`newest`: moment of the newest backup, None: none is known; `began`: the start of this run.

    `replaced`: the note about a damaged database that was replaced by a backup.
    """

    newest: datetime | None
    began: datetime
    failed: str | None = None
    replaced: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class VoiceValues:
    """The voice. `unknown_name`: why the timetable's voice cannot be used; `unread`: characters without a reading;
    `not_installed`: why the natural voice could not be installed, and the remedy."""

    fault: str | None = None
    unknown_name: str | None = None
    unread: tuple[str, ...] = ()
    not_installed: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class OutputValues:
    """The output. `muted`: in the machine itself; `unheard`: music that should play does not leave the mixer;

    `missing`: the name of the chosen output while another one plays for it.
    """

    muted: bool = False
    unheard: bool = False
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class SpeakerTestValues:
    """The speaker test, or the measuring of the office. `found`: the last result at `at`, None: there was none; see
    `microphone.Listened`."""

    on: bool = False
    found: str | None = None
    at: datetime | None = None
    microphone: str = ""


@dataclass(frozen=True, slots=True)
class Away:
    """A wall, branch or link that should be there. `since`: the moment from which on it is missing, None: it is there.

    `why`: the last reason of a link.
    """

    name: str
    since: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Values:
    """Everything known about the box at `now`; the defaults describe a box that is well.

    `working_since`: the beginning of this stretch of work, None outside of working time.
    `no_music_since`: when music ended that should play. `effects`: damaged sounds of announcements with the reason.
    `music`: sentences about files. `cities_reported`: whether a silent branch is reported to links.
    `call_failed_since`: from when on the uptime address has not been reached.
    """

    now: datetime
    working_since: datetime | None = None
    clock_trusted: bool = True
    hearing: Hearing = ALL_HEARD
    output: OutputValues = OutputValues()
    no_music_since: datetime | None = None
    store_fault: str | None = None
    machine: Machine = Machine()
    timetable_faults: tuple[str, ...] = ()
    voice: VoiceValues = VoiceValues()
    effects: Mapping[str, str] = field(default_factory=dict)
    music: tuple[str, ...] = ()
    backup: BackupValues | None = None
    sign_ins: tuple[HealthProblem, ...] = ()
    walls: tuple[Away, ...] = ()
    links: tuple[Away, ...] = ()
    cities: tuple[Away, ...] = ()
    cities_reported: bool = False
    call_failed_since: datetime | None = None
    speaker_test: SpeakerTestValues = SpeakerTestValues()
    loudness: SpeakerTestValues = SpeakerTestValues()

    @property
    def working(self) -> bool:
        """Return whether people work now."""
        return self.working_since is not None


def judge(values: Values) -> tuple[HealthProblem, ...]:
    """Return all problems, serious ones first; those of one severity in the order of the parts."""
    found = [problem for problems in _JUDGES.values() for problem in problems(values)]
    return tuple(sorted(found, key=lambda problem: not problem.serious))


def shown(problems: Iterable[HealthProblem]) -> tuple[HealthProblem, ...]:
    """Return the problems that people see now."""
    return tuple(problem for problem in problems if problem.shown)


def _problem(
    key: str, part: str, *, serious: bool = True, reported_after: timedelta | None = None, generic: str = "",
    details: tuple[str, ...] = (), name: str = "", meanwhile: str = "", visible: bool = True, **slots: object,
) -> HealthProblem:  # fmt: skip
    """Make a problem from its sentences `KEY`, `KEY_meanwhile` and `KEY_mend`; `meanwhile`: those of another key."""
    other = meanwhile or key
    return HealthProblem(
        say(key, **slots), say(f"{other}_meanwhile", **slots), say(f"{other}_mend", **slots), serious, details, generic,
        part, name or key, reported_after, visible,
    )  # fmt: skip


def _sound(values: Values) -> Iterator[HealthProblem]:
    """Yield problems for no device, volume 0 and missing music; quiet time and mute are none."""
    reported = LASTS if values.working else None
    for reason in values.hearing.reasons:
        if reason.cause == NO_DEVICE and values.output.muted:
            yield _problem("output_muted", "sound", reported_after=reported)
        elif reason.cause in (NO_DEVICE, VOLUME_0):
            yield replace(_problem(reason.cause, "sound", reported_after=reported), what=reason.sentence)
    if values.output.unheard:
        yield _problem("output_silent", "sound", reported_after=reported)
    if values.output.missing is not None:
        generic = say("output_missing_generic")
        yield _problem(
            "output_missing", "sound", serious=False, generic=generic, output=values.output.missing
        )
    since = values.no_music_since
    if since is not None and values.now - since >= LASTS:
        yield _problem("no_music", "sound", serious=False, reported_after=AT_ONCE if values.working else None)


def _speaker_test(values: Values) -> Iterator[HealthProblem]:
    """Yield a fault when the office did not hear the tone; a missing microphone is a lesser one, never that."""
    found, at = values.speaker_test.found, values.speaker_test.at
    if found == "silent" and at is not None:
        since = since_words(at, values.now)
        yield _problem("speaker_unheard", "speaker", reported_after=AT_ONCE, since=since)
    elif found in ("no_microphone", "mic_muted", "mic_lost"):
        yield _problem(found, "speaker", serious=False, reported_after=AT_ONCE, meanwhile="no_microphone")


def _loudness(values: Values) -> Iterator[HealthProblem]:
    """Yield a lesser fault when the office cannot be measured: announcements keep their normal level."""
    found = values.loudness.found
    if found in ("no_microphone", "mic_muted", "mic_lost", "clipped"):
        yield _problem(f"unmeasured_{found}", "loudness", serious=False, meanwhile="unmeasured")


def _store(values: Values) -> Iterator[HealthProblem]:
    if values.store_fault is not None and not values.machine.read_only:
        what, mend = first_and_rest(values.store_fault)
        generic = say("database_generic")
        mended = mend or say("database_mend")
        effect = say("database_meanwhile")
        yield HealthProblem(
            what, effect, mended, generic=generic, part="store", name="store", reported_after=LASTS
        )


def _disk(values: Values) -> Iterator[HealthProblem]:
    free = values.machine.free
    if free is not None and free < SPARE:
        yield _problem("disk", "disk", serious=free < LEAST, reported_after=LASTS, left=room_left(free))


def _card(values: Values) -> Iterator[HealthProblem]:
    if values.machine.read_only:
        yield _problem("read_only", "card", reported_after=LASTS)
    if values.machine.card_errors:
        yield _problem(
            "card_errors", "card", serious=False, reported_after=AT_ONCE, count=values.machine.card_errors
        )
    if values.machine.worn is not None and values.machine.worn >= 10:
        yield _problem("card_worn", "card", serious=False, reported_after=AT_ONCE, meanwhile="card_errors")


def _clock(values: Values) -> Iterator[HealthProblem]:
    if not values.clock_trusted:
        yield _problem("clock", "clock", now=f"{values.now:%Y-%m-%d %H:%M}")


def _timetable(values: Values) -> Iterator[HealthProblem]:
    faults = values.timetable_faults
    if faults:
        yield _problem("timetable", "timetable", serious=False, details=faults, count=len(faults))


def _voice(values: Values) -> Iterator[HealthProblem]:
    voice = values.voice
    if voice.fault is not None:
        yield HealthProblem(
            voice.fault, say("voice_meanwhile"), say("voice_mend"), False, (), say("voice_generic"), "voice", "voice",
            LASTS,
        )  # fmt: skip
    if voice.unknown_name is not None:
        yield _problem(
            "voice_name", "voice", serious=False, generic=say("voice_name_generic"), why=voice.unknown_name
        )
    if voice.unread:
        named = "、".join(f"“{char}”" for char in voice.unread[:8])
        yield _problem("unread", "voice", serious=False, generic=say("unread_generic"), characters=named)
    yield from _effects(values)
    if voice.not_installed is not None:
        why, mend = voice.not_installed
        generic = say("natural_voice_generic")
        yield _problem("natural_voice", "voice", serious=False, generic=generic, why=why, mend=mend)


def _effects(values: Values) -> Iterator[HealthProblem]:
    for name, fault in values.effects.items():
        yield _problem(
            "effect", "voice", serious=False, generic=say("effect_generic"), name=f"effect:{name}", why=fault,
            file=name,
        )  # fmt: skip


def _heat(values: Values) -> Iterator[HealthProblem]:
    celsius = values.machine.celsius
    if celsius is not None and celsius >= HOT_C:
        yield _problem("hot", "temperature", serious=False, reported_after=GONE, limit=f"{HOT_C:.0f}")


def _power(values: Values) -> Iterator[HealthProblem]:
    if values.machine.under_voltage:
        yield _problem("under_voltage", "power", serious=False, reported_after=LASTS)


def _music(values: Values) -> Iterator[HealthProblem]:
    sentences = values.music
    if len(sentences) > MOST_REPORTED:
        rest = len(sentences) - MOST_REPORTED + 1
        sentences = (*sentences[: MOST_REPORTED - 1], say("music_more", count=rest))
    for sentence in sentences:
        yield HealthProblem(
            sentence, say("music_meanwhile"), say("music_mend"), False, (), say("music_generic"), "music"
        )


def _sign_ins(values: Values) -> Iterator[HealthProblem]:
    yield from values.sign_ins


def _backup(values: Values) -> Iterator[HealthProblem]:
    if values.backup is not None:
        yield from judge_backup(values.backup, values.now)


def judge_backup(backup: BackupValues, now: datetime) -> tuple[HealthProblem, ...]:
    """Return whether the office has no recent backup, and whether its database was replaced by one."""
    found = []
    if backup.replaced is not None:
        note = backup.replaced
        found.append(
            replace(
                _problem(
                    "database_replaced", "store", serious=False, reported_after=AT_ONCE, made=note["made"],
                    again=note["again"], file=note["name"],
                ),
            )
        )  # fmt: skip
    newest = backup.newest or backup.began
    if backup.failed is not None or now - newest > OLD_BACKUP:
        what = backup.failed or say("backup_old", day=f"{newest.month}月{newest.day}日")
        mend, reported = say("backup_mend"), LASTS
        found.append(
            HealthProblem(what, say("backup_meanwhile"), mend, False, (), "", "backup", "backup", reported)
        )
    return tuple(found)


def _walls(values: Values) -> Iterator[HealthProblem]:
    yield from _missing(values, values.walls, "wall_gone", "walls", reported=True)


def _cities(values: Values) -> Iterator[HealthProblem]:
    yield from _missing(values, values.cities, "city_gone", "cities", reported=values.cities_reported)


def _missing(
    values: Values, things: tuple[Away, ...], key: str, part: str, *, reported: bool
) -> Iterator[HealthProblem]:
    """Yield walls or branches that have been away for ten minutes of work; outside of work they stay, unseen."""
    slot = {"walls": "wall", "cities": "city"}[part]
    away = [(thing.name, thing.since) for thing in things if thing.since is not None]
    for name, since in away[:MOST_GONE]:
        missed = values.now - max(since, values.working_since or since)
        visible = values.working and missed >= GONE
        words: dict[str, Any] = {slot: name, "since": since_words(since, values.now)}
        yield _problem(
            key, part, serious=False, reported_after=AT_ONCE if reported and visible else None, name=f"{key}:{name}",
            visible=visible, generic=say(f"{key}_generic"), **words,
        )  # fmt: skip


def _links(values: Values) -> Iterator[HealthProblem]:
    for link in values.links:
        if link.since is not None and values.now - link.since >= STUCK:
            yield _problem(
                "link_stuck", "links", serious=False, reported_after=AT_ONCE, name=f"link_stuck:{link.name}",
                generic=say("link_stuck_generic"), link=link.name, why=link.why,
                since=since_words(link.since, values.now),
            )  # fmt: skip
    failed = values.call_failed_since
    if failed is not None and values.now - failed >= GONE:
        yield _problem("call_fails", "links", serious=False, since=since_words(failed, values.now))


_JUDGES: Final = {
    "sound": _sound,
    "speaker": _speaker_test,
    "loudness": _loudness,
    "store": _store,
    "disk": _disk,
    "clock": _clock,
    "timetable": _timetable,
    "voice": _voice,
    "card": _card,
    "power": _power,
    "temperature": _heat,
    "music": _music,
    "access": _sign_ins,
    "backup": _backup,
    "walls": _walls,
    "links": _links,
    "cities": _cities,
}
PARTS: Final = tuple(_JUDGES)


def room_left(free: int) -> str:
    """Format bytes for people: 77.4 GB, 180 MB."""
    return f"{free / 1e9:.1f} GB" if free >= 1_000_000_000 else f"{free / 1e6:.0f} MB"


def since_words(since: datetime, now: datetime) -> str:
    """Return a moment as HH:MM, with its date when it is not today's."""
    clock = f"{since:%H:%M}"
    return clock if since.date() == now.date() else f"{since.month}月{since.day}日 {clock}"
