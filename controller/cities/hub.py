"""Head office: the files of its Mosquitto, and the branches' users.

Everything is in one folder, `var/hub`: `zhangu hub run` starts Mosquitto with it, as this program's user and beside a
Mosquitto that may run on the machine already.
"""

from __future__ import annotations

import base64
import getpass
import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from controller.cities.document import ROOT, NotUnderstood, branch_of, org_of
from controller.cities.invitation import Access
from controller.system.atomic_file import rewrite
from controller.system.network import EC, openssl

TLS_PORT: Final = 8883
ADMIN: Final = "zhangu-hub"
CA_DAYS, SERVER_DAYS = 7300, 3650
RENEW_S: Final = 90 * 86400
_ITERATIONS: Final = 1000
"""Passwords are random and long: the hash needs no slowness against guessing, and 1,000 branches log in at once."""
_MESSAGE_LIMIT: Final = 8192
_STARTING_S: Final = 3.0
"""Mosquitto writes its process id before it handles signals."""


class HubTrouble(Exception):  # noqa: N818  people read it
    """The hub cannot do it; `str()` says what to do."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A branch with an invitation."""

    branch: str
    since: str
    observer: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """The hub's settings, kept in hub.json. `websocket_port`, `https_port`: 0 without it."""

    host: str
    org: str
    port: int = TLS_PORT
    websocket_port: int = 0
    https_port: int = 0


