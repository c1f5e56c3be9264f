"""Every other service through apprise (optional: `pip install 'zhangu[links]'`). Facts: github.com/caronc/apprise.

Not for WeCom, DingTalk and Feishu: apprise judges them by the HTTP status alone, so that a refused message would count
as sent, and knows neither pictures nor Feishu's signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from controller.links import words
from controller.links.port import Adapter, LinkKind, Outcome, Parcel, SecretField, Tools, delivered, later
from controller.links.refusals import LOOKED_AT_AGAIN_S
from controller.sales.model import Refused
from controller.timetable.link_model import GroupLink

MOST_TEXT: Final = 4000
_OWN: Final = ("wecombot", "dingtalk", "feishu")


def read_url(text: str) -> str:
    """Return an address of apprise. Raises Refused."""
    written = text.strip()
    scheme, mark, rest = written.partition("://")
    if not mark or not rest or not scheme.isalnum() or not written.isprintable():
        raise Refused("这不像 apprise 的地址，要写成 tgram://……、mailto://…… 这样。", "url")
    if scheme.lower() in _OWN:
        raise Refused(
            "企业微信、钉钉和飞书请把 kind 写成 wecom、dingtalk、feishu：那样才知道对方收没收。", "url"
        )
    return written


class ByApprise:
    """One address of apprise."""

    def __init__(self, link: GroupLink, secrets: Mapping[str, str]) -> None:
        self._link, self._url = link, secrets["url"]

    def send(self, parcel: Parcel) -> Outcome:
        """Send a parcel as text."""
        try:
            import apprise
        except ImportError:
            why = "主机上没有装 apprise。请运行 .venv/bin/pip install 'zhangu[links]'，再启动战鼓。"
            return later(why, LOOKED_AT_AGAIN_S, nothing_arrived=True)
        sender = apprise.Apprise()
        if not sender.add(self._url):
            return later("apprise 不认识这个地址，请看它的说明。", LOOKED_AT_AGAIN_S, nothing_arrived=True)
        note = words.compose(parcel)
        text = words.with_keyword(words.within(note, MOST_TEXT), self._link.keyword)
        if sender.notify(body=text, title=""):
            return delivered()
        return later("对方没有接受，或者连不上，过一会儿再发。")


def _open(link: Any, secrets: Mapping[str, str], base: str | None, tools: Tools) -> Adapter:
    return ByApprise(link, secrets)


KIND: Final = LinkKind(
    "apprise",
    "其他（apprise）",
    (SecretField("url", "apprise 的地址", "例如 tgram://……，写法见 apprise 的说明", read=read_url),),
    _open,
    most_bytes=MOST_TEXT - 200,
    address=False,
)
