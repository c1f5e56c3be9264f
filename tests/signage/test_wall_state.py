"""The state of each wall for a glance: pure values in, the wall's JSON out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from glances import board, deal, glance, moment, said, tally

from controller.glance import Champion, Glance, Ranking
from controller.health import HealthProblem
from controller.sales.highlights import Highlight
from controller.sentences import english
from controller.timetable.model import WallDisplay, WallSettings
from signage import serializers
from signage.wall_state import ms, wall_state

DAY = [
    ("07:00", "rest"),
    ("08:40", "rhythm"),
    ("09:05", "countdown"),
    ("12:29:59", "rhythm"),
    ("12:30", "dark"),
    ("12:54:59", "dark"),
    ("12:55", "rhythm"),
    ("18:05", "leaderboard"),
    ("21:00", "rest"),
]


@pytest.mark.parametrize(("clock", "scene"), DAY)
def test_the_day_of_the_timetable(clock: str, scene: str) -> None:
    """During the shipped day each wall shows the timetable's scene."""
    assert wall_state(glance(clock), "main")["scene"] == scene


def test_a_span_to_midnight_ends_at_24() -> None:
    """A span to midnight ends at 24:00 as in the timetable, on the wall and in /api/now: no 22:00–00:00."""
    seen = glance("14:52")
    assert seen.state.entry is not None
    late = replace(
        seen.state.entry, at=moment("22:00"), until=moment("00:00", seen.plan.date + timedelta(days=1))
    )
    shown = wall_state(replace(seen, state=replace(seen.state, entry=late)), "main")["entry"]
    assert (shown["at"], shown["until"]) == ("22:00", "24:00")
    entry = serializers.entry(late)
    assert entry is not None
    assert (entry["at"], entry["until"]) == ("22:00", "24:00")


def test_json_with_exact_sums_and_office_time() -> None:
    """The state is JSON; amounts keep their fen, times are in the office's zone."""
    state = wall_state(glance(deals=(deal(1, amount="999999999.99"),)), "main")
    assert json.loads(json.dumps(state)) == state
    assert state["deals"][0]["amount"] == "999999999.99"
    assert state["deals"][0]["at"] == "14:41"
    assert state["offset_min"] == 480
    assert state["now"] == ms(moment("14:52"))
    assert state["entry"]["until_ms"] == ms(moment("16:30"))


def test_voided_deals_are_not_good_news() -> None:
    """A deal that was taken back leaves the list."""
    state = wall_state(glance(deals=(deal(2, voided="填错了"), deal(1))), "main")
    assert [row["id"] for row in state["deals"]] == [1]


def celebrated(kind: str, *deals: object, **over: object) -> dict[str, object] | None:
    now = moment("14:52")
    state = wall_state(glance(scene="celebration", on_air=said(kind, now, *deals, **over)), "main")  # type: ignore[arg-type]
    assert (state["scene"] == "celebration") == (state["celebration"] is not None)
    assert state["base"] == "rhythm"
    result: dict[str, object] | None = state["celebration"]
    return result


def test_one_deal_is_one_person() -> None:
    """A single deal shows its person, its amount and the exact time of its sound."""
    celebration = celebrated("first_of_day", deal(1))
    assert celebration is not None
    assert (celebration["person"], celebration["amount"], celebration["items"]) == ("王小明", "12800.00", [])
    assert (celebration["started_ms"], celebration["ends_ms"]) == (
        ms(moment("14:51:58")),
        ms(moment("14:52:12")),
    )


def test_a_burst_is_one_celebration() -> None:
    """Three deals announced together are «三单连开», each with its row, and their total."""
    celebration = celebrated("big", deal(1), deal(2, "李思思", "6000"), deal(3, "赵磊", "0.50"))
    assert celebration is not None
    assert (celebration["title"], celebration["amount"], celebration["person"]) == (
        "三单连开",
        "18800.50",
        None,
    )
    assert [row["person"] for row in celebration["items"]] == ["王小明", "李思思", "赵磊"]  # type: ignore[attr-defined]
    roundup = celebrated("roundup", deal(1), deal(2))
    assert roundup is not None
    assert roundup["title"] is None


