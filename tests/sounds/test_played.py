"""The scores as MIDI, the input of FluidSynth."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

mido = pytest.importorskip("mido", reason="mido comes with the dev extra")

from sounds.score import midi  # noqa: E402 - needs mido
from sounds.score.piece import Note, Part, Piece  # noqa: E402

FEEL = midi.Feel()
REPOSITORY = Path(__file__).resolve().parents[2]


def written(piece: Piece, folder: Path) -> Any:
    path = folder / "score.mid"
    midi.write(piece, path, FEEL)
    return mido.MidiFile(path)


def of_kind(song: Any, kind: str) -> list[tuple[int, Any]]:
    """Return (tick, message) of every message of a kind, in sequence."""
    found = []
    for track in song.tracks:
        now = 0
        for message in track:
            now += message.time
            if message.type == kind:
                found.append((now, message))
    return found


@pytest.mark.parametrize("name", ["bamboo", "jasmine", "red_gate", "war_drums"])
def test_every_note_that_starts_ends(name: str, tmp_path: Path) -> None:
    """No channel ends with a hanging note, and no pitch is released that does not sound."""
    song = written(importlib.import_module(f"sounds.score.pieces.{name}").compose(), tmp_path)
    for track in song.tracks:
        sounding: dict[int, int] = {}
        for message in track:
            if message.type == "note_on":
                sounding[message.note] = sounding.get(message.note, 0) + 1
            elif message.type == "note_off":
                assert sounding.get(message.note, 0) > 0, message
                sounding[message.note] -= 1
        assert not any(sounding.values())


def test_the_same_seed_plays_the_same(tmp_path: Path) -> None:
    """Humanising is repeatable: two renderings of a piece are the same bytes, another seed gives other bytes."""
    first, again, other = (tmp_path / name for name in ("a.mid", "b.mid", "c.mid"))
    for path, seed in ((first, 1), (again, 1), (other, 2)):
        part = Part("zither", 107, notes=[Note(beat, 1, 60 + beat, 80) for beat in range(8)])
        midi.write(Piece("scale", [(0, 60)], [part], seed), path, FEEL)
    assert first.read_bytes() == again.read_bytes()
    assert first.read_bytes() != other.read_bytes()


def test_the_first_note_is_exactly_on_time(tmp_path: Path) -> None:
    """However freely a piece is played, its first note falls on the first tick."""
    part = Part("drum", 116, loose=5, notes=[Note(0, 1, 48, 100), Note(1, 1, 48, 100)])
    song = written(Piece("two blows", [(0, 120)], [part], seed=3), tmp_path)
    assert of_kind(song, "note_on")[0][0] == 0


def test_a_pitch_struck_again_is_released_first(tmp_path: Path) -> None:
    """A long note whose pitch is struck again ends before the new one, which keeps its whole length."""
    part = Part("harp", 46, loose=0, notes=[Note(0, 4, 60, 80), Note(1, 1, 60, 80)])
    song = written(Piece("twice", [(0, 60)], [part], seed=4), tmp_path)
    strikes = [tick for tick, _ in of_kind(song, "note_on")]
    releases = [tick for tick, _ in of_kind(song, "note_off")]
    assert releases[0] < strikes[1] < releases[1]
    assert releases[1] == 2 * midi.TICKS


def test_ornaments_are_played(tmp_path: Path) -> None:
    """A grace note sounds before its note, a slide bends up to pitch, a tremolo strikes many times."""
    part = Part("zither", 107, loose=0)
    part.melody(0, "0 1* 2/ 3~", 60)
    song = written(Piece("ornaments", [(0, 60)], [part], seed=6), tmp_path)
    strikes = [(tick / midi.TICKS, message.note) for tick, message in of_kind(song, "note_on")]
    assert [note for _, note in strikes[:2]] == [62, 60]
    assert [at for at, _ in strikes[:2]] == pytest.approx([0.91, 1], abs=0.01)
    bends = [message.pitch for _, message in of_kind(song, "pitchwheel")]
    assert bends == sorted(bends)
    assert (bends[0], bends[-1]) == (-8192, 0)
    assert sum(note == 64 for _, note in strikes) >= 6


def render(*words: str, path: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sounds.score", *words]
    return subprocess.run(
        command, cwd=REPOSITORY, env={"PATH": path}, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_missing_tool_is_reported_in_one_sentence(tmp_path: Path) -> None:
    """Without FluidSynth the renderer exits with 1 and one line with the package to install; nothing is written."""
    ended = render("chime", "--into", str(tmp_path), path=str(tmp_path))
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "fluidsynth is missing; please type: sudo apt install fluidsynth fluid-soundfont-gm sox libsox-fmt-base"
    ]
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_sound_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    """A name that is not in the catalogue exits with 2 and a list of the known ones."""
    ended = render("chimes", path=os.defpath)
    assert ended.returncode == 2
    assert "no sound is called chimes; there are chime, " in ended.stderr


def test_tempo_changes_reach_the_player(tmp_path: Path) -> None:
    """A ritardando is in the file: tempi fall from the first to the last."""
    piece = Piece("slowing", [(0, 100)], [Part("flute", 73, notes=[Note(0, 8, 70, 80)])], seed=5)
    piece.slow_down(1, 1, 100, 50)
    tempi = [mido.tempo2bpm(message.tempo) for _, message in of_kind(written(piece, tmp_path), "set_tempo")]
    assert tempi[0] == pytest.approx(100)
    assert tempi[-1] == pytest.approx(50, abs=0.1)
    assert tempi == sorted(tempi, reverse=True)
