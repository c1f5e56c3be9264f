"""A real Chromium uses a real office: deals, celebration, lost network, problems; and the layout of every page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import phonesheets
import pytest
from playwright.sync_api import Browser, FloatRect, Page, Route, expect

from controller.sales.model import PersonRow
from tests.signage.house import REPOSITORY, House, running
from tests.signage.phonepage import HEIGHT, WIDTH, OnePhone, sized

pytestmark = pytest.mark.browser

ARTEFACTS = REPOSITORY / "artefacts"
RULES = (Path(__file__).parent / "phone_rules.js").read_text(encoding="utf-8")
MARKUP = "<img src=x onerror=alert(1)>"
SIGNED_IN: dict[str, Any] = {}
"""The session of the first phone of each office: the form is filled in once, which takes a quarter of a test."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home") as house:
            house.daemon.office.people.add(PersonRow(name=MARKUP, team="雄鹰队"))
            for product in ("网络招聘", "校园招聘套餐", "报纸"):
                house.sell("欧阳建国", 300, f"known-{product}", product)
            yield house


@pytest.fixture(scope="module")
def one_phone(house: House, browser: Browser) -> Iterator[OnePhone]:
    one = OnePhone(lambda: sign_in(house, browser, WIDTH, HEIGHT))
    yield one
    one.close()


@pytest.fixture
def phone(request: pytest.FixtureRequest, one_phone: OnePhone) -> Iterator[Page]:
    yield from one_phone.for_test(request)


def sign_in(house: House, browser: Browser, width: int, height: int, scheme: str = "light") -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=True, locale="zh-CN"
    )  # type: ignore[arg-type]
    page = context.new_page()
    context.add_cookies(SIGNED_IN.get(house.address, []))
    page.goto(house.address)
    if page.locator("#pin").count():
        page.fill("#pin", house.daemon.office.keys.pin())
        page.click("text=进入")
    expect(page.locator("#done li").first).to_be_visible()
    SIGNED_IN[house.address] = context.cookies()
    return page


def box_of(page: Page, selector: str) -> FloatRect:
    """Return the place of the first element for `selector`; wait while the page draws it again."""
    for _ in range(100):
        place = page.locator(selector).first
        place.wait_for()
        if (box := place.bounding_box()) is not None:
            return box
        page.wait_for_timeout(50)
    raise AssertionError(f"{selector} is never at rest")


def fill(page: Page, team: str, person: str, amount: str, product: str) -> None:
    page.locator("#teams").get_by_text(team, exact=True).tap()
    page.locator("#people").get_by_text(person, exact=True).tap()
    page.fill("#amount", amount)
    page.locator("#products").get_by_text(product, exact=True).tap()


def deals_of(house: House, person: str) -> list[dict[str, object]]:
    return [deal for deal in house.call("GET", "/api/deals").json if deal["person"] == person]


def test_a_deal_by_tapping_is_celebrated(house: House, browser: Browser, phone: Page) -> None:
    """Person, amount, product, 播报: the sentence is shown before, the wall celebrates, the list shows 已播."""
    house.call("POST", "/api/stop", {})
    wall = browser.new_page(viewport={"width": 1280, "height": 720})
    wall.goto(house.address + "/wall")
    fill(phone, "猛虎队", "王小明", "1.28万", "校园招聘套餐")
    expect(phone.locator("#words")).to_have_text(
        "恭喜猛虎队的王小明签了一单校园招聘套餐，金额是一万两千八百元，请大家为他喝彩！"
    )
    expect(phone.locator("#why")).to_have_text(re.compile("立即播报"))
    ARTEFACTS.mkdir(exist_ok=True)
    phone.screenshot(path=ARTEFACTS / "phone-order.png")
    phone.tap("#go")
    line = phone.locator("#done li").filter(has_text="王小明")
    expect(line).to_contain_text("¥12,800")
    expect(line).to_contain_text("正在播报")
    expect(wall.get_by_text("王小明").first).to_be_visible()
    wall.screenshot(path=ARTEFACTS / "wall-celebration-live.png")
    wall.close()  # its animations would be drawn until the sound ends
    expect(line).to_contain_text("已播")
    assert [deal["amount"] for deal in deals_of(house, "王小明")] == [12800]


