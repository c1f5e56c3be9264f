"""Doubles take every call that the real class takes: one that differs hides faults, or makes up its own."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from inspect import Parameter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "signage"))

from fakes import FakeAnnouncer, FakeDevice, FakeSpeaker, FakeVoice, HandClock, ReadyVoice
from wallroom import PlainNames, Room

from controller.clock import Clock
from controller.services.snapshot import SnapshotBuilder
from controller.services.walls import WallRegistry
from controller.sound.announcer import Announcer
from controller.sound.speaker import Speaker
from controller.sound.tts.client import Voice

PAIRS = (
    (FakeSpeaker, Speaker), (FakeDevice, Speaker), (FakeAnnouncer, Announcer), (FakeVoice, Voice), (ReadyVoice, Voice),
    (HandClock, Clock), (PlainNames, WallRegistry), (Room, SnapshotBuilder),
)  # fmt: skip


def refused(double: Callable[..., object], real: Callable[..., object]) -> str | None:
    """Return why the stand-in does not take a call with all parameters of the real one, None when it does."""
    parameters = [one for one in inspect.signature(real).parameters.values() if one.name != "self"]
    places = [
        None for one in parameters if one.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    ]
    named = {one.name: None for one in parameters if one.kind is Parameter.KEYWORD_ONLY}
    try:
        inspect.signature(double).bind(None, *places, **named)
    except TypeError as why:
        return f"{real.__qualname__}{inspect.signature(real)}: {why}"
    return None


@pytest.mark.parametrize(("double", "real"), PAIRS, ids=lambda kind: kind.__name__)
def test_doubles_take_every_call(double: type, real: type) -> None:
    """With all parameters of the real method, also the optional ones."""
    names = {name for name, what in vars(real).items() if inspect.isfunction(what) and name[0] != "_"}
    both = [name for name in names if inspect.isfunction(getattr(double, name, None))]
    wrong = [why for name in both if (why := refused(getattr(double, name), getattr(real, name)))]
    assert both
    assert wrong == []
