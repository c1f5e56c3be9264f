"""Web pages and API of the walls and phones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Flask

from signage import (
    access,
    api,
    api_page,
    audit,
    auth,
    backups,
    calendar,
    cities,
    compression,
    deal_reading,
    deals,
    duties,
    honours,
    http,
    language,
    links,
    measures,
    metrics,
    office_loudness,
    openapi,
    outputs,
    pairing,
    people,
    phone,
    plan,
    poster,
    posters,
    push,
    reach,
    results,
    screens,
    sign_in,
    speaker_test,
    sse,
    static_files,
    targets,
    timetable,
    tls,
    upgrades,
    uploads,
    wall_answers,
    walls,
)

if TYPE_CHECKING:
    from controller.clock import Clock
    from controller.feed import Feed
    from controller.services import Office

__all__ = ["create_app"]

PAGES: Final = (
    sign_in,
    access,
    backups,
    outputs,
    speaker_test,
    office_loudness,
    upgrades,
    calendar,
    api,
    api_page,
    deals,
    deal_reading,
    targets,
    duties,
    sse,
    walls,
    pairing,
    people,
    phone,
    plan,
    cities,
    honours,
    language,
    reach,
    results,
    links,
    measures,
    metrics,
    poster,
    push,
    posters,
    timetable,
    uploads,
    openapi,
    static_files,
    tls,
)
"""The modules with routes; each has a blueprint `pages`."""


def create_app(
    office: Office,
    *,
    secret: str | bytes,
    feed: Feed,
    clock: Clock,
    hosts: frozenset[str] = frozenset(),
    rehearsal: bool = False,
) -> Flask:
    """Return the Flask app for `office`: pages, JSON and events, ready for signage.server.Server.

    `secret` signs Flask's cookies and must stay the same over restarts; `clock` is the office's, so that
    a rehearsal shows the rehearsed time; `hosts` are further host names accepted for this machine; `rehearsal`:
    every page says that nothing is kept, and cookies have other names, because browsers do not separate cookies
    by port.
    """
    app = Flask(__name__, static_folder=None)
    language.install(app, lambda: office.snapshot.glance().walls.default.language)
    app.extensions["office"] = office
    streams = sse.Streams(
        feed, lambda: round(clock.now().timestamp() * 1000), signed_in=lambda: office.keys.signed_in()
    )
    app.extensions["streams"] = streams
    app.extensions["screens"] = screens.WallStatus(clock.now)
    app.extensions["wall answers"] = wall_answers.WallAnswers()
    static_files.install(app)
    app.wsgi_app = walls.InTurn(app.wsgi_app, streams.turn)  # type: ignore[method-assign]
    compression.install(app)
    http.install(app)
    app.secret_key = secret
    auth.install(app, office.keys, feed, hosts, rehearsal)
    audit.install(app)
    app.jinja_env.globals["rehearsal"] = rehearsal
    for module in PAGES:
        app.register_blueprint(module.pages)
    return app
