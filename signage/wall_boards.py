"""The walls' JSON of the ceremony, of the contests and of the numbers beside the deals. Pure."""

from __future__ import annotations

from calendar import month_name
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from controller.glance import Ceremony, ContestView, OnAir
from controller.sales import contests
from controller.sales.ceremony import MARK, Slide
from controller.sales.contests import Side
from controller.sales.measure_boards import MeasureBoard
from controller.sentences import Sentence, say
from signage.serializers import Json

ZH_MONTHS: Final = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
MOST_LINES: Final = 6


def walk(ceremony: Ceremony, said: OnAir | None) -> Json:
    """Return the award scene of a ceremony: the chosen slide, or the first one with the moments of all (`steps`)."""
    if ceremony.at is not None:
        return _slide(ceremony, ceremony.at) | {"steps": []}
    marks: Mapping[str, datetime] = dict(said.marks) if said else {}
    steps = [
        _slide(ceremony, n) | {"at_ms": round(marks[f"{MARK}{n}"].timestamp() * 1000)}
        for n in range(len(ceremony.slides))
        if f"{MARK}{n}" in marks
    ]
    return _slide(ceremony, 0) | {"steps": steps}


def _slide(ceremony: Ceremony, at: int) -> Json:
    slide = ceremony.slides[at]
    return {
        "title": _title(ceremony, slide),
        "period": None,
        "month": None,
        "person": slide.person,
        "team": slide.team,
        "count": slide.count,
        "amount": f"{slide.amount:.2f}",
        "prize": slide.prize or None,
        "photo": f"/photos/{slide.photo}" if slide.photo else None,
        "text": "",
        "place": at + 1,
        "places": len(ceremony.slides),
    }


def _title(ceremony: Ceremony, slide: Slide) -> Sentence:
    month, number = ceremony.month.month, slide.number
    if slide.period == "month":
        return say("top_sales_of_past_month", zh_month=ZH_MONTHS[month - 1], en_month=month_name[month])
    if slide.period == "week":
        return say("top_sales_of_nth_week", number=number)
    return say("top_sales_days", zh_month=ZH_MONTHS[month - 1], count=number, en_month=month_name[month])


def contest_lines(views: tuple[ContestView, ...]) -> list[Json]:
    """Return the quiet lines of the running contests: who leads each group, the score, the working days left."""
    lines = []
    for view in views:
        groups: dict[int, list[Side]] = {}
        for side in view.sides:
            groups.setdefault(side.group, []).append(side)
        for group, sides in sorted(groups.items()):
            lines.append(_line(view, group, sides))
    return lines[:MOST_LINES]


def _line(view: ContestView, group: int, sides: list[Side]) -> Json:
    leaders = [side for side in sides if side.place == 1]
    best = leaders[0] if leaders else None
    percent = view.rules.measure in (contests.IMPROVED, contests.TARGET)
    score = best.score if best is not None and best.score is not None else Decimal(0)
    return {
        "name": view.rules.name,
        "group": group,
        "measure": view.rules.measure,
        "leaders": [side.name for side in leaders],
        "score": None if best is None else f"{score:.4f}" if percent else f"{score:.2f}",
        "days_left": view.days_left,
    }


def measure_boards(found: tuple[MeasureBoard, ...]) -> list[Json]:
    """Return the boards that a wall shows in turn: all of today, then of week and month those with a value."""
    return [_measure_board(board) for board in found if board.period == "day" or board.total]


def _measure_board(board: MeasureBoard) -> Json:
    best = board.teams[0][1] if board.teams else Decimal(0)
    return {
        "name": board.measure.name,
        "unit": board.measure.unit,
        "period": board.period,
        "total": f"{board.total:.2f}",
        "teams": [
            {"name": name, "value": f"{value:.2f}", "part": f"{value / best:.4f}" if best else "0"}
            for name, value in board.teams
        ],
        "people": [
            {"place": place, "name": person.name, "team": person.team, "value": f"{value:.2f}"}
            for place, person, value in board.people
        ],
    }