def test_ended_announcements_are_not_celebrated() -> None:
    """The picture ends with the sound, even before the wall gets a hint."""
    assert celebrated("big", deal(1), ago=14.1) is None
    assert celebrated("say", ago=61, lasts=90) is None
    assert celebrated("say", ago=59, lasts=90) is not None


def test_the_nap_shows_nothing() -> None:
    """In quiet time no celebration appears, even with a current announcement."""
    nap = glance("12:41", scene="celebration", on_air=said("big", moment("12:41"), deal(1)))
    state = wall_state(nap, "main")
    assert (state["scene"], state["celebration"]) == ("dark", None)
    bright = replace(nap, state=replace(nap.state, wall="rhythm"))  # quiet, but without the dark picture
    assert wall_state(bright, "main")["scene"] == "rhythm"


def test_the_show_is_revealed_in_step_with_the_voice() -> None:
    """Each mark of the voice is the time of its step; the last one ends the show."""
    now = moment("18:05:20")
    marks = (
        ("third", now),
        ("first", now + timedelta(seconds=9)),
        ("chime", now),
        ("comment", now + timedelta(seconds=20)),
    )
    state = wall_state(glance("18:05:20", board=board(), on_air=said("results", now, marks=marks)), "main")
    assert state["scene"] == "leaderboard"
    assert state["celebration"] is None
    assert [(step["step"], step["at_ms"] - ms(now)) for step in state["board"]["reveal"]] == [
        ("third", 0),
        ("first", 9000),
        ("comment", 20000),
    ]


def test_a_day_without_comment_still_ends() -> None:
    """Without a comment the end of the voice ends the show."""
    now = moment("18:05:20")
    state = wall_state(
        glance("18:05:20", board=board(comment=""), on_air=said("results", now, marks=(("teams", now),))),
        "main",
    )
    assert state["board"]["reveal"][-1] == {"step": "comment", "at_ms": ms(now + timedelta(seconds=12))}


def test_the_results_are_not_given_away_before_the_voice() -> None:
    """Between 18:05:00 and the first word nothing is revealed; without a voice the wall reveals the steps itself."""
    early = wall_state(glance("18:05:01", board=board()), "main")["board"]["reveal"]
    assert early[0]["step"] == "third"
    assert early[0]["at_ms"] == ms(moment("18:05:15"))
    assert early[-1]["step"] == "comment"
    assert wall_state(glance("18:06", board=board()), "main")["board"]["reveal"] == []


def champion(period: str, since: date, **over: object) -> Champion:
    return Champion(period, since, replace(tally(1, "陈芳", target=None), **over), "总经理亲自颁奖")  # type: ignore[arg-type]


def test_the_days_best_gets_the_award() -> None:
    """While the day's top sales is announced, the wall shows that person with photo."""
    state = wall_state(
        glance(
            "18:00",
            scene="award",
            champion=champion("day", date(2026, 11, 23), photo="ab12"),
            on_air=said("top_sales_of_day", moment("18:00")),
        ),
        "main",
    )
    assert state["scene"] == "award"
    assert (state["award"]["person"], state["award"]["title"]) == ("陈芳", "今日开拓能手")
    assert (state["award"]["photo"], state["award"]["prize"]) == ("/photos/ab12", "总经理亲自颁奖")


def test_the_ceremony_names_the_month_that_is_over() -> None:
    """On the first working day of December the award is November's, with the prize; also during its announcement."""
    best = champion("month", date(2026, 11, 1))
    first = date(2026, 12, 1)
    silent = wall_state(glance("13:02", first, champion=best), "main")
    assert (silent["scene"], silent["award"]["title"]) == ("award", "十一月开拓能手")
    spoken = glance(
        "13:00:05", first, champion=best, scene="celebration", on_air=said("text", moment("13:00:05", first))
    )
    assert wall_state(spoken, "main")["scene"] == "award"
    assert wall_state(glance("13:02", first), "main")["scene"] == "rhythm"


