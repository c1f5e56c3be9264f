"""Every wall scene with made-up values, for development: the daemon serves them at `/storybook` when asked to.

Each page is the real wall page with a state in it, so that no office is needed to look at a picture. `stories()`
is also what the browser tests walk through.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, abort, render_template, request

from controller.timetable.labels import ROLES
from signage.storybook_cast import poster_plan
from signage.storybook_day import other_stories, rhythm_stories
from signage.storybook_english import english_stories
from signage.storybook_praise import celebration_stories, show_stories
from signage.storybook_states import State

storybook = Blueprint("storybook", __name__, url_prefix="/storybook")


def stories() -> Mapping[str, State]:
    """All stories by name; the name begins with what it shows."""
    chinese = rhythm_stories() | show_stories() | celebration_stories() | other_stories()
    return chinese | english_stories(chinese)


@storybook.get("/")
def index() -> str:
    """The list of stories."""
    scenes: dict[str, list[str]] = {}
    for name, story in stories().items():
        scenes.setdefault(story["scene"], []).append(name)
    return render_template("storybook.html", scenes=scenes)


@storybook.get("/poster")
def poster() -> str:
    """The printable timetable with the office's usual day."""
    return render_template("poster.html", office="北京分公司", plan=poster_plan(), roles=ROLES)


@storybook.get("/<story>")
def page(story: str) -> str:
    """One story: the real wall page, its clock standing still, or running with `?play=1`."""
    found = stories().get(story)
    if found is None:
        abort(404)
    return render_template(
        "wall.html", name="main", build="storybook", story=found, play=request.args.get("play") == "1"
    )
