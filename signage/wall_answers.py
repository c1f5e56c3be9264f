"""The answers to walls. Their common part is written once after each look at the office: 200 walls ask at once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from controller.glance import Glance
from controller.timetable.model import WallDisplay
from signage import wall_state
from signage.serializers import Json

MOST: Final = 40
"""Kinds of walls (settings, team) that are kept; more are written each time."""

_Stamp = tuple[int, datetime | None]
_Kind = tuple[WallDisplay, bool, str]


class WallAnswers:
    """Thread-safe: a look at the office and its answers are replaced together."""

    def __init__(self) -> None:
        self._kept: tuple[_Stamp | None, dict[_Kind, str]] = None, {}

    def text(self, glance: Glance, name: str, build: str, known: bool, more: Json) -> str:
        """Return the JSON of wall `name`: its state, with `more` added to its part `wall` and to the whole.

        `known`: the caller may read all problems, which the glance then has.
        """
        display = wall_state.display_of(glance, name)
        begin = _written(_own(glance, display, more))
        return f"{begin[:-1]},{self._common(glance, display, known, build)[1:]}"

    def whole(self, glance: Glance, name: str, build: str, more: Json) -> Json:
        """Return the same as a value, for a reader in whose language it is written: the few of them share nothing."""
        display = wall_state.display_of(glance, name)
        return _own(glance, display, more) | wall_state.shared(glance, display, build)

    def _common(self, glance: Glance, display: WallDisplay, known: bool, build: str) -> str:
        stamp = (glance.revision, glance.looked)
        of, kept = self._kept
        if of != stamp or glance.looked is None:
            kept = {}
            self._kept = stamp, kept
        kind = (replace(display, name=""), known, build)
        found = kept.get(kind)
        if found is None:
            found = _written(wall_state.shared(glance, display, build))
            if len(kept) < MOST:
                kept[kind] = found
        return found


def _own(glance: Glance, display: WallDisplay, more: Json) -> Json:
    """Return the part of one wall, with `more` added to its part `wall` and to the whole."""
    own: dict[str, Any] = wall_state.own(glance, display)
    return own | more | {"wall": own["wall"] | more["wall"]}


def _written(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
