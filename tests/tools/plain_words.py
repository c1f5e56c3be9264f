"""Count archaic phrases in prose: `python -m tests.tools.plain_words [path …]`.

Reads comments, docstrings, names of tests, and Markdown paragraphs; never code and never Chinese. Prints file, line and
phrase of each marked text, then the share of marked texts. Fails when an area has more than `LIMITS` allows: lower
a limit after rewriting, never raise it. With paths, prints only those and does not check limits.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Marked texts at most, per area; the longest matching prefix counts. An area that is not named has none.
LIMITS: dict[str, int] = {
    "CHANGELOG.md": 15,
    "README.md": 0,
    "controller": 0,
    "controller/cli": 0,
    "controller/sales": 5,
    "controller/services": 0,
    "controller/simulation": 0,
    "controller/sound": 0,
    "controller/sound/mandarin": 0,
    "controller/sound/player": 0,
    "controller/sound/tts": 1,
    "controller/system": 0,
    "controller/timetable": 0,
    "docs": 0,
    "signage": 0,
    "tests": 0,
    "tests/bench": 0,
    "tests/days": 0,
    "tests/sales": 0,
    "tests/services": 0,
    "tests/signage": 0,
    "tests/sound": 0,
    "tests/sounds": 0,
    "tests/system": 0,
    "tests/timetable": 0,
    "tests/tools": 0,
}

# These quote the phrases in order to forbid them.
EXEMPT = {"docs/style.md", "docs/glossary.md", "tests/tools/plain_words.py"}

PHRASES = [
    r"whoever|whomever|wherever|whichever",
    r"told (of|by|to|in|as|apart|truly|anew)|(is|are|was|be|been|gets|got) told",
    r"tells? (truly|apart|of)|are told|nothing tells|tells (the|a|its|every|each|one|all|them|it)",
    r"(?<!\")anew(?!\"|:)|afresh|lest|thereof|upon|whence|hitherto|nought|amid|betimes|alike|withal",
    r"of (its|their|his|her|one's) own",
    r"shall|ought",
    r"hush(ed|es)?",
    r"(what|which|that|who) (nobody|somebody|everybody)",
    r"nobody (asks|asked|waits|hears|heard|sees|knows|follows|reads|needs|wants|looks|minds|is|has|can)",
    r"whatever (becomes|comes|is|was|it|they|the|a|happens|else|one)",
    r"of the house|the house'?s?|(?<!in-)house sentences",
    r"for good(?! reason)",
    r"the same \w+'s",
    r"is (that|those) of|are those of|(than|like|as|from|of) (that|those) of",
    r"it is so that|so it is|as it (is|was|stands|were)|as they (are|were|stand)",
    r"who(se)? (fails|asks|comes|knows|waits|reads|listens|speaks|looks|says|sends|may|wants|has|is|can) \w+ is",
    r"makes? room",
    r"(comes?|came|goes|went) to (an end|nothing|pass|rest|light|grief)",
    r"by hand",
    r"lies? (in|on|under|beside|there|between|before|behind|at|where)|lay (in|on|under|there)|lying (in|on|there)",
    r"stands? (in|on|for|there|beside|behind|at|alone|still|before|first|here|under|by)|stood (in|on|there|beside)",
    r"what (is|was) (said|heard|told|meant|left|played|written|wanted|asked|missing|known|there|read|shown)",
    r"what (waits|stands|comes|came|follows|lies|belongs|remains|hangs|fails|cannot|may|must|has|does|did|had|would)",
    r"what (it|they|one|people|somebody|everybody|a|an|the) \w+",
    r"(all|everything|nothing|something|much|anything) else (that|is|does|has|waits|goes|comes)",
    r"(is|are|was|were|be|been) begun|begun|begins? to",
    r"(a|another|its|every|first|each|an|whose|this) orders?|the order(?! (of|in|is the same|depends))",
    r"orders (of|that|are|is|in|at|and|to|from|for|with)",
    r"(may|can|must|do|does|will|would) not (yet )?be \w+ed (of|with|by)|need not|cares? not",
    r"nor (is|does|do|are|has|can|will|may)",
    r"is it (not )?\w+ed|were it|had it been|be it|so be",
    r"(is|are) (no|never) more|no more than|no longer than|no sooner|not a \w+ more",
    r"once more|over again|ever again|evermore|all at once|at a stretch|on the way|in the way",
    r"goes (out|by|without|with|there|where|into|its way)",
    r"(has|have|had) its (say|word|way|turn|hour|minute)|word for it|in a word|with a word|have the word",
    r"takes? (its|their|his) (place|leave|turn|time|part)",
    r"(dies|died|dying) (at|in|of|under|away)|falls? (silent|asleep|away|to|back to|out)",
    r"the mouth|the throat|the door|its door|one door|the doors|by the door|the air|on air|the ear",
    r"reciter|jukebox|turntable|voicebox|almanac|doorkeeper|town crier|farewell|etiquette|praise",
    r"make (itself|themselves) heard|without a word|ask(s|ed)? for (it|them) by name",
    r"(bears|bore|borne|bestow\w*|befall\w*|behold|beget\w*|heed(s|ed)?|slumber\w*|dwell\w*|linger\w*|perish\w*)",
    r"(is|are) (of|from) (old|yore|one piece|use|no use|no account)|of no use",
    r"(that|which|who) (is|are) (it|he|they)|such as (is|are)|as (much|little) as (there )?is",
    r"(one|somebody|a person) who (has|is|does|was) \w+ (is|has|does)",
    r"holds? (good|true|its|the line)|stays as it|stay as they|remains? as",
    r"(knows?|known) (nothing|no) (of|about|better)|without knowing it|unknown to it",
    r"(its|their) (likes?|kind|kin) (alone|is|are)|in (its|their|whose) stead|in place of it",
    r"is (asked|done|made|had|gone|come) (of|with|for|away|over|by)",
    r"(is|are|has|have) (come|gone|become) (in|on|to|there|away|by|due)",
    r"let go|lets? (itself|himself|oneself)|lays? (down|it|them|out)|puts? (away|aside)",
]
ARCHAIC = re.compile(rf"(?<![\w`/_-])(?:{'|'.join(PHRASES)})(?![\w`/_-])", re.IGNORECASE)

# Docstrings are imperative or name a value; third-person verbs and noun clauses are refused at their start.
VERBS = """
Accepts Adds Answers Arranges Asks Assembles Awaits Begins Brings Builds Calls Carries Changes Checks Chooses Closes
Collects Comes Compares Counts Cuts Decides Decodes Deletes Does Draws Ends Fails Feeds Fills Finds Follows Forgets
Gathers Gets Gives Goes Hands Has Hears Holds Keeps Kills Lays Leads Lets Listens Loads Looks Makes Measures Moves
Notices Opens Paints Parses Passes Plays Prints Puts Raises Reads Receives Records Refuses Remembers Removes Renders
Replaces Returns Runs Says Sees Sends Serves Sets Shortens Shows Sings Speaks Starts Stops Submits Takes Tells
Throws Tries Turns Waits Wakes Walks Watches Works Writes Yields
"""
CLAUSE = r"(?:What|How|Whether|Who|Whom|Whose|Which|Why|Where|Whatever|Somebody)\b"
OPENING = re.compile(rf"{CLAUSE}|(?:{'|'.join(VERBS.split())})\b")
OPENING_OF_TESTS = re.compile(CLAUSE)  # a test's docstring is a promise: "Plays …" may be one


@dataclass(frozen=True)
class Text:
    """A piece of prose in a file; `share` is false for names, which do not count in the share."""

    line: int
    words: str
    opening: re.Pattern[str] | None = None
    share: bool = True

    def mark(self) -> tuple[int, str] | None:
        """Return line and phrase of the first archaic phrase."""
        if self.opening and (start := self.opening.match(self.words)):
            return self.line, start.group() + " …"
        if found := ARCHAIC.search(re.sub(r"\s", " ", self.words)):
            return self.line + self.words.count("\n", 0, found.start()), found.group()
        return None


def python_texts(source: str) -> Iterator[Text]:
    """Yield comment blocks, docstrings and names of functions and classes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield Text(node.lineno, node.name.replace("_", " "), share=False)
        opening = OPENING_OF_TESTS if (getattr(node, "name", "") or "").startswith("test") else OPENING
        for statement in getattr(node, "body", ()) if not isinstance(node, ast.Lambda | ast.IfExp) else ():
            match statement:
                case ast.Expr(value=ast.Constant(value=str(words))):
                    yield Text(statement.lineno, words, opening)
    yield from _joined(
        (token.start[0], token.string.lstrip("#:").strip())
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and not re.match(r"#\s*(noqa|type:|pragma)", token.string)
    )


