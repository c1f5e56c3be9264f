"""The reader's language: chosen on each phone, else the browser's, else the office's; pages and JSON in it.

Walls have their own language (`signage/wall_state.py`). Programs read Chinese unless they ask for English.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Flask, current_app, g, has_request_context, redirect, request, url_for
from flask.json.provider import DefaultJSONProvider
from flask.templating import Environment
from jinja2 import FileSystemLoader, Template
from werkzeug.wrappers import Response

from controller.sales.model import Refused
from controller.timetable.model import LANGUAGES
from signage.auth import require_own_page
from signage.catalogue import Catalogue, read
from signage.devices import KINDS
from signage.page_source import template_in_english

HERE: Final = Path(__file__).parent
COOKIE: Final = "zhangu-language"
KEPT_S: Final = 400 * 24 * 3600  # the longest lifetime of a cookie in Chromium
NAMES: Final = {"zh": "中文", "en": "English"}
CODES: Final = {"zh": "zh-CN", "en": "en"}
ENGLISH: Final = "english/"
WALLS: Final = ("/wall", "/wall/", "/api/wall", "/api/pairing", "/events")
USUAL: Final = "office_language"
OWN: Final = frozenset({"pair.html", "wall.html"})
"""Templates of walls, in the walls' language."""
AS_TYPED: Final = frozenset(
    {
        "person", "name", "team", "product", "text", "office", "say_as", "file", "playlist", "track", "title",
        "address", "prize", "author", "sentence", "key", "usual", "value", "lines", "yaml",
        "answer",
    }
)  # fmt: skip
"""Fields of answers with text that people typed, or with text that is announced."""
HOUSE_NAMES: Final = (
    "week.name",
    "voices.name",
    "state.name",
    "roles.name",
    "playlists.title",
    "links.title",
    "sound.track",
    "problems.sentence",
)
"""Exceptions: fields that have a name of the program, such as a day, a voice, a role, the shipped music."""
OFFICE_TEXTS: Final = ("duties.what",)
"""Fields whose name also holds sentences of the program elsewhere, with text of the timetable here."""
DEVICES: Final = (".name", ".who", ".by", "device")
"""Fields that may have the name of a device behind a person's."""
FORMS: Final = "forms."
TREES: Final = ("values.",)
"""The timetable in the browser: all of it is the office's."""
DATE: Final = re.compile(r"\d+月\d+日（周.）")

pages = Blueprint("languages", __name__)


@cache
def catalogue() -> Catalogue:
    """Return the table of English texts, read once."""
    return read()


def language() -> str:
    """Return the language of the present request's reader: zh or en."""
    if not has_request_context():
        return LANGUAGES[0]
    if "language" not in g:
        g.language = _language()
    chosen: str = g.language
    return chosen


def _language() -> str:
    if request.path in WALLS or request.path.startswith("/wall/"):
        return LANGUAGES[0]
    kept = request.cookies.get(COOKIE)
    if kept in LANGUAGES:
        return kept
    asked = request.accept_languages
    if not asked:
        return LANGUAGES[0]  # a program
    return asked.best_match(LANGUAGES) or _of_office()


def _of_office() -> str:
    try:
        usual: str = current_app.extensions[USUAL]()
        return usual
    except Refused:
        return LANGUAGES[0]


def is_english() -> bool:
    """Return whether the reader reads English."""
    return language() == "en"


# ---- answers ---------------------------------------------------------------------------------------------


def in_english(value: Any, path: str = "") -> Any:
    """Return an answer with the program's sentences in English and text of people unchanged."""
    if isinstance(value, dict):
        english = {name: in_english(part, f"{path}.{name}" if path else name) for name, part in value.items()}
        if "label" in english and value["label"] == value.get("name"):
            english["label"] = english["name"]  # a label that repeats a name is typed, too
        return english
    if isinstance(value, list | tuple):
        return [in_english(part, path) for part in value]
    if isinstance(value, str) and path.endswith(DEVICES):
        value = _device(value)
    return value if isinstance(value, str) and _is_typed(path, value) else catalogue().value(value)


