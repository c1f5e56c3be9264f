"""From an announcement in the book to what the voice is given: readings of names, sounds by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from controller.book.model import Announcement, Deal, Person, Team
from controller.book.phrases import Line
from controller.sound.mandarin import name_reading, spoken
from controller.sound.speech.script import SPEECH_LUFS, Script, Segment

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
    found = {person.name: name_reading(person.name) for person in people}
    found |= {person.name: person.say_as for person in people if person.say_as}
    found |= {team.name: team.say_as for team in teams if team.say_as}
    return {name: reading for name, reading in found.items() if reading}


class ScriptBuilder:
    """Turns announcements into scripts with the sound files of one folder, as loud as `lufs` says at the time.

    `recording` finds what somebody recorded by its name, `song` what sounds after an order instead of applause.
    """

    def __init__(self, sounds: Path, lufs: Callable[[], float] = lambda: SPEECH_LUFS):
        self._sounds, self._lufs = sounds, lufs
        self.recording: Callable[[str], Path | None] = lambda name: None
        self.song: Callable[[Announcement, Deal | None], Path | None] = lambda announcement, unsent: None

    def sound(self, name: object) -> Path | None:
        """The file of a sound, None when nothing of that name ships or it was taken away."""
        file = self._sounds / SOUNDS[str(name)] if name in SOUNDS else None
        return file if file is not None and file.is_file() else None

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
        return Script(
            segments=tuple(self._segment(piece, names) for piece in pieces),
            applause=self.song(announcement, unsent) or self.sound(kept.get("applause", "small")),
            chime=(self.sound(chime) or self.sound("chime")) if kept.get("chime", True) else None,
            lufs=self._lufs(),
        )

    def recorded(self, clip: str) -> Script:
        """The script of what somebody recorded: chime and recording."""
        return Script((Segment("", roll=self.recording(clip)),), chime=self.sound("chime"), lufs=self._lufs())

    def plain(self, text: str, names: Mapping[str, str], applause: str | None = None) -> Script:
        """The script of one text, without a chime."""
        return Script((Segment(spoken(text, names)),), applause=self.sound(applause))

    def _segment(self, piece: object, names: Mapping[str, str]) -> Segment:
        text, mark, roll = piece if isinstance(piece, list) and len(piece) == 3 else (str(piece), None, False)
        return Segment(
            spoken(str(text), names),
            mark=str(mark) if mark else None,
            roll=self.sound("drumroll") if roll else None,
        )
