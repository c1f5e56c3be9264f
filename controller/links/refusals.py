"""The vendors' refusals inside an answer of HTTP 200: a table of codes per vendor, and one function for all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.links.port import Fate, Outcome, delivered, later, refused

LOOKED_AT_AGAIN_S: Final = 900.0
"""After a refusal that a person has to mend, such as a wrong key."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The meaning of a code. `why` may name {vendor} and {code}; `after_s` as in `Outcome`."""

    why: str
    after_s: float | None = None
    fate: Fate = Fate.LATER


CONTENT: Final = Refusal("{vendor}不接受这条消息的内容（{code}）。", fate=Fate.REFUSED)
GONE: Final = Refusal(
    "{vendor}说没有这个机器人：可能被移出了群或停用了。请重新添加，把新的地址填在这里。", LOOKED_AT_AGAIN_S
)
BUSY: Final = Refusal("{vendor}说系统繁忙，过一会儿再发。")
_UNKNOWN: Final = Refusal("{vendor}没有接受（{code}），过一会儿再发。", LOOKED_AT_AGAIN_S)
_NOT_THEIRS: Final = Refusal("答复不是{vendor}的，请看主机的网络。")


def too_fast(wait: str, after_s: float) -> Refusal:
    """Return the refusal of a robot that sends too fast; `wait`: the time after which to try again, in words."""
    return Refusal(f"{{vendor}}说这个机器人发得太快，{wait}再发。", after_s)


def settings(why: str) -> Refusal:
    """Return a refusal by the robot's settings, which a person has to mend."""
    return Refusal(why, LOOKED_AT_AGAIN_S)


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor's name, the names of its code in an answer, and its refusals by code; 0 is success."""

    name: str
    fields: tuple[str, ...]
    refusals: Mapping[int, Refusal]

    def outcome(self, answer: Mapping[str, Any]) -> Outcome:
        """Return the outcome of an answer. Nothing has arrived at the other side after any refusal."""
        code = next((answer[field] for field in self.fields if field in answer), None)
        if code == 0:
            return delivered()
        refusal = self.refusals.get(code, _UNKNOWN) if isinstance(code, int) else _NOT_THEIRS
        return self.refusal(refusal, code)

    def refusal(self, refusal: Refusal, code: object) -> Outcome:
        """Return the outcome of a refusal."""
        why = refusal.why.format(vendor=self.name, code=code)
        if refusal.fate == Fate.REFUSED:
            return refused(why)
        return later(why, refusal.after_s, nothing_arrived=True)


def table(*rows: tuple[Refusal, tuple[int, ...]]) -> dict[int, Refusal]:
    """Return refusals by code."""
    return {code: refusal for refusal, codes in rows for code in codes}
