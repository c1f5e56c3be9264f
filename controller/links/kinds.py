"""All kinds of links by name."""

from __future__ import annotations

from typing import Final

from controller.links import (
    apprise,
    dingtalk,
    dingtalk_bot,
    feishu,
    feishu_bot,
    mail,
    webhook,
    wecom,
    wecom_bot,
)
from controller.links.port import BotKind, LinkKind

KINDS: Final[dict[str, LinkKind]] = {
    kind.name: kind
    for kind in (wecom.KIND, dingtalk.KIND, feishu.KIND, mail.KIND, apprise.KIND, webhook.KIND)
}
BOT_KINDS: Final[dict[str, BotKind]] = {
    kind.name: kind for kind in (wecom_bot.KIND, dingtalk_bot.KIND, feishu_bot.KIND)
}
"""Robots that people write their deals to."""
