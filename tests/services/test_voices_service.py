"""Choice of voices: the phone overrides the timetable, English is read as English, and people get clear messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from fakes import SHANGHAI
from office_made import ROOT, House, house

from controller.sales.model import Announcement, Line, Refused, StoredScript
from controller.services.scripts import ScriptBuilder, language_of
from controller.services.voices import Choice, Speaking, folders, key_of
from controller.sound.tts import speakers
from controller.sound.tts.plan import VoiceStatus
from controller.timetable.model import VOICES, SoundSettings

MORNING = datetime(2026, 11, 24, 9, 30, tzinfo=SHANGHAI)
ESPEAK = VoiceStatus("espeak-ng 1.52 cmn rate 195 pitch 52", (), None, None)
KOKORO = VoiceStatus("Kokoro-82M v1.0 int8", (), None, None, natural=True)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, MORNING) as made:
        yield made


class Drawer(dict[str, object]):
    """Preferences without a store."""

    def set(self, name: str, value: object) -> None:
        self[name] = value


class Fixed:
    """A voice with a fixed status that records its engine."""

    def __init__(self, status: VoiceStatus) -> None:
        self.fixed, self.engine = status, ""

    def status(self) -> VoiceStatus:
        return self.fixed

    def use(self, engine: str) -> None:
        self.engine = engine


def speaking(folder: Path, status: VoiceStatus = ESPEAK, **sound: object) -> Speaking:
    settings = SoundSettings(**sound)  # type: ignore[arg-type]
    return Speaking(lambda: settings, Drawer(), folder, Fixed(status))  # type: ignore[arg-type]


def installed(folder: Path, *keys: str) -> Path:
    """Return a folder of voices with the natural voice's model and these speakers."""
    natural = folder / speakers.FOLDER
    natural.mkdir(parents=True)
    for name in ("kokoro-v1.0.int8.onnx", *(f"{key}.bin" for key in keys)):
        (natural / name).touch()
    return folder


def said(office: House) -> tuple[str, float]:
    office.announcer.say(office.clock)
    office.office.speech.announce("大家好。", f"k{office.clock.mono}")
    office.clock.go(seconds=1)
    return office.announcer.jobs[0].script.voice, office.announcer.jobs[0].script.speed


def test_every_name_that_the_timetable_allows_is_a_voice() -> None:
    """The file may name exactly auto, espeak and each Mandarin speaker."""
    assert [key_of(name, ()) for name in VOICES] == ["auto", "espeak", *(s.key for s in speakers.mandarin())]
    assert key_of(" XiaoBei ", ()) == "zf_xiaobei"
    assert key_of("晓晓（女声）", ()) == "zf_xiaoxiao"
    assert key_of("af_heart", ()) is None


def test_the_phone_overrides_the_timetable_and_survives_a_restart(office: House) -> None:
    """A choice on the phone applies at once and after a restart; None restores the timetable's voice."""
    assert said(office) == ("", 1.0)
    office.office.speaking.choose(voice="晓贝", speed=0.9)
    assert said(office) == ("zf_xiaobei", 0.9)
    office.close()
    office.open()
    assert said(office) == ("zf_xiaobei", 0.9)
    office.office.speaking.choose(voice=None)
    assert said(office) == ("", 0.9)
    office.office.speaking.choose(speed=None)
    assert said(office) == ("", 1.0)


def test_a_chosen_voice_updates_the_phones_and_is_rendered_ahead(office: House) -> None:
    """Choosing a voice gives a new revision, and the timetable's fixed texts are rendered again with it."""
    office.clock.go(seconds=10)
    office.keeper.refresh()
    before = [script.segments for script in office.voice.asked]
    assert before
    office.voice.asked.clear()
    revision = office.feed.revision
    office.office.speaking.choose(voice="yunyang")
    assert office.feed.revision > revision
    office.keeper.refresh()
    assert [script.segments for script in office.voice.asked] == before
    assert {script.voice for script in office.voice.asked} == {"zm_yunyang"}


