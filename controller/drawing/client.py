"""Ask the child for a picture; one at a time. Facts name photos, which are looked up in the folder of photos."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

log = logging.getLogger(__name__)

MODULE: Final = "controller.drawing.process"
LIMIT_S: Final = 40.0
NO_FONT: Final = 3
_NAME: Final = r"[0-9A-Za-z_-]{1,100}"
NO_FONT_WHY: Final = "主机上没有中文字体，画不了图片。请在主机上运行 sudo apt install fonts-noto-cjk。"


class CannotDraw(Exception):  # noqa: N818 - people read it
    """No picture; `sentence` is for people."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Drawing:
    """Thread-safe. `photos`: the folder with people's photos, named by their content."""

    def __init__(self, photos: Path) -> None:
        self._photos = photos
        self._turn = threading.Lock()

    def draw(self, what: str, facts: Mapping[str, Any]) -> bytes:
        """Return a picture as PNG. Raises CannotDraw."""
        asked = json.dumps({"what": what, "facts": self._with_photos(facts)}).encode()
        with self._turn:
            try:
                done = subprocess.run(
                    [sys.executable, "-m", MODULE],
                    input=asked,
                    capture_output=True,
                    timeout=LIMIT_S,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as fault:
                log.warning("drawing %s: %s", what, type(fault).__name__)
                raise CannotDraw("图片没有画成，请再试一次。") from None
        if done.returncode == NO_FONT:
            raise CannotDraw(NO_FONT_WHY)
        if done.returncode != 0 or not done.stdout.startswith(b"\x89PNG"):
            log.error("drawing %s failed: %s", what, done.stderr.decode("utf-8", "replace")[-2000:])
            raise CannotDraw("图片没有画成，已写入日志。")
        return done.stdout

    def or_none(self, what: str, facts: Mapping[str, Any]) -> bytes | None:
        """Return a picture, None where it cannot be drawn: the message is then a text."""
        try:
            return self.draw(what, facts)
        except CannotDraw as why:
            log.warning("%s", why.sentence)
            return None

    def photo(self, name: str) -> bytes | None:
        """Return a person's photo (JPEG), None without one."""
        file = self._photos / f"{name}.jpg"
        if not re.fullmatch(_NAME, name) or not file.is_file():
            return None
        return file.read_bytes()

    def _with_photos(self, value: Any) -> Any:
        """Return facts in which each photo's name is its path."""
        if isinstance(value, Mapping):
            found = {key: self._with_photos(item) for key, item in value.items()}
            photo = value.get("photo")
            if isinstance(photo, str) and re.fullmatch(_NAME, photo):
                found["photo_path"] = str(self._photos / f"{photo}.jpg")
            return found
        return [self._with_photos(item) for item in value] if isinstance(value, list | tuple) else value
