"""The pages' scripts, styles and icons, read once at the start, under addresses with the build.

`/static/BUILD/NAME` (in English `/english/BUILD/NAME`) never changes: browsers keep it for a year, and the next opening
of a page asks for none of them. Imports of scripts are relative, so they inherit BUILD. `/static/NAME` is the same file
for those who name no build; browsers ask each time whether it has changed.

A page that was opened before an upgrade may ask for files of its old build. It gets the present ones, not to be kept
under that address, and no redirect: a module with two addresses would run twice. The page reloads itself when it sees
the new build.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Flask, abort, current_app, request, url_for
from werkzeug.wrappers import Response

from signage.language import catalogue, is_english
from signage.page_source import script_in_english

SERVED: Final = "static"
PARTS: Final = (SERVED, "templates", "english")
TRANSLATORS: Final = ("catalogue.py", "page_source.py")
KEPT_S: Final = 365 * 24 * 3600
TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
SMALLER: Final = 0.9
IMPORT: Final = re.compile(r"^import\b[^'\n]*'\./([\w-]+\.js)';", re.M)

pages = Blueprint("static_files", __name__)


@dataclass(frozen=True)
class Served:
    """One file, with its compressed form."""

    name: str
    data: bytes

    @cached_property
    def etag(self) -> str:
        return hashlib.sha256(self.data).hexdigest()[:16]

    @cached_property
    def zipped(self) -> bytes | None:
        """The file compressed, once; None when that would save little."""
        packed = gzip.compress(self.data, mtime=0)
        return packed if len(packed) < len(self.data) * SMALLER else None


@dataclass(frozen=True)
class Files:
    """The installed files. `build` is a hash of all files that change a page; an open page of another build
    reloads itself."""

    build: str
    kept: dict[str, Served]

    def file(self, name: str) -> Served | None:
        return self.kept.get(name)

    def english(self, name: str) -> Served | None:
        """Return a script of the phone with its texts in English."""
        return _in_english(self.kept[name]) if self.is_translated(name) else None

    def is_translated(self, name: str) -> bool:
        return name in self.kept and name.startswith("phone") and name.endswith(".js")

    def imports(self, name: str) -> tuple[str, ...]:
        """Return the names of all scripts that a script imports, also through others."""
        found = dict.fromkeys([name])
        waiting = [name]
        while waiting:
            for imported in IMPORT.findall(self.kept[waiting.pop(0)].data.decode()):
                if imported not in found:
                    found[imported] = None
                    waiting.append(imported)
        return tuple(found)[1:]


@cache
def _in_english(file: Served) -> Served:
    text = script_in_english(file.data.decode(), catalogue().fixed)
    return Served(file.name, text.encode())


def read(home: Path) -> Files:
    """Read the files of the package in folder `home`."""
    mark, kept = hashlib.sha256(), {}
    for path in sorted(path for part in PARTS for path in home.glob(f"{part}/**/*")):
        if path.is_file():
            data = path.read_bytes()
            mark.update(data)
            if path.parent == home / SERVED:
                kept[path.name] = Served(path.name, data)
    for name in TRANSLATORS:
        mark.update((home / name).read_bytes())
    return Files(mark.hexdigest()[:12], kept)


@cache
def installed() -> Files:
    """Return the files of this installation, read once."""
    return read(Path(__file__).parent)


# ---- addresses -------------------------------------------------------------------------------------------


def address(name: str) -> str:
    """Return the address of a file for pages of the present build."""
    return url_for("static_files.of_build", build=_build(), name=name)


def script_address(name: str) -> str:
    """Return the address of a page's script in the reader's language; those of walls are the same in both."""
    if is_english() and installed().is_translated(name):
        return url_for("static_files.english_of_build", build=_build(), name=name)
    return address(name)


def _build() -> str:
    return str(current_app.jinja_env.globals["build"])


# ---- answers ---------------------------------------------------------------------------------------------


@pages.get("/static/<build>/<name>")
def of_build(build: str, name: str) -> Response:
    """Return a file, to be kept when it is of the present build."""
    return _answer(installed().file, name, build)


@pages.get("/english/<name>")
def english(name: str) -> Response:
    """Return a script of the phone in English."""
    return _answer(installed().english, name)


@pages.get("/english/<build>/<name>")
def english_of_build(build: str, name: str) -> Response:
    """Return a script of the phone in English, to be kept when it is of the present build."""
    return _answer(installed().english, name, build)


def without_build(filename: str) -> Response:
    """Return a file; the browser asks each time whether it has changed."""
    return _answer(installed().file, filename)


def _answer(find: Callable[[str], Served | None], name: str, build: str | None = None) -> Response:
    file = find(name)
    if file is None:
        abort(404)
    zipped = file.zipped if request.accept_encodings["gzip"] else None
    answer = Response(zipped or file.data, mimetype=TYPES[Path(name).suffix])
    if zipped:
        answer.content_encoding = "gzip"
    if file.zipped:
        answer.vary.add("Accept-Encoding")
    answer.set_etag(f"{file.etag}-gzip" if zipped else file.etag)
    if build == _build():
        answer.cache_control.public = True
        answer.cache_control.max_age = KEPT_S
        answer.cache_control.immutable = True
    else:
        answer.cache_control.no_cache = True
    return answer.make_conditional(request)


def install(app: Flask) -> None:
    """Serve the files in `app`, which has no static folder, and name them in its pages."""
    files = installed()
    app.add_url_rule("/static/<path:filename>", endpoint=SERVED, view_func=without_build, methods=["GET"])
    names: dict[str, Any] = {
        "build": files.build,
        "asset": address,
        "script": script_address,
        "imports": files.imports,
    }
    app.jinja_env.globals.update(names)
