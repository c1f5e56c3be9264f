"""A real Chromium edits the timetable: on a phone and on a desktop, alone and with another person."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.signage.house import REPOSITORY, House, running
from tests.signage.test_phone_browser import ARTEFACTS, RULES

pytestmark = pytest.mark.browser

SHIPPED = (REPOSITORY / "config" / "rhythm.yaml").read_text(encoding="utf-8")
FAULTS: list[str] = []
"""Errors of the pages' scripts."""
SIZES = {"phone": (390, 844), "small": (320, 640), "desktop": (1280, 800)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home") as house:
            yield house


@pytest.fixture
def house(whole: House) -> House:
    whole.daemon.timetable_file.path.write_text(SHIPPED, encoding="utf-8")
    return whole


@pytest.fixture
def pages(house: House, browser: Browser) -> Iterator[list[Page]]:
    """Return the list of opened pages; they are closed at the end."""
    pages: list[Page] = []
    yield pages
    for page in pages:
        page.context.close()
    assert not FAULTS


SIGNED_IN: dict[tuple[str, str], Any] = {}
"""The session of each phone of the office, by its name: the form is filled in once."""


def opened(house: House, browser: Browser, pages: list[Page], size: str, scheme: str = "light") -> Page:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=True, locale="zh-CN"
    )  # type: ignore[arg-type]
    page = context.new_page()
    page.on("pageerror", lambda error: FAULTS.append(str(error)))
    me = (house.address, f"{size}-{len(pages)}")
    context.add_cookies(SIGNED_IN.get(me, []))
    page.goto(house.address + "/timetable")
    if page.locator("#pin").count():
        page.fill("#pin", house.daemon.office.keys.pin())
        page.fill("#who", me[1])
        page.click("text=进入")
        page.wait_for_selector(".tabs")
        page.goto(house.address + "/timetable")
        SIGNED_IN[me] = context.cookies()
    expect(page.locator("#rhythm li")).to_have_count(17)
    expect(page.locator("#plan li").first).to_be_visible()
    pages.append(page)
    return page


def kept(page: Page, name: str) -> None:
    """Check the rules of every phone page, and keep a screenshot for review."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"timetable-{name}.png")
    assert page.evaluate(RULES) == []


def music_at_noon(page: Page) -> None:
    page.locator("#rhythm li", has_text="战鼓再响").locator(".line-row").click()
    page.locator("[data-key=music] select").first.select_option("morning")
    expect(page.locator("#sheet-save")).to_be_enabled()


def in_force(house: House) -> str | None:
    plan = house.daemon.timetable_file.plan(house.daemon.clock.now().date())
    return next(entry.music for entry in plan.entries if entry.name == "战鼓再响")


def wait_until_played(house: House, music: str) -> float:
    """Return the seconds until the daemon's plan plays `music` at 12:55."""
    start = time.monotonic()
    while in_force(house) != music:
        assert time.monotonic() - start < 30
        time.sleep(0.02)
    return time.monotonic() - start


@pytest.mark.parametrize("size", ["phone", pytest.param("desktop", marks=pytest.mark.long)])
def test_noon_plays_other_music(house: House, browser: Browser, pages: list[Page], size: str) -> None:
    """Tap the entry, see the fault of 25:61 under its field, see the day, save: in force within two seconds."""
    wait_until_played(house, "rousing")
    page = opened(house, browser, pages, size)
    page.goto(house.address + "/#device")
    page.click("#timetable")
    expect(page.locator("#rhythm li")).to_have_count(17)
    kept(page, f"{size}-day")
    page.locator("#rhythm li", has_text="战鼓再响").locator(".line-row").click()
    at = page.locator("[data-key=at]")
    at.locator("input").fill("25:61")
    expect(at.locator(".wrong")).to_contain_text("写的是“25:61”")
    expect(page.locator("#sheet-save")).to_be_disabled()
    kept(page, f"{size}-fault")
    at.locator("input").fill("12:55-13:00")
    expect(at.locator(".wrong")).to_be_hidden()
    page.locator("[data-key=music] select").first.select_option("morning")
    expect(page.locator("#sheet .plan .fresh").first).to_contain_text("音乐 晨间")
    expect(page.locator("#sheet .changes .come")).to_contain_text("music: morning")
    kept(page, f"{size}-preview")
    assert house.daemon.timetable_file.path.read_text(encoding="utf-8") == SHIPPED
    page.click("#sheet-save")
    expect(page.locator("#toast")).to_contain_text("已保存")
    print(f"in force after {wait_until_played(house, 'morning'):.1f} s")
    changed = SHIPPED.replace("music: rousing", "music: morning", 1)
    assert house.daemon.timetable_file.path.read_text(encoding="utf-8") == changed
    expect(page.locator("#rhythm li", has_text="战鼓再响")).to_contain_text("音乐 晨间")
    page.locator("#toast button", has_text="撤销").click()
    expect(page.locator("#toast")).to_contain_text("已撤销")
    assert house.daemon.timetable_file.path.read_text(encoding="utf-8") == SHIPPED


