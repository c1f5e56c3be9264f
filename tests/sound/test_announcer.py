"""The announcer with a real player and a real voice, checked by the recorded signal and its reports."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from announcing import APPLAUSE, CHIME, FAST, announcing, players, sign, signs
from recording import RATE, pilot_db, tone, write_wav

from controller.sound.playback import Report
from controller.sound.speaker import MusicOrder, Track
from controller.sound.tts.script import Clip, Script, Segment
from tests import forms

pytestmark = [pytest.mark.signal, pytest.mark.calm]
now = time.monotonic
LONG = "恭喜猛虎队的王小明签了一单校园招聘套餐，金额是一万两千八百元，请大家为他喝彩！"


def music(folder: Path) -> MusicOrder:
    path = write_wav(folder / "music.wav", tone(60))
    return MusicOrder((Track(path, 0.0, 60.0),), now())


def rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


def test_many_in_a_row_are_each_heard_once_and_in_sequence(tmp_path: Path) -> None:
    """Announcements submitted at once are all heard, and their signs sound one by one in sequence: twenty, in
    `make soak` sixty."""
    with announcing(tmp_path, FAST) as setup:
        began, number = now(), 60 if forms.LONG else 20
        for n in range(number):
            setup.say(n, "好", applause=sign(tmp_path, n), overlap_ms=0, tail_ms=100)
        setup.wait(120, lambda: len(setup.ends()) == number)
        time.sleep(0.3)
        heard = signs(setup.recording.frames_between(began, now()))
    assert setup.ends() == [(n, "heard") for n in range(number)]
    assert heard == list(range(number))


def test_the_start_is_reported_before_the_speech_is_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chime's start is reported while the speech is still being rendered, so that the wall appears with it."""
    with announcing(tmp_path) as setup:
        real, may = setup.voice.prepare, threading.Event()

        def held(script: Script, *, ahead: bool = False) -> Future[Clip]:
            later: Future[Clip] = Future()
            threading.Thread(target=lambda: (may.wait(20), later.set_result(real(script).result(20)))).start()
            return later

        monkeypatch.setattr(setup.voice, "prepare", held)
        setup.say(1, LONG, chime=CHIME)
        try:
            setup.wait(5, lambda: setup.playing(1))
        finally:
            may.set()
        setup.wait(40, lambda: setup.ends() == [(1, "heard")])
        first, *_, last = [report for report in setup.reports if report.state == "playing"]
    assert first.started == last.started
    assert first.ends != last.ends  # an estimate at first, then the real end


def test_the_music_is_restored_after_overlapping_failing_and_cancelled_ones(tmp_path: Path) -> None:
    """After three at once, one without a speakable word, one cut mid-sentence, the music is exactly at its level."""
    with announcing(tmp_path) as setup:
        setup.speaker.music(music(tmp_path))
        setup.announcer.music(True)
        time.sleep(2.0)
        began = now()
        setup.say(1, "电梯修好了。", chime=CHIME)
        setup.say(2, "开会了。", priority=5)
        setup.say(3, "……", chime=CHIME, applause=APPLAUSE)
        setup.say(4, LONG)
        setup.wait(60, lambda: setup.playing(4))
        time.sleep(0.8)
        setup.announcer.cancel(4, "有人撤回了这一条。")
        setup.wait(10, lambda: len(setup.ends()) == 4)
        time.sleep(2.5)
        before = _gapless(setup.recording.frames_between(began - 1.2, began - 0.2))
        after = _gapless(setup.recording.frames_between(now() - 0.9, now() - 0.1))
    assert sorted(setup.ends()) == [(1, "heard"), (2, "heard"), (3, "not_heard"), (4, "dropped")]
    assert setup.why(4) == "有人撤回了这一条。"
    whole = pilot_db(np.concatenate([before, after]))
    ends = len(before) * 200 // RATE  # one value per 5 ms
    assert np.median(whole[20 : ends - 20]) == pytest.approx(0, abs=0.05)
    assert np.median(whole[ends + 20 : -20]) == pytest.approx(0, abs=0.05)


