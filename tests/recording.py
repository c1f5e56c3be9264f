"""Record the output signal with the time of every sample, and analyse it.

Two sources. `disk_device()` is SDL's disk driver writing into a pipe, so that every buffer has the time
at which it was written. `Pulse` is a private PulseAudio server with null sinks, recorded with
`parec`: a real device that can be killed. Times are CLOCK_MONOTONIC seconds, as in the player.

The monitor of a null sink is rendered up to one 10 ms block ahead: times read there are 4 to 9 ms
early (measured against the server's latency figure).
"""

import contextlib
import os
import select
import subprocess
import threading
import time
import wave
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

import numpy as np

RATE = 44100
FRAME = 4  # bytes: 16 bit, stereo
AUDIBLE = 10 ** (-50 / 20)
PILOT = 19000  # Hz, a tone inside test music that is still measurable under speech


class Recording:
    """Chunks of 16-bit stereo sound with their arrival times. `steady`: the source has a constant rate."""

    def __init__(self, steady: bool) -> None:
        self.steady = steady
        self._data: list[bytes] = []
        self._starts: list[int] = []  # first frame of each chunk
        self._moments: list[float] = []  # its arrival
        self._frames = 0
        self._lock = threading.Lock()

    def add(self, data: bytes) -> None:
        now = time.monotonic()
        with self._lock:
            self._data.append(data)
            self._starts.append(self._frames)
            self._moments.append(now)
            self._frames += len(data) // FRAME

    def _snapshot(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        with self._lock:
            data, starts, moments = b"".join(self._data), self._starts[:], self._moments[:]
        sound = np.frombuffer(data[: len(data) // FRAME * FRAME], "<i2").reshape(-1, 2)
        return sound, np.array(starts, dtype=np.int64), np.array(moments)

    def _clock(self, starts: np.ndarray, moments: np.ndarray, frames: int) -> np.ndarray:
        """Return the time of each chunk's first frame."""
        if not self.steady or len(starts) < 2:
            return moments
        # A chunk can only be late, never early: within a second around it, the earliest one gives the time.
        ends = np.append(starts[1:], frames)
        offsets = moments - ends / RATE
        clock = np.empty(len(starts))
        for i, moment in enumerate(moments):
            a, b = np.searchsorted(moments, [moment - 1, moment + 1])
            clock[i] = offsets[a:b].min() + starts[i] / RATE
        return clock

    def between(self, t0: float, t1: float) -> np.ndarray:
        """Return the signal (mono, -1..1) as heard from t0 to t1; NaN where nothing was recorded."""
        sound, starts, moments = self._snapshot()
        out = np.full(max(0, round((t1 - t0) * RATE)), np.nan, np.float32)
        a = max(0, bisect_right(moments.tolist(), t0 - 1.5) - 1)
        b = bisect_right(moments.tolist(), t1 + 1.5)
        clock = self._clock(starts[a:b], moments[a:b], int(starts[b]) if b < len(starts) else len(sound))
        for i in range(a, b):
            end = starts[i + 1] if i + 1 < len(starts) else len(sound)
            piece = sound[starts[i] : end].astype(np.float32).mean(axis=1) / 32768
            at = round((clock[i - a] - t0) * RATE)
            if at < 0:
                piece, at = piece[-at:], 0
            piece = piece[: max(0, len(out) - at)]
            out[at : at + len(piece)] = piece
        return out

    def sound_between(self, t0: float, t1: float) -> np.ndarray:
        """Return `between` with zeros where nothing was recorded."""
        return np.nan_to_num(self.between(t0, t1))

    def frames_between(self, t0: float, t1: float) -> np.ndarray:
        """Return the raw frames that arrived from t0 to t1, gapless, at any rate of the source."""
        sound, starts, moments = self._snapshot()
        a, b = np.searchsorted(moments, [t0, t1])
        return sound[starts[a] if a < len(starts) else 0 : starts[b] if b < len(starts) else len(sound)]

    def wait_sound(self, t0: float, timeout: float, threshold: float = AUDIBLE) -> float | None:
        """Return the time of the first audible sample after t0, or None when there was none in time."""
        end = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            hit = onset(self.sound_between(t0, now), threshold)
            if hit is not None:
                return t0 + hit
            if now > end:
                return None
            time.sleep(0.05)


class _Reader(threading.Thread):
    """Copy a file descriptor into a recording until stopped or the writer is gone."""

    def __init__(self, descriptor: int, recording: Recording) -> None:
        super().__init__(daemon=True)
        self.descriptor, self.recording, self.over = descriptor, recording, threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            if select.select([self.descriptor], [], [], 0.1)[0]:
                data = os.read(self.descriptor, 1 << 16)
                if data:
                    self.recording.add(data)
                elif self.recording.steady:
                    return
                else:
                    time.sleep(0.005)  # a pipe without a writer: the next child opens it again


@contextlib.contextmanager
def disk_device(folder: Path) -> Iterator[tuple[dict[str, str], Recording]]:
    """Yield the environment for a child that plays into SDL's disk driver, and its recording."""
    pipe = folder / "disk.pcm"
    os.mkfifo(pipe)
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    recording = Recording(steady=False)
    reader = _Reader(descriptor, recording)
    reader.start()
    try:
        yield {"SDL_AUDIODRIVER": "disk", "SDL_DISKAUDIOFILE": str(pipe)}, recording
    finally:
        reader.over.set()
        reader.join(5)
        os.close(descriptor)


class Pulse:
    """A private PulseAudio server with one null sink; it can be killed and restarted."""

    def __init__(self, folder: Path, sink: str = "office") -> None:
        self.folder, self.sink = folder, sink
        self.process: subprocess.Popen[bytes] | None = None
        self.recording = Recording(steady=True)
        self._parec: subprocess.Popen[bytes] | None = None
        self._reader: _Reader | None = None
        (folder / "run").mkdir(mode=0o700, exist_ok=True)
        (folder / "client.conf").write_text("autospawn = no\n")
        self.env = {
            "SDL_AUDIODRIVER": "pulseaudio",
            "PULSE_SERVER": f"unix:{folder}/pulse.sock",
            "PULSE_CLIENTCONFIG": str(folder / "client.conf"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "HOME": str(folder),
        }

    def start(self) -> None:
        """Start the server and a recorder of its sink. Raises RuntimeError when the server does not start."""
        (self.folder / "pulse.sock").unlink(missing_ok=True)
        command = ["pulseaudio", "-n", "--exit-idle-time=-1", "--use-pid-file=no", "--daemonize=no"]
        command += ["--log-level=error", "-L"]
        command += [f"module-native-protocol-unix socket={self.folder}/pulse.sock auth-anonymous=1", "-L"]
        command += [f"module-null-sink sink_name={self.sink} rate={RATE} norewinds=1"]
        env = os.environ | self.env
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, env=env, stdin=quiet, stdout=quiet, stderr=quiet)
        end = time.monotonic() + 60
        while subprocess.run(["pactl", "info"], env=env, capture_output=True, timeout=5).returncode:
            if time.monotonic() > end:
                raise RuntimeError("the private PulseAudio did not start")
            time.sleep(0.02)
        self.record(self.sink)

    def record(self, sink: str) -> None:
        """Record this sink from now on."""
        self._end_record()
        quiet = subprocess.DEVNULL
        command = ["parec", f"--device={sink}.monitor", "--latency-msec=10", "--process-time-msec=5"]
        command += ["--raw", "--format=s16le", f"--rate={RATE}", "--channels=2"]
        self._parec = subprocess.Popen(
            command, env=os.environ | self.env, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet, bufsize=0
        )
        assert self._parec.stdout
        self._reader = _Reader(self._parec.stdout.fileno(), self.recording)
        self._reader.start()

    def control(self, command: str) -> str:
        """Run a shell command as a client of this server, and return its output."""
        done = subprocess.run(
            ["sh", "-c", command], env=os.environ | self.env, capture_output=True, text=True, timeout=10
        )
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout.strip()

    def plug(self, sink: str | None = None, description: str = "") -> None:
        """Add a sink, as when a sound card is plugged in; the usual one is recorded."""
        name = sink or self.sink
        named = f" sink_properties=device.description={description}" if description else ""
        self.control(f"pactl load-module module-null-sink sink_name={name} rate={RATE} norewinds=1{named}")
        if name == self.sink:
            self.record(name)

    def unplug(self, sink: str | None = None) -> None:
        """Remove a sink, as when a sound card is unplugged."""
        name = sink or self.sink
        self.control(f"pactl unload-module $(pactl list short modules | grep 'sink_name={name} ' | cut -f1)")

    def kill(self) -> None:
        """Kill the server, as in a crash; the recorder ends with it."""
        if self.process:
            self.process.kill()
            self.process.wait(5)
        self.process = None
        self._end_record()

    def _end_record(self) -> None:
        if self._parec:
            self._parec.kill()
            self._parec.wait(5)
        if self._reader:
            self._reader.over.set()
            self._reader.join(5)
        if self._parec and self._parec.stdout:
            self._parec.stdout.close()
        self._parec = self._reader = None

    def __enter__(self) -> "Pulse":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


# -- analysing a signal ----------------------------------------------------------------------------


def level(x: np.ndarray, window: float = 0.005, hop: float = 0.001) -> np.ndarray:
    """Return the RMS in short windows, one value per millisecond."""
    total = np.concatenate(([0], np.cumsum(np.square(x, dtype=np.float64))))
    width = int(window * RATE)
    i = np.arange(0, max(1, len(x) - width), round(hop * RATE))
    return np.sqrt(np.maximum(0, total[np.minimum(i + width, len(x))] - total[i]) / width)


def onset(x: np.ndarray, threshold: float = AUDIBLE) -> float | None:
    """Return the seconds to the first sample above the threshold that is followed by 25 ms of sound."""
    loud = np.abs(x) > threshold
    width = int(0.025 * RATE)
    share = np.convolve(loud, np.ones(width) / width)[width - 1 :] if len(x) >= width else np.zeros(0)
    hits = np.flatnonzero(loud[: len(share)] & (share > 0.2))
    return float(hits[0]) / RATE if len(hits) else None


def silences(x: np.ndarray, at_least: float = 0.005, threshold: float = 1e-4) -> list[tuple[float, float]]:
    """Return the silences (start s, length s) inside x."""
    loud = np.flatnonzero(np.abs(x) > threshold)
    if not len(loud):
        return [(0.0, len(x) / RATE)]
    holes = np.diff(loud)
    return [(float(loud[i]) / RATE, float(holes[i]) / RATE) for i in np.flatnonzero(holes > at_least * RATE)]


def band(x: np.ndarray, low: float, high: float, edge: float = 100) -> np.ndarray:
    """Apply a zero-phase band pass with soft edges."""
    size = 1 << (len(x) - 1).bit_length()
    f = np.fft.rfftfreq(size, 1 / RATE)
    up, down = np.clip((f - low) / edge, 0, 1), np.clip((high - f) / edge, 0, 1)
    gain = 0.25 * (1 - np.cos(np.pi * up)) * (1 - np.cos(np.pi * down))
    return np.fft.irfft(np.fft.rfft(x, size) * gain, size)[: len(x)]


def pilot_db(x: np.ndarray, hop: float = 0.005) -> np.ndarray:
    """Return the level of the pilot tone in dB, one value per 5 ms, 0 = median of the first half second."""
    n = int(hop * RATE)
    t = np.arange(len(x)) / RATE
    turned = x * np.exp(-2j * np.pi * PILOT * t)
    size = 2 * n
    kernel = np.hanning(size) / np.hanning(size).sum()
    envelope = np.abs(np.convolve(turned, kernel, "same"))[::n]
    reference = np.median(envelope[: int(0.5 / hop)])
    return 20 * np.log10(np.maximum(envelope / max(reference, 1e-9), 1e-4))


# -- making sounds ---------------------------------------------------------------------------------


def tone(seconds: float, hz: float = 440, amplitude: float = 0.2, pilot: float = 0.05) -> np.ndarray:
    """Return a steady tone with the pilot mixed in."""
    t = np.arange(round(RATE * seconds)) / RATE
    return amplitude * np.cos(2 * np.pi * hz * t) + pilot * np.cos(2 * np.pi * PILOT * t)


def write_wav(path: Path, x: np.ndarray) -> Path:
    """Write mono samples (-1..1) as a 16-bit stereo file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.repeat((x * 32767).astype("<i2"), 2).tobytes())
    return path


def write_coded(path: Path, x: np.ndarray, codec: str, rate: int = RATE) -> Path:
    """Write mono samples as stereo with an FFmpeg codec (vorbis, libmp3lame, flac, libopus)."""
    import av

    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, layout="stereo", options={"strict": "experimental"})
        frame = av.AudioFrame.from_ndarray(np.repeat((x * 32767).astype(np.int16), 2)[None], "s16", "stereo")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(stream.format, "stereo", rate, frame_size=stream.frame_size or None)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return _short_pages(path) if path.suffix == ".ogg" else path


def _short_pages(path: Path) -> Path:
    """Return an Ogg file with short pages, as of other encoders: in FFmpeg's, some positions cannot be sought."""
    import av

    long_pages = path.rename(path.with_suffix(".long.ogg"))
    with (
        av.open(str(long_pages)) as source,
        av.open(str(path), "w", options={"page_duration": "20000"}) as out,
    ):
        stream = out.add_stream_from_template(source.streams[0])
        for packet in source.demux(source.streams[0]):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    return path
