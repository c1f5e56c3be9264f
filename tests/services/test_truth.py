"""Form, row, wall, log and API agree with the device on each announcement, and none is lost."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import holidays_made
import pytest
import yaml
from fakes import SHANGHAI, FakeDevice, ReadyVoice
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from office_made import PEOPLE, ROOT
from office_made import House as Made
from office_made import house as made_house

from controller.clock import Clock
from controller.feed import Feed
from controller.hearing import MUTED, NO_DEVICE, QUIET, VOLUME_0, Facts, hearing
from controller.sales.model import DROPPED, HEARD, MERGED, NOT_HEARD, PLAYING, WAITING, Refused, Unsayable
from controller.sales.store import Store
from controller.services import Office, Parts
from controller.sound.announcer import Announcer
from controller.sound.library import Library
from controller.sound.speaker import Event
from controller.timekeeper import Timekeeper
from controller.timetable.current import TimetableFile
from controller.timetable.load import json_schema
from signage.phone import done_lines
from signage.wall_state import wall_state
from tests.forms import examples

AFTERNOON = datetime(2026, 11, 24, 14, 40, tzinfo=SHANGHAI)
NAP = AFTERNOON.replace(hour=12, minute=40)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Made]:
    with made_house(tmp_path, AFTERNOON) as house:
        house.deal("赵磊", 100)  # the week's first deal: no later deal is "first"
        house.announcer.say(house.clock)
        yield house


def row_of(house: Made, deal: int) -> dict[str, object]:
    """Return the deal's row under 刚才."""
    glance = house.office.snapshot.glance()
    today = glance.plan.date
    rows = done_lines(
        house.office.deals.of_day(today),
        house.office.announced.of_day(today),
        glance.now,
        glance.sounding.hearing,
    )
    return next(row for row in rows if row["id"] == deal)


# ---- audibility


@pytest.mark.parametrize(
    ("facts", "sentence", "at_once"),
    [
        (Facts(), "", "立即播报"),
        (Facts(volume=0), "总音量是 0，办公室听不到。", "总音量是 0，调大后播报"),
        (Facts(device=None), "没有音响设备，办公室现在听不到声音。", "没有音响，恢复后播报"),
        (Facts(muted_until=AFTERNOON), "正在静音，到 14:40 为止。", "立即播报"),
        (
            Facts(quiet_until=NAP, quiet_name="小憩时间"),
            "小憩时间，12:40 以前没有声音。",
            "立即播报",
        ),
        (
            Facts(voice_fault="没有"),
            "没有能用的语音，播报只有提示音，内容在大屏上。",
            "立即播报，但没有语音，只有提示音，内容在大屏上",
        ),
    ],
)
def test_each_reason_has_its_sentence(facts: Facts, sentence: str, at_once: str) -> None:
    """Volume 0, no device, mute, quiet time and a missing voice each have a sentence."""
    state = hearing(facts)
    assert (state.sentence, state.at_once, state.hears) == (sentence, at_once, not sentence)


def no_volume(house: Made) -> None:
    house.office.music.set_volume(0)


def no_device(house: Made) -> None:
    house.speaker.alive = False


@pytest.mark.parametrize(
    ("deafen", "why", "row", "what"),
    [
        (no_volume, "超过一万元，总音量是 0，调大后播报。", "等音量调大", "总音量是 0，办公室听不到。"),
        (
            no_device,
            "超过一万元，没有音响，恢复后播报。",
            "等音响恢复",
            "没有音响设备，办公室现在听不到声音。",
        ),
    ],
)
def test_form_row_trouble_and_wall_say_the_same(
    office: Made, deafen: Callable[[Made], None], why: str, row: str, what: str
) -> None:
    """While the office is not audible nothing promises "at once"; the walls celebrate silently, at once."""
    deafen(office)
    sentence, decision = office.office.deals.preview("陈芳", "网络招聘", 22000)
    sold = office.deal("陈芳", 22000)
    said = office.office.speech.announce("大家好", "hello")
    assert decision.why == sold.decision.to_json()["why"] == why
    assert sold.decision.to_json()["held"] == said.decision.to_json()["held"]
    assert "立即" not in str(said.decision.to_json()["why"])
    assert row_of(office, sold.id)["state"] == row
    glance = office.office.snapshot.glance()
    assert what in [trouble.what for trouble in glance.problems if trouble.serious]
    assert not glance.sounding.hearing.hears
    assert glance.on_air is not None
    assert glance.on_air.text == sentence == sold.sentence
    assert wall_state(glance, "main")["scene"] == "celebration"
    office.clock.go(seconds=13)
    office.keeper.refresh()
    shown = office.office.snapshot.glance().on_air
    assert shown is not None
    assert shown.text == "大家好"  # one after the other
    office.clock.go(seconds=13)
    assert office.office.snapshot.glance().on_air is None


