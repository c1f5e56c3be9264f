"""The steps of an upgrade, of going back, and of recovering after a stop anywhere between them.

The journal names each step before it begins. Up to `unpacking` nothing in use has been touched, and recovery only
cleans up; from `stopping` to `starting` recovery returns to the release of before; `done` is finished forward. Each
step can be repeated.
"""

from __future__ import annotations

import subprocess

from controller.sales.model import StoreTrouble
from controller.system.os_errors import reason
from controller.upgrade import mailbox
from controller.upgrade.journal import (
    BACK,
    CHECKING,
    DONE,
    FITTING,
    HARMLESS,
    INSTALL,
    REFUSED,
    RETURNED,
    ROLLBACK,
    STARTING,
    STOPPING,
    SUCCEEDED,
    SWITCHING,
    UNPACKING,
    Journal,
    read_journal,
)
from controller.upgrade.machine import Machine, architecture, is_older
from controller.upgrade.signature import CannotUpgrade, Statement
from controller.upgrade.trial import Health

INTERRUPTED = "中途断电或被打断"


def run(machine: Machine) -> None:
    """Recover from an earlier stop, then carry out the waiting request."""
    recover(machine)
    request = mailbox.read(machine.place.data)
    if request is None:
        mailbox.discard(machine.place.data, mailbox.REQUEST)
        return
    journal = Journal(request.ident, request.what, machine.place.release("current"))
    machine.note(journal)
    mailbox.discard(machine.place.data, mailbox.REQUEST)
    try:
        if request.what == ROLLBACK:
            journal = _prepared_rollback(machine, journal)
        else:
            journal = _prepared_upgrade(machine, journal, older=request.older)
    except (CannotUpgrade, OSError) as error:
        refuse(machine, journal, _sentence(error))
        return
    activate(machine, journal)


def install(machine: Machine, version: str) -> None:
    """Use the release that the package manager has laid. Raises OSError."""
    recover(machine)
    source = machine.place.release("current")
    journal = Journal("0" * 8, INSTALL, source, version, UNPACKING)
    machine.note(journal)
    if source == version:
        refuse(machine, journal, f"已经是 {version}。")
        return
    machine.adopt(machine.place.package, version)
    activate(machine, journal)


def recover(machine: Machine, *, boot: bool = False) -> None:
    """Bring the machine to a working release after a stop in the middle. `boot`: the service starts by itself."""
    journal = read_journal(machine.place)
    if journal is None:
        machine.forget()
        machine.prune()
        return
    if journal.step == DONE:
        finish(machine, journal)
    elif journal.step in HARMLESS:
        refuse(machine, journal, f"{INTERRUPTED}，没有升级，一切照旧。请再试一次。")
    else:
        go_back(machine, journal, INTERRUPTED, boot=boot)


def activate(machine: Machine, journal: Journal) -> None:
    """Stop, make the database fit, switch, start, and wait until it is healthy; else go back."""
    before = machine.health()
    machine.note(journal.at(STOPPING))
    try:
        if journal.source:
            machine.stop()
        machine.note(journal.at(FITTING))
        machine.fit(journal.target)
        machine.note(journal.at(SWITCHING))
        machine.switch("current", journal.target)
        machine.reload()
        machine.note(journal.at(STARTING))
        machine.start()
        why = _judged(machine, journal, before)
    except (CannotUpgrade, OSError, subprocess.SubprocessError) as error:
        why = _sentence(error).rstrip("。")
    if why and journal.source:
        go_back(machine, journal, why)
        return
    machine.note(journal.at(DONE))
    finish(machine, journal)


def _judged(machine: Machine, journal: Journal, before: Health | None) -> str:
    """Return why the started version is not healthy; a first installation is not judged."""
    if not journal.source or not machine.runs_services:
        return ""
    return machine.unhealthy(journal.target, before)


def finish(machine: Machine, journal: Journal) -> None:
    """Conclude a success."""
    version = machine.version_in(journal.target)
    sentence = f"已退回 {version}。" if journal.what == ROLLBACK else f"已升级到 {version}。"
    if not journal.source:
        sentence = f"已装好 {version}。"
    machine.switch("good", journal.target)
    if journal.source:
        machine.switch("previous", journal.source)
    machine.conclude(journal, SUCCEEDED, sentence)
    machine.forget()
    machine.prune()


def go_back(machine: Machine, journal: Journal, why: str, *, boot: bool = False) -> None:
    """Return to the release of before, with a database that it can read."""
    machine.note(journal.at(BACK))
    if not boot:
        machine.stop()
    try:
        machine.fit(journal.source)
    except (
        CannotUpgrade,
        subprocess.SubprocessError,
    ) as error:  # the program says so itself, and the music plays
        why = f"{why}；{_sentence(error).rstrip('。')}"
    machine.switch("current", journal.source)
    machine.reload()
    if not boot:
        machine.start()
    was, goal = machine.version_in(journal.source), journal.target
    machine.switch("good", journal.source)
    machine.conclude(journal, RETURNED, f"{goal} 没有正常运行（{why}），已自动回到 {was}，订单都在。")
    machine.forget()
    machine.prune()


def refuse(machine: Machine, journal: Journal, sentence: str) -> None:
    """Conclude a request that touched nothing."""
    machine.conclude(journal, REFUSED, sentence)
    machine.forget()
    machine.prune()


def _prepared_rollback(machine: Machine, journal: Journal) -> Journal:
    target = machine.place.release("previous")
    if not target or target == journal.source:
        raise CannotUpgrade("没有可以退回的版本，一切照旧。")
    return Journal(journal.ident, journal.what, journal.source, target)


def _prepared_upgrade(machine: Machine, journal: Journal, *, older: bool) -> Journal:
    """Check the package and lay its release beside the present one. Raises CannotUpgrade."""
    machine.note(journal.at(CHECKING))
    package = machine.take()
    found = machine.statement(package)
    _allow(found, machine.version_in(journal.source), older=older)
    journal = Journal(journal.ident, journal.what, journal.source, found.version, UNPACKING)
    machine.note(journal)
    if found.version != machine.place.release("previous"):
        machine.room(found.installed)
        machine.unpack(package, found.version)
    return journal


def _allow(found: Statement, present: str, *, older: bool) -> None:
    """Raise CannotUpgrade for a package that is not for this machine, or no newer version."""
    here = architecture()
    if found.package != "zhangu":
        raise CannotUpgrade(
            f"这是 {found.package} 的安装包，不是战鼓的新版本。没有升级，一切照旧。请用 apt 安装它。"
        )
    if found.architecture not in (here, "all"):
        raise CannotUpgrade(
            f"这个安装包是给 {found.architecture} 的，这台机器要 {here} 的。没有升级，一切照旧。请换一份。"
        )
    if found.version == present:
        raise CannotUpgrade(f"已经是 {present}，不用升级。")
    if is_older(found.version, present) and not older:
        raise CannotUpgrade(
            f"安装包是 {found.version}，比现在的 {present} 旧。没有升级，一切照旧。"
            "要回到上一个版本，用“退回”；确实要装旧的，在主机上加 --allow-older。"
        )


def _sentence(error: Exception) -> str:
    if isinstance(error, CannotUpgrade | StoreTrouble):
        return error.sentence
    if isinstance(error, OSError):
        return f"{reason(error)}，一切照旧。"
    return "系统没有照做"
