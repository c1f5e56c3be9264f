"""The pages describe what exists: every command, option, setting, address and file, and nothing that does not exist.

English: README.md and docs/*.md. Chinese: README.zh.md and docs/zh/*.md. Each language is complete by itself; the pages
for developers exist in English only, and their paths, classes, threads and import layers are compared with the code.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import click
import pytest

from controller import cli
from controller.clock import Clock
from controller.feed import Feed
from controller.timetable import load
from signage import create_app

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "English": [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))],
    "Chinese": [ROOT / "README.zh.md", *sorted((ROOT / "docs" / "zh").glob("*.md"))],
}
ALL_PAGES = [*PAGES["English"], *PAGES["Chinese"]]
LINKING = [*ALL_PAGES, ROOT / "CHANGELOG.md", ROOT / "sounds" / "README.md"]
FOR_DEVELOPERS = [ROOT / "docs" / f"{name}.md" for name in ("architecture", "glossary", "style")]
PICTURES = ROOT / "signage" / "pictures"
README_LINES = 150
LINE_WIDTH = 120
UNWRITTEN = r"TODO|FIXME|\bXXX\b|TBD|待补|FIGURES\n"  # not the XXXXXX of mktemp
OPTIONS_OF_CLICK = {"--help", "--version"}
COMMON_OPTIONS = {"--home", "--host", "--port"}
INSIDE = ("sound", "walls", "broadcasts", "links")
PATH = r"(?:controller|signage|tests|config|docs|sounds/score)(?:/[\w.\-*]+)*/?"

in_each_language = pytest.mark.parametrize("language", PAGES)


def name_of(page: Path) -> str:
    """Return the page's path as people write it."""
    return page.relative_to(ROOT).as_posix()


on_each_page = pytest.mark.parametrize("page", ALL_PAGES, ids=name_of)
on_each_wrapped_page = pytest.mark.parametrize("page", [*ALL_PAGES, ROOT / "CHANGELOG.md"], ids=name_of)
on_each_linking_page = pytest.mark.parametrize("page", LINKING, ids=name_of)
on_developers_pages = pytest.mark.parametrize("page", FOR_DEVELOPERS, ids=name_of)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def code_in(page: Path) -> str:
    """Return everything that the page shows as code, blocks and inline, one piece per line."""
    text = text_of(page)
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", without_blocks(text))])


def without_blocks(text: str) -> str:
    return re.sub(r"(?ms)^ *```.*?^ *```", "", text)


def code_of(language: str) -> str:
    return "\n".join(code_in(page) for page in PAGES[language])


def rows_of(language: str) -> list[str]:
    """Return every table row of a language's pages."""
    return [line for page in PAGES[language] for line in text_of(page).splitlines() if line.startswith("|")]


# --- what exists


def commands(group: click.Group = cli.main, before: str = "") -> dict[str, click.Command]:
    """Return every command by its typed words."""
    by_words: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            by_words |= commands(command, f"{before}{name} ")
        by_words[before + name] = command
    return by_words


def options_of(command: click.Command) -> set[str]:
    """Return the long options of a command, also the negative ones."""
    return {
        option
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    }


