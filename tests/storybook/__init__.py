"""Every wall scene with made-up values: glances of an office, converted by the real `signage.wall_state`.

Tests and benchmarks use `stories()`; `make storybook` serves each as a page. A story is a `Glance`, never handwritten
JSON, so that each picture is one that a real wall can show.
"""

from __future__ import annotations

import json
from functools import cache

from tests.storybook.english import in_english_office
from tests.storybook.honour_scenes import honour_stories
from tests.storybook.loud_scenes import celebration_stories, show_stories
from tests.storybook.measure_scenes import measure_stories
from tests.storybook.quiet_scenes import other_stories, rhythm_stories
from tests.storybook.story import State, Story

__all__ = ["State", "stories"]


def stories() -> dict[str, State]:
    """Return the JSON state of each story by name; the name starts with its subject."""
    copy: dict[str, State] = json.loads(_built())
    return copy


@cache
def _built() -> str:
    """Build all stories once in each process: that takes 0.2 s, reading them 10 ms."""
    quiet = rhythm_stories() | other_stories() | honour_stories() | measure_stories()
    chinese: dict[str, Story] = quiet | show_stories() | celebration_stories()
    return json.dumps(
        {name: story.state() for name, story in (chinese | in_english_office(chinese)).items()},
        ensure_ascii=False,
    )
