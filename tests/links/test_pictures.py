"""Pictures: the results for a group, posters for print; drawn by a real child with a font of this machine."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from linked import FRIDAY, LinkedHouse, linked
from PIL import Image
from vendors import FeishuServer, WecomServer

from controller.drawing.client import Drawing
from controller.sales.model import Refused

LINKS = "links: {groups: {企微: {kind: wecom, quiet: [], send: 战报}, 飞书: {kind: feishu, quiet: [], send: 战报}}}"
PERSON = {"place": 1, "name": "王小明", "team": "猛虎队", "count": 3, "amount": "12800"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[LinkedHouse]:
    with linked(tmp_path, LINKS, FRIDAY.replace(hour=18, minute=1)) as made:
        yield made


def test_the_results_are_a_picture_where_the_vendor_allows_it(house: LinkedHouse) -> None:
    """WeCom takes it with its md5, Feishu by the office's app; both within their sizes."""
    wecom, feishu = WecomServer(house.clock.now), FeishuServer(house.clock.now)
    house.connect("group:企微", wecom.address, key=wecom.key)
    app, secret = feishu.app
    house.connect(
        "group:飞书", feishu.address, token=feishu.token, secret=feishu.secret, app_id=app, app_secret=secret
    )
    house.deal("王小明", 12_800)
    house.go_to("18:05:01")
    house.send(60)
    for server in (wecom, feishu):
        assert server.texts == ["[picture]"], (server.refusals, house.link_messages())
        picture = Image.open(io.BytesIO(server.pictures[0]))
        assert picture.width == 1080
        assert picture.height > 700
        server.close()


def test_a_poster_of_a_deal(house: LinkedHouse) -> None:
    """A portrait sheet for A4; none for a deal that was taken back or a hidden person."""
    deal = house.deal("王小明", 12_800)
    poster = Image.open(io.BytesIO(house.office.posters.of_deal(deal.id)))
    assert poster.size == (1240, 1754)
    assert len(poster.convert("RGB").getcolors(1 << 24) or ()) > 50
    house.office.deals.void(deal.id, "退单")
    with pytest.raises(Refused, match="撤回了"):
        house.office.posters.of_deal(deal.id)
    other = house.deal("陈芳", 900)
    person = next(one for one in house.office.people.active() if one.name == "陈芳")
    house.office.people.update(person.id, hidden=True)
    with pytest.raises(Refused, match="不在屏幕上显示"):
        house.office.posters.of_deal(other.id)


def test_a_photo_is_used_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    """The photo is in the picture; instead of a damaged one there is the first character of the name."""
    Image.new("RGB", (300, 400), (10, 200, 30)).save(tmp_path / "green.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    drawing = Drawing(tmp_path)
    facts = {
        "title": "喜报",
        "name": "王小明",
        "team": "猛虎队",
        "amount": "1",
        "date": "x",
        "office": "北京分公司",
    }
    greens = []
    for photo in ("green", "broken", "../green", None):
        poster = Image.open(io.BytesIO(drawing.draw("poster", {**facts, "photo": photo}))).convert("RGB")
        greens.append(sum(n for n, (r, g, b) in poster.getcolors(1 << 24) or () if g > 150 and r < 60))
    assert greens[0] > 200_000
    assert greens[1:] == [0, 0, 0]


@pytest.mark.parametrize("teams", [0, 1, 12])
@pytest.mark.parametrize("name", ["李四", "买买提·阿卜杜热合曼·艾则孜江·吐尔逊"])
def test_names_and_teams_of_any_number_fit(tmp_path: Path, teams: int, name: str) -> None:
    """Names of 2 to 20 characters, up to twelve teams, nine figures: the margin stays empty."""
    rows = [{"name": f"{name[: n + 1]}队", "amount": "999999999.99", "rate": "1.5"} for n in range(teams)]
    facts = {
        "office": "北京分公司", "date": "2026-11-27", "count": 3, "amount": "999999999.99", "comment": "加油！" * 30,
        "people": [{**PERSON, "name": name, "team": name, "amount": "999999999.99"}], "teams": rows,
    }  # fmt: skip
    drawn = Image.open(io.BytesIO(Drawing(tmp_path).draw("results", facts))).convert("RGB")
    for edge in ((0, 0, 50, drawn.height), (drawn.width - 50, 0, drawn.width, drawn.height)):
        assert drawn.crop(edge).getcolors(2) == [(50 * drawn.height, (18, 13, 11))]


@pytest.mark.parametrize("name", ["王小明", "阿卜杜热西提·买买提艾力·吐尔逊", "Mary-Ann Elizabeth O’Connor"])
@pytest.mark.parametrize("amount", ["1280", "999999999.99"])
def test_the_lines_of_a_poster_keep_a_distance(tmp_path: Path, name: str, amount: str) -> None:
    """Team, name, product, amount, foot: a strip of the ground of 30 pixels or more between each two."""
    facts = {
        "title": "喜报", "name": name, "team": "猛虎队", "note": "签了企业版全年招聘服务（组合）", "amount": amount,
        "date": "2026年11月27日", "office": "北京分公司",
    }  # fmt: skip
    drawn = Image.open(io.BytesIO(Drawing(tmp_path).draw("poster", facts))).convert("RGB")
    rows = drawn.crop((80, 950, drawn.width - 80, 1690))
    empty = [rows.crop((0, y, rows.width, y + 1)).getcolors(2) is not None for y in range(rows.height)]
    strips = [
        len(strip) for strip in "".join(" " if one else "x" for one in empty).strip().split("x") if strip
    ]
    assert len([strip for strip in strips if strip >= 30]) == 4, strips


def test_the_apostrophe_of_a_latin_name_is_narrow(tmp_path: Path) -> None:
    """Chinese fonts draw ’ as wide as a Chinese character: within a Latin name it is the straight one."""
    facts = {"title": "喜报", "team": "猛虎队", "amount": "1", "date": "x", "office": "北京分公司"}
    typed, plain = (Drawing(tmp_path).draw("poster", {**facts, "name": f"O{one}Connor"}) for one in "’'")
    assert typed == plain


@pytest.mark.parametrize("long", ["华东大客户事业部第二销售团队（含渠道）", "Llanfairpwllgwyngyll Team"])
def test_a_long_name_in_a_row_stays_readable(tmp_path: Path, long: str) -> None:
    """A phone shows the picture at a third: a name that would be too small gets two lines."""
    drawn = []
    for name in ("一队", long):
        rows = [{"name": name, "amount": "999999999.99", "rate": "0.5"}]
        facts = {
            "office": "北京",
            "date": "2026-11-27",
            "count": 1,
            "amount": "1",
            "people": [],
            "teams": rows,
        }
        picture = Image.open(io.BytesIO(Drawing(tmp_path).draw("results", facts))).convert("L")
        column = picture.crop((60, 490, 300, 552))
        drawn.append([max(column.crop((0, y, 240, y + 1)).tobytes()) > 120 for y in range(column.height)])
    assert sum(drawn[1]) > sum(drawn[0])


def test_a_character_that_no_font_has_leaves_no_box(tmp_path: Path) -> None:
    """An emoji in a name is left out, also as its first character; a letter that the Chinese font lacks is written."""
    facts = {"title": "喜报", "team": "猛虎队", "amount": "1", "date": "x", "office": "北京分公司"}
    plain, marked, first, turkish, dotless = (
        Drawing(tmp_path).draw("poster", {**facts, "name": name})
        for name in ("李明", "李明🎉", "🎉李明", "李Ş明", "李S明")
    )
    assert marked == plain == first
    assert turkish not in (plain, dotless)
