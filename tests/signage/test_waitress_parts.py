"""Every name of waitress that `waitress_parts` overrides or uses: an upgrade that renames one fails here with the name.

The tests of strangers, events and HTTPS show the purpose of each.
"""

from __future__ import annotations

import ast
import inspect
import resource
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from waitress.adjustments import Adjustments
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask

from controller.system.files import keep_scratch
from signage import waitress_parts

OVERRIDDEN = {
    HTTPChannel: "service recv readable received handle_write parser_class task_class error_task_class",
    HTTPRequestParser: "parse_header received",
    WSGITask: "get_environment",
    ErrorTask: "execute",
    ThreadedTaskDispatcher: "add_task shutdown queue_logger",
    TcpWSGIServer: "handle_accept maintenance channel_class",
}
USED = {
    HTTPChannel: "server requests request connected total_outbufs_len will_close close_when_flushed socket "
    "handle_close",
    HTTPRequestParser: "body_rcv body_bytes_received chunked close command completed content_length error "
    "expect_continue headers headers_finished path query version",
    WSGITask: "channel write",
    ErrorTask: "channel content_length request response_headers set_close_on_finish status write",
    ThreadedTaskDispatcher: "set_thread_count threads",
    TcpWSGIServer: "active_channels adj asyncore effective_port pull_trigger trigger _map",
}
OURS = {
    waitress_parts.Channel: HTTPChannel,
    waitress_parts.Request: HTTPRequestParser,
    waitress_parts.Task: WSGITask,
    waitress_parts.Unreadable: ErrorTask,
    waitress_parts.Lanes: ThreadedTaskDispatcher,
    waitress_parts.SlowLane: ThreadedTaskDispatcher,
    waitress_parts.Listener: TcpWSGIServer,
}


def names(table: dict[Any, str]) -> list[Any]:
    return [
        pytest.param(kind, name, id=f"{kind.__name__}.{name}")
        for kind, listed in table.items()
        for name in listed.split()
    ]


@pytest.fixture(scope="module")
def instances() -> Iterator[dict[Any, Any]]:
    """Yield one object of each original waitress class, after it has read a request."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        adj = Adjustments(sockets=[listener])
        dispatcher = ThreadedTaskDispatcher()
        info = (listener.family, listener.type, listener.proto, listener.getsockname())
        server = TcpWSGIServer(
            lambda environ, start: [b""], {}, True, listener, dispatcher=dispatcher, adj=adj, bind_socket=False,
            sockinfo=info,
        )  # fmt: skip
        ours, theirs = socket.socketpair()
        channel = HTTPChannel(server, ours, ("127.0.0.1", 1), adj, map={})
        request = HTTPRequestParser(adj)
        request.received(b"POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
        broken = HTTPRequestParser(adj)
        broken.error = ParsingError("no")
        yield {
            HTTPChannel: channel,
            HTTPRequestParser: request,
            WSGITask: WSGITask(channel, request),
            ErrorTask: ErrorTask(channel, broken),
            ThreadedTaskDispatcher: dispatcher,
            TcpWSGIServer: server,
        }
        channel.handle_close()
        theirs.close()
        server.asyncore.close_all(server._map)


@pytest.mark.parametrize(("kind", "name"), names(OVERRIDDEN))
def test_overridden_names_exist(kind: type, name: str) -> None:
    """If the name disappears, waitress would silently never call our method."""
    assert hasattr(kind, name)


@pytest.mark.parametrize(("kind", "name"), names(USED))
def test_used_names_exist(instances: dict[Any, Any], kind: type, name: str) -> None:
    """waitress sets it, not one of our classes."""
    assert hasattr(instances[kind], name)


def test_the_lists_are_complete() -> None:
    """Every name of waitress that our classes override or use is listed here."""
    for ours, theirs in OURS.items():
        own = vars(ours)
        tree = ast.parse(inspect.getsource(ours))
        touched = {
            (node.attr, isinstance(node.ctx, ast.Store))
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        }
        set_here = {name for name, stored in touched if stored}
        overridden = {name for name in own if not name.startswith("__") and hasattr(theirs, name)}
        assert overridden - {"path", "query"} <= set(OVERRIDDEN[theirs].split()), ours
        used = {name for name, _ in touched if name not in own}
        known = set(USED[theirs].split()) | set(OVERRIDDEN[theirs].split())
        assert {name for name in used - set_here if not _ours(ours, name)} <= known, ours
        assert {name for name in set_here & used if hasattr(theirs, name)} <= known, ours


def _ours(kind: type, name: str) -> bool:
    return any(name in vars(base) for base in kind.__mro__ if base.__module__ == waitress_parts.__name__)


def test_a_write_to_a_disconnected_client_raises_its_exception(instances: dict[Any, Any]) -> None:
    """`TaskLine.write` relies on it to end a stream."""
    ours, theirs = socket.socketpair()
    server = instances[TcpWSGIServer]
    channel = HTTPChannel(server, ours, ("127.0.0.1", 1), server.adj, map={})
    theirs.close()
    channel.handle_close()
    with pytest.raises(ClientDisconnected):
        channel.write_soon(b"x")


def test_a_task_frames_its_writes(instances: dict[Any, Any]) -> None:
    """A second write of a task without a length is one chunk, which frames the walls' hints."""
    ours, theirs = socket.socketpair()
    server = instances[TcpWSGIServer]
    channel = HTTPChannel(server, ours, ("127.0.0.1", 1), server.adj, map={})
    request = HTTPRequestParser(server.adj)
    request.received(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    task = WSGITask(channel, request)
    task.complete = True  # as after start_response
    task.write(b"one")
    task.write(b"two!")
    channel._flush_some()
    theirs.settimeout(5)
    got = theirs.recv(4096)
    assert got.endswith(b"\r\n\r\n3\r\none\r\n4\r\ntwo!\r\n")
    channel.handle_close()
    theirs.close()


def large(monkeypatch: pytest.MonkeyPatch, scratch: Path) -> waitress_parts.Request:
    """Return a request after 600 KB of its body, which is kept in a temporary file."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    keep_scratch(scratch)
    request = waitress_parts.Request(Adjustments(), lambda environ: 1_000_000)
    request.received(b"POST /api/upgrade HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n")
    request.received(bytes(600_000))
    return request


def test_a_large_body_waits_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package from the phone goes to the data folder: /tmp is memory on Debian 13. No name is left of it."""
    request = large(monkeypatch, tmp_path / "scratch")
    places = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    assert [place for place in places if place.startswith(str(tmp_path / "scratch"))]
    assert not list((tmp_path / "scratch").iterdir())
    request.body_rcv.getbuf().close()


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # the file's last bytes are lost
def test_a_large_body_without_room_is_refused_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is answered with what to do; the connection does not just end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        request = large(monkeypatch, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert request.completed
    assert (request.error.code, request.error.sentence[:7]) == (507, "存不下这个文件")
