"""A whole virtual machine with systemd: installed from the package, boots to music, upgraded, cut 20 times, unplugged.

    python -m tests.bench.machine [--only boot,upgrade,cuts]

Each stage has a machine and a separate time limit: `boot` installs and keeps its disk, all others begin with that
disk, and install first when there is none. Without KVM qemu computes about thirty times slower than the processor:
seconds of starts are not those of a Pi, and the emulated sound card starves, so that SDL's disk driver records
the sound; only `unplug` uses the cards. `MACHINE_ACCEL=kvm` uses KVM, `MACHINE_CUTS` and `MACHINE_UPGRADE_CUTS`
set the numbers of power cuts, `MACHINE_PATIENCE=2` doubles the limits. All is kept in `build/machine`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import container  # noqa: E402
import variants  # noqa: E402
import virtual  # noqa: E402
from machine_box import Box, Seller, now  # noqa: E402
from running import PEOPLE, timetable  # noqa: E402
from table import Row  # noqa: E402

from tests.ports import free_port  # noqa: E402

FOLDER = Path(os.environ.get("MACHINE_FOLDER", HERE.parents[1] / "build" / "machine"))
CUTS = int(os.environ.get("MACHINE_CUTS", "20"))
UPGRADE_CUTS = int(os.environ.get("MACHINE_UPGRADE_CUTS", "10"))
NEWER, DEAF = "0.2.0", "0.3.0"
ALL_DAY = timetable("at: 00:00-24:00, name: 全天, music: morning, volume: 60")
DAY_S = 86_400
MONDAY_MORNING = (time.time() // DAY_S + 7 - time.gmtime().tm_wday) * DAY_S + 31 * 60
"""08:31 in Shanghai, next Monday: the shipped timetable plays music until nine."""
STICK = "udevadm settle -t 600; for n in {1..60}; do mountpoint -q /media/usb && break; mount /media/usb; sleep 2; done"
"""systemd unmounts a disk that is mounted before udev has found it."""
INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends"
"""Without the recommended fonts, which would come from the internet."""
FOUND_S, BACK_S = 5.0, 2.0
LEAST_DB = virtual.LEAST_DB
INSTALLED, KEYS = FOLDER / "installed.qcow2", FOLDER / "installed.json"
PATIENCE = float(os.environ.get("MACHINE_PATIENCE", "1"))
WEEK_S = 7 * DAY_S


def rows(only: tuple[str, ...] = ()) -> Iterator[Row]:
    """Yield the report's lines as they come; hours on a slow machine."""
    lacks = virtual.missing()
    if lacks:
        yield Row("a virtual machine", f"not tried: {lacks} is missing here", "–", True)
        return
    wanted = list(only or STAGES)
    if "boot" not in wanted and not INSTALLED.exists():
        wanted.insert(0, "boot")
    if wanted[0] == "boot":
        build_disks()
    for name in wanted:
        if name != "boot" and not INSTALLED.exists():
            yield Row(f"stage {name}", "not tried: there is no installed machine", "tried", False)
            continue
        yield from staged(name)


def staged(name: str) -> Iterator[Row]:
    """Run one stage on its own machine; one that does not end within its limit is switched off."""
    work, minutes = STAGES[name]
    machine, late = powered(name), threading.Event()
    timer = threading.Timer(minutes * 60 * PATIENCE, lambda: (late.set(), machine.end()))
    timer.start()
    began = now()
    try:
        with machine:
            machine.start()
            box, booted = Box(machine), machine.wait_booted()
            if name != "boot":
                box.remember(KEYS)
                yield Row(f"{name}: power on → daemon answers", f"{booted + box.answers():.0f} s", "–", True)
            yield from work(box)
            if name == "boot":
                _keep(box)
    except (OSError, SystemExit, AssertionError) as broken:
        why = f"stopped after {minutes * PATIENCE:.0f} min" if late.is_set() else str(broken)[-400:]
        yield Row(f"{name}: ran to its end", why.replace("\n", " "), "yes", False)
    else:
        yield Row(f"{name}: ran to its end", f"yes, {(now() - began) / 60:.0f} min", "yes", True)
    finally:
        timer.cancel()


def powered(name: str) -> virtual.VirtualMachine:
    """Return the machine of a stage, switched off: a fresh system, or the installed one in a later week."""
    week = list(STAGES).index(name)
    base = FOLDER / "base.raw" if name == "boot" else INSTALLED
    root = virtual.overlay(base, FOLDER / f"{name}.qcow2")
    system, stick = FOLDER / "bookworm", FOLDER / "stick.raw"
    return virtual.VirtualMachine(
        FOLDER / "run" / name, root, system, stick, free_port(), MONDAY_MORNING + week * WEEK_S
    )