def _gapless(frames: np.ndarray) -> np.ndarray:
    """Return mono samples as they left the mixer, without the gaps of a busy machine."""
    return frames.astype(np.float32).mean(axis=1) / 32768


def test_an_announcement_lost_with_the_device_is_repeated_once(tmp_path: Path) -> None:
    """After the player is killed mid-sentence, the announcement is reported heard once and sounds complete once."""
    with announcing(tmp_path) as setup:
        began = now()
        setup.say(1, LONG, applause=sign(tmp_path, 7), overlap_ms=0)
        setup.say(2, "好", applause=sign(tmp_path, 9), overlap_ms=0)
        setup.wait(30, lambda: setup.playing(1))
        time.sleep(1.0)
        (player,) = players()
        os.kill(player, signal.SIGKILL)
        setup.wait(60, lambda: len(setup.ends()) == 2)
        time.sleep(0.3)
        heard = signs(setup.recording.frames_between(began, now()))
    assert setup.ends() == [(1, "heard"), (2, "heard")]
    assert heard == [7, 9]


def test_a_repetition_lost_before_its_first_word_is_repeated(tmp_path: Path) -> None:
    """A player that dies twice before the first word does not use up the one repetition."""
    with announcing(tmp_path) as setup:
        began = now()
        setup.say(1, "好", lead_ms=3000, applause=sign(tmp_path, 7), overlap_ms=0)
        setup.wait(30, lambda: setup.playing(1))
        (first,) = players()
        os.kill(first, signal.SIGKILL)
        setup.wait(30, lambda: setup.speaker.health().alive and players() not in ([first], []))
        time.sleep(1.0)
        (second,) = players()
        os.kill(second, signal.SIGKILL)
        setup.wait(60, lambda: len(setup.ends()) == 1)
        time.sleep(0.3)
        heard = signs(setup.recording.frames_between(began, now()))
    assert setup.ends() == [(1, "heard")]
    assert heard == [7]


def test_an_announcement_dropped_while_the_device_is_away_is_not_repeated(tmp_path: Path) -> None:
    """An announcement dropped while the device is away is not continued when the device returns."""
    with announcing(tmp_path) as setup:
        setup.say(1, LONG, applause=sign(tmp_path, 7), overlap_ms=0)
        setup.wait(30, lambda: setup.playing(1))
        time.sleep(1.0)
        began = now()
        (player,) = players()
        os.kill(player, signal.SIGKILL)
        while setup.speaker.health().alive:
            time.sleep(0.001)
        time.sleep(0.02)  # it is waiting for the device by now
        setup.announcer.cancel(1, "有人收回了这一条。")
        setup.say(2, "好", applause=sign(tmp_path, 9), overlap_ms=0)
        setup.wait(60, lambda: len(setup.ends()) == 2)
        time.sleep(0.3)
        heard = signs(setup.recording.frames_between(began, now()))
    assert setup.ends() == [(1, "dropped"), (2, "heard")]
    assert setup.why(1) == "有人收回了这一条。"
    assert heard == [9]


def test_an_announcement_dropped_while_it_is_rendered_is_not_played(tmp_path: Path) -> None:
    """Shortly before quiet time the length is determined first; an announcement dropped meanwhile is not played."""
    with announcing(tmp_path) as setup:
        setup.announcer.silences([(now() + 100, now() + 110)])
        setup.say(1, LONG)
        time.sleep(0.1)  # taken from the queue; the voice is just starting
        assert not setup.playing(1)
        setup.announcer.cancel(1, "有人收回了这一条。")
        setup.say(2, "好")
        setup.wait(60, lambda: len(setup.ends()) == 2)
    assert setup.ends() == [(1, "dropped"), (2, "heard")]
    assert not setup.playing(1)


