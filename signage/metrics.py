"""`/metrics` for Prometheus, in its text format: figures of the day, the sound, the links and the machine.

Every label has a small, known set of values; the names of links are the only free ones. No names of people.
"""

from __future__ import annotations

import os
import resource
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from flask import Blueprint, current_app
from werkzeug.wrappers import Response

from controller.glance import Glance
from controller.sales.link_messages import MessageState
from controller.sales.model import State
from controller.services import Office
from controller.services.voices import BACKUP, NATURAL, NONE, OWN
from controller.system.paths import version
from signage.auth import needs
from signage.office import office

pages = Blueprint("metrics", __name__)

TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

Labels = tuple[tuple[str, str], ...]
Value = int | float | bool


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its samples: labels and value. `kind`: gauge or counter."""

    name: str
    help: str
    samples: tuple[tuple[Labels, Value], ...]
    kind: str = "gauge"


def written(metrics: Iterable[Metric]) -> str:
    """Return metrics in the text format; those without a sample are left out."""
    lines: list[str] = []
    for metric in metrics:
        if metric.samples:
            lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
            lines += [f"{metric.name}{_labels(labels)} {_number(value)}" for labels, value in metric.samples]
    return "\n".join([*lines, ""])


def _labels(labels: Labels) -> str:
    inside = ",".join(f'{name}="{value.translate(_ESCAPED)}"' for name, value in labels)
    return f"{{{inside}}}" if inside else ""


def _number(value: Value) -> str:
    return str(int(value)) if isinstance(value, bool) else repr(value)


def one(name: str, words: str, value: Value | None, kind: str = "gauge") -> Metric:
    """Return a metric without labels; without samples when the value is unknown."""
    return Metric(name, words, () if value is None else (((), value),), kind)


@pages.get("/metrics")
@needs("read")
def metrics() -> Response:
    """Return figures for Prometheus. Needs a token of any role, such as `zhangu token Prometheus --role wall`."""
    current = office()
    glance = current.snapshot.glance()
    parts = (
        _day(current, glance),
        _room(current, glance),
        _links(current, glance.plan.date),
        _keeping(current, glance.now),
        _machine(),
    )
    return Response(written(metric for part in parts for metric in part), content_type=TYPE)


def _day(current: Office, glance: Glance) -> Iterator[Metric]:
    states = current.history.announcement_counts(glance.plan.date)
    yield one("zhangu_deals_today", "Deals of today that count.", glance.day.count)
    yield one("zhangu_amount_today_yuan", "Sum of today's deals in yuan.", float(glance.day.amount))
    yield one("zhangu_workday", "1 on a working day.", glance.plan.workday)
    yield Metric(
        "zhangu_announcements_today", "Announcements added today by state; heard: spoken on a working device.",
        tuple(((("state", str(state)),), states.get(state, 0)) for state in State),
    )  # fmt: skip
    yield one(
        "zhangu_announcements_waiting", "Announcements of today that wait.", states.get(State.WAITING, 0)
    )


def _room(current: Office, glance: Glance) -> Iterator[Metric]:
    sounding = glance.sounding
    yield one("zhangu_sound_device_up", "1 while there is a sound device.", sounding.device is not None)
    yield one("zhangu_sound_heard", "1 while an announcement would be heard now.", sounding.hearing.hears)
    yield one("zhangu_quiet_time", "1 in quiet time.", glance.state.quiet)
    yield one("zhangu_muted", "1 while a person has muted the sound.", sounding.muted_until is not None)
    yield one("zhangu_music_playing", "1 while music plays.", sounding.track is not None)
    yield one("zhangu_volume_percent", "The volume of all sound.", sounding.volume)
    yield from _loudness(current)
    yield one("zhangu_clock_trusted", "1 while timed sound may follow the clock.", glance.trusted_clock)
    yield Metric(
        "zhangu_problems", "Problems of the machine that phones show now.",
        tuple(
            ((("serious", word),), sum(problem.serious == serious for problem in glance.problems))
            for word, serious in (("true", True), ("false", False))
        ),
    )  # fmt: skip
    voice = current.speaking.speaks().kind
    kinds = (NATURAL, BACKUP, OWN, NONE)
    yield Metric("zhangu_voice", "1 for the kind of the present voice.",
                 tuple(((("kind", kind),), kind == voice) for kind in kinds))  # fmt: skip
    yield one(
        "zhangu_walls_connected", "Walls with an open stream.", current_app.extensions["streams"].walls()
    )


def _loudness(current: Office) -> Iterator[Metric]:
    """Yield the figures of the microphone; without one, or while it is off, there are none."""
    loudness = current.office_loudness.status()
    if not loudness["on"]:
        return
    yield one("zhangu_office_level_db", "Loudness of the office, dB relative to the microphone's full scale; "
              "absent when not measured for ten minutes.", loudness["level_db"])  # fmt: skip
    yield one("zhangu_office_usual_level_db", "The usual loudness of the office.", loudness["usual_db"])
    yield one("zhangu_announcement_gain_db", "By how much the next announcement is louder than usual.",
              loudness["gain_db"])  # fmt: skip


def _links(current: Office, today: date) -> Iterator[Metric]:
    links = [((("link", status.ident),), status) for status in current.links.status()]
    counts = current.links.counts(today)
    yield Metric("zhangu_link_on", "1 while a link is on and not paused.",
                 tuple((labels, status.on and not status.paused) for labels, status in links))  # fmt: skip
    yield Metric("zhangu_link_failing", "1 while the oldest waiting message of a link has failed.",
                 tuple((labels, bool(status.last_why)) for labels, status in links))  # fmt: skip
    yield Metric("zhangu_link_waiting", "Messages of a link that wait.",
                 tuple((labels, status.waiting) for labels, status in links))  # fmt: skip
    yield Metric("zhangu_link_last_success_timestamp_seconds", "When a link last delivered a message.",
                 tuple((labels, status.last_sent.timestamp()) for labels, status in links if status.last_sent),
    )  # fmt: skip
    yield Metric(
        "zhangu_link_messages_today", "Messages of today's events by link and state.",
        tuple(
            ((*labels, ("state", str(state))), counts.get((status.ident, state), 0))
            for labels, status in links for state in MessageState
        ),
    )  # fmt: skip


def _keeping(current: Office, now: datetime) -> Iterator[Metric]:
    with suppress(OSError):
        disk = shutil.disk_usage(current.backups.folder.parent)
        yield one("zhangu_disk_free_bytes", "Free bytes on the disk of the data.", disk.free)
        yield one("zhangu_disk_size_bytes", "Size of the disk of the data.", disk.total)
    with suppress(OSError):
        newest = next(iter(current.backups.all()), None)
        age = (now - newest.made).total_seconds() if newest is not None else None
        yield one("zhangu_backup_age_seconds", "Age of the newest backup on this machine.", age)


def _machine() -> Iterator[Metric]:
    yield Metric("zhangu_info", "The running program.", (((("version", version()),), 1),))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    yield one("process_cpu_seconds_total", "CPU time of the daemon, without its child processes.",
              usage.ru_utime + usage.ru_stime, "counter")  # fmt: skip
    yield one(
        "process_resident_memory_bytes", "Memory of the daemon, without its child processes.", _resident()
    )
    yield one("zhangu_threads", "Threads of the daemon.", threading.active_count())
    yield one("process_start_time_seconds", "When the daemon started.", _STARTED)


def _resident() -> int | None:
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return None


_STARTED: Final = time.time()
