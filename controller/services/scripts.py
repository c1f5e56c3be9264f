"""Build the script for the voice from a stored announcement: readings of names, sound files; render it ahead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from controller.sales.model import Announcement, Deal, Line, Person, Team
from controller.services.context import Context
from controller.sound.mandarin import name_reading, reading_of, spoken
from controller.sound.tts.client import AHEAD, Voice
from controller.sound.tts.script import SPEECH_LUFS, Script, Segment

SOUNDS = {
    "chime": "chime.ogg",
    "small": "applause-small.ogg",
    "large": "applause-large.ogg",
    "drumroll": "drumroll.ogg",
    "alarm": "emergency.ogg",
}


def readings(teams: Iterable[Team], people: Iterable[Person]) -> dict[str, str]:
    """Return the readings of names that need one, as written → pinyin."""
    by_name = {person.name: _reading(person.name, person.say_as) for person in people}
    by_name |= {team.name: _reading(team.name, team.say_as) for team in teams if team.say_as}
    return {name: reading for name, reading in by_name.items() if reading}


_HAN = re.compile("[㐀-鿿〇豈-\U0003ffff]")
_WORD = re.compile(r"(?!(?<=[0-9])[wWkK]\b)[^\W\d_]+[1-5]?(?!\w)")  # 3.5w is an amount
_PINYIN = re.compile(r"[a-zü]+[1-5]|[a-z]*[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ][a-z]*", re.IGNORECASE)


def language_of(*texts: str) -> str:
    """Return the language of an announcement: en when it has Latin words and no Chinese character, else zh.

    Pinyin with tones counts as Chinese.
    """
    text = unicodedata.normalize("NFC", "\n".join(texts))  # NFKC would turn the sign ℃ into a letter
    words = [word for word in _WORD.findall(text) if "LATIN" in unicodedata.name(word[0], "")]
    latin = any(not _PINYIN.fullmatch(unicodedata.normalize("NFC", word)) for word in words)
    return "en" if latin and not _HAN.search(unicodedata.normalize("NFKC", text)) else "zh"


def segment(text: str, names: Mapping[str, str], language: str | None = None) -> Segment:
    """Return a text as a segment. Readings of names are pinyin, so an English text is read without them."""
    language = language or language_of(text)
    return Segment(spoken(text, names if language == "zh" else {}, language=language), language=language)


def _reading(name: str, say_as: str | None) -> str | None:
    """Return the stored reading of a name, or ours if it does not fit (old rows were stored unchecked)."""
    try:
        return reading_of(name, say_as) if say_as else name_reading(name)
    except ValueError:
        return name_reading(name)


class ScriptBuilder:
    """Build scripts from announcements with the sound files of one folder, at the loudness that `lufs` returns.

    manner: kind of announcement → voice and speed (see `Speaking.of`). `playable` returns the playable version of a
    sound file, None when it is damaged. `recording` finds a voice clip by name, `song` the victory song that replaces
    applause after a deal.
    """

    def __init__(
        self,
        sounds: Path,
        lufs: Callable[[], float] = lambda: SPEECH_LUFS,
        manner: Callable[[str], tuple[str, float]] = lambda kind: ("", 1.0),
        playable: Callable[[Path], Path | None] = lambda path: path,
        recording: Callable[[str], Path | None] = lambda name: None,
        song: Callable[[Announcement, Deal | None], Path | None] = lambda announcement, unsent: None,
    ):
        self._sounds, self._lufs, self._manner, self._playable = sounds, lufs, manner, playable
        self._recording, self._song = recording, song

    def sound(self, name: str | None) -> Path | None:
        """Return the file of a sound; None when the name is unknown or the file is missing or damaged."""
        file = self._sounds / SOUNDS[name] if name in SOUNDS else None
        return self._playable(file) if file is not None and file.is_file() else None

    def build(
        self, announcement: Announcement, names: Mapping[str, str], unsent: Deal | None = None
    ) -> Script:
        """Return the script of an announcement; without lines, its text is spoken.

        `unsent`: its deal, if that is not in the store yet.
        """
        kept = announcement.script
        if kept.clip is not None:
            return self.recorded(kept.clip)
        chime = "alarm" if kept.alarm else "chime"
        lines = kept.lines or (Line(announcement.text),)
        language = language_of(*(line.text for line in lines))
        voice, speed = self._manner(announcement.kind)
        return Script(
            segments=tuple(self._segment(line, names, language) for line in lines),
            applause=self._song(announcement, unsent) or self.sound(kept.applause),
            chime=(self.sound(chime) or self.sound("chime")) if kept.chime else None,
            lufs=self._lufs(),
            voice=voice,
            speed=speed,
        )

    def recorded(self, clip: str) -> Script:
        """Return the script of a voice clip: chime and recording."""
        return Script(
            (Segment("", roll=self._recording(clip)),), chime=self.sound("chime"), lufs=self._lufs()
        )

    def plain(self, text: str, names: Mapping[str, str], applause: str | None = None) -> Script:
        """Return the script of one text, without a chime."""
        voice, speed = self._manner("")
        return Script((segment(text, names),), applause=self.sound(applause), voice=voice, speed=speed)

    def _segment(self, line: Line, names: Mapping[str, str], language: str) -> Segment:
        return replace(
            segment(line.text, names, language),
            mark=line.mark,
            roll=self.sound("drumroll") if line.roll else None,
        )


class Scripts:
    """The office's scripts, with the readings of all its names, and their rendering ahead. Thread-safe."""

    def __init__(self, context: Context, builder: ScriptBuilder, voice: Voice):
        self._context, self._builder, self._voice = context, builder, voice
        self._readings: tuple[tuple[Person, ...], dict[str, str]] | None = None

    def names(self) -> dict[str, str]:
        """Return the readings of all names of the office."""
        with self._context.store.read() as session:
            people = session.people()
            kept = self._readings
            if kept is None or kept[0] is not people:  # another roster; teams are part of its version
                kept = self._readings = (people, readings(session.roster.teams(), people))
            return kept[1]

    def build(self, announcement: Announcement, unsent: Deal | None = None) -> Script:
        """Return the script of an announcement; `unsent`: its deal, if that is not in the store yet."""
        return self._builder.build(announcement, self.names(), unsent)

    def plain(self, text: str, own: Mapping[str, str] | None = None) -> Script:
        """Return the script of one text, without a chime; `own`: further readings of names."""
        return self._builder.plain(text, {**self.names(), **(own or {})})

    def prepare(self, announcement: Announcement, unsent: Deal | None = None) -> None:
        """Render the speech of an announcement ahead, without the chime, which the player plays separately."""
        self._voice.prepare(replace(self.build(announcement, unsent), chime=None), AHEAD)

    def prepare_clip(self, clip: str) -> None:
        """Render a voice clip ahead, likewise."""
        self._voice.prepare(replace(self._builder.recorded(clip), chime=None), AHEAD)

    def learns(self) -> bool:
        """Return whether the present voice keeps clauses that are rendered ahead."""
        return self._voice.status().natural

    def learn(self, announcements: Iterable[Announcement]) -> int:
        """Have the clauses of announcements rendered in idle time; return how many are new."""
        if not self.learns():
            return 0
        names = self.names()
        return self._voice.learn([self._builder.build(one, names) for one in announcements])

    def learn_spoken(self, texts: Iterable[str]) -> int:
        """Have texts in spoken form rendered in idle time, as clauses of a deal; return how many are new."""
        script = self._builder.plain("", {})
        return self._voice.learn([replace(script, segments=(Segment(text),)) for text in texts])

    def needs_parts(self) -> bool:
        """Return whether this machine renders so slowly that sums are put together from parts."""
        return self._voice.status().slow
