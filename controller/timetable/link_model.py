"""Settings of links to the outside: group robots, e-mail, webhooks, robots that take deals.

Each is off until it is written in the timetable file. A link's secrets are in a separate file, never here:
`controller/links/secrets.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

Spans = tuple[tuple[timedelta, timedelta], ...]
"""Spans of the day as local times; the end is excluded."""

BOT_KINDS = ("wecom_bot", "dingtalk_bot", "feishu_bot")
GROUP_KINDS = ("wecom", "dingtalk", "feishu", "apprise")
NEWS = ("deals", "big", "first", "target", "hourly", "results", "week", "month", "faults", "daily")
"""News that a group can be given; `deals`: every deal at once; `daily`: the box's line of the day."""
NEXT_MORNING = "next_morning"
MAIL_AT = ("results", NEXT_MORNING)
MAILS = ("week", "month")
HOOKED = ("deals", "corrections", "results", "faults")
"""Events that a program can be sent."""
SECURITIES = ("tls", "starttls")
USUAL_NEWS = ("big", "first", "target", "hourly", "results", "week", "month")
USUAL_QUIET: Spans = ((timedelta(), timedelta(hours=8)), (timedelta(hours=21), timedelta(hours=24)))


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot at a chat's vendor, as `GroupLink` and `BotLink` are. `id`: see `ident`."""

    IDENT: ClassVar[str]

    name: str
    kind: str
    id: str = field(default="", kw_only=True)

    @property
    def ident(self) -> str:
        """The link's name in the store and in the file of secrets; a renamed link keeps it by its `id`."""
        return f"{self.IDENT}:{self.id or self.name}"

    @property
    def bound(self) -> str:
        """The thing to which the secrets belong: after another kind was written they no longer count."""
        return self.kind

    @property
    def server(self) -> str | None:
        """The server that the settings name: none, it is the vendor's."""
        return None


@dataclass(frozen=True, slots=True)
class GroupLink(Robot):
    """A robot in a chat group. `send`: news for it; `quiet`: messages wait in these spans; `picture`: results drawn.

    `keyword`: a word that the robot's protection asks for in every message.
    """

    IDENT = "group"

    send: tuple[str, ...] = USUAL_NEWS
    quiet: Spans = USUAL_QUIET
    keyword: str = ""
    picture: bool = True
    line: int = 0

    def wants(self, kind: str, *, silent: bool = False) -> bool:
        """Return whether the group is given an event; `silent`: one that the office announces to nobody."""
        if silent:
            return False
        if kind in ("deal", "correction"):
            return "deals" in self.send or (kind == "correction" and bool({"big", "first"} & set(self.send)))
        word = {"fault": "faults"}.get(kind, kind)
        return word in self.send or (kind in ("big", "first") and "deals" in self.send)


@dataclass(frozen=True, slots=True)
class MailLink:
    """The mailbox that sends to all sales people. `at`: with the results, or on the next working day at 9:20.

    `faults_to`: addresses that get problems of the box and its line of the day.
    """

    server: str
    user: str
    sender: str
    port: int = 465
    security: str = SECURITIES[0]
    send: tuple[str, ...] = MAILS
    at: str = MAIL_AT[0]
    line: int = 0
    kind: str = "mail"
    name: str = "邮件"
    ident: str = "mail"
    quiet: Spans = ()
    faults_to: tuple[str, ...] = ()

    @property
    def bound(self) -> str:
        """The server and user that the password is for: it is sent to no other server."""
        return f"mail {self.user} {self.server}:{self.port} {self.security}"

    def wants(self, kind: str, *, silent: bool = False) -> bool:
        """Return whether mails of a kind are sent."""
        if kind in ("fault", "daily"):
            return bool(self.faults_to)
        return not silent and kind.endswith("_mail") and kind.removesuffix("_mail") in self.send


@dataclass(frozen=True, slots=True)
class BotLink(Robot):
    """A robot that people write deals to. `chats`, `senders`: the vendor's ids that it listens to, all if empty."""

    IDENT = "bot"

    chats: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    line: int = 0
    quiet: Spans = ()

    def wants(self, kind: str, *, silent: bool = False) -> bool:
        """Return False: it answers messages and is sent no news."""
        return False

    def listens(self, chat: str, sender: str) -> bool:
        """Return whether a message from this chat and sender is for it."""
        return (not self.chats or chat in self.chats) and (not self.senders or sender in self.senders)


@dataclass(frozen=True, slots=True)
class WebhookLink:
    """A program that events are sent to. `send`: the events for it. Day and night, also those announced to nobody."""

    name: str
    send: tuple[str, ...] = HOOKED
    id: str = ""
    line: int = 0
    kind: str = "webhook"
    bound: str = "webhook"
    server: str | None = None
    quiet: Spans = ()

    @property
    def ident(self) -> str:
        """The link's name in the store and in the file of secrets; a renamed link keeps it by its `id`."""
        return f"webhook:{self.id or self.name}"

    @property
    def every_correction(self) -> bool:
        """True: it gets the correction of a deal that it did not get, such as one from before it was added."""
        return True

    def wants(self, kind: str, *, silent: bool = False) -> bool:
        """Return whether the program is sent an event."""
        word = {
            "first": "deals",
            "big": "deals",
            "deal": "deals",
            "correction": "corrections",
            "fault": "faults",
        }
        return word.get(kind, kind) in self.send


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """The section `links:`."""

    groups: tuple[GroupLink, ...] = ()
    mail: MailLink | None = None
    webhooks: tuple[WebhookLink, ...] = ()
    bots: tuple[BotLink, ...] = ()

    def all(self) -> Iterator[GroupLink | MailLink | WebhookLink | BotLink]:
        """Yield every link of the file."""
        yield from self.groups
        yield from self.webhooks
        yield from self.bots
        if self.mail is not None:
            yield self.mail


NO_LINKS = LinkSettings()
