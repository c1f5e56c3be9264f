"""Each announcement ends once. An output muted on a busy machine reported two ends."""

from __future__ import annotations

import threading

from controller.sound.playback import Job, Playback
from controller.sound.player_reports import UnderWay
from controller.sound.speaker import Event
from controller.sound.tts.script import Script


def test_the_players_echo_of_a_lost_announcement_is_no_news() -> None:
    """Reported as lost, it does not end again, also when it is played again meanwhile; the repetition ends."""
    under_way = UnderWay()
    under_way.add(1)
    assert under_way.lose() == [1]
    under_way.add(1)  # played again before the player has said that it stopped
    assert not under_way.ended(1)
    assert under_way.lose() == [1]
    assert not under_way.ended(1)
    assert under_way.lose() == []


def test_a_new_player_owes_nothing() -> None:
    """With a player its echoes are gone: the first end that the next one reports counts."""
    under_way = UnderWay()
    under_way.add(1)
    under_way.lose()
    under_way.clear()
    under_way.add(1)
    assert under_way.ended(1)
    assert under_way.clear() == []


def test_the_first_end_counts() -> None:
    """Lost with its output, then stopped in the player: it counts as lost, not as stopped by a person."""
    playback = Playback(Job(1, Script(())), lambda report: None, threading.Condition())
    for why in ("lost", "stopped"):
        playback.on_event(Event("done", id=1, ok=False, why=why))
    assert playback.lost
    assert playback.verdict().state == "not_heard"
