"""A process that behaves towards the upgrade like the daemon: reads the book, answers /health, says where it listens.

`small_daemon.py PROGRAM DATA`. The file BEHAVIOUR of the release makes it silent, sick, or end at once.
"""

import json
import os
import secrets
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

program, data = Path(sys.argv[1]), Path(sys.argv[2])
release = (program / "current").resolve()
behaviour = (release / "BEHAVIOUR").read_text().strip() if (release / "BEHAVIOUR").exists() else ""
version = (release / "VERSION").read_text().strip()
if behaviour == "ends":
    sys.exit(1)
with sqlite3.connect(data / "var" / "zhangu.db") as book:
    deals = book.execute("SELECT count(*) FROM deals").fetchone()[0]


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        troubles = [{"what": "屏幕坏了。"}] if behaviour == "sick" else []
        body = json.dumps({"version": version, "troubles": troubles, "deals": deals}).encode()
        self.send_response(503 if behaviour == "sick" else 200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", 0), Answer)
lock = data / "var" / "running.json"
half = lock.with_suffix(".half")
half.write_text(json.dumps({"pid": os.getpid(), "port": server.server_port, "token": secrets.token_hex(8)}))
if behaviour != "silent":
    half.replace(lock)
server.serve_forever()
