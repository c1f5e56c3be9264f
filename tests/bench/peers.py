"""Run the peers' adapters beside ours and print ratios: `make bench-peers PEERS=FOLDER`.

The adapters are outside of the repository (naive script, liquidsoap, mpd, mpv: programs of others). FOLDER has their
`bench.py`, which prints a table; it starts this checkout as the peer "ours".
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MISSING = (
    "make bench-peers needs PEERS=FOLDER, the folder with the peers' adapters (bench.py); they are not part of this "
    "repository."
)
OURS = "ours"
LESS_IS_BETTER = re.compile(r"(a|b|d|e) |c (time|speech)")


def main(arguments: list[str]) -> int:
    """Run the bench and print its table and the ratios; with `--read FILE` only the ratios of a kept table."""
    if arguments[:1] == ["--read"]:
        print("\n".join(ratios(Path(arguments[1]).read_text(encoding="utf-8"))))
        return 0
    folder = Path(arguments[0]).expanduser().resolve() if arguments and arguments[0] else None
    if folder is None or not (folder / "bench.py").is_file():
        print(MISSING, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        env = os.environ | {"ZHANGU_PROJECT": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        words = [sys.executable, str(folder / "bench.py"), "--out", f"{scratch}/run.json", *arguments[1:]]
        done = subprocess.run(words, cwd=scratch, env=env, check=False, stdout=subprocess.PIPE, text=True)
    print(done.stdout)
    if done.returncode:
        return done.returncode
    print("\n".join(ratios(done.stdout)))
    return 0


def ratios(printed: str) -> Iterator[str]:
    """Yield a line for each figure of which less is better: ours, the best peer, and ours divided by it.

    `printed`: a table with a column for each program, whose cells begin with the median. Below 1 ours is ahead.
    """
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in printed.splitlines() if "|" in line
    ]
    heads = next((row for row in rows if OURS in row), [])
    yield "| figure | ours | best peer | ratio |"
    yield "|---|---|---|---|"
    for label, *cells in rows:
        values = {name: _first(cell) for name, cell in zip(heads[1:], cells, strict=False)}
        ours = values.pop(OURS, None)
        peers = {name: value for name, value in values.items() if value}
        if LESS_IS_BETTER.match(label) and ours is not None and peers:
            best = min(peers, key=lambda name: abs(peers[name]))
            yield f"| {label} | {ours:g} | {best} {peers[best]:g} | {abs(ours) / abs(peers[best]):.2f} |"


def _first(cell: str) -> float | None:
    found = re.match(r"-?\d+(\.\d+)?", cell.replace("\u2212", "-"))
    return float(found[0]) if found else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