def test_volume_zero_reaches_the_announcer_at_once(office: Made) -> None:
    """Once the phone has its answer, no announcement can start inaudibly, without waiting for another thread."""
    office.office.music.set_volume(0)
    assert office.announcer.heard is False
    office.office.music.set_volume(5)
    assert office.announcer.heard is True
    assert office.office.snapshot.glance().sounding.hearing.low


def test_the_wall_shows_mute_and_play_is_refused_with_a_reason(office: Made) -> None:
    """While muted the wall shows the end of mute, and 播放 is refused with the reason, not with an empty answer."""
    office.office.music.mute_until(AFTERNOON.replace(hour=15, minute=30).time())
    assert "正在静音，到 15:30 为止。" in wall_state(office.office.snapshot.glance(), "main")["notices"]
    with pytest.raises(Refused, match="正在静音，到 15:30 为止"):
        office.office.music.play("rousing")
    for wrong in ("14:30", "19:30"):
        with pytest.raises(Refused, match="四小时以内"):
            office.office.music.mute_until(datetime.strptime(wrong, "%H:%M").time())  # noqa: DTZ007


# ---- stop and undo


def test_stop_loses_no_deal_and_can_be_undone(office: Made) -> None:
    """Stopped deals are merged into the next round-up; 恢复 returns the waiting ones to the queue, once."""
    office.deal("陈芳", 25800)
    waits = office.deal("李思思", 31000)
    said = office.office.speech.announce("下午茶", "tea")
    on_air = office.announcer.jobs[0]
    office.office.queue.on_report(_playing(office, on_air.id))
    assert office.office.speech.stop_all() == 2
    assert all(a.state in (MERGED, DROPPED) for a in _of_today(office) if a.id in (on_air.id, said.id))
    late = [a for a in _of_today(office) if a.key.startswith("late:")]
    assert [a.why for a in late] == ["有人按了停止，15:00 一起播报。"] * 2
    assert office.office.speech.undo_stop() == 2
    assert sorted(job.script.segments[0].text[:2] for job in office.announcer.jobs) == ["下午", "恭喜"]
    with pytest.raises(Refused):
        office.office.speech.undo_stop()
    office.announcer.say(office.clock)
    assert str(row_of(office, waits.id)["state"]).startswith("已播")
    office.go_to("15:00:01")
    (roundup,) = [a for a in _of_today(office) if a.kind == "roundup"]
    assert [d.amount for d in _deals(office, roundup.deals)] == [25800, 100] or roundup.deals == (2,)


def test_everything_not_taken_back_can_be_repeated(office: Made) -> None:
    """A stopped announcement offers 再播一次 and the reason it was not heard; a deal taken back offers neither."""
    said = office.office.speech.announce("开会", "meet")
    office.office.speech.stop_all()
    assert office.office.speech.repeat(said.id).created
    sold = office.deal("陈芳", 22000)
    office.announcer.say(office.clock)
    assert row_of(office, sold.id)["again"]
    office.office.deals.void(sold.id, "报错了")
    assert not row_of(office, sold.id)["again"]
    ident = next(a.id for a in _of_today(office) if sold.id in a.deals)
    with pytest.raises(Refused, match="已经撤回"):
        office.office.speech.repeat(ident)


