"""Phones and rights in the store: invitations, personal PINs, owners, and people who leave."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.sales.model import Conflict, Refused
from controller.sales.people_import import PersonRow
from controller.sales.settings import BY_PHONE, SignIn
from controller.sales.store import Store
from controller.sales.store_file import schema_scripts
from controller.services.auth import Credentials
from controller.services.phones import Invited
from controller.system.process import uptime


class Machine:
    """Keys whose machine has a settable uptime."""

    def __init__(self, folder: Path) -> None:
        self.boot, self.up_s = "first boot", 100.0
        self.store = Store(folder / "book.db")
        self.keys = Credentials(self.store, up=lambda: (self.boot, self.up_s))
        with self.store.write() as session:
            self.people = {
                name: session.roster.save_person(PersonRow("猛虎队", name))[0].id
                for name in ("王小明", "陈芳")
            }

    def join(self, invited: Invited) -> int | None:
        """Use the link; return the session's id, None when it does not work."""
        invitation = self.keys.phones.look(link=invited.link)
        joined = self.keys.phones.join(invitation, "iPhone", "10.0.0.2", secure=False) if invitation else None
        phone = self.keys.session(joined[0], secure=False) if joined else None
        return phone.id if phone else None

    def owner(self) -> int:
        ident = self.join(self.keys.phones.invite("owner"))
        assert ident is not None
        return ident


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_link_and_its_code_work_once(machine: Machine) -> None:
    """Either of the two adds a phone with the role and person; then neither works."""
    phones = machine.keys.phones
    invited = phones.invite("leader", machine.people["王小明"])
    assert re.fullmatch(r"\d{8}", invited.code)
    by_code = phones.look(code=invited.code)
    assert by_code == phones.look(link=invited.link)
    assert by_code is not None
    joined = phones.join(by_code, "iPhone", "10.0.0.2", secure=False)
    assert joined is not None
    phone = machine.keys.session(joined[0], secure=False)
    assert phone is not None
    assert (phone.role, phone.person, phone.how, phone.name) == ("leader", "王小明", "phone", "王小明 iPhone")
    assert phones.look(code=invited.code) is phones.look(link=invited.link) is None
    assert phones.join(by_code, "another", "10.0.0.3", secure=False) is None


def test_an_invitation_ends_after_ten_minutes_of_running_time(machine: Machine) -> None:
    """Ten minutes by the machine's uptime, an hour for the owner; a restart of the machine ends both."""
    phones = machine.keys.phones
    phone, owner = phones.invite("assistant"), phones.invite_owner()
    machine.up_s += 599
    assert phones.look(link=phone.link)
    machine.up_s += 2
    assert phones.look(link=phone.link) is phones.look(code=phone.code) is None
    assert phones.look(link=owner.link)
    machine.boot, machine.up_s = "second boot", 10.0
    assert phones.look(link=owner.link) is None


