"""Freed memory goes back to the system."""

import subprocess
import sys

FRAGMENTS = """
import sys
from pathlib import Path
from controller.system import heaps

def resident():
    return 4096 * int(Path("/proc/self/statm").read_text().split()[1])

if sys.argv[1] == "keep":
    heaps.keep_small()
bytearray(30_000_000)  # with glibc's defaults, blocks of up to this size come from the heap from now on
blocks = [bytearray({size}) for _ in range(2000)]
full = resident()
kept = blocks[1::2]
del blocks
if sys.argv[1] == "trim":
    heaps.trim()
print(full - resident())
"""


def returned(how: str, size: int) -> int:
    """Return how many bytes a process gives back when it frees every second of 2,000 blocks."""
    done = subprocess.run(
        [sys.executable, "-c", FRAGMENTS.format(size=size), how], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_free_pages_between_used_ones_are_given_back():
    """Half of 32 MB is free, in pieces between used ones: without a trim nothing goes back, with it nearly all."""
    assert returned("nothing", 16_000) < 2_000_000
    assert returned("trim", 16_000) > 10_000_000


def test_large_blocks_are_given_back_at_once():
    """A large block that was freed once does not make later large ones stay in the heap."""
    assert returned("nothing", 150_000) < 20_000_000
    assert returned("keep", 150_000) > 140_000_000
