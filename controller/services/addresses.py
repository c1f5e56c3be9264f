"""The name and the addresses under which walls, phones and links reach this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from controller.system.network import lan_address


@dataclass(frozen=True, slots=True)
class Reach:
    """`name`: such as zhangu.local, "" while none is announced; `addresses`: the first one leads to the network."""

    name: str
    addresses: tuple[str, ...]
    port: int

    def urls(self) -> tuple[str, ...]:
        """Return the address of the phone's page under the name and each address."""
        hosts = ([self.name] if self.name else []) + list(self.addresses)
        return tuple(f"http://{host}:{self.port}/" for host in hosts)

    def named(self) -> str:
        """Return the address of the phone's page under the name; "" without one."""
        return f"http://{self.name}:{self.port}/" if self.name else ""


ROUTE_S: Final = 2.0
"""The answer of the routing table is kept for as long: asking for each wall's state took 4 % of the state's time. The
name's thread looks for another address every 5 s."""


class Addresses:
    """Thread-safe. The thread of the name writes it; without one the routing table is asked, at most every ROUTE_S.

    `now` returns monotonic seconds; `route`: asks for the address that leads to the network.
    """

    def __init__(
        self, port: int, now: Callable[[], float] = time.monotonic, route: Callable[[], str] = lan_address
    ) -> None:
        self._port, self._now, self._route = port, now, route
        self._routed: tuple[float, str] | None = None
        self._lock = threading.Lock()
        self._name = ""
        self._addresses: tuple[str, ...] = ()
        self._on_name: Callable[[str], object] | None = None

    def on_name(self, call: Callable[[str], object]) -> None:
        """Call `call` with the phone's address under the name, now and whenever a new name is announced."""
        with self._lock:
            self._on_name = call
        self._tell(call)

    def _tell(self, call: Callable[[str], object] | None) -> None:
        if call is not None and (named := self.reach().named()):
            call(named)

    def set(self, name: str, addresses: tuple[str, ...]) -> None:
        """Record what is announced."""
        with self._lock:
            changed = name != self._name
            self._name, self._addresses = name, addresses
            call = self._on_name if changed else None
        self._tell(call)

    def reach(self) -> Reach:
        """Return how to reach this machine now."""
        with self._lock:
            name, addresses = self._name, self._addresses
        return Reach(name, addresses or (self._leading_out(),), self._port)

    def _leading_out(self) -> str:
        """Return this machine's address on its network, at most ROUTE_S old."""
        routed, now = self._routed, self._now()
        if routed is None or now - routed[0] >= ROUTE_S:
            self._routed = routed = now, self._route()
        return routed[1]

    def page(self) -> str:
        """Return the address of the phone's page for people and programs that know no name."""
        reach = self.reach()
        return f"http://{reach.addresses[0]}:{reach.port}/"
