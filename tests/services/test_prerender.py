"""The timetable's texts are rendered ahead exactly as announced later; rendering does not count as announcing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from fakes import SHANGHAI
from office_made import House, house

from controller.sales.people import PersonRow
from controller.services.prerender import MOST_PEOPLE, TEXTS_AT_ONCE
from controller.sound.tts.script import Script

FIRST = datetime(2026, 12, 1, 8, 0, tzinfo=SHANGHAI)  # the month's first working day


def asked(office: House) -> list[str]:
    """Return and clear the first characters of each text that the voice was given."""
    texts = [script.segments[0].text[:6] for script in office.voice.asked]
    office.voice.asked.clear()
    return texts


def said(office: House, clock: str) -> Script:
    """Return the script that the announcer gets at that moment."""
    office.go_to(clock)
    (job,) = office.announcer.jobs
    office.announcer.say(office.clock)
    return replace(job.script, chime=None)  # the player adds the chime


def test_fixed_texts_are_rendered_shortly_after_a_start(tmp_path: Path) -> None:
    """After the first seconds greeting, free text and the text without sales are rendered; just these are announced."""
    with house(tmp_path, FIRST) as office:
        assert asked(office) == []
        office.go_to("08:00:04")
        assert asked(office) == []
        office.clock.go(seconds=2)
        office.keeper.refresh()
        rendered = list(office.voice.asked)
        assert asked(office) == ["新的一个月开", "请大家到前面", "今天还没有签"]
        office.keeper.refresh()
        assert asked(office) == []
        assert said(office, "08:50") == rendered[0]
        assert said(office, "13:00") == rendered[1]
        assert said(office, "18:00") == rendered[2]


def test_an_edited_text_is_rendered_ahead(tmp_path: Path) -> None:
    """A new text for 13:00 is rendered within seconds of the edit, hours ahead."""
    with house(tmp_path, FIRST) as office:
        office.clock.go(seconds=10)
        office.keeper.refresh()
        asked(office)
        text = office.file.read_text("utf-8").replace(
            "请大家到前面来，总经理", "颁奖了，请大家到前面来，总经理"
        )
        office.file.write_text(text, "utf-8")
        assert office.timetable_file.refresh()
        office.keeper.refresh()
        assert "颁奖了，请大" in asked(office)


def test_texts_with_figures_are_rendered_a_minute_before(tmp_path: Path) -> None:
    """Top sales and results are rendered just before their cue, as announced then, and use up no variant."""
    with house(tmp_path, datetime(2026, 11, 25, 17, 0, tzinfo=SHANGHAI)) as office:
        office.deal("王小明", 20000)
        office.announcer.say(office.clock)
        office.clock.go(seconds=10)
        office.keeper.refresh()
        assert asked(office) == []
        for early, before, moment in (("17:58", "17:59:01", "18:00"), ("18:03:50", "18:04:01", "18:05")):
            office.go_to(early)
            assert asked(office) == []
            used = used_up(office)
            office.go_to(before)
            office.keeper.refresh()
            (rendered,) = office.voice.asked
            assert used_up(office) == used
            asked(office)
            assert said(office, moment) == rendered
            assert used_up(office) != used
            asked(office)


def kept_texts(office: House) -> list[str]:
    """Return and clear the texts whose clauses the voice was given to keep."""
    texts = [script.segments[0].text for script in office.voice.learnt]
    office.voice.learnt.clear()
    return texts


def test_names_with_the_common_products_are_rendered_in_idle_time(tmp_path: Path) -> None:
    """A natural voice renders clauses of likely deals without sums once, beginning with people who sold today."""
    with house(tmp_path, FIRST.replace(hour=10)) as office:
        office.deal("李思思", 3000)
        office.voice.natural = True
        office.keeper.refresh()
        office.clock.go(seconds=20)
        office.keeper.refresh()
        assert kept_texts(office) == []  # music, web and walls come first
        office.clock.go(seconds=11)
        office.keeper.refresh()
        texts = kept_texts(office)
        assert 0 < len(texts) <= TEXTS_AT_ONCE  # building scripts must not delay the music
        for _ in range(200):
            office.clock.go(seconds=0.1)
            office.keeper.refresh()
        texts += kept_texts(office)
        assert "李思思" in texts[0]
        assert any("王小明签了一单网络招聘" in text for text in texts)
        assert not [text for text in texts if "金额" in text or "amount" in text]
        office.clock.go(seconds=61)
        office.keeper.refresh()
        assert kept_texts(office) == []


def test_a_slow_machine_renders_the_parts_of_sums_in_idle_time(tmp_path: Path) -> None:
    """Sums that occurred often come first and whole, then the parts of others; a quick machine renders none."""
    with house(tmp_path, FIRST.replace(hour=10)) as office:
        office.deal("李思思", 12800)
        office.deal("王小明", 12800)
        office.voice.natural = True
        office.clock.go(seconds=31)
        office.keeper.refresh()
        assert not [text for text in kept_texts(office) if "金额" in text]
        office.voice.pace = 4.0
        for _ in range(20):
            office.clock.go(seconds=0.1)
            office.keeper.refresh()
        sums = [text for text in kept_texts(office) if "元" in text or "金额" in text]
        assert sums[:3] == ["金额是一万两千八百元，", "金额是一万元，", "金额是一万，"]


NAMES = [
    f"{first}{second}"
    for first in "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦"
    for second in "伟芳娜敏静丽强磊军洋勇艳杰涛明超"
]


def test_a_large_office_is_rendered_in_part(tmp_path: Path) -> None:
    """Of 288 people the sixty likeliest are rendered, five texts at a time."""
    with house(tmp_path, FIRST.replace(hour=10)) as office:
        with office.store.write() as session:
            for name in NAMES:
                session.roster.save_person(PersonRow("雄鹰队", name))
        office.voice.natural = True
        office.keeper.refresh()
        texts = []
        for _ in range(150):
            office.clock.go(seconds=0.4)
            office.keeper.refresh()
            fresh = kept_texts(office)
            assert len(fresh) <= TEXTS_AT_ONCE
            texts += fresh
        named = {name for name in NAMES if any(name in text for text in texts)}
        assert 30 < len(named) <= MOST_PEOPLE


def test_the_round_up_is_rendered_ahead(tmp_path: Path) -> None:
    """The round-up's clauses are rendered in the ten minutes before the full hour, exactly as announced then."""
    with house(tmp_path, FIRST.replace(hour=10, minute=40)) as office:
        office.deal("王小明", 3000)
        office.announcer.say(office.clock)
        office.deal("李思思", 1200)
        office.voice.natural = True
        office.clock.go(seconds=40)
        office.keeper.refresh()
        office.go_to("10:51:10")
        rendered = kept_texts(office)
        spoken = said(office, "11:00").segments[0].text
        assert "一千二百元" in spoken
        assert spoken in rendered


