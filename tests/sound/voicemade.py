"""A small natural voice in packages of the real layout, for the installer's tests."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import random
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from controller.sound.tts.packages import Catalogue, File, Part

ROOT = Path(__file__).resolve().parents[2]
ARCHIVE = "little-voice-1.0.0.tgz"
DRIVER = """
import pickle, sys
from pathlib import Path
from controller.sound.tts import install as voices
from controller.sound.tts.download import CannotInstall
made = pickle.load(sys.stdin.buffer)
print("go", flush=True)
try:
    voices.install(made["voices"], lambda done, total: None, made["source"], made["catalogue"])
except CannotInstall as error:
    print(error.sentence)
    sys.exit(1)
"""

KILLER = """
import os, pickle, random, signal, sys, time
from controller.sound.tts import packages as kokorofiles; from controller.sound.tts import install as voices
made = pickle.load(sys.stdin.buffer)
chance = random.Random(8)

def attempt(target, moment):
    child = os.fork()
    if child == 0:
        voices.install(target, lambda done, total: None, made["source"], made["catalogue"])
        os._exit(0)
    began = time.monotonic()
    ended = os.WEXITED | os.WNOHANG | os.WNOWAIT
    while os.waitid(os.P_PID, child, ended) is None and time.monotonic() - began < moment:
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    return killed, time.monotonic() - began

_, whole = attempt(made["voices"].with_name("measured"), 60)
deaths = 0
while deaths < 50:
    killed, _ = attempt(made["voices"], chance.uniform(0, whole))
    deaths += killed
    folder = made["voices"] / "kokoro"
    if folder.exists():
        assert kokorofiles.faulty(made["voices"], made["catalogue"]) == []
        folder.rename(folder.with_name(f".removing-{deaths}"))
    else:
        assert killed
print(deaths)
"""


def made(folder: Path, parts: int = 4, size: int = 200_000) -> Catalogue:
    """Write wheels and an npm package with random content into `folder`; return their catalogue."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(8)
    pieces = [chance.randbytes(size - (number == parts)) for number in range(1, parts + 1)]
    speakers = {name: chance.randbytes(5000) for name in ("zf_xiaoxiao.bin", "zm_yunxi.bin")}
    wheels = [_wheel(folder, number, piece) for number, piece in enumerate(pieces, 1)]
    archive = tgz(folder / ARCHIVE, {f"package/voices/{name}": data for name, data in speakers.items()})
    return Catalogue(
        _file("kokoro-little.onnx", b"".join(pieces)),
        tuple(
            Part(f"little-voice-{number}", "1.0", f"little_voice_{number}/part.bin", _file(f"{number}.part", piece),
                 wheel.stat().st_size)
            for number, (piece, wheel) in enumerate(zip(pieces, wheels, strict=True), 1)
        ),
        tuple(_file(name, data) for name, data in speakers.items()),
        str(archive),
        ARCHIVE,
        archive.stat().st_size,
    )  # fmt: skip


def _file(name: str, data: bytes) -> File:
    return File(name, len(data), hashlib.sha256(data).hexdigest())


def _wheel(folder: Path, number: int, piece: bytes) -> Path:
    name = f"little_voice_{number}"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}/part.bin", piece)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: little-voice-{number}\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


def tgz(path: Path, members: Mapping[str, bytes | tarfile.TarInfo]) -> Path:
    """Write a package as npm makes it; a TarInfo is added unchanged."""
    package = json.dumps({"name": "little-voice", "version": "1.0.0"}).encode()
    with tarfile.open(path, "w:gz") as out:
        for name, data in {"package/package.json": package, **members}.items():
            info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(name)
            content = b"" if isinstance(data, tarfile.TarInfo) else data
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return path


def killed_fifty_times(voices: Path, catalogue: Catalogue, source: Path) -> tuple[int, str]:
    """Kill 50 installers at random moments, and check the finished files after each; return (exit code, output)."""
    done = subprocess.run(
        [sys.executable, "-c", KILLER], cwd=ROOT, capture_output=True, timeout=120,
        input=pickle.dumps({"voices": voices, "source": source, "catalogue": catalogue}),
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).decode()


def installer(
    voices: Path, catalogue: Catalogue, source: Path | None, env: Mapping[str, str], limit: int | None = None
) -> subprocess.Popen[bytes]:
    """Return the installer as a process that has just started; no file of it may be larger than `limit` bytes."""
    command = [sys.executable, "-c", DRIVER]
    if limit is not None:
        command = ["prlimit", f"--fsize={limit}", *command]
    process = subprocess.Popen(
        command, cwd=ROOT, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(pickle.dumps({"voices": voices, "source": source, "catalogue": catalogue}))
    process.stdin.close()
    assert process.stdout.readline() == b"go\n"
    return process


def finished(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Return exit code and sentence."""
    assert process.stdout is not None
    with process.stdout:
        said = process.stdout.read().decode().strip()
    return process.wait(60), said
