"""sherpa-onnx and Piper with their real loading code and tiny models generated here."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import onnx
import psutil
import pytest
from soundfiles import RATE, heard

from controller.cli.doctor import describe_voices
from controller.sound.mandarin.pinyin import SYLLABLES, in_characters
from controller.sound.tts.client import Voice
from controller.sound.tts.script import VoiceFailed, say

helper, numpy_helper = onnx.helper, onnx.numpy_helper
FLOAT, INT64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64

CHARACTERS = "恭喜大家今天的目标已经完成了好油"
TEXT = "恭喜大家，今天的目标已经完成了，家油！"


def model(tokens: str, count: str, knobs: list[tuple[str, int]], out: str, shape: list[int]):
    """Return a network that turns each token into a tenth of a second of tone."""
    constants = {
        "zero": np.array(0, np.float32),
        "one": np.array(1, np.float32),
        "axis": np.array([2], np.int64),
        "tone": (0.3 * np.sin(np.arange(2205) * 0.12)).astype(np.float32).reshape(1, 1, -1),
        "shape": np.array(shape, np.int64),
    }
    steps = [
        helper.make_node("Cast", [tokens], ["float"], to=FLOAT),
        helper.make_node("Mul", ["float", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "one"], ["ones"]),
        helper.make_node("Unsqueeze", ["ones", "axis"], ["column"]),
        helper.make_node("Mul", ["column", "tone"], ["tones"]),
        helper.make_node("Reshape", ["tones", "shape"], [out]),
    ]
    inputs = [
        helper.make_tensor_value_info(tokens, INT64, [1, "N"]),
        helper.make_tensor_value_info(count, INT64, [1]),
        *(helper.make_tensor_value_info(name, FLOAT, [size]) for name, size in knobs),
    ]
    output = helper.make_tensor_value_info(out, FLOAT, [None] * len(shape))
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(steps, "tones", inputs, [output], weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    made.ir_version = 8
    return made


def piper(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model("input", "input_lengths", [("scales", 3)], "output", [1, 1, 1, -1]), folder / "v.onnx")
    symbols = "_^$，。！" + CHARACTERS
    facts = {
        "audio": {"sample_rate": 22050},
        "espeak": {"voice": "cmn"},
        "inference": {"noise_scale": 0.6, "length_scale": 1, "noise_w": 0.8},
        "num_symbols": len(symbols),
        "num_speakers": 1,
        "phoneme_type": "text",
        "phoneme_id_map": {symbol: [number] for number, symbol in enumerate(symbols)},
    }
    (folder / "v.onnx.json").write_text(json.dumps(facts))


def sherpa(folder: Path, *, whole: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    knobs = [("noise_scale", 1), ("length_scale", 1), ("noise_scale_w", 1)]
    made = model("x", "x_length", knobs, "y", [1, 1, -1])
    facts = {"model_type": "vits", "comment": "tiny", "language": "Chinese", "add_blank": 0, "n_speakers": 1}
    for key, value in ({**facts, "sample_rate": 22050, "punctuation": ", 。 ， ！"} if whole else {}).items():
        entry = made.metadata_props.add()
        entry.key, entry.value = key, str(value)
    onnx.save(made, folder / "model.onnx")
    tokens = ["sil", "eos", "sp", "#0", *(f"c{number}" for number in range(len(CHARACTERS))), *"，。！"]
    (folder / "tokens.txt").write_text("".join(f"{token} {n}\n" for n, token in enumerate(tokens)))
    (folder / "lexicon.txt").write_text("".join(f"{c} c{number}\n" for number, c in enumerate(CHARACTERS)))


def test_a_reading_is_heard_from_a_voice_that_knows_no_pinyin(tmp_path: Path) -> None:
    """Such a voice gets names with a say_as, and espeak's workarounds, as characters of the same sound."""
    from controller.sound.tts.engines import Piper, Sherpa

    for make, engine in ((sherpa, Sherpa), (piper, Piper)):
        make(tmp_path / make.__name__)
        voice = engine(tmp_path / make.__name__)
        whole, pinyin = (voice.render(text).seconds() for text in ("恭喜大家家油", "恭喜 da4 家 jia1 油"))
        assert pinyin == pytest.approx(whole, abs=0.11)


@pytest.mark.parametrize(
    ("spoken", "given"),
    [
        ("恭喜 shan4 xiao3 ming2 签了 yi4 单", "恭喜善小名签了意单"),
        ("xong2 鹰队的 V I P 客户", "雄鹰队的 V I P 客户"),
        ("没有拼音，A 四纸 VIP2", "没有拼音，A 四纸 VIP2"),
    ],
)
def test_pinyin_becomes_characters(spoken: str, given: str) -> None:
    """Each pinyin syllable becomes a common character; letters and words stay."""
    assert in_characters(spoken) == given


def test_every_syllable_that_a_say_as_may_hold_has_a_character() -> None:
    """Every syllable has a character, in any tone."""
    assert [f"{s}{t}" for s in SYLLABLES for t in "12345" if in_characters(f"{s}{t}").isascii()] == []


