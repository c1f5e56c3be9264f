"""Read the section `links:` of the timetable file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from controller.timetable.fields import Flag, Number, OneOf, Words
from controller.timetable.link_model import (
    BOT_KINDS,
    GROUP_KINDS,
    HOOKED,
    MAIL_AT,
    MAILS,
    NEWS,
    NEXT_MORNING,
    SECURITIES,
    USUAL_NEWS,
    USUAL_QUIET,
    BotLink,
    GroupLink,
    LinkSettings,
    MailLink,
    WebhookLink,
)
from controller.timetable.problems import shortened
from controller.timetable.schema import BadError, Field, Group, Many, Table, Where
from controller.timetable.time_fields import ClockRange
from controller.timetable.yaml_source import Node

MOST_GROUPS = 20
MOST_BOTS = 5
MOST_IDS = 50
BOT_WORDS = {"企业微信": "wecom_bot", "企微": "wecom_bot", "钉钉": "dingtalk_bot", "飞书": "feishu_bot"}
MOST_WEBHOOKS = 10
KIND_WORDS = {
    "企业微信": "wecom", "企微": "wecom", "钉钉": "dingtalk", "飞书": "feishu", "其他": "apprise",
}  # fmt: skip
NEWS_WORDS = {
    "每一单": "deals", "大单": "big", "第一单": "first", "达标": "target", "整点": "hourly", "战报": "results",
    "每周": "week", "每月": "month", "故障": "faults", "小结": "daily",
}  # fmt: skip


HOOKED_WORDS = {"每一单": "deals", "更正": "corrections", "战报": "results", "故障": "faults"}


def _plain_name(text: str) -> bool:
    return text.isprintable() and not set(text) & set("/\\?#%")


def _group(values: dict[str, Any], line: int) -> dict[str, Any]:
    """Return the values of a group; its name is the key, which `_links` adds."""
    given = {key: value for key, value in values.items() if value is not None}
    return {**given, "send": tuple(dict.fromkeys(given["send"])), "line": line}


def _bot(values: dict[str, Any], line: int) -> dict[str, Any]:
    """Return the values of a bot; its name is the key, which `_links` adds."""
    return {**{key: value for key, value in values.items() if value is not None}, "line": line}


def _links(values: dict[str, Any], line: int) -> LinkSettings:
    groups = tuple(GroupLink(name, **group) for name, group in values["groups"] or ())
    webhooks = tuple(WebhookLink(name, **hook) for name, hook in values["webhooks"] or ())
    bots = tuple(BotLink(name, **bot) for name, bot in values["bots"] or ())
    return LinkSettings(groups, values["mail"], webhooks, bots)


def _webhook(values: dict[str, Any], line: int) -> dict[str, Any]:
    """Return the values of a program; its name is the key, which `_links` adds."""
    return {"send": tuple(dict.fromkeys(values["send"])), "id": values["id"] or "", "line": line}


@dataclass(frozen=True, slots=True)
class Named(Table):
    """Links by name. Two of them never share an `id`: secrets and waiting messages belong to one link."""

    def read(self, node: Node, where: Where) -> tuple[tuple[Any, Any], ...]:
        # Not super(): a dataclass with slots is another class than the one that super() knows.
        links = Table.read(self, node, where)
        owners: dict[str, str] = {}
        before = len(where.faults)
        for name, link in sorted(links, key=lambda one: not one[1].get("id")):
            former = link.get("id") or name
            owner = owners.setdefault(former, name)
            if owner != name:
                where.inside(shortened(name)).note(
                    link["line"],
                    f"“{owner}”改名以前叫“{former}”，它的密钥和消息还用着这个名字",
                    "换一个没有用过的名字，或者写另一个 id",
                )
        if len(where.faults) > before:
            raise BadError
        return links


def _mail(values: dict[str, Any], line: int) -> MailLink:
    given = {key: value for key, value in values.items() if value is not None}
    return MailLink(**{**given, "line": line})


def _is_address(text: str) -> bool:
    return re.fullmatch(r"[!-?A-~]{1,64}@[0-9A-Za-z.-]{3,100}", text) is not None


def _is_id(text: str) -> bool:
    return re.fullmatch(r"[!-~]{1,100}", text) is not None


def _is_host(text: str) -> bool:
    return re.fullmatch(r"[0-9A-Za-z.-]{1,100}", text) is not None


_NAME = Words(20, check=_plain_name, example="写一个名字，最多 20 个字，不能有 / \\ ? # %")
_KEPT_NAME = Field(_NAME, "改名以前的名字；密钥和等着的消息还跟着它走，在手机上改名时自动写好")
_SECRET = "密钥不写在作息表里：保存后在手机“设备 → 连接”里填"  # noqa: S105  advice, no secret
_ADDRESS = "接收的地址不写在作息表里：保存后由负责人在手机“设备 → 连接”里填"

GROUP = Group(
    {
        "kind": Field(OneOf(GROUP_KINDS, KIND_WORDS), "哪一种群机器人", required=True),
        "send": Field(
            Many(OneOf(NEWS, NEWS_WORDS), most=len(NEWS), single=True), "发哪些消息", default=USUAL_NEWS
        ),
        "quiet": Field(
            Many(ClockRange(), most=6, single=True),
            "这些时间不发，等结束了再发，例如 [00:00-08:00, 21:00-24:00]；[] 是随时都发",
            default=USUAL_QUIET,
        ),
        "keyword": Field(Words(20), "机器人的安全设置里要求的关键词；每条消息都会带上它"),
        "picture": Field(Flag(), "战报用图片发（企业微信；飞书要另填应用）；false 只发文字", default=True),
        "id": _KEPT_NAME,
    },
    _group,
    elsewhere=dict.fromkeys(("key", "secret", "token", "url", "webhook", "password"), _SECRET),
)
_ID = Words(100, check=_is_id, example="从手机“设备 → 连接”的消息里复制编号")
BOT = Group(
    {
        "kind": Field(OneOf(BOT_KINDS, BOT_WORDS), "哪一种机器人", required=True),
        "chats": Field(Many(_ID, most=MOST_IDS, single=True), "只收这些群的消息，写群的编号；不写就都收", default=()),
        "senders": Field(
            Many(_ID, most=MOST_IDS, single=True), "只收这些人的消息，写人的编号；不写就都收", default=()
        ),
        "id": _KEPT_NAME,
    },
    _bot,
    elsewhere=dict.fromkeys(("bot_id", "secret", "client_id", "client_secret", "app_id", "app_secret"), _SECRET),
)  # fmt: skip
MAIL = Group(
    {
        "server": Field(
            Words(100, check=_is_host, example="写邮件服务器的名字，例如“smtp.exmail.qq.com”"),
            "发信的 SMTP 服务器", required=True,
        ),
        "port": Field(Number(1, 65535), "端口，多半是 465"),
        "security": Field(OneOf(SECURITIES), "tls 一开始就加密（465），starttls 连上再加密（587）"),
        "user": Field(Words(100, check=str.isprintable), "登录的用户名，多半就是邮箱地址", required=True),
        "sender": Field(
            Words(100, check=_is_address, example="写一个邮箱地址，例如“zhangu@company.com”"),
            "发件人的邮箱", required=True,
        ),
        "send": Field(
            Many(OneOf(MAILS, {"每周": "week", "每月": "month"}), most=2, single=True), "发哪些", default=MAILS
        ),
        "at": Field(
            OneOf(MAIL_AT, {"战报后": "results", "下个工作日": NEXT_MORNING}),
            "results 战报公布后马上发，next_morning 下个工作日 9:20 发",
        ),
        "faults_to": Field(
            Many(Words(100, check=_is_address, example="写一个邮箱地址，例如“it@company.com”"), most=5, single=True),
            "主机的故障和每天的小结发给哪些邮箱", default=(),
        ),
    },
    _mail,
    elsewhere=dict.fromkeys(("password", "secret", "key"), _SECRET),
)  # fmt: skip
WEBHOOK = Group(
    {
        "send": Field(
            Many(OneOf(HOOKED, HOOKED_WORDS), most=len(HOOKED), single=True), "推送哪些事", default=HOOKED
        ),
        "id": _KEPT_NAME,
    },
    _webhook,
    elsewhere={
        **dict.fromkeys(("key", "secret", "token", "password"), _SECRET),
        "url": _ADDRESS,
        "address": _ADDRESS,
    },
)
LINKS = Group(
    {
        "groups": Field(Named(_NAME, GROUP, most=MOST_GROUPS), "聊天群里的机器人，按名字写"),
        "bots": Field(Named(_NAME, BOT, most=MOST_BOTS), "收单的机器人，按名字写：大家 @它 报单"),
        "mail": Field(MAIL, "给大家发邮件的邮箱"),
        "webhooks": Field(Named(_NAME, WEBHOOK, most=MOST_WEBHOOKS), "接收推送的程序，按名字写"),
    },
    _links,
)