def _device(name: str) -> str:
    """Return the name of a phone with its device in English: "Ann Linux 电脑（1 号）"."""
    for kind in KINDS:
        name = name.replace(kind, str(catalogue().fixed(kind))) if kind in name else name
    return name


def _is_typed(path: str, text: str) -> bool:
    field = path.rpartition(".")[2]
    if path.startswith(TREES) or path.endswith(OFFICE_TEXTS):
        return True
    if field not in AS_TYPED or path.endswith(HOUSE_NAMES) or path == "title" or DATE.fullmatch(text):
        return False
    return FORMS not in f".{path}" or field in ("usual", "value")


def shown(value: Any) -> Any:
    """Return a sentence of the program in the reader's language, for templates."""
    return catalogue().value(value) if is_english() else value


class Encoded(list[Any]):
    """A long list without a sentence of the program, whose JSON is made once for many answers that contain it."""

    @cached_property
    def text(self) -> str:
        return json.dumps(self, ensure_ascii=False, separators=(",", ":"))


class Answers(DefaultJSONProvider):
    """JSON in the reader's language."""

    ensure_ascii = False
    sort_keys = False

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        if is_english():
            g.answered = obj
        long = (
            {key: value.text for key, value in obj.items() if isinstance(value, Encoded)}
            if isinstance(obj, dict)
            else {}
        )
        if not long:
            return self._read(obj, **kwargs)
        rest = self._read({key: value for key, value in obj.items() if key not in long}, **kwargs)
        parts = [f"{json.dumps(key)}:{text}" for key, text in long.items()]
        return f"{rest.rstrip()[:-1]}{'' if len(obj) == len(long) else ','}{','.join(parts)}}}"

    def _read(self, obj: Any, **kwargs: Any) -> str:
        return super().dumps(in_english(obj) if is_english() else obj, **kwargs)


def answered() -> Any:
    """Return the present answer before it was translated, for the log of changes; None in Chinese."""
    return g.get("answered")


# ---- pages -----------------------------------------------------------------------------------------------


class Pages(Environment):
    """Templates in the reader's language: "english/NAME" is NAME with its texts translated."""

    def get_template(self, name: Any, parent: Any = None, globals: Any = None) -> Template:
        if isinstance(name, str) and name in _translated() and is_english():
            name = ENGLISH + name
        return super().get_template(name, parent, globals)


class Sources(FileSystemLoader):
    """Templates from the folder `templates`, also in English."""

    def get_source(self, environment: Any, template: str) -> Any:
        if not template.startswith(ENGLISH):
            return super().get_source(environment, template)
        source, path, fresh = super().get_source(environment, template.removeprefix(ENGLISH))
        return template_in_english(source, catalogue().fixed), path, fresh


@cache
def _translated() -> frozenset[str]:
    return frozenset(path.name for path in (HERE / "templates").glob("*.html")) - OWN


@pages.post("/language")
def choose() -> Response:
    """Keep the language for this browser and return to the page."""
    require_own_page()
    chosen, back = request.form.get("language", ""), request.form.get("back", "/")
    safe = (
        back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable() and len(back) < 200
    )
    answer = redirect(back if safe else url_for("phones.home"), 303)
    if chosen in LANGUAGES:
        answer.set_cookie(COOKIE, chosen, max_age=KEPT_S, path="/", httponly=True, samesite="Lax")
    return answer


def install(app: Flask, usual: Callable[[], str]) -> None:
    """Answer in the reader's language, `usual` being the office's; call it before the first template is used."""
    app.extensions[USUAL] = usual
    app.json = Answers(app)
    app.jinja_environment = Pages
    app.jinja_loader = Sources(str(HERE / "templates"))
    app.jinja_env.filters["shown"] = shown
    app.jinja_env.globals.update(
        language=language,
        language_code=lambda: CODES[language()],
        languages=NAMES,
        codes=CODES,
    )
