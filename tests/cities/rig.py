"""A real Mosquitto with head office's own files, and branches that are whole offices with a real connection."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from office_made import ROOT, House

from controller.cities import invitation
from controller.cities.hub import Hub, Settings
from controller.cities.link import Link
from controller.sales.model import City
from tests.ports import free_port

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 27, 14, 20, tzinfo=SHANGHAI)


def wait_for(true: Callable[[], object], timeout: float = 60) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether a server accepts connections there."""
    with suppress(OSError), socket.create_connection((host, port), 1):
        return True
    return False


class Broker:
    """Head office: its folder, and its Mosquitto that can be killed and started again."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", org: str = "huaxing") -> None:
        self.hub = Hub(folder)
        self.hub.set_up(Settings(host, org, free_port()))
        self.host, self.port = host, self.hub.admin().port
        self.log = folder / "broker.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, under: tuple[str, ...] = ()) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([*under, *self.hub.command()], stdout=log, stderr=log)
        if not under:
            wait_for(self.answers)

    def answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        return listens(self.port, self.host)

    def kill(self) -> None:
        """Kill the broker as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid


@contextmanager
def broker(folder: Path, host: str = "127.0.0.1") -> Iterator[Broker]:
    """Yield a running broker."""
    made = Broker(folder, host)
    try:
        made.start()
        yield made
    finally:
        made.kill()


class BranchOffice(House):
    """An office that has joined the cities. Its clock is set by the test; its connection runs in real time."""

    def __init__(self, folder: Path, city: str, code: str, start: datetime = NOW) -> None:
        self.city, self.code, self.link = city, code, None
        text = (ROOT / "config" / "rhythm.yaml").read_text("utf-8")
        text = text.replace("city: 北京", f"city: {city}").replace("[上海, 广州, 深圳]", "[]")
        super().__init__(folder, start, text)

    def open(self) -> None:
        super().open()
        self.cities = self.office.cities
        if self.code:
            self.cities.joined.join(self.code)
        self.connect()

    def connect(self) -> None:
        """Start the connection's thread."""
        self.link = Link(self.cities)
        self.store.changes.listen(self.link.wake)
        self.link.start()

    def close(self) -> None:
        if self.link is not None:
            self.link.close()
        super().close()

    def board(self) -> dict[str, City]:
        """Return today's rows by city."""
        return {row.name: row for row in self.office.snapshot.cities(self.clock.now().date())}

    def up(self) -> bool:
        return self.cities.link.state().up

    def seen(self) -> dict[str, str | None]:
        """Return the amount of each connected branch, as this one sees it."""
        return {name: f"{row.amount}" for name, row in self.board().items() if not row.missing}


def code(made: Broker, city: str) -> str:
    """Return an invitation."""
    return invitation.written(made.hub.invite(city))


def redated(folder: Path, begins: str, ends: str) -> None:
    """Sign the server's certificate again, with other dates."""
    (folder / "ca.conf").write_text(
        f"[ca]\ndefault_ca = own\n[own]\ndatabase = {folder}/index.txt\nnew_certs_dir = {folder}\n"
        f"serial = {folder}/serial\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n"
    )
    (folder / "index.txt").touch()
    (folder / "serial").write_text("1001")
    subprocess.run(
        [
            "openssl", "ca", "-batch", "-config", folder / "ca.conf", "-cert", folder / "ca.crt",
            "-keyfile", folder / "ca.key", "-in", folder / "server.csr", "-out", folder / "server.crt",
            "-extfile", folder / "server.ext", "-startdate", begins, "-enddate", ends, "-notext",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
