"""The announcer with a real player and a real voice, judged by the recorded signal and by what it tells."""

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
from controller.sound.tts.script import Clip, Script

pytestmark = pytest.mark.signal
now = time.monotonic
LONG = "恭喜猛虎队的王小明签了一单校园招聘套餐，金额是一万两千八百元，请大家为他喝彩！"


def music(folder: Path) -> MusicOrder:
    path = write_wav(folder / "music.wav", tone(60))
    return MusicOrder((Track(path, 0.0, 60.0),), now())


def rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


def test_sixty_in_a_row_are_each_heard_once_and_in_order(tmp_path: Path) -> None:
    """Sixty announcements submitted at once: sixty times heard, and their signs sound one by one in order."""
    with announcing(tmp_path, FAST) as desk:
        began = now()
        for n in range(60):
            desk.say(n, "好", applause=sign(tmp_path, n), overlap_ms=0, tail_ms=100)
        desk.wait(120, lambda: len(desk.ends()) == 60)
        time.sleep(0.3)
        heard = signs(desk.recording.frames_between(began, now()))
    assert desk.ends() == [(n, "heard") for n in range(60)]
    assert heard == list(range(60))


def test_the_beginning_is_told_before_the_speech_is_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the speech is still being rendered the chime's beginning is told: the picture comes with it."""
    with announcing(tmp_path) as desk:
        real, may = desk.voice.prepare, threading.Event()

        def held(script: Script, *, ahead: bool = False) -> Future[Clip]:
            later: Future[Clip] = Future()
            threading.Thread(target=lambda: (may.wait(20), later.set_result(real(script).result(20)))).start()
            return later

        monkeypatch.setattr(desk.voice, "prepare", held)
        desk.say(1, LONG, chime=CHIME)
        try:
            desk.wait(5, lambda: desk.playing(1))
        finally:
            may.set()
        desk.wait(40, lambda: desk.ends() == [(1, "heard")])
        first, *_, last = [report for report in desk.told if report.state == "playing"]
    assert first.started == last.started
    assert first.ends != last.ends  # an estimate at first, then the truth


def test_the_music_is_as_it_was_after_overlapping_failing_and_cancelled_ones(tmp_path: Path) -> None:
    """Three at once, one without a speakable word, one cut off in mid-sentence: the music's level is exactly back."""
    with announcing(tmp_path) as desk:
        desk.speaker.music(music(tmp_path))
        desk.announcer.music(True)
        time.sleep(2.0)
        began = now()
        desk.say(1, "电梯修好了。", chime=CHIME)
        desk.say(2, "开会了。", priority=5)
        desk.say(3, "……", chime=CHIME, applause=APPLAUSE)
        desk.say(4, LONG)
        desk.wait(60, lambda: desk.playing(4))
        time.sleep(0.8)
        desk.announcer.cancel(4, "有人撤回了这一条。")
        desk.wait(10, lambda: len(desk.ends()) == 4)
        time.sleep(2.5)
        before = _gapless(desk.recording.frames_between(began - 1.2, began - 0.2))
        after = _gapless(desk.recording.frames_between(now() - 0.9, now() - 0.1))
    assert sorted(desk.ends()) == [(1, "heard"), (2, "heard"), (3, "not_heard"), (4, "dropped")]
    assert desk.why(4) == "有人撤回了这一条。"
    whole = pilot_db(np.concatenate([before, after]))
    ends = len(before) * 200 // RATE  # one value per 5 ms
    assert np.median(whole[20 : ends - 20]) == pytest.approx(0, abs=0.05)
    assert np.median(whole[ends + 20 : -20]) == pytest.approx(0, abs=0.05)


def _gapless(frames: np.ndarray) -> np.ndarray:
    """Mono samples as they left the mixer, whatever the pace at which a busy machine took them."""
    return frames.astype(np.float32).mean(axis=1) / 32768


