"""What people bring of their own: recordings, music, songs, photos; and a hearing before all others hear it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from controller.book.model import Refused
from controller.names import tidy_name
from controller.office.clips import ClipDesk
from controller.office.deals import DealDesk
from controller.office.inbox import Inbox, Source
from controller.office.personal import PersonalDesk
from controller.office.room import Room
from controller.office.samples import Manner, Samples
from controller.office.scripts import ScriptBuilder
from controller.office.speech import LONGEST, Announced, SpeechDesk, check_sayable
from controller.office.talk import Talk
from controller.office.tracks import TrackDesk
from controller.sound.gate import Gate
from controller.sound.library import Library
from controller.sound.mandarin import name_reading, reading_of
from controller.sound.voice import AHEAD, Voice

LONGEST_NAME = 40


class Media:
    """Thread-safe. Joins the desks `clips`, `tracks` and `personal`; `folders`: var and sounds."""

    def __init__(
        self, folders: tuple[Path, Path], room: Room, talk: Talk, speech: SpeechDesk, deals: DealDesk, voice: Voice,
        library: Library, builder: ScriptBuilder, samples: Samples,
    ):  # fmt: skip
        var, sounds = folders
        inbox, gate = Inbox(var / "uploads"), Gate()
        self.clips = ClipDesk(var / "clips", inbox, gate, speech)
        self.tracks = TrackDesk(sounds, inbox, gate, library, room)
        self.personal = PersonalDesk(var, inbox, gate, room)
        self._talk, self._speech, self._deals, self._voice = talk, speech, deals, voice
        self._builder, self.samples = builder, samples
        builder.recording, builder.song = self.clips.find, self.personal.song_of
        self.hushed: Callable[[], datetime | None] = lambda: None
        self.poke: Callable[[], None] = lambda: None

    def hear_text(self, text: str, manner: Manner | None = None) -> Path:
        """How an announcement will sound, as WAV, for one phone alone; `manner`: in another voice. Raises Refused."""
        text = " ".join(text.split())
        if not text or len(text) > LONGEST:
            raise Refused(f"试听的话要有 1 到 {LONGEST} 个字，这里有 {len(text)} 个字。", "text")
        check_sayable(text, self._talk.names())
        return self.samples.render(self._builder.plain(text, self._talk.names()), manner)

    def hear_deal(
        self, person: str, product: str, amount: object, team: str | None = None, manner: Manner | None = None
    ) -> Path:
        """How an order will sound, with applause or the song of whose it is. Raises Refused."""
        return self.samples.render(self._deals.audition(person, product, amount, team), manner)

    def hear_name(self, name: str, say_as: str | None, manner: Manner | None = None) -> Path:
        """How a name will be read, with a reading that need not be kept yet. Raises Refused."""
        name = tidy_name(name)
        if not name or len(name) > LONGEST_NAME:
            raise Refused(f"名字要有 1 到 {LONGEST_NAME} 个字。", "name")
        if say_as:
            try:
                reading_of(name, say_as)
            except ValueError as fault:
                raise Refused(str(fault), "say_as") from fault
        reading = say_as or name_reading(name)
        own = {name: reading} if reading else {}
        return self.samples.render(
            self._builder.plain(f"恭喜{name}！", {**self._talk.names(), **own}), manner
        )

    def take_clip(self, source: Source) -> tuple[str, float]:
        """Reads a recording; its name and seconds; see `ClipDesk.take`.

        It is made ready for the speakers while the person still listens to it: a minute takes a Pi ten seconds.
        """
        name, seconds = self.clips.take(source)
        self._voice.prepare(replace(self._builder.recorded(name), chime=None), AHEAD)
        return name, seconds

    def send_clip(self, name: str, who: str, key: str) -> Announced:
        """Plays a clip to all; see `ClipDesk.send`."""
        said = self.clips.send(name, who, key, self.hushed())
        self.poke()
        return said

    def withdraw(self, announcement_id: int) -> None:
        """Takes back what a person said, written or spoken."""
        self._speech.withdraw(announcement_id)