def _joined(lines: Iterator[tuple[int, str]]) -> Iterator[Text]:
    """Join comments on consecutive lines to one text."""
    start, words = 0, ""
    for line, text in lines:
        if words and line == start + words.count("\n") + 1:
            words += "\n" + text
        else:
            if words:
                yield Text(start, words)
            start, words = line, text
    if words:
        yield Text(start, words)


def hash_texts(source: str) -> Iterator[Text]:
    """Yield `#` comments of Makefile, shell, TOML, YAML and systemd units."""
    lines = ((n, re.search(r"(?:^|\s)#+ (.*)", line)) for n, line in enumerate(source.splitlines(), 1))
    yield from _joined((n, match[1]) for n, match in lines if match)


def script_texts(source: str) -> Iterator[Text]:
    """Yield comments of JavaScript, CSS and SQL; strings are skipped."""
    pattern = r"'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|(/\*.*?\*/|(?<!:)//[^\n]*|(?<!-)--\s[^\n]*)"
    spans = [match for match in re.finditer(pattern, source, re.DOTALL) if match[1]]
    yield from _joined((source.count("\n", 0, m.start()) + 1, m[1].strip("/*- ")) for m in spans)


def page_texts(source: str) -> Iterator[Text]:
    """Yield comments of HTML and Jinja."""
    for match in re.finditer(r"\{#(.*?)#\}|<!--(.*?)-->", source, re.DOTALL):
        yield Text(source.count("\n", 0, match.start()) + 1, match[1] or match[2])


