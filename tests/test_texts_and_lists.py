"""Lists, timetables and texts at the command line: output and exit codes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from controller.cli import main
from controller.sales.model import Person, Team
from controller.services.scripts import readings

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with the shipped timetable and a list of two people."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "config").mkdir()
    shutil.copy(ROOT / "config" / "rhythm.yaml", folder / "config")
    (folder / "sounds").symlink_to(ROOT / "sounds")
    return folder


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--home", str(home)])


@pytest.mark.parametrize(("text", "said"), [("-5℃", "零下五摄氏度"), ("-2.3万元", "负二点三万元")])
def test_a_text_may_begin_with_a_minus(home: Path, text: str, said: str) -> None:
    """A text that looks like an option is accepted; a misspelt option is still reported."""
    done = run(home, "voice", "--spoken", text)
    assert (done.exit_code, done.output.strip()) == (0, said)
    wrong = run(home, "voice", "--spokn", "你好")
    assert (wrong.exit_code, "--spokn" in wrong.output) == (2, True)


@pytest.mark.parametrize("command", ["say", "voice"])
def test_a_text_without_words_is_refused(home: Path, command: str) -> None:
    """Emoji alone end with 1 and a sentence, and no file is written."""
    done = run(home, command, "🎉🎉")
    assert (done.exit_code, "没有能念出来的字" in done.output) == (1, True)


def test_an_import_reports_doubtful_lines(home: Path, tmp_path: Path) -> None:
    """Merged cells and names that no voice can read are reported; a reading that is too short stops the import."""
    file = tmp_path / "people.csv"
    file.write_text("花名册\n*团队,姓名（必填）,读音\n猛虎队,李𬭸,\n,单　明,\n合计,2\n", encoding="utf-16")
    done = run(home, "import", "people", str(file))
    assert done.output.splitlines() == [
        "新增 2 人，更新 0 人，0 人没有变化。",
        "注意：新的团队：猛虎队。如果名称写错了，请改正。",
        "注意：第 4 行没有写团队，按合并的单元格算进“猛虎队”。",
        "注意：猛虎队的李𬭸：语音不认识“𬭸”，播报时可能漏字，请填读音。",
    ]
    assert "shan4 明" in run(home, "voice", "--spoken", "恭喜单明").output
    file.write_text("团队,姓名,读音\n猛虎队,单雄信,shàn\n", encoding="utf-8")
    done = run(home, "import", "people", str(file))
    assert (done.exit_code, "第 2 行：“单雄信”有 3 个字" in done.output) == (1, True)


def test_check_does_not_contradict_itself(home: Path, tmp_path: Path) -> None:
    """«Nothing wrong» is printed only when no warning follows."""
    assert run(home, "check").output.endswith("没有问题。\n")
    file = tmp_path / "rhythm.yaml"
    shipped = (ROOT / "config" / "rhythm.yaml").read_text("utf-8")
    text = shipped.replace("\nduties:", "\n  - {at: 10:10, on: 周六, say: 大家好}\nduties:")
    file.write_text(text, encoding="utf-8")
    output = run(home, "check", str(file)).output
    assert "没有问题" not in output
    assert "有 1 处请看一下" in output
    assert "周六不上班" in output


def test_a_day_is_printed_under_headings(home: Path) -> None:
    """After the last cue (18:05) the duties have a separate heading."""
    lines = run(home, "today", "--date", "2026-11-27").output.splitlines()
    headings = [line for line in lines if not line.startswith(" ")]
    assert headings[1:] == ["时段", "播报和画面", "要做的事"]


def test_a_reading_kept_before_it_was_checked_leaves_no_name_out() -> None:
    """A store may contain «shan4» for 单雄信: our table of readings is used for the whole name instead."""
    people = [Person(1, "单雄信", 1, "猛虎队", say_as="shan4"), Person(2, "单　明", 1, "猛虎队")]
    assert readings([Team(1, "猛虎队")], people) == {"单雄信": "shan4 雄信", "单　明": "shan4 明"}
