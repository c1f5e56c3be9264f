"""Ports for servers that a test starts later, in another process or a second time.

A port that was bound to 0 and closed again belongs to nobody: until the server listens, any connection on this machine
may get it as its own end. A port of `free_port` is outside the range that the kernel gives to connections, and no other
process of tests gets it while this one lives.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST, LAST = 10_240, 65_535
_held: list[socket.socket] = []
"""One local socket for each port, whose name other test processes find in use; the kernel frees it with the process."""


def free_port() -> int:
    """Return a port on which nothing listens, and which is this process's until it ends."""
    for port in _candidates():
        name = socket.socket(socket.AF_UNIX)
        with suppress(OSError):
            name.bind(f"\0zhangu-test-port-{port}")
            with socket.create_server(("127.0.0.1", port)):
                _held.append(name)
                return port
        name.close()
    raise OSError("no port is free outside the range of connections")


def _candidates() -> Iterator[int]:
    """Yield the ports that the kernel gives to no connection, each process from another one on."""
    low, high = (int(word) for word in RANGE.read_text("ascii").split())
    ports = [port for port in range(FIRST, LAST + 1) if not low <= port <= high]
    start = os.getpid() * 101 % len(ports)
    yield from ports[start:]
    yield from ports[:start]