def markdown_texts(source: str) -> Iterator[Text]:
    """Yield paragraphs, list items and table rows, without code."""
    source = re.sub(r"^```.*?^```", lambda m: "\n" * m[0].count("\n"), source, flags=re.DOTALL | re.MULTILINE)
    for match in re.finditer(
        r"(?:^(?!\s*$).*\n?(?:^(?!\s*(?:$|[-*|#>]|\d+\.)).*\n?)*)", source, re.MULTILINE
    ):
        yield Text(source.count("\n", 0, match.start()) + 1, re.sub(r"`[^`\n]*`", "`x`", match[0]))


READERS = {
    ".py": python_texts,
    ".md": markdown_texts,
    ".js": script_texts,
    ".css": script_texts,
    ".sql": script_texts,
    ".html": page_texts,
    ".sh": hash_texts,
    ".toml": hash_texts,
    ".yaml": hash_texts,
    ".service": hash_texts,
    "Makefile": hash_texts,
}


def files() -> list[str]:
    """Return the paths that git knows or would add."""
    listed = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    paths = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted(
        p
        for p in set(paths)
        if p and p not in EXEMPT and (Path(p).suffix or Path(p).name) in READERS and (ROOT / p).is_file()
    )


def area(path: str) -> str:
    """Return the longest prefix in `LIMITS`, else the path's first two folders."""
    fits = [prefix for prefix in LIMITS if path == prefix or path.startswith(prefix + "/")]
    return max(fits, key=len) if fits else "/".join(Path(path).parts[:2])


def main() -> int:
    """Print marked texts and figures; return 1 when a limit is exceeded."""
    wanted = sys.argv[1:]
    marked: Counter[str] = Counter()
    texts = in_share = 0
    for path in files():
        if wanted and not any(path.startswith(prefix) for prefix in wanted):
            continue
        for text in READERS[Path(path).suffix or Path(path).name]((ROOT / path).read_text(encoding="utf-8")):
            texts += text.share
            if mark := text.mark():
                in_share += text.share
                marked[area(path)] += 1
                print(f"{path}:{mark[0]}: {mark[1]}")
    print(f"{in_share} of {texts} texts marked: {in_share / max(texts, 1):.1%}")
    if wanted:
        return 0
    over = {place: n for place, n in marked.items() if n > LIMITS.get(place, 0)}
    for place in sorted(over):
        print(
            f"{place}: {over[place]} marked, {LIMITS.get(place, 0)} allowed. Use plain words (docs/style.md)."
        )
    for place, limit in LIMITS.items():
        if marked[place] < limit:
            print(
                f"{place}: {marked[place]} marked, {limit} allowed. Lower LIMITS in tests/tools/plain_words.py."
            )
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
