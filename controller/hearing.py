"""Decide whether an announcement is heard now; if not, why, until when, and what to do. Pure.

The one place that decides it. The form, the toast, the row, `zhangu say`, the phone's 设备 page, doctor, /health and an
announcement's state all use this answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from controller.sentences import say

NO_DEVICE: Final = "no_device"
VOLUME_0: Final = "volume_0"
QUIET: Final = "quiet"
UNANNOUNCED: Final = "unannounced"
MUTED: Final = "muted"
NO_VOICE: Final = "no_voice"
LOW: Final = 10
"""Below this master volume (of 100) people in the office may miss an announcement."""
AT_ONCE: Final = "立即播报"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that hearing depends on. `volume`: the player's volume, 0..100, ceilings included.

    `device`: None while there is none; `quiet_until`, `muted_until`: None outside of them; `held_until`: the end of a
    span without announcements that a person has set for this date; `voice_fault`: the reason
    why no voice can speak, None when one can.
    """

    volume: int = 100
    device: str | None = "default"
    quiet_until: datetime | None = None
    quiet_name: str = "安静时间"
    muted_until: datetime | None = None
    held_until: datetime | None = None
    voice_fault: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason why not everything is heard. `until`: when it ends, None: when a person acts."""

    cause: str
    short: str
    sentence: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hearing:
    """The answer: without reasons, everything is heard. The most serious reason comes first."""

    reasons: tuple[Reason, ...] = ()
    low: bool = False

    @property
    def held(self) -> str | None:
        """Return the cause for which announcements wait without a known end: no device, or volume 0."""
        return next((reason.cause for reason in self.reasons if reason.cause in (NO_DEVICE, VOLUME_0)), None)

    @property
    def hears(self) -> bool:
        """Return whether the words of an announcement are heard now."""
        return not self.reasons

    @property
    def at_once(self) -> str:
        """Return the effect on an announcement that is due now, as a clause without its full stop."""
        causes = [reason.cause for reason in self.reasons]
        if NO_DEVICE in causes:
            return "没有音响，恢复后播报"
        if VOLUME_0 in causes:
            return "总音量是 0，调大后播报"
        if NO_VOICE in causes:
            return "立即播报，但没有语音，只有提示音，内容在大屏上"
        return AT_ONCE

    @property
    def sentence(self) -> str:
        """Return all reasons in one line; "" when everything is heard."""
        return "".join(reason.sentence for reason in self.reasons)

    @property
    def short(self) -> str:
        """Return the most serious reason in a few words; "" when everything is heard."""
        return self.reasons[0].short if self.reasons else ""


ALL_HEARD: Final = Hearing()


def hearing(facts: Facts) -> Hearing:
    """Decide from the facts alone whether the office hears announcements."""
    reasons = [_device(facts), _volume(facts), _quiet(facts), _held(facts), _muted(facts), _voice(facts)]
    return Hearing(tuple(reason for reason in reasons if reason is not None), low=0 < facts.volume < LOW)


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


def _held(facts: Facts) -> Reason | None:
    until = facts.held_until
    if until is None:
        return None
    return Reason(UNANNOUNCED, "临时不播报", say("unannounced", until=f"{until:%H:%M}"), until)


def _muted(facts: Facts) -> Reason | None:
    until = facts.muted_until
    if until is None:
        return None
    return Reason(MUTED, "正在静音", say("muted", until=f"{until:%H:%M}"), until)


def _voice(facts: Facts) -> Reason | None:
    if facts.voice_fault is None:
        return None
    return Reason(NO_VOICE, "没有语音", "没有能用的语音，播报只有提示音，内容在大屏上。")