def test_the_second_person_is_asked_and_nothing_is_lost(
    house: House, browser: Browser, pages: list[Page]
) -> None:
    """Two phones with one version open: the second sees both edits, adds the own one, and both are in the file."""
    first, second = (opened(house, browser, pages, "phone") for _ in range(2))
    music_at_noon(first)
    second.locator("#duties li", has_text="周会").locator("button").click()
    second.locator("[data-key=what] textarea").fill("周会，带上名单")
    expect(second.locator("#sheet-save")).to_be_enabled()
    first.click("#sheet-save")
    expect(first.locator("#toast")).to_contain_text("已保存")
    second.click("#sheet-save")
    sheet = second.locator("#sheet")
    expect(sheet).to_contain_text("有人刚改过作息表")
    expect(sheet).to_contain_text("phone-0")
    expect(sheet.locator(".come").first).to_contain_text("music: morning")
    expect(sheet.locator(".come").last).to_contain_text("周会，带上名单")
    kept(second, "asked")
    assert "带上名单" not in house.daemon.timetable_file.path.read_text(encoding="utf-8")
    sheet.get_by_text("在新的上面加上我的改动").click()
    expect(second.locator("#toast")).to_contain_text("已保存")
    text = house.daemon.timetable_file.path.read_text(encoding="utf-8")
    assert "music: morning" in text.split("战鼓再响")[1].split("- at")[0]
    assert "what: 周会，带上名单" in text


@pytest.mark.long  # the answer of the server: test_timetable_http.py
def test_both_edit_one_entry(house: House, browser: Browser, pages: list[Page]) -> None:
    """Both change 12:55: the second cannot be added blindly; the new version is shown instead."""
    first, second = (opened(house, browser, pages, "phone") for _ in range(2))
    music_at_noon(first)
    second.locator("#rhythm li", has_text="战鼓再响").locator(".line-row").click()
    second.locator("[data-key=volume] input").fill("55")
    expect(second.locator("#sheet-save")).to_be_enabled()
    first.click("#sheet-save")
    expect(first.locator("#toast")).to_contain_text("已保存")
    second.click("#sheet-save")
    expect(second.locator("#sheet")).to_contain_text("不能自动合并")
    second.get_by_text("不要我的改动，看新的").click()
    expect(second.locator("#rhythm li", has_text="战鼓再响")).to_contain_text("音乐 晨间")
    assert "volume: 55" not in house.daemon.timetable_file.path.read_text(encoding="utf-8")


def test_an_edit_over_ssh_appears_and_is_restored(house: House, browser: Browser, pages: list[Page]) -> None:
    """The file is edited on the machine: the open page shows it, the history restores the version before."""
    page = opened(house, browser, pages, "phone")
    text = SHIPPED.replace("volume: 70", "volume: 61")
    house.daemon.timetable_file.path.write_text(text, encoding="utf-8")
    expect(page.locator("#rhythm li", has_text="战鼓再响")).to_contain_text("音量 61")
    page.locator(".tabs").get_by_text("历史").click()
    expect(page.locator("#versions li").first).to_contain_text("在文件里修改")
    kept(page, "history")
    page.locator("#versions li").nth(1).locator("button").click()
    expect(page.locator("#sheet .gone")).to_contain_text("volume: 70")
    kept(page, "compare")
    page.get_by_text("恢复这个版本").click()
    expect(page.locator("#toast")).to_contain_text("已恢复")
    assert house.daemon.timetable_file.path.read_text(encoding="utf-8") == SHIPPED


