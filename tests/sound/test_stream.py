"""Speech played during rendering: the start of its first word, and the content of its parts."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sound.test_mixdown import Buzzer
from soundfiles import heard

from controller.sound.tts.cache import Takes
from controller.sound.tts.mixdown import Mixdown, Request, write
from controller.sound.tts.script import PLAIN, Clip, Delivery, Recording, Script, Segment, clauses
from controller.sound.tts.stream import GAP_S, Cost, Stream, lead_s

COSTS = st.lists(st.builds(Cost, st.floats(0.3, 8.0), st.floats(0.0, 30.0)), min_size=1, max_size=12)
SOUNDS = Path(__file__).resolve().parents[2] / "sounds"


@settings(deadline=None)
@given(COSTS)
def test_a_start_after_the_lead_leaves_no_gap(costs: list[Cost]) -> None:
    """With the lead each clause is ready in time or at most GAP_S late; with a tenth of a second less it is not."""

    def worst(lead: float) -> float:
        rendered = played = 0.0
        gap = 0.0
        for number, cost in enumerate(costs):
            rendered += cost.render_s
            late = rendered - (lead + played)
            gap = max(gap, late - (GAP_S if number else 0.0))
            played += cost.sounds_s
        return gap

    lead = lead_s(costs)
    assert worst(lead) <= 1e-6
    assert lead == 0 or worst(lead - 0.1) > 0


def stream(costs: list[Cost]) -> tuple[Stream, Future[Clip]]:
    clip: Future[Clip] = Future()
    return Stream(costs, clip), clip


def test_parts_are_held_back_until_the_rest_will_be_in_time(tmp_path: Path) -> None:
    """A slow second clause holds back the first; when it is ready too, both come at once."""
    held, _ = stream([Cost(2.0, 0.1), Cost(2.0, 60.0)])
    held.add(0, tmp_path / "one.wav", 2.0, 1)
    with pytest.raises(TimeoutError):
        held.parts(0.1)
    assert not held.begun()
    held.add(1, tmp_path / "two.wav", 2.0, 2)
    assert [part.path.name for part in held.parts(1)] == ["one.wav", "two.wav"]
    held.end()
    assert held.parts(1) == []


def test_clauses_that_come_in_one_part_are_not_counted_twice(tmp_path: Path) -> None:
    """A late listener gets two finished clauses at once: their sound covers most of the wait for the third."""
    held, _ = stream([Cost(3.0, 0.05), Cost(3.0, 0.05), Cost(2.0, 8.0)])
    held.add(0, tmp_path / "both.wav", 6.0, 2)
    assert 1.2 < held.lead_s() < 1.5


def test_a_quick_machine_starts_with_the_first_clause(tmp_path: Path) -> None:
    """The first part comes while the second is still being rendered."""
    held, _ = stream([Cost(2.0, 0.2), Cost(2.0, 0.2)])
    threading.Timer(0.05, lambda: held.add(0, tmp_path / "one.wav", 2.0, 1)).start()
    began = time.monotonic()
    assert len(held.parts(5)) == 1
    assert time.monotonic() - began < 2
    assert held.begun()


def test_an_emergency_waits_for_no_later_part(tmp_path: Path) -> None:
    """With `at_once` the first part comes although the second will be late."""
    held, _ = stream([Cost(2.0, 0.1), Cost(2.0, 60.0)])
    held.add(0, tmp_path / "one.wav", 2.0, 1)
    assert [part.path.name for part in held.parts(0.1, at_once=True)] == ["one.wav"]


def test_a_part_that_does_not_follow_the_last_is_refused(tmp_path: Path) -> None:
    """A rendering for an earlier listener may still send a later part: it is deleted, as after `close`."""
    held, _ = stream([])
    for number, name in ((2, "stray.wav"), (0, "one.wav"), (0, "twice.wav")):
        (tmp_path / name).write_bytes(b"x")
        held.add(number, tmp_path / name, 1.0, number + 1)
    assert [path.name for path in tmp_path.iterdir()] == ["one.wav"]
    held.close()
    (tmp_path / "two.wav").write_bytes(b"x")
    held.add(1, tmp_path / "two.wav", 1.0, 2)
    assert list(tmp_path.iterdir()) == []


def test_the_files_of_the_parts_are_deleted_at_the_end(tmp_path: Path) -> None:
    """`close` deletes all files."""
    held, _ = stream([])
    (tmp_path / "one.wav").write_bytes(b"x")
    held.add(0, tmp_path / "one.wav", 1.0, 1)
    held.close()
    assert list(tmp_path.iterdir()) == []


class Slow(Buzzer):
    """The buzzer, with clauses worth keeping."""

    natural = True


SCRIPT = Script(
    (
        Segment("恭喜猛虎队的王小明，金额是一万两千八百元，请大家喝彩！"),
        Segment("今天加油干！", mark="end", pause_ms=400),
    ),
    applause=SOUNDS / "applause-small.ogg",
)  # fmt: skip


ROLLS = Script(
    (
        Segment("恭喜猛虎队的王小明，请大家喝彩！", roll=SOUNDS / "applause-small.ogg"),
        Segment("", roll=SOUNDS / "chime.ogg"),
        Segment("李雷也签单了，大家加油。", roll=SOUNDS / "chime.ogg", pause_ms=200),
    ),
)  # fmt: skip
"""Sounds before the first word, alone, and between two sentences."""


def assembled(
    folder: Path, engine: Buzzer, kept: Takes | None = None, *, parts: bool = True, script: Script = SCRIPT
) -> list[np.ndarray]:
    got: list[np.ndarray] = []
    Mixdown(engine, kept).assemble(
        script,
        folder / "clip.wav",
        request=Request(parts=parts),
        on_part=lambda samples, recited: got.append(samples),
    )
    return got


@pytest.mark.parametrize("script", [SCRIPT, ROLLS])
def test_all_parts_together_are_the_whole(tmp_path: Path, script: Script) -> None:
    """Concatenated they are, sample by sample, the kept clip."""
    parts = assembled(tmp_path, Slow(), script=script)
    assert len(parts) >= 4
    write(np.concatenate(parts, axis=1), tmp_path / "joined.wav")
    assert np.array_equal(heard(tmp_path / "joined.wav"), heard(tmp_path / "clip.wav"))


class Waiting(Slow):
    """Stop at the last clause until the test goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = threading.Event(), threading.Event()

    def render(self, text: str, delivery: Delivery = PLAIN) -> Recording:
        if text.startswith("今天"):
            self.reached.set()
            assert self.go_on.wait(20)
        return super().render(text, delivery)


