"""The thread that keeps the connection: its attempts, its pauses, and that it never ends."""

from __future__ import annotations

from typing import Any

from rig import wait_for

from controller.cities.document import Version
from controller.cities.invitation import Access
from controller.cities.link import LONGEST_WAIT_S, Link, pause_after
from controller.cities.side import Session
from controller.cities.way import HTTPS, MQTT, Trying, way_of
from tests.ports import free_port


def test_a_line_that_is_cut_for_days_is_tried_again() -> None:
    """After any number of failures the pause is short."""
    for failures in (0, 1, 10, 1_000, 100_000):
        assert 0 < pause_after(failures) <= LONGEST_WAIT_S


class FullDisk:
    """A side whose store cannot be written at first."""

    def __init__(self) -> None:
        self.sessions, self.downs = 0, []

    def access(self) -> Access:
        return Access("127.0.0.1", free_port(), "huaxing", "北京", "x", tls=False)

    def open_session(self, access: Access) -> Session:
        self.sessions += 1
        if self.sessions == 1:
            raise OSError("the disk is full")
        return Session(access, Version(1, self.sessions), "ab" * 8)

    def down(self, why: str, *_: Any) -> None:
        self.downs.append(why)


def test_a_store_that_cannot_be_written_does_not_end_the_thread() -> None:
    """The next attempt comes as usual."""
    side = FullDisk()
    link = Link(side)  # type: ignore[arg-type]
    link.start()
    wait_for(lambda: side.downs[:2] == ["failed", "not_running"])
    link.close()


def test_the_way_changes_after_two_failures_and_stays_where_it_works() -> None:
    """Automatic: MQTT, MQTT, HTTPS, HTTPS, MQTT …; a choice of the office is kept; without a gateway MQTT alone."""
    access = Access("h", 1, "huaxing", "北京", "x", https=443)
    tried, trying = [], Trying()
    for _ in range(6):
        tried.append(way_of(access, trying))
        trying = trying.after(was_up=False)
    assert tried == [MQTT, MQTT, HTTPS, HTTPS, MQTT, MQTT]
    works = Trying(HTTPS, 1).after(was_up=True)
    assert way_of(access, works) == way_of(access, works.after(was_up=False)) == HTTPS
    for choice in (MQTT, HTTPS):
        assert way_of(Access("h", 1, "o", "b", "x", https=443, way=choice), Trying(HTTPS)) == choice
    assert way_of(Access("h", 1, "o", "b", "x", way=HTTPS), Trying(HTTPS)) == MQTT
