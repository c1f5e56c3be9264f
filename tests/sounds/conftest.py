"""Make the score package importable: it is a tool of the repository, not part of the installed distribution."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
