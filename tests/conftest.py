"""Standing here puts this folder on the path: `recording` is used by the tests of several rooms."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def natural_voice() -> Path:
    """A folder of voices that holds the natural one; the test is skipped where it cannot be had."""
    folder = Path(__file__).resolve().parents[1] / ".venv" / "voices"
    if not (folder / "kokoro").is_dir():
        pytest.skip("the natural voice is not installed")
    return folder