def test_an_announcement_dropped_before_quiet_time_delays_no_other(tmp_path: Path) -> None:
    """An announcement too long for the time before quiet time, then dropped, does not delay a short one."""
    with announcing(tmp_path) as setup:
        setup.announcer.silences([(now() + 12, now() + 100)])
        setup.say(1, LONG * 5)
        time.sleep(0.1)  # its length is being determined
        setup.announcer.cancel(1, "有人收回了这一条。")
        setup.say(2, "好")
        setup.wait(12, lambda: len(setup.ends()) == 2)
    assert setup.ends() == [(1, "dropped"), (2, "heard")]


def test_a_listener_that_always_raises_does_not_stop_announcements(tmp_path: Path) -> None:
    """When every report raises, even that of the failure, the next announcement is played and reported."""
    with announcing(tmp_path) as setup:
        on_report = setup.on_report

        def failing(report: Report) -> None:
            if report.id == 1:
                raise RuntimeError("the listener is broken")
            on_report(report)

        setup.on_report = failing  # type: ignore[method-assign]
        setup.say(1, "好")
        setup.say(2, "好")
        setup.wait(30, lambda: len(setup.ends()) == 1)
    assert setup.ends() == [(2, "heard")]


def test_without_a_speakable_word_chime_and_applause_sound_and_it_is_not_heard(tmp_path: Path) -> None:
    """Without a speakable word chime and applause sound, and it is reported as not heard, with the reason."""
    with announcing(tmp_path) as setup:
        began = now()
        setup.say(1, "……", chime=CHIME, applause=sign(tmp_path, 3))
        setup.wait(30, lambda: len(setup.ends()) == 1)
        time.sleep(0.3)
        frames = setup.recording.frames_between(began, now())
    assert setup.ends() == [(1, "not_heard")]
    assert setup.why(1) == "语音没有合成出来，只放了提示音，内容已显示在屏幕上。"
    assert signs(frames) == [3]
    first = int(np.flatnonzero(np.abs(frames[:, 0]) > 300)[0])
    assert rms(frames[first : first + RATE // 2] / 32768) > 0.01  # the chime, before the sign


def test_a_lower_volume_takes_effect_in_mid_sentence(tmp_path: Path) -> None:
    """Lowering the volume to a tenth makes the sound 20 dB softer within a tenth of a second."""
    with announcing(tmp_path) as setup:
        setup.say(
            1, "好", applause=write_wav(tmp_path / "long.wav", tone(5.0, 900, 0.3, pilot=0)), overlap_ms=0
        )
        setup.wait(30, lambda: setup.playing(1))
        time.sleep(1.5)
        turned = now()
        setup.speaker.master(10)
        time.sleep(1.0)
        before = rms(_gapless(setup.recording.frames_between(turned - 0.5, turned - 0.1)))
        after = rms(_gapless(setup.recording.frames_between(turned + 0.1, turned + 0.9)))
        setup.wait(30, lambda: len(setup.ends()) == 1)
    assert 20 * np.log10(after / before) == pytest.approx(-20, abs=1.5)


def test_a_gain_holds_for_the_whole_announcement_and_never_lowers_an_emergency(tmp_path: Path) -> None:
    """Chime, words and applause together, 6 dB up or 4 down; at the ceiling no louder; emergencies as ever."""
    with announcing(tmp_path, env=FAST) as setup:
        setup.speaker.master(50)
        script = Script((Segment("现在开会"),), chime=CHIME, applause=sign(tmp_path, 5))
        level: dict[int, float] = {}
        for ident, gain_db, ceiling, urgent in (
            (1, 0, 100, False),  # rendered now, so that all later ones are the same clip
            (2, 0, 100, False),
            (3, 6, 100, False),
            (4, -4, 100, False),
            (5, 6, 60, False),
            (6, -4, 60, True),
        ):
            setup.speaker.master(50, ceiling)
            setup.announcer.gain(gain_db)
            began = now()
            setup.submit(ident, script, urgent=urgent)
            setup.wait(30, lambda: setup.ends()[-1:] == [(ident, "heard")])  # noqa: B023
            time.sleep(0.3)
            heard = setup.recording.frames_between(began, now()) / 32768
            level[ident] = 10 * np.log10(np.square(heard).sum())
        gains = {report.id: report.gain_db for report in setup.reports if report.state == "playing"}
    assert gains == {1: 0, 2: 0, 3: 6, 4: -4, 5: 6, 6: 0}
    normal = level[2]
    assert level[3] - normal == pytest.approx(6, abs=0.3)
    assert level[4] - normal == pytest.approx(-4, abs=0.3)
    assert level[5] - normal == pytest.approx(20 * np.log10(60 / 50), abs=0.3)
    assert level[6] - normal == pytest.approx(20 * np.log10(80 / 50), abs=0.3)  # an emergency's own volume


def test_a_ceiling_that_begins_in_mid_sentence_holds(tmp_path: Path) -> None:
    """A raised announcement becomes as loud as the ceiling allows, and no louder."""
    with announcing(tmp_path) as setup:
        setup.speaker.master(50)
        setup.announcer.gain(6)
        long = write_wav(tmp_path / "long.wav", tone(5.0, 900, 0.3, pilot=0))
        setup.say(1, "好", applause=long, overlap_ms=0)
        setup.wait(30, lambda: setup.playing(1))
        time.sleep(1.5)
        turned = now()
        setup.speaker.master(30, 30)
        time.sleep(1.0)
        before = np.abs(setup.recording.frames_between(turned - 0.4, turned - 0.1)).max() / 32768
        after = np.abs(setup.recording.frames_between(turned + 0.2, turned + 0.9)).max() / 32768
        setup.wait(30, lambda: len(setup.ends()) == 1)
    assert after / before == pytest.approx(30 / 100, abs=0.02)  # 50 and 6 dB more is 100


def test_mute_cuts_it_off_and_it_is_played_whole_afterwards(tmp_path: Path) -> None:
    """Mute mid-sentence silences it; afterwards the whole announcement is played and reported heard once."""
    with announcing(tmp_path) as setup:
        began = now()
        setup.say(1, LONG, applause=sign(tmp_path, 5), overlap_ms=0)
        setup.wait(30, lambda: setup.playing(1))
        time.sleep(1.0)
        hush = (now(), now() + 3.0)
        setup.speaker.quiet([hush])
        time.sleep(0.1)  # the player reports its cut before the announcer knows of the quiet time
        setup.announcer.silences([hush])
        setup.wait(60, lambda: len(setup.ends()) == 1)
        time.sleep(0.3)
        inside = setup.recording.frames_between(hush[0] + 0.4, hush[1])
        heard = signs(setup.recording.frames_between(began, now()))
    assert [report.state for report in setup.reports if report.state != "playing"] == ["waiting", "heard"]
    assert inside.size > RATE
    assert not inside.any()
    assert heard == [5]


def test_a_damaged_chime_leaves_the_words_complete(tmp_path: Path) -> None:
    """With a damaged chime the words sound and are reported heard, with a note on the missing sound."""
    chime = tmp_path / "chime.ogg"
    chime.write_bytes(CHIME.read_bytes()[:200] + bytes(3000))
    with announcing(tmp_path, FAST) as setup:
        setup.say(1, "三点开会。", chime=chime)
        setup.wait(30, lambda: bool(setup.ends()))
        assert setup.ends() == [(1, "heard")]
        assert "坏了" in setup.why(1)
        marks = [report for report in setup.reports if report.state == "playing"]
        assert marks
        assert np.abs(setup.recording.frames_between(0, 1e12)).max() > 1000


@pytest.mark.parametrize("player_first", [False, True])
def test_stopping_the_daemon_in_mid_sentence_is_not_a_lost_device(tmp_path: Path, player_first: bool) -> None:
    """After SIGTERM, to the daemon alone or to its player as well, no end is reported: the next start repeats it."""
    with announcing(tmp_path) as setup:
        setup.say(1, LONG)
        setup.wait(30, lambda: setup.playing(1))
        if player_first:
            (player,) = players()
            os.kill(player, signal.SIGTERM)
            while setup.speaker.health().alive:
                time.sleep(0.001)
        setup.announcer.close()
        setup.speaker.close()
    assert setup.ends() == []
    assert not setup.announcer._thread.is_alive()
