"""The voice with the real engine: nothing cut, correct loudness, and robust against its child's failures."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from soundfiles import RATE, heard, measured, noise, save

from controller.cli.doctor import describe_voices
from controller.sound.tts import levels, voice_child
from controller.sound.tts.client import AHEAD, Voice
from controller.sound.tts.plan import VoiceStatus
from controller.sound.tts.script import MAX_CHARACTERS, Clip, Script, Segment, VoiceFailed, say

FIRST = "恭喜雄鹰队的王小明签到了第一单，为我们大家拿到了开门红，大家加油！"
BIG = "恭喜猛虎队的李雷签了一单企业版会员，金额是一万两千八百元，请大家为他喝彩！"
TEAMS = ("雄鹰队", "猛虎队", "飞龙队", "先锋队", "狼队", "四海队")
PEOPLE = ("王小明", "李雷", "韩梅梅", "欧阳娜娜", "何夕", "单田芳")
AMOUNTS = ("一万两千八百元", "三千元", "两百万元", "九万九千九百九十九元五角", "五元")
SPOKEN = [
    f"恭喜{TEAMS[n % 6]}的{PEOPLE[n // 5 % 6]}签了一单，金额是{AMOUNTS[n % 5]}，请大家为他喝彩！"
    for n in range(26)
] + [FIRST, "加油！", "散会。", "shan4 xiao3 ming2，签了两单，请大家鼓掌。"]


@pytest.fixture
def voice(tmp_path: Path) -> Iterator[Voice]:
    voice = Voice(tmp_path / "cache")
    yield voice
    voice.close()


def made(voice: Voice, script: Script | str) -> Clip:
    return voice.prepare(say(script) if isinstance(script, str) else script).result(60)


def running(voice: Voice) -> int:
    """Return the process id of its child, once that has reported its name."""
    voice.warm_up()
    return until(lambda: voice.status().pid)


def until(found, within_s: float = 60):
    """Return the first true answer of `found`, called repeatedly."""
    deadline = time.monotonic() + within_s
    while not (answer := found()):
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)
    return answer


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_thirty_announcements_are_equally_loud_and_unclipped(voice: Voice) -> None:
    """Thirty different announcements: each −18 LUFS ±1, true peak at most −1 dBTP."""
    assert len(set(SPOKEN)) == 30
    clips = [voice.prepare(say(text)) for text in SPOKEN]
    for text, future in zip(SPOKEN, clips, strict=True):
        clip = future.result(120)
        samples = heard(clip.path)[:, : int(clip.speech_end_s * RATE)]
        found = measured(samples if clip.speech_end_s > 1 else np.tile(samples, 3))
        assert found.lufs == pytest.approx(-18, abs=1), text
        assert found.peak <= -1, text


RECITED = """
import json, sys
from pathlib import Path
from controller.sound.tts.mixdown import Mixdown
from controller.sound.tts.script import say
from controller.sound.voice import Espeak

class Kept(Espeak):
    def render(self, text, *delivery):
        found = super().render(text, *delivery)
        Path(f"{n}.raw").write_bytes(found.pcm)
        return found

n = "begin"
mixdown, edges = Mixdown(Kept()), []
for n, text in enumerate(sys.argv[1:]):
    clip = mixdown.assemble(say(text), Path(f"{n}.wav"))
    edges.append((clip["speech_start_s"], clip["speech_end_s"]))
