"""E-mail by SMTP with TLS: the encouraging mail about the top sales of a week or month, one mail per person.

Its Message-ID is the message's stable id, so that mailboxes recognise a double.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any, Final

from controller.links import words
from controller.links.port import (
    TEST,
    Adapter,
    LinkKind,
    Outcome,
    Parcel,
    SecretField,
    Tools,
    delivered,
    later,
    refused,
)
from controller.links.refusals import LOOKED_AT_AGAIN_S
from controller.timetable.link_model import MailLink

if TYPE_CHECKING:
    from email.message import EmailMessage
    from smtplib import SMTP

STEP_S: Final = 15.0
"""For one answer of the server."""
NOTES: Final = (TEST, "fault", "daily")
"""Messages that are one plain text; all others are a letter to a person."""
_PICTURE: Final = "top-sales"


class Mail:
    """One mailbox."""

    def __init__(self, link: MailLink, secrets: Mapping[str, str], tools: Tools) -> None:
        self._link, self._password, self._tools = link, secrets["password"], tools

    def send(self, parcel: Parcel) -> Outcome:
        """Send one mail."""
        import smtplib
        import ssl

        try:
            with self._opened() as server:
                server.login(self._link.user, self._password)
                server.send_message(self._message(parcel))
        except smtplib.SMTPAuthenticationError:
            why = "邮箱不认这个用户名和密码。很多邮箱要用“授权码”代替密码，请在邮箱的设置里开通 SMTP 再填。"
            return later(why, LOOKED_AT_AGAIN_S, nothing_arrived=True)
        except smtplib.SMTPRecipientsRefused as fault:
            code = next((code for code, _ in fault.recipients.values()), 550)
            if code < 500:
                return later(f"邮件服务器暂时不收（{code}），过一会儿再发。", 300.0, nothing_arrived=True)
            return refused(f"收件的邮箱地址被拒绝（{code}），请在名单里改这个人的邮箱。")
        except smtplib.SMTPResponseException as fault:
            if fault.smtp_code < 500:
                return later(f"邮件服务器暂时不收（{fault.smtp_code}），过一会儿再发。", 300.0)
            why = f"邮件服务器不接受（{fault.smtp_code}），请看发件人和邮箱的设置。"
            return later(why, LOOKED_AT_AGAIN_S, nothing_arrived=True)
        except ssl.SSLCertVerificationError:
            why = f"{self._link.server} 的证书过期了或不能信任，没有发送。请看主机的时间对不对。"
            return later(why, 300.0, nothing_arrived=True)
        except smtplib.SMTPNotSupportedError:
            why = f"{self._link.server} 不支持加密或登录，没有发送。请看作息表里的 security 和 port。"
            return later(why, LOOKED_AT_AGAIN_S, nothing_arrived=True)
        except (smtplib.SMTPException, OSError):
            return later(f"和邮件服务器 {self._link.server} 的连接不通或断了，会用同一个编号再发。")
        return delivered()

    def _opened(self) -> SMTP:
        import smtplib
        import ssl

        context = ssl.create_default_context()
        if self._link.security == "tls":
            return smtplib.SMTP_SSL(self._link.server, self._link.port, timeout=STEP_S, context=context)
        server = smtplib.SMTP(self._link.server, self._link.port, timeout=STEP_S)
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, parcel: Parcel) -> EmailMessage:
        from email.message import EmailMessage
        from email.utils import format_datetime, formataddr

        kind = parcel.messages[0].kind
        mail = EmailMessage()
        domain = self._link.sender.rpartition("@")[2]
        mail["Message-ID"] = f"<{parcel.id}@{domain}>"
        mail["Date"] = format_datetime(parcel.now)
        mail["From"] = formataddr((f"{parcel.office} 战鼓", self._link.sender))
        if kind != TEST:
            mail["Auto-Submitted"] = "auto-generated"
        if kind in NOTES:
            self._write_note(mail, parcel)
        else:
            self._write_letter(mail, parcel)
        return mail

    def _write_note(self, mail: EmailMessage, parcel: Parcel) -> None:
        """Write a plain text: a test to the mailbox itself, or a fault or the day's line."""
        note, message = words.compose(parcel), parcel.messages[0]
        if message.kind == TEST:
            mail["To"], mail["Subject"] = self._link.sender, f"{parcel.office}战鼓：测试邮件"
        else:
            mail["To"], mail["Subject"] = message.payload["to"], words.subject(parcel.office, note)
        mail.set_content(note.text)

    def _write_letter(self, mail: EmailMessage, parcel: Parcel) -> None:
        """Write the letter about the top sales to one person, with the photo if there is one."""
        from email.utils import formataddr

        facts = parcel.messages[0].payload
        letter = words.letter(facts, parcel.messages[0].kind)
        mail["To"], mail["Subject"] = formataddr((facts["to_name"], facts["to"])), letter.title
        mail.set_content(letter.text)
        photo = self._tools.photo(str(facts.get("photo") or ""))
        mail.add_alternative(_html(letter, facts, parcel.office, pictured=photo is not None), subtype="html")
        if photo is not None:
            html = mail.get_payload()[1]  # type: ignore[index]
            html.add_related(photo, "image", "jpeg", cid=f"<{_PICTURE}>", filename="photo.jpg")  # type: ignore[union-attr]


