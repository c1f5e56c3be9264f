"""Whether the office can hear what is said now; if not, why, until when, and what to do. Pure.

The one place that decides it. The form, the toast, the row, `zhangu say`, the phone's 设备 page, doctor, /health and an
announcement's state all take their answer from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from controller.sentences import say

NO_DEVICE: Final = "no_device"
VOLUME_0: Final = "volume_0"
QUIET: Final = "quiet"
MUTED: Final = "muted"
NO_VOICE: Final = "no_voice"
LOW: Final = 10
"""Below this master volume (of 100) an office with people in it may miss what is said."""
AT_ONCE: Final = "立即播报"


@dataclass(frozen=True, slots=True)
class Facts:
    """What hearing depends on. `volume`: what the player is set to, 0..100, ceilings included.

    `device`: None while there is none; `quiet_until`, `muted_until`: None outside of them; `voice_fault`: why no voice
    can speak, None when one can.
    """

    volume: int = 100
    device: str | None = "default"
    quiet_until: datetime | None = None
    quiet_name: str = "安静时间"
    muted_until: datetime | None = None
    voice_fault: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the office does not hear everything. `until`: when it ends, None: when somebody acts."""

    cause: str
    short: str
    sentence: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hearing:
    """The answer: no reasons, and the office hears all. The gravest reason comes first."""

    reasons: tuple[Reason, ...] = ()
    low: bool = False

    @property
    def held(self) -> str | None:
        """The cause for which announcements wait without a known end: no device, or volume 0."""
        return next((found.cause for found in self.reasons if found.cause in (NO_DEVICE, VOLUME_0)), None)

    @property
    def hears(self) -> bool:
        """Whether something said now is heard now, in words."""
        return not self.reasons

    @property
    def at_once(self) -> str:
        """What becomes of something that is due now, as a clause without its full stop."""
        causes = [found.cause for found in self.reasons]
        if NO_DEVICE in causes:
            return "没有音响，恢复后播报"
        if VOLUME_0 in causes:
            return "总音量是 0，调大后播报"
        if NO_VOICE in causes:
            return "立即播报，但没有语音，只有提示音，内容在大屏上"
        return AT_ONCE

    @property
    def sentence(self) -> str:
        """All reasons in one line; "" when the office hears."""
        return "".join(found.sentence for found in self.reasons)

    @property
    def short(self) -> str:
        """The gravest reason in a few words; "" when the office hears."""
        return self.reasons[0].short if self.reasons else ""


ALL_HEARD: Final = Hearing()


def hearing(facts: Facts) -> Hearing:
    """What the office can hear, from the facts alone."""
    found = [_device(facts), _volume(facts), _quiet(facts), _muted(facts), _voice(facts)]
    return Hearing(tuple(reason for reason in found if reason is not None), low=0 < facts.volume < LOW)


def _device(facts: Facts) -> Reason | None:
    if facts.device is not None:
        return None
    return Reason(NO_DEVICE, "没有音响", say("no_device"))


def _volume(facts: Facts) -> Reason | None:
    if facts.volume > 0:
        return None
    return Reason(VOLUME_0, "总音量是 0", say("volume_0"))


def _quiet(facts: Facts) -> Reason | None:
    until = facts.quiet_until
    if until is None:
        return None
    return Reason(QUIET, facts.quiet_name, f"{facts.quiet_name}，{until:%H:%M} 以前没有声音。", until)


def _muted(facts: Facts) -> Reason | None:
    until = facts.muted_until
    if until is None:
        return None
    return Reason(MUTED, "正在静音", say("muted", until=f"{until:%H:%M}"), until)


def _voice(facts: Facts) -> Reason | None:
    if facts.voice_fault is None:
        return None
    return Reason(NO_VOICE, "没有语音", "没有能用的语音，播报只有提示音，内容在大屏上。")