def test_music_and_volume_stay_as_a_person_left_them(office: Made) -> None:
    """Music stopped by a person stays stopped after an announcement; a volume set during one is kept."""
    office.office.music.play("rousing")
    office.keeper.refresh()
    assert office.speaker.order is not None
    office.office.music.stop()
    office.office.speech.announce("大家好", "m9")
    office.keeper.refresh()
    job = office.announcer.jobs[0]
    office.office.queue.on_report(_playing(office, job.id))
    office.office.music.set_volume(20)
    office.announcer.say(office.clock)
    office.clock.go(seconds=10)
    office.keeper.refresh()
    assert office.speaker.order is None
    assert office.speaker.volume == office.office.snapshot.glance().sounding.volume == 20


def test_the_music_has_a_separate_volume(office: Made) -> None:
    """Halving it changes the music command and neither speech nor master volume."""
    office.office.music.play("rousing")
    office.keeper.refresh()
    assert office.speaker.order is not None
    before = office.speaker.order.volume
    office.office.music.set_music_volume(50)
    office.keeper.refresh()
    assert office.speaker.order.volume == round(before / 2)
    assert office.speaker.volume == 100


# ---- round-ups: one event, two media


def test_voice_and_wall_name_the_same_people_in_sequence(office: Made) -> None:
    """The number counts the hour's deals; voice and wall name people best first, with the same sum."""
    for person, amount in (("王小明", 980), ("陈芳", 9900), ("李思思", 2000), ("单晓明", 25000)):
        office.deal(person, amount)
    office.announcer.say(office.clock)
    office.go_to("15:00:01")
    (said,) = [a for a in _of_today(office) if a.kind == "roundup"]
    assert "一共签了五单，合计三万七千九百八十元" in said.text
    assert "还有三单，合计一万二千八百八十元" in said.text or "还有三单，合计一万两千八百八十元" in said.text
    office.office.queue.on_report(_playing(office, said.id))
    picture = wall_state(office.office.snapshot.glance(), "main")["celebration"]
    assert [item["person"] for item in picture["items"]] == ["陈芳", "李思思", "王小明"]
    assert picture["amount"] == "12880.00"
    places = [said.text.index(f"的{item['person']}，") for item in picture["items"]]
    assert places == sorted(places)


def test_a_hidden_person_keeps_their_rank_without_a_name(office: Made) -> None:
    """The round-up's list and text on the wall have the same deals and sums in sequence, without the name."""
    hidden = next(person for person in office.office.people.active() if person.name == "陈芳")
    office.office.people.update(hidden.id, hidden=True)
    for person, amount in (("王小明", 980), ("陈芳", 9900), ("李思思", 2000), ("陈芳", 3000)):
        office.deal(person, amount)
    office.go_to("15:00:01")
    (said,) = [a for a in _of_today(office) if a.kind == "roundup"]
    office.office.queue.on_report(_playing(office, said.id))
    for wall in ("main", "猛虎队"):
        state = wall_state(office.office.snapshot.glance(), wall)
        assert [(item["person"], item["amount"]) for item in state["celebration"]["items"]] == [
            ("一位同事", "9900.00"), ("一位同事", "3000.00"), ("李思思", "2000.00"), ("王小明", "980.00"),
        ]  # fmt: skip
        assert "陈芳" not in json.dumps(state, ensure_ascii=False)


def test_a_burst_is_shown_in_the_sequence_of_the_voice(office: Made) -> None:
    """三单连开 lists the best first on the wall, as in the voice."""
    office.office.music.mute_for(10)
    for person, amount in (("王小明", 11600), ("陈芳", 13500), ("李思思", 10600)):
        office.deal(person, amount)
    office.office.music.mute_for(0)
    office.keeper.refresh()
    (said,) = [a for a in _of_today(office) if a.kind == "burst"]
    office.office.queue.on_report(_playing(office, said.id))
    picture = wall_state(office.office.snapshot.glance(), "main")["celebration"]
    assert [item["person"] for item in picture["items"]] == ["陈芳", "王小明", "李思思"]


# ---- emergency


