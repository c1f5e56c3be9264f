"""Posters of a deal and of an award. Deals that were taken back and hidden people have none."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from controller.drawing.client import CannotDraw, Drawing
from controller.sales.model import Kind, Person, Refused, Unknown
from controller.services.context import Context

TITLES: Final = {"day": "今日开拓能手", "week": "本周开拓能手", "month": "本月开拓能手"}
DEAL_TITLES: Final = {
    Kind.FIRST_OF_WEEK: "本周第一单", Kind.FIRST_OF_DAY: "开门红", Kind.RECORD: "刷新纪录", Kind.BIG: "大单",
}  # fmt: skip


class PosterService:
    """Thread-safe."""

    def __init__(self, context: Context, drawing: Drawing) -> None:
        self._context, self._drawing = context, drawing

    def of_deal(self, ident: int) -> bytes:
        """Return the poster of a deal as PNG. Raises Refused."""
        with self._context.store.read() as session:
            deal = session.deals.get(ident)
            if deal is None:
                raise Unknown(f"没有编号为 {ident} 的订单。", "id")
            if deal.voided is not None:
                raise Refused("这一单撤回了，没有海报。", "id")
            person = session.roster.person(deal.person_id)
            kinds = [said.kind for said in session.outbox.of_deal(ident)]
        title = next((DEAL_TITLES[kind] for kind in kinds if kind in DEAL_TITLES), "喜报")
        facts = {"title": title, "name": deal.person, "team": deal.team, "note": f"签了{deal.product}"}
        return self._drawn(facts, person, deal.amount, deal.date)

    def of_award(self, ident: int) -> bytes:
        """Return the poster of a person's award as PNG. Raises Refused."""
        with self._context.store.read() as session:
            award = next(iter(session.awards.newest(1, ident + 1)), None)
            if award is None or award.id != ident or not award.person_id:
                raise Unknown(f"没有编号为 {ident} 的获奖记录，或者它属于一个团队。", "id")
            person = session.roster.person(award.person_id)
        title = award.title or TITLES[award.period]
        facts = {"title": title, "name": award.person, "team": award.team, "note": f"{award.count} 单"}
        return self._drawn(facts, person, award.amount, award.until)

    def _drawn(self, facts: dict[str, Any], person: Person | None, amount: Decimal, day: date) -> bytes:
        if person is not None and person.hidden:
            raise Refused("这位同事不在屏幕上显示，不出海报。", "id")
        shown = {
            **facts, "amount": str(amount), "date": f"{day.year}年{day.month}月{day.day}日",
            "office": self._context.rhythm.office, "photo": person.photo if person is not None else None,
        }  # fmt: skip
        try:
            return self._drawing.draw("poster", shown)
        except CannotDraw as why:
            raise Refused(why.sentence) from None
