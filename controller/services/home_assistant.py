"""The office as a device of Home Assistant: its state and its commands. Off until a broker is entered on the phone."""

from __future__ import annotations

import json
import logging
import re
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from controller.cities import home_assistant
from controller.cities.home_assistant import Broker, Command, OfficeState
from controller.glance import Glance
from controller.sales.model import Refused
from controller.services.music import MusicService
from controller.services.spoken_texts import SpokenTextService
from controller.system.atomic_file import rewrite
from controller.system.paths import version

log = logging.getLogger(__name__)

MUTE_MINUTES: Final = 30
_HOST: Final = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_LONGEST: Final = 200
_LARGEST: Final = 10_000


class HomeAssistantService:
    """Implements the `Device` of the connection. Thread-safe. `verbs` carry a command out; `note` records it.

    `address`: of the phone's page, for the device's link."""

    def __init__(
        self,
        folder: Path,
        glance: Callable[[], Glance],
        install: Callable[[], str],
        verbs: dict[str, Callable[[str], object]],
        note: Callable[[str], None],
        address: Callable[[], str],
    ) -> None:
        self._file, self._glance, self._install = folder / "home-assistant.json", glance, install
        self._verbs, self._note, self._address = verbs, note, address
        self._lock = threading.Lock()
        self._broker: Broker | None = None
        self._why = ""
        self._is_up = False
        with suppress(OSError, ValueError, TypeError), self._file.open("rb") as file:
            self._broker = Broker(**json.loads(file.read(_LARGEST)))

    def broker(self) -> Broker | None:
        """Return how to reach the broker, None: switched off."""
        with self._lock:
            return self._broker

    def choose(self, host: str, port: int, user: str, password: str, *, tls: bool) -> None:
        """Store the broker's address and login. Raises Refused."""
        if not _HOST.fullmatch(host):
            raise Refused("地址只能有字母、数字、点和连字符，例如 homeassistant.local。", "host")
        if len(user) > _LONGEST or len(password) > _LONGEST:
            raise Refused(f"用户名和密码最多 {_LONGEST} 个字。", "password")
        broker = Broker(host, port, user, password, tls)
        with self._lock:
            rewrite(self._file, json.dumps(asdict(broker)).encode(), 0o600)
            self._broker, self._is_up, self._why = broker, False, ""

    def switch_off(self) -> None:
        """Forget the broker; the device disappears from Home Assistant."""
        with self._lock:
            self._file.unlink(missing_ok=True)
            self._broker, self._is_up, self._why = None, False, ""

    def status(self) -> tuple[bool, str]:
        """Return whether the connection is up, and the key of the sentence why it is not."""
        with self._lock:
            return self._is_up, self._why

    # --- the connection's side

    def connected(self, why: str) -> None:
        """Record the connection's state."""
        with self._lock:
            self._is_up, self._why = not why, why

    def install(self) -> str:
        """Return the id of this installation."""
        return self._install()

    def discovery(self) -> tuple[str, bytes]:
        """Return topic and content of the discovery message."""
        install = self._install()
        message = home_assistant.discovery(install, self._glance().office, version(), self._address())
        return home_assistant.discovery_topic(install), message

    def state(self) -> bytes:
        """Return the present state."""
        glance = self._glance()
        day, sounding = glance.day, glance.sounding
        return home_assistant.state(
            OfficeState(
                day.count, day.amount, day.amount / day.target if day.target else None,
                glance.people[0].name if glance.people else "",
                glance.state.entry.name if glance.state.entry else "", sounding.volume,
                f"{sounding.muted_until:%H:%M}" if sounding.muted_until else "",
                tuple(problem.generic or problem.what for problem in glance.problems),
            )
        )  # fmt: skip

    def act(self, command: Command) -> None:
        """Carry a command out; a refusal is logged, because Home Assistant shows no answer."""
        try:
            self._verbs[command.name](command.value)
        except Refused as refused:
            log.warning("Home Assistant: %s refused: %s", command.name, refused.sentence)
            return
        self._note(f"Home Assistant：{_NAMES[command.name]}{command.value}")


_NAMES: Final = {
    "play": "放音乐", "stop": "停音乐", "next": "下一首", "mute": "静音 30 分钟", "unmute": "结束静音",
    "volume": "总音量改为 ", "say": "播报：",
}  # fmt: skip


def verbs_of(music: MusicService, speech: SpokenTextService) -> dict[str, Callable[[str], object]]:
    """Return what each command does."""
    return {
        "play": lambda _: music.play(),
        "stop": lambda _: music.stop(),
        "next": lambda _: music.next_track(),
        "mute": lambda _: music.mute_for(MUTE_MINUTES),
        "unmute": lambda _: music.mute_for(0),
        "volume": lambda value: music.set_volume(int(value)),
        "say": lambda text: speech.announce(text, f"home-assistant-{secrets.token_hex(8)}"),
    }