def _html(letter: words.Letter, facts: Mapping[str, Any], office: str, *, pictured: bool) -> str:
    """Return the letter in HTML: one column of at most 560 px, tables and inline styles as mail programs need them."""
    name = words.UNNAMED if facts.get("hidden") else str(facts["person"])
    before = "".join(f'<p style="margin:0 0 14px">{escape(line)}</p>' for line in letter.before)
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<body style="margin:0;background:#f3e9d8"><table role="presentation" width="100%" cellspacing="0"><tr>'
        '<td align="center" style="padding:16px"><table role="presentation" width="100%" cellspacing="0" '
        'style="max-width:560px;background:#fffaf0"><tr><td align="center" style="background:#a11f10;color:#fffaf0;'
        'padding:28px 20px"><div style="font:900 26px/1.4 serif;color:#f0bf63;margin-bottom:18px">'
        f"{escape(letter.title)}</div>{_face(name, pictured=pictured)}"
        f'<div style="font:900 32px/1.4 serif;margin-top:16px">{escape(name)}</div>'
        f'<div style="font-size:17px;color:#f6d6be">{escape(str(facts["team"]))}</div>'
        f'<div style="font:900 30px/1.5 serif;color:#f0bf63">{_figures(facts)}</div>'
        '</td></tr><tr><td style="padding:24px 22px 12px;font:17px/1.7 sans-serif;color:#1c1512">'
        f'{before}{_team_table(letter)}<p style="margin:0 0 14px">{escape(letter.after)}</p></td></tr>'
        f'<tr><td style="padding:0 22px 22px;font:14px/1.6 sans-serif;color:#6b5b4b">{escape(office)}</td></tr>'
        "</table></td></tr></table></body></html>"
    )


def _face(name: str, *, pictured: bool) -> str:
    """Return the photo, or a square with the initial."""
    if pictured:
        return (
            f'<img src="cid:{_PICTURE}" width="200" height="200" alt="{escape(name)}" style="border:4px solid #f0bf63;'
            'object-fit:cover;object-position:50% 15%;display:block;margin:0 auto">'
        )
    return (
        '<div style="width:200px;height:200px;line-height:200px;margin:0 auto;background:#7e160a;color:#f0bf63;'
        f'font:900 110px/200px serif;border:4px solid #f0bf63">{escape(words.initial(name))}</div>'
    )


def _figures(facts: Mapping[str, Any]) -> str:
    """Return amount and number of deals; a line may break between them only."""
    return "<wbr>".join(
        f'<span style="white-space:nowrap">{one}</span>'
        for one in (f"{words.figure(facts['amount'])} 元，", f"{facts['count']} 单")
    )


def _team_table(letter: words.Letter) -> str:
    """Return the teams with their amounts below a heading, "" without teams."""
    rows = "".join(
        f'<tr><td style="padding:5px 12px 5px 0">{escape(name)}</td><td align="right" style="white-space:nowrap">'
        f"{escape(amount)}</td></tr>"
        for name, amount in letter.teams
    )
    if not rows:
        return ""
    return (
        f'<p style="margin:0 0 6px;color:#6b5b4b">{escape(letter.heading)}</p><table role="presentation" '
        f'width="100%" cellspacing="0" style="font:17px/1.5 sans-serif;margin:0 0 14px">{rows}</table>'
    )


def _open(link: Any, secrets: Mapping[str, str], base: str | None, tools: Tools) -> Adapter:
    return Mail(link, secrets, tools)


KIND: Final = LinkKind(
    "mail",
    "邮件",
    (
        SecretField(
            "password", "邮箱的密码或授权码", "国内的邮箱多半要用授权码，在邮箱的设置里开通 SMTP 时得到"
        ),
    ),
    _open,
    pace_s=2.0,
    merges=False,
    address=False,
)