def test_the_text_is_edited_with_its_problems(house: House, browser: Browser, pages: list[Page]) -> None:
    """The text view: a problem with its line while typing, the changed lines, save; also at 320 pixels."""
    page = opened(house, browser, pages, "small", "dark")
    page.locator(".tabs").get_by_text("文字").click()
    source = page.locator("#source")
    expect(source).to_have_value(SHIPPED)
    source.fill(SHIPPED.replace("volume: 70", "volume: 170"))
    line = SHIPPED.split("volume: 70")[0].count("\n") + 1
    expect(page.locator("#source-problems")).to_contain_text(f"第 {line} 行")
    expect(page.locator("#source-save")).to_be_disabled()
    kept(page, "small-text")
    source.fill(SHIPPED.replace("volume: 70", "volume: 65"))
    expect(page.locator("#source-changed .come")).to_contain_text("volume: 65")
    page.click("#source-save")
    expect(page.locator("#toast")).to_contain_text("已保存")
    assert "volume: 65" in house.daemon.timetable_file.path.read_text(encoding="utf-8")


@pytest.mark.long  # the server: test_timetable_http.py
def test_a_text_is_heard_and_gets_a_second_wording(house: House, browser: Browser, pages: list[Page]) -> None:
    """播报词: 试听 plays the wording with a made-up deal here; a wrong slot is named; two wordings are a list."""
    page = opened(house, browser, pages, "phone")
    page.locator(".tabs").get_by_text("播报词").click()
    kept(page, "texts")
    page.locator("#texts li button", has_text="本周第一单").first.click()
    page.locator(".variant button", has_text="试听").first.click()
    expect(page.locator(".variant audio")).to_have_js_property("readyState", 4)
    page.get_by_text("再加一种说法").click()
    page.locator(".variant textarea").last.fill("{tema}签了第一单！")
    expect(page.locator("#sheet .field .wrong")).to_contain_text("是不是“{team}”")
    page.locator(".variant textarea").last.fill("{team}签了第一单！")
    expect(page.locator("#sheet-save")).to_be_enabled()
    kept(page, "wording")
    page.click("#sheet-save")
    expect(page.locator("#toast")).to_contain_text("已保存")
    assert '    - "{team}签了第一单！"' in house.daemon.timetable_file.path.read_text(encoding="utf-8")


@pytest.mark.long  # each form is drawn in test_every_tab_and_form_fits
def test_settings_and_a_new_entry(house: House, browser: Browser, pages: list[Page]) -> None:
    """A prize, a level, a wall and a new span: each a form, each one version, every comment stays."""
    page = opened(house, browser, pages, "desktop")
    page.locator(".tabs").get_by_text("设置").click()
    for title, key, value in (
        ("奖品", "day", "一杯奶茶"),
        ("声音", "duck_db", "-24"),
        ("所有大屏", "distance", "8"),
    ):
        page.locator("#pages li button", has_text=title).first.click()
        page.locator(f"#sheet [data-key={key}] input").fill(value)
        page.click("#sheet-save")
        expect(page.locator("#toast")).to_contain_text("已保存")
    page.click("#add-screen")
    page.fill("#screen-name", "前台")
    page.get_by_text("下一步").click()
    page.locator("#sheet [data-key=diagonal] input").fill("75")
    page.click("#sheet-save")
    expect(page.locator("#screens li")).to_contain_text("75")
    page.locator(".tabs").get_by_text("一天").click()
    page.locator("[data-add=cues]").click()
    page.locator("#sheet [data-key=at] input").fill("16:30")
    page.locator("#sheet [data-key=say] select").select_option(label="说一句话")
    page.locator("#sheet [data-key=say] textarea").fill("大家到大会议室集合。")
    expect(page.locator("#sheet .plan .fresh").first).to_contain_text("大家到大会议室集合。")
    page.click("#sheet-save")
    expect(page.locator("#cues li")).to_have_count(6)
    text = house.daemon.timetable_file.path.read_text(encoding="utf-8")
    for piece in (
        "day: 一杯奶茶",
        "duck_db: -24 ",
        "distance: 8",
        "{前台: {diagonal: 75}}",
        "say: 大家到大会议室集合。",
    ):
        assert piece in text
    comments = re.findall(r"#.*", SHIPPED)
    assert re.findall(r"#.*", text) == comments