@pytest.mark.long  # test_media_browser.py has a text
def test_a_deal_is_previewed_on_this_phone_only(house: House, phone: Page) -> None:
    """试听 beside the deal plays it here and announces nothing; another amount removes the player."""
    expect(phone.locator("#deal-hear")).to_be_hidden()
    before = house.call("GET", "/api/deals").json
    fill(phone, "猛虎队", "王小明", "1.28万", "校园招聘套餐")
    phone.tap("#deal-hear")
    player = phone.locator("#deal-sound audio")
    expect(player).to_have_js_property("readyState", 4)
    phone.screenshot(path=ARTEFACTS / "phone-order-heard.png", full_page=True)
    assert house.call("GET", "/api/deals").json == before
    phone.fill("#amount", "5")
    expect(player).to_have_count(0)


def test_the_sentence_does_not_hide_the_field_that_is_filled_in(house: House, phone: Page) -> None:
    """The sentence grows over the lower fields while one types; the field with the cursor moves above it."""
    phone.set_viewport_size({"width": 390, "height": 700})
    fill(phone, "猛虎队", "王小明", "8800", "别的…")
    phone.evaluate("scrollTo(0, 0)")
    phone.locator("#other-product").press_sequentially("铂金会员 Pro 2.0")
    expect(phone.locator("#words")).to_contain_text("王小明")
    field, over = box_of(phone, "#other-product"), box_of(phone, ".send.ready")
    assert field["y"] + field["height"] <= over["y"]


@pytest.mark.long  # test_phone_deals.py has deals in a row
def test_the_form_is_empty_again_and_has_a_new_key(house: House, phone: Page) -> None:
    """After a deal is accepted the next one is another deal, with another key."""
    for amount in ("110", "120"):
        fill(phone, "飞龙队", "周婷", amount, "报纸")
        phone.tap("#go")
        expect(phone.locator("#amount")).to_have_value("")
        expect(phone.locator("#go")).to_be_disabled()
    deals = deals_of(house, "周婷")
    assert [deal["amount"] for deal in deals] == [110, 120]
    assert len({deal["key"] for deal in deals}) == 2


def test_a_wrong_amount_is_shown_at_its_field(house: House, phone: Page) -> None:
    """An amount of 0 or an invalid one shows a message below the field while typing; correcting it removes it."""
    fill(phone, "飞龙队", "李思思", "0", "报纸")
    expect(phone.locator("#amount-wrong")).to_contain_text("大于 0")
    phone.fill("#amount", "一万二")
    expect(phone.locator("#words")).to_contain_text("一万两千元")
    expect(phone.locator("#amount-wrong")).to_be_hidden()


def test_a_lost_network_loses_no_deal(house: House, phone: Page) -> None:
    """Without a network the deal stays on the phone, which says so; with the network back it arrives exactly once.

    The test discards the answer to the first delivery, so that the phone must send the same deal twice.
    """
    thrown: list[str] = []

    def throw_answer_away(route: Route) -> None:
        if route.request.method == "POST" and len(thrown) < 1:
            thrown.append(route.request.post_data or "")
            route.fetch()
            route.abort()
        else:
            route.continue_()

    phone.route("**/api/deals", throw_answer_away)
    fill(phone, "猛虎队", "刘洋", "4321", "报纸")
    phone.tap("#go")
    line = phone.locator("#done li").filter(has_text="还没送到")
    expect(line).to_contain_text("刘洋 4321")
    expect(phone.locator("#toast")).to_contain_text("不会记两次")
    expect(line).to_have_count(0)
    assert len(thrown) == 1
    assert [deal["amount"] for deal in deals_of(house, "刘洋")] == [4321]