def test_what_the_device_lost_is_said_once_more_and_no_more(tmp_path: Path) -> None:
    """The player is killed in mid-sentence: the announcement is told as heard once, and sounds whole once."""
    with announcing(tmp_path) as desk:
        began = now()
        desk.say(1, LONG, applause=sign(tmp_path, 7), overlap_ms=0)
        desk.say(2, "好", applause=sign(tmp_path, 9), overlap_ms=0)
        desk.wait(30, lambda: desk.playing(1))
        time.sleep(1.0)
        (player,) = players()
        os.kill(player, signal.SIGKILL)
        desk.wait(60, lambda: len(desk.ends()) == 2)
        time.sleep(0.3)
        heard = signs(desk.recording.frames_between(began, now()))
    assert desk.ends() == [(1, "heard"), (2, "heard")]
    assert heard == [7, 9]


def test_what_is_taken_back_while_the_device_is_away_is_not_said_again(tmp_path: Path) -> None:
    """Killed in mid-sentence, and taken back before the device returns: dropped, and not a word more of it."""
    with announcing(tmp_path) as desk:
        desk.say(1, LONG, applause=sign(tmp_path, 7), overlap_ms=0)
        desk.wait(30, lambda: desk.playing(1))
        time.sleep(1.0)
        began = now()
        (player,) = players()
        os.kill(player, signal.SIGKILL)
        while desk.speaker.health().alive:
            time.sleep(0.001)
        time.sleep(0.02)  # it waits for the device by now
        desk.announcer.cancel(1, "有人收回了这一条。")
        desk.say(2, "好", applause=sign(tmp_path, 9), overlap_ms=0)
        desk.wait(60, lambda: len(desk.ends()) == 2)
        time.sleep(0.3)
        heard = signs(desk.recording.frames_between(began, now()))
    assert desk.ends() == [(1, "dropped"), (2, "heard")]
    assert desk.why(1) == "有人收回了这一条。"
    assert heard == [9]


def test_what_is_taken_back_while_it_is_rendered_is_never_said(tmp_path: Path) -> None:
    """Shortly before a silence the length is found out first; who takes it back meanwhile is obeyed."""
    with announcing(tmp_path) as desk:
        desk.announcer.silences([(now() + 100, now() + 110)])
        desk.say(1, LONG)
        time.sleep(0.1)  # out of the queue; the voice is only just starting
        assert not desk.playing(1)
        desk.announcer.cancel(1, "有人收回了这一条。")
        desk.say(2, "好")
        desk.wait(60, lambda: len(desk.ends()) == 2)
    assert desk.ends() == [(1, "dropped"), (2, "heard")]
    assert not desk.playing(1)


def test_what_is_taken_back_before_a_silence_holds_nobody_else(tmp_path: Path) -> None:
    """Too long for what is left before the nap, but taken back: what is short enough is said before it."""
    with announcing(tmp_path) as desk:
        desk.announcer.silences([(now() + 12, now() + 100)])
        desk.say(1, LONG * 5)
        time.sleep(0.1)  # its length is being found out
        desk.announcer.cancel(1, "有人收回了这一条。")
        desk.say(2, "好")
        desk.wait(12, lambda: len(desk.ends()) == 2)
    assert desk.ends() == [(1, "dropped"), (2, "heard")]


def test_who_fails_at_every_report_does_not_silence_the_office(tmp_path: Path) -> None:
    """Also when even the failure cannot be told, the next announcement is said and told."""
    with announcing(tmp_path) as desk:
        told = desk.on_report

        def failing(report: Report) -> None:
            if report.id == 1:
                raise RuntimeError("the listener is broken")
            told(report)

        desk.on_report = failing  # type: ignore[method-assign]
        desk.say(1, "好")
        desk.say(2, "好")
        desk.wait(30, lambda: len(desk.ends()) == 1)
    assert desk.ends() == [(2, "heard")]


