"""Power cuts under load and in upgrades, of the installed package with systemd, on a disk with a volatile cache.

The box is a container, see `container`: at one instant all data is lost that was not flushed to the disk, in memory and
in the disk's cache. There is no separate kernel and no real card. `POWERCUTS` and `POWERCUTS_UPGRADE` set the numbers;
all is kept in `build/container`. `POWERCUTS_MINUTES` ends each series early; `POWERCUTS_KEPT=1` begins with the box of
an earlier run.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import container  # noqa: E402
import variants  # noqa: E402
from machine_box import Box, now  # noqa: E402
from powerload import Load, Promises, broken  # noqa: E402
from running import PEOPLE, timetable  # noqa: E402
from table import Row  # noqa: E402

FOLDER = Path(os.environ.get("POWERCUTS_FOLDER", HERE.parents[1] / "build" / "container"))
CUTS = int(os.environ.get("POWERCUTS", "20"))
UPGRADE_CUTS = int(os.environ.get("POWERCUTS_UPGRADE", "10"))
MINUTES = float(os.environ.get("POWERCUTS_MINUTES", "120"))
KEPT = bool(os.environ.get("POWERCUTS_KEPT"))
NEWER = "0.2.0"
INSTALLED = FOLDER / "installed.img"
KEYS = FOLDER / "installed.json"
LEAST_DB = -45.0
LONGEST_LOAD_S = 8.0
Cut = Box[container.Container]


@dataclass
class Seen:
    """Results of the cuts so far."""

    boots: list[float] = field(default_factory=list)
    cached: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)


def rows() -> Iterator[Row]:
    """Yield the report's lines as they come; about an hour."""
    lacks = container.missing()
    if lacks:
        yield Row("power cuts in a container", f"not tried: {lacks} is missing here", "–", True)
        return
    container.alone()
    if not (KEPT and INSTALLED.exists()):
        yield from ended("the installation", installed)
    if INSTALLED.exists():
        yield from ended("power cuts under load", under_load)
        yield from ended("power cuts in upgrades", in_upgrades)


def ended(what: str, stage: Callable[[], Iterator[Row]]) -> Iterator[Row]:
    """Yield the lines of a stage; a last one says why it ended early: a box that does not answer, or is broken."""
    began = now()
    try:
        yield from stage()
    except (OSError, SystemExit, subprocess.SubprocessError) as broken:
        yield Row(f"{what}: ran to its end", str(broken)[-400:].replace("\n", " "), "yes", False)
    else:
        yield Row(
            f"{what}: ran to its end, every box worked", f"yes, {(now() - began) / 60:.0f} min", "yes", True
        )


def package() -> tuple[Path, Path]:
    """Build the package of this checkout and the same program as a newer version."""
    key, out = FOLDER / "key.pem", FOLDER / "package"
    older, tree = variants.built(out, key, FOLDER.parent / "wheels")
    return older, variants.variant(tree, out, NEWER, key)


def box_of(image: Path) -> Cut:
    """Return the box on an image, switched off."""
    return Box(container.Container(FOLDER / "run", image))


def installed() -> Iterator[Row]:
    """Install the package on a fresh Debian; keep the disk and the keys."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    INSTALLED.unlink(missing_ok=True)
    files = package()
    tree, image = container.debian(FOLDER, files), FOLDER / "installing.img"
    container.image(tree, image, "6G")
    box = box_of(image)
    with box.machine as machine:
        machine.start()
        machine.wait_booted()
        began = now()
        machine.well(
            f"DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends /root/{files[0].name}",
            1800,
        )
        box.answers()
        took = now() - began
        link = re.search(r"/join/(\S+)", machine.well("zhangu status"))
        box.own(link[1].strip() if link else "")
        box.token = machine.well("zhangu token machine --role admin").split()[-1]
        day = timetable("at: 00:00-24:00, name: 全天, music: morning, volume: 60")
        machine.well(f"cat > /etc/zhangu/rhythm.yaml <<'END'\n{day}END")
        machine.well(f"printf '%s' '{PEOPLE}' > /tmp/people.csv && zhangu import people /tmp/people.csv")
        yield heard(box, f"installed from the package, {took:.0f} s: music")
        machine.stop()
    image.rename(INSTALLED)
    box.keep(KEYS)


def heard(box: Cut, what: str) -> Row:
    """Measure the sound that SDL's disk driver records."""
    peak, rms, _ = box.recorded()
    return Row(what, f"peak {peak:.1f} dBFS, RMS {rms:.1f} dBFS", f"> {LEAST_DB:.0f} dBFS", peak > LEAST_DB)


