"""Details of the phone: removing products, all deals of today, Chinese names, low screens, the poster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.signage.house import House, running
from tests.signage.phonepage import HEIGHT, WIDTH, OnePhone, sized
from tests.signage.test_phone_browser import ARTEFACTS, RULES, box_of, fill, sign_in

pytestmark = pytest.mark.browser

LONG_PRESS_MS = 900
STRIP = "彩排：这里记的单结束后不保留"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", rehearsal=True) as house:
            for product in ("网络招聘", "校园招聘套餐", "报址"):
                for number in (1, 2):
                    house.sell("欧阳建国", 300, f"known-{product}-{number}", product)
            yield house


@pytest.fixture(scope="module")
def one_phone(house: House, browser: Browser) -> Iterator[OnePhone]:
    one = OnePhone(lambda: sign_in(house, browser, WIDTH, HEIGHT))
    yield one
    one.close()


@pytest.fixture
def phone(request: pytest.FixtureRequest, one_phone: OnePhone) -> Iterator[Page]:
    yield from one_phone.for_test(request)


def long_press(page: Page, selector: str) -> None:
    """Press long on the middle of the element for `selector`."""
    box = box_of(page, selector)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(LONG_PRESS_MS)
    page.mouse.up()


def test_a_long_press_removes_a_product(house: House, phone: Page) -> None:
    """After a confirmation the chip disappears on this phone, 恢复 restores it, and a tap still chooses it."""
    wrong = "#products .chip:has-text('报址')"
    long_press(phone, wrong)
    sheet = phone.locator("#sheet")
    expect(sheet).to_contain_text("去掉“报址”")
    expect(phone.locator(f"{wrong}[aria-checked=true]")).to_have_count(0)
    sheet.get_by_role("button", name="去掉", exact=True).click()
    expect(phone.locator(wrong)).to_have_count(0)
    assert "报址" not in house.call("GET", "/api/phone").json["products"]
    phone.locator("#toast .undo").click()
    expect(phone.locator(wrong)).to_be_visible()
    phone.locator(wrong).click(button="right")
    expect(sheet).to_contain_text("去掉“报址”")
    sheet.get_by_text("关闭").click()
    long_press(phone, "#products .chip:has-text('别的')")
    expect(sheet).to_be_hidden()
    phone.locator(wrong).tap()
    expect(phone.locator(f"{wrong}[aria-checked=true]")).to_be_visible()


def test_a_product_is_removed_from_a_deals_sheet(house: House, phone: Page) -> None:
    """A product with a typing error can be removed from the sheet of its deal."""
    phone.locator("#done li", has_text="欧阳建国").first.locator("button").tap()
    phone.get_by_role("button", name="以后不再列出“报址”").tap()
    phone.locator("#sheet").get_by_role("button", name="去掉", exact=True).tap()
    expect(phone.locator("#products .chip:has-text('报址')")).to_have_count(0)
    house.call("PATCH", "/api/products", {"product": "报址", "hidden": False})


def test_chips_keep_their_places_while_a_deal_is_entered(house: House, phone: Page) -> None:
    """A product that another phone adds meanwhile goes to the end; after the form is sent, products are sorted."""
    phone.locator("#teams").get_by_text("飞龙队", exact=True).tap()
    phone.locator("#people").get_by_text("周婷", exact=True).tap()
    before = phone.locator("#products .chip").all_inner_texts()
    for number in (1, 2):
        house.sell("陈芳", 100, f"new-{number}", "A 一个新产品")
    expect(phone.locator("#products .chip:has-text('A 一个新产品')")).to_be_visible()
    assert phone.locator("#products .chip").all_inner_texts() == [*before[:-1], "A 一个新产品", before[-1]]
    phone.tap("#change")
    house.sell("陈芳", 100, "new-3", "A 一个新产品")
    expect(phone.locator("#products .chip").first).to_have_text("A 一个新产品")


@pytest.mark.long  # a convenience
def test_the_only_product_is_chosen(house: House, phone: Page) -> None:
    """One product is chosen without a tap, while there is no other; a product that was tapped stays chosen."""
    chosen = phone.locator("#products .chip[aria-checked=true]")
    only, *others = house.call("GET", "/api/phone").json["products"]
    for name in others:
        house.call("PATCH", "/api/products", {"product": name, "hidden": True})
    expect(chosen).to_have_text(only)
    for name in others:
        house.call("PATCH", "/api/products", {"product": name, "hidden": False})
    expect(chosen).to_have_count(0)
    phone.locator("#products .chip", has_text=others[0]).first.tap()
    house.call("PATCH", "/api/products", {"product": only, "hidden": True})
    house.call("PATCH", "/api/products", {"product": only, "hidden": False})
    expect(chosen).to_have_text(others[0])


def test_every_deal_of_today_can_be_opened(house: House, phone: Page) -> None:
    """Forty rows, and all of them after a tap: the first deal of the day can be opened."""
    for number in range(45):
        house.sell("刘洋", 100 + number, f"many-{number}", "报纸")
    expect(phone.locator("#older")).to_be_visible()
    expect(phone.locator("#done li")).to_have_count(40)
    phone.tap("#older")
    expect(phone.locator("#older")).to_be_hidden()
    total = len(house.call("GET", "/api/deals").json)
    expect(phone.locator("#done li")).to_have_count(total)
    phone.locator("#done li").last.locator("button").tap()
    expect(phone.locator("#sheet")).to_contain_text("撤回这一单")


@pytest.mark.long  # test_phone_deals.py has one that was heard
def test_a_deal_is_corrected(house: House, phone: Page) -> None:
    """改这一单 fills in the form; the sent deal replaces the old one, and a heard deal is not announced again."""
    house.sell("单晓明", 600, "wrong", "网络招聘")
    row = phone.locator("#done li", has_text="单晓明").first
    row.locator("button").tap()
    phone.get_by_role("button", name="改这一单").tap()
    expect(phone.locator("#fixing")).to_contain_text("正在改 单晓明 ¥600")
    expect(phone.locator("#chosen-name")).to_have_text("单晓明")
    assert phone.input_value("#amount") == "600"
    expect(phone.locator("#products [aria-checked=true]")).to_have_text("网络招聘")
    expect(phone.locator("#go")).to_have_text("改好，播报")
    phone.fill("#amount", "6000")
    phone.locator("#record-only").check()
    expect(phone.locator("#go")).to_have_text("保存")
    expect(phone.locator("#words")).to_contain_text("只记不播")
    phone.tap("#go")
    expect(phone.locator("#reported")).to_contain_text("¥6,000")
    expect(phone.locator("#fixing")).to_be_hidden()
    expect(phone.locator("#go")).to_have_text("播报")
    deals = [deal for deal in house.call("GET", "/api/deals").json if deal["person"] == "单晓明"]
    assert [(deal["amount"], deal["voided"] is None) for deal in deals] == [(600, False), (6000, True)]
    phone.locator("#done li", has_text="¥6,000").first.locator("button").tap()
    phone.get_by_role("button", name="改这一单").tap()
    phone.get_by_role("button", name="不改了").tap()
    expect(phone.locator("#fixing")).to_be_hidden()
    assert phone.input_value("#amount") == ""


@pytest.mark.long  # the server: services/test_corrections.py
def test_the_preview_of_a_correction_counts_the_old_deal_as_taken_back(house: House, phone: Page) -> None:
    """The page sends which deal it corrects with each preview, so that sentence and sound are the announced ones."""
    house.sell("单晓明", 700, "wrong-again", "网络招聘")
    phone.locator("#done li", has_text="¥700").first.locator("button").tap()
    phone.get_by_role("button", name="改这一单").tap()
    number = next(deal["id"] for deal in house.call("GET", "/api/deals").json if deal["amount"] == 700)
    with phone.expect_request("**/api/deals/preview") as typed:
        phone.fill("#amount", "7000")
    assert typed.value.post_data_json["replaces"] == number
    expect(phone.locator("#deal-listen")).to_be_visible()
    with phone.expect_request("**/api/preview") as heard:
        phone.tap("#deal-hear")
    assert heard.value.post_data_json["replaces"] == number
    phone.get_by_role("button", name="不改了").tap()


def test_music_and_walls_have_names_for_people(house: House, phone: Page) -> None:
    """晨间 for morning, 大屏 for main, the device for its user agent; music shows reason, end and volume."""
    agent = "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/53.0.2785.34"
    report = {"scene": "rhythm", "width": 1920, "height": 1080, "agent": agent, "no_chinese": True}
    house.call("POST", "/api/walls/main/painted", report, role=None)
    phone.goto(house.address + "/#say")
    phone.locator("#playlists").get_by_text("晨间", exact=True).tap()
    expect(phone.locator("#music-why")).to_contain_text("有人在手机上放的“晨间”，到")
    expect(phone.locator("#music-why")).to_contain_text("，音量 ")
    expect(phone.locator("#playlists")).not_to_contain_text("morning")
    expect(phone.locator("#say")).not_to_contain_text("main")
    house.call("POST", "/api/hush", {"minutes": 10})
    expect(phone.locator("#hush-now")).to_contain_text("正在静音，到")
    phone.tap("#music-go")
    expect(phone.locator("#toast")).to_contain_text("先结束静音")
    house.call("POST", "/api/hush", {"minutes": 0})
    house.call("POST", "/api/music", {"action": "stop"})
    phone.goto(house.address + "/#device")
    wall = phone.locator("#walls li", has_text="大屏")
    expect(wall).to_contain_text("没有中文字体")
    wall.locator("button").tap()
    sheet = phone.locator("#sheet")
    expect(sheet).to_contain_text("设备：LG 电视，Chrome 53。")
    expect(sheet).to_contain_text("fonts-noto-cjk")
    expect(sheet).not_to_contain_text("Mozilla")
    expect(sheet).not_to_contain_text("main")


@pytest.mark.long  # test_media_browser.py has both
def test_a_new_person_can_have_photo_and_song_at_once(house: House, phone: Page) -> None:
    """The sheet after 保存 offers both, and adding another person to the same team."""
    phone.goto(house.address + "/#colleagues")
    phone.tap("#add-person")
    phone.fill("#p-name", "新来的")
    phone.locator("#sheet .chip", has_text="飞龙队").tap()
    phone.locator("#sheet").get_by_role("button", name="保存").tap()
    sheet = phone.locator("#sheet")
    expect(sheet.locator("h2")).to_have_text("新来的已加入飞龙队")
    expect(sheet).to_contain_text("选照片")
    expect(sheet).to_contain_text("选一首歌")
    sheet.get_by_role("button", name="再加一个人").tap()
    assert phone.input_value("#p-team") == "飞龙队"
    assert phone.input_value("#p-name") == ""


@pytest.mark.parametrize(
    ("width", "height", "fixed"),
    [
        (320, 568, False),
        pytest.param(360, 640, False, marks=pytest.mark.long),
        pytest.param(390, 844, True, marks=pytest.mark.long),
    ],
)
def test_on_a_low_phone_the_sentence_covers_no_field(
    phone: Page, width: int, height: int, fixed: bool
) -> None:
    """320 × 568: at any scroll position nothing covers amount and product; on a tall phone the sentence stays."""
    page = sized(phone, width, height)
    fill(page, "猛虎队", "王小明", "12800", "网络招聘")
    expect(page.locator("#words")).to_contain_text("王小明")
    assert (page.evaluate("getComputedStyle(document.querySelector('.send')).position") == "sticky") is fixed
    for selector in ("#amount", "#products .chip[aria-checked=true]"):
        page.locator(selector).scroll_into_view_if_needed()
        box = box_of(page, selector)
        over = page.evaluate(
            "([x, y]) => { const f = document.elementFromPoint(x, y); return Boolean(f && f.closest('.send')); }",
            [box["x"] + 20, box["y"] + box["height"] / 2],
        )
        assert not over, (width, selector)
    hear, go = box_of(page, "#deal-hear"), box_of(page, "#go")
    assert (hear["y"], hear["height"]) == pytest.approx((go["y"], go["height"]), abs=1)


def test_a_problem_of_two_lines_touches_no_border(house: House, phone: Page) -> None:
    """On the narrowest phone its text keeps 6 px from the box, above and below."""
    page = sized(phone, 320, 568)
    house.call("PUT", "/api/volume", {"volume": 0})
    inner = box_of(page, "#troubles summary b:has-text('总音量是 0')")
    outer = box_of(page, "#troubles details")
    house.call("PUT", "/api/volume", {"volume": 100})
    assert inner["y"] - outer["y"] >= 6
    assert outer["y"] + outer["height"] - inner["y"] - inner["height"] >= 6


@pytest.mark.parametrize("width", [320, pytest.param(390, marks=pytest.mark.long)])
def test_the_poster_is_read_on_a_phone(house: House, phone: Page, width: int) -> None:
    """It fits the width, is marked as a rehearsal, names no day, and links back to the page that opened it."""
    page = sized(phone, width, 844)
    page.locator(".tabs a[href='#results']").tap()
    page.get_by_role("link", name="打印作息表").tap()
    page.wait_for_url("**/poster")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator("body")).to_contain_text(STRIP)
    expect(page.locator(".sheet")).not_to_contain_text("明天")
    page.screenshot(path=ARTEFACTS / f"poster-{width}.png", full_page=True)
    page.get_by_role("link", name="返回").tap()
    page.wait_for_url("**/#results")
    expect(page.locator("#results")).to_be_visible()


def test_the_poster_prints_without_screen_elements(house: House, browser: Browser) -> None:
    """The back link and the rehearsal strip are not printed."""
    page = browser.new_page()
    page.goto(house.address + "/poster")
    page.emulate_media(media="print")
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator(".rehearsal")).to_be_hidden()
    page.context.close()


@pytest.mark.parametrize(("width", "height"), [(320, 568), pytest.param(390, 844, marks=pytest.mark.long)])
def test_pages_of_a_rehearsal_keep_the_rules(house: House, phone: Page, width: int, height: int) -> None:
    """The strip is above the title of each tab, and the page for wrong addresses keeps the phone's rules too."""
    page = sized(phone, width, height)
    for tab in ("deal", "say", "results", "device"):
        page.locator(f".tabs a[href='#{tab}']").tap()
        expect(page.locator("p.rehearsal")).to_be_in_viewport()
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        expect(page.locator("p.rehearsal")).to_be_in_viewport()
    page.goto(house.address + "/nirgends")
    assert page.evaluate(RULES) == []
    page.screenshot(path=ARTEFACTS / f"missing-{width}.png")


NO_FONT = """
HTMLCanvasElement.prototype.toDataURL = function () { return 'data:,the same box for every character'; };
"""


def test_a_wall_without_a_chinese_font_says_so_in_letters(house: House, browser: Browser) -> None:
    """If every character is drawn as the same box, the wall and the phone show a warning in English; else none."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(house.address + "/wall/good")
    expect(page.locator(".stage .rehearsal")).to_have_text(STRIP)
    expect(page.locator(".fontless")).to_have_count(0)
    page.add_init_script(NO_FONT)
    page.goto(house.address + "/wall/boxes")
    expect(page.locator(".fontless")).to_contain_text("No Chinese font")
    lines = {}
    for _ in range(100):
        lines = {line["name"]: line for line in house.call("GET", "/api/phone").json["walls"]}
        if "no_chinese" in lines.get("boxes", {}):
            break
        page.wait_for_timeout(100)
    assert lines["boxes"]["no_chinese"] is True
    assert lines["good"]["no_chinese"] is False
    page.context.close()
