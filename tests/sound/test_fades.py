"""Levels, spans and positions: pure."""

import pytest

from controller.sound.player.fades import LEAST_FADE_S, MARGIN_S, Fade, locate, next_run, silent_until, steps


def test_a_ramp_is_straight_in_db_and_stays_where_it_arrives():
    """A level moves linearly in dB and then stays."""
    fade = Fade(10.0, 0.25, 0.0, -20.0)
    assert [fade.at(t) for t in (9.0, 10.0, 10.125, 10.25, 99.0)] == [0.0, 0.0, -10.0, -20.0, -20.0]
    assert not fade.over(10.2)
    assert fade.over(10.25)


def test_a_volume_becomes_steps_of_the_mixer():
    """128 steps; soft music is not rounded to zero, silence is, and nothing exceeds full volume."""
    assert steps(1.0, 0.0) == 128
    assert steps(0.45, -6.0) == 29
    assert steps(0.05, -20.0) == 1
    assert steps(1.0, -60.0) == 0
    assert steps(0.0, 0.0) == 0
    assert steps(1.0, 12.0) == 128


def test_music_may_sound_up_to_a_silence_and_from_its_end_on():
    """The next span with sound ends where quiet time begins, and begins where it ends."""
    silences = [(100.0, 200.0), (200.0, 230.0), (300.0, 310.0)]
    assert next_run(0.0, None, silences, 50.0) == (50.0, 100.0)
    assert next_run(60.0, 90.0, silences, 50.0) == (60.0, 90.0)
    assert next_run(0.0, None, silences, 100.0 - MARGIN_S / 2) == (230.0, 300.0)
    assert next_run(0.0, None, silences, 100.0 - MARGIN_S - LEAST_FADE_S / 2) == (230.0, 300.0)
    assert next_run(0.0, 100.0, silences, 100.0 - MARGIN_S - LEAST_FADE_S / 2) is None
    assert next_run(0.0, 90.0, silences, 90.0 - MARGIN_S - LEAST_FADE_S / 2) is None
    assert next_run(0.0, 250.0, silences, 150.0) == (230.0, 250.0)
    assert next_run(0.0, 220.0, silences, 150.0) is None
    assert next_run(150.0, None, silences, 0.0) == (230.0, 300.0)


def test_a_silence_is_kept_from_a_margin_before_it():
    """Inside quiet time, and too shortly before it to fade out, its end is returned: a player that was started again
    0.13 s before quiet time sounded in its first 10 ms, although it began to fade out at once."""
    assert silent_until([(100.0, 200.0)], 99.0) is None
    assert silent_until([(100.0, 200.0)], 99.95) == 200.0
    assert silent_until([(100.0, 200.0)], 100.0 - MARGIN_S - LEAST_FADE_S / 2) == 200.0
    assert silent_until([(100.0, 200.0)], 99.75) is None
    assert silent_until([(100.0, 200.0)], 199.99) == 200.0
    assert silent_until([(100.0, 200.0)], 200.0) is None


@pytest.mark.parametrize(
    ("position", "place"),
    [(0, (0, 0)), (9, (0, 9)), (10, (1, 0)), (29, (1, 19)), (30, (0, 0)), (95, (0, 5)), (-1, (1, 19))],
)
def test_a_position_goes_round_and_round(position, place):
    """Track and place in it are a function of the position alone."""
    assert locate([10, 20], position) == place


def test_tracks_of_unknown_length_start_at_the_beginning():
    """Without lengths there is no position to compute."""
    assert locate([0, 0], 55) == (0, 0.0)
    assert locate([], 55) == (0, 0.0)
