"""A portrait poster for a deal or a top sales: photo or first character, name, team, amount, date. For print: A4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from controller.drawing.fonts import sans, serif
from controller.drawing.sheet import GOLD, RED, WHITE, Sheet
from controller.links.words import figure

WIDTH: Final = 1240
HEIGHT: Final = 1754
_MIDDLE: Final = WIDTH // 2
_ROOM: Final = WIDTH - 200
_PALE: Final = (246, 214, 190)


def draw(facts: Mapping[str, Any]) -> bytes:
    """Return the poster: `title`, `name`, `team`, `amount`, `product` (or `note`), `date`, `office`, `photo_path`."""
    sheet = Sheet(WIDTH, HEIGHT, RED)
    for inset in (44, 48, 62):
        sheet.frame((inset, inset, WIDTH - inset, HEIGHT - inset), GOLD)
    sheet.text((_MIDDLE, 178), str(facts["title"]), serif, 128, GOLD, _ROOM, "mm")
    sheet.text((_MIDDLE, 290), str(facts.get("subtitle") or "热烈祝贺"), serif, 50, _PALE, _ROOM, "mm")
    side = 560
    left, top = _MIDDLE - side // 2, 364
    sheet.frame((left - 14, top - 14, left + side + 14, top + side + 14), GOLD)
    sheet.portrait((left, top, left + side, top + side), facts.get("photo_path"), str(facts["name"]), serif)
    sheet.text((_MIDDLE, 1012), str(facts["team"]), serif, 58, _PALE, _ROOM, "mm")
    end = sheet.name((_MIDDLE, 1150), str(facts["name"]), serif, 132, WHITE, _ROOM)
    sheet.text((_MIDDLE, end + 78), str(facts.get("note") or ""), serif, 54, _PALE, _ROOM, "mm")
    sheet.text((_MIDDLE, end + 226), f"{figure(facts['amount'])} 元", serif, 138, GOLD, _ROOM, "mm")
    sheet.text((_MIDDLE, 1640), f"{facts['office']}　{facts['date']}", sans, 38, _PALE, _ROOM, "mm")
    return sheet.png()
