"""The machine's name on the network: zhangu.local by multicast DNS, and its addresses as they change.

python-zeroconf instead of Avahi: the same code runs on every machine, also without a system service, the host's own
name stays, and a second Zhangu takes zhangu-2.local. It shares port 5353 with an Avahi that may run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, Final

from controller.services.addresses import Addresses
from controller.system.background import BackgroundThread
from controller.system.network import EVERYWHERE, lan_addresses

if TYPE_CHECKING:
    from zeroconf import Zeroconf

log = logging.getLogger(__name__)

SERVICE: Final = "_http._tcp.local."
FIRST_S: Final = 3.0
"""After a start music and pages come first."""
LOOK_EVERY_S: Final = 5.0
ASK_EVERY: Final = 12
"""Every 12th look, once a minute: ask the network for our name. A machine that was cut off may have taken it too."""
PROBE_MS: Final = 1_000
MOST_NAMES: Final = 20


class NameAnnouncer(BackgroundThread):
    """The thread `name`. `wanted`: the name without .local; "" announces none, and only follows the addresses.

    `host`: the address that the server listens on; a single one is announced alone.
    """

    def __init__(
        self,
        addresses: Addresses,
        wanted: str,
        title: Callable[[], str],
        *,
        host: str = EVERYWHERE,
        first_s: float = FIRST_S,
        every_s: float = LOOK_EVERY_S,
    ) -> None:
        super().__init__("name", first_s=first_s, closing_s=4)
        self._addresses, self._wanted, self._title = addresses, wanted, title
        self._host, self._every_s = host, every_s
        self._reported = ""
        self._zeroconf: Zeroconf | None = None
        self._name = ""
        self._own: tuple[str, ...] = ()
        self._ever: set[str] = set()
        self._looks = 0

    def turn(self) -> float:
        """Follow a change of address; give a name away that another machine has too."""
        own = lan_addresses(self._host)
        self._looks += 1
        if own != self._own or (own and self._wanted and self._zeroconf is None):
            self.ended()
            self._own = own
            self._ever |= set(own)
            self._addresses.set("", own)
            if own and self._wanted:
                self._announce(own)
        elif self._zeroconf is not None and self._yields(own):
            self.ended()
        self._reported = ""
        return self._every_s

    def faulty(self, fault: Exception) -> float:
        """Log a fault once while it lasts, and announce again."""
        if str(fault) != self._reported:
            log.warning("the name on the network is not announced: %s", fault)
        self._reported = str(fault)
        self.ended()
        return self._every_s

    def ended(self) -> None:
        """Say goodbye."""
        zeroconf, self._zeroconf, self._name = self._zeroconf, None, ""
        if zeroconf is not None:
            with suppress(Exception):  # the address it used may be gone
                zeroconf.close()

    def _announce(self, own: tuple[str, ...]) -> None:
        from zeroconf import IPVersion, ServiceInfo, Zeroconf

        self._zeroconf = zeroconf = Zeroconf(interfaces=list(own), ip_version=IPVersion.V4Only)
        name = next((name for name in names_of(self._wanted) if not self._taken(zeroconf, name)), "")
        if not name:
            return
        info = ServiceInfo(
            SERVICE,
            f"{self._title()[:40].replace('.', ' ')}.{SERVICE}",
            port=self._addresses.reach().port,
            addresses=[IPv4Address(address).packed for address in own],
            properties={"path": "/"},
            server=f"{name}.local.",
        )
        zeroconf.register_service(info, allow_name_change=True)
        self._name = name
        self._addresses.set(f"{name}.local", own)
        log.info("announced on the network as %s.local, at %s", name, ", ".join(own))

    def _taken(self, zeroconf: Zeroconf, name: str) -> bool:
        """Return whether another machine answers to a name."""
        from zeroconf import AddressResolverIPv4  # type: ignore[attr-defined]

        resolver: Any = AddressResolverIPv4(f"{name}.local.")
        return bool(resolver.request(zeroconf, PROBE_MS) and set(resolver.parsed_addresses()) - self._ever)

    def _ask(self, zeroconf: Zeroconf, name: str) -> None:
        """Ask the network for a name; answers come into the cache. A resolver would answer from the cache itself."""
        from zeroconf import DNSOutgoing, DNSQuestion  # type: ignore[attr-defined]
        from zeroconf.const import _CLASS_IN, _FLAGS_QR_QUERY, _TYPE_A

        question = DNSOutgoing(_FLAGS_QR_QUERY)
        question.add_question(DNSQuestion(f"{name}.local.", _TYPE_A, _CLASS_IN))
        zeroconf.send(question)

    def _yields(self, own: tuple[str, ...]) -> bool:
        """Return whether another machine has this name too and keeps it: that with the lowest address does.

        Two that start together cannot hear each other's question.
        """
        zeroconf = self._zeroconf
        if zeroconf is None or not self._name:
            return False
        if self._looks % ASK_EVERY == 0:
            self._ask(zeroconf, self._name)
        with suppress(AttributeError):
            records = zeroconf.cache.entries_with_name(f"{self._name}.local.")
            known = [bytes(getattr(one, "address", b"")) for one in records]
            seen = {str(IPv4Address(address)) for address in known if len(address) == 4}
            others = seen - self._ever
            return bool(others) and min(map(IPv4Address, others)) < min(map(IPv4Address, own))
        return False


def names_of(wanted: str) -> list[str]:
    """Return the wanted name, then those for when it is taken."""
    return [wanted, *(f"{wanted}-{number}" for number in range(2, MOST_NAMES))]
