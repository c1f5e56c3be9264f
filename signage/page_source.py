"""Templates and scripts in English: their source with each Chinese text replaced from the catalogue. Pure.

Each text of a page is written once, in Chinese. Where the catalogue lacks a text it stays Chinese; a test refuses that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from signage.catalogue import HAN, MONTHS, SLOT, slot_names

Look = Callable[[str], str | None]
"""Return the English of a text, None when there is none."""
_BEFORE_REGEX: Final = frozenset("(,=:[!&|?{};\n+-*%<>~^")
_QUOTES: Final = "'\"`"


@dataclass(frozen=True, slots=True)
class Literal:
    """A string of a script: where it is, its text with slots, and the expressions of the slots."""

    start: int
    end: int
    quote: str
    text: str
    expressions: tuple[str, ...] = ()


# ---- scripts ---------------------------------------------------------------------------------------------


def literals(code: str) -> Iterator[Literal]:
    """Yield the strings and template literals of a script, but not those inside of a template's expressions."""
    at, before = 0, "\n"
    while at < len(code):
        letter = code[at]
        if code.startswith("//", at):
            at = _line_end(code, at)
        elif code.startswith("/*", at):
            at = code.index("*/", at) + 2
        elif letter in _QUOTES:
            one = _template(code, at) if letter == "`" else _string(code, at)
            yield one
            at, before = one.end, letter
        elif letter == "/" and before in _BEFORE_REGEX:
            at, before = _regex_end(code, at), "/"
        else:
            before = letter if not letter.isspace() else before
            at += 1


def _line_end(code: str, at: int) -> int:
    end = code.find("\n", at)
    return len(code) if end < 0 else end


def _regex_end(code: str, at: int) -> int:
    inside = False
    at += 1
    while code[at] != "/" or inside:
        inside = (inside or code[at] == "[") and code[at] != "]"
        at += 2 if code[at] == "\\" else 1
    return at + 1


def _string(code: str, start: int) -> Literal:
    at = start + 1
    while code[at] != code[start]:
        at += 2 if code[at] == "\\" else 1
    return Literal(start, at + 1, code[start], _plain(code[start + 1 : at]))


def _template(code: str, start: int) -> Literal:
    at, raw, expressions = start + 1, [""], []
    while code[at] != "`":
        if code.startswith("${", at):
            end = _expression_end(code, at + 2)
            expressions.append(code[at + 2 : end])
            raw.append("")
            at = end + 1
        else:
            step = 2 if code[at] == "\\" else 1
            raw[-1] += code[at : at + step]
            at += step
    names = slot_names(expressions)
    text = "".join(_plain(part) + (f"{{{names[i]}}}" if i < len(names) else "") for i, part in enumerate(raw))
    return Literal(start, at + 1, "`", text, tuple(expressions))


def _expression_end(code: str, at: int) -> int:
    depth = 0
    while depth or code[at] != "}":
        if code[at] in _QUOTES:
            at = (_template(code, at) if code[at] == "`" else _string(code, at)).end
            continue
        depth += {"{": 1, "}": -1}.get(code[at], 0)
        at += 1
    return at


def _plain(raw: str) -> str:
    """Return the text of a literal's source."""
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), raw, flags=re.S)


def script_texts(code: str) -> Iterator[str]:
    """Yield each Chinese text of a script, also those inside of expressions."""
    for one in literals(code):
        if HAN.search(SLOT.sub("", one.text)):
            yield one.text
        for expression in one.expressions:
            yield from script_texts(expression)


def script_in_english(code: str, look: Look) -> str:
    """Return the script with its texts in English."""
    out, at = [], 0
    for one in literals(code):
        out += [code[at : one.start], _literal_in_english(code, one, look)]
        at = one.end
    return "".join(out) + code[at:]


