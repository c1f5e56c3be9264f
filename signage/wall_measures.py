"""The walls' JSON of the numbers beside the deals. Pure."""

from __future__ import annotations

from decimal import Decimal

from controller.sales.measure_boards import MeasureBoard
from signage.serializers import Json


def boards(found: tuple[MeasureBoard, ...]) -> list[Json]:
    """Return the boards that a wall shows in turn: all of today, then of week and month those with a value."""
    return [_board(board) for board in found if board.period == "day" or board.total]


def _board(board: MeasureBoard) -> Json:
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
