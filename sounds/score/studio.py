"""From MIDI to a mastered Ogg Vorbis file: FluidSynth plays, numpy cuts, FFmpeg measures, SoX encodes."""

import shutil
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 44_100
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
NEEDS = "sudo apt install fluidsynth fluid-soundfont-gm sox libsox-fmt-base"
CEILING = -1.5  # dBTP before encoding: Vorbis may add half a decibel

Sound = NDArray[np.float32]  # (2, samples), full scale 1.0


class MissingToolError(Exception):
    """FluidSynth, SoX or the soundfont is missing; the message names the command that installs it."""


@dataclass(frozen=True)
class Loudness:
    """EBU R128: integrated and highest momentary loudness in LUFS, true peak in dBTP."""

    integrated: float
    momentary: float
    true_peak: float


def check_tools() -> None:
    """Raise MissingToolError unless all tools are installed."""
    for tool in ("fluidsynth", "sox"):
        if shutil.which(tool) is None:
            raise MissingToolError(f"{tool} is missing; please type: {NEEDS}")
    if not SOUNDFONT.exists():
        raise MissingToolError(f"the soundfont {SOUNDFONT} is missing; please type: {NEEDS}")


def play(midi: Path, room: float) -> Sound:
    """Render a MIDI file offline, in full precision, in a room of size 0 to 1."""
    wav = midi.with_suffix(".wav")
    settings = {
        "synth.reverb.room-size": room,
        "synth.reverb.damp": 0.35,
        "synth.reverb.width": 0.9,
        "synth.reverb.level": 0.7,
        "synth.chorus.active": 0,
        "synth.polyphony": 512,
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    command = ["fluidsynth", "-ni", "-q", "-g", "0.4", "-r", str(RATE), *options]
    command += ["-T", "wav", "-O", "float", "-F", str(wav), str(SOUNDFONT), str(midi)]
    subprocess.run(command, check=True, capture_output=True)
    return read(wav)


def read(path: Path) -> Sound:
    """Decode an audio file without conversion; raises ValueError unless it is 44.1 kHz stereo."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        if stream.rate != RATE or stream.channels != 2:
            raise ValueError(f"{path} has {stream.rate} Hz and {stream.channels} channels")
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        frames = [out.to_ndarray() for frame in container.decode(stream) for out in resampler.resample(frame)]
    return np.concatenate(frames, axis=1).astype(np.float32)


def measure(sound: Sound) -> Loudness:
    """Return the loudness by FFmpeg's `ebur128`; a sound under 3 s is looped to 3 s, so that its gate has blocks."""
    looped = np.tile(sound, (1, max(1, -(-3 * RATE // sound.shape[1]))))
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="fltp", sample_rate=RATE, layout="stereo", time_base=Fraction(1, RATE))
    meter = graph.add("ebur128", "metadata=1:peak=true")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    moments, last, peak = [-120.0], {}, -120.0
    for block in np.array_split(looped, max(1, looped.shape[1] // RATE), axis=1):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="stereo")
        frame.sample_rate = RATE
        source.push(frame)
        for last in _pull(sink):
            moments.append(float(last["lavfi.r128.M"]))
            peak = max(peak, *(float(last[key]) for key in last if "true_peaks_ch" in key))
    return Loudness(float(last["lavfi.r128.I"]), max(moments), 20 * np.log10(max(peak, 1e-6)))


def _pull(sink: av.filter.context.FilterContext) -> list[dict[str, str]]:
    found = []
    while True:
        try:
            found.append(dict(sink.pull().metadata))
        except (av.BlockingIOError, av.EOFError):
            return found
