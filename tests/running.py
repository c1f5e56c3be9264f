"""The real command `zhangu run` or `zhangu rehearse` in a separate process and folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import holidays_made

from tests import forked
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
ZHANGU = Path(sys.executable).parent / "zhangu"
PEOPLE = "team,person,leader,say_as\n猛虎队,王小明,1,\n猛虎队,陈芳,,\n飞龙队,李思思,1,\n雄鹰队,赵磊,1,\n"


class Running:
    """An office in `folder`: config (the shipped one or `timetable`), the shipped sounds (or `music`), a few people.

    `env` selects the sound device. `at`: start a rehearsal at this time, else run in the present.
    """

    _first: ClassVar[tuple[bytes, str] | None] = None  # the store with its people, and its token

    def __init__(
        self, folder: Path, env: Mapping[str, str], *, timetable: str | None = None, music: Path | None = None
    ) -> None:
        self.folder, self.env = (
            folder,
            dict(os.environ)
            # Keep bytecode, as for users: where the shell forbids it, each start would compile everything.
            | {"PYTHONUNBUFFERED": "1", "ZHANGU_VOICE_INSTALL": "0", "PYTHONDONTWRITEBYTECODE": ""}
            | dict(env),
        )
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | forked.Forked | None = None
        (folder / "config").mkdir(parents=True, exist_ok=True)
        if timetable is None:
            shutil.copy(ROOT / "config" / "rhythm.yaml", folder / "config")
        else:
            (folder / "config" / "rhythm.yaml").write_text(timetable, encoding="utf-8")
        holidays_made.bring(folder / "var")
        (folder / "sounds").mkdir(exist_ok=True)
        for file in (ROOT / "sounds").iterdir():
            if file.suffix in (".ogg", ".json"):
                (folder / "sounds" / file.name).symlink_to(file)
        (folder / "sounds" / "music").symlink_to(music or ROOT / "sounds" / "music")
        self.token = self._take_people_in()

    def _take_people_in(self) -> str:
        """Import people and create a token with the commands, once; later offices of this process get a copy."""
        book = self.folder / "var" / "zhangu.db"
        if Running._first is None:
            people = self.folder / "people.csv"
            people.write_text(PEOPLE, encoding="utf-8")
            self.command("import", "people", str(people))
            token = self.command("token", "tests", "--role", "admin").strip()
            Running._first = book.read_bytes(), token
        book.write_bytes(Running._first[0])
        return Running._first[1]

    def command(self, *words: str, code: int = 0) -> str:
        """Run a command, check its exit code and return its output."""
        done = forked.run([*words, "--home", str(self.folder)], self.env)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    def start(
        self,
        at: str | None = None,
        wait: bool = True,
        *,
        under: Sequence[str] = (),
        options: Sequence[str] = (),
    ) -> float:
        """Start the daemon; return the CLOCK_MONOTONIC second at which its process was started.

        `under`: a command that runs it, such as prlimit; without one, tests fork it from a process with its imports.
        Measurements start the command, as its imports take time and memory.
        """
        verb = ["run"] if at is None else ["rehearse", "--at", at]
        place = ["--home", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)]
        words = [*verb, *place, *options]
        with (self.folder / "daemon.log").open("ab") as log:
            began = time.monotonic()
            if under or "PYTEST_VERSION" not in os.environ:
                self.process = subprocess.Popen(
                    [*under, ZHANGU, *words], env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            else:
                self.process = forked.Forked(words, self.env, log, log)
        if wait:
            self.wait_ready()
        return began

    def wait_ready(self, timeout: float = 60) -> None:
        """Wait until /health answers, with any status."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            try:
                self.get("/health")
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"no answer in {timeout} s: {self.log()}")

    def stop(self, kill: bool = False) -> int:
        """Stop the daemon with SIGTERM, or kill it as in a power cut; return its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            return self.process.wait(30)
        finally:
            self.process = None

    def log(self) -> str:
        """Return the daemon's output."""
        return (self.folder / "daemon.log").read_text(encoding="utf-8", errors="replace")

    def get(self, path: str) -> Any:
        """Return the JSON of an address, for any status."""
        return self.call("GET", path)[1]

    def call(self, method: str, path: str, data: object = None) -> tuple[int, Any]:
        """Return (status, JSON) of a request with the program's token."""
        body = None if data is None else json.dumps(data).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")

    def sell(self, person: str, amount: object, key: str, product: str = "网络招聘") -> tuple[int, Any]:
        """Record a deal."""
        return self.call(
            "POST", "/api/deals", {"person": person, "product": product, "amount": amount, "key": key}
        )

    def say(self, text: str, key: str) -> tuple[int, Any]:
        """Send an announcement."""
        return self.call("POST", "/api/announcements", {"text": text, "key": key})

    def announcement(self, ident: int) -> dict[str, Any]:
        """Return an announcement in its current state."""
        return next(row for row in self.get("/api/announcements") if row["id"] == ident)

    def wait_state(self, ident: int, states: tuple[str, ...], timeout: float = 60) -> dict[str, Any]:
        """Wait until an announcement is in one of these states."""
        end = time.monotonic() + timeout
        while True:
            row = self.announcement(ident)
            if row["state"] in states:
                return row
            assert time.monotonic() < end, f"{row} after {timeout} s\n{self.log()}"
            time.sleep(0.05)

    def pids(self) -> list[int]:
        """Return the ids of the daemon and all its children."""
        import psutil

        assert self.process is not None
        daemon = psutil.Process(self.process.pid)
        return [daemon.pid, *(child.pid for child in daemon.children(recursive=True))]

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


EVERY_DAY = """office: 测试
timezone: UTC
rhythm:
{spans}
broadcasts:
  first_of_week: 恭喜{{team}}的{{person}}签到了第一单，为我们大家拿到了开门红，大家加油！
  first_of_day: 恭喜{{team}}的{{person}}签到了第一单，为我们大家拿到了开门红，大家加油！
  big:
    over: 10000
    say: 恭喜{{team}}的{{person}}签了一单{{product}}，金额是{{amount}}，请大家为他喝彩！
  hourly:
    from: 10:00
    to: 17:00
    say: 过去一小时{{count}}单，合计{{total}}。
    item: "{{person}}，{{amount}}。"
    rest: 还有{{count}}单。
sound: {{fade_in_s: 0, fade_out_s: 0.3}}
"""


def timetable(*spans: str) -> str:
    """Return a small timetable for every day; each span is the inside of a YAML flow mapping."""
    return EVERY_DAY.format(spans="\n".join(f"  - {{on: every day, {span}}}" for span in spans))
