"""`python -m sounds.score [NAME …]`: render the shipped sounds into `sounds/`, all or those named."""

import argparse
import sys
import tempfile
from pathlib import Path

from sounds.score import studio
from sounds.score.catalogue import CATALOGUE, Sounding

HOME = Path(__file__).resolve().parent.parent


def main() -> int:
    """Render, then print one line per file: seconds, loudness, true peak, size."""
    parser = argparse.ArgumentParser(
        prog="python -m sounds.score", description="Render the sounds that ship."
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which, of {', '.join(CATALOGUE)}; none: all"
    )
    parser.add_argument("--into", type=Path, default=HOME, help="the folder to write to")
    wanted = parser.parse_args()
    for name in wanted.names:
        if name not in CATALOGUE:
            parser.error(f"no sound is called {name}; there are {', '.join(CATALOGUE)}")
    try:
        studio.check_tools()
    except studio.MissingToolError as missing:
        print(missing, file=sys.stderr)
        return 1
    for name in wanted.names or CATALOGUE:
        print(_made(name, CATALOGUE[name], wanted.into), flush=True)
    return 0


def _made(name: str, sounding: Sounding, folder: Path) -> str:
    target = folder / sounding.path
    with tempfile.TemporaryDirectory() as scratch:
        sounding.render(Path(scratch), target)
    sound = studio.read(target)
    found = studio.measure(sound)
    seconds = sound.shape[1] / studio.RATE
    return (
        f"{name:16} {seconds:7.2f} s  {found.integrated:6.1f} LUFS  highest moment {found.momentary:6.1f}"
        f"  true peak {found.true_peak:5.1f} dBTP  {target.stat().st_size / 1024:7.0f} KiB"
    )


if __name__ == "__main__":
    sys.exit(main())