def test_results_have_a_separate_voice(office: House) -> None:
    """results_voice announces top sales and results; typed announcements, deals and the rest use the other voice."""
    office.office.speaking.choose(voice="xiaoni", results_voice="yunjian")
    office.deal("王小明", 30000)
    (deal,) = office.announcer.say(office.clock)
    office.go_to("18:00")
    (top,) = office.announcer.say(office.clock)
    office.go_to("18:05")
    (results,) = office.announcer.say(office.clock)
    voices = [job.script.voice for job in (deal, top, results)]
    assert voices == ["zf_xiaoni", "zm_yunjian", "zm_yunjian"]
    office.office.speaking.choose(results_voice="same")
    office.office.speech.repeat(results.id)
    assert office.announcer.jobs[0].script.voice == "zf_xiaoni"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"voice": "晓小"}, "晓晓"),
        ({"voice": "xiaobai"}, "是不是“xiaobei”？"),
        ({"voice": "same"}, "可以选：auto、espeak、晓晓"),
        ({"results_voice": "../kokoro"}, "战报的语音不能是“../kokoro”。可以选：same、auto、晓晓"),
        ({"results_voice": "espeak"}, "战报的语音不能是“espeak”"),
        ({"voice": ""}, "可以选"),
        ({"speed": 0.69}, "0.7 到 1.4"),
        ({"speed": 1.41}, "0.7 到 1.4"),
        ({"speed": float("nan")}, "0.7 到 1.4"),
    ],
)
def test_an_unknown_voice_is_refused(office: House, change: dict[str, object], words: str) -> None:
    """The refusal names the field and the available voices; nothing changes, not even the other field."""
    with pytest.raises(Refused) as refused:
        office.office.speaking.choose(**{"voice": "yunxi", **change})
    assert words in refused.value.sentence
    assert refused.value.field == next(iter(change))
    assert said(office) == ("", 1.0)


def test_a_misspelt_voice_in_the_timetable_counts_as_auto_and_is_reported(tmp_path: Path) -> None:
    """The office uses its default; one sentence names the wrong value and the one that was probably meant."""
    voices = speaking(tmp_path, voice="yunxia0", results_voice="晓四")
    assert voices.timetable() == Choice("auto", 1.0, "same")
    assert "是不是“yunxia”？" in str(voices.unknown())
    assert speaking(tmp_path, voice="yunxia").unknown() is None


def test_a_folder_with_a_model_is_a_voice(tmp_path: Path) -> None:
    """A folder with a model under var/voices can be chosen by its name; the natural voice's folder cannot."""
    installed(tmp_path)
    for name in ("zh-baker", ".half", "empty"):
        (tmp_path / name).mkdir()
    for name in ("zh-baker", ".half"):
        (tmp_path / name / "model.onnx").touch()
    assert folders(tmp_path) == ("zh-baker",)
    own = speaking(tmp_path, voice="zh-baker", results_voice="云健")
    assert [own.engine_of(own.choice().voice), own.of("say"), own.of("results")] == [
        "zh-baker",
        ("", 1.0),
        ("", 1.0),
    ]
    assert speaking(tmp_path, voice="kokoro").unknown() is not None


def test_the_chosen_engine_speaks(office: House, tmp_path: Path) -> None:
    """espeak is an engine, a speaker is not: a choice reaches the voice at once, an edit at the next look."""
    assert office.voice.engine == "auto"
    office.office.speaking.choose(voice="espeak")
    assert (office.voice.engine, said(office)) == ("espeak", ("", 1.0))
    office.office.speaking.choose(voice="yunxi")
    assert (office.voice.engine, said(office)) == ("auto", ("zm_yunxi", 1.0))
    office.office.speaking.choose(voice=None)
    edited = office.file.read_text("utf-8").replace("  voice: auto ", "  voice: espeak ")
    office.file.write_text(edited, "utf-8")
    assert office.timetable_file.refresh()
    office.keeper.refresh()
    assert office.voice.engine == "espeak"
    revision = office.feed.revision
    office.voice.speaks = "espeak-ng 1.52"
    office.keeper.refresh()
    office.keeper.refresh()
    assert office.feed.revision == revision + 1  # one hint to the phones that another engine speaks
    voices = installed(tmp_path / "more", "zm_yunxi")
    (voices / "zh-baker").mkdir()
    (voices / "zh-baker" / "model.onnx").touch()
    both = speaking(voices)
    assert [both.engine_of(key) for key in ("auto", "zm_yunxi", "zh-baker")] == ["auto", "kokoro", "zh-baker"]


