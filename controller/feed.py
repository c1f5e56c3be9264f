"""Notify screens of «revision N» without ever waiting for one.

Every subscriber holds exactly one number: a slow screen gets the newest one and skips those it missed.
"""

from __future__ import annotations

import threading


class Subscription:
    """The subscription of one screen. `get` waits for the next revision; `close` ends it."""

    def __init__(self, feed: Feed, name: str | None):
        self._feed, self.name = feed, name
        self._wake = threading.Event()
        self._newest = 0
        self.closed = False

    def _offer(self, revision: int) -> None:
        self._newest = revision
        self._wake.set()

    def get(self, timeout: float) -> int | None:
        """Return the newest revision since the last call, or None after `timeout` seconds or when closed."""
        if not self._wake.wait(timeout):
            return None
        self._wake.clear()
        return None if self.closed else self._newest

    def close(self) -> None:
        """End this subscription; a waiting `get` returns at once."""
        self._feed._forget(self)
        self.closed = True
        self._wake.set()


class Feed:
    """Count changes and notify subscribers. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._revision = 1
        self._subscriptions: set[Subscription] = set()

    @property
    def revision(self) -> int:
        """The number of the present state; grows with each `notify`."""
        return self._revision

    @property
    def listeners(self) -> int:
        """Number of open subscriptions."""
        return len(self._subscriptions)

    def subscribe(self, name: str | None = None) -> Subscription:
        """Return a new subscription and close an older one of the same name: a screen that reconnected."""
        new = Subscription(self, name)
        with self._lock:
            old = [s for s in self._subscriptions if name is not None and s.name == name]
            self._subscriptions.add(new)
        for subscription in old:
            subscription.close()
        return new

    def notify(self) -> int:
        """Signal that the content of screens has changed; return the new revision."""
        with self._lock:
            self._revision += 1
            revision, listening = self._revision, tuple(self._subscriptions)
        for subscription in listening:
            subscription._offer(revision)
        return revision

    def _forget(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions.discard(subscription)