Path("edges").write_text(json.dumps(edges))
"""
"""Clips with the renderings they are made of: espeak never renders a text identically twice."""


def test_the_first_syllable_is_whole(tmp_path: Path) -> None:
    """The sound trimmed before the first one is silence, also before soft consonants."""
    texts = ("恭喜大家", "飞虎队加油", "小明签单", "何夕签单", "四海队加油", "散会", "扶摇队签单")
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run(
        [sys.executable, "-c", RECITED, *texts], check=True, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL
    )
    edges = json.loads((tmp_path / "edges").read_text())
    for n, (text, (start_s, end_s)) in enumerate(zip(texts, edges, strict=True)):
        raw = levels.resampled((tmp_path / f"{n}.raw").read_bytes(), 22050)
        clip = heard(tmp_path / f"{n}.wav")[0][round(start_s * RATE) : round(end_s * RATE)]
        start = int(np.correlate(raw, clip, "valid").argmax())
        peak = np.abs(raw).max()
        assert np.abs(raw[:start]).max(initial=0) < peak * 10 ** (-50 / 20), text
        assert np.flatnonzero(np.abs(clip) > np.abs(clip).max() * 10 ** (-50 / 20))[0] <= 0.010 * RATE, text


def test_an_empty_rendering_is_repeated() -> None:
    """On a busy machine pyttsx3 may write an empty utterance: the next attempt is used."""
    program = (
        "from controller.sound.voice import Espeak\n"
        "class Forgetful(Espeak):\n"
        "    tries = 0\n"
        "    def _rendered(self, text):\n"
        "        found = super()._rendered(text)\n"
        "        self.tries += text != '好'\n"
        "        return type(found)(b'', found.rate) if self.tries == 1 else found\n"
        "engine = Forgetful()\n"
        "assert engine.render('四海队加油').seconds() > 0.5\n"
        "assert engine.tries == 2"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_eight_sentences_are_all_spoken(voice: Voice) -> None:
    """A text of eight sentences lasts as long as its single sentences (pyttsx3 #408 loses such files)."""
    parts = [f"{n}号选手今天签了{n}单，表现非常出色，值得我们大家学习。" for n in "一二三四五六七八"]
    whole = made(voice, "".join(parts))
    alone = sum(made(voice, part).speech_end_s for part in parts)
    assert whole.speech_end_s == pytest.approx(alone + 7 * 0.32, abs=0.3)


def test_the_engine_never_takes_one_end_for_another() -> None:
    """Two hundred texts in a row are all complete: pyttsx3 by itself writes about one of them empty."""
    program = (
        "from controller.sound.voice import Espeak\n"
        "engine = Espeak(); texts = ['今天的目标' + '已经完成了' * (n % 4) for n in range(200)]\n"
        "short = [text for text in texts if engine.render(text).seconds() < 0.2 * len(text)]\n"
        "raise SystemExit(f'cut short: {short}' if short else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_it_speaks_mandarin_by_the_wheels_engine(voice: Voice) -> None:
    """espeak-ng 1.52 speaks, in Mandarin: a tone digit in pinyin is not read as a number."""
    spelled, written = made(voice, "wang2 xiao3 ming2 jia1 you2"), made(voice, "王小明加油")
    assert voice.status().engine.startswith("espeak-ng 1.52.0 cmn ")
    assert spelled.speech_end_s == pytest.approx(written.speech_end_s, rel=0.25)


def test_the_pace_is_an_announcers(voice: Voice) -> None:
    """Four to five spoken characters a second."""
    clip = made(voice, FIRST)
    spoken = sum(character.isalnum() for character in FIRST)
    assert 4.0 <= spoken / clip.speech_end_s <= 5.0


def test_two_at_once_are_both_right(voice: Voice) -> None:
    """Texts requested at the same time become two clips, each with the right words.

    espeak varies a little from run to run, so loudness contours are compared, not bytes.
    """
    both = [voice.prepare(say(text)) for text in (FIRST, BIG)]
    together = [future.result(60) for future in both]
    alone = [made(voice, Script((Segment(text),), tail_ms=301)) for text in (FIRST, BIG)]
    assert together[0].path != together[1].path
    for one, other in zip(together, alone, strict=True):
        assert likeness(one, other) > 0.9
    assert likeness(*together) < 0.5


def likeness(one: Clip, other: Clip) -> float:
    """Return the correlation of the loudness contours of two clips' first six seconds, in steps of 20 ms."""
    steps = [heard(clip.path)[0][: 6 * RATE].reshape(300, -1) for clip in (one, other)]
    return float(np.corrcoef(*(np.sqrt((step**2).mean(axis=1)) for step in steps))[0, 1])


def test_the_same_text_is_rendered_once(voice: Voice) -> None:
    """A clip on disk is reused; two simultaneous requests are rendered once."""
    future = voice.prepare(say(FIRST))
    assert voice.prepare(say(FIRST)) is future
    clip = future.result(60)
    written = clip.path.stat().st_mtime_ns
    assert voice.ready(say(FIRST)) == clip
    assert made(voice, FIRST) == clip
    assert clip.path.stat().st_mtime_ns == written
    assert voice.ready(say(BIG)) is None


def test_a_clip_outlives_the_program(tmp_path: Path) -> None:
    """The next start reuses the clips of the previous one."""
    paths = []
    for _ in range(2):
        voice = Voice(tmp_path)
        clip = made(voice, FIRST)
        paths.append((clip, clip.path.stat().st_mtime_ns))
        voice.close()
    assert paths[0] == paths[1]


def test_a_damaged_clip_is_rendered_again(voice: Voice) -> None:
    """Wrong bytes, a shortened file, invalid facts: detected by checksum and rendered again."""
    clip = made(voice, FIRST)
    right = clip.path.read_bytes()
    for wrong in (right[:1000] + b"\x55" * 1000 + right[2000:], right[:5000], b""):
        clip.path.write_bytes(wrong)
        assert voice.ready(say(FIRST)) is None
        again = made(voice, FIRST)
        assert again.path == clip.path
        assert heard(again.path).shape[1] / RATE == pytest.approx(clip.duration_s, abs=0.05)
    for wrong in ("", "[]", "{}", '{"crc": "x"}', "null"):
        clip.path.with_suffix(".json").write_text(wrong)
        assert voice.ready(say(FIRST)) is None
        again = made(voice, FIRST)
        assert voice.ready(say(FIRST)) == again


def test_another_applause_is_another_clip(voice: Voice, tmp_path: Path) -> None:
    """The cache uses the content of sounds, not their names."""
    applause = save(tmp_path / "applause.wav", noise(1.0))
    before = made(voice, say("加油", applause))
    save(applause, noise(2.0))
    after = made(voice, say("加油", applause))
    assert after.path != before.path
    assert after.duration_s == pytest.approx(before.duration_s + 1, abs=0.05)


def test_the_cache_is_bounded(tmp_path: Path) -> None:
    """Over its limit the cache evicts the least recently used clip, never the one just used."""
    voice = Voice(tmp_path, bound_bytes=2_500_000)
    try:
        clips = [made(voice, text) for text in (FIRST, BIG)]
        for age, clip in zip((7200, 3600), clips, strict=True):
            os.utime(clip.path.with_suffix(".json"), (time.time() - age,) * 2)
        third = made(voice, "恭喜飞龙队的韩梅梅签了一单，请大家为她喝彩！")
        assert [clip.path.exists() for clip in (*clips, third)] == [False, True, True]
        for text in SPOKEN[:4]:
            made(voice, text)
        assert third.path.exists()
    finally:
        voice.close()


def test_a_child_killed_while_rendering_harms_nothing(voice: Voice) -> None:
    """kill -9 in the middle of a text: another child renders all of it."""
    pid = running(voice)
    os.kill(pid, signal.SIGSTOP)  # so that it is certainly rendering when it dies
    future = voice.prepare(say(FIRST))
    time.sleep(0.2)
    os.kill(pid, signal.SIGKILL)
    clip = future.result(60)
    assert 6 < clip.speech_end_s < 9
    assert voice.status().pid not in (None, pid)
    assert not exists(pid)


def test_a_hung_child_is_replaced_within_the_limit(tmp_path: Path) -> None:
    """A child silent for the time limit is killed, another does the work."""
    voice = Voice(tmp_path, limit_s=1.0)
    try:
        pid = running(voice)
        os.kill(pid, signal.SIGSTOP)
        started = time.monotonic()
        assert made(voice, FIRST).speech_end_s > 6
        assert time.monotonic() - started > 1.0
        assert not exists(pid)
    finally:
        voice.close()


def test_a_child_that_loads_slowly_is_not_hung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine espeak loads for longer than the limit; it computes, and Zhangu waits."""
    busy = "import time\nwhile time.process_time() < 3: pass\n"
    (tmp_path / "sitecustomize.py").write_text(busy)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setattr(voice_child, "LOADING_LIMIT_S", 1.0)
    voice = Voice(tmp_path)
    try:
        assert made(voice, FIRST).speech_end_s > 6
    finally:
        voice.close()


def test_a_voice_that_always_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two failed attempts end in a sentence, and the next announcement is tried again."""
    voice = Voice(tmp_path)
    try:
        monkeypatch.setenv("PYTHONPATH", str(shadowed(tmp_path)))
        with pytest.raises(VoiceFailed, match="没有能用的语音"):
            made(voice, FIRST)
        assert voice.status().fault is not None
        monkeypatch.delenv("PYTHONPATH")
        assert made(voice, FIRST).speech_end_s > 6
        assert voice.status().fault is None
    finally:
        voice.close()


def shadowed(tmp_path: Path) -> Path:
    """Return a folder in which pyttsx3 cannot be imported: a broken dependency."""
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "pyttsx3.py").write_text("raise RuntimeError('no engine here')")
    return folder


def test_rubbish_is_answered_and_the_next_text_is_spoken(voice: Voice) -> None:
    """Empty text, control characters, other scripts, far too long texts: a sentence or a clip."""
    for text in ("", "🎉🎊", "\x00\x01\x1b", "…！？", "一" * 10_000):
        with pytest.raises(VoiceFailed) as refused:
            made(voice, text)
        assert refused.value.sentence.endswith("。")
    assert str(MAX_CHARACTERS) in refused.value.sentence
    pid = voice.status().pid
    odd = (
        "加油\x00\x1b[2J🎉加油",
        "\ud800王小明",
        "-f/etc/passwd",
        "[[a:]] <speak>加油</speak>",
        "Привет",
        "مرحبا",
        "加" * 200,
    )
    for text in odd:
        assert made(voice, text).speech_end_s > 0.2
    assert voice.status().pid == pid  # none of them killed the child


def test_a_text_is_no_argument(voice: Voice) -> None:
    """Texts are never on a command line, where `-f` would be an option and every user could read them."""
    pid = running(voice)
    made(voice, "秘密的话")
    assert "秘密" not in Path(f"/proc/{pid}/cmdline").read_text()


def test_an_idle_child_frees_its_memory(tmp_path: Path) -> None:
    """Without work the child ends, leaving no zombie; the next text starts another."""
    voice = Voice(tmp_path, idle_s=0.3)
    try:
        pid = running(voice)
        until(lambda: voice.status().pid is None)
        assert not exists(pid)
        assert voice.status() == VoiceStatus(voice.status().engine, (), None, None)
        assert made(voice, "加油").duration_s > 0.3
    finally:
        voice.close()


def test_a_child_that_cannot_be_started_at_first_speaks_later(voice: Voice) -> None:
    """If no file can be opened at the moment of the warm-up, the next text is spoken all the same."""
    bounds = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, bounds[1]))
    try:
        voice.warm_up()
        time.sleep(0.5)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, bounds)
    assert made(voice, "加油").duration_s > 0.3


