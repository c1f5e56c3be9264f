"""The natural voice: real Kokoro-82M in a real child. Skipped, with the reason, where it cannot be installed."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from recording import RATE
from soundfiles import heard, measured

from controller.sound.mandarin import spoken
from controller.sound.tts.client import EMERGENCY, Voice
from controller.sound.tts.script import Script, Segment, VoiceFailed

sys.path.append(str(Path(__file__).parents[1] / "bench"))

import listener

DEAL = "恭喜猛虎队的王小明签了一单铂金会员，金额是一万两千八百元，请大家为他喝彩！"
WITHOUT_A_PAUSE = "今天天气很好我们继续努力"


@pytest.fixture(scope="module")
def voice(natural_voice: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Voice]:
    """One running voice for the module."""
    made = Voice(tmp_path_factory.mktemp("natural"), natural_voice)
    made.prepare(script("散会！")).result(240)
    yield made
    made.close()


def script(text: str, **fields: object) -> Script:
    return Script((Segment(spoken(text)),), **fields)  # type: ignore[arg-type]


def test_it_speaks_at_an_announcers_pace_and_level(voice: Voice) -> None:
    """A deal's sentence: 4 to 5.5 syllables a second, −18 LUFS within 1 dB, true peak at most −1 dBTP."""
    assert voice.status().engine.startswith("Kokoro-82M")
    clip = voice.prepare(script(DEAL)).result(120)
    length = clip.speech_end_s - clip.speech_start_s
    assert 4.0 <= 34 / length <= 5.5
    found = measured(heard(clip.path))
    assert found.lufs == pytest.approx(-18, abs=1)
    assert found.peak <= -1


@pytest.mark.skipif(listener.missing() is not None, reason=str(listener.missing()))
def test_it_is_understood(voice: Voice) -> None:
    """An independent listener writes down at least 95 of 100 syllables of a deal. `make soak` has ten announcements in
    the office's recorded sound (test_understood.py), `make bench` a hundred."""
    samples = heard(voice.prepare(script(DEAL)).result(120).path).mean(axis=0)
    found = listener.score(spoken(DEAL), listener.write_down(listener.at_16k(samples, RATE)))
    assert found.right >= 95, found.heard


def test_its_parts_come_before_the_whole(voice: Voice) -> None:
    """The first clause is delivered before the last is rendered."""
    for text in ("散会，大家加油，请回家！", "开会，请各位同事坐好！", "加油，我们今天再签一单！"):
        stream = voice.stream(script(text))
        parts = stream.parts(60)
        if len(parts) == 1:
            break
        stream.close()  # this process was late: a busy machine renders both before it looks
    assert len(parts) == 1
    while more := stream.parts(60):
        parts += more
    assert len(parts) == 2
    whole = stream.clip.result(10)
    assert sum(part.seconds for part in parts) == pytest.approx(whole.duration_s, abs=0.01)
    stream.close()


@pytest.mark.long  # the same streams with a small engine: test_stream.py
def test_a_second_listener_gets_it_from_the_beginning(voice: Voice) -> None:
    """Interrupted by an emergency after the first part, it is later spoken from the start, after the emergency."""
    text = script("各位同事，周六去爬山。")
    interrupted = voice.stream(text)
    assert interrupted.parts(60, at_once=True)
    interrupted.close()
    emergency = voice.stream(script("请马上离开。"), EMERGENCY)
    while emergency.parts(60, at_once=True):
        pass
    assert voice.ready(text) is None
    again = voice.stream(text)
    got = []
    while parts := again.parts(60):
        assert all(part.path.exists() for part in parts)
        got += parts
    whole = again.clip.result(10)
    assert sum(part.seconds for part in got) == pytest.approx(whole.duration_s, abs=0.01)
    emergency.close()
    again.close()
    assert not list(whole.path.parent.glob("*.part.wav"))


def test_a_clause_rendered_ahead_costs_nothing_later(voice: Voice) -> None:
    """A clause rendered in idle time is not rendered again."""
    ahead = script("陈芳签单。")
    assert voice.learn([ahead]) == 1
    end = time.monotonic() + 60
    while voice.waiting_ahead():
        assert time.monotonic() < end
        time.sleep(0.05)
    assert sum(cost.render_s for cost in voice.costs(ahead)) < 0.1
    assert voice.learn([ahead]) == 0