def test_the_speaking_voice_has_a_plain_name_and_a_reason(tmp_path: Path) -> None:
    """Backup, natural and not-yet-installed voices have words for people and the reason when another was chosen."""
    nothing = speaking(tmp_path / "none").speaks()
    assert (nothing.kind, nothing.name) == ("backup", "备用语音（espeak）")
    assert nothing.why == nothing.missing == "自然语音还没有安装。"
    usual = next(s for s in speakers.mandarin() if s.key == speakers.DEFAULT).name.split("（")[0]
    there = installed(tmp_path, speakers.DEFAULT, "zm_yunxi")
    assert speaking(there).speaks().why == "有的声音还没有安装。"
    assert speaking(there, voice="espeak").speaks().why == "选的就是备用语音。"
    unfit = VoiceStatus(ESPEAK.engine, (("kokoro", "内存不够"),), None, None)
    assert speaking(there, unfit).speaks().why == "自然语音用不了：内存不够。"
    assert speaking(there, KOKORO).speaks().name == f"自然语音（{usual}）"
    chosen = speaking(there, KOKORO, voice="云希").speaks()
    assert (chosen.kind, chosen.name, chosen.why) == ("natural", "自然语音（云希）", "")
    missing = speaking(there, KOKORO, voice="云健").speaks()
    assert (missing.name, missing.why) == (f"自然语音（{usual}）", f"云健还没有安装，先由{usual}播报。")
    assert speaking(there, VoiceStatus("", (), None, None)).speaks().kind == "none"


def test_a_sample_is_only_of_an_installed_voice(tmp_path: Path) -> None:
    """A sample of a voice that is not installed is refused, not replaced; speed alone keeps the voice."""
    voices = speaking(installed(tmp_path, "zm_yunxi"), voice="云希")
    assert voices.sample(speed=1.2) == ("zm_yunxi", 1.2)
    assert voices.sample("auto") == ("auto", 1.0)
    with pytest.raises(Refused, match="晓贝（女声）还没有安装"):
        voices.sample("xiaobei")
    with pytest.raises(Refused, match="没有叫“晓五”的语音"):
        voices.sample("晓五")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Meeting at 15:00 in room 3", "en"),
        ("Ｍｅｅｔｉｎｇ now", "en"),
        ("Bonjour à tous", "en"),
        ("VIP", "en"),
        ("E聘 top sales", "zh"),
        ("恭喜Amy签了一单VIP", "zh"),
        ("𠮷 ok", "zh"),
        ("15:00", "zh"),
        ("shan4 xiao3 ming2", "zh"),
        ("shàn xiǎo míng", "zh"),
        ("😀", "zh"),
        ("Привет", "zh"),
        ("", "zh"),
        ("¥3.5w", "zh"),
        ("35w!", "zh"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    """English has Latin words and no Chinese character; pinyin with its tones is Chinese."""
    assert language_of(text) == language


def test_an_english_announcement_has_english_numbers(office: House) -> None:
    """A typed English announcement reaches the voice as English, with English numbers and without pinyin for names."""
    office.office.people.update(office.office.people.active()[0].id, name="Amy", say_as="ai4 mi3")
    office.office.speech.announce("Amy, meeting at 15:00 in room 3", "k")
    (segment,) = office.announcer.jobs[0].script.segments
    assert (segment.text, segment.language) == ("Amy, meeting at fifteen hundred in room three", "en")


def test_a_chinese_announcement_stays_in_one_language() -> None:
    """A line of Latin letters inside a Chinese announcement is read by the same voice as the rest."""
    script = StoredScript((Line("第一名是"), Line("Amy Smith 3")), None)
    results = Announcement(1, "k", "results", "", "waiting", "", MORNING, None, script=script)
    built = ScriptBuilder(ROOT / "sounds").build(results, {})
    assert [segment.language for segment in built.segments] == ["zh", "zh"]