def _literal_in_english(code: str, one: Literal, look: Look) -> str:
    found = look(one.text)
    if found is None and not one.expressions:
        return code[one.start : one.end]
    values = [script_in_english(expression, look) for expression in one.expressions]
    if not values:
        return code[one.start : one.end] if found == one.text else _quoted(found or "")
    named = dict(zip(slot_names(one.expressions), values, strict=True))
    if found in (None, one.text):  # nothing to translate here, but perhaps inside of its expressions
        raw = code[one.start : one.end]
        for old, new in zip(one.expressions, values, strict=True):
            raw = raw.replace("${" + old + "}", "${" + new + "}", 1)
        return raw
    pieces = SLOT.split(found)
    made = [_escaped(pieces[0])]
    for name, form, after in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        made += ["${" + _formed(named[name], form) + "}", _escaped(after)]
    return "`" + "".join(made) + "`"


def _formed(expression: str, form: str | None) -> str:
    if form == "s":
        return f"String({expression}) === '1' ? '' : 's'"
    return f"'{' '.join(MONTHS)}'.split(' ')[({expression}) - 1]" if form == "month" else expression


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${")


# ---- templates -------------------------------------------------------------------------------------------

_PIECES: Final = re.compile(
    r"(?P<comment>\{#.*?#\}|<!--.*?-->)|(?P<block>\{%.*?%\})|(?P<tag><(?:\{\{.*?\}\}|\{%.*?%\}|[^<>{]|\{(?![{%#]))*>)",
    re.S,
)
_VALUES: Final = re.compile(r"\{\{(.*?)\}\}", re.S)
_ATTRIBUTE: Final = re.compile(r'(?<==")[^"{}]*(?:\{\{[^"]*?\}\}[^"{}]*)*(?=")')
_JINJA_STRING: Final = re.compile(r'"[^"\n]*"|\'[^\'\n]*\'')


def template_texts(source: str) -> Iterator[str]:
    """Yield each Chinese text of a template."""
    texts: list[str] = []

    def note(text: str) -> None:
        texts.append(text)

    template_in_english(source, note)
    yield from texts


def template_in_english(source: str, look: Look | Callable[[str], None]) -> str:
    """Return the template with its texts in English: between tags, in attributes and in strings of expressions."""
    out, at = [], 0
    for match in _PIECES.finditer(source):
        out.append(_words(source[at : match.start()], look))
        out.append(_piece(match, look))
        at = match.end()
    return "".join(out) + _words(source[at:], look)


def _piece(match: re.Match[str], look: Look | Callable[[str], None]) -> str:
    if match["block"]:
        return _strings(match[0], look)
    if match["tag"]:
        inside = _ATTRIBUTE.sub(lambda found: _words(found[0], look, quote=True), match[0])
        return re.sub(r"\{%.*?%\}", lambda found: _strings(found[0], look), inside)
    return match[0]


def _strings(code: str, look: Look | Callable[[str], None]) -> str:
    """Translate the strings of an expression or statement."""

    def one(match: re.Match[str]) -> str:
        text = match[0][1:-1]
        found = look(text)
        return match[0] if found in (None, text) else '"' + found.replace('"', "”") + '"'

    return _JINJA_STRING.sub(one, code)


def _words(text: str, look: Look | Callable[[str], None], *, quote: bool = False) -> str:
    """Translate the words of a text between tags, or of an attribute; the space around them stays."""
    expressions = _VALUES.findall(text)
    names = slot_names(expressions)
    pieces = _VALUES.split(text)
    bare = "".join(part if i % 2 == 0 else f"{{{names[i // 2]}}}" for i, part in enumerate(pieces))
    values = {
        name: "{{" + _strings(value, look) + "}}" for name, value in zip(names, expressions, strict=True)
    }
    core = bare.strip()
    found = look(core) if core else None
    if found in (None, core):
        return SLOT.sub(lambda match: values.get(match[1], match[0]), bare)
    escaped = found.replace('"', "&quot;") if quote else found
    english = SLOT.sub(lambda match: values[match[1]], escaped)
    lead, tail = bare[: len(bare) - len(bare.lstrip())], bare[len(bare.rstrip()) :]
    return lead + english + tail