def waited(what: Callable[[], object]) -> None:
    """Wait until the daemon has read the file again."""
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def renamed(page: Page, old: str, new: str) -> None:
    """Change a group's name in its form."""
    page.locator("#groups button", has_text=old).click()
    page.locator("#sheet [data-key=name] input").fill(new)
    expect(page.locator("#sheet-save")).to_be_enabled()
    kept(page, "rename")
    page.click("#sheet-save")
    expect(page.locator("#groups li").first).to_contain_text(new)


def test_a_program_is_added_with_the_events_that_it_gets(
    house: House, browser: Browser, pages: list[Page]
) -> None:
    """设置 → 接收推送的程序: all events unless some are taken away; the link waits for its address and secret."""
    page = opened(house, browser, pages, "small")
    page.locator(".tabs").get_by_text("设置").click()
    page.click("[data-link=webhooks]")
    page.fill("#link-name", "客户系统")
    page.get_by_text("下一步").click()
    expect(page.locator("#sheet-save")).to_be_enabled()
    page.locator("#sheet [data-key=send] .chip", has_text="故障").click()
    expect(page.locator("#sheet .changes")).to_contain_text("send: [deals, corrections, results]")
    kept(page, "webhook")
    page.click("#sheet-save")
    expect(page.locator("#webhooks li")).to_contain_text("每一单、更正、战报")
    waited(lambda: house.daemon.office.links.status())
    (program,) = house.daemon.office.links.status()
    assert (program.ident, program.on) == ("webhook:客户系统", False)
    (spec,) = house.daemon.office._context.rhythm.links.webhooks
    assert spec.send == ("deals", "corrections", "results")
    page.locator("#webhooks button", has_text="客户系统").click()
    page.locator("#sheet").get_by_role("button", name="去掉").click()
    page.locator("#sheet").get_by_role("button", name="去掉").click()
    expect(page.locator("#webhooks li")).to_have_count(0)
    waited(lambda: not house.daemon.office.links.status())


def test_a_group_is_added_changed_and_removed(house: House, browser: Browser, pages: list[Page]) -> None:
    """设置 → 群和邮件: the form writes the YAML, every comment stays, the daemon has the link; removing ends it."""
    page = opened(house, browser, pages, "small")
    page.locator(".tabs").get_by_text("设置").click()
    page.click("[data-link=groups]")
    page.fill("#link-name", "销售一群")
    page.get_by_text("下一步").click()
    page.locator("#sheet [data-key=kind] select").select_option(label="企业微信")
    page.locator("#sheet [data-key=send] .chip", has_text="整点").click()
    page.locator("#sheet [data-key=quiet] textarea").fill("25:00-26:00")
    expect(page.locator("#sheet [data-key=quiet] .wrong")).to_contain_text("25:00")
    page.locator("#sheet [data-key=quiet] textarea").fill("00:00-09:00")
    expect(page.locator("#sheet-save")).to_be_enabled()
    kept(page, "group")
    page.click("#sheet-save")
    expect(page.locator("#groups li").first).to_contain_text("企业微信")
    text = house.daemon.timetable_file.path.read_text(encoding="utf-8")
    assert re.findall(r"#.*", text) == re.findall(r"#.*", SHIPPED)
    waited(lambda: house.daemon.office._context.rhythm.links.groups)
    groups = house.daemon.office._context.rhythm.links.groups
    assert (groups[0].name, groups[0].kind, "hourly" in groups[0].send) == ("销售一群", "wecom", False)
    renamed(page, "销售一群", "销售二群")
    renamed(page, "销售二群", "销售三群")
    assert "id: 销售一群}" in house.daemon.timetable_file.path.read_text(encoding="utf-8")
    waited(lambda: [(one.name, one.ident) for one in house.daemon.office.links.status()]
           == [("销售三群", "group:销售一群")])  # fmt: skip
    page.locator("#groups button", has_text="销售三群").click()
    page.locator("#sheet").get_by_role("button", name="去掉").click()
    page.locator("#sheet").get_by_role("button", name="去掉").click()
    expect(page.locator("#groups li")).to_have_count(1)
    assert "销售三群" not in house.daemon.timetable_file.path.read_text(encoding="utf-8")


