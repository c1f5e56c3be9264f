"""A machine in a network namespace for tests/test_name.py: its name on the network, or questions about names.

announce PORT WANTED     announce, print {"name", "addresses"} at each change; until stdin ends
ask NAME                 ask the network by another library instance; print the addresses
"""

from __future__ import annotations

import json
import sys
import threading

from controller.mdns import NameAnnouncer
from controller.services.addresses import Addresses


def announce(port: int, wanted: str) -> None:
    addresses = Addresses(port)
    announcer = NameAnnouncer(addresses, wanted, lambda: "北京分公司", first_s=0.1, every_s=0.5)
    announcer.start()
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    announced = None
    while not ended.wait(0.1):
        reach = addresses.reach()
        now = {"name": reach.name, "addresses": list(reach.addresses)}
        if now != announced:
            print(json.dumps(now), flush=True)
            announced = now
    announcer.close()


def ask(name: str) -> None:
    from zeroconf import IPVersion, ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf
    from zeroconf._services.info import AddressResolverIPv4

    zeroconf = Zeroconf(ip_version=IPVersion.V4Only)
    resolver = AddressResolverIPv4(f"{name}.")
    resolver.request(zeroconf, 3000)
    found: list[ServiceInfo] = []

    class Seen(ServiceListener):
        def add_service(self, zc: Zeroconf, kind: str, service: str) -> None:
            info = zc.get_service_info(kind, service)
            if info is not None:
                found.append(info)

        def remove_service(self, *_: object) -> None: ...
        def update_service(self, *_: object) -> None: ...

    ServiceBrowser(zeroconf, "_http._tcp.local.", Seen())
    threading.Event().wait(1.5)
    services = sorted((info.name, info.server, info.port) for info in found)
    print(json.dumps({"addresses": resolver.parsed_addresses(), "services": services}))
    zeroconf.close()


if __name__ == "__main__":
    announce(int(sys.argv[2]), sys.argv[3]) if sys.argv[1] == "announce" else ask(sys.argv[2])