def test_a_pinned_board_takes_turns_and_shows_the_way_up() -> None:
    """Outside the show a pinned leaderboard has day, week and month; each row shows the gap to the next place."""
    second = replace(tally(2, "李思思"), to_next=Decimal("1600.00"))
    week = Ranking("week", (tally(1, "猛虎队"),), (tally(1, "陈芳"), second))
    state = wall_state(pinned("leaderboard", rankings=(week,)), "hall")
    assert [row["period"] for row in state["board"]["rounds"]] == ["week"]
    assert state["board"]["rounds"][0]["top"][1]["to_next"] == "1600.00"
    show = wall_state(glance("18:05:20", board=board(), rankings=(week,)), "main")
    assert show["board"]["rounds"] == []


def test_highlights_have_their_figures() -> None:
    """Streaks count days, records yuan; both are on the rhythm and the leaderboard."""
    highlights = (
        Highlight("streak", "陈芳", "猛虎队", 8),
        Highlight("record", "王小明", "猛虎队", amount=Decimal(268000)),
    )
    state = wall_state(pinned("leaderboard", highlights=highlights), "hall")
    assert state["honours"] == state["board"]["honours"]
    assert [(row["kind"], row["count"], row["amount"]) for row in state["honours"]] == [
        ("streak", 8, None),
        ("record", 0, "268000.00"),
    ]


def test_a_screen_that_was_turned_off_stays_dark() -> None:
    """It stays off in the nap, for the results and for celebrations."""
    loud = pinned("off", scene="celebration", on_air=said("big", moment("14:52"), deal(1)))
    for view in (loud, pinned("off", "12:41"), pinned("off", "18:05", board=board())):
        state = wall_state(view, "hall")
        assert (state["scene"], state["celebration"]) == ("off", None)


def test_an_award_without_a_winner_shows_the_text() -> None:
    """A day without a deal has no award: the wall shows the announcement's text."""
    state = wall_state(
        glance("18:00", scene="award", people=(), on_air=said("top_sales_of_day", moment("18:00"))), "main"
    )
    assert (state["scene"], state["celebration"]["text"]) == ("celebration", "恭喜！")


def test_only_deals_winners_and_emergencies_are_red() -> None:
    """A day without a deal is calm, in the evening's top sales and in every announcement without a deal."""
    red = [
        celebrated("big", deal(1)),
        celebrated("emergency"),
        wall_state(pinned("leaderboard", "18:00", champion=champion("day", date(2026, 11, 23)),
                          on_air=said("top_sales_of_day", moment("18:00"))), "hall")["celebration"],
    ]  # fmt: skip
    assert [made and made["calm"] for made in red] == [False] * 3
    assert red[2]
    assert red[2]["title"] == "Top sales today"
    for kind in ("top_sales_of_day", "top_sales_of_week", "say", "text", "microphone", "greeting", "sprint"):
        made = celebrated(kind)
        assert made is not None
        assert (made["calm"], made["title"]) == (True, "战报" if kind.startswith("top") else None)


def test_a_day_without_a_deal_has_nothing_to_reveal() -> None:
    """Without winners no places appear one by one, and the words are not those of the morning."""
    empty = board(people=(), teams=(replace(tally(1, "猛虎队"), count=0),))
    assert wall_state(glance("18:05:16", board=empty), "main")["board"]["reveal"] == []
    assert wall_state(glance("18:05:16", board=empty), "main")["board"]["live"] is False
    assert wall_state(pinned("leaderboard", people=()), "hall")["board"]["live"] is True


def test_a_show_that_was_announced_is_not_revealed_a_second_time() -> None:
    """A short day's voice ends before the silent timetable of the steps would: everything stays shown."""
    assert (
        wall_state(glance("18:05:20", board=board(), results_announced=True), "main")["board"]["reveal"] == []
    )


def pinned(pin: str, clock: str = "14:52", **over: object) -> Glance:
    walls = WallSettings(screens={"hall": WallDisplay("hall", 65, 8, "paper", pin, "猛虎队", True, "en")})
    return glance(clock, walls=walls, **over)


