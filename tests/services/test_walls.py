"""Choices for the walls, highlights on them, and pairing of a television."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from fakes import SHANGHAI
from office_made import House, house

from controller.cli.timetable import results_in_words
from controller.glance import UNNAMED
from controller.sales.model import PersonRow, Refused
from controller.services.context import MOST_KEPT
from controller.services.walls import VALID_S, Pairings
from signage.wall_state import celebration_of

TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=SHANGHAI)


@pytest.fixture
def office(tmp_path: Path):  # type: ignore[no-untyped-def]
    with house(tmp_path, TUESDAY) as made:
        yield made


def on(house: House, day: date) -> None:
    """Set the clock to 09:30 of that day without announcing anything in between."""
    house.clock.go_to(datetime(day.year, day.month, day.day, 9, 30, tzinfo=SHANGHAI))


def test_choices_on_the_phone_override_the_timetable_and_survive_a_restart(office: House) -> None:
    """A pinned scene and a theme are kept after a restart; reset to None, the timetable applies again."""
    office.office.walls.choose("hall", {"scene": "leaderboard", "theme": "paper", "portrait": True})
    office.close()
    office.open()
    display = office.office.snapshot.glance().walls.screens["hall"]
    assert (display.scene, display.theme, display.portrait, display.distance) == (
        "leaderboard",
        "paper",
        True,
        5,
    )
    office.office.walls.choose("hall", {"scene": None, "theme": None, "portrait": None})
    assert "hall" not in office.office.snapshot.glance().walls.screens


def test_a_name_given_on_the_phone_is_permanent(office: House) -> None:
    """A renamed screen is found by every former name, keeps its choices, and can be renamed back."""
    walls = office.office.walls
    walls.seen("main", TUESDAY)
    walls.choose("main", {"theme": "paper"})
    walls.rename("main", "hall")
    walls.rename("hall", "door")
    office.close()
    office.open()
    walls = office.office.walls
    assert [walls.called(name) for name in ("main", "hall", "door", "other")] == [
        "door",
        "door",
        "door",
        "other",
    ]
    assert [wall.name for wall in walls.known()] == ["door"]
    assert office.office.snapshot.glance().walls.screens["door"].theme == "paper"
    walls.rename("door", "main")
    assert [walls.called(name) for name in ("main", "hall", "door")] == ["main", "main", "main"]


def test_renaming_never_gives_two_screens_one_name(office: House) -> None:
    """Another screen's name is refused, and so is the screen's own present name."""
    walls = office.office.walls
    walls.seen("hall", TUESDAY)
    walls.seen("door", TUESDAY)
    for new in ("door", "hall"):
        with pytest.raises(Refused):
            walls.rename("hall", new)


@pytest.mark.parametrize(
    "changes",
    [{"scene": "celebration"}, {"theme": "red"}, {"portrait": 1.5}, {"team": "没有队"}, {"distance": 0},
     {"diagonal": "55"}, {"called": "x"}, {"colour": "red"}],
)  # fmt: skip
def test_choices_that_do_not_exist_are_refused(office: House, changes: dict[str, object]) -> None:
    """Each wrong value is refused with a sentence and changes nothing."""
    with pytest.raises(Refused) as refused:
        office.office.walls.choose("hall", changes)
    assert refused.value.sentence.endswith("。")
    assert office.office.walls.known() == ()


def test_a_removed_screen_is_forgotten_with_its_names(office: House) -> None:
    """After forgetting, neither the screen nor its former name is known."""
    walls = office.office.walls
    walls.seen("main", TUESDAY)
    walls.rename("main", "hall")
    assert walls.forget("hall") == ("hall", "main")
    assert walls.known() == ()
    assert walls.called("main") == "main"


def test_streaks_records_and_newcomers(office: House) -> None:
    """A streak counts workdays across weekends; today without a deal does not end it yet, a missed day does."""
    days = [date(2026, 11, day) for day in (11, 12, 13, 16, 17, 18, 19, 20, 23)]  # two weekends between
    office.close()
    office.clock.jump(datetime(2026, 11, 10, 9, 30, tzinfo=SHANGHAI))
    office.open()
    for day in days:
        on(office, day)
        office.deal("王小明", 1000)
        if day.day != 19:
            office.deal("陈芳", 300)
    on(office, date(2026, 11, 24))
    office.deal("陈芳", 300)
    office.deal("赵磊", 2000)
    highlights = {honour.kind: honour for honour in office.office.snapshot.glance().highlights}
    assert (highlights["streak"].name, highlights["streak"].count) == ("王小明", 9)
    assert (highlights["record"].name, highlights["record"].amount) == ("赵磊", 2000)
    assert (highlights["newcomer"].name, highlights["most_orders"].name) == ("赵磊", "陈芳")
    office.deal("王小明", 1000)
    streak = office.office.snapshot.glance().highlights[0]
    assert (streak.name, streak.count) == ("王小明", 10)
    on(office, date(2026, 11, 26))
    assert all(honour.kind != "streak" for honour in office.office.snapshot.glance().highlights)


def test_a_hidden_person_is_named_nowhere_on_the_walls(office: House) -> None:
    """A hidden person's deal counts for the team and is shown without the name; no highlight names them."""
    person = next(p for p in office.office.people.active() if p.name == "李思思")
    office.office.people.update(person.id, hidden=True)
    office.deal("李思思", 50000)
    office.announcer.report(_playing(office))
    glance = office.office.snapshot.glance()
    assert [deal.person for deal in glance.deals] == [UNNAMED]
    assert glance.on_air is not None
    assert [deal.person for deal in glance.on_air.deals] == [UNNAMED]
    assert glance.highlights == ()
    assert glance.people == ()
    assert next(team for team in glance.teams if team.name == "飞龙队").amount == 50000
    assert office.office.deals.of_day(TUESDAY.date())[0].person == "李思思"  # the phone shows the name