def _keep(box: Box) -> None:
    """Switch the installed machine off in order, and keep its disk and keys for the other stages."""
    with contextlib.suppress(OSError, TimeoutError):
        box.machine.run("sync; systemctl poweroff", 30)
    box.machine.wait_off(600)
    shutil.copy(FOLDER / "boot.qcow2", INSTALLED)
    box.keep(KEYS)


def build_disks() -> None:
    """Build packages, system and disks."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in (INSTALLED, KEYS):
        old.unlink(missing_ok=True)
    stick = FOLDER / "stick"
    stick.mkdir(exist_ok=True)
    for file in stick.iterdir():
        file.unlink()
    key = FOLDER / "key.pem"
    package, tree = variants.built(FOLDER / "package", key, FOLDER.parent / "wheels")
    (stick / package.name).hardlink_to(package)
    variants.variant(tree, stick, NEWER, key)
    variants.variant(tree, stick, DEAF, key, deaf=True)
    system = virtual.debian(FOLDER)
    virtual.disk(stick, FOLDER / "stick.raw", "900M", "stick")
    virtual.disk(system, FOLDER / "base.raw", "8G")
    if virtual.EMULATED:
        install_natively(package)


def install_natively(package: Path) -> None:
    """Install in a container on the machine's disk: an emulated processor compiles the bytecode for an hour."""
    with container.Container(FOLDER / "run" / "container", FOLDER / "base.raw", "zhangu-vm") as box:
        box.start()
        box.wait_booted()
        shutil.copy(package, box.within("/root/zhangu.deb"))
        box.well(f"{INSTALL} /root/zhangu.deb", 3600)
        # an emulated start may last longer than the music of the shipped timetable
        box.well(f"cat > /etc/zhangu/rhythm.yaml <<'END'\n{ALL_DAY}END")
        box.stop()


def installed(box: Box) -> Iterator[Row]:
    """Install as docs/install.md says, from the stick and without internet; listen; sign in as the owner."""
    machine = box.machine
    began = now()
    said = "" if virtual.EMULATED else machine.well(f"{STICK}; {INSTALL} /media/usb/zhangu_0.1*.deb", 3000)
    took = now() - began
    box.answers()
    status = machine.well("zhangu status", 120 * PATIENCE)
    link = re.search(r"/join/(\S+)", status)
    if virtual.EMULATED:
        yield Row("installed from the package (in a container, on the machine's disk), then booted: the owner's link",
                  "yes" if link else "no", "yes", link is not None)  # fmt: skip
    else:
        ends = link is not None and "/join/" in said and "\u2588" in said
        yield Row("apt installs the package from a stick, without internet; ends with the owner's link and a QR code",
                  f"{'yes' if ends else 'no: ' + said[-300:]}, {took:.0f} s", "yes", ends)  # fmt: skip
    issue = machine.well("cat /run/issue.d/zhangu.issue")
    greeted = "/join/" in issue and issue.count("\u2588") > 50
    yield Row(
        "the console's greeting has address, owner's link and QR code",
        "yes" if greeted else "no",
        "yes",
        greeted,
    )
    yield heard(box, "music after the installation")
    box.own(link[1].strip() if link else "")
    yield _owned(box)
    box.token = machine.well("zhangu token machine --role admin").strip().splitlines()[-1]
    machine.well(
        f"printf '%s' '{PEOPLE}' > /tmp/people.csv && chmod 644 /tmp/people.csv && zhangu import people /tmp/people.csv"
    )
    machine.cut()
    machine.start()
    took = machine.wait_booted() + box.answers()
    yield heard(box, f"music after a power cut and a boot ({took:.0f} s until the daemon answers)")
    level = machine.well(
        "systemd-analyze security zhangu zhangu-upgrade zhangu-recover --no-pager | grep -i overall", 120
    )
    found = [float(value) for value in re.findall(r": ([\d.]+) ", level)]
    yield Row("systemd-analyze security in it: zhangu, zhangu-upgrade, zhangu-recover",
              ", ".join(map(str, found)), "≤ 2.5", len(found) == 3 and max(found) <= 2.5)  # fmt: skip


def _owned(box: Box) -> Row:
    status, answer = box.as_owner("GET", "/api/upgrade")
    version = answer.get("version", "") if status == 200 else f"{status} {answer}"
    return Row("the link makes the owner's phone, which sees the version", version, "version", status == 200)


def heard(box: Box, what: str) -> Row:
    """Measure the sound in SDL's recording, or that of a sound card: the loudest five seconds."""
    if virtual.DISK_SOUND:
        peak, rms, seconds = box.recorded()
        where = f"SDL's disk driver, +{seconds:.0f} s meanwhile"
    else:
        peak, rms, where = _played(box.machine)
    measured = f"peak {peak:.1f} dBFS, RMS {rms:.1f} dBFS, {where}"
    return Row(what, measured, f"> {LEAST_DB:.0f} dBFS", peak > LEAST_DB)