def test_a_wall_has_its_own_choices() -> None:
    """A wall in the timetable has its scene, language, size and team; others have the default."""
    state = wall_state(pinned("leaderboard"), "hall")
    assert (state["scene"], state["lang"]) == ("leaderboard", "en")
    assert [row["name"] for row in state["board"]["top"]] == ["陈芳"]
    assert (state["wall"]["distance"], state["wall"]["theme"], state["wall"]["team"]) == (
        8,
        "paper",
        "猛虎队",
    )
    assert wall_state(pinned("leaderboard"), "kitchen")["scene"] == "rhythm"


def test_a_pinned_wall_sleeps_and_celebrates_too() -> None:
    """The nap and celebrations replace a pinned scene, which returns after them."""
    assert wall_state(pinned("leaderboard", "12:41"), "hall")["scene"] == "dark"
    loud = wall_state(
        pinned("leaderboard", scene="celebration", on_air=said("big", moment("14:52"), deal(1))), "hall"
    )
    assert (loud["scene"], loud["base"]) == ("celebration", "leaderboard")
    off = wall_state(
        pinned("dark", scene="celebration", on_air=said("big", moment("14:52"), deal(1))), "hall"
    )
    assert off["scene"] == "dark"


def test_problems_are_shown_once() -> None:
    """A health problem is at the foot of the wall, or fills it as the scene; never both."""
    trouble = HealthProblem("没有找到音箱。", "正在重试。", "请检查电源。")
    beside = wall_state(glance(problems=(trouble,), notices=("2027 年的假期还是估计。",)), "main")
    assert beside["notices"] == ["没有找到音箱。", "2027 年的假期还是估计。"]
    file = HealthProblem("音乐“a.flac”太轻。", "", "", False, part="music")
    assert wall_state(glance(problems=(file,)), "main")["notices"] == []  # the phone shows it
    full = wall_state(glance(scene="fault", problems=(trouble,)), "main")
    assert full["fault"] == {"what": "没有找到音箱。", "meanwhile": "正在重试。", "mend": "请检查电源。"}
    assert full["notices"] == []


def test_duties_still_ahead() -> None:
    """A duty stays until 15 minutes after its time; one without a time stays all day."""
    morning = [duty["at"] for duty in wall_state(glance("09:20"), "main")["duties"]]
    evening = [duty["at"] for duty in wall_state(glance("18:30"), "main")["duties"]]
    assert "09:15" in morning
    assert not [at for at in evening if at is not None]
    assert morning.count(None) == evening.count(None) > 0


def test_rest_says_which_rest() -> None:
    """A day off, the early morning and the evening each have a separate text."""
    texts = [
        wall_state(glance(clock, day), "main")["rest"]["text"]
        for clock, day in (
            ("10:00", date(2026, 11, 22)),
            ("07:00", date(2026, 11, 23)),
            ("20:00", date(2026, 11, 23)),
        )
    ]
    assert texts == ["今天休息，好好放松。", "新的一天，马上开始。", "今天辛苦了，路上小心。"]


def test_a_target_celebrates_the_team_and_not_the_last_seller() -> None:
    """The celebration shows the team, without person, amount and items."""
    now = moment("14:52")
    celebration = wall_state(glance(scene="celebration", on_air=said("target", now, deal(1))), "main")[
        "celebration"
    ]
    assert isinstance(celebration, dict)
    assert (celebration["kind"], celebration["person"], celebration["amount"], celebration["items"]) == (
        "target",
        None,
        None,
        [],
    )
    assert celebration["team"] == deal(1).team
    assert celebration["reached"] == {"amount": "86000.00", "target": "100000.00", "count": 7}


def test_a_burst_shows_each_deal() -> None:
    """Three deals announced together have a title and three items."""
    now = moment("14:52")
    deals = (deal(1), deal(2, amount="20000.00"), deal(3))
    celebration = wall_state(glance(scene="celebration", on_air=said("burst", now, *deals)), "main")[
        "celebration"
    ]
    assert isinstance(celebration, dict)
    assert celebration["title"] == "三单连开"
    assert len(celebration["items"]) == 3


