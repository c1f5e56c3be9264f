"""A real Chromium as a phone: a robot's key is entered, a test sent, and the day's messages read."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsers import pictures_taken
from tests.links.receiver import Receiver
from tests.links.vendors import Reply, WecomServer
from tests.signage.house import REPOSITORY, House, running
from tests.signage.phonepage import HEIGHT, WIDTH, OnePhone, sized
from tests.signage.test_roles_browser import join

pytestmark = pytest.mark.browser

ARTEFACTS = REPOSITORY / "artefacts"
LINKS = "\nlinks:\n  groups:\n    销售一部喜报群: {kind: wecom, quiet: [], send: 每一单, picture: false}\n"
LINKS += "  webhooks:\n    客户系统: {send: [每一单, 更正]}\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        home = tmp_path_factory.mktemp("office") / "home"
        with running(home, sounds=False) as house:
            file = home / "config" / "rhythm.yaml"
            file.write_text(file.read_text("utf-8") + LINKS, "utf-8")
            ARTEFACTS.mkdir(exist_ok=True)
            yield house


@pytest.fixture(scope="module")
def wecom(house: House) -> Iterator[WecomServer]:
    server = WecomServer(house.daemon.clock.now)
    yield server
    server.close()


@pytest.fixture(scope="module")
def one_phone(house: House, browser: Browser) -> Iterator[OnePhone]:
    def opened() -> Page:
        page = browser.new_context(has_touch=True, locale="zh-CN").new_page()
        return sized(join(house, page, "owner"), WIDTH, HEIGHT)

    one = OnePhone(opened)
    yield one
    one.close()


@pytest.fixture
def owner(request: pytest.FixtureRequest, one_phone: OnePhone) -> Iterator[Page]:
    yield from one_phone.for_test(request)


def picture(page: Page, name: str, whole: bool = False) -> None:
    """Keep pictures in both widths, light and dark, to be looked at."""
    if not pictures_taken():
        return
    for width in (390, 320):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 844})
            page.screenshot(path=ARTEFACTS / f"phone-links-{name}-{width}-{scheme}.png", full_page=whole)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 844})


def test_a_robot_is_connected(house: House, owner: Page, wecom: WecomServer) -> None:
    """Key, test message, a deal, a robot that was removed: each with its sentence on the page."""
    page = owner
    page.tap("text=设备")
    page.tap("text=连接和一天的消息")
    expect(page.locator("#links-rows")).to_contain_text("还没有填密钥", timeout=10_000)
    page.locator("#links-rows button").first.tap()
    page.fill("#secret-0", "https://qyapi.weixin.qq.com/")
    page.locator("#sheet .go").tap()
    expect(page.locator("#sheet .wrong")).to_contain_text("这不像企业微信群机器人的地址")
    picture(page, "secret")
    page.fill("#secret-0", f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={wecom.key}")
    page.locator("#sheet .go").tap()
    expect(page.locator("#links-rows")).to_contain_text("彩排里不真的发出")
    page.locator("#links-rows button").first.tap()
    page.locator("#sheet summary").tap()
    page.fill("#link-address", wecom.address)
    page.get_by_text("保存地址").tap()
    expect(page.locator("#links-rows .ok")).to_have_text("开")
    page.locator("#links-rows button").first.tap()
    page.get_by_text("发一条测试消息").tap()
    expect(page.locator("#links-messages")).to_contain_text("已发出", timeout=15_000)
    house.sell("王小明", 12800, "one")
    expect(page.locator("#links-messages .ok")).to_have_count(2, timeout=40_000)
    wecom.broken = lambda asked: Reply(200, b'{"errcode": 93000}')
    house.sell("陈芳", 900, "two")
    expect(page.locator("#links-rows")).to_contain_text("可能被移出了群", timeout=40_000)
    picture(page, "list", whole=True)
    page.locator("#links-messages button").first.tap()
    picture(page, "message")
    assert wecom.key not in str(house.call("GET", "/api/links", role="admin").json)
    assert wecom.key not in str(house.call("GET", "/api/log", role="admin").json)


def test_a_program_is_connected(house: House, owner: Page) -> None:
    """A secret is made and shown once, an address inside the office is asked about, a test arrives with a signature."""
    receiver = Receiver(house.daemon.clock.now)
    page = owner
    page.goto(f"{house.address}/#links")
    page.locator("#links-rows").get_by_text("客户系统").tap()
    page.get_by_role("button", name="生成签名密钥").tap()
    receiver.secrets = [page.locator("#sheet .secret").inner_text()]
    picture(page, "new-secret")
    page.locator("#sheet .go").tap()
    page.locator("#links-rows").get_by_text("客户系统").tap()
    page.fill("#link-receiver", f"{receiver.address}/events")
    picture(page, "receiver")
    page.get_by_text("保存地址").tap()
    expect(page.locator("#sheet")).to_contain_text("这个地址在办公室的网络里面")
    page.get_by_text("就发到这里").tap()
    expect(page.locator("#links-rows li", has_text="客户系统").locator(".ok")).to_have_text("开")
    page.locator("#links-rows").get_by_text("客户系统").tap()
    page.get_by_text("发一条测试消息").tap()
    expect(page.locator("#links-messages")).to_contain_text("客户系统", timeout=15_000)
    page.wait_for_timeout(500)
    receiver.close()
    assert (receiver.refusals, [one["type"] for one in receiver.events]) == ([], ["test"])
    shown = str([house.call("GET", path, role="admin").json for path in ("/api/links", "/api/log")])
    assert receiver.secrets[0] not in shown
    assert "/events" not in shown


def test_the_kind_of_a_link_is_english_on_an_english_phone(house: House, browser: Browser) -> None:
    """The name is unchanged, the kind is translated."""
    context = browser.new_context(
        has_touch=True, locale="en-GB", extra_http_headers={"Accept-Language": "en"}
    )
    page = context.new_page()
    invited = house.daemon.office.keys.phones.invite("owner", None)
    page.goto(f"{house.address}/join/{invited.link}")
    page.locator("button").first.tap()
    page.wait_for_url(f"{house.address}/")
    page.goto(f"{house.address}/#links")
    rows = page.locator("#links-rows")
    expect(rows).to_contain_text("客户系统", timeout=10_000)
    expect(rows).to_contain_text("Push to a program (webhook)")
    expect(rows).to_contain_text("WeCom group robot")
    context.close()


def test_a_program_gets_a_token_and_the_calendar_an_address(house: House, owner: Page) -> None:
    """Both are shown on the phone; the token works, is listed with its maker, and is revoked there."""
    page = owner
    page.tap("text=设备")
    page.locator("#calendar").tap()
    page.get_by_text("打开日历").tap()
    expect(page.locator("#sheet .secret")).to_contain_text("/calendar/")
    picture(page, "calendar")
    page.get_by_text("换一个地址").tap()
    before = page.evaluate("fetch('/api/calendar').then((answer) => answer.json())")["address"]
    page.locator("#sheet").get_by_text("换", exact=True).tap()
    expect(page.locator("#sheet .secret")).to_contain_text("/calendar/")
    assert page.locator("#sheet .secret").inner_text() != before
    page.keyboard.press("Escape")
    page.locator("#new-token").tap()
    page.fill("#token-name", "客户系统")
    picture(page, "token-wish")
    page.locator("#sheet").get_by_text("程序", exact=True).tap()
    page.locator("#sheet .go").tap()
    token = page.locator("#token").inner_text()
    picture(page, "token")
    asked = page.request.get(f"{house.address}/api/deals", headers={"Authorization": f"Bearer {token}"})
    assert asked.status == 200
    page.keyboard.press("Escape")
    page.locator("#who-may").tap()
    row = page.locator("#sheet li", has_text="客户系统")
    expect(row).to_contain_text("给的")
    row.get_by_text("作废").tap()
    picture(page, "token-list")
    page.locator("#sheet .stop").tap()
    expect(page.locator("#toast")).to_contain_text("已作废")
    asked = page.request.get(f"{house.address}/api/deals", headers={"Authorization": f"Bearer {token}"})
    assert asked.status == 401


def test_a_system_that_pushes_is_set_up(house: House, owner: Page) -> None:
    """Places with a preview against a sample, the secret once; with it a deal is taken, and not after it is off."""
    page = sized(owner, 320, 700)
    page.goto(house.address + "/#links")
    page.tap("#add-push")
    page.locator("#sheet .chip", has_text="固定的口令").tap()
    page.fill("#push-name", "客户系统")
    page.locator("#sheet .go").tap()
    expect(page.locator("#sheet")).to_contain_text("还要写：姓名 · 产品 · 金额 · 对方的编号。")
    places = {"person": "data.who", "product": "=套餐", "amount": "data.sum", "external_id": "data.id"}
    for key, place in places.items():
        page.fill(f"#map-{key}", place)
    page.fill("#push-sample", '{"data": {"id": "A-1", "who": "王小明"}}')
    expect(page.locator("#sheet .wrong").first).to_contain_text("缺少 amount")
    page.fill("#push-sample", '{"data": {"id": "A-1", "who": "王小明", "sum": 880}}')
    expect(page.locator("#sheet [role=status]")).to_contain_text("这样能收下")
    expect(page.locator("#sheet [role=status]")).to_contain_text("880")
    expect(page.locator("#push-places option")).to_have_count(3)
    assert page.locator("#push-places option").last.get_attribute("value") == "data.sum"
    page.locator("#sheet .go").tap()
    expect(page.locator("#sheet .secret")).to_have_count(2)
    address, secret = page.locator("#sheet .secret").all_inner_texts()
    assert address == house.address + "/api/push/" + quote("客户系统")
    page.locator("#sheet").get_by_role("button", name="关闭").tap()
    expect(page.locator("#sheet")).to_be_hidden()

    def push(ident: str) -> int:
        return page.request.post(
            house.address + "/api/push/" + quote("客户系统"),
            data={"data": {"id": ident, "who": "王小明", "sum": 880}}, headers={"X-Token": secret},
        ).status  # fmt: skip

    assert push("A-1") == 201
    page.reload()
    expect(page.locator("#push-rows li")).to_contain_text("收到 A-1")
    page.locator("#push-rows button").tap()
    page.get_by_role("button", name="先关掉，不收").tap()
    expect(page.locator("#push-rows .ok")).to_have_count(0)
    assert push("A-2") == 403
    page.locator("#push-rows button").tap()
    page.get_by_role("button", name="去掉").tap()
    page.locator("#sheet .stop").tap()
    expect(page.locator("#push-rows")).to_contain_text("可以自己推送过来")