def test_namesakes_have_separate_photos(office: House) -> None:
    """With two people of one name, the wall shows the photo of the one who made the deal."""
    for team, photo in (("猛虎队", "aa"), ("飞龙队", "bb")):
        added = office.office.people.add(PersonRow(name="王伟", team=team))
        with office.store.write() as session:
            session.roster.set_photo(added.id, photo)
    office.office.deals.record("王伟", "网络招聘", 88000, "namesake", "猛虎队")
    office.announcer.report(_playing(office))
    celebration = celebration_of(office.office.snapshot.glance())
    assert celebration is not None
    assert (celebration["team"], celebration["photo"]) == ("猛虎队", "/photos/aa")


def _playing(office: House):  # type: ignore[no-untyped-def]
    from controller.sound.playback import Report

    now = office.clock.monotonic()
    return Report(office.announcer.jobs[0].id, "playing", "正在播报。", now, now + 9)


def test_the_ceremony_shows_the_top_sales_of_the_past_month(office: House) -> None:
    """At 13:00 on December's first workday November's top sales are shown, with the month's prize."""
    office.deal("王小明", 9000)
    office.deal("陈芳", 3000)
    office.close()
    office.clock.jump(datetime(2026, 12, 1, 12, 59, tzinfo=SHANGHAI))
    office.open()
    office.deal("陈芳", 80000)
    office.go_to("13:01")
    champion = office.office.snapshot.glance().champion
    assert champion is not None
    assert (champion.period, champion.since, champion.winner.name) == ("month", date(2026, 11, 1), "王小明")
    assert champion.prize == "总经理亲自颁奖"
    office.go_to("13:06")
    assert office.office.snapshot.glance().champion is None


def test_the_frozen_results_in_words(office: House) -> None:
    """The results frozen at 18:05 are printed unchanged, also after a later deal."""
    office.deal("王小明", "12800.50")
    office.office.targets.set_day("猛虎队", TUESDAY.date(), 12801)
    office.go_to("18:05")
    office.deal("陈芳", 99999)
    with office.store.read() as session:
        frozen = session.settings.results(TUESDAY.date())
    assert frozen is not None
    words = results_in_words(frozen)
    assert words.startswith(
        "2026-11-24　北京分公司　1 单，¥12,800.50\n个人\n  1. 王小明　猛虎队　1 单　¥12,800.50"
    )
    assert "1. 猛虎队　1 单　¥12,800.50 / ¥12,801　99%" in words
    assert "陈芳" not in words


def test_pairing_gives_a_read_only_token(office: House) -> None:
    """Confirming the digits on the phone gives that television, once, a token with the role wall."""
    pairings = office.office.pairings
    secret, code = pairings.begin()
    other, _ = pairings.begin()
    assert len(code) == 6
    assert pairings.collect(secret) is None
    pairings.confirm(f"{code[:3]} {code[3:]}", "前台")
    with pytest.raises(Refused):
        pairings.confirm(code, "前台")  # each code works once
    done = pairings.collect(secret)
    assert done is not None
    assert done.token is not None
    assert (done.name, office.office.keys.token_role(done.token)) == ("前台", "wall")
    assert office.office.keys.token_owner(done.token) == "wall:前台"
    assert pairings.collect(secret) is None
    assert pairings.collect(other) is None


def test_pairing_codes_expire_and_are_bounded(office: House) -> None:
    """A code expires after ten minutes; many pending televisions push out the oldest."""
    now = [0.0]
    pairings = Pairings(office.office.keys, lambda: now[0])
    secret, code = pairings.begin()
    now[0] = VALID_S
    with pytest.raises(Refused):
        pairings.confirm(code, "前台")
    assert pairings.find(secret) is None
    first, _ = pairings.begin()
    for _ in range(25):
        pairings.begin()
    assert pairings.find(first) is None


def test_the_time_of_last_contact_is_written_rarely(office: House) -> None:
    """A screen in constant contact causes one write per twenty minutes and is known after a restart."""
    walls = office.office.walls
    for seconds in range(0, 1199, 30):
        walls.seen("hall", TUESDAY + timedelta(seconds=seconds))
    assert walls.known()[0].seen == TUESDAY
    walls.seen("hall", TUESDAY + timedelta(minutes=20))
    office.close()
    office.open()
    assert [(w.name, w.seen) for w in office.office.walls.known()] == [
        ("hall", TUESDAY + timedelta(minutes=20))
    ]


def test_reads_of_missing_preferences_use_bounded_memory(office: House) -> None:
    """Reading songs of ever new unknown people does not grow the cache without bound; stored values stay readable."""
    kept = office.office._context.preferences
    kept.set("volume", 70)
    for number in range(MOST_KEPT + 50):
        assert kept.get(f"song:person:{number}") is None
    assert len(kept._values) <= MOST_KEPT
    assert kept.get("volume") == 70
