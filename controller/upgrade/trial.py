"""Judge a version that has just been started by its answers. Pure: times and answers come from outside."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Health:
    """One answer of the daemon: its HTTP status, version, and token, which is another one after each start."""

    status: int
    version: str
    token: str
    troubles: tuple[str, ...] = ()


class Trial:
    """The trial ends well once one process of the wanted version has answered well for `settled_s`.

    That time must begin within `within_s`; it may end later. So a slow machine is not judged in the middle of it.
    """

    def __init__(
        self, wanted: str, before: Health | None, began: float, within_s: float, settled_s: float
    ) -> None:
        """`before`: the answer of the former version, which was perhaps not healthy either."""
        self._wanted, self._before = wanted, before
        self._until, self._within_s, self._settled_s = began + within_s, within_s, settled_s
        self._since, self._settling = began, ""
        self._tokens: set[str] = set()

    def verdict(self, now: float, answer: Health | None) -> str | None:
        """Return "" for a healthy version, why it is not, or None while that is open."""
        if answer is not None and answer.version == self._wanted:
            self._tokens.add(answer.token)
        if answer is None or not self._well(answer):
            self._settling = ""
        elif answer.token != self._settling:
            self._since, self._settling = now, answer.token
        elif now - self._since >= self._settled_s:
            return ""
        if now < self._until or (self._settling and self._since < self._until):
            return None
        return self._why(answer)

    def _well(self, answer: Health) -> bool:
        """A box without a loudspeaker was not healthy before either: that is no reason to go back."""
        as_before = self._before is not None and self._before.status != 200
        return answer.version == self._wanted and (answer.status == 200 or as_before)

    def _why(self, answer: Health | None) -> str:
        if answer is not None and answer.version == self._wanted and not self._well(answer):
            return "、".join(answer.troubles[:2]).rstrip("。") or "自己说不正常，但没有说原因"
        if len(self._tokens) > 1:
            return "不断重新启动"
        if self._tokens:
            return "应答断断续续" if answer is not None else "应答过，后来没有应答了"
        if answer is not None:
            return f"应答的一直是 {answer.version}"
        return f"{self._within_s:.0f} 秒内没有应答"