def on_wall(team: str, **over: Any) -> Any:
    """Return the state of a wall of `team`."""
    walls = WallSettings(screens={"own": WallDisplay(name="own", team=team)})
    return wall_state(glance(walls=walls, **over), "own")


TWO_TEAMS = {
    "teams": (tally(1, "飞龙队"), tally(2, "猛虎队")),
    "people": (tally(1, "李思思", team="飞龙队"), tally(2, "陈芳"), tally(3, "王小明")),
    "deals": (deal(2, "李思思", team="飞龙队"), deal(1)),
    "members": {"猛虎队": ("刘洋", "王小明", "陈芳"), "飞龙队": ("李思思",)},
}


def test_a_teams_wall_shows_that_team() -> None:
    """Its bar, all members (best first, those without a deal last), its deals."""
    state = on_wall("猛虎队", **TWO_TEAMS)
    assert [row["name"] for row in state["teams"]] == ["猛虎队"]
    assert [(row["place"], row["name"]) for row in state["members"]] == [
        (1, "陈芳"), (2, "王小明"), (None, "刘洋"),
    ]  # fmt: skip
    assert [row["person"] for row in state["deals"]] == ["王小明"]
    assert wall_state(glance(**TWO_TEAMS), "main")["members"] == []


def test_a_teams_wall_celebrates_its_own_deals() -> None:
    """It ignores another team's deal; it shows its own, announcements, and round-ups with its deals."""
    now = moment("14:52")
    other = deal(3, "李思思", team="飞龙队")
    shown = {
        "own": on_wall("猛虎队", on_air=said("big", now, deal(1)), **TWO_TEAMS),
        "other": on_wall("猛虎队", on_air=said("big", now, other), **TWO_TEAMS),
        "both": on_wall("猛虎队", on_air=said("roundup", now, deal(1), other), **TWO_TEAMS),
        "words": on_wall("猛虎队", on_air=said("say", now), **TWO_TEAMS),
    }
    assert {name: state["celebration"] is not None for name, state in shown.items()} == {
        "own": True, "other": False, "both": True, "words": True,
    }  # fmt: skip


def test_a_wall_of_a_team_that_does_not_exist_says_so() -> None:
    """It shows all teams and a notice with the unknown name, in the wall's language."""
    state = on_wall("白虎队", **TWO_TEAMS)
    assert state["notices"][0] == "没有叫“白虎队”的团队，这块大屏显示全部团队。"
    assert len(state["teams"]) == 2
    assert english(state["notices"][0]) == "There is no team “白虎队”: this screen shows all teams."


def test_a_duty_has_its_moment() -> None:
    """The page uses it to show due duties; the state contains how long a duty stays."""
    state = wall_state(glance("09:00"), "main")
    first = state["duties"][0]
    assert first["at_ms"] == ms(moment(first["at"]))
    assert state["duty_stays_ms"] == 15 * 60 * 1000


def test_the_quiet_line_names_teams_whose_targets_are_open() -> None:
    """Four teams by name, more are counted; a team's wall names that team alone; English on an English wall."""
    names = ("猛虎队", "飞龙队", "雄鹰队", "二队", "四队")
    assert wall_state(glance(), "main")["quiet_line"] is None
    assert wall_state(glance(open_targets=names[3:]), "main")["quiet_line"] == "目标未交：二队、四队"
    many = glance(open_targets=names)
    assert wall_state(many, "main")["quiet_line"] == "目标未交：猛虎队、飞龙队、雄鹰队、二队等 5 个队"
    own = WallSettings(
        WallDisplay(),
        {"tigers": WallDisplay("tigers", team="猛虎队"), "en": WallDisplay("en", language="en")},
    )
    many = replace(many, walls=own)
    assert wall_state(many, "tigers")["quiet_line"] == "目标未交：猛虎队"
    assert wall_state(replace(many, open_targets=names[1:]), "tigers")["quiet_line"] is None
    english = wall_state(many, "en")["quiet_line"]
    assert english == "Targets not handed in yet: 猛虎队, 飞龙队, 雄鹰队, 二队 and others, 5 teams"
    assert many.notices == ()