def test_an_unsent_deal_survives_a_reload(house: House, phone: Page) -> None:
    """A deal that could not be sent is still there after closing and reopening the page, and then arrives."""
    phone.route("**/api/deals", lambda route: route.abort())
    fill(phone, "猛虎队", "单晓明", "77", "报纸")
    phone.tap("#go")
    expect(phone.locator("#done li").filter(has_text="还没送到")).to_contain_text("单晓明")
    phone.unroute("**/api/deals")
    phone.reload()
    expect(phone.locator("#done li").filter(has_text="¥77")).to_be_visible()
    assert len(deals_of(house, "单晓明")) == 1


def test_a_deal_is_taken_back_with_a_reason(house: House, phone: Page) -> None:
    """Tap the line and enter a reason: the deal is struck through and removed from the standings."""
    house.sell("陈芳", 555, "to-void")
    phone.locator("#done li").filter(has_text="¥555").get_by_role("button").tap()
    phone.get_by_role("button", name="撤回这一单").tap()
    phone.locator("#sheet").get_by_text("报重了").tap()
    phone.screenshot(path=ARTEFACTS / "phone-take-back.png")
    phone.locator("#sheet").get_by_role("button", name="撤回", exact=True).tap()
    expect(phone.locator("#done li").filter(has_text="¥555")).to_contain_text("已撤回")
    assert deals_of(house, "陈芳")[-1]["voided"] == "报重了"


def test_markup_in_a_name_is_text(house: House, phone: Page) -> None:
    """A name with HTML is shown as text on the chip, in the list and on the roster."""
    dialogs: list[str] = []
    phone.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    fill(phone, "雄鹰队", MARKUP, "66", "报纸")
    expect(phone.locator("#chosen-name")).to_have_text(MARKUP)
    phone.tap("#go")
    expect(phone.locator("#done li").filter(has_text="¥66")).to_contain_text(MARKUP)
    expect(phone.locator("main img")).to_have_count(0)
    assert dialogs == []


def test_something_is_said_to_all(house: House, phone: Page) -> None:
    """An announcement: characters counted while typing, refused over the limit, listed with its state when sent."""
    phone.locator(".tabs").get_by_text("广播").tap()
    phone.fill("#text", "大" * 301)
    expect(phone.locator("#count")).to_have_text("多了 1 个字")
    expect(phone.locator("#say-go")).to_be_disabled()
    phone.fill("#text", "三点钟拍合影。")
    phone.tap("#say-go")
    expect(phone.locator("#said li").filter(has_text="三点钟拍合影。")).to_be_visible()
    expect(phone.locator("#text")).to_have_value("")


def test_music_and_volume_are_at_hand(house: House, phone: Page) -> None:
    """Play, stop and volume work by tapping, and the page shows the current state."""
    phone.locator(".tabs").get_by_text("广播").tap()
    phone.tap("#music-go")
    expect(phone.locator("#music-go")).to_have_text("停止")
    phone.tap("#music-go")
    expect(phone.locator("#music-go")).to_have_text("播放")
    with phone.expect_response("**/api/volume"):
        phone.locator("#volume").fill("40")
    expect(phone.locator("#volume-now")).to_have_text("40")
    assert house.call("GET", "/api/now").json["sound"]["volume"] == 40