@pytest.mark.parametrize("start", [AFTERNOON, NAP], ids=["muted", "nap"])
def test_an_emergency_is_played_and_shown_at_once(start: datetime, tmp_path: Path) -> None:
    """During quiet time, mute and at volume 0 it is queued as urgent and fills every wall, also one that is off."""
    with made_house(tmp_path, start) as house:
        house.office.music.set_volume(0)
        house.office.music.mute_for(30)
        house.keeper.refresh()
        said = house.office.speech.emergency("请大家马上离开大楼", "fire")
        assert said.decision.to_json() == {"kind": "emergency", "when": "now", "why": "紧急广播，立即播报。"}
        (job,) = house.announcer.jobs
        assert job.urgent
        assert [segment.text for segment in job.script.segments] == ["请大家马上离开大楼"] * 2
        assert job.script.chime is not None
        assert job.script.chime.name == "emergency.ogg"
        assert house.announcer.begin(house.clock) is not None
        assert wall_state(house.office.snapshot.glance(), "main")["scene"] == "celebration"
        house.announcer.say(house.clock)
        house.clock.go(seconds=20)
        assert (
            wall_state(house.office.snapshot.glance(), "main")["celebration"]["text"] == "请大家马上离开大楼"
        )
        house.clock.go(seconds=40)
        assert wall_state(house.office.snapshot.glance(), "main")["scene"] != "celebration"
        assert not house.office.speech.emergency("请大家马上离开大楼", "fire").created
        with pytest.raises(Refused, match="最多"):
            house.office.speech.emergency("火" * 101, "long")


def _playing(house: Made, ident: int):  # type: ignore[no-untyped-def]
    from controller.sound.playback import Report

    now = house.clock.monotonic()
    return Report(ident, "playing", "正在播报。", now, now + 9)


def _of_today(house: Made):  # type: ignore[no-untyped-def]
    return house.office.announced.of_day(house.clock.now().date())


def _deals(house: Made, idents: tuple[int, ...]):  # type: ignore[no-untyped-def]
    return [deal for deal in house.office.deals.of_day(house.clock.now().date()) if deal.id in idents]


# ---- every change reaches every screen


EDITS = {
    "office": ("office: 北京分公司", "office: 上海分公司"),
    "city": ("city: 北京", "city: 上海"),
    "cities": ("[上海, 广州, 深圳]", "[广州, 深圳]"),
    "timezone": ("timezone: Asia/Shanghai", "timezone: Asia/Hong_Kong"),
    "holidays": ("holidays: CN", "holidays: none"),
    "days_off": ("days_off: []", "days_off: [2026-12-31]"),
    "extra_workdays": ("extra_workdays: []", "extra_workdays: [2026-12-26]"),
    "rhythm": ("name: 拔营略寨", "name: 拔寨"),
    "cues": ("say: 请大家到前面来", "say: 请到前面来"),
    "duties": ("what: 周会", "what: 例会"),
    "broadcasts": ("      - 整点战报，过去", "      - 战报，过去"),
    "results": ("收好战果", "带好战果"),
    "comments": ("积少成多", "聚少成多"),
    "new_customers": ("friday: 7%", "friday: 6%"),
    "prizes": ("day: 一份小奖品", "day: 一份大奖品"),
    "sound": ("fade_in_s: 2", "fade_in_s: 3"),
    "walls": ("theme: ink", "theme: paper"),
    "links": ("kind: wecom", "kind: feishu"),
    "measures": ("name: 电话", "name: 拜访"),
    "backup": ("days: 14", "days: 7"),
    "health": ("daily: 18:30", "daily: 18:40"),
    "a fault": ("timezone: Asia/Shanghai", "timezone: Asia/Shanghia"),
}


ADDED = """
links:
  groups:
    测试群: {kind: wecom}
  bots:
    测试群: {kind: wecom_bot, chats: [c1], senders: [s1]}
  webhooks:
    CRM: {send: deals}
  mail: {server: mail.example.com, user: zhangu@example.com, sender: zhangu@example.com}
backup: {days: 14, folder: /media/stick}
health: {daily: 18:30}
"""
"""Sections that the shipped file does not have."""


def test_every_section_of_the_timetable_has_an_edit() -> None:
    """A new section of the file needs an edit in `EDITS`."""
    assert set(json_schema()["properties"]) == set(EDITS) - {"a fault"}


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    shipped = (ROOT / "config" / "rhythm.yaml").read_text(encoding="utf-8")
    shipped = shipped.replace("measures: []", "measures: [{name: 电话, unit: 个}]")
    with made_house(tmp_path_factory.mktemp("edited"), AFTERNOON, shipped + ADDED) as house:
        yield house


