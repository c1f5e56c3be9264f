"""Every Chinese text of the program: in modules, templates and scripts. Used by tests/signage."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from signage.catalogue import HAN, SLOT, slot_names
from signage.page_source import literals, script_texts, template_texts

ROOT = Path(__file__).resolve().parents[2]
NOT_READ_ON_PHONES = (
    "controller/cli/",  # the terminal speaks Chinese
    "controller/kiosk.py",
    "controller/links/words.py",  # sent to chat groups
    "controller/sales/pasted_words.py",  # words of chats, only read
    "controller/simulation/",  # a made-up day
    "controller/sound/mandarin/",  # what is spoken
    "controller/timetable/default_texts.py",
    "controller/timetable/calendar_feed.py",  # read in calendars
    "controller/sentences.py",  # has both languages itself
    "controller/sentences_health.py",
    "signage/catalogue.py",
    "signage/api_examples.py",  # an office's own words, for programs
    "signage/openapi.py",
)
WALLS_OWN = frozenset({"pair.html", "wall.html"})


def module_texts(path: Path) -> Iterator[str]:
    """Yield each Chinese text of a module, without docstrings, the program's log and patterns."""
    code = path.read_text(encoding="utf-8")
    waiting: list[ast.AST] = [ast.parse(code)] if HAN.search(code) else []
    while waiting:
        node = waiting.pop()
        text = _text(node)
        if (
            text is not None and HAN.search(SLOT.sub("", text)) and not text.startswith("<")
        ):  # parts of a workbook
            yield text
        waiting += _read_by_people(node)


def _read_by_people(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node that may have texts."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
    ) and node.func.value.id in ("log", "deeds", "re"):
        return
    for part in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.JoinedStr) and isinstance(part, ast.Constant)):
            yield part


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    slots = [ast.unparse(part.value) for part in node.values if isinstance(part, ast.FormattedValue)]
    names = iter(slot_names(slots))
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else f"{{{next(names)}}}" for part in node.values
    )


def modules() -> Iterator[Path]:
    """Yield the modules whose sentences are read on phones."""
    for path in sorted([*ROOT.glob("controller/**/*.py"), *ROOT.glob("signage/**/*.py")]):
        if not path.relative_to(ROOT).as_posix().startswith(NOT_READ_ON_PHONES):
            yield path


@cache
def texts() -> dict[str, str]:
    """Return every text with the file it is in."""
    found: dict[str, str] = {}
    for path in modules():
        found.update(dict.fromkeys(module_texts(path), path.name))
    for path in sorted(ROOT.glob("signage/templates/*.html")):
        if path.name not in WALLS_OWN:
            found.update(dict.fromkeys(template_texts(path.read_text(encoding="utf-8")), path.name))
    for path in sorted(ROOT.glob("signage/static/phone*.js")):
        found.update(dict.fromkeys(script_texts(path.read_text(encoding="utf-8")), path.name))
    return {text: place for text, place in found.items() if HAN.search(SLOT.sub("", text))}


def outside_of_literals(code: str) -> str:
    """Return the Chinese of a script that is in no string, comment or pattern: nobody could translate it."""
    at, rest = 0, []
    for one in literals(code):
        rest.append(code[at : one.start])
        at = one.end
    bare = re.sub(r"//[^\n]*|/\*.*?\*/|/(?:[^/\n\\]|\\.)+/", "", "".join(rest) + code[at:], flags=re.S)
    return "".join(HAN.findall(bare))