def test_the_child_ends_with_its_parent(tmp_path: Path) -> None:
    """A killed daemon leaves no voice child."""
    program = (
        "import os, sys, time; from pathlib import Path; from controller.sound.tts.client import Voice\n"
        "voice = Voice(Path(sys.argv[1])); voice.warm_up()\n"
        "while voice.status().pid is None: time.sleep(0.01)\n"
        "print(voice.status().pid, flush=True); os.kill(os.getpid(), 9)"
    )
    found = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, check=False)
    until(lambda: not exists(int(found.stdout)))


def test_closing_fails_waiting_requests(tmp_path: Path) -> None:
    """A request never waits for ever on a voice that is being closed."""
    voice = Voice(tmp_path)
    waiting = [voice.prepare(say(text)) for text in SPOKEN[:12]]
    voice.close()
    waiting.append(voice.prepare(say(BIG)))
    for future in waiting:
        assert future.done()
    with pytest.raises(VoiceFailed, match="退出"):
        waiting[-1].result(0)


def test_urgent_texts_pass_those_rendered_ahead(voice: Voice) -> None:
    """Urgent texts do not wait for texts rendered for later."""
    order: list[str] = []
    later = [voice.prepare(say(text), AHEAD) for text in SPOKEN[:10]]
    urgent = voice.prepare(say(BIG))
    for name, future in (*((str(n), one) for n, one in enumerate(later)), ("urgent", urgent)):
        future.add_done_callback(lambda _, name=name: order.append(name))
    for future in (*later, urgent):
        future.result(60)
    assert order.index("urgent") <= 2


