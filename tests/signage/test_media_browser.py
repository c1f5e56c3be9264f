"""A real Chromium uploads recordings, music, songs and photos, and plays previews."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect
from soundmade import encoded, picture, tone

from tests.browsers import chromium
from tests.signage.house import REPOSITORY, House, running
from tests.signage.phonepage import HEIGHT, WIDTH, OnePhone
from tests.signage.test_phone_browser import ARTEFACTS, RULES, sign_in

pytestmark = pytest.mark.browser

FAULTS: list[str] = []
"""Errors of the phone's scripts."""
FAKE_MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("office") / "home"
    for playlist in ("morning", "rousing"):
        (home / "sounds" / "music" / playlist).mkdir(parents=True)
    for sound in (REPOSITORY / "sounds").glob("*.ogg"):
        shutil.copy(sound, home / "sounds")
    (home / "sounds" / "music" / "morning" / "茉莉花.mp3").write_bytes(encoded(tone(75, level=0.4), "mp3"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(home, sounds=False) as house:
            house.sell("欧阳建国", 300, "the-first")
            yield house


@pytest.fixture(scope="module")
def browser(open_browsers: None) -> Iterator[Browser]:
    with chromium(*FAKE_MICROPHONE) as browser:
        yield browser


@pytest.fixture(scope="module")
def one_phone(house: House, browser: Browser) -> Iterator[OnePhone]:
    def opened() -> Page:
        page = sign_in(house, browser, WIDTH, HEIGHT)
        page.on("pageerror", lambda error: FAULTS.append(str(error)))
        return page

    one = OnePhone(opened)
    yield one
    one.close()


@pytest.fixture
def phone(request: pytest.FixtureRequest, one_phone: OnePhone) -> Iterator[Page]:
    FAULTS.clear()
    yield from one_phone.for_test(request)
    assert FAULTS == []


def file(name: str, kind: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": data}


def kept(page: Page, name: str) -> None:
    """Check the rules of every phone page, and keep a screenshot for review."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"phone-media-{name}.png")
    assert page.evaluate(RULES) == []


def tab(page: Page, name: str) -> None:
    page.locator(".tabs").get_by_text(name).tap()


def test_a_text_is_previewed_on_this_phone_only(house: House, phone: Page) -> None:
    """试听 plays the text here and announces nothing; further typing removes the player."""
    tab(phone, "广播")
    expect(phone.locator("#say-hear")).to_be_disabled()
    phone.fill("#text", "三点钟在大会议室开会。")
    phone.tap("#say-hear")
    player = phone.locator("#say-sound audio")
    expect(player).to_be_visible()
    expect(player).to_have_js_property("readyState", 4)
    assert phone.evaluate("document.querySelector('#say-sound audio').duration") > 1
    kept(phone, "hear-first")
    assert house.call("GET", "/api/phone").json["said"] == []
    phone.fill("#text", "四点钟")
    expect(player).to_have_count(0)


def test_a_recording_is_picked_heard_and_sent(house: House, phone: Page) -> None:
    """Choose a file, preview it, name the speaker, send it: the list shows it with its state."""
    tab(phone, "广播")
    with phone.expect_file_chooser() as chooser:
        phone.get_by_text("选一段录音").tap()
    chooser.value.set_files(file("语音.m4a", "audio/mp4", encoded(tone(3, before=1), "m4a")))
    sheet = phone.locator("#sheet")
    expect(sheet).to_contain_text("录好了，3 秒")
    expect(sheet.locator("audio")).to_have_js_property("readyState", 4)
    phone.fill("#clip-who", "张总")
    kept(phone, "clip")
    sheet.get_by_role("button", name="播给大家").tap()
    expect(phone.locator("#said li").first).to_contain_text("张总的语音")


def test_holding_the_button_records(house: House, phone: Page) -> None:
    """Hold, speak (the browser's test tone), release: the recording can be previewed; after discarding it is gone."""
    tab(phone, "广播")
    hold = phone.get_by_role("button", name="按住说话")
    hold.dispatch_event("pointerdown")
    expect(phone.locator(".act.hold")).to_contain_text("正在录 2 秒")
    kept(phone, "recording")
    phone.locator(".act.hold").dispatch_event("pointerup")
    sheet = phone.locator("#sheet")
    expect(sheet).to_contain_text("录好了")
    sheet.get_by_role("button", name="不要了").tap()
    expect(sheet).to_be_hidden()
    expect(phone.get_by_role("button", name="按住说话")).to_be_visible()


def test_a_wrong_file_is_refused_beside_its_button(house: House, phone: Page) -> None:
    """An invalid recording is refused below the buttons, with the server's sentence."""
    tab(phone, "广播")
    with phone.expect_file_chooser() as chooser:
        phone.get_by_text("选一段录音").tap()
    chooser.value.set_files(file("a.mp3", "audio/mpeg", b"no sound at all" * 50))
    expect(phone.locator("#mic-note")).to_contain_text("不是声音文件")
    kept(phone, "refused")


@pytest.mark.long  # the server: test_uploads.py
def test_a_waiting_announcement_can_be_taken_back(house: House, phone: Page) -> None:
    """While muted an announcement waits; a tap and 撤回 take it back before it is played."""
    house.call("POST", "/api/hush", {"minutes": 10})
    ident = house.call("POST", "/api/announcements", {"text": "下午茶到了。", "key": "tea"}).json["id"]
    tab(phone, "广播")
    phone.locator("#said li").filter(has_text="下午茶").get_by_role("button").tap()
    kept(phone, "take-back")
    phone.locator("#sheet").get_by_role("button", name="撤回，不播了").tap()
    expect(phone.locator("#said li").filter(has_text="下午茶")).to_contain_text("没有播出")
    house.call("POST", "/api/hush", {"minutes": 0})
    rows = house.call("GET", "/api/announcements").json
    assert next(row for row in rows if row["id"] == ident)["state"] == "dropped"


def test_music_is_added_with_progress_and_deleted(house: House, phone: Page) -> None:
    """Two files at once, one broken: one is added, the other refused by name; then one is deleted."""
    tab(phone, "广播")
    phone.tap("#tracks")
    sheet = phone.locator("#sheet")
    expect(sheet.locator(".rows li").first).to_contain_text("茉莉花.mp3")
    with phone.expect_file_chooser() as chooser:
        sheet.get_by_text("加歌", exact=True).tap()
    good = file("战歌 <b>一.mp3", "audio/mpeg", encoded(tone(20, level=0.4), "mp3"))
    chooser.value.set_files([good, file("坏的.mp3", "audio/mpeg", b"broken" * 200)])
    expect(sheet).to_contain_text("“坏的.mp3”没有收下：文件已损坏")
    expect(sheet).to_contain_text("已添加。")
    line = sheet.locator(".rows li").filter(has_text="战歌")
    expect(line).to_contain_text("0:20")
    kept(phone, "tracks")
    line.get_by_role("button").tap()
    sheet.get_by_role("button", name="删掉，不能恢复").tap()
    expect(sheet.locator(".rows li")).to_have_count(1)


def test_a_person_gets_a_photo_a_song_and_a_reading(house: House, phone: Page) -> None:
    """On a person's sheet: preview the name, upload a photo and a song; a team gets a song too."""
    tab(phone, "设备")
    phone.tap("text=名单、加人、导入和导出")
    phone.locator("#roster summary").filter(has_text="猛虎队").tap()
    phone.locator("#roster").get_by_role("button", name="单晓明").tap()
    sheet = phone.locator("#sheet")
    phone.fill("#p-say", "shan4 xiao3 ming2")
    sheet.get_by_role("button", name="试听这个名字").tap()
    expect(sheet.locator("audio").first).to_have_js_property("readyState", 4)
    phone.fill("#p-say", "shan9")
    sheet.get_by_role("button", name="试听这个名字").tap()
    expect(sheet.locator(".wrong").first).not_to_be_empty()
    with phone.expect_file_chooser() as chooser:
        sheet.get_by_text("选照片").tap()
    chooser.value.set_files(file("脸.jpg", "image/jpeg", picture(1200, 1600)))
    expect(sheet.locator("img.photo")).to_be_visible()
    with phone.expect_file_chooser() as chooser:
        sheet.get_by_text("选一首歌").tap()
    chooser.value.set_files(file("歌.mp3", "audio/mpeg", encoded(tone(20, level=0.4), "mp3")))
    sheet.get_by_role("button", name="试听", exact=True).tap()
    expect(sheet.locator(".belongings audio")).to_have_js_property("readyState", 4)
    kept(phone, "person")
    sheet.locator(".belongings").scroll_into_view_if_needed()
    sheet.evaluate("node => node.scrollTo(0, node.scrollHeight)")
    kept(phone, "person-below")
    sheet.get_by_role("button", name="去掉照片").tap()
    expect(sheet.locator("img.photo")).to_have_count(0)
    sheet.get_by_role("button", name="关闭").tap()
    phone.locator("#roster").get_by_role("button", name="团队的名称、读音和胜利之歌").first.tap()
    expect(sheet).to_contain_text("自己有歌的人除外")
    kept(phone, "team")


@pytest.mark.long  # rare
def test_inside_wechat_a_file_can_be_picked_and_the_alternative_is_shown(
    house: House, browser: Browser
) -> None:
    """WeChat's browser on an iPhone has no microphone: show no dead button, but the reason and the alternative."""
    page = sign_in(house, browser, 390, 844)
    page.add_init_script(
        "Object.defineProperty(navigator, 'userAgent', {value: 'Mozilla/5.0 (iPhone) MicroMessenger/8.0.50'});"
        "Object.defineProperty(navigator, 'mediaDevices', {value: undefined}); delete window.MediaRecorder;"
    )
    page.reload()
    tab(page, "广播")
    expect(page.locator("#mic-note")).to_contain_text("在浏览器中打开")
    expect(page.locator("#mic").get_by_text("按住说话")).to_have_count(0)
    expect(page.locator("#mic").get_by_text("现在录")).to_have_count(0)
    with page.expect_file_chooser() as chooser:
        page.get_by_text("选一段录音", exact=True).tap()
    chooser.value.set_files(file("微信.amr", "audio/amr", b"\x02#!SILK_V3" + bytes(range(256)) * 9))
    expect(page.locator("#mic-note")).to_contain_text("微信")
    expect(page.locator("#mic-note")).to_contain_text("在这里直接录一段")
    kept(page, "wechat")
    page.context.close()


@pytest.mark.long  # the server: test_corpus_of_sounds.py
def test_a_track_with_a_name_of_another_system_is_deleted_from_the_phone(house: House, phone: Page) -> None:
    """A file name in GBK is decoded correctly, and the file can be deleted; no script error occurs."""
    music = house.daemon._sounds / "music" / "rousing"
    track = music / os.fsdecode("早安 中国.mp3".encode("gbk"))
    track.write_bytes(encoded(tone(2, level=0.4), "mp3"))
    tab(phone, "广播")
    phone.tap("#tracks")
    sheet = phone.locator("#sheet")
    sheet.get_by_text("战鼓", exact=True).tap()
    sheet.get_by_text("早安 中国.mp3").tap()
    sheet.get_by_role("button", name="删掉，不能恢复").tap()
    expect(phone.locator("#sheet")).to_contain_text("这个歌单还是空的")
    assert not track.exists()


@pytest.mark.long  # the server: test_people_pages.py
def test_a_team_is_renamed_and_taken_off(phone: Page, house: House) -> None:
    """A team's sheet renames the team, refuses a used name, and removes an empty team."""
    made = house.call("POST", "/api/people", {"name": "李𬭸", "team": "合计"}, role="admin").json
    tab(phone, "设备")
    phone.tap("text=名单、加人、导入和导出")
    team = phone.locator("#roster details", has_text="合计")
    team.locator("summary").tap()
    expect(team).to_contain_text("语音不认识“𬭸”，请填读音")
    team.get_by_role("button", name="团队的名称、读音和胜利之歌").tap()
    sheet = phone.locator("#sheet")
    expect(sheet).to_contain_text("队里还有 1 人")
    sheet.locator("#t-name").fill("猛虎队")
    sheet.get_by_role("button", name="保存").tap()
    expect(sheet).to_contain_text("已经有一个团队叫“猛虎队”")
    sheet.locator("#t-name").fill("新　锐队")
    sheet.get_by_role("button", name="保存").tap()
    expect(phone.locator("#roster")).to_contain_text("新锐队")
    house.call("PATCH", f"/api/people/{made['id']}", {"active": False}, role="admin")
    team = phone.locator("#roster details", has_text="新锐队")
    expect(team).to_contain_text("0 人")
    if team.get_attribute("open") is None:
        team.locator("summary").tap()
    team.get_by_role("button", name="团队的名称、读音和胜利之歌").tap()
    sheet.get_by_role("button", name="去掉这个团队").tap()
    expect(phone.locator("#roster")).not_to_contain_text("新锐队")
