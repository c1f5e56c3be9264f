"""The process that has imported `zhangu` and forks for each start; see `forked.py`. Usage: forked_server.py FD"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from typing import Any

import signage.server  # noqa: F401 - everything that `zhangu run` imports
from controller.cli import main

FILES = 4  # the request, and the standard streams of the new process


def serve(line: socket.socket) -> dict[str, Any]:
    """Answer requests until the tests end; return in each new process, with its request."""
    while True:
        message, files, _, _ = socket.recv_fds(line, 10, FILES)
        if not message:
            os._exit(0)
        with os.fdopen(files[0], "rb") as body:
            body.seek(0)
            request: dict[str, Any] = json.loads(body.read())
        if "reap" in request:
            line.send(b"%d" % os.waitpid(request["reap"], 0)[1])
            continue
        pid = os.fork()
        if pid == 0:
            line.close()
            for number, file in enumerate(files[1:]):
                os.dup2(file, number)
                os.close(file)
            return request
        for file in files[1:]:
            os.close(file)
        line.send(b"%d" % pid)


def become(request: dict[str, Any]) -> None:
    """Take over folder, environment, arguments and streams, as a started process would."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.argv = ["zhangu", *request["arguments"]]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    for name, number in (("stdout", 1), ("stderr", 2)):
        setattr(sys, name, open(number, "w", encoding="utf-8", buffering=1, closefd=False))  # noqa: SIM115


if __name__ == "__main__":
    become(serve(socket.socket(fileno=int(sys.argv[1]))))
    sys.exit(main())