@pytest.mark.parametrize("section", EDITS)
def test_every_edit_and_its_repair_reach_every_screen(edited: Made, section: str) -> None:
    """An edit of any part of the timetable, a fault and its repair each increase the revision."""
    good = edited.file.read_text(encoding="utf-8")
    before, after = EDITS[section]
    assert before in good
    try:
        for text in (good.replace(before, after), good):
            revision = edited.feed.revision
            edited.file.write_text(text, encoding="utf-8")
            edited.timetable_file.refresh()
            edited.office.timetable_listener.watch()
            assert edited.feed.revision > revision
            revision = edited.feed.revision
            edited.office.timetable_listener.watch()
            assert edited.feed.revision == revision  # unchanged while nothing changes
    finally:
        edited.file.write_text(good, encoding="utf-8")
        edited.timetable_file.refresh()


# Every setting that the schema declares, edited alone. The list is derived, so it includes new settings.

KEYS = {
    "walls": "大堂",
    "links": "测试群",
    "ceilings": "07:00-08:00",
}  # for mappings keyed by a name or a time
WORDS = ("另一个词", "周三", "Asia/Tokyo", "none", "2026-12-24", "07:01-07:03", "07:02", "11:00", "20000",
         "/media/usb", "https://example.com/x", "other.example.com", "a@example.com")  # fmt: skip


