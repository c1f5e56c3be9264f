"""The storybook's pages: each story as the real wall page with a fixed state and a stopped clock."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request

from controller.timetable.labels import ROLES
from controller.timetable.plan import to_json
from tests.storybook import stories
from tests.storybook.cast import poster_plan

pages = Blueprint(
    "storybook",
    __name__,
    url_prefix="/storybook",
    template_folder="templates",
    static_folder="static",
)


@pages.get("/")
def index() -> str:
    """Show the list of stories."""
    scenes: dict[str, list[str]] = {}
    for name, story in stories().items():
        scenes.setdefault(story["scene"], []).append(name)
    return render_template("storybook.html", scenes=scenes)


@pages.get("/poster")
def poster() -> str:
    """Show the printable timetable with the office's usual day."""
    return render_template("poster.html", office="北京分公司", plan=to_json(poster_plan()), roles=ROLES)


@pages.get("/<story>")
def page(story: str) -> str:
    """Show a story; its clock runs with `?play=1`."""
    state = stories().get(story)
    if state is None:
        abort(404)
    play = request.args.get("play") == "1"
    return render_template("story.html", name="main", build="storybook", story=state, play=play)