def started(name: str) -> Cut:
    """Copy the installed disk for a stage, and boot it."""
    image = FOLDER / f"{name}.img"
    subprocess.run(["cp", "--sparse=always", INSTALLED, image], check=True)
    box = box_of(image)
    box.remember(KEYS)
    return box


def boot(box: Cut) -> float:
    """Boot; return the seconds until the daemon answers."""
    began = now()
    box.machine.start()
    box.machine.wait_booted()
    box.answers()
    return now() - began


def cut(box: Cut, load: Load, seen: Seen, seed: int) -> None:
    """Cut the power now: the disk first, then everything else."""
    state = box.machine.lose_power(seed)
    load.stop()
    log = box.machine.log()
    seen.again += _repeated(log, seen.ended)
    box.machine.off()
    load.join()
    seen.cached.append(state["cached"])
    seen.kept.append(state["kept"])


def _repeated(log: str, ended: set[str]) -> list[str]:
    """Return the announcements that begin although an earlier boot recorded their end; add those that end now."""
    again = [number for number in re.findall(r"playing (#\d+) ", log) if number in ended]
    ended |= set(re.findall(r"(#\d+) is heard", log))
    return again


def checked(box: Cut, promises: Promises, seen: Seen, number: int) -> None:
    """Look for everything that was promised, and listen."""
    lost = broken(box, promises)
    seen.lost |= {one: number for one in lost if one not in seen.lost}
    peak, _, _ = box.recorded()
    if peak <= LEAST_DB:
        seen.silent.append(f"cut {number}: {peak:.0f} dBFS")
    if lost:
        shutil.copy(box.machine.within("/var/lib/zhangu/var/zhangu.db"), FOLDER / f"broken-{number}.db")


def tell(number: int, box: Cut, promises: Promises, seen: Seen, more: str = "") -> None:
    """Print how a cut went."""
    new = [one for one, at in seen.lost.items() if at == number]
    print(
        f"cut {number}: {promises.count()} promises, {seen.kept[-1]:,} of {seen.cached[-1]:,} unflushed bytes kept, "
        f"boot {seen.boots[-1]:.0f} s, lost {new}, damage {box.machine.damage} {more}",
        file=sys.stderr,
        flush=True,
    )


def under_load() -> Iterator[Row]:
    """Cut the power while phones send deals, music, pictures, settings, a timetable and a package."""
    chance, seen, promises = random.Random(13), Seen(), Promises()
    box = started("load")
    with box.machine:
        boot(box)
        for number in cuts(CUTS):
            load = Load(box, promises, number, FOLDER / "package" / f"zhangu_{NEWER}_amd64.deb")
            load.start()
            waited(box, load, heard_too=number % 2 == 0)
            time.sleep(chance.random() * LONGEST_LOAD_S)
            cut(box, load, seen, number)
            seen.boots.append(boot(box))
            checked(box, promises, seen, number)
            tell(number, box, promises, seen)
    yield from report(f"{len(seen.boots)} power cuts under load", box, promises, seen)


def waited(box: Cut, load: Load, *, heard_too: bool) -> None:
    """Wait until an upload has been answered, and an announcement was heard: a busy machine needs a minute."""
    box.until(lambda: load.ready() and (not heard_too or " is heard" in box.machine.log()), 150, 0.5)


def cuts(most: int) -> Iterator[int]:
    """Yield the numbers of a stage's cuts, fewer when its minutes are over."""
    until = now() + 60 * MINUTES
    for number in range(most):
        if now() > until:
            return
        yield number


