"""`zhangu results`: later entries do not change the results of the 18:05 show."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent / "signage"))

from house import ZONE, running
from wallroom import eventually

from controller.cli import main


def test_the_results_are_frozen_at_18_05_and_can_be_read_again(tmp_path: Path) -> None:
    """Before the show: a sentence. After it: best first, by date, also as JSON; a late deal changes nothing."""
    home = tmp_path / "home"

    def results(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["results", "--home", str(home), "--date", "2026-11-23", *words])
        return result.exit_code, result.output

    with running(home, datetime(2026, 11, 23, 18, 4, 57, tzinfo=ZONE), sounds=False) as house:
        house.sell("陈芳", 46800, "first")
        house.sell("李思思", 3000, "second")
        code, text = results()
        assert code == 1
        assert "2026-11-23" in text or "11月23日" in text
        assert eventually(lambda: results()[0] == 0, 20)
        before = results()[1]
        assert 0 <= before.index("陈芳") < before.index("李思思")
        house.sell("李思思", 900_000, "late")
        assert results()[1] == before
        people = json.loads(results("--json")[1])
        assert "900000" not in json.dumps(people)
        assert "陈芳" in json.dumps(people, ensure_ascii=False)
