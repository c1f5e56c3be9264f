"""The check for plain words: it reads prose, never code, and finds the old phrases."""

import pytest

from tests.tools import plain_words

PYTHON = '''"""What a voice says."""

anew = told = "whoever shall"  # a comment
# The first line of a comment that
# continues and is told anew.


def test_who_is_told() -> None:
    """Which one: stays allowed in code, not here."""
    print("told anew")


def load() -> None:
    """Loads a file."""
'''


def marks(path: str, source: str) -> list[tuple[int, str]]:
    """Return line and phrase of each marked text."""
    suffix = "." + path.rpartition(".")[2] if "." in path else path
    return sorted(mark for text in plain_words.READERS[suffix](source) if (mark := text.mark()))


def test_comments_docstrings_and_names_are_read_and_code_is_not() -> None:
    """Strings and variables may contain the phrases; a docstring may not start with a clause or a third person."""
    assert marks("a.py", PYTHON) == [
        (1, "What …"),
        (5, "is told"),
        (8, "is told"),
        (9, "Which …"),
        (14, "Loads …"),
    ]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("Makefile", "run:\n\trm anew  # is told anew\n"),
        ("a.js", "var url = 'http://anew/';\nvar x = 1; // is told anew\n"),
        ("a.css", "/* a\n   note that is told anew */\na { color: red }\n"),
        ("a.sql", "SELECT 'anew';\n-- is told anew\n"),
        ("a.md", "```\ntold anew\n```\nA wall is told anew; `told anew` is code.\n"),
        ("a.html", "<p>anew</p>\n{# is told anew #}\n"),
    ],
)
def test_every_kind_of_file_is_read_by_its_comments(path: str, source: str) -> None:
    """One mark in each: the phrase in the comment or paragraph, not that in code."""
    assert len(marks(path, source)) == 1


def test_chinese_is_not_read() -> None:
    """Chinese around English words gives no marks."""
    assert marks("a.md", "播报 once 就好，语音 shallow 也行。") == []


def test_the_longest_area_counts() -> None:
    """A finished package inside an unfinished one has its own limit."""
    assert plain_words.area("tests/sound/test_child.py") == "tests/sound"
    assert plain_words.area("tests/fakes.py") == "tests"