def test_without_a_voice_there_is_chime_and_applause_and_the_truth(tmp_path: Path) -> None:
    """Nothing speakable: chime and applause sound, and it is told as not heard, with the reason."""
    with announcing(tmp_path) as desk:
        began = now()
        desk.say(1, "……", chime=CHIME, applause=sign(tmp_path, 3))
        desk.wait(30, lambda: len(desk.ends()) == 1)
        time.sleep(0.3)
        frames = desk.recording.frames_between(began, now())
    assert desk.ends() == [(1, "not_heard")]
    assert desk.why(1) == "语音没有合成出来，只放了提示音，内容已显示在屏幕上。"
    assert signs(frames) == [3]
    first = int(np.flatnonzero(np.abs(frames[:, 0]) > 300)[0])
    assert rms(frames[first : first + RATE // 2] / 32768) > 0.01  # the chime, before the sign


def test_a_person_who_turns_it_down_is_obeyed_in_mid_sentence(tmp_path: Path) -> None:
    """A tenth of the volume while it sounds: what follows is 20 dB softer within a tenth of a second."""
    with announcing(tmp_path) as desk:
        desk.say(
            1, "好", applause=write_wav(tmp_path / "long.wav", tone(5.0, 900, 0.3, pilot=0)), overlap_ms=0
        )
        desk.wait(30, lambda: desk.playing(1))
        time.sleep(1.5)
        turned = now()
        desk.speaker.master(10)
        time.sleep(1.0)
        before = rms(_gapless(desk.recording.frames_between(turned - 0.5, turned - 0.1)))
        after = rms(_gapless(desk.recording.frames_between(turned + 0.1, turned + 0.9)))
        desk.wait(30, lambda: len(desk.ends()) == 1)
    assert 20 * np.log10(after / before) == pytest.approx(-20, abs=1.5)


def test_a_hush_cuts_it_off_and_it_is_said_whole_afterwards(tmp_path: Path) -> None:
    """Hushed in mid-sentence: nothing sounds for the hush, then the whole announcement, told as heard once."""
    with announcing(tmp_path) as desk:
        began = now()
        desk.say(1, LONG, applause=sign(tmp_path, 5), overlap_ms=0)
        desk.wait(30, lambda: desk.playing(1))
        time.sleep(1.0)
        hush = (now(), now() + 3.0)
        desk.speaker.quiet([hush])
        desk.announcer.silences([hush])
        desk.wait(60, lambda: len(desk.ends()) == 1)
        time.sleep(0.3)
        inside = desk.recording.frames_between(hush[0] + 0.4, hush[1])
        heard = signs(desk.recording.frames_between(began, now()))
    assert [report.state for report in desk.told if report.state != "playing"] == ["waiting", "heard"]
    assert inside.size > RATE
    assert not inside.any()
    assert heard == [5]


def test_a_damaged_chime_takes_nothing_from_what_is_said(tmp_path: Path) -> None:
    """The chime's file is rubbish: the words sound and are told as heard, with what was missing."""
    chime = tmp_path / "chime.ogg"
    chime.write_bytes(CHIME.read_bytes()[:200] + bytes(3000))
    with announcing(tmp_path, FAST) as desk:
        desk.say(1, "三点开会。", chime=chime)
        desk.wait(30, lambda: bool(desk.ends()))
        assert desk.ends() == [(1, "heard")]
        assert "坏了" in desk.why(1)
        marks = [report for report in desk.told if report.state == "playing"]
        assert marks
        assert np.abs(desk.recording.frames_between(0, 1e12)).max() > 1000


@pytest.mark.parametrize("player_first", [False, True])
def test_a_stop_of_the_daemon_in_mid_sentence_is_no_lost_device(tmp_path: Path, player_first: bool) -> None:
    """SIGTERM, to the daemon alone or to its player in the same moment: no end is told, so a start says it again."""
    with announcing(tmp_path) as desk:
        desk.say(1, LONG)
        desk.wait(30, lambda: desk.playing(1))
        if player_first:
            (player,) = players()
            os.kill(player, signal.SIGTERM)
            while desk.speaker.health().alive:
                time.sleep(0.001)
        desk.announcer.close()
        desk.speaker.close()
    assert desk.ends() == []
    assert not desk.announcer._thread.is_alive()