def test_a_wrong_clock_changes_no_invitation(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of an invitation does not depend on the date: the clock may jump to 1970 or 2090 meanwhile."""
    invited = machine.keys.phones.invite("assistant")
    assert uptime()[0]
    assert uptime()[1] > 0

    class Jumped(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2090, 1, 1, tzinfo=UTC)

    monkeypatch.setattr("controller.services.phones.datetime", Jumped)
    assert machine.keys.phones.look(link=invited.link)


def test_another_owner_link_ends_the_one_before(machine: Machine) -> None:
    """`zhangu owner` run twice: only the second link works."""
    first, second = machine.keys.phones.invite_owner(), machine.keys.phones.invite_owner()
    assert machine.keys.phones.look(link=first.link) is None
    assert machine.keys.phones.look(link=second.link)


def test_the_links_for_a_first_owner_work_until_one_is_used(machine: Machine) -> None:
    """The installation, the box's screen and the status each show one; the first phone that joins ends the others."""
    phones = machine.keys.phones
    shown = [phones.invite_first_owner() for _ in range(3)]
    assert all(phones.look(link=one.link) for one in shown)
    assert machine.join(shown[0]) is not None
    assert not any(phones.look(link=one.link) or phones.look(code=one.code) for one in shown)


def test_one_owner_adds_two_more_at_once(machine: Machine) -> None:
    """With an owner in the office, a link that is used ends no other."""
    machine.owner()
    one, other = (machine.keys.phones.invite("owner") for _ in range(2))
    assert machine.join(one) is not None
    assert machine.join(other) is not None


def test_open_invitations_are_bounded(machine: Machine) -> None:
    """A hundred invitations leave the newest twenty."""
    invited = [machine.keys.phones.invite("assistant") for _ in range(25)]
    assert [bool(machine.keys.phones.look(link=one.link)) for one in invited] == [False] * 5 + [True] * 20


@pytest.mark.parametrize(("role", "field"), [("leader", "person"), ("wall", "role"), ("", "role")])
def test_a_phone_without_a_fitting_role_is_refused(machine: Machine, role: str, field: str) -> None:
    """A leader's phone needs its person; a wall or an unknown word is no role of a phone."""
    with pytest.raises(Refused) as refused:
        machine.keys.phones.invite(role)
    assert refused.value.field == field
    with pytest.raises(Refused, match="没有这个人"):
        machine.keys.phones.invite("assistant", 999)


def test_the_last_owner_stays(machine: Machine) -> None:
    """Two owners: one may be removed, the last one not, with a sentence; a manager removes neither."""
    first, second = machine.owner(), machine.owner()
    with pytest.raises(Conflict, match="身份比您高"):
        machine.keys.remove_phone(first, "manager")
    assert machine.keys.remove_phone(first, "owner")
    with pytest.raises(Conflict, match="最后一台负责人的手机"):
        machine.keys.remove_phone(second, "owner")
    assert machine.keys.remove_phone(first, "owner") is None
    assert machine.keys.signed_in() == {second}


def test_two_owners_who_remove_each_other_leave_one(machine: Machine) -> None:
    """At the same moment, many times: always exactly one owner is left."""
    for _ in range(10):
        while len(machine.keys.signed_in()) < 2:
            machine.owner()
        pair = machine.keys.signed_in()
        start = threading.Barrier(2)
        refused: list[str] = []

        def remove(ident: int, start: threading.Barrier = start, refused: list[str] = refused) -> None:
            start.wait()
            try:
                machine.keys.remove_phone(ident, "owner")
            except Conflict as conflict:
                refused.append(conflict.sentence)

        threads = [threading.Thread(target=remove, args=(ident,)) for ident in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 1
        assert len(machine.keys.signed_in()) == 1


def test_who_leaves_the_office_has_no_access(machine: Machine) -> None:
    """A removed person's phone, open invitation and personal PIN end at once and do not come back with the person."""
    person = machine.people["王小明"]
    phone = machine.join(machine.keys.phones.invite("leader", person))
    invited = machine.keys.phones.invite("leader", person)
    _, pin = machine.keys.personal.set(person, "leader", "owner")
    assert phone in machine.keys.signed_in()
    with machine.store.write() as session:
        session.roster.remove_person(person)
        left = [
            session.rows.all(f"SELECT * FROM {table}")
            for table in ("sessions", "invitations", "personal_pins")
        ]
    assert left == [[], [], []]
    for _ in range(2):
        assert phone not in machine.keys.signed_in()
        assert machine.keys.phones.look(link=invited.link) is None
        assert machine.keys.personal.check(person, pin) is None
        with machine.store.write() as session:
            session.roster.save_person(PersonRow("猛虎队", "王小明"))


def test_a_personal_pin_is_checked_and_replaced(machine: Machine) -> None:
    """Only the right person with the right PIN; a new PIN ends the old one and its sessions; no owner has one."""
    personal, person = machine.keys.personal, machine.people["陈芳"]
    _, old = personal.set(person, "assistant", "manager")
    row = personal.check(person, old)
    assert row is not None
    assert personal.check(machine.people["王小明"], old) is None
    assert personal.check(person, f"{(int(old) + 1) % 1_000_000:06d}") is None
    assert personal.check(10**9, old) is None
    secret, name = personal.sign_in(row, "iPad", "10.0.0.9", secure=False, most=300)
    phone = machine.keys.session(secret, secure=False)
    assert phone is not None
    assert (phone.role, phone.person, name) == ("assistant", "陈芳", "陈芳 iPad")
    _, new = personal.set(person, "manager", "manager")
    assert machine.keys.session(secret, secure=False) is None
    assert new == old or personal.check(person, old) is None
    with pytest.raises(Refused, match="负责人只用自己的手机"):
        personal.set(person, "owner", "owner")
    with pytest.raises(Conflict, match="更高的身份"):
        personal.set(person, "assistant", "assistant")
    assert personal.remove(person, "owner") == "陈芳"
    assert personal.remove(person, "owner") is None


def test_a_shared_phone_is_signed_in_for_half_a_day(machine: Machine) -> None:
    """A personal PIN's session ends after 12 hours, an added phone's 180 days after its last use."""
    person = machine.people["陈芳"]
    machine.keys.personal.set(person, "assistant", "owner")
    (row,) = machine.keys.personal.all()
    shared = machine.keys.personal.sign_in(row, "iPad", "10.0.0.9", secure=False, most=300)[0]
    own = machine.owner()
    for column, hours, left in (
        ("created", 11, 2),
        ("created", 2, 1),
        ("seen", 24 * 179, 1),
        ("seen", 48, 0),
    ):
        with machine.store.write() as session:
            session.rows.change(f"UPDATE sessions SET {column} = {column} - ?", hours * 3_600_000)
        assert len(machine.keys.signed_in()) == left, (column, hours)
    assert machine.keys.session(shared, secure=False) is None
    assert own not in machine.keys.signed_in()


def test_nothing_secret_is_stored_readably(machine: Machine) -> None:
    """Links, codes, sessions and personal PINs are stored as hashes; the office's PIN is readable by design."""
    invited = machine.keys.phones.invite("assistant")
    _, pin = machine.keys.personal.set(machine.people["陈芳"], "assistant", "owner")
    with machine.store.read() as session:
        tables = ("sessions", "invitations", "personal_pins", "settings", "change_log")
        kept = str([session.rows.all(f"SELECT * FROM {table}") for table in tables])
        hashes = str(session.rows.all("SELECT hash, role, person_id FROM personal_pins"))
    assert not any(secret in kept for secret in (invited.link, invited.code))
    assert f"'{pin}'" not in hashes


def test_many_sign_ins_by_pin_push_no_added_phone_out(machine: Machine) -> None:
    """400 sign-ins with the office's PIN leave the newest 300 of them, and the owner's phone."""
    own = machine.owner()
    with machine.store.write() as session:
        session.rows.change("UPDATE sessions SET seen = seen - 86400000")
        for number in range(310):
            session.settings.open_session(
                f"s{number}", SignIn("x", "a", secure=False), datetime.now(UTC), 300
            )
    assert own in machine.keys.signed_in()
    assert len(machine.keys.signed_in()) == 301
    assert [one.how for one in machine.keys.sessions()].count(BY_PHONE) == 1


def test_the_office_pin_is_switched_off_only_with_an_owner(machine: Machine) -> None:
    """Without an owner's phone it stays on; off ends its sessions and refuses it; on again it is the same PIN."""
    keys = machine.keys
    secret = keys.open_session("iPhone", "10.0.0.2", secure=False)
    with pytest.raises(Conflict, match="还没有负责人"):
        keys.set_pin_on(on=False)
    assert keys.check_pin(keys.pin())
    own = machine.owner()
    keys.set_pin_on(on=False)
    assert not keys.check_pin(keys.pin())
    assert keys.session(secret, secure=False) is None
    assert keys.signed_in() == {own}
    keys.set_pin_on(on=True)
    assert keys.check_pin(keys.pin())


def test_an_upgrade_locks_nobody_out(tmp_path: Path) -> None:
    """A store of the last release: its signed-in phone stays an assistant, its token keeps its role, its PIN works."""
    path, scripts = tmp_path / "book.db", schema_scripts()[:3]
    with closing(sqlite3.connect(path)) as old:
        for script in scripts:
            old.executescript(script)
        now_ms = round(datetime.now(UTC).timestamp() * 1000)
        secret = hashlib.sha256(b"cookie").hexdigest()
        old.execute(
            "INSERT INTO sessions VALUES (1, ?, 'iPhone', '10.0.0.2', 0, ?, ?)", (secret, now_ms, now_ms)
        )
        old.execute("INSERT INTO settings VALUES ('pin', '\"042137\"')")
        old.execute(f"PRAGMA user_version = {len(scripts)}")
        old.commit()
    keys = Credentials(Store(path))
    phone = keys.session("cookie", secure=False)
    assert phone is not None
    assert (phone.role, phone.how, phone.person) == ("assistant", "pin", None)
    assert keys.check_pin("042137")
    assert not keys.has_owner()


def test_the_log_only_grows(machine: Machine) -> None:
    """No line is changed or deleted, except old ones: two years old, and never one of the newest 10,000."""
    log, now = machine.keys.log, datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
    for number in range(3):
        log.add("owner", "张三\x1b[2J", f"第{number}件事\n另一行", "10.0.0.1")
    assert [line.deed for line in log.lines()] == [f"第{number}件事\\n另一行" for number in (2, 1, 0)]
    assert log.lines()[0].who == "张三\\x1b[2J"
    for sql in ("UPDATE change_log SET deed = 'x'", "DELETE FROM change_log WHERE id = 1"):
        with pytest.raises(Exception, match="line of the log"), machine.store.write() as session:
            session.rows.change(sql)
    with machine.store.write() as session:
        for number in range(12_000):
            at = now - timedelta(days=800 if number < 5000 else 1)
            session.access.add_change(at, "owner", "张三", str(number), "主机")
    with machine.store.write() as session:
        assert session.access.trim_changes(now) == 2000  # of 5,000 old lines those before the newest 10,000
        assert session.access.trim_changes(datetime(2090, 1, 1, tzinfo=UTC)) == 0
    assert log.lines(most=1)[0].deed == "11999"
