"""The week's mail against a real SMTP server with TLS: to everybody with an address, once, with the photo."""

from __future__ import annotations

import email.policy
import re
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session
from linked import FRIDAY, LinkedHouse, linked
from PIL import Image

from controller.links import words
from controller.sales.email_address import read_email
from controller.sales.model import Refused
from controller.system.network import ensure
from tests.ports import free_port

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it is inside TLS
USER, PASSWORD = "zhangu@office.example", "sixteen-letters-x"
PEOPLE = {"王小明": "wang@office.example", "陈芳": "chen@office.example", "李思思": "li@office.example"}


class Box:
    """A mailbox server: takes mail after a login, refuses addresses and whole mails on request."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.to: list[str] = []
        self.refused: set[str] = set()
        self.busy = 0

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if self.busy:
            self.busy -= 1
            return "451 4.7.1 try again later"
        assert session.authenticated
        assert server.transport.get_extra_info("ssl_object") is not None
        self.to += envelope.rcpt_tos
        parsed = email.message_from_bytes(envelope.content or b"", policy=email.policy.default)
        self.mails.append(parsed)  # type: ignore[arg-type]
        return "250 OK"

    def login(self, server: Any, session: Session, envelope: Envelope, kind: str, data: Any) -> AuthResult:
        return AuthResult(
            success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False
        )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return ensure(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture(params=["tls", "starttls"])
def server(
    request: pytest.FixtureRequest, certificate: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Yield (box, port, security) of a server with a certificate that this process trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.chain, certificate.key)
    box = Box()
    how = (
        {"ssl_context": context}
        if request.param == "tls"
        else {"tls_context": context, "require_starttls": True}
    )
    made = Controller(
        box, "127.0.0.1", free_port(), authenticator=box.login, auth_required=True,
        auth_require_tls=request.param != "tls", **how,
    )  # fmt: skip
    made.start()
    yield box, made.server.sockets[0].getsockname()[1], request.param
    made.stop()


def made(folder: Path, port: int, security: str, at: str = "results", start: int = 18) -> Any:
    links = (
        f"links: {{mail: {{server: 127.0.0.1, port: {port}, security: {security}, user: {USER}, sender: {USER},"
        f" at: {at}}}}}"
    )
    return linked(folder, links, FRIDAY.replace(hour=start, minute=1))


def fill(house: LinkedHouse) -> None:
    house.office.links.set_secrets("mail", {"password": PASSWORD})
    people = {person.name: person.id for person in house.office.people.active()}
    for name, address in PEOPLE.items():
        house.office.people.update(people[name], email=address)
    photos = house.folder / "var" / "photos"
    photos.mkdir()
    Image.new("RGB", (300, 300), (10, 200, 30)).save(photos / "abc123.jpg")
    with house.store.write() as session:
        session.roster.set_photo(people["王小明"], "abc123")
    house.deal("王小明", 12_800)


def test_faults_go_to_the_addresses_for_them(tmp_path: Path, server: Any) -> None:
    """A fault of the box and its end, one mail for each address; sales people get none."""
    box, port, security = server
    faults = ["it@office.example", "boss@office.example"]
    links = (
        f"links: {{mail: {{server: 127.0.0.1, port: {port}, security: {security}, user: {USER}, sender: {USER},"
        f" faults_to: [{', '.join(faults)}]}}}}"
    )
    with linked(tmp_path, links, FRIDAY) as house:
        fill(house)
        for volume in (0, 80):
            house.office.music.set_volume(volume)
            for _ in range(12):
                house.clock.go(seconds=10)
                house.keeper.refresh()
                house.sender.turn()
        assert sorted(box.to) == sorted(2 * faults), house.office.links.status()
        subjects = [mail["Subject"].partition("战鼓：")[2] for mail in box.mails]
        assert subjects == 2 * ["【设备故障】总音量是 0，办公室听不到。"] + 2 * [
            "【设备恢复】总音量是 0，办公室听不到。"
        ]


def test_the_weeks_mail(tmp_path: Path, server: Any) -> None:
    """On the last working day, after the results: one mail per address, text and HTML, with the photo inside."""
    box, port, security = server
    with made(tmp_path, port, security) as house:
        fill(house)
        house.go_to("18:05:01")
        house.send(120)
        assert sorted(box.to) == sorted(PEOPLE.values()), house.office.links.status()
        mail = box.mails[box.to.index("chen@office.example")]
        assert mail["Subject"] == "本周开拓能手：王小明"
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert text is not None
        assert html is not None
        assert "陈芳，您好！" in text.get_content()
        assert "王小明：1 单，12,800 元" in text.get_content()
        assert "\n各团队本周\n猛虎队　12,800 元\n" in text.get_content()
        assert re.search(r"<td [^>]*>猛虎队</td><td [^>]*>12,800 元</td>", html.get_content())
        assert "cid:top-sales" in html.get_content()
        pictures = [part for part in mail.walk() if part.get_content_type() == "image/jpeg"]
        assert [part["Content-ID"] for part in pictures] == ["<top-sales>"]
        own = box.mails[box.to.index("wang@office.example")].get_body(("plain",))
        assert own is not None
        assert "本周的开拓能手就是您" in own.get_content()
        assert len({mail["Message-ID"] for mail in box.mails}) == 3
        assert PASSWORD not in repr(house.office.links.status())


def test_a_busy_server_gets_the_same_mail_again(tmp_path: Path, server: Any) -> None:
    """451: the mail waits and comes later, once; a refused address ends with its sentence and blocks no other."""
    box, port, security = server
    with made(tmp_path, port, security) as house:
        fill(house)
        box.busy, box.refused = 1, {"li@office.example"}
        house.go_to("18:05:01")
        house.send(900)
        assert sorted(box.to) == ["chen@office.example", "wang@office.example"]
        rows = house.link_messages("mail")
        assert sorted(row.state for row in rows) == ["dropped", "sent", "sent"]
        (refused,) = [row for row in rows if row.state == "dropped"]
        assert "收件的邮箱地址被拒绝（550）" in refused.why


def test_on_the_next_working_day_at_920(tmp_path: Path, server: Any) -> None:
    """`at: next_morning`: the mails wait over the weekend."""
    box, port, security = server
    with made(tmp_path, port, security, at="next_morning") as house:
        fill(house)
        house.go_to("18:05:01")
        house.send(3600 * 24 * 2)
        assert box.to == []
        house.clock.go_to(
            FRIDAY.replace(hour=9, minute=19, second=50) + 3 * (FRIDAY - FRIDAY.replace(day=26))
        )
        house.send(5)
        assert box.to == []
        house.send(120)
        assert len(box.to) == 3


def test_wrong_password_and_certificate(tmp_path: Path, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its sentence, and the mails wait; another server in the timetable does not get the password."""
    box, port, security = server
    with made(tmp_path, port, security) as house:
        fill(house)
        house.office.links.set_secrets("mail", {"password": "wrong"})
        house.go_to("18:05:01")
        house.send(3)
        assert "授权码" in house.office.links.status()[0].last_why
        monkeypatch.delenv("SSL_CERT_FILE")
        house.office.links.set_secrets("mail", {"password": PASSWORD})
        house.send(3)
        assert "证书" in house.office.links.status()[0].last_why
        assert box.to == []
        house.file.write_text(
            house.file.read_text("utf-8").replace("server: 127.0.0.1", "server: localhost"), "utf-8"
        )
        house.timetable_file.refresh()
        assert house.office.links.status()[0].why == "还没有填密钥，填好就开始。"


