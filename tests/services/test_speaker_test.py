"""The speaker test: which recordings count as heard, and the real tone through a real server."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from recording import RATE, Pulse, write_wav
from running import Running, timetable

from controller.sound import microphone, tone_pattern, tone_search
from controller.sound.player import listen

HZ = listen.RATE


def tone(peak_db: float = tone_pattern.PEAK_DB) -> np.ndarray:
    return np.array(tone_pattern.samples(HZ, peak_db), float) / 32768


def pink(seconds: float, seed: int) -> np.ndarray:
    """Return office-like noise with RMS 1."""
    size = round(seconds * HZ)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(size))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), size)
    return noise / noise.std()


def mixed(noise_db: float, seed: int, tone_db: float | None = tone_pattern.PEAK_DB) -> np.ndarray:
    """Return four seconds of noise with the tone in it."""
    recording = pink(4.0, seed) * 10 ** (noise_db / 20)
    if tone_db is not None:
        heard, start = tone(tone_db), (seed * 1777) % HZ
        recording[start : start + len(heard)] += heard
    return recording


def test_the_tone_is_quiet_and_of_known_pitches() -> None:
    """Its peak is -34 dBFS, 16 dB below announcements; it takes under two seconds."""
    sound = tone()
    assert -34.1 < 20 * np.log10(np.abs(sound).max()) < -33.9
    assert len(sound) / HZ == pytest.approx(tone_pattern.LENGTH_S, abs=0.01)
    assert len(sound) < 2 * HZ


@pytest.mark.parametrize("seed", range(12))
def test_the_tone_is_found_far_below_the_noise_of_an_office(seed: int) -> None:
    """Noise 15 dB above the tone hides it not; noise alone is never taken for it; a single pitch neither."""
    rms = tone_pattern.PEAK_DB - 5
    assert listen.judge(mixed(rms + 15, seed) / 10, 4 * HZ)["found"] == "heard"
    assert listen.judge(mixed(rms + 15, seed, None) / 10, 4 * HZ)["found"] == "silent"
    whistle = mixed(-60, seed, None) + 0.02 * np.sin(2 * np.pi * 1187 * np.arange(4 * HZ) / HZ)
    assert listen.judge(whistle, 4 * HZ)["found"] == "silent"
    shifted = tone()
    jumbled = np.concatenate([shifted[len(shifted) // 2 :], shifted[: len(shifted) // 2]])
    backwards = mixed(-60, seed, None)
    backwards[HZ : HZ + len(jumbled)] += jumbled[::-1]
    assert listen.judge(backwards, 4 * HZ)["found"] == "silent"


def test_a_microphone_that_fails_is_never_a_silent_loudspeaker() -> None:
    """Muted, unplugged half-way, or overdriven: each has its own result."""
    noise = mixed(-50, 1, None)
    assert listen.judge(np.zeros(4 * HZ), 4 * HZ)["found"] == "mic_muted"
    assert listen.judge(np.zeros(0), 4 * HZ)["found"] == "mic_muted"
    assert listen.judge(noise[:HZ], 4 * HZ)["found"] == "mic_lost"
    gone = noise.copy()
    gone[2 * HZ :] = 0
    assert listen.judge(gone, 4 * HZ)["found"] == "mic_lost"
    assert listen.judge(mixed(tone_search.LOUD_DB + 3, 1, None), 4 * HZ)["found"] == "loud"
    assert listen.judge(noise, 4 * HZ)["found"] == "silent"


def test_a_microphone_is_chosen_by_its_name_else_the_first_usb_one() -> None:
    """A named one that is missing is replaced by no other one, and a socket of a sound card is never taken."""
    names = ["Built-in Audio", "USB PnP Sound Device", "Jabra"]
    assert listen.choose("", names) == "USB PnP Sound Device"
    assert listen.choose("Jabra", names) == "Jabra"
    assert listen.choose("Yeti", names) is None
    assert listen.choose("", ["Built-in Audio"]) is None


# --- the whole: daemon, player, PulseAudio and the child that listens


@pytest.fixture(scope="module")
def pulse(tmp_path_factory: pytest.TempPathFactory):
    """The office's output, whose monitor is one microphone; a second room with noise is another one."""
    folder = tmp_path_factory.mktemp("pulse")
    with Pulse(folder) as server:
        server.plug("far")
        noise = np.concatenate([pink(5, n) for n in range(12)]) * 10 ** (-50 / 20)
        write_wav(folder / "noise.wav", np.repeat(noise, 3)[: 60 * RATE])
        for name, sink in (("USB_Near", "office"), ("Far_Room", "far"), ("Dead", "dead")):
            if sink == "dead":
                server.plug("dead")
            server.control(
                f"pactl load-module module-remap-source source_name={name} master={sink}.monitor"
                f" source_properties=device.description={name}"
            )
        server.control(
            f"(while paplay --device=far {folder}/noise.wav; do :; done) >/dev/null 2>&1 & echo $!"
        )
        yield server