@pytest.mark.long  # the server: services/test_voices_service.py
def test_the_voice_is_chosen_and_every_phone_knows(house: House, browser: Browser, phone: Page) -> None:
    """Shows the voice in use and why; a tap chooses a voice, a slider the speed; another open phone shows both
    within seconds."""
    other = sign_in(house, browser, 320, 568, "dark")
    for page in (phone, other):
        page.locator(".tabs").get_by_text("设备").tap()
        expect(page.locator("#voice-now")).to_contain_text("备用语音（espeak）")
        expect(page.locator("#voice-now")).to_contain_text("自然语音还没有安装。")
        page.locator("#voice-choice summary").tap()
    assert phone.get_by_role("button", name="试听晓晓（女声）").is_disabled()
    assert phone.locator("#voices li").filter(has_text="晓晓").locator(".row").is_disabled()
    phone.get_by_role("button", name="试听备用语音（espeak）").tap()
    expect(phone.locator("#voice-sound audio")).to_have_js_property("readyState", 4)
    phone.locator("#voices li").filter(has_text="espeak").locator(".row").tap()
    expect(other.locator("#voice-chosen")).to_have_text("备用语音（espeak）")
    with phone.expect_response("**/api/voice"):
        phone.locator("#voice-speed").fill("1.2")
    expect(other.locator("#voice-speed-now")).to_have_text("快（1.2）")
    expect(phone.locator("#voice-sound audio")).to_have_count(1)  # the playing preview stays
    expect(phone.locator("#voice-results")).to_be_disabled()  # espeak has only one voice
    phone.locator("#voices li").filter(has_text="自动").locator(".row").tap()
    phone.locator("#voice-results").select_option("auto")
    expect(other.locator("#voice-results")).to_have_value("auto")
    other.screenshot(path=ARTEFACTS / "phone-voice-320-dark.png", full_page=True)
    phone.screenshot(path=ARTEFACTS / "phone-voice-390-light.png", full_page=True)
    assert [page.evaluate(RULES) for page in (phone, other)] == [[], []]
    phone.locator("#voice-reset").tap()
    expect(other.locator("#voice-chosen")).to_have_text("自动")
    expect(other.locator("#voice-reset")).to_be_hidden()
    other.context.close()


INSTALLS: tuple[tuple[dict[str, object], str], ...] = (
    ({"state": "installing", "percent": 43.7, "why": None}, "正在安装自然语音 43%"),
    ({"state": "failed", "percent": None, "why": "磁盘空间不够。"}, "磁盘空间不够。"),
    ({"state": "off", "percent": None, "why": MARKUP}, MARKUP),
    ({"state": "installed", "percent": 100, "why": None}, ""),
)


@pytest.mark.long  # rare
def test_the_install_of_the_natural_voice_is_shown(phone: Page) -> None:
    """Progress while running, the reason when failed or disabled, nothing when done."""
    status: dict[str, object] = {}

    def with_install(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "voice_install": status})

    phone.route("**/api/phone", with_install)
    phone.locator(".tabs").get_by_text("设备").tap()
    for install, words in INSTALLS:
        status.update(install)
        phone.evaluate("dispatchEvent(new Event('online'))")
        expect(phone.locator("#voice-install")).to_have_text(words)
        bars = phone.locator("#voice-install progress")
        expect(bars).to_have_count(1 if install["state"] == "installing" else 0)
        if words == INSTALLS[0][1]:
            phone.locator("#speech").screenshot(path=ARTEFACTS / "phone-voice-installing.png")
    expect(phone.locator("#voice-install img")).to_have_count(0)
    phone.unroute_all(behavior="wait")


@pytest.mark.long  # test_phone_deals.py has deals in a row
def test_the_last_deal_and_its_amount_are_visible(house: House, phone: Page) -> None:
    """The page repeats the amount as parsed; the state of the last deal is at the top of the form."""
    fill(phone, "飞龙队", "周婷", "8.8k", "报纸")
    expect(phone.locator("#why")).to_contain_text("¥8,800。")
    phone.tap("#go")
    card = phone.locator("#reported li")
    expect(card).to_contain_text("周婷")
    expect(card).to_contain_text("整点一起播报")
    assert phone.evaluate("scrollY") == 0
    phone.locator("#teams").get_by_text("飞龙队", exact=True).tap()
    phone.locator("#people").get_by_text("李思思", exact=True).tap()
    expect(phone.locator("#reported")).to_be_hidden()