def _played(machine: virtual.VirtualMachine) -> tuple[float, float, str]:
    """Return the loudest that either card got within half a minute."""
    best = (-120.0, -120.0, "no card")
    for _ in range(30):
        for card in (virtual.HDA, virtual.USB):
            with contextlib.suppress(OSError):
                best = max(best, (*virtual.loudness(virtual.samples(machine.wav(card), 5)), f"card {card}"))
        if best[0] > LEAST_DB:
            break
        time.sleep(1)
    return best


def upgraded(box: Box) -> Iterator[Row]:
    """Upgrade from the stick, go back, try one that never answers, then the same from the owner's phone."""
    stick = f"/media/usb/zhangu_{NEWER}_amd64.deb"
    box.machine.run(STICK, 900)
    for what, command, outcome in (
        ("zhangu upgrade", f"zhangu upgrade {stick}", "done"),
        ("zhangu rollback", "zhangu rollback", "done"),
        (
            "zhangu upgrade to a version that never answers",
            f"zhangu upgrade /media/usb/zhangu_{DEAF}_amd64.deb",
            "returned",
        ),
    ):
        began = now()
        said = box.machine.run(command, 2400)[1]
        box.answers()
        yield ended(box, what, outcome, now() - began, said)
    began = now()
    with (FOLDER / "stick" / Path(stick).name).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        code, answer = box.as_owner(
            "POST",
            "/api/upgrade",
            file,
            **{"Content-Length": str(size), "Content-Type": "application/octet-stream"},
        )
    box.until(lambda: not _busy(box), 2400, 1.0)
    yield ended(box, "an upgrade from the owner's phone", "done", now() - began, f"{code} {answer}")
    code, answer = box.as_owner("POST", "/api/rollback", {})
    box.until(lambda: not _busy(box), 1200, 1.0)
    yield ended(box, "rollback from the owner's phone", "done", 0, f"{code} {answer}")


def _busy(box: Box) -> bool:
    status, answer = box.as_owner("GET", "/api/upgrade")
    if status != 200:
        raise OSError(status)
    return bool(answer["busy"])


def ended(box: Box, what: str, outcome: str, took: float, said: str) -> Row:
    """Compare the result of the last request with the expected one."""
    state = json.loads(box.machine.well("cat /opt/zhangu/result.json"))
    well = state["outcome"] == outcome and box.call("GET", "/health")[0] in (200, 503)
    reason = "" if well else f" | {said[-200:].strip()}"
    return Row(what, f"{state['outcome']}: {state['sentence']} {took:.0f} s{reason}", outcome, well)


def unplugged(box: Box) -> Iterator[Row]:
    """Choose the USB card, pull it, plug it in again; the cards themselves play, not SDL's disk driver."""
    machine, found = box.machine, {}
    machine.well(
        "rm -f /etc/systemd/system/zhangu.service.d/sound.conf; systemctl daemon-reload; systemctl restart zhangu",
        600,
    )
    box.answers()
    outputs = box.get("/api/outputs")["outputs"]
    card = next((one for one in outputs if "usb" in json.dumps(one).lower()), None)
    if card is None:
        yield Row(
            "the USB card is listed on the phone", json.dumps(outputs, ensure_ascii=False), "yes", False
        )
        return
    box.call("PUT", "/api/outputs", {"output": card["key"]})
    box.until(lambda: _used(box) == card["key"], 60)
    time.sleep(10)
    before = machine.wav(virtual.HDA).stat().st_size
    machine.unplug()
    found["found"] = box.until(lambda: bool(box.get("/health")["troubles"]), 30, 0.1)
    found["shown"] = box.until(lambda: bool(box.get("/api/phone")["troubles"]), 30, 0.1)
    other = box.until(lambda: _plays(machine, virtual.HDA, before), 30, 0.1)
    machine.plug()
    size = machine.wav(virtual.USB).stat().st_size
    back = box.until(lambda: _plays(machine, virtual.USB, size), 60, 0.05)
    results = ", ".join(
        f"{name} {_s(value)}" for name, value in (*found.items(), ("music from the other", other))
    )
    yield Row(
        "the USB card is pulled",
        results,
        f"≤ {FOUND_S:.0f}, 10 s",
        (found["found"] or 99) <= FOUND_S and (found["shown"] or 99) <= 10 and other is not None,
    )
    yield Row(
        "it is plugged in again: music from it, detection by the kernel included",
        _s(back),
        f"≤ {BACK_S:.0f} s",
        (back or 99) <= BACK_S,
    )