@pytest.fixture(scope="module")
def house(pulse: Pulse, tmp_path_factory: pytest.TempPathFactory):
    home = tmp_path_factory.mktemp("home")
    with Running(home, pulse.env, timetable=timetable("at: 00:00-24:00, name: 全天")) as house:
        house.start()
        house.token = house.command("token", "boss", "--role", "owner").strip()
        yield house


def set_up(house: Running, name: str, at: str = "00:00") -> None:
    """Choose a microphone as the phone does."""
    file = house.get("/api/timetable")
    operations = [
        {"op": "set", "path": ["health", "speaker_test"], "value": at},
        {"op": "set", "path": ["health", "microphone"], "value": name},
    ]
    status, answer = house.call("PUT", "/api/timetable", {"base": file["version"], "operations": operations})
    assert status == 200, answer
    time.sleep(1.5)  # the daemon looks at the file every second


def result_now(house: Running) -> dict:
    """Test now, and return the result."""
    status, answer = house.call("POST", "/api/speaker-test", {})
    assert status == 202, answer
    end = time.monotonic() + 60
    while house.get("/api/speaker-test")["running"] and time.monotonic() < end:
        time.sleep(0.2)
    return house.get("/api/speaker-test")["last"]


def troubles(house: Running) -> list[str]:
    return [one["what"] for one in house.get("/api/phone")["troubles"] if "自检" in one["what"]]


@pytest.mark.signal
@pytest.mark.calm
def test_a_microphone_says_whether_the_office_hears(house: Running, pulse: Pulse) -> None:
    """Beside the loudspeaker: heard. In another room: a fault. Dead or missing: its own sentence. Then well again."""
    names = house.get("/api/speaker-test/microphones")["microphones"]
    assert {"USB_Near", "Far_Room", "Dead"} <= set(names)
    began = time.monotonic()
    set_up(house, "USB_Near")
    result = result_now(house)
    assert (result["found"], result["microphone"]) == ("heard", "USB_Near")
    assert not troubles(house)
    peak = np.abs(pulse.recording.sound_between(began, time.monotonic())).max()
    assert -36 < 20 * np.log10(peak) < -33  # quiet: an announcement peaks 25 dB higher
    for name, found, words in (
        ("Far_Room", "silent", "没有听到提示音"),
        ("Dead", "mic_muted", "麦克风被静音了"),
        ("Nowhere", "no_microphone", "没有找到麦克风"),
    ):
        set_up(house, name)
        assert result_now(house)["found"] == found
        assert [words in one for one in troubles(house)] == [True]
    set_up(house, "USB_Near")
    assert result_now(house)["found"] == "heard"
    assert not troubles(house)


@pytest.mark.signal
@pytest.mark.calm
def test_an_announcement_cuts_the_tone_and_mute_forbids_it(house: Running, pulse: Pulse) -> None:
    """The tone never sounds under speech, and a test that was cut is no fault. While muted there is no test."""
    set_up(house, "Far_Room")
    house.call("POST", "/api/speaker-test", {})
    time.sleep(1.0)
    end = time.monotonic() + 60
    n = 0
    while house.get("/api/speaker-test")["running"] and time.monotonic() < end:
        n += 1
        house.say("测试", f"cut-{n}")
        time.sleep(0.3)
    assert house.get("/api/speaker-test")["last"]["found"] == "cut"
    assert not troubles(house)
    house.call("POST", "/api/hush", {"minutes": 10})
    status, answer = house.call("POST", "/api/speaker-test", {})
    assert (status, "静音" in answer["error"]) == (422, True)
    house.call("DELETE", "/api/hush")


def test_a_child_that_cannot_start_is_a_lost_microphone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No result is made up, and nothing is raised."""
    monkeypatch.setattr("sys.executable", str(tmp_path / "nothing"))
    assert microphone.names() == ()
    assert microphone.listen("", lambda: None).found == "mic_lost"
