"""The sounds of a fresh clone, measured: level, length, first and last sample, character."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

SOUNDS = Path(__file__).resolve().parents[2] / "sounds"
CALM = sorted((SOUNDS / "music" / "morning").glob("*.ogg"))
ROUSING = sorted((SOUNDS / "music" / "rousing").glob("*.ogg"))
MUSIC = CALM + ROUSING
CHIME, DRUM_ROLL = SOUNDS / "chime.ogg", SOUNDS / "drumroll.ogg"
SMALL, LARGE = SOUNDS / "applause-small.ogg", SOUNDS / "applause-large.ogg"
ALARM = SOUNDS / "emergency.ogg"
EFFECTS = [CHIME, DRUM_ROLL, SMALL, LARGE, ALARM]
RATE = 44_100
MEBIBYTE = 1024 * 1024

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Heard:
    """A decoded file: samples (2, n), LUFS over the whole and in the loudest 0.4 s, true peak in dBTP."""

    samples: Samples
    codec: str
    rate: int
    channels: int
    integrated: float
    momentary: float
    true_peak: float

    @property
    def seconds(self) -> float:
        return float(self.samples.shape[1] / RATE)


def stem(path: Path) -> str:
    return path.stem


@cache
def heard(path: Path) -> Heard:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        facts = (stream.codec_context.name, stream.rate, stream.channels)
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        frames = [out.to_ndarray() for frame in container.decode(stream) for out in resampler.resample(frame)]
    samples = np.concatenate(frames, axis=1).astype(np.float32)
    return Heard(samples, *facts, *_loudness(samples))


def _loudness(samples: Samples) -> tuple[float, float, float]:
    """Return EBU R128 by FFmpeg; a sound shorter than 3 s is looped, so that the gate has enough blocks."""
    looped = np.tile(samples, (1, max(1, -(-3 * RATE // samples.shape[1]))))
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="fltp", sample_rate=RATE, layout="stereo", time_base=Fraction(1, RATE))
    meter, sink = graph.add("ebur128", "metadata=1:peak=true"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    moments, peaks, integrated = [-120.0], [1e-6], -120.0
    for block in np.array_split(looped, -(-looped.shape[1] // RATE), axis=1):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="stereo")
        frame.sample_rate = RATE
        source.push(frame)
        for facts in _measured(sink):
            integrated = float(facts["lavfi.r128.I"])
            moments.append(float(facts["lavfi.r128.M"]))
            peaks += [float(value) for key, value in facts.items() if "true_peaks_ch" in key]
    return integrated, max(moments), 20 * float(np.log10(max(peaks)))


def _measured(sink: Any) -> Iterator[dict[str, str]]:
    while True:
        try:
            yield sink.pull().metadata
        except (av.BlockingIOError, av.EOFError):
            return


def decibels(samples: Samples) -> float:
    return 20 * float(np.log10(max(float(np.abs(samples).max(initial=0)), 1e-6)))


def strokes_per_second(samples: Samples) -> float:
    """Count how often the sound above some 100 Hz jumps by at least 4 dB within 30 ms: drums, not bowed strings."""
    mono = samples.mean(axis=0)
    frames = mono[: len(mono) // 441 * 441].reshape(-1, 441)
    level = 10 * np.log10(frames.var(axis=1) + 1e-7)
    jump = level[3:] - np.minimum(level[:-3], level[1:-2])
    strokes = (jump > 4) & (jump >= np.roll(jump, 1)) & (jump > np.roll(jump, -1))
    return float(strokes.sum()) * RATE / float(samples.shape[1])


def test_a_fresh_clone_has_music_for_the_whole_half_hour() -> None:
    """There is enough for 08:30 and for 12:55 that no piece is repeated more than twice in its span."""
    assert len(CALM) >= 3
    assert sum(heard(path).seconds for path in CALM) >= 30 * 60 / 3
    assert len(ROUSING) >= 3
    assert sum(heard(path).seconds for path in ROUSING) >= 5 * 60


def test_all_of_it_is_small_enough_for_the_repository() -> None:
    """Together the sounds stay under 15 MB."""
    assert sum(path.stat().st_size for path in SOUNDS.rglob("*.ogg")) < 15 * MEBIBYTE


@pytest.mark.parametrize("path", MUSIC + EFFECTS, ids=stem)
def test_sounds_have_the_players_format(path: Path) -> None:
    """Every file is 44.1 kHz stereo Vorbis: the player never has to resample."""
    found = heard(path)
    assert (found.codec, found.rate, found.channels) == ("vorbis", RATE, 2)


@pytest.mark.parametrize("path", MUSIC, ids=stem)
def test_music_has_its_level_and_length(path: Path) -> None:
    """Music is -23 LUFS within half a unit, has no peak above -1 dBTP and lasts two to four minutes."""
    found = heard(path)
    assert found.integrated == pytest.approx(-23, abs=0.5)
    assert found.true_peak <= -1
    assert 120 <= found.seconds <= 240


@pytest.mark.parametrize(("path", "shortest", "longest"), [(CHIME, 1.0, 1.3), (DRUM_ROLL, 2.3, 3.2)])
def test_chime_and_drums_are_as_loud_as_speech(path: Path, shortest: float, longest: float) -> None:
    """Sounds under 3 s have -18 LUFS within half a unit in their loudest 0.4 s, and their length."""
    found = heard(path)
    assert found.momentary == pytest.approx(-18, abs=0.5)
    assert found.true_peak <= -1
    assert shortest <= found.seconds <= longest


def test_the_alarm_is_louder_than_all_else_and_no_chime() -> None:
    """-14 LUFS in its loudest 0.4 s, at once, for four seconds, and its two tones take turns eight times at least."""
    found = heard(ALARM)
    assert found.momentary == pytest.approx(-14, abs=0.5)
    assert found.true_peak <= -1
    assert 3.5 <= found.seconds <= 4.5
    assert decibels(found.samples[:, : round(0.02 * RATE)]) > -30
    pieces = np.array_split(found.samples.mean(axis=0), 16)
    tones = [int(np.abs(np.fft.rfft(piece)).argmax() * RATE / len(piece)) for piece in pieces]
    assert all(abs(tone - (698, 1046)[n % 2]) < 15 for n, tone in enumerate(tones)), tones


@pytest.mark.parametrize(("path", "shortest", "longest"), [(SMALL, 2.5, 3.5), (LARGE, 5, 6.5)])
def test_applause_does_not_drown_speech(path: Path, shortest: float, longest: float) -> None:
    """Applause is not above -18 LUFS, and not too soft to hear."""
    found = heard(path)
    assert -20 <= found.integrated <= -18
    assert found.true_peak <= -1
    assert shortest <= found.seconds <= longest


@pytest.mark.parametrize("path", [*ROUSING, CHIME], ids=stem)
def test_the_first_milliseconds_are_heard(path: Path) -> None:
    """Sounds that must start on the second reach -30 dBFS within their first five milliseconds."""
    assert decibels(heard(path).samples[:, : round(0.005 * RATE)]) > -30


@pytest.mark.parametrize("path", [*CALM, SMALL, LARGE], ids=stem)
def test_nothing_begins_with_silence(path: Path) -> None:
    """Calm music and applause start within a twentieth of a second."""
    assert decibels(heard(path).samples[:, : round(0.05 * RATE)]) > -40


@pytest.mark.parametrize("path", MUSIC + EFFECTS, ids=stem)
def test_everything_ends_in_silence(path: Path) -> None:
    """The last ten milliseconds are below -55 dBFS: nothing is cut off, no note hangs."""
    assert decibels(heard(path).samples[:, -round(0.01 * RATE) :]) < -55


def test_the_chime_makes_way_for_the_word() -> None:
    """In its last tenth of a second the chime is below -35 dBFS, so that speech may follow at once."""
    assert decibels(heard(CHIME).samples[:, -RATE // 10 :]) < -35


@pytest.mark.parametrize("path", MUSIC, ids=stem)
def test_music_has_no_holes_and_goes_somewhere(path: Path) -> None:
    """No two silent seconds inside a piece, and at least 4 dB between its quiet and its full passages."""
    samples = heard(path).samples
    seconds = samples[:, : samples.shape[1] // RATE * RATE].reshape(2, -1, RATE)
    level = 10 * np.log10((seconds**2).mean(axis=(0, 2)) + 1e-9)
    assert not ((level[:-4] < -50) & (level[1:-3] < -50)).any()
    assert np.percentile(level, 90) - np.percentile(level, 10) >= 4


def test_rousing_music_beats_and_calm_music_flows() -> None:
    """Every rousing piece has clearly more struck onsets a second than any calm one."""
    calm = {path.stem: strokes_per_second(heard(path).samples) for path in CALM}
    rousing = {path.stem: strokes_per_second(heard(path).samples) for path in ROUSING}
    assert min(rousing.values()) > 1.3 * max(calm.values()), (calm, rousing)


def test_applause_decays() -> None:
    """The last sixth of an applause is at least 10 dB below its middle."""
    for path in (SMALL, LARGE):
        samples = heard(path).samples
        sixth = samples.shape[1] // 6
        middle, last = samples[:, 2 * sixth : 3 * sixth], samples[:, -sixth:]
        assert 10 * np.log10((middle**2).mean() / ((last**2).mean() + 1e-9)) > 10, path.stem


def test_the_drum_roll_rises_to_its_blow() -> None:
    """Each half second of the roll is louder than the one before, and the blow is the loudest of all."""
    samples = heard(DRUM_ROLL).samples
    halves = [float((samples[:, n * RATE // 2 : (n + 1) * RATE // 2] ** 2).mean()) for n in range(5)]
    assert halves == sorted(halves)