def _used(box: Box) -> str | None:
    return next((one["key"] for one in box.get("/api/outputs")["outputs"] if one["used"]), None)


def _plays(machine: virtual.VirtualMachine, card: str, size: int) -> bool:
    """Return whether a card has sounded since its recording had `size` bytes."""
    grown = (machine.wav(card).stat().st_size - size) / 4 / virtual.RATE
    return grown > 0.1 and virtual.loudness(virtual.samples(machine.wav(card), grown))[0] > LEAST_DB


def _s(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"


def cut_at_work(box: Box) -> Iterator[Row]:
    """Cut the power while two phones send deals; each boot must find all that was accepted."""
    chance, accepted, boots, damaged = random.Random(13), set[str](), [], 0
    for number in range(CUTS):
        sellers = [Seller(box, f"cut{number}-{phone}") for phone in range(2)]
        for one in sellers:
            one.start()
        time.sleep(3 + chance.random() * 12)
        box.machine.cut()
        for one in sellers:
            one.over.set()
        for one in sellers:
            one.join(90)
            accepted |= one.accepted
        box.machine.start()
        boots.append(box.machine.wait_booted() + box.answers())
        lost = accepted - box.kept()
        damaged += int(box.machine.run("dmesg | grep -c 'EXT4-fs error'")[1].strip() or 0)
        print(
            f"cut {number}: {len(accepted)} accepted, {len(lost)} lost, boot {boots[-1]:.0f} s",
            file=sys.stderr,
            flush=True,
        )
        if lost:
            break
    what = f"{len(boots)} power cuts while deals are sent ({len(accepted)} accepted): lost; errors of the file system"
    yield Row(
        what,
        f"{len(lost)}; {damaged}; boots took {min(boots):.0f} to {max(boots):.0f} s",
        "0; 0",
        not lost and not damaged and len(boots) == CUTS,
    )
    yield heard(box, f"music after {len(boots)} power cuts")


def cut_in_upgrades(box: Box) -> Iterator[Row]:
    """Cut the power at random moments of upgrades; after each boot the box answers with a whole release."""
    chance, steps, ends = random.Random(31), [], []
    before = box.kept()
    for number in range(UPGRADE_CUTS):
        box.machine.run(f"{STICK}; rm -f /opt/zhangu/previous", 900)
        with contextlib.suppress(OSError, TimeoutError):
            box.machine.run(
                f"zhangu upgrade --no-wait --allow-older /media/usb/zhangu_{NEWER}_amd64.deb", 300
            )
            steps.append(_cut_at(box, chance.random() * 90))
        box.machine.cut()
        box.machine.start()
        box.machine.wait_booted()
        box.answers()
        release = Path(box.machine.well("readlink /opt/zhangu/current").strip()).name
        ends.append(release)
        left = box.machine.run("test -e /opt/zhangu/journal.json")[0] == 0
        print(
            f"upgrade cut {number}: {steps[-1:]} -> {release}{', journal left' if left else ''}",
            file=sys.stderr,
            flush=True,
        )
        if release == NEWER:
            box.machine.run("zhangu rollback", 600)
            box.answers()
    lost = before - box.kept()
    reached = ", ".join(sorted(set(steps)))
    yield Row(f"{len(ends)} power cuts in upgrades (at {reached}): boxes that do not work; deals lost",
              f"0; {len(lost)}; {ends.count(NEWER)} ended on the new version", "0; 0", not lost)  # fmt: skip
    yield heard(box, "music after power cuts in upgrades")


def _cut_at(box: Box, seconds: float) -> str:
    """Wait some seconds of the upgrade; return the step it has reached."""
    time.sleep(seconds)
    text = box.machine.run("cat /opt/zhangu/journal.json", 60)[1]
    step = re.search(r'"step": "(\w+)"', text)
    return step[1] if step else "ended"


STAGES = {
    "boot": (installed, 90),
    "upgrade": (upgraded, 150),
    "cuts": (cut_at_work, 180),
    "upgradecuts": (cut_in_upgrades, 180),
    "unplug": (unplugged, 45),
}
"""Each stage and its limit in minutes."""


def main() -> int:
    """Run the stages that are asked for; return 1 when a figure exceeds its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help=f"of {','.join(STAGES)}")
    only = tuple(name for name in parser.parse_args().only.split(",") if name)
    if unknown := set(only) - set(STAGES):
        parser.error(f"no stages: {', '.join(sorted(unknown))}")
    well = True
    for row in rows(only):
        well = well and row.ok
        print(f"| {row.what} | {row.measured} | {row.limit} | {'✓' if row.ok else '✗'} |", flush=True)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
