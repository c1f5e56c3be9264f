"""Routes around deals: restore, history, deals that wait for the assistant, and the list of products."""

from __future__ import annotations

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from controller.sales.model import Refused
from controller.services.deals import How
from controller.services.proposals import Answer
from signage import serializers
from signage.auth import access, needs
from signage.callers import of_caller, seller, seller_team
from signage.fields import KEY_LIMIT, NAME_LIMIT, REASON_LIMIT, deal_of
from signage.http import body, flag_of, text_of
from signage.office import office

pages = Blueprint("deals", __name__)

MOVES = {"up": True, "down": False}
ANSWERED = ("person", "team", "product")


@pages.post("/api/deals/<int:number>/restore")
@needs("sell")
def restore_deal(number: int) -> Response:
    """Count a deal of this week again; `announce`: true also announces it, which otherwise does not happen."""
    announced = flag_of(body(), "announce") is True
    return jsonify(serializers.recorded(office().deals.restore(number, announced=announced)))


@pages.get("/api/deals/<int:number>")
@needs("read")
def one_deal(number: int) -> Response:
    """Return a deal with its date, the deal it corrects, the one that corrects it, and each void and restore."""
    deal, steps = office().deals.history(number)
    links = {"date": deal.date.isoformat(), "replaces": deal.replaces, "replaced_by": deal.replaced_by}
    return jsonify({**serializers.deal(deal), **links, "history": [serializers.step(step) for step in steps]})


# ---- deals that salespeople enter


@pages.post("/api/deals/proposed")
@needs("propose", team=seller_team, person=seller)
def propose_deal() -> tuple[Response, int]:
    """Keep a deal until the assistant confirms it today; the same key is the same deal."""
    fields = body()
    person, product, amount, team = deal_of(fields)
    key = text_of(fields, "key", KEY_LIMIT)
    proposal, created = office().proposals.propose(person, product, amount, key, team, _caller())
    return jsonify(serializers.proposal(proposal)), 201 if created else 200


@pages.get("/api/deals/proposed")
@needs("propose", team=of_caller, person=tuple)
def proposed_deals() -> Response:
    """`waiting`: today's open ones, for callers who may confirm them; `own`: those of the calling phone this week."""
    waiting = office().proposals.waiting() if access().may("sell") else ()
    own = office().proposals.of_phone(_caller())
    return jsonify(
        {
            "waiting": [serializers.proposal(row) for row in waiting],
            "own": [serializers.proposal(row) for row in own],
        }
    )


@pages.post("/api/deals/proposed/<int:number>/confirm")
@needs("sell")
def confirm_proposed(number: int) -> Response:
    """Record a proposed deal under its own key; `announce`: false records it without announcing.

    `person`, `team`, `product`, `amount`: what was wrong or missing in a program's deal.
    """
    fields = body()
    person, team, product = (text_of(fields, name, NAME_LIMIT, optional=True) or None for name in ANSWERED)
    answer = Answer(person, team, product, fields.get("amount"))
    how = How(flag_of(fields, "announce"))
    return jsonify(serializers.recorded(office().proposals.confirm(number, how, answer)))


@pages.post("/api/deals/proposed/<int:number>/decline")
@needs("sell")
def decline_proposed(number: int) -> Response:
    reason = text_of(body(), "reason", REASON_LIMIT, optional=True)
    return jsonify(serializers.proposal(office().proposals.decline(number, reason)))


def _caller() -> str:
    caller = access().caller()
    return caller.name if caller is not None else ""


# ---- products


def _products() -> Response:
    listed, sold = office().product_list.listed()
    return jsonify({"listed": [serializers.product(row) for row in listed], "sold": list(sold)})


@pages.get("/api/products")
@needs("read")
def products() -> Response:
    """`listed`: the office's list; `sold`: names that are offered because they were sold lately."""
    return _products()


@pages.post("/api/products")
@needs("manage")
def add_product() -> tuple[Response, int]:
    product, created = office().product_list.add(text_of(body(), "name", NAME_LIMIT))
    return jsonify(serializers.product(product)), 201 if created else 200


@pages.patch("/api/products/<int:number>")
@needs("manage")
def change_listed_product(number: int) -> Response:
    """`name`: for the future, deals keep theirs; `hidden`; `move`: "up" or "down"."""
    fields = body()
    name = text_of(fields, "name", NAME_LIMIT) if "name" in fields else None
    move = fields.get("move")
    if move is not None and move not in tuple(MOVES):
        raise Refused("move 要写成 up（上移）或 down（下移）。", "move")
    up = None if move is None else MOVES[move]
    office().product_list.change(number, name, flag_of(fields, "hidden"), up)
    return _products()
