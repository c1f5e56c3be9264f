"""Read the machine's measurements: room, errors of the card, heat, power. None where there is none.

Files of the kernel only; `root` is another folder in tests of machines that are not at hand.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from controller.health import Machine

READ_EVERY_S: Final = 10.0
KERNEL_EVERY_S: Final = 600.0
_MOST_RECORDS: Final = 20_000
_CARD_ERROR: Final = re.compile(rb"mmc\d+: .*error|I/O error, dev mmcblk|Buffer I/O error on dev mmcblk")
"""Errors of ext4 are counted by the file system itself, also those of earlier starts."""
_UNDER_VOLTAGE: Final = 0x10001
"""Bits of the Pi's firmware: too little voltage now, and since the start."""


class MachineReader:
    """Thread-safe; the free room is read at each call, everything else every ten seconds at most."""

    def __init__(self, folder: Path, root: Path = Path("/")) -> None:
        self._folder, self._root = folder, root
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._rest = Machine()
        self._kernel_at = float("-inf")
        self._kernel_errors: int | None = None

    def read(self) -> Machine:
        """Return the present values."""
        free = None
        with suppress(OSError):
            free = shutil.disk_usage(self._folder).free
        with self._lock:
            if time.monotonic() - self._read_at > READ_EVERY_S:
                self._rest, self._read_at = self._slow(), time.monotonic()
            rest = self._rest
        return Machine(free, rest.read_only, rest.card_errors, rest.worn, rest.celsius, rest.under_voltage)

    def _slow(self) -> Machine:
        device, options = self._mount()
        read_only = "ro" in options.split(",") if options else None
        return Machine(
            None, read_only, self._errors(device), self._worn(device), self._celsius(), self._under_voltage()
        )

    def _mount(self) -> tuple[str, str]:
        """Return the device and the options of the file system of the folder; ("", "") when unknown."""
        place, found = os.path.realpath(self._folder), ("", "")
        longest = -1
        for line in self._text("proc/self/mounts").splitlines():
            device, point, _, options, *_ = [*line.split(" "), "", "", "", ""]
            point = point.replace("\\040", " ")
            inside = place == point or place.startswith(point.rstrip("/") + "/")
            if inside and len(point) >= longest:
                longest, found = len(point), (device.rpartition("/")[2], options)
        return found

    def _errors(self, device: str) -> int | None:
        """Return errors that ext4 has counted on this card, and those in the kernel's log since its start."""
        counted = self._number(f"sys/fs/ext4/{device}/errors_count") if device else None
        logged = self._logged()
        known = [count for count in (counted, logged) if count is not None]
        return max(known) if known else None

    def _logged(self) -> int | None:
        """Count errors of the card in the kernel's log; most systems let only some users read it."""
        if time.monotonic() - self._kernel_at > KERNEL_EVERY_S:
            self._kernel_at = time.monotonic()
            self._kernel_errors = count_in_log(self._root / "dev/kmsg")
        return self._kernel_errors

    def _worn(self, device: str) -> int | None:
        """Return the tenths of its life that an eMMC has used; SD cards do not say."""
        if not device.startswith("mmcblk"):
            return None
        words = self._text(f"sys/block/{re.sub(r'p[0-9]+$', '', device)}/device/life_time").split()
        with suppress(ValueError):
            return max((int(word, 16) for word in words), default=0) or None
        return None

    def _celsius(self) -> float | None:
        """Return the temperature of the hottest sensor."""
        zones = sorted((self._root / "sys/class/thermal").glob("thermal_zone*/temp"))
        found = [self._number(str(zone.relative_to(self._root))) for zone in zones]
        real = [value / 1000 for value in found if value is not None and 0 < value < 150_000]
        return max(real, default=None)

    def _under_voltage(self) -> bool | None:
        for path in ("sys/devices/platform/soc/soc:firmware/get_throttled", "sys/class/hwmon"):
            if path.endswith("get_throttled"):
                with suppress(ValueError):
                    return bool(int(self._text(path).strip(), 16) & _UNDER_VOLTAGE)
        for name in sorted((self._root / "sys/class/hwmon").glob("hwmon*/name")):
            if self._text(str(name.relative_to(self._root))).strip() == "rpi_volt":
                alarm = self._number(str(name.parent.relative_to(self._root) / "in0_lcrit_alarm"))
                return None if alarm is None else alarm > 0
        return None

    def _text(self, path: str) -> str:
        try:
            with (self._root / path).open(encoding="utf-8", errors="replace") as file:
                return file.read(1_000_000)
        except OSError:
            return ""

    def _number(self, path: str) -> int | None:
        try:
            return int(self._text(path).strip())
        except ValueError:
            return None


def count_in_log(log: Path) -> int | None:
    """Count the card's errors in the kernel's log, without waiting for new lines; None when it cannot be read."""
    try:
        file = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    count = 0
    try:
        for _ in range(_MOST_RECORDS):
            try:
                record = os.read(file, 8192)
            except BrokenPipeError:  # this record was overwritten; the next read goes on behind it
                continue
            except OSError:
                break
            if not record:
                break
            count += len(_CARD_ERROR.findall(record))
    finally:
        os.close(file)
    return count
