"""Voices on this machine: list, install, save for another machine, choose, remove."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller.cli.errors import FAILED, WRONG, echo, home_option, stop
from controller.system.paths import chosen, command, packaged

if TYPE_CHECKING:
    from urllib.error import HTTPError

    from controller.sound.tts.install import InstalledVoice
    from controller.sound.tts.speakers import Speaker
    from controller.system.paths import Home

KINDS = {"kokoro": "自然语音", "sherpa": "sherpa-onnx", "piper": "Piper", "espeak": "备用语音，不用安装"}


@click.group(invoke_without_command=True)
@home_option
@click.pass_context
def voices(context: click.Context, home: Path | None) -> None:
    """Voices on this machine; without a command: list them."""
    context.obj = home
    if context.invoked_subcommand is None:
        _list(chosen(home))


@voices.command(name="list")
@home_option
@click.pass_obj
def list_(outer: Path | None, home: Path | None) -> None:
    """List the voices, with their sizes."""
    _list(chosen(home or outer))


@voices.command()
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="A folder made by `zhangu voices save`, or with the downloaded packages, instead of the internet.",
)
@home_option
@click.pass_obj
def install(outer: Path | None, source: Path | None, home: Path | None) -> None:
    """Install the natural voice (90 MB, once), or repair it; continues where it was interrupted."""
    from controller.sound.tts import install as files
    from controller.system.process import running

    where = chosen(home or outer)
    with _with_progress("安装自然语音") as progress:
        files.install(where.var / "voices", progress, source)
    echo("自然语音装好了。")
    if running(where.running):
        echo("正在运行的战鼓十几秒内换上它。")


@voices.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@home_option
@click.pass_obj
def save(outer: Path | None, folder: Path, home: Path | None) -> None:
    """Save the natural voice's files into FOLDER, to be carried to an office without internet."""
    from controller.sound.tts import install as files

    with _with_progress("下载自然语音") as progress:
        files.save(folder, progress, chosen(home or outer).var / "voices")
    echo(f"存好了。把 {folder} 拷到那台机器，再运行 zhangu voices install --from 文件夹。")


@voices.command()
@click.argument("name")
@home_option
@click.pass_obj
def choose(outer: Path | None, name: str, home: Path | None) -> None:
    """Choose who speaks: auto, espeak, a speaker such as 晓晓, or a folder under var/voices."""
    from controller.system.process import running

    where = chosen(home or outer)
    voice = _voice(where, name)
    daemon = running(where.running)
    if not daemon.get("port"):
        stop(
            f"战鼓没有在运行，没有改。请在 {where.timetable} 写 sound: {{voice: {voice}}}，或先启动战鼓再选。",
            FAILED,
        )
    failed = _put(daemon, {"voice": voice})
    if failed:
        stop(failed, FAILED)
    echo(f"选好了：{voice}。下一次播报起用。")


@voices.command()
@click.argument("name")
@home_option
@click.pass_obj
def remove(outer: Path | None, name: str, home: Path | None) -> None:
    """Remove a voice's folder; the natural voice is called kokoro."""
    from controller.sound.tts import install as files
    from controller.sound.tts.download import CannotInstall

    try:
        files.remove(chosen(home or outer).var / "voices", name)
    except CannotInstall as error:
        stop(error.sentence, FAILED)
    echo(f"已删除 {name}。")


def _list(home: Home) -> None:
    from controller.sound.tts import install as files
    from controller.sound.tts import speakers
    from controller.sound.tts.download import MEND_PACKAGED

    folder = home.var / "voices"
    voices_here = files.listing(folder)
    if not any(voice.kind == "kokoro" for voice in voices_here):
        away = (
            f"没有装，运行 {command()} voices install（下载约 90 MB）。{MEND_PACKAGED if packaged() else ''}"
        )
        state = "正在安装" if files.is_busy(folder) else away.removesuffix("。")
        echo(f"✗ 自然语音：{state}")
    for voice in voices_here:
        echo(_line(voice))
        if voice.kind == "kokoro" and voice.whole:
            echo("  " + "　".join(speaker.name for speaker in speakers.mandarin()))


def _line(voice: InstalledVoice) -> str:
    if not voice.whole:
        return f"✗ {KINDS[voice.kind]}（{voice.key}）：文件不全，运行 {command()} voices install 补齐"
    size = f"，{voice.bytes / 1_000_000:.0f} MB" if voice.bytes else ""
    return f"✓ {voice.key}：{KINDS[voice.kind]}{size}"


def _voice(home: Home, name: str) -> str:
    """Return the name as the timetable takes it; end the command when no voice has it."""
    from controller.sound.tts import install as files
    from controller.sound.tts import speakers

    own = [voice.key for voice in files.listing(home.var / "voices") if voice.kind in ("sherpa", "piper")]
    if name in (speakers.AUTO, speakers.ESPEAK, *own):
        return name
    speaker = speakers.find(name)
    if speaker is None:
        known = [_called(one) for one in speakers.mandarin()]
        stop(f"没有名为“{name}”的语音。可以选：{'、'.join(['auto', *known, *own, 'espeak'])}。", WRONG)
    return _called(speaker)


def _called(speaker: Speaker) -> str:
    return speaker.name.split("（")[0]


def _put(daemon: dict[str, object], choice: dict[str, str]) -> str | None:
    """Ask the running daemon; return a sentence when it refused."""
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        f"http://127.0.0.1:{daemon['port']}/api/voice",
        json.dumps(choice).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {daemon.get('token')}"},
        method="PUT",
    )
    try:
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310
            return None
    except urllib.error.HTTPError as error:
        with error:
            return _refusal(error)
    except OSError:
        return "战鼓在运行，但没有回应。请看 var/log/zhangu.log。"


def _refusal(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"战鼓没有接受（{error.code}）。请重新启动战鼓再试。"


@contextmanager
def _with_progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress as a bar, or as a line for each tenth without a terminal; end the command on a refusal."""
    from controller.sound.tts.download import CannotInstall

    try:
        if not sys.stdout.isatty():
            yield _ProgressLine(label)
            return
        with click.progressbar(length=1000, label=label, show_eta=False) as bar:

            def report(done: int, total: int) -> None:
                bar.update(1000 * done // max(1, total) - bar.pos)

            yield report
    except CannotInstall as error:
        stop(error.sentence, FAILED)
    except KeyboardInterrupt:
        stop(f"停下了，已经下载的留着。再运行一次就接着来：{label}。", FAILED)


class _ProgressLine:
    """A progress report with one line for each tenth."""

    def __init__(self, label: str) -> None:
        self._label, self._last = label, -1

    def __call__(self, done: int, total: int) -> None:
        tenth = 10 * done // max(1, total)
        if tenth != self._last:
            self._last = tenth
            echo(f"{self._label}：{10 * tenth}%")


COMMANDS = (voices,)