def targets(*, listed: bool) -> set[str]:
    """Return the targets of the Makefile; `listed`: only those that `make help` lists."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):.*## " if listed else r"^([a-z-]+):", makefile, re.MULTILINE))


def settings() -> set[str]:
    """Return the top-level keys of the timetable, and those one level below where they are set one by one."""
    shape: dict[str, Any] = load.json_schema()["properties"]
    return {*shape, *(key for group in INSIDE for key in shape[group]["properties"])}


def all_words_of(shape: object) -> set[str]:
    """Return every key and word that the schema knows at any depth."""
    if isinstance(shape, dict):
        named = {str(key) for key in shape.get("properties", {})}
        return named.union(*(all_words_of(value) for value in shape.values()))
    if isinstance(shape, list):
        return {word for word in shape if isinstance(word, str)}.union(
            *(all_words_of(value) for value in shape)
        )
    return set()


class NoOffice:
    """An unused office: the addresses exist without it."""

    keys = None


@cache
def routes() -> set[tuple[str, str]]:
    """Return (method, path) of everything that is served, with X for each name or number."""
    app = create_app(NoOffice(), secret="s" * 40, feed=Feed(), clock=Clock(ZoneInfo("UTC")))  # type: ignore[arg-type]
    return {
        (method, re.sub(r"<[^>]+>", "X", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def documented_routes(language: str) -> tuple[set[tuple[str, str]], set[str]]:
    """Return the contents of the tables of addresses: addresses with a method, and pages without one."""
    with_method, pages = set(), set()
    for cell in re.findall(r"`([^`]+)`", "\n".join(rows_of(language))):
        path = re.sub(r"(?<=/)([A-Z]+|[\u4e00-\u9fff]+)(?=/|$)", "X", cell.split("?")[0].strip())
        if match := re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) (/\S*)", path):
            with_method.add((match[1], match[2]))
        elif re.fullmatch(r"/[a-zA-Z/]*", path):
            pages.add(path)
    return with_method, pages


def syntax() -> Iterator[ast.AST]:
    """Yield every node of the product's Python."""
    for folder in ("controller", "signage"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield from ast.walk(ast.parse(file.read_text(encoding="utf-8")))


def members_of(node_of_class: ast.ClassDef) -> set[str]:
    """Return the methods and attributes of a class."""
    names = {node.name for node in ast.walk(node_of_class) if isinstance(node, ast.FunctionDef)}
    names |= {node.attr for node in ast.walk(node_of_class) if isinstance(node, ast.Attribute)}
    return names | {node.id for node in ast.walk(node_of_class) if isinstance(node, ast.Name)}


@cache
def names_in_code() -> set[str]:
    """Return `Class`, `Class.member`, `function()` and `CONSTANT` of the product."""
    names: set[str] = set()
    for node in syntax():
        if isinstance(node, ast.ClassDef):
            names |= {node.name, *(f"{node.name}.{member}" for member in members_of(node))}
        elif isinstance(node, ast.FunctionDef):
            names.add(f"{node.name}()")
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def first_text_of_super(node: ast.AST) -> str:
    """Return the text that `super().__init__` is called with first: the name of a `BackgroundThread`."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__":
        return str(ast.literal_eval(node.args[0]))
    return ""


def threads_and_children() -> tuple[set[str], set[str]]:
    """Return the names of the daemon's threads, and the modules that are started as a process."""
    threads, children = set(), set()
    for node in syntax():
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Thread"):
            names = [word.value for word in node.keywords if word.arg == "name"]
            threads |= {str(name.value) for name in names if isinstance(name, ast.Constant)}
        elif isinstance(node, ast.ClassDef) and "BackgroundThread" in map(ast.unparse, node.bases):
            threads |= {name for call in ast.walk(node) if (name := first_text_of_super(call))}
        elif isinstance(node, ast.Constant) and re.fullmatch(r"controller(\.[a-z_]+)+", str(node.value)):
            children.add(str(node.value).replace(".", "/") + ".py")
    return threads, {child for child in children if (ROOT / child).exists()}


# --- commands


@in_each_language
def test_every_command_and_option_is_documented(language: str) -> None:
    """Each command is in a table row that also names its options."""
    rows, shown = rows_of(language), code_of(language)
    missing = [f"{option} of all commands" for option in COMMON_OPTIONS if option not in shown]
    for name, command in commands().items():
        own = [row for row in rows if re.search(rf"`zhangu {name}\b", row)]
        if not own:
            missing.append(f"zhangu {name}")
        missing += [
            f"{option} of zhangu {name}"
            for option in sorted(options_of(command) - COMMON_OPTIONS)
            if not any(re.search(rf"`{option}\b", row) for row in own)
        ]
    missing = [each for each in missing if each != "zhangu import"]  # it has `import people` alone
    assert not missing, f"not in the {language} pages: {missing}"


@on_each_page
def test_no_command_or_option_is_named_that_does_not_exist(page: Path) -> None:
    """Everything that a page shows as `zhangu …` can be typed, with the options that it shows."""
    known, wrong = commands(), []
    for line in re.findall(r"(?:^|bin/|`|\s)zhangu ([a-z][^|\n#]*)", code_in(page), re.MULTILINE):
        words = line.split()
        name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
        if name not in known:
            wrong.append(f"zhangu {name}")
            continue
        allowed = options_of(known[name]) | OPTIONS_OF_CLICK
        wrong += [f"zhangu {name} {o}" for o in re.findall(r"--[a-z-]+", line) if o not in allowed]
    assert not wrong, f"{name_of(page)} names {wrong}"


@on_each_page
def test_no_option_is_named_that_does_not_exist(page: Path) -> None:
    """An option shown alone as code belongs to some command."""
    known = set().union(*(options_of(command) for command in commands().values())) | OPTIONS_OF_CLICK
    named = set(re.findall(r"`(--[a-z-]+)[^`]*`", without_blocks(text_of(page))))
    assert not named - known, f"{name_of(page)} names {sorted(named - known)}"


@in_each_language
def test_every_make_target_is_documented(language: str) -> None:
    """Every target that `make help` lists is in a table."""
    shown = "\n".join(rows_of(language))
    missing = sorted(
        t for t in targets(listed=True) - {"help"} if not re.search(rf"make {t}(?![\w-])", shown)
    )
    assert not missing, f"not in the {language} pages: {missing}"


@on_each_page
def test_no_make_target_is_named_that_does_not_exist(page: Path) -> None:
    """Everything that a page shows as `make …` can be typed."""
    named = set(re.findall(r"(?:^|&& )make ([a-z-]+)", code_in(page), re.MULTILINE))
    assert not named - targets(listed=False), f"{name_of(page)} names {named - targets(listed=False)}"


# --- settings


@in_each_language
def test_every_setting_is_documented(language: str) -> None:
    """Each key of the timetable, and each of sound, walls and broadcasts, is in a table row as code."""
    named = {word for row in rows_of(language) for word in re.findall(r"`([a-z_]+)`", row)}
    missing = sorted(settings() - named)
    assert not missing, f"not in the tables of the {language} pages: {missing}"


@in_each_language
def test_no_setting_is_named_that_does_not_exist(language: str) -> None:
    """The tables of settings name keys of the timetable."""
    known, wrong, tables = all_words_of(load.json_schema()), set(), 0
    for page in PAGES[language]:
        for table in re.findall(r"^\| (?:top-level key|`\w+` key|项目|`\w+` 里的项目) \|.*?(?:\n\n|\Z)",
                                text_of(page), re.MULTILINE | re.DOTALL):  # fmt: skip
            tables += 1
            named = set(re.findall(r"`([a-z_.]+)`", table))
            wrong |= {word for word in named if not set(word.split(".")) <= known}
    assert tables == 4, f"{tables} tables of settings in the {language} pages"
    assert not wrong, f"the {language} pages name {sorted(wrong)}"


# --- addresses


@in_each_language
def test_every_address_is_documented(language: str) -> None:
    """Each served route is in a table, with its method; pages without one."""
    with_method, pages = documented_routes(language)
    text = "\n".join(rows_of(language))
    missing = [
        f"{method} {path}"
        for method, path in sorted(routes())
        if (method, path) not in with_method
        and path not in pages
        and not (
            "/X/" in path and f"…/{path.rsplit('/', 1)[-1]}`" in text
        )  # `POST /api/walls/NAME/painted`, `…/identify`
    ]
    assert not missing, f"not in the {language} pages: {missing}"


@in_each_language
def test_no_address_is_documented_that_is_not_served(language: str) -> None:
    """The addresses of the tables are served, with the named method."""
    with_method, pages = documented_routes(language)
    served = routes()
    assert with_method, f"the {language} pages have no table of addresses"
    assert not with_method - served, f"the {language} pages name {sorted(with_method - served)}"
    assert not pages - {path for _, path in served}


# --- one place for each thing


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_readme_is_a_leaflet(readme: str) -> None:
    """README has at most 150 lines: other contents are in docs/."""
    assert len(text_of(ROOT / readme).splitlines()) <= README_LINES


@pytest.mark.parametrize(
    ("language", "head"), [("English", "| deal | when |"), ("Chinese", "| 什么单 | 什么时候播 |")]
)
def test_the_rules_for_deals_are_in_one_table(language: str, head: str) -> None:
    """The rules for deals are in one table per language."""
    assert sum(text_of(page).splitlines().count(head) for page in PAGES[language]) == 1


@in_each_language
def test_every_page_is_linked_from_readme(language: str) -> None:
    """A reader finds each page from README."""
    readme, *others = PAGES[language]
    linked = {(ROOT / unquote(target)).resolve() for target in links(readme)}
    missing = [name_of(page) for page in others if page not in linked]
    assert not missing, f"{readme.name} does not link to {missing}"


def test_every_picture_is_shown() -> None:
    """Each stored picture is shown on a page."""
    shown = {(page.parent / unquote(target)).resolve() for page in ALL_PAGES for target in links(page)}
    unused = sorted(picture.name for picture in PICTURES.iterdir() if picture.resolve() not in shown)
    assert not unused, f"on no page: {unused}"


def links(page: Path) -> list[str]:
    """Return the targets of a page's links and pictures inside this repository, without their anchors."""
    return [target.split("#")[0] for target in link_targets(page) if not target.startswith("#")]


def link_targets(page: Path) -> list[str]:
    text = re.sub(r"`[^`\n]*`", "", without_blocks(text_of(page)))
    paths = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    return [target for target in paths if not re.match(r"[a-z]+:", target)]


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@on_each_linking_page
def test_links_and_pictures_exist(page: Path) -> None:
    """Every relative link and picture of a page exists, including the heading of its anchor."""
    wrong = []
    for target in link_targets(page):
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or ROOT not in file.parents or (anchor and anchor not in anchors_of(file)):
            wrong.append(target)
    assert not wrong, f"{name_of(page)} points to {wrong}"


@on_each_wrapped_page
def test_lines_fit_a_screen(page: Path) -> None:
    """Prose is wrapped at 120 characters; table rows and code may be longer."""
    lines = without_blocks(text_of(page)).splitlines()
    long = [line for line in lines if len(line) > LINE_WIDTH and not line.startswith("|")]
    assert not long, f"{name_of(page)}: {long}"


# --- names in the code


@on_each_page
def test_files_that_are_named_exist(page: Path) -> None:
    """Every path of this repository that a page shows as code exists."""
    named = re.findall(rf"`({PATH})`", text_of(page))
    wrong = [path for path in named if not any(ROOT.glob(path.rstrip("/")))]
    assert not wrong, f"{name_of(page)} names {wrong}"


@on_developers_pages
def test_classes_functions_and_constants_that_are_named_exist(page: Path) -> None:
    """`Name`, `Name.method`, `function()` and `CONSTANT` on the developers' pages are in the product."""
    form = r"`([A-Z]+[a-z]\w*(?:\.\w+)?|\w+\(\)|[A-Z][A-Z_]{3,})`"
    named = set(re.findall(form, without_blocks(text_of(page))))
    assert not named - names_in_code(), f"{name_of(page)} names {sorted(named - names_in_code())}"


def test_the_import_layers_are_the_contract() -> None:
    """The layers in architecture.md are those that `make check` enforces."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(c["layers"] for c in contracts["contracts"] if c["type"] == "layers")
    block = re.search(
        r"^```layers\n(.*?)^```", text_of(ROOT / "docs" / "architecture.md"), re.MULTILINE | re.DOTALL
    )
    assert block
    assert block[1].splitlines() == layers


def test_every_thread_and_child_is_described() -> None:
    """architecture.md names each thread that the code names, and each module that runs as a child."""
    text = text_of(ROOT / "docs" / "architecture.md")
    threads, children = threads_and_children()
    assert len(threads) > 20
    assert len(children) > 4
    missing = [name for name in (*threads, *children) if f"`{name}`" not in text]
    assert not missing, f"not in docs/architecture.md: {missing}"


def test_every_package_is_described() -> None:
    """architecture.md names each folder that holds code of the product."""
    text = text_of(ROOT / "docs" / "architecture.md")
    packages = [file.parent.relative_to(ROOT).as_posix() for file in ROOT.glob("controller/*/__init__.py")]
    missing = [package for package in packages if f"`{package}/`" not in text]
    assert not missing, f"not in docs/architecture.md: {missing}"


def test_the_glossary_has_each_word_once() -> None:
    """A word has one line, and no word is another's rejected one within its section."""
    sections = text_of(ROOT / "docs" / "glossary.md").split("\n## ")[1:]
    rows = [
        line.strip("| ").split(" | ")
        for part in sections
        for line in part.splitlines()
        if line.startswith("| ")
    ]
    words = [word.strip() for row in rows if row[0] != "word" for word in row[0].split(",")]
    assert len(words) > 60
    assert not {word for word in words if words.count(word) > 1}


# --- files in general


def test_nothing_is_left_to_do() -> None:
    """No file for readers contains a note to its author."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        file = ROOT / name
        if name == Path(__file__).relative_to(ROOT).as_posix() or not file.is_file():
            continue
        if file.suffix in (".md", ".py", ".yaml", ".toml", ".sh", ".js", ".html", ".css", ".sql"):
            left = re.search(UNWRITTEN, file.read_text(encoding="utf-8"))
            assert left is None, f"{name}: {left and left[0].strip()}"


def test_the_schema_is_the_one_that_is_shipped() -> None:
    """The schema for editors has the keys that the program reads."""
    shipped = json.loads((ROOT / "config" / "rhythm.schema.json").read_text(encoding="utf-8"))
    assert set(shipped["properties"]) == set(load.json_schema()["properties"])
