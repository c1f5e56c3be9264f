"""Announcements follow how loud the office is: levels, limits, the usual level, and the real thing through a server."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator

import numpy as np
import pytest
from recording import RATE, Pulse, write_wav
from running import Running, timetable

from controller.services.office_loudness import SMOOTHED
from controller.sound import microphone, office_level
from controller.sound.player import listen

HZ = listen.RATE


def pink(seconds: float, seed: int, rms_db: float, hz: int = HZ) -> np.ndarray:
    """Return office-like noise."""
    size = round(seconds * hz)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(size))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), size)
    return noise / noise.std() * 10 ** (rms_db / 20)


def test_the_level_is_weighted_as_people_hear() -> None:
    """1 kHz counts fully; 100 Hz 19.1 dB less, as in the table of IEC 61672-1; a constant offset not at all."""
    t = np.arange(2 * HZ) / HZ
    sine = 0.1 * np.sin(2 * np.pi * 1000 * t)
    assert office_level.level_db(sine, HZ) == pytest.approx(-23.0, abs=0.1)
    rumble = 0.1 * np.sin(2 * np.pi * 100 * t)
    assert office_level.level_db(rumble, HZ) == pytest.approx(-23.0 - 19.1, abs=0.3)
    assert office_level.level_db(sine + 0.5, HZ) == pytest.approx(-23.0, abs=0.1)
    for hz, db in ((31.5, -39.4), (63, -26.2), (250, -8.6), (2000, 1.2), (4000, 1.0)):
        assert 10 * np.log10(office_level.weights(hz)) == pytest.approx(db, abs=0.2)


def test_a_slammed_door_is_not_how_loud_the_office_is() -> None:
    """A bang of 0.4 s in two seconds changes the level by less than 1 dB; twenty decibels more noise by twenty."""
    quiet = pink(2.0, 3, -50)
    bang = quiet.copy()
    bang[HZ // 2 : HZ // 2 + round(0.4 * HZ)] += pink(0.4, 4, -15)
    level = office_level.level_db(quiet, HZ)
    assert office_level.level_db(bang, HZ) == pytest.approx(level, abs=1.0)
    assert office_level.level_db(10 * quiet, HZ) == pytest.approx(level + 20, abs=0.1)


def test_a_microphone_that_fails_gives_no_level() -> None:
    """Muted, nearly muted, unplugged half-way and overdriven: each has its own result, and none has a level."""
    noise = pink(2.0, 1, -45)
    gone = noise.copy()
    gone[HZ:] = 0
    for recording, found in (
        (np.zeros(2 * HZ), "mic_muted"),
        (np.zeros(0), "mic_muted"),
        (np.random.default_rng(1).choice([-1, 0, 1], 2 * HZ) / 32768, "mic_muted"),
        (noise[:HZ], "mic_lost"),
        (gone, "mic_lost"),
        (np.clip(100 * noise, -1, 1), "clipped"),
    ):
        assert listen.judge_level(recording, 2 * HZ) == {"do": "found", "found": found, "level_db": None}
    assert listen.judge_level(noise, 2 * HZ)["found"] == "level"


def test_it_never_waits_for_the_speaker_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the speaker test has the microphone, a measurement returns at once; the test waits for a measurement."""
    inside: list[str] = []
    monkeypatch.setattr(
        microphone,
        "_messages",
        lambda name, seconds, use: iter([{"do": "ready"}, {"do": "found", "found": "heard"}]),
    )
    heard = microphone.listen("", lambda: inside.append(microphone.measure("").found))
    assert (heard.found, inside) == ("heard", ["busy"])
    assert microphone.measure("").found == "heard"


# --- the whole: daemon, player, PulseAudio and the child that listens