def report(what: str, box: Cut, promises: Promises, seen: Seen) -> Iterator[Row]:
    """Yield the lines about a series of cuts."""
    yield Row(
        f"{what} ({promises.described()}): what was answered and is lost, torn or there twice",
        "; ".join([str(len(seen.lost)), *list(seen.lost)[:5]]), "0", not seen.lost and promises.uploads() > 0,
    )  # fmt: skip
    yield Row(
        f"the same: of {len(seen.ended)} announcements that were heard, played again",
        str(len(seen.again)), "0", not seen.again and bool(seen.ended),
    )  # fmt: skip
    yield Row(
        "the same: file systems that e2fsck cannot mend from the journal alone; boots without music",
        f"{box.machine.damage}; {len(seen.silent)}", "0; 0", not box.machine.damage and not seen.silent,
    )  # fmt: skip
    cached = [size / 1e6 for size in seen.cached]
    yield Row(
        "the same: start → daemon answers; unflushed at the cut, of it lost",
        f"{min(seen.boots):.0f} to {max(seen.boots):.0f} s; up to {max(cached):.1f} MB, "
        f"{(sum(seen.cached) - sum(seen.kept)) / 1e6:.1f} MB in all", "–", True,
    )  # fmt: skip


def in_upgrades() -> Iterator[Row]:
    """Cut the power at random moments of upgrades; after each boot the box works with a whole release."""
    chance, seen, promises, steps, ends = random.Random(31), Seen(), Promises(), [], []
    box = started("upgrades")
    with box.machine:
        boot(box)
        took = upgraded(box)
        for number in cuts(UPGRADE_CUTS):
            load = Load(box, promises, 1000 + number, None)
            box.machine.run("rm -f /opt/zhangu/previous")
            load.start()
            box.machine.well(f"zhangu upgrade --no-wait --allow-older /root/zhangu_{NEWER}_amd64.deb", 600)
            time.sleep(chance.random() * took)
            steps.append(step_of(box))
            cut(box, load, seen, 1000 + number)
            seen.boots.append(boot(box))
            settled(box)
            checked(box, promises, seen, 1000 + number)
            ends.append(release(box))
            tell(1000 + number, box, promises, seen, f"at {steps[-1]} -> {ends[-1]}")
            if ends[-1] == NEWER:
                gone_back(box)
    reached = ", ".join(f"{step} {steps.count(step)}" for step in sorted(set(steps)))
    what = f"{len(ends)} power cuts in upgrades (at {reached}; {ends.count(NEWER)} ended on the new version)"
    yield from report(what, box, promises, seen)


def upgraded(box: Cut) -> float:
    """Upgrade and go back without a cut; return the seconds of the upgrade."""
    began = now()
    box.machine.well(f"zhangu upgrade --allow-older /root/zhangu_{NEWER}_amd64.deb", 1800)
    took = now() - began
    if release(box) != NEWER:
        raise SystemExit(box.machine.well("cat /opt/zhangu/result.json"))
    gone_back(box)
    return took


def gone_back(box: Cut) -> None:
    """Return to the former release."""
    box.machine.well("zhangu rollback", 1800)
    box.answers()
    if release(box) == NEWER:
        raise SystemExit(box.machine.well("cat /opt/zhangu/result.json"))


def release(box: Cut) -> str:
    """Return the version that runs."""
    return Path(box.machine.well("readlink /opt/zhangu/current").strip()).name


def step_of(box: Cut) -> str:
    """Return the step that an upgrade has reached."""
    with contextlib.suppress(OSError):
        found = re.search(r'"step": "(\w+)"', box.machine.within("/opt/zhangu/journal.json").read_text())
        return found[1] if found else "?"
    return "ended"


def settled(box: Cut) -> None:
    """Wait until an interrupted upgrade has been carried on or taken back, and the daemon answers."""
    unfinished = "test -e /opt/zhangu/journal.json || systemctl is-active -q zhangu-upgrade zhangu-recover"
    if box.until(lambda: box.machine.run(unfinished)[0] != 0, 1800, 1.0) is None:
        raise SystemExit(box.machine.run("cat /opt/zhangu/journal.json; systemctl --failed --no-pager")[1])
    box.answers()


if __name__ == "__main__":
    for row in rows():
        print(*row, sep=" | ", flush=True)
