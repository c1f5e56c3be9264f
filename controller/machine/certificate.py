"""A certificate of the office's own making, so that phones can come by HTTPS: made by the openssl command.

The command is on every Debian and Raspberry Pi OS (ca-certificates needs it); a library for three calls in years
would be one more thing to keep up to date. An authority (var/tls/ca.crt) is made once and is what phones trust.
It may only vouch for private addresses, this machine's own and names of the LAN: whoever steals this machine
cannot pass for any other site. The server's own certificate is renewed at a start that finds it near its end or
its addresses changed: phones notice nothing.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import subprocess
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from controller.machine.doorway import CannotListen

CA_DAYS, DAYS = 3650, 800  # Apple refuses certificates that hold longer than 825 days
RENEW_S = 60 * 86400
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
PRIVATE = tuple(
    map(
        IPv4Network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10"),
    )
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files: the server's chain and key, and the authority that phones are asked to trust."""

    chain: Path
    key: Path
    authority: Path

    def fingerprint(self) -> str:
        """SHA-256 of the authority, as phones show it."""
        told = _openssl("x509", "-in", str(self.authority), "-noout", "-fingerprint", "-sha256")
        return told.strip().split("=", 1)[-1]


def ensure(folder: Path, address: str) -> Certificate:
    """The certificate for this machine at `address`, made or renewed when needed. Raises CannotListen."""
    name = socket.gethostname().split(".")[0] or "zhangu"
    made = Certificate(folder / "server.crt", folder / "server.key", folder / "ca.crt")
    wanted = f"IP:{address},IP:127.0.0.1,DNS:{name},DNS:{name}.local,DNS:localhost"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        signs = _holds(made.authority) and _fits(made.authority, folder / "ca.key")
        if not signs or not _vouches(folder, address):
            _make_authority(folder, name, address)
            made.chain.unlink(missing_ok=True)
        told = folder / "names.txt"
        serves = _holds(made.chain) and _fits(made.chain, made.key)
        if not serves or not told.exists() or told.read_text(errors="replace") != wanted:
            _make_own(folder, name, wanted)
            told.write_text(wanted)
    except FileNotFoundError as error:
        raise CannotListen("做 HTTPS 的证书要用 openssl：sudo apt install openssl") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotListen(f"HTTPS 的证书没有做成，请看目录 {folder} 能不能写。") from error
    return made


def _holds(file: Path) -> bool:
    """Whether it is a certificate that will hold for a while yet."""
    if not file.exists():
        return False
    command = ["openssl", "x509", "-in", str(file), "-noout", "-checkend", str(RENEW_S)]
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


def _fits(file: Path, key: Path) -> bool:
    """Whether the key is whole and belongs to the certificate; a power cut may leave neither."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file, key)
    except OSError:
        return False
    return True


def _vouches(folder: Path, address: str) -> bool:
    """Whether the authority may vouch for that address: an office of public addresses may get others."""
    told = folder / "spans.txt"
    try:
        spans = tuple(map(IPv4Network, told.read_text().split())) or PRIVATE
    except (FileNotFoundError, ValueError):  # the private ones are in every authority
        spans = PRIVATE
    return any(IPv4Address(address) in span for span in spans)


def _make_authority(folder: Path, name: str, address: str) -> None:
    names = [f"permitted;DNS:{own}" for own in (name, "local", "localhost")]
    spans = (*PRIVATE, IPv4Network(address))
    limits = ",".join([*names, *(f"permitted;IP:{span.with_netmask}" for span in spans)])
    _openssl(
        "req", "-x509", *EC, "-utf8", "-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.crt"),
        "-days", str(CA_DAYS), "-subj", f"/CN=战鼓 Zhangu ({name})",
        "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0", "-addext", "keyUsage=critical,keyCertSign",
        "-addext", f"nameConstraints=critical,{limits}",
    )  # fmt: skip
    (folder / "spans.txt").write_text("\n".join(map(str, spans)))


def _make_own(folder: Path, name: str, names: str) -> None:
    request, extras, own = folder / "server.csr", folder / "server.ext", folder / "server.crt"
    extras.write_text(
        f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
        f"extendedKeyUsage=serverAuth\nsubjectAltName={names}\n"
    )
    _openssl(
        "req",
        "-new",
        *EC,
        "-keyout",
        str(folder / "server.key"),
        "-out",
        str(request),
        "-subj",
        f"/CN={name}",
    )
    _openssl(
        "x509", "-req", "-in", str(request), "-CA", str(folder / "ca.crt"), "-CAkey", str(folder / "ca.key"),
        "-set_serial", f"0x{secrets.token_hex(15)}", "-days", str(DAYS), "-sha256",
        "-extfile", str(extras), "-out", str(own),
    )  # fmt: skip
    own.write_bytes(own.read_bytes() + (folder / "ca.crt").read_bytes())


def _openssl(*words: str) -> str:
    return subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=60, check=True).stdout