@pytest.mark.parametrize(
    "bad", ["x", "a@b", "a@b.c\nBcc: d@e.com", "王@公司.com", "a b@c.com", f"a@{'b' * 100}.com"]
)
def test_an_address_that_is_none(bad: str) -> None:
    """Refused with an example; a line break never reaches a header."""
    with pytest.raises(Refused, match="不像一个邮箱地址"):
        read_email(bad)


def test_addresses_are_imported_and_exported(tmp_path: Path) -> None:
    """A column 邮箱 in a list; an empty cell keeps the known one; the export brings it back."""
    from controller.sales.people_export import HEADINGS, rows_of
    from controller.sales.people_import import read_list

    with linked(tmp_path, "") as house:
        listed = read_list("团队,姓名,邮箱\n猛虎队,王小明,WANG@office.example\n猛虎队,陈芳,\n".encode())
        with house.store.write() as session:
            session.roster.import_people(listed.rows)
            session.roster.import_people(read_list("团队,姓名,邮箱\n猛虎队,王小明,\n".encode()).rows)
        rows = rows_of(house.office.people.active())
        assert HEADINGS[-1] == "邮箱"
        assert {row[1]: row[-1] for row in rows[1:]}["王小明"] == "WANG@office.example"


@pytest.mark.parametrize(
    ("name", "letter"),
    [("王小明", "王"), ("(大)李", "大"), ("Mary Ann", "M"), ("🎉", "喜"), ("", "喜"), ("一位同事", "喜")],
)
def test_one_initial_for_a_missing_photo(name: str, letter: str) -> None:
    """Mails and pictures show the same character for a person without a photo; never a bracket, never nothing."""
    assert words.initial(name) == letter
