"""A speaker under test with its events recorded."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from controller.sound.speaker import Event, Speaker


class Events:
    """The events of a speaker, in sequence."""

    def __init__(self) -> None:
        self.all: list[Event] = []
        self._changed = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._changed:
            self.all.append(event)
            self._changed.notify_all()

    def wait(self, kind: str, count: int = 1, within: float = 60, **values: object) -> Event:
        """Return the count-th event of this kind with these values; fail when it does not come."""
        end = time.monotonic() + within
        with self._changed:
            while True:
                found = [e for e in self.of(kind) if all(getattr(e, k) == v for k, v in values.items())]
                if len(found) >= count:
                    return found[count - 1]
                left = end - time.monotonic()
                assert left > 0, f"no {kind} {values} within {within} s, only {self.all}"
                self._changed.wait(left)

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.all if event.kind == kind]


@contextmanager
def speaking(env: Mapping[str, str], latency_ms: float | None = None) -> Iterator[tuple[Speaker, Events]]:
    """Start a speaker and wait for its device."""
    events = Events()
    speaker = Speaker(events, env=env, latency_ms=latency_ms)
    speaker.start()
    try:
        events.wait("ready")
        yield speaker, events
    finally:
        speaker.close()