@pytest.fixture(scope="module")
def pulse(tmp_path_factory: pytest.TempPathFactory):
    """The office's output, and a room with its microphone; its noise is as loud as the test sets the room."""
    folder = tmp_path_factory.mktemp("pulse")
    with Pulse(folder) as server:
        for sink in ("room", "dead"):
            server.plug(sink)
        for name, sink in (("USB_Room", "room"), ("Dead", "dead")):
            server.control(
                f"pactl load-module module-remap-source source_name={name} master={sink}.monitor"
                f" source_properties=device.description={name}"
            )
        server.control("pactl set-default-sink office && pactl set-default-source office.monitor")
        server.record("office")  # a recorder follows the default source
        yield server


@pytest.fixture(scope="module")
def house(pulse: Pulse, tmp_path_factory: pytest.TempPathFactory):
    home = tmp_path_factory.mktemp("home")
    text = timetable("at: 00:00-24:00, name: 全天").replace(
        "fade_in_s", "office_raise_db: 6, office_lower_db: 4, fade_in_s"
    )
    with Running(home, pulse.env, timetable=text + "health: {microphone: USB_Room}\n") as house:
        house.start()
        house.token = house.command("token", "boss", "--role", "owner").strip()
        yield house


def measured(house: Running, times: int = 1) -> dict:
    """Measure so many times, as a person who taps, and return the state."""
    for _ in range(times):
        end = time.monotonic() + 30
        while (answer := house.call("POST", "/api/office-loudness", {}))[0] != 202:
            assert time.monotonic() < end, answer
            time.sleep(0.3)  # our own sound has just ended
        while (state := house.get("/api/office-loudness"))["running"]:
            assert time.monotonic() < end, state
            time.sleep(0.1)
    return state


@contextlib.contextmanager
def room(pulse: Pulse, rms_db: float) -> Iterator[None]:
    """Fill the room with noise."""
    file = write_wav(pulse.folder / "noise.wav", np.tile(pink(10, 1, rms_db, RATE), 10))
    command = ["paplay", "--device=room", str(file)]
    people = subprocess.Popen(command, env=os.environ | pulse.env)
    time.sleep(0.3)
    try:
        yield
    finally:
        people.kill()
        people.wait(5)


def set_up(house: Running, *path: str, value: object) -> None:
    """Change the timetable as the phone does."""
    file = house.get("/api/timetable")
    operations = [{"op": "set", "path": list(path), "value": value}]
    status, answer = house.call("PUT", "/api/timetable", {"base": file["version"], "operations": operations})
    assert status == 200, answer
    time.sleep(1.5)  # the daemon looks at the file every second


def announced(house: Running, pulse: Pulse, key: str) -> tuple[float, float, dict]:
    """Announce a text; return the energy and the true peak of its sound in dB, and the phone's words about it."""
    began = time.monotonic()
    status, answer = house.say("现在开会，请大家到会议室来。", key)
    assert status == 201, answer
    row = house.wait_state(answer["id"], ("heard", "not_heard", "dropped"))
    assert row["state"] == "heard", row
    time.sleep(0.3)
    sound = pulse.recording.sound_between(began, time.monotonic()).astype(np.float64)
    energy = float(10 * np.log10(np.square(sound).sum()))
    spectrum = np.fft.rfft(sound)
    between = np.fft.irfft(spectrum, 4 * len(sound)) * 4  # the signal between its samples
    return energy, float(20 * np.log10(np.abs(between).max())), house.get("/api/office-loudness")["last"]


def troubles(house: Running) -> list[str]:
    return [one["what"] for one in house.get("/api/phone")["troubles"] if "有多响" in one["what"]]


def usual_level(house: Running, pulse: Pulse, test: str) -> tuple[float, float]:
    """Make a noise the usual one; return the energy of an announcement in it and the noise's level, both in dB."""
    house.call("PUT", "/api/volume", {"volume": 50})
    with room(pulse, -40):
        state = measured(house, SMOOTHED)
        assert house.call("POST", "/api/office-loudness/usual", {})[0] == 200
        while state["gain_db"]:  # the test before has left its own
            state = measured(house)
    announced(house, pulse, f"{test}-warm")  # rendered now, so that the others are the same clip
    normal, _, change = announced(house, pulse, f"{test}-normal")
    assert change["gain_db"] == 0
    return normal, state["level_db"]


