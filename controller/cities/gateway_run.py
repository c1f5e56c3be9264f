"""Head office's two processes as one service: Mosquitto as a child, the HTTPS gateway in this process.

When either ends, both end, and systemd starts the pair again.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from controller.cities.gateway import Gateway
from controller.cities.hub import Hub

log = logging.getLogger(__name__)

EVERYWHERE: Final = "0.0.0.0"  # noqa: S104  branches are other machines
_PR_SET_PDEATHSIG: Final = 1
STOP_S: Final = 5.0


def run(hub: Hub, command: Sequence[str]) -> int:
    """Run both until SIGTERM, SIGINT, or the end of one; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    broker = subprocess.Popen(list(command), preexec_fn=_dies_with_us)  # no threads yet
    try:
        return asyncio.run(_both(hub, broker))
    finally:
        broker.terminate()
        with suppress(subprocess.TimeoutExpired):
            broker.wait(STOP_S)
        broker.kill()


async def _both(hub: Hub, broker: subprocess.Popen[bytes]) -> int:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    loop.add_signal_handler(signal.SIGHUP, broker.send_signal, signal.SIGHUP)
    gateway = asyncio.ensure_future(Gateway(hub).run(EVERYWHERE, hub.https_port()))
    ended = asyncio.ensure_future(asyncio.to_thread(broker.wait))
    asked = asyncio.ensure_future(over.wait())
    await asyncio.wait((gateway, ended, asked), return_when=asyncio.FIRST_COMPLETED)
    fault = gateway.exception() if gateway.done() else None
    if fault is not None:
        log.error("the HTTPS gateway ended: %s", fault)
    gateway.cancel()
    broker.terminate()
    with suppress(asyncio.CancelledError, Exception):
        await gateway
    await ended
    return 0 if over.is_set() else 1


def _dies_with_us() -> None:
    """Let the kernel end the broker when this process is killed: nobody else would look after it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