def test_the_results_are_rendered_ahead_for_ten_minutes(tmp_path: Path) -> None:
    """From 17:55 on the clauses of the 18:05 results are rendered, again each minute with the present figures."""
    with house(tmp_path, FIRST.replace(hour=17, minute=54)) as office:
        office.voice.natural = True
        office.keeper.refresh()
        office.clock.go(seconds=31)
        office.keeper.refresh()
        assert not [text for text in kept_texts(office) if "目标" in text]
        office.go_to("17:56")
        before = kept_texts(office)
        office.deal("王小明", 30000)
        office.go_to("17:57:10")
        after = kept_texts(office)
        assert before
        assert [text for text in after if "三万元" in text] != [text for text in before if "三万元" in text]


def test_the_fallback_voice_renders_nothing_in_idle_time(tmp_path: Path) -> None:
    """Its sentences take milliseconds, so no deals are rendered in advance."""
    with house(tmp_path, FIRST.replace(hour=10)) as office:
        office.keeper.refresh()
        office.clock.go(seconds=40)
        office.keeper.refresh()
        assert kept_texts(office) == []


def used_up(office: House) -> tuple[object, ...]:
    """Return the variants that count as used, and the day's frozen results."""
    with office.store.read() as session:
        texts = [tuple(session.settings.used(name)) for name in ("top_sales_of_day", "comment")]
        return (*texts, session.settings.results(office.clock.now().date()))
