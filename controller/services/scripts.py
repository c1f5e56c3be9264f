"""From an announcement in the book to what the voice is given: readings of names, sounds by their names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from controller.sales.messages import Line
from controller.sales.model import Announcement, Deal, Person, Team
from controller.sound.mandarin import name_reading, reading_of, spoken
from controller.sound.tts.script import SPEECH_LUFS, Script, Segment

SOUNDS = {
    "chime": "chime.ogg",
    "small": "applause-small.ogg",
    "large": "applause-large.ogg",
    "drumroll": "drumroll.ogg",
    "alarm": "emergency.ogg",
}


def as_json(
    lines: Iterable[Line], applause: str | None = "small", *, chime: bool = True
) -> dict[str, object]:
    """What the book keeps of a script. `applause`: a name of SOUNDS, or None."""
    return {
        "lines": [[line.text, line.mark, line.roll] for line in lines],
        "applause": applause,
        "chime": chime,
    }


def readings(teams: Iterable[Team], people: Iterable[Person]) -> dict[str, str]:
    """Every name that has a reading of its own, as written → pinyin."""
    found = {person.name: _reading(person.name, person.say_as) for person in people}
    found |= {team.name: _reading(team.name, team.say_as) for team in teams if team.say_as}
    return {name: reading for name, reading in found.items() if reading}


_HAN = re.compile("[㐀-鿿〇豈-\U0003ffff]")
_WORD = re.compile(r"[^\W\d_]+[1-5]?(?!\w)")
_PINYIN = re.compile(r"[a-zü]+[1-5]|[a-z]*[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ][a-z]*", re.IGNORECASE)


def language_of(*texts: str) -> str:
    """The language of an announcement: en when it has Latin words and no Chinese character at all, else zh.

    Pinyin with its tones is Chinese.
    """
    text = unicodedata.normalize("NFC", "\n".join(texts))  # NFKC would make the sign ℃ a letter
    words = [word for word in _WORD.findall(text) if "LATIN" in unicodedata.name(word[0], "")]
    latin = any(not _PINYIN.fullmatch(unicodedata.normalize("NFC", word)) for word in words)
    return "en" if latin and not _HAN.search(unicodedata.normalize("NFKC", text)) else "zh"


def segment(text: str, names: Mapping[str, str], language: str | None = None) -> Segment:
    """A text as the voice gets it. Readings of names are pinyin: an English text is read without them."""
    language = language or language_of(text)
    return Segment(spoken(text, names if language == "zh" else {}, language=language), language=language)


def _reading(name: str, say_as: str | None) -> str | None:
    """The reading kept for a name, unless it does not fit (kept before that was checked), else ours."""
    try:
        return reading_of(name, say_as) if say_as else name_reading(name)
    except ValueError:
        return name_reading(name)


class ScriptBuilder:
    """Turns announcements into scripts with the sound files of one folder, as loud as `lufs` says at the time.

    manner: kind of announcement → voice and speed (see `Speaking.of`). `playable` tells what to play of a sound file,
    None when it is damaged. `recording` finds what somebody recorded by its name, `song` what sounds after an order
    instead of applause.
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

    def sound(self, name: object) -> Path | None:
        """The file of a sound, None when nothing of that name ships, it was taken away or it is damaged."""
        file = self._sounds / SOUNDS[str(name)] if name in SOUNDS else None
        return self._playable(file) if file is not None and file.is_file() else None

    def build(
        self, announcement: Announcement, names: Mapping[str, str], unsent: Deal | None = None
    ) -> Script:
        """The script of an announcement; one without lines is spoken as its text stands.

        `unsent`: the order that it tells, when it is not in the book yet.
        """
        kept = announcement.script
        if "clip" in kept:
            return self.recorded(str(kept["clip"]))
        chime = "alarm" if kept.get("alarm") else "chime"
        lines = kept.get("lines")
        pieces = lines if isinstance(lines, list) and lines else [[announcement.text, None, False]]
        whole = [_line(piece) for piece in pieces]
        language = language_of(*(line.text for line in whole))
        voice, speed = self._manner(announcement.kind)
        return Script(
            segments=tuple(self._segment(line, names, language) for line in whole),
            applause=self._song(announcement, unsent) or self.sound(kept.get("applause", "small")),
            chime=(self.sound(chime) or self.sound("chime")) if kept.get("chime", True) else None,
            lufs=self._lufs(),
            voice=voice,
            speed=speed,
        )

    def recorded(self, clip: str) -> Script:
        """The script of what somebody recorded: chime and recording."""
        return Script(
            (Segment("", roll=self._recording(clip)),), chime=self.sound("chime"), lufs=self._lufs()
        )

    def plain(self, text: str, names: Mapping[str, str], applause: str | None = None) -> Script:
        """The script of one text, without a chime."""
        voice, speed = self._manner("")
        return Script((segment(text, names),), applause=self.sound(applause), voice=voice, speed=speed)

    def _segment(self, line: Line, names: Mapping[str, str], language: str) -> Segment:
        return replace(
            segment(line.text, names, language),
            mark=line.mark,
            roll=self.sound("drumroll") if line.roll else None,
        )


def _line(piece: object) -> Line:
    """A line as `as_json` kept it."""
    text, mark, roll = piece if isinstance(piece, list) and len(piece) == 3 else (piece, None, False)
    return Line(str(text), str(mark) if mark else None, bool(roll))
