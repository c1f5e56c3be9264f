"""The listening socket, the address on the LAN, and the self-signed certificate."""

from __future__ import annotations

import errno
import secrets
import socket
import subprocess
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Final

from controller.system.os_errors import reason

# An unplugged peer never closes its connection: unanswered data for 20 s, or three unanswered probes, end it.
SOCKET_OPTIONS = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 20_000),
]


class CannotListen(Exception):  # noqa: N818 - people read it
    """The address cannot be used; `sentence` says why and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def listen(host: str, port: int, flag: str = "--port") -> socket.socket:
    """Return a bound socket; accepted ones inherit its options. Raises CannotListen, which names `flag`."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, proto)
    except OSError as error:
        raise CannotListen(_why(error, host, port, flag)) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for level, option, value in SOCKET_OPTIONS:
            listener.setsockopt(level, option, value)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise CannotListen(_why(error, host, port, flag)) from error
    return listener


MOST_ADDRESSES: Final = 4
VIRTUAL: Final = ("lo", "docker", "br-", "veth", "virbr", "tun", "tap")
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - walls and phones are other machines


def only_here(host: str) -> bool:
    """Return whether a server on `host` is reached from this machine alone."""
    return host in ("localhost", "::1") or host.startswith("127.")


def reachable_address(host: str) -> str:
    """Return the address for others of a server on `host`: for all addresses, the one on the network."""
    return lan_address() if host == EVERYWHERE else host


def lan_address() -> str:
    """Return this machine's address on its network, also on one without a router; 127.0.0.1 without any."""
    return _leading_out() or next(iter(lan_addresses()), "127.0.0.1")


def lan_addresses(host: str = EVERYWHERE) -> tuple[str, ...]:
    """Return this machine's addresses on networks, the one that leads out first; empty without any.

    Only `host` when the server listens there alone.
    """
    import ifaddr

    first = _leading_out()
    found = [
        str(ip.ip)
        for adapter in ifaddr.get_adapters()
        if not adapter.name.startswith(VIRTUAL)
        for ip in adapter.ips
        if ip.is_IPv4
    ]
    usable = [address for address in found if not IPv4Address(address).is_loopback]
    ordered = sorted(usable, key=lambda address: (address != first, IPv4Address(address).is_link_local))
    return (host,) if host in ordered else tuple(ordered[:MOST_ADDRESSES])


def _leading_out() -> str:
    """Return the address that packets to the Internet would have, "" without a route. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(
                ("192.0.2.1", 9)
            )  # a documentation address (RFC 5737): only queries the routing table
            return str(probe.getsockname()[0])
        except OSError:
            return ""


def _why(error: OSError, host: str, port: int, flag: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"端口 {port} 已经被别的程序占用。请关掉那个程序，或者换一个端口：zhangu run {flag} {port + 1}"
    if error.errno == errno.EACCES:
        return f"没有权限使用端口 {port}。请用 1024 以上的端口，例如：zhangu run {flag} {port + 8000}"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"这台机器没有地址 {host}。请检查 --host，不写就在所有网卡上提供服务。"
    return f"不能在 {host}:{port} 上提供服务（{reason(error)}）。请检查 --host 和 {flag}。"


# --- A self-signed certificate, so that phones can use HTTPS

CA_DAYS, DAYS = 3650, 800  # Apple rejects certificates valid for more than 825 days
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
    """Files: the server's chain and key, and the authority that phones should trust."""

    chain: Path
    key: Path
    authority: Path

    def fingerprint(self) -> str:
        """Return SHA-256 of the authority, as phones show it."""
        output = openssl("x509", "-in", str(self.authority), "-noout", "-fingerprint", "-sha256")
        return output.strip().split("=", 1)[-1]


def ensure(folder: Path, address: str) -> Certificate:
    """Return the certificate for this machine at `address`, made or renewed when needed. Raises CannotListen."""
    name = socket.gethostname().split(".")[0] or "zhangu"
    certificate = Certificate(folder / "server.crt", folder / "server.key", folder / "ca.crt")
    wanted = f"IP:{address},IP:127.0.0.1,DNS:{name},DNS:{name}.local,DNS:localhost"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        signs = _holds(certificate.authority) and _fits(certificate.authority, folder / "ca.key")
        if not signs or not _vouches(folder, address):
            _make_authority(folder, name, address)
            certificate.chain.unlink(missing_ok=True)
        names_file = folder / "names.txt"
        serves = _holds(certificate.chain) and _fits(certificate.chain, certificate.key)
        if not serves or not names_file.exists() or names_file.read_text(errors="replace") != wanted:
            _make_own(folder, name, wanted)
            names_file.write_text(wanted)
    except FileNotFoundError as error:
        raise CannotListen("做 HTTPS 的证书要用 openssl：sudo apt install openssl") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotListen(f"HTTPS 的证书没有做成，请看目录 {folder} 能不能写。") from error
    return certificate


def _holds(file: Path) -> bool:
    """Return whether the file is a certificate that stays valid for a while."""
    if not file.exists():
        return False
    command = ["openssl", "x509", "-in", str(file), "-noout", "-checkend", str(RENEW_S)]
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


def _fits(file: Path, key: Path) -> bool:
    """Return whether the key is complete and belongs to the certificate; a power cut may damage both."""
    try:
        import ssl  # 3 ms of each start otherwise

        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file, key)
    except OSError:
        return False
    return True


def _vouches(folder: Path, address: str) -> bool:
    """Return whether the authority may sign for that address: an office with public addresses may get new ones."""
    spans_file = folder / "spans.txt"
    try:
        spans = tuple(map(IPv4Network, spans_file.read_text().split())) or PRIVATE
    except (FileNotFoundError, ValueError):  # private addresses are in every authority
        spans = PRIVATE
    return any(IPv4Address(address) in span for span in spans)


def _make_authority(folder: Path, name: str, address: str) -> None:
    names = [f"permitted;DNS:{own}" for own in (name, "local", "localhost")]
    spans = (*PRIVATE, IPv4Network(address))
    limits = ",".join([*names, *(f"permitted;IP:{span.with_netmask}" for span in spans)])
    openssl(
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
    openssl(
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
    openssl(
        "x509", "-req", "-in", str(request), "-CA", str(folder / "ca.crt"), "-CAkey", str(folder / "ca.key"),
        "-set_serial", f"0x{secrets.token_hex(15)}", "-days", str(DAYS), "-sha256",
        "-extfile", str(extras), "-out", str(own),
    )  # fmt: skip
    own.write_bytes(own.read_bytes() + (folder / "ca.crt").read_bytes())


def openssl(*words: str) -> str:
    """Run openssl and return its output. Raises FileNotFoundError without it, SubprocessError when it fails."""
    return subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=60, check=True).stdout
