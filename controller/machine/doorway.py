"""The port: opened before anything sounds, so that a port that is taken stops the start with a sentence."""

from __future__ import annotations

import errno
import socket

from controller.machine.reasons import reason

# A cord that was pulled sends no farewell: unanswered data for 20 s, or three unanswered questions, ends the line.
SOCKET_OPTIONS = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 20_000),
]


class CannotListen(Exception):  # noqa: N818 - it is told to people as it stands
    """The address cannot be used; `sentence` says why and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def listen(host: str, port: int, flag: str = "--port") -> socket.socket:
    """A bound socket; what is accepted from it inherits its options. Raises CannotListen, which names `flag`."""
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


EVERYWHERE = "0.0.0.0"  # noqa: S104 - walls and phones are other machines


def told_address(host: str) -> str:
    """Where others find what listens on `host`: on all addresses, the one on the network."""
    return lan_address() if host == EVERYWHERE else host


def lan_address() -> str:
    """The address of this machine on its network; 127.0.0.1 when it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address (RFC 5737): only asks the routing table
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _why(error: OSError, host: str, port: int, flag: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"端口 {port} 已经被别的程序占用。请关掉那个程序，或者换一个端口：zhangu run {flag} {port + 1}"
    if error.errno == errno.EACCES:
        return f"没有权限使用端口 {port}。请用 1024 以上的端口，例如：zhangu run {flag} {port + 8000}"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"这台机器没有地址 {host}。请检查 --host，不写就在所有网卡上提供服务。"
    return f"不能在 {host}:{port} 上提供服务（{reason(error)}）。请检查 --host 和 {flag}。"
