"""The real player on SDL's disk driver, sample for sample."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from players import speaking
from recording import RATE, disk_device, level, onset, silences, tone, write_coded, write_wav

from controller.sound.speaker import MusicOrder, Part, Track

pytestmark = [pytest.mark.signal, pytest.mark.calm]
now = time.monotonic


@pytest.fixture
def disk(tmp_path):
    with disk_device(tmp_path) as (env, recording), speaking(env) as (speaker, events):
        yield speaker, events, recording


def pitch(x: np.ndarray) -> float:
    """Return the loudest frequency, Hz."""
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x))))
    return float(np.argmax(spectrum)) * RATE / len(x)


def order(*paths: Path, start_at: float | None = None, duration_s: float = 6.0, **rest) -> MusicOrder:
    tracks = tuple(Track(path, 0.0, duration_s) for path in paths)
    return MusicOrder(tracks, now() if start_at is None else start_at, **rest)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("wav", None, RATE),
        ("ogg", "vorbis", RATE),
        ("mp3", "libmp3lame", RATE),
        ("flac", "flac", RATE),
        ("opus", "libopus", 48000),
    ],
)
def test_every_format_is_joined_in_its_middle(disk, tmp_path, name, codec, rate):
    """Music that should have started 4 s ago is heard from its fourth second on, in each of the five formats."""
    speaker, events, recording = disk
    x = np.concatenate([tone(3, 440, pilot=0), tone(3, 880, pilot=0)])
    path = tmp_path / f"music.{name}"
    path = write_coded(path, x, codec, rate) if codec else write_wav(path, x)
    speaker.music(order(path, position_s=4.0))
    events.wait("track", path=path)
    time.sleep(0.8)
    heard = recording.frames_between(now() - 0.4, now())[:, 0] / 32768
    assert abs(pitch(heard) - 880) < 10
    assert 0.1 < np.abs(heard).max() < 0.3


def test_quiet_time_is_silent_to_the_sample(disk, tmp_path):
    """Music and speech end before quiet time, are refused inside it, and music returns at its end, not before."""
    speaker, events, recording = disk
    path, clip = write_wav(tmp_path / "a.wav", tone(30)), write_wav(tmp_path / "clip.wav", tone(5, 1000))
    begin = now() + 1.5
    end = begin + 1.2
    speaker.music(order(path, duration_s=30, fade_out_ms=300))
    speaker.quiet([(begin, end)])
    time.sleep(0.5)
    speaker.announce(1, [Part(clip)])
    assert events.wait("done", id=1).why == "quiet"
    time.sleep(max(0.0, begin + 0.3 - now()))
    speaker.announce(2, [Part(clip)])
    assert events.wait("done", id=2).why == "quiet"
    time.sleep(end + 0.5 - now())
    assert np.abs(recording.frames_between(begin - 1, begin - 0.5)).max() > 1000
    inside = recording.frames_between(begin, end)
    assert len(inside) > RATE
    assert not inside.any()
    back = onset(recording.sound_between(end - 0.1, end + 0.4))
    assert back is not None
    assert 0 <= back - 0.1 <= 0.06


def test_mute_during_a_slow_fade_does_not_wait_for_it(disk, tmp_path):
    """Mute during a fade-out of five seconds: nothing is left 0.3 s later."""
    speaker, _events, recording = disk
    path = write_wav(tmp_path / "a.wav", tone(30, amplitude=0.5))
    speaker.music(order(path, duration_s=30, until=now() + 5, fade_out_ms=5000))
    time.sleep(1.0)
    asked = now()
    assert recording.frames_between(asked - 0.3, asked).any()
    speaker.quiet([(asked, asked + 60)])
    time.sleep(0.8)
    assert not recording.frames_between(asked + 0.3, now()).any()


def test_mute_takes_effect_at_once(disk, tmp_path):
    """Mute in the middle of music: nothing is left 0.3 s later; afterwards the music is where the clock says."""
    speaker, _events, recording = disk
    speaker.music(order(write_wav(tmp_path / "a.wav", tone(30)), duration_s=30))
    time.sleep(0.6)
    asked = now()
    speaker.quiet([(asked, asked + 60)])
    time.sleep(0.8)
    assert not recording.frames_between(asked + 0.3, now()).any()
    speaker.quiet([])
    lifted = now()
    assert recording.wait_sound(lifted, 2) is not None


def test_tracks_follow_each_other_without_a_gap(disk, tmp_path):
    """Between two tracks, also from the last to the first, less than 50 ms of silence; each has its gain."""
    speaker, events, recording = disk
    a, b = write_wav(tmp_path / "a.wav", tone(1.5)), write_wav(tmp_path / "b.wav", tone(1.5))
    speaker.music(MusicOrder((Track(a, 0.0, 1.5), Track(b, -12.0, 1.5)), now()))
    events.wait("track", count=2, path=a)
    time.sleep(0.3)
    started = [event.at for event in events.of("track")]
    x = recording.frames_between(started[0] + 0.1, started[2] + 0.2).mean(axis=1) / 32768
    # In the frames as written: by time of arrival, a busy machine has holes that are not in the sound.
    assert max([length for _, length in silences(x, 0.001)], default=0.0) < 0.05
    loud = [level(recording.sound_between(t + 0.5, t + 1.0)).mean() for t in started[:2]]
    assert 20 * np.log10(loud[1] / loud[0]) == pytest.approx(-12, abs=1)


def test_broken_files_are_reported_once_and_skipped(disk, tmp_path):
    """A missing and an unreadable file are each reported once, and the next track plays."""
    speaker, events, recording = disk
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(os.urandom(5000))
    good = write_wav(tmp_path / "good.wav", tone(1.2))
    speaker.music(order(tmp_path / "missing.ogg", broken, good, duration_s=1.2))
    events.wait("track", count=2, path=good)
    assert sorted(e.path.name for e in events.of("track_failed")) == ["broken.mp3", "missing.ogg"]
    assert recording.wait_sound(now() - 0.5, 1) is not None


def test_with_nothing_playable_the_player_lives_on(disk, tmp_path):
    """A list of broken files is silence; a later command plays."""
    speaker, events, _recording = disk
    speaker.music(order(tmp_path / "none.ogg", tmp_path / "nothing.ogg"))
    events.wait("track_failed", count=2)
    speaker.music(order(good := write_wav(tmp_path / "good.wav", tone(3))))
    events.wait("track", path=good)
    assert len(events.of("ready")) == 1


def test_music_has_ended_at_its_end(disk, tmp_path):
    """Music fades, and not a sample is left at its end."""
    speaker, events, recording = disk
    until = now() + 2.0
    speaker.music(order(write_wav(tmp_path / "a.wav", tone(10)), until=until, fade_out_ms=800))
    events.wait("music_ended")
    time.sleep(until + 0.3 - now())
    assert not recording.frames_between(until, now()).any()
    loud = [level(recording.sound_between(until - t, until - t + 0.1)).mean() for t in (1.3, 0.5, 0.25)]
    assert loud[0] > 2 * loud[1] > 4 * loud[2] > 0


def test_a_later_command_waits_for_its_moment(disk, tmp_path):
    """A command for later leaves the present music alone until then."""
    speaker, events, recording = disk
    a = write_wav(tmp_path / "a.wav", tone(20, 440, pilot=0))
    b = write_wav(tmp_path / "b.wav", tone(20, 880, pilot=0))
    speaker.music(order(a, duration_s=20))
    events.wait("track", path=a)
    change = now() + 1.5
    speaker.music(order(b, start_at=change, duration_s=20))
    time.sleep(change + 0.6 - now())
    assert abs(pitch(recording.frames_between(change - 1.0, change - 0.6)[:, 0]) - 440) < 10
    assert abs(pitch(recording.frames_between(change + 0.2, change + 0.55)[:, 0]) - 880) < 10


def test_a_new_volume_does_not_restart_the_music(disk, tmp_path):
    """The same music at another volume continues, louder or softer."""
    speaker, events, recording = disk
    path, start = write_wav(tmp_path / "a.wav", tone(20)), now()
    for volume in (100, 50):
        speaker.music(order(path, start_at=start, duration_s=20, volume=volume))
        time.sleep(1.0)
    loud = [level(recording.sound_between(start + t, start + t + 0.3)).mean() for t in (0.6, 1.6)]
    assert 20 * np.log10(loud[1] / loud[0]) == pytest.approx(-6, abs=1)
    assert len(events.of("track")) == 1


def test_parts_follow_each_other_and_are_reported(disk, tmp_path):
    """Chime, speech and applause sound back to back, each reported, and one `done` reports all as heard."""
    speaker, events, recording = disk
    paths = [write_wav(tmp_path / f"{hz}.wav", tone(0.5, hz)) for hz in (500, 900, 1400)]
    speaker.announce(5, [Part(paths[0])], open=True)
    speaker.append(5, Part(paths[1]))
    speaker.append(5, Part(paths[2]))
    speaker.finish(5)
    done = events.wait("done", id=5)
    assert done.ok
    assert [(e.kind, e.n) for e in events.all if e.n is not None] == [
        ("part_started", 0), ("part_ended", 0), ("part_started", 1),
        ("part_ended", 1), ("part_started", 2), ("part_ended", 2),
    ]  # fmt: skip
    began = events.of("part_started")[0].at
    x = recording.sound_between(began - 0.1, now())
    holes = [length for start, length in silences(x, 0.001) if 0 < start < 1.4]
    assert max(holes, default=0.0) <= 2 * 512 / RATE


def test_an_announcement_with_an_unreadable_part_is_not_heard(disk, tmp_path):
    """The other parts are played, but the announcement is not reported as heard."""
    speaker, events, _recording = disk
    speaker.announce(6, [Part(tmp_path / "none.wav"), Part(write_wav(tmp_path / "b.wav", tone(0.3)))])
    done = events.wait("done", id=6)
    assert (done.ok, done.why) == (False, "file")
    assert len(events.of("part_ended")) == 1


def test_one_at_a_time_and_not_past_its_limit(disk, tmp_path):
    """A second announcement is refused while one sounds; sound is cut at its limit; stop stops."""
    speaker, events, recording = disk
    clip = Part(write_wav(tmp_path / "clip.wav", tone(4, 700)))
    limit = now() + 0.8
    speaker.announce(1, [clip, clip], until=limit)
    speaker.announce(2, [clip])
    assert events.wait("done", id=2).why == "busy"
    assert events.wait("done", id=1).why == "until"
    time.sleep(0.3)
    assert not recording.frames_between(limit + 0.05, now()).any()
    speaker.announce(3, [clip, clip])
    events.wait("part_started", id=3)
    speaker.stop(3, fade_ms=50)
    assert events.wait("done", id=3).why == "stopped"
    stopped = now()
    time.sleep(0.5)
    assert not recording.frames_between(stopped + 0.2, now()).any()
    speaker.announce(4, [Part(write_wav(tmp_path / "short.wav", tone(0.2)))])
    assert events.wait("done", id=4).ok


PLAYER = ("-m", "controller.sound.player.process")


def player(
    env: dict[str, str], program: tuple[str, str] = PLAYER, stderr: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": stderr}
    return subprocess.Popen([sys.executable, *program], env=os.environ | env, **pipes)


def received(child: subprocess.Popen[bytes], what: str) -> dict:
    for raw in child.stdout:
        message = json.loads(raw)
        if message["do"] == what:
            return message
    raise AssertionError(f"the player ended without an event {what}")


NOWHERE = {"SDL_AUDIODRIVER": "disk", "SDL_DISKAUDIOFILE": "/dev/null"}


def test_nonsense_on_its_input_does_not_end_the_player():
    """After any line the next command is executed."""
    with player(NOWHERE) as child:
        received(child, "ready")
        rubbish = [b"", b"{", b"[]", b"7", b"null", b'{"do":7}', b'{"do":"fly"}', b'{"do":"music"}']
        rubbish += [os.urandom(999)]
        rubbish += [
            b'{"do":"music","order":{"tracks":7}}',
            b'{"do":"announce","id":"x","parts":[1]}',
            b"\xff" * 9,
        ]
        rubbish += [b'{"do":"quiet","spans":[[1]]}', b'{"do":"master","volume":"loud"}', b"[" * 20000]
        rubbish += [b'{"do":"announce","id":1,"parts":[],"open":false,"until":null,"duck":{"db":-20}}']
        rubbish += [b"x" * 3_000_000]
        child.stdin.write(b"\n".join(rubbish) + b"\n")
        child.stdin.write(
            b'{"do":"announce","id":77,"parts":[],"open":false,"until":0,'
            b'"duck":{"db":-20,"down_ms":250,"up_ms":1000}}\n'
        )
        child.stdin.flush()
        while received(child, "done")["id"] != 77:
            pass
        child.stdin.close()
        assert child.wait(5) == 0


def test_libraries_write_nothing_into_the_log():
    """A library's lines, such as ALSA's for each underrun, go nowhere; a Python message still reaches the log."""
    with player(NOWHERE, stderr=subprocess.PIPE) as child:
        received(child, "ready")
        assert str(Path(f"/proc/{child.pid}/fd/2").readlink()) == os.devnull
        child.stdin.close()
    program = (
        "import os, sys; from controller.sound.player import process; process._silence_libraries();"
        "os.write(2, b'ALSA lib pcm.c: underrun occurred'); raise ValueError('ours')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "underrun" not in done.stderr
    assert "ValueError: ours" in done.stderr


def test_the_player_ends_with_its_parent_and_on_sigterm():
    """Closed input or SIGTERM ends it within moments: no player remains."""
    for end in (lambda child: child.stdin.close(), lambda child: child.send_signal(signal.SIGTERM)):
        with player(NOWHERE) as child:
            received(child, "ready")
            end(child)
            assert child.wait(3) == 0


def test_without_a_device_the_player_says_so_and_ends():
    """Without a device there is an event at each try, and after the last one (here the second) an exit code for it."""
    twice = "from controller.sound.player import process; process.TRIES = 2; process.main()"
    env = {"SDL_AUDIODRIVER": "pulseaudio", "PULSE_SERVER": "unix:/nonexistent"}
    with player(env, ("-c", twice)) as child:
        for _ in range(2):
            assert received(child, "absent")["detail"]
        assert received(child, "lost")["why"] == "none"
        assert child.wait(5) == 3