def _settings(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Yield each setting below `node` with values that the schema might allow."""
    inside = [((key,), child) for key, child in node.get("properties", {}).items()]
    for word in ("items", "additionalProperties"):
        inside += [((word,), node[word])] if isinstance(node.get(word), dict) else []
    for more, child in inside:
        yield from _settings(child, path + more)
    if not inside:
        yield path, list(dict.fromkeys(_values(node)))


def _values(node: Any) -> Iterator[str]:
    for choice in node.get("anyOf", ()):
        yield from _values(choice)
    yield from node.get("enum", ())
    if node.get("type") == "boolean":
        yield from ("true", "false")
    yield from (str(node[edge]) for edge in ("minimum", "maximum") if edge in node)
    yield from (word for word in node.get("examples", ()) if isinstance(word, str))
    if node.get("type") == "string" or "exclusiveMinimum" in node:
        yield from WORDS


def _written(text: str, path: tuple[str, ...], value: str) -> str:
    """Return the timetable with that one value; a Chinese key replaces its English one."""
    whole: Any = yaml.load(text, yaml.BaseLoader)
    place: Any = whole
    for step, following in itertools.pairwise(path):
        if step == "items":
            place = place[0]
        else:
            step = KEYS[path[0] if path[0] in KEYS else path[1]] if step == "additionalProperties" else step
            present = place.get(step) if not following.isalpha() or following.isascii() else None
            place[step] = present or ([] if following == "items" else {})
            place = place[step]
    last = path[-1]
    if last == "items":
        place[:] = [value]
    else:
        place[KEYS[path[-2]] if last == "additionalProperties" else last] = value
    return yaml.safe_dump(whole, allow_unicode=True, sort_keys=False)


SETTINGS = dict(_settings(json_schema()))


def test_settings_are_found_at_every_depth() -> None:
    """The list contains a few settings from each level of the schema."""
    assert len(SETTINGS) > 90
    assert SETTINGS.keys() >= {
        ("office",), ("rhythm", "items", "volume"), ("broadcasts", "hourly", "earlier"), ("sound", "duck_db"),
        ("walls", "screens", "additionalProperties", "team"), ("sound", "ceilings", "additionalProperties"),
    }  # fmt: skip


@pytest.mark.parametrize("path", SETTINGS, ids=".".join)
def test_every_setting_reaches_every_screen(edited: Made, path: tuple[str, ...]) -> None:
    """Changing any one setting increases the revision, and so does restoring it."""
    good = edited.file.read_text(encoding="utf-8")
    try:
        for value in SETTINGS[path]:
            before, revision = edited.timetable_file.rhythm, edited.feed.revision
            edited.file.write_text(_written(good, path, value), encoding="utf-8")
            edited.timetable_file.refresh()
            if edited.timetable_file.faults or edited.timetable_file.rhythm == before:
                continue  # not an allowed value, or the present one
            edited.office.timetable_listener.watch()
            assert edited.feed.revision > revision
            break
        else:
            pytest.fail(f"none of {SETTINGS[path]} changes anything: {edited.timetable_file.faults}")
    finally:
        edited.file.write_text(good, encoding="utf-8")
        edited.timetable_file.refresh()
    revision = edited.feed.revision
    edited.office.timetable_listener.watch()
    assert edited.feed.revision > revision


def _untrusted(house: Made) -> None:
    house.clock.rehearsal = False
    house.clock.jump(datetime(2026, 1, 2, 14, 40, tzinfo=SHANGHAI))


CHANGES: dict[str, Callable[[Made], object]] = {
    "volume": lambda house: house.office.music.set_volume(35),
    "music volume": lambda house: house.office.music.set_music_volume(35),
    "mute": lambda house: house.office.music.mute_for(5),
    "the end of a mute": lambda house: house.clock.go(minutes=5),
    "device gone": lambda house: setattr(house.speaker, "alive", False),
    "device back": lambda house: setattr(house.speaker, "alive", True),
    "a new playlist": lambda house: (house.home / "sounds" / "music" / "friday").mkdir(),
    "a playlist gone": lambda house: (house.home / "sounds" / "music" / "friday").rmdir(),
    "the next span": lambda house: house.clock.go_to(AFTERNOON.replace(hour=16, minute=31)),
    "the next day": lambda house: house.clock.go_to(AFTERNOON + timedelta(days=1)),
    "a clock that is not to be trusted": _untrusted,
}


def test_every_other_change_reaches_every_screen(tmp_path: Path) -> None:
    """Changes without an edit (volume, mute and its end, device, playlists, clock) increase the revision."""
    home = tmp_path / "home"
    (home / "sounds" / "music" / "morning").mkdir(parents=True)
    house = Made(tmp_path / "house", AFTERNOON, home=home)
    try:
        house.office.timetable_listener.watch()
        for name, change in CHANGES.items():
            house.clock.go(seconds=30)
            house.office.timetable_listener.watch()
            revision = house.feed.revision
            change(house)
            house.clock.go(seconds=1)
            house.office.timetable_listener.watch()
            assert house.feed.revision > revision, name
    finally:
        house.close()


# ---- random sequences of events


class Living:
    """The real office, announcer, store and timekeeper on a fake device, with a rehearsal's clock."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "config").mkdir()
        text = (ROOT / "config" / "rhythm.yaml").read_text(encoding="utf-8")
        self.file = self.folder / "config" / "rhythm.yaml"
        self.file.write_text(text.replace("sound:\n", "sound:\n  lead_silence_ms: 0\n", 1), encoding="utf-8")
        self.clock = Clock(SHANGHAI, AFTERNOON)
        self.device = FakeDevice()
        self.keys = 0
        holidays_made.bring(self.folder)
        self.forbidden: set[str] = set()  # reasons why only an emergency may sound, from the steps
        self.wrong: list[str] = []
        self.open()
        with self.store.write() as session:
            session.roster.import_people(PEOPLE)

    def open(self) -> None:
        self.timetable_file = TimetableFile(self.file, self.folder / "last-good.yaml")
        self.store = Store(self.folder / "book.db", SHANGHAI)
        self.library = Library(self.folder, self.folder / "cache")
        self.announcer = Announcer(self.device, ReadyVoice())  # type: ignore[arg-type]
        self.device.on_event = self._heard
        self.office = Office(
            Parts(
                self.clock, self.timetable_file, self.store, Feed(), self.announcer, self.device, ReadyVoice(),
                self.library, ROOT / "sounds",
            )  # type: ignore[arg-type]
        )  # fmt: skip
        self.office.timetable_listener.recover()
        self.announcer.start(self.office.queue)
        self.keeper = Timekeeper(self.clock, self.timetable_file, self.office.timetable_listener)
        self.keeper.refresh()

    def step(self, name: str) -> None:
        """Run one step and wait until the office is idle; a lift applies before the step, a prohibition after it."""
        self.forbidden.discard(LIFTS.get(name, ""))
        STEPS[name](self)
        self.settle()
        if name in FORBIDS:
            self.forbidden.add(FORBIDS[name])

    def _heard(self, event: Event) -> None:
        playing = self.device.playing
        if event.kind == "part_started" and self.forbidden and playing is not None and not playing[1]:
            self.wrong.append(f"#{playing[0]} started despite {sorted(self.forbidden)}")
        self.announcer.on_speaker(event)  # type: ignore[arg-type]
        self.office.timetable_listener.on_speaker(event)  # type: ignore[arg-type]

    def close(self) -> None:
        """Stop as the daemon does, cutting off the playing announcement."""
        closing = threading.Thread(target=self.announcer.close)
        closing.start()
        time.sleep(0.003)
        self.device.cut("lost")
        closing.join()
        self.library.close()
        self.store.close()

    def restart(self) -> None:
        self.close()
        self.open()

    def gone(self) -> None:
        self.close()
        shutil.rmtree(self.folder)

    def key(self) -> str:
        self.keys += 1
        return f"k{self.keys}"

    def settle(self) -> None:
        """Wait until an announcement plays, none may start, or none waits."""
        self.keeper.refresh()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            time.sleep(0.002)
            waits = self.office.queue.ahead()
            with self.announcer._changed:
                may = self.announcer._audible and self.announcer._silences.left_s() == 0
                idle = self.announcer._present is None and not (waits and (may or waits[0].urgent))
                idle |= self.device.playing is None and not self.device.alive  # waiting for the device
            plays = self.device.playing is not None and self.state(self.device.playing[0]) == PLAYING
            if idle or plays:
                return

    def state(self, ident: int) -> str:
        with self.store.read() as session:
            announcement = session.outbox.get(ident)
        return announcement.state if announcement else ""


def _edit(living: Living) -> None:
    text = living.file.read_text(encoding="utf-8")
    swap = ("北京分公司", "上海分公司") if "北京分公司" in text else ("上海分公司", "北京分公司")
    living.file.write_text(text.replace(*swap), encoding="utf-8")
    living.timetable_file.refresh()


def _quiet(quiet: bool) -> Callable[[Living], None]:
    def edit(living: Living) -> None:
        text = living.file.read_text(encoding="utf-8").replace(f"{PRESENT}    quiet: true\n", PRESENT)
        assert PRESENT in text
        living.file.write_text(
            text.replace(PRESENT, f"{PRESENT}    quiet: true\n" if quiet else PRESENT), encoding="utf-8"
        )
        living.timetable_file.refresh()

    return edit


PRESENT = "  - at: 14:30-16:30\n    name: 决战时刻\n"
FORBIDS = {"volume 0": "volume 0", "mute": "mute", "quiet time": "quiet time"}
LIFTS = {"volume 40": "volume 0", "unmute": "mute", "quiet time ends": "quiet time"}


def _undo(living: Living) -> None:
    with contextlib.suppress(Refused):
        living.office.speech.undo_stop()


STEPS: dict[str, Callable[[Living], object]] = {
    "big": lambda it: it.office.deals.record("陈芳", "年卡", 20000, it.key()),
    "small": lambda it: it.office.deals.record("李思思", "月卡", 500, it.key()),
    "say": lambda it: it.office.speech.announce(f"第{it.keys}句", it.key()),
    "emergency": lambda it: it.office.speech.emergency("请马上离开", it.key()),
    "ends": lambda it: it.device.end(),
    "volume 0": lambda it: it.office.music.set_volume(0),
    "volume 40": lambda it: it.office.music.set_volume(40),
    "mute": lambda it: it.office.music.mute_for(30),
    "unmute": lambda it: it.office.music.mute_for(0),
    "lose": lambda it: it.device.lose(),
    "find": lambda it: it.device.find(),
    "stop": lambda it: it.office.speech.stop_all(),
    "undo": _undo,
    "restart": lambda it: it.restart(),
    "edit": _edit,
    "quiet time": _quiet(True),
    "quiet time ends": _quiet(False),
}


CAUSES = {"volume 0": VOLUME_0, "mute": MUTED, "quiet time": QUIET}


def agree(living: Living) -> None:
    """Assert that each announcement's state agrees with the device and that no deal is lost."""
    glance = living.office.snapshot.glance()
    announcements = living.office.announced.of_day(AFTERNOON.date())
    deals = living.office.deals.of_day(AFTERNOON.date())
    sound = glance.sounding.hearing
    assert living.wrong == []
    assert sound.hears == (living.device.alive and living.device.volume > 0 and not living.forbidden)
    assert {reason.cause for reason in sound.reasons} == {
        *({NO_DEVICE} if not living.device.alive else ()),
        *({CAUSES[why] for why in living.forbidden}),
    }
    for announcement in announcements:
        played = [(whole, loud) for ident, whole, loud in living.device.played if ident == announcement.id]
        if announcement.state == HEARD:
            assert (True, True) in played, announcement
        elif (True, True) in played:
            raise AssertionError(f"played to the end, but {announcement}")
        if announcement.state in (NOT_HEARD, DROPPED, MERGED):
            assert announcement.why
    for deal in deals:
        states = [a.state for a in announcements if deal.id in a.deals]
        assert {HEARD, WAITING, PLAYING} & set(states), (deal, states)
    rows = done_lines(deals, announcements, glance.now, sound)
    for row in rows:
        if sound.held:
            assert row["state"] not in ("立即播报",), row
    if glance.on_air is not None and living.device.playing is not None:
        assert wall_state(glance, "main")["scene"] == "celebration"


@settings(
    max_examples=examples(15), deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@example(["volume 0", "big", "ends", "volume 40", "ends"])
@example(["say", "volume 0", "volume 40", "ends"])
@example(["big", "volume 0", "ends", "restart"])
@example(["big", "big", "stop", "undo", "ends", "ends"])
@example(["mute", "big", "emergency", "ends", "unmute", "ends"])
@example(["big", "lose", "find", "ends"])
@example(["quiet time", "big", "say", "quiet time ends", "ends", "ends"])
@example(["mute", "big", "quiet time", "unmute", "volume 0", "quiet time ends", "volume 40", "ends"])
@example(["big", "quiet time", "emergency", "ends", "quiet time ends", "ends"])
@example(["big", "emergency", "restart", "ends", "ends"])
@given(st.lists(st.sampled_from(sorted(STEPS)), min_size=4, max_size=14))
def test_all_reports_match_the_device_after_random_events(steps: list[str]) -> None:
    """After each of any steps (volume, mute, quiet time, device, stop, restart, deals, edits) all agree."""
    living = Living()
    try:
        for step in steps:
            living.step(step)
            agree(living)
    finally:
        living.gone()


def test_ten_simultaneous_announcements_are_played_whole_in_sequence() -> None:
    """Each is played once, to its end; none is cut, lost or overtaken."""
    texts = ("一", "二", "三", "四", "五", "六", "七" * 300, "八", "九", "十")
    living = Living()
    try:
        said = [living.office.speech.announce(text, living.key()).id for text in texts]
        with pytest.raises(Unsayable):
            living.office.speech.announce("。", living.key())
        for _ in said:
            living.settle()
            living.device.end()
        living.settle()
        assert living.device.played == [(ident, True, True) for ident in said]
        assert {living.state(ident) for ident in said} == {HEARD}
    finally:
        living.gone()


def test_an_emergency_interrupts_and_the_interrupted_one_is_repeated() -> None:
    """The emergency starts while another plays and ends at volume 0; the other one waits and is heard later."""
    living = Living()
    try:
        first = living.office.speech.announce("先说的", living.key()).id
        living.settle()
        alarm = living.office.speech.emergency("请马上离开", living.key()).id
        living.settle()
        assert living.device.playing == (alarm, 80)
        assert living.state(first) == WAITING
        living.office.music.set_volume(0)
        living.device.end()
        living.settle()
        assert (alarm, True, True) in living.device.played
        assert living.state(alarm) == HEARD
        assert living.device.playing is None
        living.office.music.set_volume(50)
        living.settle()
        living.device.end()
        living.settle()
        assert living.state(first) == HEARD
    finally:
        living.gone()
