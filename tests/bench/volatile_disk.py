"""A disk with a volatile write cache, for power cuts: one file, served by FUSE, under a loop device.

    python -m tests.bench.volatile_disk IMAGE MOUNTED

The kernel here has no device mapper and no network block devices, so the disk is a file system of one regular file.
For each write since the last flush it keeps the old and the new bytes. `cut SEED` on standard input is the power
cut: from that moment each request fails, and the image becomes what such a disk would contain: all that was flushed,
and of the writes after that a random part, pages of 4 KB whole or not at all, in any order. Of what was flushed nothing
is lost, so a promise that is broken afterwards was never written to the disk. The answer is one line of JSON.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import random
import stat
import struct
import sys
import threading
from pathlib import Path

LOOKUP, GETATTR, SETATTR, OPEN, READ, WRITE, RELEASE, FSYNC, FLUSH, INIT = 1, 3, 4, 14, 15, 16, 18, 20, 25, 26
SILENT = (2, 36, 42)
"""forget, interrupt, forget many: requests without an answer."""
HEAD = struct.Struct("<IIQQIIIHH")
ANSWER = struct.Struct("<IiQ")
ASKED = struct.Struct("<QQIIQII")
BIG_WRITES, MAX_PAGES = 1 << 5, 1 << 22
MOST = 1 << 20
PAGE = 4096
NODEV_NOSUID = 4 | 2
IO_FLUSHER = 57
"""prctl: memory for this process must not wait for writes to the disk that it serves."""


class Disk:
    """The image, and the writes since the last flush."""

    def __init__(self, image: Path) -> None:
        self._image = os.open(image, os.O_RDWR)
        self.size = os.fstat(self._image).st_size
        self._unflushed: list[tuple[int, bytes, bytes]] = []
        self._lock, self._off = threading.Lock(), False
        self.flushes = 0

    def read(self, place: int, size: int) -> bytes:
        """Return the bytes that were written last."""
        self._powered()
        return os.pread(self._image, size, place)

    def write(self, place: int, data: bytes) -> None:
        """Write, into the cache: a cut before the next flush may lose it."""
        with self._lock:
            self._powered()
            self._unflushed.append((place, os.pread(self._image, len(data), place), data))
            os.pwrite(self._image, data, place)

    def flush(self) -> None:
        """Make all that was written permanent."""
        with self._lock:
            self._powered()
            self._unflushed.clear()
            self.flushes += 1

    def cut(self, seed: int) -> dict[str, int]:
        """Lose a random part of the cache; return what was in it, and what was kept, in bytes."""
        with self._lock:
            self._off = True
            for place, before, _ in reversed(self._unflushed):
                os.pwrite(self._image, before, place)
            kept, chance = 0, random.Random(seed)
            share = chance.choice((0.0, chance.random(), 1.0))
            for place, _, data in self._unflushed:
                for start in range(0, len(data), PAGE):
                    if chance.random() < share:
                        kept += os.pwrite(self._image, data[start : start + PAGE], place + start)
            cached = sum(len(data) for _, _, data in self._unflushed)
            self._unflushed.clear()
        return {"flushes": self.flushes, "cached": cached, "kept": kept}

    def _powered(self) -> None:
        if self._off:
            raise OSError(errno.EIO, "the power is off")


class Served:
    """The disk as one regular file, by the kernel's FUSE protocol."""

    def __init__(self, disk: Disk, mounted: Path) -> None:
        self._disk, self._device = disk, os.open("/dev/fuse", os.O_RDWR)
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(IO_FLUSHER, 1, 0, 0, 0)
        options = f"fd={self._device},rootmode=100000,user_id=0,group_id=0,allow_other"
        if libc.mount(b"volatile", bytes(mounted), b"fuse", NODEV_NOSUID, options.encode()):
            raise OSError(ctypes.get_errno(), f"mount: {os.strerror(ctypes.get_errno())}")

    def run(self) -> None:
        """Answer requests until the file is unmounted."""
        while True:
            try:
                asked = os.read(self._device, MOST + PAGE)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    continue
                return
            _, code, unique, *_ = HEAD.unpack_from(asked)
            if code in SILENT:
                continue
            try:
                body, failed = self._answer(code, asked[HEAD.size :]), 0
            except OSError as error:
                body, failed = b"", -(error.errno or errno.EIO)
            try:
                os.write(self._device, ANSWER.pack(ANSWER.size + len(body), failed, unique) + body)
            except OSError as error:
                if error.errno != errno.ENOENT:  # the asker is gone
                    return

    def _answer(self, code: int, body: bytes) -> bytes:
        if code == READ:
            _, place, size, *_ = ASKED.unpack_from(body)
            return self._disk.read(place, size)
        if code == WRITE:
            _, place, size, *_ = ASKED.unpack_from(body)
            self._disk.write(place, body[ASKED.size : ASKED.size + size])
            return struct.pack("<II", size, 0)
        if code == FSYNC:
            self._disk.flush()
            return b""
        if code in (GETATTR, SETATTR):
            return struct.pack("<QII", 3600, 0, 0) + self._attributes()
        if code == OPEN:
            return struct.pack("<QII", 1, 0, 0)
        if code == INIT:
            flags = BIG_WRITES | MAX_PAGES
            return struct.pack("<IIIIHHIIHHI28x", 7, 31, MOST, flags, 16, 12, MOST, 1, MOST // PAGE, 0, 0)
        if code in (RELEASE, FLUSH):
            return b""
        raise OSError(errno.ENOSYS, "not needed")

    def _attributes(self) -> bytes:
        size = self._disk.size
        times = (0, 0, 0, 0, 0, 0)
        return struct.pack(
            "<QQQQQQIIIIIIIIII", 1, size, size // 512, *times, stat.S_IFREG | 0o600, 1, 0, 0, 0, PAGE, 0
        )


def main() -> None:
    disk = Disk(Path(sys.argv[1]))
    served = Served(disk, Path(sys.argv[2]))
    threading.Thread(target=served.run, daemon=True).start()
    print("{}", flush=True)
    for line in sys.stdin:
        word, *seed = line.split()
        if word == "cut":
            print(json.dumps(disk.cut(int(seed[0]))), flush=True)
        elif word == "end":
            return


if __name__ == "__main__":
    main()