def test_what_is_final_comes_while_a_later_clause_is_rendered(tmp_path: Path) -> None:
    """A listener that comes late gets the finished clauses at once, and all parts together are the whole."""
    engine, request, got = Waiting(), Request(), []
    studio = Mixdown(engine, None)
    work = threading.Thread(
        target=studio.assemble,
        args=(SCRIPT, tmp_path / "clip.wav"),
        kwargs={"request": request, "on_part": lambda samples, recited: got.append(samples)},
    )
    work.start()
    assert engine.reached.wait(20)
    assert not got
    request.give_parts()
    studio.deliver()
    assert len(got) == 1
    engine.go_on.set()
    work.join(20)
    write(np.concatenate(got, axis=1), tmp_path / "joined.wav")
    assert np.array_equal(heard(tmp_path / "joined.wav"), heard(tmp_path / "clip.wav"))


def test_a_clause_is_rendered_once(tmp_path: Path) -> None:
    """A second announcement takes its clauses from disk; a damaged one is rendered again."""
    kept = Takes(tmp_path / "takes")
    first, second, third = Slow(), Slow(), Slow()
    assembled(tmp_path, first, kept)
    assembled(tmp_path, second, kept)
    assert (len(first.texts), len(second.texts)) == (4, 0)
    victim = next((tmp_path / "takes").iterdir())
    victim.write_bytes(victim.read_bytes()[:-10])
    assembled(tmp_path, third, kept)
    assert len(third.texts) == 1


def test_takes_are_bounded(tmp_path: Path) -> None:
    """With more clauses than fit, the least recently used are deleted, the newest stay."""
    kept = Takes(tmp_path, bound_bytes=10 * 4410 * 2)
    engine = Slow()
    for n in range(40):
        kept.put(f"{n:040}", engine.render("一"))
    count, size = kept.size()
    assert size <= 11 * 4410 * 2
    assert count > 1
    assert kept.has(f"{39:040}")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("恭喜猛虎队的王小明签了一单，金额是两万元，请大家为他喝彩！",
         ["恭喜猛虎队的王小明签了一单，", "金额是两万元，", "请大家为他喝彩！"]),
        ("陈芳，两万元。李雷，三千元。", ["陈芳，两万元。", "李雷，三千元。"]),
        ("好！大家加油。", ["好！", "大家加油。"]),
        ("促单、促单、还是促单！", ["促单、促单、还是促单！"]),
    ],
)  # fmt: skip
def test_clauses_are_cut_where_a_speaker_pauses(text: str, pieces: list[str]) -> None:
    """Cut at commas and sentence ends; a lone name stays with the following clause."""
    assert [piece for piece, _ in clauses(text, 26)] == pieces


def test_a_name_in_pinyin_does_not_divide_a_clause() -> None:
    """Pinyin counts by syllables: a clause with a reading stays whole, as it would with characters."""
    text = "恭喜猛虎队的 shan4 xiao3 ming2 签了一单网络招聘，金额是两万元。"
    assert len(clauses(text, 26)) == 2


def test_three_hundred_characters_without_a_pause_are_cut_all_the_same() -> None:
    """No piece is longer than the engine's limit, and nothing is lost."""
    text = "今天天气很好我们继续努力" * 25
    cut = [piece for piece, _ in clauses(text, 26)]
    assert "".join(cut) == text
    assert max(map(len, cut)) <= 26
