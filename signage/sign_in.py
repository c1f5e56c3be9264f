"""Signing in and out: the office's PIN, a personal PIN on a shared phone, a link or code that adds a phone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from controller.sales.access import Invitation
from controller.sales.model import Refused, StoreTrouble
from controller.sales.roles import ROLE_NAMES
from controller.sales.settings import BY_PERSON, BY_PHONE, BY_PIN
from controller.services.auth import MOST_SESSIONS, SIGNED_IN_FOR
from controller.services.phones import CODE_DIGITS
from signage.audit import deeds, record
from signage.auth import access, require_own_page
from signage.devices import device_name

log = logging.getLogger(__name__)

NAME_LIMIT = 20
LINK_LIMIT = 64
FOREVER = timedelta(days=400)
"""The longest lifetime of a cookie in Chromium; the page renews it."""
EXPIRED = "这个链接或数字过期了，或者已经用过。请再要一个：负责人和总经理在手机的“设备”页里添加手机。"
WRONG_PIN = "PIN 不对，请再看一遍主机上写的六位数字。"
WRONG_PERSONAL = "个人 PIN 不对。忘了的话，请负责人或总经理再给一个。"
CODE = "code"

pages = Blueprint("access", __name__)

Entrance = Callable[[], tuple[str, str] | None]
"""Sign in; return (the session's secret, its name), None when the invitation was used meanwhile."""


@pages.get("/login")
def login() -> str | Response:
    if access().role() is not None:
        return redirect(url_for("phones.home"))
    return _login_page()


def _login_page(fault: str | None = None) -> str:
    keys = access().keys
    try:
        people, pin_on = [pin for pin in keys.personal.all() if not pin.hidden], keys.pin_on()
    except StoreTrouble:
        people, pin_on = [], True
    chosen = request.form.get("person", "")
    return render_template("login.html", fault=fault, people=people, pin_on=pin_on, chosen=chosen)


@pages.post("/login")
def enter() -> Any:
    require_own_page()
    pin = "".join(request.form.get("pin", "").split())[:32]
    who = " ".join(request.form.get("who", "").split())[:NAME_LIMIT]
    person = request.form.get("person", "")
    number = int(person) if person.isascii() and person.isdecimal() and len(person) < 18 else None
    if len(pin) == CODE_DIGITS:
        return _try(lambda: _by_code(pin), CODE, EXPIRED, _login_page)
    try:
        number = number if number is not None else access().keys.personal.named(who)
    except StoreTrouble as trouble:
        return _login_page(trouble.sentence), 503
    if number is not None:
        return _try(lambda: _by_person(number, pin), f"person {number}", WRONG_PERSONAL, _login_page)
    return _try(lambda: _by_pin(pin, who), BY_PIN, WRONG_PIN, _login_page)


def _by_code(code: str) -> tuple[str, Entrance] | None:
    invitation = access().keys.phones.look(code=code)
    return _join(invitation) if invitation else None


def _by_person(person: int, pin: str) -> tuple[str, Entrance] | None:
    """Check a personal PIN. The office's PIN does not do instead: the name is in the log of changes."""
    keys, address, secure = access().keys, request.remote_addr or "?", request.is_secure
    device = device_name(request.user_agent.string)
    row = keys.personal.check(person, pin)
    if row is None:
        return None
    return BY_PERSON, lambda: keys.personal.sign_in(row, device, address, secure, MOST_SESSIONS)


def _by_pin(pin: str, who: str) -> tuple[str, Entrance] | None:
    keys, address, secure = access().keys, request.remote_addr or "?", request.is_secure
    if not keys.check_pin(pin):
        return None
    name = f"{who} {device_name(request.user_agent.string)}".strip()
    return BY_PIN, lambda: (keys.open_session(name, address, secure), name)


def _join(invitation: Invitation) -> tuple[str, Entrance]:
    device = device_name(request.user_agent.string)
    address, secure = request.remote_addr or "?", request.is_secure
    return BY_PHONE, lambda: access().keys.phones.join(invitation, device, address, secure)


def _try(
    look: Callable[[], tuple[str, Entrance] | None], kind: str, wrong: str, page: Callable[[str], str]
) -> Any:
    """Sign in if `look` returns (how the session starts, how to start it); else show `page` with the fault.

    Wrong tries of all kinds of secrets count together, by address.
    """
    keys, address = access().keys, request.remote_addr or "?"
    entrances: list[tuple[str, Entrance]] = []

    def right() -> bool:
        entrance = look()
        entrances.extend([entrance] if entrance else [])
        return entrance is not None

    try:
        _, wait = keys.attempts.try_pin(address, right, kind)
        if wait:
            fault = f"输错太多次，请 {wait} 秒后再试。"
            return page(f"PIN {fault}"), 429, {"Retry-After": str(wait)}
        if not entrances:
            log.warning("wrong PIN from %s", address)
            access().feed.notify()  # phones show wrong PINs
            return page(wrong), 403
        how, start = entrances[0]
        started = start()
    except StoreTrouble as trouble:
        return page(trouble.sentence), 503
    except Refused as refused:
        return page(refused.sentence), 409
    return page(EXPIRED) if started is None else _signed_in(how, *started)


def _signed_in(how: str, secret: str, name: str) -> Response:
    keys, former = access().keys, access().caller()
    if former is not None and former.session is not None and former.how != BY_PHONE:
        keys.end_session(former.session)  # this phone has another session now
    session = keys.session(secret, request.is_secure)
    role = session.role if session else ""
    by = {BY_PIN: "公用 PIN", BY_PERSON: "个人 PIN", BY_PHONE: "添加手机"}[how]
    deeds.info("%s signs in from %s", name, request.remote_addr)
    record(role, name, f"登录：{by}，身份是{ROLE_NAMES.get(role, role)}")
    answer = redirect(url_for("phones.home"), 303)
    _give_cookie(answer, secret, how)
    return answer


def _give_cookie(answer: Response, secret: str, how: str) -> None:
    answer.set_cookie(
        access().cookie(),
        secret,
        max_age=FOREVER if how == BY_PHONE else SIGNED_IN_FOR[how],
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )


def renew(answer: Response) -> Response:
    """Let the cookie of a phone that was added by a code last as long as the phone is used."""
    caller = access().caller()
    if caller is not None and caller.how == BY_PHONE:
        _give_cookie(answer, request.cookies.get(access().cookie(), ""), BY_PHONE)
    return answer


@pages.get("/join/<link>")
def invitation(link: str) -> Any:
    """Show which phone this link adds. Only the button uses it: a preview of the link in a chat must not."""
    return _join_page(link[:LINK_LIMIT])


@pages.post("/join")
def join() -> Any:
    require_own_page()
    link = request.form.get("link", "")[:LINK_LIMIT]

    def look() -> tuple[str, Entrance] | None:
        invited = access().keys.phones.look(link=link) if link else None
        return _join(invited) if invited else None

    return _try(look, CODE, EXPIRED, lambda fault: render_template("join.html", fault=fault))


def _join_page(link: str) -> Any:
    try:
        invited = access().keys.phones.look(link=link)
    except StoreTrouble as trouble:
        return render_template("join.html", fault=trouble.sentence), 503
    if invited is None:
        return render_template("join.html", fault=EXPIRED), 410
    role = ROLE_NAMES.get(invited.role, invited.role)
    return render_template(
        "join.html", fault=None, link=link, role=role, person=invited.person or invited.name
    )


@pages.post("/logout")
def leave() -> Response:
    require_own_page()
    caller = access().caller()
    if caller is not None and caller.session is not None:
        access().keys.end_session(caller.session)
        deeds.info("%s signs out", caller.name)
        record(caller.role, caller.name, "在这台手机上退出")
    answer = redirect(url_for("access.login"), 303)
    answer.delete_cookie(
        access().cookie(), path="/", secure=request.is_secure, httponly=True, samesite="Strict"
    )
    return answer
