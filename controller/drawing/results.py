"""The 18:05 results as one tall picture for a phone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from controller.drawing.fonts import sans, serif
from controller.drawing.sheet import DIM, GOLD, LINE, PAPER, RED, WHITE, Colour, Sheet
from controller.links.words import city_words, day_words, figure, percent

WIDTH: Final = 1080
EDGE: Final = 60
MOST_TEAMS: Final = 20
MOST_CITIES: Final = 20
SMALLEST: Final = 30
"""Of a row's name: a phone shows the picture at a third of its size."""
MOST_LINES: Final = 5
ROW: Final = 96


def draw(facts: Mapping[str, Any]) -> bytes:
    """Return the picture of frozen results."""
    people, teams = facts["people"][:3], facts["teams"][:MOST_TEAMS]
    cities = [row for row in facts.get("cities", ()) if row.get("name")][:MOST_CITIES]
    comment = str(facts.get("comment") or "")
    height = 430 + 190 * len(people) + (90 + ROW * len(teams) if teams else 0)
    said = Sheet(WIDTH, 1).lines(comment, serif, 38, WIDTH - 2 * EDGE, MOST_LINES) if comment else []
    height += (90 + 70 * len(cities) if cities else 0) + (42 + 54 * len(said) if said else 0) + 60
    sheet = Sheet(WIDTH, height)
    y = _head(sheet, facts)
    for row in people:
        y = _person(sheet, row, y)
    if teams:
        y = _title(sheet, "团队", y)
        for row in teams:
            y = _team(sheet, row, y)
    if cities:
        y = _title(sheet, "各城市", y)
        for row in cities:
            y = _city(sheet, row, y)
    for n, line in enumerate(said):
        sheet.text((EDGE, y + 30 + 54 * n), line, serif, 38, PAPER, WIDTH - 2 * EDGE)
    return sheet.png()


def _head(sheet: Sheet, facts: Mapping[str, Any]) -> int:
    sheet.block((EDGE, 54, EDGE + 122, 118), RED, 6)
    sheet.text((EDGE + 61, 86), "战鼓", serif, 40, WHITE, 110, "mm")
    sheet.text((EDGE + 150, 86), str(facts["office"]), serif, 42, PAPER, 500, "lm")
    day = day_words(date.fromisoformat(facts["date"]))
    sheet.text((WIDTH - EDGE, 86), day, sans, 34, DIM, 330, "rm")
    if not facts["count"]:
        sheet.text((EDGE, 230), "今天没有开单，明天加油", serif, 72, PAPER, WIDTH - 2 * EDGE)
        return 400
    sheet.text((EDGE, 168), "战报", sans, 36, DIM, 300)
    sheet.text((EDGE, 218), f"{figure(facts['amount'])} 元", serif, 108, GOLD, WIDTH - 2 * EDGE - 220)
    sheet.text((WIDTH - EDGE, 330), f"{facts['count']} 单", serif, 54, PAPER, 200, "rs")
    sheet.block((EDGE, 372, WIDTH - EDGE, 374), LINE)
    return 400


def _person(sheet: Sheet, row: Mapping[str, Any], y: int) -> int:
    first = row["place"] == 1
    sheet.portrait((EDGE, y, EDGE + 150, y + 150), row.get("photo_path"), str(row["name"]), serif)
    sheet.text((EDGE + 184, y + 4), f"第{row['place']}名　{row['team']}", sans, 34, DIM, 740)
    sheet.text(
        (EDGE + 184, y + 80),
        str(row["name"]),
        serif,
        56,
        GOLD if first else PAPER,
        WIDTH - 2 * EDGE - 184,
        "lm",
    )
    sheet.text((EDGE + 184, y + 160), f"{row['count']} 单", sans, 34, DIM, 200, "ls")
    sheet.text(
        (WIDTH - EDGE, y + 162), f"{figure(row['amount'])} 元", sans, 46, GOLD if first else PAPER, 480, "rs"
    )
    return y + 190


def _title(sheet: Sheet, words: str, y: int) -> int:
    sheet.text((EDGE, y + 22), words, serif, 36, DIM, 400)
    return y + 90


def _team(sheet: Sheet, row: Mapping[str, Any], y: int) -> int:
    rate = row.get("rate")
    taken = sheet.text((760, y + 48), f"{figure(row['amount'])} 元", sans, 40, PAPER, 320, "rs")
    _name(sheet, str(row["name"]), y + 48, 44, PAPER, 760 - taken - EDGE - 24)
    reached = rate is not None and Decimal(str(rate)) >= 1
    if rate is not None:
        sheet.text((WIDTH - EDGE, y + 48), percent(rate), sans, 44, GOLD if reached else PAPER, 210, "rs")
        sheet.bar((EDGE, y + 66), WIDTH - 2 * EDGE, 10, float(Decimal(str(rate))), GOLD if reached else RED)
    return y + ROW


def _name(sheet: Sheet, name: str, baseline: int, size: int, colour: Colour, room: int) -> None:
    """Write a row's name: on two lines when one would be too small to read on a phone."""
    if sheet.fits(name, serif, SMALLEST, room):
        sheet.text((EDGE, baseline), name, serif, size, colour, room, "ls", SMALLEST)
        return
    half = (len(name) + 1) // 2
    for part, lower in ((name[:half], -27), (name[half:], 6)):
        sheet.text((EDGE, baseline + lower), part.strip(), serif, SMALLEST, colour, room, "ls")


def _city(sheet: Sheet, row: Mapping[str, Any], y: int) -> int:
    rate = row.get("rate")
    _name(sheet, str(row["name"]), y + 44, 40, GOLD if row.get("own") else PAPER, 420)
    known = rate is not None and not row.get("missing")
    sheet.text((WIDTH - EDGE, y + 44), city_words(row), sans, 40, PAPER if known else DIM, 520, "rs")
    return y + 70