class Hub:
    """The folder of head office's broker. Each method leaves complete files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def config(self) -> Path:
        """Mosquitto's configuration."""
        return self.folder / "mosquitto.conf"

    # --- set up

    def set_up(self, settings: Settings) -> None:
        """Make configuration, certificates and rights; users and their passwords stay. Raises HubTrouble."""
        try:
            org_of(settings.org)
        except NotUnderstood as fault:
            raise HubTrouble(f"{fault}。") from fault
        known = self._kept()
        if known and known["settings"]["org"] != settings.org:
            raise HubTrouble(
                f"这里已经是 {known['settings']['org']} 的总部。公司代号不能换，因为每个城市的邀请码里都有它。"
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            (self.folder / "data").mkdir(exist_ok=True)
            self._certify(settings.host)
        except FileNotFoundError as error:
            raise HubTrouble("做证书要用 openssl：sudo apt install openssl") from error
        except subprocess.SubprocessError as error:
            raise HubTrouble(
                f"证书没有做成。地址写的是 {settings.host}，要写各城市连得到的域名或 IP。"
            ) from error
        password = known["admin"] if known else secrets.token_urlsafe(24)
        users = known["users"] if known else {}
        users.setdefault(ADMIN, {"hash": _hashed(password), "since": _today(), "observer": True})
        self._write({"settings": _plain(settings), "admin": password, "users": users})

    def _certify(self, host: str) -> None:
        authority, key = self.folder / "ca.crt", self.folder / "ca.key"
        if not (authority.exists() and key.exists()):
            openssl(
                "req", "-x509", *EC, "-utf8", "-keyout", str(key), "-out", str(authority), "-days", str(CA_DAYS),
                "-subj", "/CN=Zhangu head office", "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
                "-addext", "keyUsage=critical,keyCertSign",
            )  # fmt: skip
            (self.folder / "server.crt").unlink(missing_ok=True)
        if not self._serves(host):
            self._make_server(host)

    def _serves(self, host: str) -> bool:
        own, names = self.folder / "server.crt", self.folder / "names.txt"
        if not own.exists() or not names.exists() or names.read_text() != _alternative(host):
            return False
        command = ["openssl", "x509", "-in", str(own), "-noout", "-checkend", str(RENEW_S)]
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0

    def _make_server(self, host: str) -> None:
        request, extras, own = (self.folder / name for name in ("server.csr", "server.ext", "server.crt"))
        extras.write_text(
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
            f"extendedKeyUsage=serverAuth\nsubjectAltName={_alternative(host)}\n"
        )
        openssl(
            "req", "-new", *EC, "-keyout", str(self.folder / "server.key"), "-out", str(request),
            "-subj", "/CN=Zhangu hub",
        )  # fmt: skip
        openssl(
            "x509", "-req", "-in", str(request), "-CA", str(self.folder / "ca.crt"),
            "-CAkey", str(self.folder / "ca.key"), "-set_serial", f"0x{secrets.token_hex(15)}",
            "-days", str(SERVER_DAYS), "-sha256", "-extfile", str(extras), "-out", str(own),
        )  # fmt: skip
        (self.folder / "names.txt").write_text(_alternative(host))

    # --- branches

    def invite(self, name: str, *, observer: bool = False, websocket: bool = False) -> Access:
        """Give a branch a user, or an existing one a new password; return its access. Raises HubTrouble."""
        try:
            branch = branch_of(name)
        except NotUnderstood as fault:
            raise HubTrouble(f"{fault}。") from fault
        if branch == ADMIN:
            raise HubTrouble(f"{ADMIN} 是总部自己用的名字，请换一个。")
        kept = self._needed()
        password = secrets.token_urlsafe(18)
        kept["users"][branch] = {"hash": _hashed(password), "since": _today(), "observer": observer}
        if websocket and not kept["settings"]["websocket_port"]:
            raise HubTrouble("总部没有开 WebSocket，先运行：zhangu hub setup … --websocket-port 443")
        self._write(kept)
        access = replace(self._access(kept, branch, password), observer=observer)
        return (
            replace(access, port=kept["settings"]["websocket_port"], websocket="/mqtt")
            if websocket
            else access
        )

    def revoke(self, name: str) -> bool:
        """Take a branch's user away; return False when there is none. The broker ends its connection at once."""
        kept = self._needed()
        if name == ADMIN or kept["users"].pop(name, None) is None:
            return False
        self._write(kept)
        return True

    def guests(self) -> tuple[Guest, ...]:
        """Return the branches with an invitation, sorted by name."""
        users = self._needed()["users"]
        return tuple(
            Guest(name, user["since"], bool(user["observer"]))
            for name, user in sorted(users.items())
            if name != ADMIN
        )

    def users(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the branches' users with the hash of their password. Raises HubTrouble."""
        users: dict[str, Mapping[str, Any]] = self._needed()["users"]
        return {name: user for name, user in users.items() if name != ADMIN}

    @staticmethod
    def password_fits(kept: str, password: str) -> bool:
        """Return whether a password has a kept hash."""
        salt = base64.b64decode(kept.split("$")[3])
        return secrets.compare_digest(_hashed(password, salt), kept)

    def https_port(self) -> int:
        """Return the port of the HTTPS gateway, 0 without one. Raises HubTrouble."""
        port: int = self._needed()["settings"].get("https_port", 0)
        return port

    def admin(self) -> Access:
        """Return the hub's own access, which may write everywhere below its organisation."""
        kept = self._needed()
        return replace(self._access(kept, ADMIN, kept["admin"]), observer=True)

    def _access(self, kept: dict[str, Any], branch: str, password: str) -> Access:
        settings = kept["settings"]
        authority = (self.folder / "ca.crt").read_text()
        return Access(
            settings["host"], settings["port"], settings["org"], branch, password, authority=authority,
            https=settings.get("https_port", 0),
        )  # fmt: skip

    # --- files

    def _kept(self) -> dict[str, Any] | None:
        try:
            kept: dict[str, Any] = json.loads((self.folder / "hub.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise HubTrouble(f"{self.folder / 'hub.json'} 读不懂，请放回备份。") from error
        return kept

    def _needed(self) -> dict[str, Any]:
        kept = self._kept()
        if kept is None:
            raise HubTrouble(
                "这里还没有总部，先运行：zhangu hub setup --host 各城市连得到的地址 --org 公司代号"
            )
        return kept

    def _write(self, kept: dict[str, Any]) -> None:
        settings = Settings(**kept["settings"])
        files = {
            "passwords": "".join(f"{name}:{user['hash']}\n" for name, user in sorted(kept["users"].items())),
            "acl": rights_of(settings.org, kept["users"]),
            "mosquitto.conf": configuration(self.folder, settings),
            "hub.json": json.dumps(kept, ensure_ascii=False, indent=1),
        }
        for name, text in files.items():
            rewrite(self.folder / name, text.encode("utf-8"), 0o600)
        self.reload()

    # --- the broker's process

    def pid(self) -> int | None:
        """Return the process id of the running broker, None when it does not run."""
        try:
            number = int((self.folder / "mosquitto.pid").read_text())
            command = Path(f"/proc/{number}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return number if str(self.config).encode() in command else None

    def reload(self) -> bool:
        """Let the running broker read users and rights again: it ends connections that have lost theirs."""
        number = self.pid()
        if number is None or not _catches_hangup(number):
            return False
        os.kill(number, signal.SIGHUP)
        return True

    def command(self) -> list[str]:
        """Return the command that runs the broker. Raises HubTrouble."""
        self._needed()
        program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
        if program is None:
            raise HubTrouble("总部要用 Mosquitto：sudo apt install mosquitto")
        return [program, "-c", str(self.config)]


def configuration(folder: Path, settings: Settings) -> str:
    """Return Mosquitto's configuration."""
    lines = [
        "# Written by `zhangu hub setup`; changes are lost at the next one.",
        f"user {getpass.getuser()}",
        f"pid_file {folder / 'mosquitto.pid'}",
        "allow_anonymous false",
        f"password_file {folder / 'passwords'}",
        f"acl_file {folder / 'acl'}",
        "persistence true",
        f"persistence_location {folder / 'data'}/",
        "autosave_interval 30",
        f"max_packet_size {_MESSAGE_LIMIT}",
        "max_queued_messages 1000",
        "set_tcp_nodelay true",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        *_listener(folder, settings.port),
    ]
    if settings.websocket_port:
        lines += [*_listener(folder, settings.websocket_port), "protocol websockets"]
    return "\n".join(lines) + "\n"


def _listener(folder: Path, port: int) -> list[str]:
    return [
        f"listener {port}",
        f"certfile {folder / 'server.crt'}",
        f"keyfile {folder / 'server.key'}",
        "tls_version tlsv1.2",
    ]


def rights_of(org: str, users: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the broker's rights: each branch reads all of its organisation and writes below its own name alone."""
    root = f"{ROOT}/{org}"
    lines = [f"user {ADMIN}", f"topic readwrite {root}/#"]
    for name, user in sorted(users.items()):
        if name != ADMIN:
            own = () if user["observer"] else ("status", "events", "standings/+")
            lines += [
                f"user {name}",
                f"topic read {root}/#",
                *(f"topic write {root}/{name}/{part}" for part in own),
            ]
    return "\n".join(lines) + "\n"


def _catches_hangup(number: int) -> bool:
    """Wait until a broker that has just started handles SIGHUP, which would end it before; False when it never does."""
    for _ in range(int(_STARTING_S / 0.05)):
        try:
            caught = re.search(r"(?m)^SigCgt:\s*([0-9a-f]+)$", Path(f"/proc/{number}/status").read_text())
        except OSError:
            return False
        if caught is not None and int(caught[1], 16) >> (signal.SIGHUP - 1) & 1:
            return True
        time.sleep(0.05)
    return False


def _today() -> str:
    return f"{datetime.now().astimezone():%Y-%m-%d}"


def _alternative(host: str) -> str:
    try:
        return f"IP:{ip_address(host)}"
    except ValueError:
        return f"DNS:{host}"


def _plain(settings: Settings) -> dict[str, object]:
    return {
        "host": settings.host, "org": settings.org, "port": settings.port,
        "websocket_port": settings.websocket_port, "https_port": settings.https_port,
    }  # fmt: skip


def _hashed(password: str, salt: bytes | None = None) -> str:
    """Return a password as Mosquitto 2 keeps it: PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(12) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS, 64)
    return f"$7${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
