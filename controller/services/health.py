"""What is wrong, what happens meanwhile, what to do: told on phone, wall and in /health within seconds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime

from controller.glance import HealthProblem
from controller.hearing import NO_DEVICE, VOLUME_0, Hearing
from controller.sales.model import StoreTrouble
from controller.services.context import Context
from controller.services.voices import Speaking
from controller.sound.library import Library
from controller.sound.tts.background_install import FAILED, NO_INSTALL, InstallStatus
from controller.sound.voice import Voice

SPARE, LEAST = 200_000_000, 20_000_000
"""Bytes free on the book's disk: below the first people are told, below the second orders may not fit."""
MOST_TOLD = 5
"""Of the music's faults; the rest is counted, and listed where it can be mended."""

MEND = {
    NO_DEVICE: ("订单照常记录，屏幕照常显示，声音恢复后自动继续。", "请检查音箱的电源和接线。"),
    VOLUME_0: ("订单照常记录，屏幕照常显示，没有人听到的单并入下个整点。", "请在“广播”页把总音量调大。"),
}


class HealthMonitor:
    """Asks every part how it is; keeps nothing of its own. Thread-safe."""

    def __init__(
        self,
        context: Context,
        hearing: Callable[[datetime], Hearing],
        voice: Voice,
        library: Library,
        speaking: Speaking,
        voice_install: Callable[[], InstallStatus] = lambda: NO_INSTALL,
        sign_ins: Callable[[], tuple[HealthProblem, ...]] = lambda: (),
    ):
        """`sign_ins`: what is wrong with attempts to sign in."""
        self._context, self._hearing, self._voice, self._library = context, hearing, voice, library
        self._speaking, self._voice_install, self._sign_ins = speaking, voice_install, sign_ins

    def all(self) -> tuple[HealthProblem, ...]:
        """Everything that is wrong now, the gravest first."""
        return (*self._of_the_parts(), *self.of_the_music(), *self._sign_ins())

    def of_the_house(self) -> tuple[HealthProblem, ...]:
        """What is wrong with anything but the music's files; cheap to ask for."""
        return (*self._of_the_parts(), *self._sign_ins())

    def _of_the_parts(self) -> tuple[HealthProblem, ...]:
        found = [
            *self._heard(),
            self._book(),
            self._disk(),
            self._clock(),
            self._timetable(),
            self._speech(),
            self._voice_name(),
            self._unread(),
            *self._effects(),
            self._natural_voice(),
        ]
        return tuple(trouble for trouble in found if trouble is not None)

    def clock_trusted(self) -> bool:
        """Whether timed sound may follow the clock."""
        return self._context.clock.trusted(self._newest())

    def _newest(self) -> datetime | None:
        try:
            with self._context.store.read() as session:
                return session.deals.newest_at()
        except StoreTrouble:  # told elsewhere; the music goes on
            return None

    def _heard(self) -> list[HealthProblem]:
        """No device, or volume 0: quiet time and mute are no trouble, a lost voice tells its own reason."""
        return [
            HealthProblem(reason.sentence, *MEND[reason.cause])
            for reason in self._hearing(self._context.clock.now()).reasons
            if reason.cause in MEND
        ]

    def _book(self) -> HealthProblem | None:
        fault = self._context.store.ailing()
        if fault is None:
            return None
        what, _, mend = fault.sentence.partition("。")
        return HealthProblem(
            f"{what}。",
            "音乐和大屏照常，报单、通知和改动现在都记不下来。",
            mend or "请检查磁盘和权限。",
            generic="账本现在不能用。",
        )

    def _disk(self) -> HealthProblem | None:
        try:
            free = shutil.disk_usage(self._context.store.path.parent).free
        except OSError:
            return None
        if free >= SPARE:
            return None
        return HealthProblem(
            f"磁盘快满了，还剩 {room_left(free)}。",
            "有空间时一切照常；写不下的订单会当场说明，不会丢在半路。",
            "请清理磁盘，例如删掉不用的音乐和旧的备份。",
            free < LEAST,
        )

    def _clock(self) -> HealthProblem | None:
        if self.clock_trusted():
            return None
        now = self._context.clock.now()
        return HealthProblem(
            f"时钟还没有对准，现在显示 {now:%Y-%m-%d %H:%M}。",
            "定时的音乐和播报先停，手动播报照常。",
            "请接上网络；时间没错的话，在手机“设备”页点“时间是对的”。",
        )

    def _timetable(self) -> HealthProblem | None:
        faults = self._context.timetable_file.faults
        if not faults:
            return None
        return HealthProblem(
            f"作息表有 {len(faults)} 处要改。",
            "仍按上一份正确的作息表运行。",
            "请管作息表的同事看“设备”页，改好后保存，几秒内自动生效。",
            False,
            faults,
        )

    def _speech(self) -> HealthProblem | None:
        fault = self._voice.status().fault
        if fault is None:
            return None
        return HealthProblem(
            fault,
            "播报时只有提示音，内容显示在屏幕上。",
            "请运行 zhangu doctor 查看语音。",
            False,
            generic="语音现在不能用。",
        )

    def _voice_name(self) -> HealthProblem | None:
        sentence = self._speaking.unknown()
        if sentence is None:
            return None
        return HealthProblem(
            f"作息表里的语音不对：{sentence}",
            "先按默认的语音播报。",
            "请改作息表里的 sound.voice 和 sound.results_voice，或在手机“设备”页选语音。",
            False,
            generic="作息表里的语音不对。",
        )

    def _unread(self) -> HealthProblem | None:
        chars = self._voice.unread()
        if not chars:
            return None
        named = "、".join(f"“{char}”" for char in chars[:8])
        return HealthProblem(
            f"{named}不知道怎么念。",
            "播报时跳过这个字，其余照念，大屏上照常显示。",
            "请在“设备”页打开这位同事，写上全名的读音（拼音），例如 li3 luan2。",
            False,
            generic="名字里有不知道怎么念的字。",
        )

    def _effects(self) -> list[HealthProblem]:
        return [
            HealthProblem(
                f"播报用的声音 {name} 坏了：{fault}。",
                "播报照常，只是少了这个声音。",
                f"请把原来的 {name} 放回 sounds 文件夹。",
                False,
                generic="播报用的声音有坏的。",
            )
            for name, fault in self._library.broken_effects().items()
        ]

    def _natural_voice(self) -> HealthProblem | None:
        status = self._voice_install()
        if status.state != FAILED:
            return None
        return HealthProblem(
            f"自然语音没有装上：{status.why}，现在由备用语音播报。",
            "播报照常。",
            status.mend,
            False,
            generic="自然语音没有装上，现在由备用语音播报。",
        )

    def of_the_music(self) -> tuple[HealthProblem, ...]:
        """What is wrong with files of the playlists, the first few; the rest is counted."""
        told = list(self._library.problems())
        if len(told) > MOST_TOLD:
            rest = len(told) - MOST_TOLD + 1
            listed = "手机“广播 → 加歌、删歌”里和 zhangu doctor 里都列着"
            told = [*told[: MOST_TOLD - 1], f"另外还有 {rest} 处音乐的问题，{listed}。"]
        return tuple(
            HealthProblem(
                sentence,
                "其余的照常播放。",
                "换掉或补上文件以后，几秒内自动恢复。",
                False,
                generic="有音乐放不了。",
            )
            for sentence in told
        )


def room_left(free: int) -> str:
    """Bytes as people read them: 77.4 GB, 180 MB."""
    return f"{free / 1e9:.1f} GB" if free >= 1_000_000_000 else f"{free / 1e6:.0f} MB"
