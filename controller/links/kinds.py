"""All kinds of links by name."""

from __future__ import annotations

from typing import Final

from controller.links import apprise, dingtalk, feishu, mail, webhook, wecom
from controller.links.port import LinkKind

KINDS: Final[dict[str, LinkKind]] = {
    kind.name: kind
    for kind in (wecom.KIND, dingtalk.KIND, feishu.KIND, mail.KIND, apprise.KIND, webhook.KIND)
}
