"""The installed office in a virtual machine: over HTTP as phones and walls reach it, and as root in the machine."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import virtual

READ_KEYS = """
import sqlite3
book = sqlite3.connect("file:/var/lib/zhangu/var/zhangu.db?mode=ro", uri=True)
print(book.execute("pragma integrity_check").fetchone()[0], *(row[0] for row in book.execute("select key from deals")))
"""
READ_SOUND = f"""
import array, math, os
file = open("%s", "rb")
size = os.fstat(file.fileno()).st_size
file.seek(max(0, size - 5 * 4 * {virtual.RATE}) // 4 * 4)
heard = array.array("h", file.read()[: size // 4 * 4])
peak, power = max(map(abs, heard), default=0), sum(one * one for one in heard[::7]) / max(1, len(heard[::7]))
level = lambda value: 20 * math.log10(max(value, 0.03) / 32768)
print(size, round(level(peak), 1), round(level(math.sqrt(power)), 1))
"""
"""Python code: print the size of SDL's recording, and peak and RMS of its last five seconds in dBFS."""
now = time.monotonic


class Machine(Protocol):
    """The methods that a virtual machine and a container share. `process`: None while it is off.

    `heard`: the file of SDL's disk driver in it.
    """

    address: str
    heard: str
    process: Any

    def run(self, command: str, timeout: float = 120) -> tuple[int, str]: ...
    def well(self, command: str, timeout: float = 120) -> str: ...


M = TypeVar("M", bound=Machine)


class Box(Generic[M]):
    """The installed office in the machine, over HTTP as phones reach it, and as root in the machine."""

    def __init__(self, machine: M) -> None:
        self.machine, self.token, self.cookie = machine, "", ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Return (status, JSON) of a request. Raises OSError without an answer."""
        data = body if body is None or hasattr(body, "read") else json.dumps(body).encode()
        head = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}", **headers}
        request = urllib.request.Request(f"{self.machine.address}{path}", data, head, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            try:
                with error:
                    return error.code, json.loads(error.read() or b"null")
            except (ValueError, http.client.HTTPException) as torn:
                raise OSError(str(torn)) from torn
        except (ValueError, EOFError) as torn:
            raise OSError(str(torn)) from torn
        except Exception as broken:  # http.client raises kinds that are no OSError when the power goes
            raise OSError(str(broken)) from broken

    def get(self, path: str) -> Any:
        """Return the JSON of an address."""
        return self.call("GET", path)[1]

    def until(self, holds: Callable[[], bool], within: float, every: float = 0.2) -> float | None:
        """Return the seconds until something holds, None if it does not in time."""
        began = now()
        while now() - began < within:
            if self.machine.process is None:
                raise ConnectionResetError("the machine is off")
            with contextlib.suppress(OSError, TypeError, KeyError):
                if holds():
                    return now() - began
            time.sleep(every)
        return None

    def answers(self, within: float = 1800) -> float:
        """Wait until the daemon answers; return the seconds."""
        took = self.until(lambda: "troubles" in self.get("/health"), within, 1.0)
        if took is None:
            raise SystemExit(
                self.machine.run("systemctl status zhangu --no-pager; journalctl -u zhangu -n 60", 120)[1]
            )
        return took

    def keep(self, file: Path) -> None:
        """Write the keys of the phone and the program into a file, for stages that begin with the installed machine."""
        file.write_text(json.dumps({"token": self.token, "cookie": self.cookie}), encoding="utf-8")

    def remember(self, file: Path) -> None:
        """Read those keys."""
        keys = json.loads(file.read_text(encoding="utf-8"))
        self.token, self.cookie = keys["token"], keys["cookie"]

    def kept(self) -> set[str]:
        """Return the keys of all deals in the database, read in the machine itself."""
        whole, *keys = self.machine.well(f"python3 -c '{READ_KEYS}'").split()
        if whole != "ok":
            raise SystemExit("the database is damaged")
        return set(keys)

    def recorded(self, within: float = 120) -> tuple[float, float, float]:
        """Return peak and RMS in dBFS of what SDL's disk driver writes, and the seconds that it wrote meanwhile."""
        began, first, best = now(), 0, (-120.0, -120.0)
        while now() - began < within:
            code, text = self.machine.run(f"python3 -c '{READ_SOUND % self.machine.heard}'", 120)
            if code == 0:
                size, peak, rms = map(float, text.split())
                first = first or size
                best = max(best, (peak, rms)) if size > first else best
                if best[0] > virtual.LEAST_DB:
                    return *best, (size - first) / 4 / virtual.RATE
            time.sleep(2)
        return *best, 0.0

    def own(self, link: str) -> None:
        """Sign in as the owner's phone with the link that the console shows."""
        address = self.machine.address
        head = {"Origin": address, "Content-Type": "application/x-www-form-urlencoded"}
        request = urllib.request.Request(f"{address}/join", f"link={link}".encode(), head, method="POST")
        opener = urllib.request.build_opener(_Stay)
        try:
            opener.open(request, timeout=60)
        except urllib.error.HTTPError as answer:
            self.cookie = "; ".join(one.split(";")[0] for one in answer.headers.get_all("Set-Cookie") or [])

    def as_owner(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Return (status, JSON) of a request from the owner's phone."""
        origin = self.machine.address
        return self.call(method, path, body, Authorization="", Cookie=self.cookie, Origin=origin, **headers)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Seller(threading.Thread):
    """A phone that sends deals, and remembers those that were accepted."""

    def __init__(self, box: Box[Any], name: str, pause: float = 0.0) -> None:
        super().__init__(daemon=True)
        self.box, self.prefix, self.accepted, self.over = box, name, set[str](), threading.Event()
        self._pause = pause

    def run(self) -> None:
        number = 0
        while not self.over.is_set():
            key, number = f"{self.prefix}-{number}", number + 1
            deal = {"person": "王小明", "product": "网络招聘", "amount": 100 + number, "key": key}
            with contextlib.suppress(OSError):
                if self.box.call("POST", "/api/deals", deal)[0] in (200, 201):
                    self.accepted.add(key)
            self.over.wait(self._pause)
