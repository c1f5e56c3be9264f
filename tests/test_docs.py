"""README tells what there is: every command, setting and address, and none that is not there."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest

from controller import cli
from controller.clock import Clock
from controller.feed import Feed
from controller.timetable import load
from signage import create_app

ROOT = Path(__file__).resolve().parents[1]
READMES = [name for name in ("README.md", "README.zh.md") if (ROOT / name).exists()]
SPOKEN_OF = pytest.mark.parametrize("readme", READMES)
UNWRITTEN = "TODO|FIXME|XXX|TBD|待补|FIGURES\n"
OPTIONS_OF_CLICK = {"--help"}
INSIDE = ("sound", "walls", "broadcasts")


def text_of(readme: str) -> str:
    return (ROOT / readme).read_text(encoding="utf-8")


def code_in(readme: str) -> str:
    """Everything that README shows as code, blocks and inline, one piece per line."""
    text = text_of(readme)
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```", "", text))])


def commands(group: click.Group = cli.main, before: str = "") -> dict[str, click.Command]:
    """Every command by what one types."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= commands(command, f"{before}{name} ")
        else:
            found[before + name] = command
    return found


def settings() -> set[str]:
    """The top-level keys of the timetable, and those one level below where they are settings one by one."""
    shape: dict[str, Any] = load.json_schema()["properties"]
    return {*shape, *(key for group in INSIDE for key in shape[group]["properties"])}


def all_words_of(shape: object) -> set[str]:
    """Every key and word that the schema knows at any depth."""
    if isinstance(shape, dict):
        named = {str(key) for key in shape.get("properties", {})}
        return named.union(*(all_words_of(value) for value in shape.values()))
    if isinstance(shape, list):
        return {word for word in shape if isinstance(word, str)}.union(
            *(all_words_of(value) for value in shape)
        )
    return set()


def routes() -> set[tuple[str, str]]:
    """(method, path) of everything that is served, with X in place of each name or number; no pages of Flask's own."""
    app = create_app(Nobody(), secret="s" * 40, feed=Feed(), clock=Clock(ZoneInfo("UTC")))  # type: ignore[arg-type]
    return {
        (method, re.sub(r"<[^>]+>", "X", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/static/")
    }


class Nobody:
    """An office of whom nothing is asked: the addresses are there before it."""

    keys = None


def told_routes(readme: str) -> tuple[set[tuple[str, str]], set[str]]:
    """What README's table of addresses names: with a method, and pages without."""
    table = "\n".join(line for line in text_of(readme).splitlines() if line.startswith("|"))
    told, pages = set(), set()
    for cell in re.findall(r"`([^`]+)`", table):
        path = re.sub(r"(?<=/)([A-Z]+|[\u4e00-\u9fff]+)(?=/|$)", "X", cell.split("?")[0].strip())
        if match := re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) (/\S*)", path):
            told.add((match[1], match[2]))
        elif re.fullmatch(r"/[a-zA-Z/]*", path):
            pages.add(path)
    return told, pages


@SPOKEN_OF
def test_every_command_and_option_is_told(readme: str) -> None:
    """Each command stands in README with its own options."""
    shown = code_in(readme)
    missing = [f"zhangu {name}" for name in commands() if not re.search(rf"zhangu {name}\b", shown)]
    missing += [
        f"{option} of zhangu {name}"
        for name, command in commands().items()
        for found in command.params
        for option in found.opts
        if option.startswith("--") and option not in shown
    ]
    assert not missing, f"not in {readme}: {missing}"


@SPOKEN_OF
def test_no_command_is_told_that_is_not_there(readme: str) -> None:
    """What README shows as `zhangu …` or `make …` can be typed."""
    shown = code_in(readme)
    known = {name.split()[0] for name in commands()}
    told = set(re.findall(r"(?:^|bin/|`|\s)zhangu ([a-z]+)\b", shown))
    assert not told - known, f"{readme} names {told - known}"
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert not set(re.findall(r"(?:^|&& )make ([a-z-]+)", shown, re.MULTILINE)) - targets
    options = {long for command in commands().values() for found in command.params
               for long in (*found.opts, *found.secondary_opts)}  # fmt: skip
    typed = re.findall(r"zhangu [^|\n]*", shown)
    named = {option for line in typed for option in re.findall(r"--[a-z-]+", line)}
    assert not named - options - OPTIONS_OF_CLICK, f"{readme} names {named - options}"


@SPOKEN_OF
def test_every_make_target_is_told(readme: str) -> None:
    """What `make` offers stands in README."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)) - {"help"}
    shown = code_in(readme)
    missing = sorted(target for target in targets if f"make {target}" not in shown)
    assert not missing, f"not in {readme}: {missing}"


@SPOKEN_OF
def test_every_setting_is_told(readme: str) -> None:
    """Each key of the timetable, and each of sound, walls and broadcasts, stands in README as code."""
    missing = sorted(settings() - set(re.findall(r"[a-z_]+", code_in(readme))))
    assert not missing, f"not in {readme}: {missing}"


@SPOKEN_OF
def test_no_setting_is_told_that_is_not_there(readme: str) -> None:
    """The keys that README's table of settings names are the timetable's."""
    text = text_of(readme)
    start = re.search(r"^\| (top-level key|键|项目|设置).*$", text, re.MULTILINE)
    assert start, f"{readme} has no table of settings"
    rows = text[start.end() :].split("\n\n")[0].splitlines()[2:]
    named = {word for row in rows for word in re.findall(r"`([a-z_.]+)`", row)}
    known = all_words_of(load.json_schema())
    unknown = {word for word in named if not set(word.split(".")) <= known}
    assert named
    assert not unknown


@SPOKEN_OF
def test_every_address_is_told(readme: str) -> None:
    """Each route that is served stands in the table, with its method; pages without one."""
    told, pages = told_routes(readme)
    text = text_of(readme)
    missing = [
        f"{method} {path}"
        for method, path in sorted(routes())
        if (method, path) not in told
        and path not in pages
        and not (
            "/X/" in path and f"…/{path.rsplit('/', 1)[-1]}`" in text
        )  # `POST /api/walls/NAME/painted`, `…/identify`
    ]
    assert not missing, f"not in {readme}: {missing}"


@SPOKEN_OF
def test_no_address_is_told_that_is_not_there(readme: str) -> None:
    """README's addresses are served, by the method it names."""
    told, pages = told_routes(readme)
    served = routes()
    assert told, f"{readme} has no table of addresses"
    assert not told - served, f"{readme} names {sorted(told - served)}"
    assert not pages - {path for _, path in served} - {"/storybook"}


@SPOKEN_OF
def test_links_and_pictures_are_there(readme: str) -> None:
    """Whatever README points to within this repository exists."""
    for target in re.findall(r"\]\(([^)#\s]+)\)", text_of(readme)):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), f"{readme} points to {target}"


def test_nothing_is_left_to_do() -> None:
    """No file that people read holds a note to its writer."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        file = ROOT / name
        if name == Path(__file__).relative_to(ROOT).as_posix() or not file.is_file():
            continue
        if file.suffix in (".md", ".py", ".yaml", ".toml", ".sh", ".js", ".html", ".css", ".sql"):
            left = re.search(UNWRITTEN, file.read_text(encoding="utf-8"))
            assert left is None, f"{name}: {left and left[0].strip()}"


def test_the_schema_is_the_one_that_is_shipped() -> None:
    """Editors are given the keys that the program reads."""
    shipped = json.loads((ROOT / "config" / "rhythm.schema.json").read_text(encoding="utf-8"))
    assert set(shipped["properties"]) == set(load.json_schema()["properties"])