def test_repeat_needs_confirmation_and_a_stop_can_be_undone(house: House, phone: Page) -> None:
    """A row under 说过的话 asks for confirmation; 全部停下 offers 恢复 for ten seconds, which restores the outbox."""
    house.call("POST", "/api/hush", {"minutes": 0})
    house.call("POST", "/api/stop", {})
    for number in range(3):
        house.call(
            "POST", "/api/announcements", {"text": f"第{number}句话，请大家听一听。", "key": f"q{number}"}
        )
    phone.locator(".tabs").get_by_text("广播").tap()
    phone.tap("#stop")
    row = phone.locator("#said li").filter(has_text="第2句话")
    expect(row).to_contain_text("没有播出")
    expect(row).to_contain_text("有人按了停止")
    count = len(house.call("GET", "/api/announcements").json)
    phone.locator("#toast").get_by_role("button", name="恢复").tap()
    expect(phone.locator("#toast")).to_contain_text("已恢复")
    after = house.call("GET", "/api/announcements").json
    assert len(after) > count
    house.call("POST", "/api/stop", {})
    expect(row.first).to_contain_text("没有播出")  # the page has read the second stop
    row.first.get_by_role("button").tap()
    expect(phone.locator("#sheet")).to_contain_text("全办公室都会听到")
    assert len(house.call("GET", "/api/announcements").json) == len(after)
    phone.locator("#sheet").get_by_role("button", name="再播一次").tap()
    expect(phone.locator("#sheet")).to_be_hidden()
    assert len(house.call("GET", "/api/announcements").json) == len(after) + 1
    house.call("POST", "/api/stop", {})


def test_an_emergency_needs_a_long_press_and_a_yes(house: House, phone: Page) -> None:
    """A tap does nothing; a long press asks for confirmation; only then it is announced."""
    phone.locator(".tabs").get_by_text("广播").tap()
    phone.tap("#emergency")
    expect(phone.locator("#sheet")).to_be_hidden()
    phone.locator("#emergency").dispatch_event("pointerdown")
    expect(phone.locator("#sheet")).to_contain_text("确定要播吗")
    phone.fill("#emergency-text", "这是演习")
    phone.locator("#sheet").get_by_role("button", name="马上播报").tap()
    expect(phone.locator("#said li").first).to_contain_text("这是演习")
    assert house.call("GET", "/api/announcements").json[-1]["kind"] == "emergency"
    house.call("POST", "/api/stop", {})


def test_volume_zero_and_problems_are_shown_where_they_matter(house: House, phone: Page) -> None:
    """Volume 0 shows a banner, a note at the slider and the state on 设备; problems are one line, in full on 设备."""
    file = house.daemon.office._context.timetable_file._path
    good = file.read_text(encoding="utf-8")
    try:
        file.write_text(
            good.replace("volume: 40", "volume: 400").replace("theme: ink", "theme: inky"), encoding="utf-8"
        )
        house.call("PUT", "/api/volume", {"volume": 0})
        expect(phone.locator("#troubles summary").first).to_contain_text("总音量是 0，办公室听不到。")
        expect(phone.locator("#troubles summary").nth(1)).to_contain_text("作息表有 3 处要改。")
        expect(phone.locator("#troubles details")).to_have_count(2)
        phone.locator(".tabs").get_by_text("广播").tap()
        expect(phone.locator("#volume-note")).to_have_text("总音量是 0，办公室听不到。")
        phone.locator(".tabs").get_by_text("设备").tap()
        expect(phone.locator("#machine li").first).to_contain_text("总音量是 0")
        expect(phone.locator("#faults li")).to_have_count(3)
    finally:
        file.write_text(good, encoding="utf-8")
        house.call("PUT", "/api/volume", {"volume": 40})
    expect(phone.locator("#troubles")).to_be_empty()
    expect(phone.locator("#faults-block")).to_be_hidden()


def test_a_lost_server_is_reported_until_it_is_back(house: House, phone: Page) -> None:
    """When the server cannot be reached the phone says so within seconds, and recovers automatically."""
    phone.context.set_offline(True)
    phone.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(phone.locator("#where-text")).to_have_text("连不上主机")
    expect(phone.locator("#troubles")).to_contain_text("连不上主机")
    phone.context.set_offline(False)
    expect(phone.locator("#where-text")).to_contain_text("决战时刻")
    expect(phone.locator("#troubles")).to_be_empty()


