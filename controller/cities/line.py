"""Shared by all lines to head office: the trusted certificate, socket options, the reason of a failure."""

from __future__ import annotations

import errno
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from controller.cities.invitation import Access
from controller.cities.side import UNSENT_LIMIT_MS

if TYPE_CHECKING:
    import ssl


def context_of(access: Access) -> ssl.SSLContext:
    """Return the context that trusts head office's authority and nothing else. Raises ssl.SSLError."""
    import ssl  # 3 ms of each start otherwise

    context = ssl.create_default_context(cadata=access.authority or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def limit_unsent(line: Any) -> None:
    """End a connection on which sent bytes are not acknowledged for some seconds."""
    with suppress(OSError, AttributeError):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_LIMIT_MS)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def drop(line: Any) -> None:
    """Close a connection now and discard unsent bytes: the kernel must not send them late."""
    if line is None:
        return
    with suppress(OSError, AttributeError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        line.close()


def reason_of(error: OSError | ValueError) -> tuple[str, str]:
    """Return why a connection could not be made, as the key of a sentence and a detail for the log."""
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        by_code = {9: "not_yet_valid", 10: "expired"}
        return by_code.get(error.verify_code, "not_head_office"), error.verify_message
    if isinstance(error, ssl.SSLError):
        return "no_tls", error.reason or str(error)
    if isinstance(error, socket.gaierror):
        return "no_such_host", str(error)
    if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED:
        return "not_running", str(error)
    return "unreachable", str(error)