def test_an_unwritable_cache_is_reported(tmp_path: Path) -> None:
    """Without space for the clip: a sentence with the reason, no clip."""
    (tmp_path / "cache").write_text("a file where the folder should be")
    voice = Voice(tmp_path / "cache")
    try:
        with pytest.raises(VoiceFailed, match="读写不了"):
            made(voice, FIRST)
    finally:
        voice.close()


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    """On a full disk the announcement fails with a sentence, no part of it remains, small ones succeed."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=500k", "none", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("only root can mount a small disk")
    voice = Voice(tmp_path)
    try:
        with pytest.raises(VoiceFailed, match=r"写不进缓存.*磁盘"):
            made(voice, FIRST)
        assert not list((tmp_path / "voice").iterdir())
        assert made(voice, "加油").path.exists()
    finally:
        voice.close()
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_the_doctor_knows_which_voice_speaks(tmp_path: Path) -> None:
    """The voice in use, its speed, and why a neural voice in the folder does not speak."""
    (tmp_path / "baker").mkdir()
    (tmp_path / "baker" / "model.onnx").write_bytes(b"rubbish")
    lines = describe_voices(tmp_path)
    assert lines[0][0].startswith("espeak-ng 1.52.0")
    assert lines[0][1] == "speaks"
    assert lines[1][:2] == ("sherpa", "failed")
    assert "sherpa-onnx" in lines[1][2] or "baker" in lines[1][2]
    assert describe_voices(tmp_path / "none")[1][1] == "idle"