@pytest.mark.long  # with a small engine: test_stream.py, test_voice.py
def test_something_urgent_interrupts_idle_rendering(voice: Voice) -> None:
    """An announcement does not wait for what is rendered for later, which is finished afterwards."""
    voice.learn([script(f"第{n}位客户的资料到了。") for n in (11, 12)])
    time.sleep(0.3)
    assert voice.prepare(script("请安静。")).result(60).duration_s > 0.5
    assert voice.waiting_ahead() > 0
    end = time.monotonic() + 120
    while voice.waiting_ahead():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.long  # with espeak-ng: test_voice.py
def test_a_killed_child_is_replaced(voice: Voice) -> None:
    """After SIGKILL while rendering, the next child speaks the announcement, again with the natural voice."""
    future = voice.prepare(script("下午四点在三楼开会。"))
    time.sleep(0.5)
    pid = voice.status().pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert future.result(120).speech_end_s > 1
    assert voice.status().engine.startswith("Kokoro-82M")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(WITHOUT_A_PAUSE * 3, marks=pytest.mark.long),
        pytest.param(WITHOUT_A_PAUSE * 10, marks=pytest.mark.long),
        pytest.param("阿依古丽·买买提 Tsering Dolma 签单", marks=pytest.mark.long),
        pytest.param(
            "恭喜北京市海淀区中关村科技园区人力资源服务有限责任公司第十二分公司电话销售部成交",
            marks=pytest.mark.long,
        ),
        "KA看A4纸，谢谢Amy。",
    ],
)
def test_hard_texts_are_spoken(voice: Voice, text: str) -> None:
    """Many characters without a pause, names in Latin letters, a company of 40 characters, letters inside."""
    clip = voice.prepare(script(text)).result(180)
    assert clip.speech_end_s > 1.5
    assert clip.unread == ()


def test_an_unknown_character_is_named(voice: Voice) -> None:
    """A character without a reading is left out and reported, the rest is spoken."""
    clip = voice.prepare(Script((Segment("李\U0002a6b2签单"),))).result(60)
    assert clip.unread == ("\U0002a6b2",)
    assert voice.unread() == ("\U0002a6b2",)
    assert clip.speech_end_s > 0.6


def test_nothing_to_say_is_refused_and_the_voice_stays(voice: Voice) -> None:
    """A text of emoji gives a sentence; the next text is spoken by the same voice."""
    with pytest.raises(VoiceFailed, match="没有能念出来的字"):
        voice.prepare(Script((Segment("✅✅✅"),))).result(60)
    voice.prepare(script("加油！")).result(60)
    assert voice.status().engine.startswith("Kokoro-82M")


def test_an_english_text_has_an_english_speaker(voice: Voice) -> None:
    """An English text has another speaker than the Mandarin one, at the same level."""
    text = spoken("Meeting in room 3.", {}, "en")
    clip = voice.prepare(Script((Segment(text, language="en"),))).result(60)
    assert clip.speech_end_s > 1
    assert measured(heard(clip.path)).lufs == pytest.approx(-18, abs=1)


@pytest.mark.parametrize("times", [0, pytest.param(10, marks=pytest.mark.long)])
def test_its_memory_is_bounded(voice: Voice, times: int) -> None:
    """Clauses of a deal, and a text without a pause that is longer than a clause may be, need at most 450 MB in the
    child that spoke the texts before."""
    if times:
        voice.prepare(script(WITHOUT_A_PAUSE * times)).result(180)
    status = Path(f"/proc/{voice.status().pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    assert peak / 1024 <= 450


@pytest.mark.long  # the model as such
def test_speakers_and_speed_differ(voice: Voice) -> None:
    """Another speaker is another clip; faster is shorter."""
    plain = voice.prepare(script("请过来。")).result(60)
    other = voice.prepare(script("请过来。", voice="zf_xiaoyi")).result(60)
    fast = voice.prepare(script("请过来。", speed=1.3)).result(60)
    assert not np.array_equal(heard(plain.path)[0][:20000], heard(other.path)[0][:20000])
    assert fast.duration_s < 0.9 * plain.duration_s
