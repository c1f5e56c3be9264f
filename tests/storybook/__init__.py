"""Every wall scene with made-up values: glances of an office, drawn by the real `signage.wall_state`.

Tests and benches walk through `stories()`; `make storybook` serves each as a page. A story is a `Glance`, never JSON
written by hand, so a picture shows what a wall can show.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.storybook.english import in_english_office
from tests.storybook.loud_scenes import celebration_stories, show_stories
from tests.storybook.quiet_scenes import other_stories, rhythm_stories
from tests.storybook.story import State, Story

__all__ = ["State", "stories"]


def stories() -> Mapping[str, State]:
    """The JSON state of each story by name; the name begins with what it shows."""
    chinese: dict[str, Story] = rhythm_stories() | show_stories() | celebration_stories() | other_stories()
    return {name: story.state() for name, story in (chinese | in_english_office(chinese)).items()}
