"""Support for phones of 2019 (Chrome 73, Safari 12.1): scripts and style sheets use nothing that is younger."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from signage.page_source import literals

STATIC = Path(__file__).resolve().parents[2] / "signage" / "static"
SCRIPTS = sorted(STATIC.glob("phone*.js"))
STYLES = [STATIC / f"{name}.css" for name in ("phone", "timetable", "poster")]

YOUNGER_SYNTAX = re.compile(
    r"\?\.(?=[\w(\[])|\?\?|\|\|=|&&=|(?<![\w'])#\w+\s*[=(;]|\bstatic\s+\w+\s*=|\d_\d|\bimport\(|import\.meta"
    r"|^(?:export\s+)?(?:const \w+ = )?await\b",
    re.M,
)
YOUNGER_NAMES = re.compile(
    r"\.(?:replaceChildren|replaceAll|matchAll|at|allSettled|any|hasOwn|showPicker|requestSubmit|inert|randomUUID"
    r"|findLast|findLastIndex|toSorted|toReversed|structuredClone|getOrInsert)\("
    r"|\b(?:structuredClone|queueMicrotask|ResizeObserver|BigInt|WeakRef|alert|prompt|serviceWorker)\b"
    r"|\.ariaLabel\b|AbortSignal\.timeout|scheduler\."
)
YOUNGER_STYLE = re.compile(
    r"[;{\s]inset:|:has\(|:is\(|:where\(|aspect-ratio|clamp\(|@layer|@container|dvh|svh|lvh|color-mix|&\s*[.:{]"
    r"|text-wrap|[;{\s](?:row-gap|column-gap|translate|scale|rotate):|min\(\d"
)


def bare(code: str) -> str:
    """Return a script without comments and strings; the expressions of template literals are kept."""
    out, at = [], 0
    for one in literals(code):
        out += [code[at : one.start], "''", *(bare(expression) for expression in one.expressions)]
        at = one.end
    return re.sub(r"//[^\n]*", "", "".join(out) + code[at:])


def younger(code: str) -> Iterator[str]:
    """Yield what browsers of 2019 do not know; the names of events are read from the strings."""
    plain = bare(code)
    yield from (match[0] for match in YOUNGER_SYNTAX.finditer(plain))
    yield from (match[0] for match in YOUNGER_NAMES.finditer(plain))
    yield from re.findall(r"addEventListener\('pointer", code)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_run_on_phones_of_2019(script: Path) -> None:
    """No optional chaining, private fields or younger functions; no alert, which WeChat does not show; and the rest of
    ES2019 is refused by ESLint."""
    assert list(younger(script.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "code",
    ["a?.b", "a ?? b", "a ||= b", "class A { #b = 1 }", "x.replaceChildren()", "x.at(-1)", "1_000", "`${a?.b}`",
     "node.addEventListener('pointerdown', f)", "alert('x')", "await f()", "import('./x.js')"],
)  # fmt: skip
def test_the_reader_notices_younger_code(code: str) -> None:
    assert list(younger(code))


def test_only_one_script_knows_dialogs_and_pointers() -> None:
    """phone-old.js replaces missing parts; the sheet of phone-kit.js is the one place that opens a dialog."""
    users = [
        path.name for path in SCRIPTS if re.search(r"showModal|'pointer", path.read_text(encoding="utf-8"))
    ]
    assert users == ["phone-kit.js", "phone-old.js"]


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.name)
def test_styles_work_on_phones_of_2019(style: Path) -> None:
    """No younger property without a simpler one; the gap of a flexbox has a margin for browsers without it."""
    css = re.sub(r"/\*.*?\*/", "", style.read_text(encoding="utf-8"), flags=re.S)
    assert YOUNGER_STYLE.findall(css) == []
    spare = " ".join(re.findall(r"\.no-gap [^{]*", css))
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        if "flex" in body and re.search(r"(^|[;\s])gap:", body) and ".gap-probe" not in selector:
            for one in selector.split(","):
                assert one.split()[-1].strip() in spare, one
    for rule in re.findall(r"[^{}]*:focus-visible[^{}]*", css):
        assert ":focus:not(:focus-visible)" in rule or ":focus {" in css, rule
