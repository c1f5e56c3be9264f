"""Parts of corrections and restores: the calm sentence, the reasons, and the note about published results."""

from __future__ import annotations

from datetime import date
from typing import Final

from controller.sales import corrections
from controller.sales.announcement_policy import Decision
from controller.sales.model import DROPPED, Announcement, Deal, Kind, NewAnnouncement, StoredScript, Unknown
from controller.sales.store import Session
from controller.services import announcement_priority
from controller.services.context import HearingAt

NOT_ANNOUNCED: Final = "只记不播，战报照算。"
RESTORED: Final = "已恢复，战报里重新算这一单，不再播报。"
UNCHANGED: Final = "这一单本来就算数，没有改动。"
CORRECTED: Final = "改过了，以新的一单为准"
QUIETLY: Final = StoredScript(applause=None)


class CalmSentences:
    """Announce one sentence about a deal, without applause and without a celebration on the walls."""

    def __init__(self, hearing: HearingAt):
        self._hearing = hearing

    def announce(self, session: Session, deal: Deal, text: str, decision: Decision) -> Announcement:
        """Put the sentence into the outbox; return the deal's own announcement, or the sentence if it has one already.

        The sentence names no deal in its row: therefore it is neither celebrated nor joined to a round-up.
        """
        now, own = decision.now, None
        if not session.outbox.of_deal(deal.id):
            own, _ = session.outbox.add(
                NewAnnouncement(
                    f"deal:{deal.id}", Kind.SAY, text, decision.why, now, now.date(), deals=(deal.id,), script=QUIETLY,
                    decision=decision.to_json(), state=DROPPED,
                )
            )  # fmt: skip
        turn = len(session.deals.history(deal.id))
        said, _ = session.outbox.add(
            NewAnnouncement(
                f"{corrections.KEY}{deal.id}:{turn}", Kind.SAY, text, f"{self._hearing(now).at_once}。", now,
                now.date(), priority=announcement_priority.PRIORITY[Kind.SAY], script=QUIETLY,
                decision=decision.to_json(),
            )
        )  # fmt: skip
        return own or said


def calm_of(session: Session, deal_id: int) -> list[int]:
    """Return the waiting sentences about a deal."""
    waiting = session.outbox.waiting(Kind.SAY)
    return [said.id for said in waiting if said.key.startswith(f"{corrections.KEY}{deal_id}:")]


def spoken_about(key: str) -> int | None:
    """Return the id of the deal about which the announcement with this key is, None for all other announcements."""
    ident = key.removeprefix(corrections.KEY).partition(":")[0] if key.startswith(corrections.KEY) else ""
    return int(ident) if ident.isdecimal() else None


def correctable(session: Session, ident: int | None, today: date, *, history: bool = False) -> Deal | None:
    """Return the deal that is to be corrected, None for none. Raises Refused."""
    if ident is None:
        return None
    old = session.deals.get(ident)
    if old is None:
        raise Unknown(f"没有编号为 {ident} 的订单。", "replaces")
    corrections.check_correctable(old, today, history=history)
    return old


def not_announced(day: date, today: date) -> str:
    """Return the reason of a deal that is only recorded."""
    return NOT_ANNOUNCED if day == today else f"只记不播，记在{corrections.in_words(day, today)}。"


def published(session: Session, today: date, *days: date) -> str:
    """Return a sentence for each published result of these days, and for each week that is over: neither changes."""
    notes = []
    monday = corrections.week_so_far(today)[0]
    for day in sorted(set(days)):
        frozen = session.settings.frozen_at(day)
        if frozen is not None:
            notes.append(corrections.frozen_note(day, today, f"{frozen:%H:%M}"))
        if day < monday:
            notes.append(corrections.history_note(day, today))
    return "".join(notes)
