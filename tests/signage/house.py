"""The whole daemon in a temporary folder, on a free port, at a rehearsed time, for tests of phone and API."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controller.daemon import Daemon, Options
from controller.sales.model import PersonRow
from controller.sound.tts.client import Voice
from controller.system.paths import Home
from tests import holidays_made

ZONE = ZoneInfo("Asia/Shanghai")
AFTERNOON = datetime(2026, 11, 23, 14, 40, tzinfo=ZONE)  # a Monday, no quiet time near
REPOSITORY = Path(__file__).resolve().parents[2]
PEOPLE = {
    "猛虎队": ("王小明", "陈芳", "刘洋", "单晓明"),
    "飞龙队": ("李思思", "周婷"),
    "雄鹰队": ("欧阳建国",),
}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    json: Any
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class House:
    """A running daemon, and requests to it as a program with a token of `role`."""

    daemon: Daemon
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, role: str) -> str:
        if role not in self.tokens:
            self.tokens[role] = self.daemon.office.keys.make_token(role, role)
        return self.tokens[role]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.daemon.server.port}"

    def call(self, method: str, path: str, data: object = None, role: str | None = "program") -> Answer:
        headers = {"Content-Type": "application/json"}
        if role is not None:
            headers["Authorization"] = f"Bearer {self.token(role)}"
        body = None if data is None else data if isinstance(data, bytes) else json.dumps(data).encode()
        request = urllib.request.Request(self.address + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return _read(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return _read(error.code, error.read(), error.headers)

    def sell(self, person: str, amount: object, key: str, product: str = "校园招聘套餐") -> Answer:
        deal = {"person": person, "product": product, "amount": amount, "key": key}
        return self.call("POST", "/api/deals", deal)


def _read(status: int, body: bytes, headers: Any) -> Answer:
    return Answer(status, json.loads(body) if body else None, dict(headers))


@contextmanager
def running(
    folder: Path,
    at: datetime = AFTERNOON,
    *,
    sounds: bool = True,
    rehearsal: bool = False,
    people: Mapping[str, tuple[str, ...]] = PEOPLE,
    rhythm: str | None = None,
    host: str = "127.0.0.1",
    warm: bool = False,
) -> Iterator[House]:
    """Run the real daemon with an empty store, `people` as its roster and `rhythm` as its timetable.

    Without `sounds` it has no sound files: measuring or playing them would disturb a figure. `warm`: start the voice
    child with the daemon, not with the first announcement; that costs 0.6 s of CPU, two thirds of this office.
    """
    (folder / "config").mkdir(parents=True)
    shutil.copy(REPOSITORY / "config" / "rhythm.yaml", folder / "config")
    if rhythm is not None:
        (folder / "config" / "rhythm.yaml").write_text(rhythm, encoding="utf-8")
    holidays_made.bring(folder / "var")
    if sounds:
        (folder / "sounds").symlink_to(REPOSITORY / "sounds")
    daemon = Daemon(Options(Home(folder), host, 0, start=at, rehearsal=rehearsal))
    try:
        for team, names in people.items():
            for name in names:
                daemon.office.people.add(PersonRow(name=name, team=team, leader=name == names[0]))
        with pytest.MonkeyPatch.context() as patch:
            if not warm:
                patch.setattr(Voice, "warm_up", lambda voice: None)
            daemon.start()
        yield House(daemon)
    finally:
        daemon.close()