def hanging(folder: Path) -> None:
    """Write a voice whose network never terminates."""
    sherpa(folder)
    made = onnx.load(folder / "model.onnx")
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["value"], ["next"])],
        "again",
        [
            helper.make_tensor_value_info("n", INT64, []),
            helper.make_tensor_value_info("go", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", FLOAT, [1, 1, None]),
        ],
        [
            helper.make_tensor_value_info("on", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", FLOAT, [1, 1, None]),
        ],
    )
    for node in made.graph.node:
        if list(node.output) == ["y"]:
            node.output[0] = "spoken"
    times = numpy_helper.from_array(np.array(1 << 50, np.int64), "times")
    true = numpy_helper.from_array(np.array(True), "true")
    made.graph.initializer.extend([times, true])
    made.graph.node.append(helper.make_node("Loop", ["times", "true", "spoken"], ["y"], body=body))
    onnx.save(made, folder / "model.onnx")


def test_a_hanging_model_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that never terminates: after its time the child is killed, espeak speaks, `doctor` has the reason.

    It computes, but its engine is not one that loads slowly: the long limit, here an hour, does not hold for it.
    """
    from controller.sound.tts import voice_child

    monkeypatch.setattr(voice_child, "LOADING_LIMIT_S", 4.0)
    monkeypatch.setattr(voice_child, "SLOW_LOADING_S", 3600.0)
    hanging(tmp_path / "voices" / "tiny")
    voice = Voice(tmp_path / "cache", tmp_path / "voices")
    try:
        assert voice.prepare(say(TEXT)).result(60).speech_end_s > 3
        assert voice.status().engine.startswith("espeak-ng")
        ((name, why),) = voice.status().passed_over
        assert (name, why) == ("neural", "加载时没有反应")
    finally:
        voice.close()


def test_closing_ends_a_child_that_loads_for_ever(tmp_path: Path) -> None:
    """The office stops in the middle of the loading: the child is gone, and none follows. It would compute on alone."""
    hanging(tmp_path / "voices" / "tiny")
    voice = Voice(tmp_path / "cache", tmp_path / "voices")
    answer = voice.prepare(say(TEXT))
    while not (loading := voice_children()) or loading[0].cpu_times().user < 1.0:
        time.sleep(0.05)
    voice.close()
    with pytest.raises(VoiceFailed):
        answer.result(0)
    assert voice_children() == []


def voice_children() -> list[psutil.Process]:
    """Return this process's children in which a voice runs."""
    return [
        child
        for child in psutil.Process().children()
        if "controller.sound.voice" in " ".join(child.cmdline())
    ]


def test_a_replaced_voice_is_tried_again(tmp_path: Path) -> None:
    """It is used again when its model is complete; if it is not, espeak continues and the pause doubles."""
    sherpa(tmp_path / "voices" / "tiny", whole=False)
    voice = Voice(tmp_path / "cache", tmp_path / "voices", idle_s=0.2, retry_s=1.5)
    try:
        assert voice.prepare(say(TEXT)).result(60).speech_end_s > 3
        began = time.monotonic()
        while voice.status().engine or time.monotonic() - began < 0.5:  # until the next attempt, which fails
            assert time.monotonic() - began < 30
            time.sleep(0.02)
        while not voice.status().engine.startswith("espeak-ng"):
            assert time.monotonic() - began < 30
            time.sleep(0.02)
        assert voice.prepare(say(TEXT + "好")).result(60).speech_end_s > 3
        assert voice.status().passed_over == (("neural", "加载时出错退出了"),)
        sherpa(tmp_path / "voices" / "tiny")
        while not voice.status().engine.startswith("sherpa"):
            assert time.monotonic() - began < 60
            time.sleep(0.05)
    finally:
        voice.close()


def test_without_any_voice_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a working model and without espeak one sentence has both reasons, and nothing waits."""
    (tmp_path / "voices" / "baker").mkdir(parents=True)
    (tmp_path / "voices" / "baker" / "v.onnx").write_bytes(b"rubbish")
    (tmp_path / "voices" / "baker" / "v.onnx.json").write_text("{}")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "pyttsx3.py").write_text("raise RuntimeError('no engine here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    voice = Voice(tmp_path / "cache", tmp_path / "voices")
    try:
        with pytest.raises(VoiceFailed, match=r"baker 读不进来；espeak.*提示音和屏幕文字"):
            voice.prepare(say(TEXT)).result(60)
    finally:
        voice.close()


def pitch(samples: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(samples[:RATE])).argmax())


@pytest.mark.parametrize("make", [sherpa, piper])
def test_a_neural_voice_speaks_when_it_is_there(tmp_path: Path, make) -> None:
    """A model in var/voices speaks instead of espeak."""
    make(tmp_path / "voices" / "tiny")
    voice = Voice(tmp_path / "cache", tmp_path / "voices")
    try:
        clip = voice.prepare(say(TEXT)).result(60)
        assert voice.status().engine.startswith(("sherpa-onnx", "piper"))
        assert voice.status().passed_over == ()
        assert clip.speech_end_s > 1.5
        assert pitch(heard(clip.path)[0]) == pytest.approx(421, abs=3)  # the model's tone
    finally:
        voice.close()
    assert describe_voices(tmp_path / "voices")[0][1] == "speaks"


def test_a_model_that_kills_its_process_is_replaced(tmp_path: Path) -> None:
    """sherpa-onnx kills the process over a model without metadata: espeak speaks, and `doctor` has the reason."""
    sherpa(tmp_path / "voices" / "tiny", whole=False)
    voice = Voice(tmp_path / "cache", tmp_path / "voices")
    try:
        assert voice.prepare(say(TEXT)).result(60).speech_end_s > 3
        assert voice.status().engine.startswith("espeak-ng")
        assert voice.status().passed_over == (("neural", "加载时出错退出了"),)
    finally:
        voice.close()