def by_touch(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag one finger."""
    tools = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y} for x, y in points]
        tools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    send("touchStart", start)
    for step in range(1, 9):
        send("touchMove", (start[0], start[1] + (end[1] - start[1]) * step / 8))
        page.wait_for_timeout(30)
    send("touchEnd")


def by_mouse(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=8)
    page.wait_for_timeout(100)
    page.mouse.up()


def middle(page: Page, name: str) -> tuple[float, float]:
    box = page.locator("#rhythm li", has_text=name).locator(".handle").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize(
    "way", ["touch", *(pytest.param(way, marks=pytest.mark.long) for way in ("mouse", "list")), "keys"]
)
def test_a_span_is_dragged_before_another(
    house: House, browser: Browser, pages: list[Page], way: str
) -> None:
    """先锋探路 (5 minutes) goes before 元帅升帐 (15): both keep their length, the file all comments."""
    page = opened(house, browser, pages, "desktop" if way == "mouse" else "phone")
    scouts = page.locator("#rhythm li", has_text="先锋探路").locator(".handle")
    scouts.scroll_into_view_if_needed()
    if way in ("touch", "mouse"):
        page.locator("#rhythm").evaluate("node => scrollTo(0, node.offsetTop - 20)")
        start, end = middle(page, "先锋探路"), middle(page, "元帅升帐")
        (by_touch if way == "touch" else by_mouse)(page, start, (end[0], end[1] - 12))
    elif way == "keys":
        scouts.focus()
        page.keyboard.press("ArrowUp")
    else:
        scouts.click()
        page.locator("#sheet button", has_text="元帅升帐").click()
    sheet = page.locator("#sheet")
    expect(sheet).to_contain_text("挪动“先锋探路”")
    expect(sheet.locator(".form li", has_text="先锋探路")).to_contain_text("09:00–09:05")
    expect(sheet.locator(".form li", has_text="元帅升帐")).to_contain_text("09:05–09:20")
    kept(page, f"drag-{way}")
    page.click("#sheet-save")
    expect(page.locator("#toast")).to_contain_text("已保存")
    text = house.daemon.timetable_file.path.read_text(encoding="utf-8")
    assert text.index("name: 先锋探路") < text.index("name: 元帅升帐") < text.index("name: 攻城略地")
    assert re.search(r"at: 09:00-09:05\s+name: 先锋探路", text)
    assert sorted(re.findall(r"#.*", text)) == sorted(re.findall(r"#.*", SHIPPED))


@pytest.mark.parametrize(
    ("size", "scheme"),
    [
        ("phone", "dark"),
        pytest.param("small", "light", marks=pytest.mark.long),
        pytest.param("desktop", "light", marks=pytest.mark.long),
    ],
)
def test_every_tab_and_form_fits(
    house: House, browser: Browser, pages: list[Page], size: str, scheme: str
) -> None:
    """Nothing overflows, type and targets are large enough, contrast holds: all tabs and forms at each size."""
    page = opened(house, browser, pages, size, scheme)
    for tab in ("播报词", "设置", "历史", "文字", "一天"):
        page.locator(".tabs").get_by_text(tab).click()
        kept(page, f"{size}-{scheme}-{tab}")
    for section in ("rhythm", "cues", "duties"):
        page.locator(f"#{section} li button").first.click()
        kept(page, f"{size}-{scheme}-{section}")
        page.get_by_role("button", name="关闭").click()
    page.locator(".tabs").get_by_text("设置").click()
    for number in range(5):
        page.locator("#pages li button").nth(number).click()
        kept(page, f"{size}-{scheme}-page-{number}")
        page.get_by_role("button", name="关闭").click()
