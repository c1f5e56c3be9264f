"""A branch in a separate process, for tests/bench/cities.py: commands as JSON lines, answers as JSON lines.

Its clock runs. Each line of news is noted with the CLOCK_MONOTONIC second at which it was first shown.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from pathlib import Path
from zoneinfo import ZoneInfo

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), *(str(HERE.parent / part) for part in ("", "services", "cities"))]

import office_made  # noqa: E402
from rig import BranchOffice  # noqa: E402

from controller.clock import Clock  # noqa: E402

office_made.HandClock = lambda start: Clock(ZoneInfo(str(start.tzinfo)), start)  # type: ignore[assignment]


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("controller.cities").setLevel(logging.DEBUG)
    folder, city = Path(sys.argv[1]), sys.argv[2]
    office = BranchOffice(folder, city, sys.stdin.readline().strip())
    office.office.targets.set_day("猛虎队", office.clock.now().date(), 100_000)
    shown: dict[str, float] = {}

    def watch() -> None:
        while True:
            for line in office.snapshot.cities.lines():
                shown.setdefault(str(line), time.monotonic())
            time.sleep(0.05)

    threading.Thread(target=watch, daemon=True).start()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        if "deal" in command:
            office.deal("王小明", command["deal"])
            answer: dict[str, object] = {"at": time.monotonic()}
        elif "board" in command:
            answer = {
                "board": office.seen(),
                "up": office.up(),
                "said": list(office.snapshot.cities.sentences()),
            }
        elif "news" in command:
            answer = {"news": shown, "late": office.snapshot.cities.late}
        else:
            break
        print(json.dumps(answer, ensure_ascii=False), flush=True)
    office.close()


if __name__ == "__main__":
    main()