def level_after(house: Running, gain_db: float) -> float:
    """Measure until announcements have this gain, at most six times; return the level."""
    for _ in range(6):
        state = measured(house)
        if state["gain_db"] == gain_db:
            break
    assert measured(house)["gain_db"] == gain_db  # and it stays
    return float(state["level_db"])


@pytest.mark.signal
@pytest.mark.calm
def test_in_a_loud_office_announcements_are_louder_within_limits(house: Running, pulse: Pulse) -> None:
    """6 dB louder and not clipped, at a ceiling no louder than that."""
    normal, usual = usual_level(house, pulse, "loud")
    with room(pulse, -20):
        level = level_after(house, 6)  # half of 20, but 6 at most
        assert level - usual == pytest.approx(20, abs=0.5)
        loud, peak, change = announced(house, pulse, "loud")
        assert (change["gain_db"], "提高 6 分贝" in change["why"]) == (6, True)
        assert loud - normal == pytest.approx(6, abs=0.5)
        assert peak < -1
        set_up(house, "sound", "ceilings", value={"00:00-24:00": 60})
        capped, _, change = announced(house, pulse, "capped")
        assert capped - normal == pytest.approx(20 * np.log10(60 / 50), abs=0.5)
        assert "总音量已经到顶" in change["why"]
        set_up(house, "sound", "ceilings", value=None)


@pytest.mark.signal
@pytest.mark.calm
def test_in_a_quiet_office_announcements_are_softer_and_without_a_microphone_normal(
    house: Running, pulse: Pulse
) -> None:
    """4 dB softer; with no microphone, or a muted one, as usual; turned off, it neither measures nor reports."""
    normal, _ = usual_level(house, pulse, "quiet")
    with room(pulse, -60):
        level_after(house, -4)  # half of -20, but -4 at most
        soft, _, change = announced(house, pulse, "soft")
        assert (change["gain_db"], "降低 4 分贝" in change["why"]) == (-4, True)
        assert soft - normal == pytest.approx(-4, abs=0.5)
    for name, words in (("Nowhere", "没有找到麦克风"), ("Dead", "麦克风被静音了")):
        set_up(house, "health", "microphone", value=name)
        assert words in measured(house)["why"]
        assert [words in one for one in troubles(house)] == [True]
    again, _, change = announced(house, pulse, "again")
    assert again - normal == pytest.approx(0, abs=0.3)
    assert change["gain_db"] == 0
    set_up(house, "sound", "office_raise_db", value=None)
    set_up(house, "sound", "office_lower_db", value=None)
    assert not troubles(house)
    status, answer = house.call("POST", "/api/office-loudness", {})
    assert (status, answer["field"]) == (422, "office_loudness")


@pytest.mark.signal
@pytest.mark.calm
def test_our_own_sound_is_never_measured(house: Running, pulse: Pulse) -> None:
    """While an announcement plays a measurement is refused; one that it interrupts does not count."""
    set_up(house, "sound", "office_raise_db", value=3)
    set_up(house, "health", "microphone", value="USB_Room")
    with room(pulse, -40):
        before = measured(house)["measured_at"]
        assert house.call("POST", "/api/office-loudness", {})[0] == 202
        ident = house.say("测试", "between")[1]["id"]
        while (state := house.get("/api/office-loudness"))["running"]:
            time.sleep(0.1)
        assert state["measured_at"] == before
        house.wait_state(ident, ("heard",))
        ident = house.say("现在开会，请大家到会议室来。", "during")[1]["id"]
        house.wait_state(ident, ("playing",))
        status, answer = house.call("POST", "/api/office-loudness", {})
        assert (status, "自己的声音" in answer["error"]) == (422, True)
        house.wait_state(ident, ("heard",))