@pytest.mark.parametrize(
    ("width", "height", "scheme"),
    [
        (320, 568, "dark"),
        pytest.param(320, 568, "light", marks=pytest.mark.long),
        pytest.param(390, 844, "light", marks=pytest.mark.long),
        pytest.param(390, 844, "dark", marks=pytest.mark.long),
        pytest.param(360, 640, "dark", marks=pytest.mark.long),
        pytest.param(820, 1180, "light", marks=pytest.mark.long),
    ],
)
def test_every_page_keeps_the_rules(house: House, phone: Page, width: int, height: int, scheme: str) -> None:
    """At every width, light and dark: no overflow, type >= 16 px, targets >= 48 px, contrast >= 4.5:1."""
    house.call(
        "POST", "/api/walls/hall/painted", {"scene": "rhythm", "width": 1920, "height": 1080}, role=None
    )
    house.call("PUT", "/api/targets", {"team": "猛虎队", "amount": 100000})
    house.call("PUT", "/api/cities", {"city": "上海", "percent": 93})
    page = sized(phone, width, height, scheme)
    faults = {}
    mark = f"{width}-{scheme}"
    for tab in (
        "deal",
        "say",
        "results",
        "device",
        "colleagues",
    ):  # the last one is reached from the one before
        page.locator(f"a[href='#{tab}']").first.tap()
        expect(page.locator(f"#{tab}")).to_be_visible()
        if tab == "results":
            expect(page.locator("#team-rows li").first).to_be_visible()
        if tab == "colleagues":
            page.locator("#roster summary").first.tap()
        faults[tab] = page.evaluate(RULES)
        page.screenshot(path=ARTEFACTS / f"phone-{tab}-{mark}.png", full_page=True)
        for opened in phonesheets.OPENED[tab]:
            opened(page)
            if opened not in phonesheets.FORMS:
                page.locator("#sheet[open]").wait_for()
            faults[opened.__name__] = page.evaluate(RULES)
            page.screenshot(path=ARTEFACTS / f"phone-{tab}-{opened.__name__}-{mark}.png")
            phonesheets.closed(page)
    kept = page.context.cookies()
    page.context.clear_cookies()
    page.goto(house.address)
    faults["door"] = page.evaluate(RULES)
    page.context.add_cookies(kept)  # type: ignore[arg-type]
    assert faults == {page: [] for page in faults}


def test_the_rules_judge_a_page_at_rest(browser: Browser) -> None:
    """A colour in transition counts as the one at its end; an animation without end does not hold the check up."""
    page = browser.new_page()
    page.set_content(
        "<style>@keyframes turn { to { opacity: .9 } } p { animation: turn 1s infinite }"
        "button { font-size: 20px; padding: 20px; color: #111; background: #111; transition: color 600s }"
        ".on { color: #fff; background: #000 }</style><p><button>保存</button>"
    )
    assert "contrast" in str(page.evaluate(RULES))
    page.evaluate("document.querySelector('button').className = 'on'")
    assert page.evaluate(RULES) == []
    page.close()


QUESTION = """async () => {
  const kit = await import(document.querySelector('link[href$="/phone-kit.js"]').href);
  let done;
  kit.ask('第一张', [], '好', () => new Promise((resolve) => { done = resolve; }));
  document.querySelector('#sheet .go').click();
  kit.sheet('第二张');
  done();
  await new Promise((resolve) => setTimeout(resolve));
}"""


def test_a_question_answered_late_closes_no_other_sheet(phone: Page) -> None:
    """On a slow network a person opens another sheet while the first one's work goes on: that one stays."""
    phone.evaluate(QUESTION)
    expect(phone.locator("#sheet")).to_be_visible()
    expect(phone.locator("#sheet-title")).to_have_text("第二张")
