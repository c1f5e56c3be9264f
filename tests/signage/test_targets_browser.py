"""A leader hands in targets and the director reviews them, on real phones of a real office; the wall's quiet line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.signage.house import REPOSITORY, ZONE, House, running
from tests.signage.phonepage import EMPTIED, HEIGHT, WIDTH, pocketed, sized, taken_out

pytestmark = pytest.mark.browser

ARTEFACTS = REPOSITORY / "artefacts"
RULES = (Path(__file__).parent / "phone_rules.js").read_text(encoding="utf-8")
AFTER_STAND_UP = datetime(2026, 11, 23, 9, 20, tzinfo=ZONE)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", AFTER_STAND_UP, sounds=False) as house:
            for team, amount in (("猛虎队", "84万"), ("飞龙队", "42万"), ("雄鹰队", "21万")):
                house.daemon.office.targets.set_month("2026-11", amount, team=team)
            yield house


Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def kept(house: House) -> Iterator[dict[str, Page]]:
    """The phones of the office by their person: opening one takes half a second of CPU."""
    pages: dict[str, Page] = {}
    yield pages
    for page in pages.values():
        page.context.close()


@pytest.fixture
def phone(
    request: pytest.FixtureRequest, house: House, browser: Browser, kept: dict[str, Page]
) -> Iterator[Opener]:
    """Return a function that opens the tab 目标 of a phone that is known as `name` in a role."""
    failed = request.session.testsfailed

    def opened(name: str, role: str, width: int = WIDTH, height: int = HEIGHT, scheme: str = "light") -> Page:
        if name not in kept:
            token = house.daemon.office.keys.make_token(name, role)
            context = browser.new_context(
                has_touch=True, locale="zh-CN", extra_http_headers={"Authorization": f"Bearer {token}"}
            )
            kept[name] = context.new_page()
            kept[name].goto(house.address)
        page = sized(kept[name], width, height, scheme)
        taken_out(page)
        page.evaluate("location.hash = '#targets'")
        expect(page.locator("#months li").first).to_be_visible()
        return page

    yield opened
    for page in kept.values():
        page.evaluate(EMPTIED)
        pocketed(page)
    if request.session.testsfailed > failed:
        for name in list(kept):
            kept.pop(name).context.close()


def test_a_target_is_handed_in_by_a_leader_and_reviewed_by_the_director(
    house: House, browser: Browser, phone: Opener
) -> None:
    """The leader hands in the own team, the wall's line loses it, the director sees who and when and reviews twice."""
    ARTEFACTS.mkdir(exist_ok=True)
    office = house.daemon.office
    wall = browser.new_page(viewport={"width": 1920, "height": 1080})
    wall.goto(house.address + "/wall")
    line = wall.locator(".foot .item", has_text="目标未交")
    expect(line).to_have_text("目标未交：猛虎队、飞龙队、雄鹰队")
    wall.screenshot(path=ARTEFACTS / "wall-open-targets.png")
    leader, director = phone("王小明", "leader"), phone("赵总监", "director")
    expect(leader.locator("#own-targets .aim")).to_have_count(4)
    expect(leader.locator("#target-teams li")).to_have_count(0)
    expect(leader.locator("#own-targets input").first).to_have_value("10000")
    expect(director.locator("#targets-open")).to_have_text("目标未交：猛虎队、飞龙队、雄鹰队")
    leader.locator("#own-targets input").nth(1).fill("1.2万")
    leader.locator("#own-targets .go").tap()
    expect(leader.locator("#toast")).to_have_text("猛虎队的目标已交给总监。")
    expect(leader.locator("#own-targets")).to_contain_text("王小明 已交，合计 ¥42,000。")
    expect(line).to_have_text("目标未交：飞龙队、雄鹰队")
    wall.close()
    tiger = director.locator("#target-teams li", has_text="猛虎队")
    expect(tiger).to_contain_text("已交")
    expect(tiger).to_contain_text("目标 ¥42,000")
    leader.screenshot(path=ARTEFACTS / "phone-targets-leader.png", full_page=True)
    house.sell("陈芳", 6000, "first")
    expect(tiger).to_contain_text("今天：+1 单 ¥6,000")
    director.screenshot(path=ARTEFACTS / "phone-targets-director.png", full_page=True)
    director.locator("#review", has_text="第一次复核看完了").tap()
    expect(director.locator("#reviews li").first).to_contain_text("赵总监")
    expect(tiger).to_contain_text("上次复核以后没有变化")
    house.sell("陈芳", 500, "second")
    expect(tiger).to_contain_text("上次复核以后：+1 单 ¥500")
    director.locator("#review", has_text="第二次复核看完了").tap()
    expect(director.locator("#review")).to_be_hidden()
    assert [one.who for one in office.targets.of_day(AFTER_STAND_UP.date()).reviews] == ["赵总监"] * 2


