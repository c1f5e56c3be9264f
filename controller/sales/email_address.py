"""E-mail addresses of people. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from controller.sales.model import Refused

LONGEST: Final = 100
_ADDRESS: Final = re.compile(r"[0-9A-Za-z.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[0-9A-Za-z-]{1,63}\.)+[A-Za-z]{2,24}")


def read_email(written: str) -> str | None:
    """Return an address, None for an empty cell. Raises `Refused` (field "email")."""
    text = unicodedata.normalize("NFKC", written).strip().removeprefix("mailto:")
    if not text:
        return None
    if len(text) > LONGEST or not _ADDRESS.fullmatch(text) or ".." in text:
        raise Refused(f"邮箱“{text[:40]}”不像一个邮箱地址，写成 name@company.com 这样。", field="email")
    return text
