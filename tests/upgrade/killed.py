"""Run the upgrade as root's program does, and die by SIGKILL at its Nth effect: `killed.py PROGRAM DATA N WITHIN_S`.

Effects are Python's own audit events: each file that is opened for writing, renamed, linked or deleted, each folder
made, each program started. With N 0 nothing is killed; the number of effects is printed.
"""

import os
import signal
import sys
from pathlib import Path

from controller.upgrade import steps
from controller.upgrade.journal import Place
from controller.upgrade.machine import Machine

EFFECTS = {
    "os.rename",
    "os.link",
    "os.symlink",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "subprocess.Popen",
    "open",
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
count, last = 0, int(sys.argv[3])


def watch(event: str, values: tuple[object, ...]) -> None:
    global count
    if event not in EFFECTS or (event == "open" and not (isinstance(values[2], int) and values[2] & WRITING)):
        return
    count += 1
    if count == last:
        os.kill(os.getpid(), signal.SIGKILL)


machine = Machine(
    Place(Path(sys.argv[1]), Path(sys.argv[2])), healthy_within_s=float(sys.argv[4]), settled_s=0.3
)
sys.addaudithook(watch)
if sys.argv[5:] == ["--boot"]:
    steps.recover(machine, boot=True)
else:
    steps.run(machine)
print(count)