def test_two_leaders_at_once_are_asked(house: House, phone: Opener) -> None:
    """The second one sees the first one's values beside the own ones, and chooses."""
    first, second = (phone(name, "leader") for name in ("李思思", "周婷"))
    first.locator("#own-targets input").first.fill("11000")
    second.locator("#own-targets input").first.fill("15000")
    first.locator("#own-targets .go").tap()
    expect(first.locator("#own-targets")).to_contain_text("李思思 已交")
    second.locator("#own-targets .go").tap()
    expect(second.locator("#sheet h2")).to_have_text("飞龙队已经交过了")
    expect(second.locator("#sheet")).to_contain_text("李思思在 09:")
    expect(second.locator("#sheet li").first).to_contain_text("那份 ¥11,000")
    expect(second.locator("#sheet li").first).to_contain_text("这份 15000")
    second.screenshot(path=ARTEFACTS / "phone-targets-asked.png")
    assert _handed_in(house) == ["李思思"]
    second.locator("#sheet .go", has_text="换成这份").tap()
    expect(second.locator("#sheet")).to_be_hidden()
    assert _handed_in(house) == ["李思思", "周婷"]


def _handed_in(house: House) -> list[str]:
    with house.daemon.store.read() as session:
        return [one.who for one in session.targets.hand_ins(AFTER_STAND_UP.date()) if one.team_id == 2]


def test_duties_are_ticked_on_the_phone(phone: Opener) -> None:
    """The due duty is on every tab; its tick is on the director's phone with name and time; a note is private."""
    leader, director = phone("王小明", "leader"), phone("赵总监", "director")
    assistant = phone("小助理", "assistant")
    leader.locator(".tabs a[href='#results']").tap()
    expect(leader.locator("#remind")).to_contain_text("09:00 晨会：鼓劲，定目标，喊口号")
    leader.locator("#remind").tap()
    leader.locator("#own-duties label", has_text="晨会：鼓劲，定目标，喊口号").tap()
    expect(leader.locator("#own-duties label", has_text="晨会：鼓劲，定目标，喊口号")).to_contain_text(
        "王小明 做了"
    )
    expect(leader.locator("#remind")).not_to_contain_text("晨会：鼓劲，定目标，喊口号")
    director.locator("#others summary").tap()
    duty = director.locator("#other-duties li", has_text="晨会：鼓劲，定目标，喊口号")
    expect(duty).to_contain_text("做了：王小明 09:")
    expect(duty).to_contain_text("还没有：李思思、欧阳建国")
    leader.locator("#coaching-add button", has_text="30 分钟").tap()
    expect(leader.locator("#coaching-now")).to_have_text("今天 30 分钟，满 60 分钟。")
    leader.locator("#talks button", has_text="陈芳").tap()
    leader.locator("#sheet textarea").fill("想多练开场白")
    leader.locator("#sheet .go").tap()
    expect(leader.locator("#talks li", has_text="陈芳")).to_contain_text("11月23日 谈过")
    leader.locator("#buildings button").tap()
    leader.locator("#sheet .go").tap()
    expect(leader.locator("#buildings")).to_contain_text("上次 11月23日")
    director.locator("#talks button", has_text="1 / 4 人谈过").tap()
    director.locator("#sheet button", has_text="陈芳").tap()
    expect(director.locator("#sheet")).to_contain_text("想多练开场白")
    expect(assistant.locator("#talks-block")).to_be_hidden()
    assert "想多练开场白" not in assistant.content()


def test_only_leaders_and_director_see_who_is_behind(house: House, phone: Opener) -> None:
    """The assistant sees the month's targets; the pace is on the other phones alone, a leader's for the own team."""
    house.daemon.office.targets.set_month("2026-11", "21万", person=2)
    names = {"leader": "王小明", "director": "赵总监", "assistant": "小助理"}
    pages = {role: phone(name, role) for role, name in names.items()}
    expect(pages["leader"].locator("#months li", has_text="陈芳")).to_contain_text("落后")
    expect(pages["leader"].locator("#months")).not_to_contain_text("飞龙队")
    expect(pages["director"].locator("#months li", has_text="飞龙队")).to_contain_text(
        "还有 6 个工作日，每天要 ¥70,000"
    )
    expect(pages["assistant"].locator("#months li", has_text="飞龙队")).to_contain_text("月目标 ¥420,000")
    for words in ("落后", "每天要"):
        expect(pages["assistant"].locator("#targets")).not_to_contain_text(words)


@pytest.mark.parametrize(
    ("width", "height", "scheme"),
    [pytest.param(390, 844, "dark", marks=pytest.mark.long), (320, 568, "light")],
)
def test_the_tab_keeps_the_rules(phone: Opener, width: int, height: int, scheme: str) -> None:
    """No overflow, type >= 16 px, targets >= 48 px, contrast >= 4.5:1; also on the sheets."""
    faults = {}
    for role, name in (("leader", "王小明"), ("director", "赵总监"), ("assistant", "小助理")):
        page = phone(name, role, width, height, scheme)
        if page.locator("#others summary").is_visible():
            page.locator("#others summary").tap()
        faults[role] = page.evaluate(RULES)
        page.screenshot(path=ARTEFACTS / f"phone-targets-{role}-{width}-{scheme}.png", full_page=True)
        for opener in ("#target-teams button", "#months button", "#talks button", "#buildings button"):
            if page.locator(opener).count() and page.locator(opener).first.is_visible():
                page.locator(opener).first.tap()
                page.locator("#sheet[open]").wait_for()
                faults[f"{role} {opener}"] = page.evaluate(RULES)
                page.screenshot(path=ARTEFACTS / f"phone-targets-{role}-{opener[1:4]}-{width}-{scheme}.png")
                page.locator("#sheet .act").last.tap()
    assert faults == {page: [] for page in faults}
