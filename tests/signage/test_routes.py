"""Every route for every identity: open routes are listed here, all others are closed; all have safe headers."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest

from signage.auth import RIGHTS
from tests.signage.house import House, running

OPEN = {  # routes without sign-in; each is read-only, or for sign-in and pairing
    "GET /", "GET /login", "POST /login", "POST /logout", "GET /static/<path:filename>", "GET /health",
    "GET /api/now", "GET /api/standings", "GET /events", "GET /wall", "GET /wall/<name>", "GET /wall/new",
    "GET /join/<link>", "POST /join", "GET /api/wall",
    "POST /api/walls/<name>/painted", "GET /api/walls/<name>/painted", "GET /api/pairing",
    "GET /photos/<name>", "GET /poster", "GET /qr.svg", "GET /timetable", "GET /zhangu-ca.crt",
    "GET /manifest.webmanifest", "POST /api/push/<name>", "GET /english/<name>", "POST /language",
    "GET /static/<build>/<name>", "GET /english/<build>/<name>",
    "GET /calendar/<name>", "GET /api/reach",
}  # fmt: skip
ROLES = sorted(RIGHTS["read"])
STRANGERS = {
    "nobody": {}, "an unknown token": {"Authorization": "Bearer unknown"}, "no token": {"Authorization": "Bearer "},
    "a name and password": {"Authorization": "Basic YWRtaW46YWRtaW4="}, "a planted cookie": {"Cookie": "zhangu=x"},
    "a planted wall cookie": {"Cookie": "zhangu-wall=x"},
}  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", sounds=False) as house:
            yield house


def routes(house: House) -> list[tuple[str, str, str]]:
    """Return (method, rule, an address of it); ids do not exist, so that requests change nothing."""
    rows = []
    for rule in house.daemon.server._server._app.url_map.iter_rules():
        path = rule.rule.replace("<any(people, teams):kind>", "people").replace("<int:number>", "999999")
        path = path.replace("<day>", "2026-11-24")
        for part in ("name", "playlist", "file", "link", "build", "path:filename"):
            path = path.replace(f"<{part}>", "nothing-of-this-name")
        assert "<" not in path, rule.rule
        rows += [
            (method, rule.rule, path) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
    return rows


def ask(
    house: House, method: str, path: str, headers: dict[str, str]
) -> tuple[int, http.client.HTTPMessage, str]:
    """Return status, headers and the start of the body; for a stream only that it started."""
    link = http.client.HTTPConnection("127.0.0.1", house.daemon.server.port, timeout=20)
    try:
        body = None if method == "GET" else b"{}"
        link.request(method, path, body, {**own(house), **headers})
        with link.getresponse() as answer:
            return answer.status, answer.headers, answer.read1(2000).decode("utf-8", "replace")
    finally:
        link.close()


def ask_app(house: House, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    """Ask without the network, for thousands of requests: return status and the start of the body."""
    client = house.daemon.server._server._app.test_client(use_cookies=False)
    data = None if method == "GET" else b"{}"
    address = f"http://127.0.0.1:{house.daemon.server.port}"
    with client.open(
        path, method=method, base_url=address, data=data, headers={**own(house), **headers}
    ) as answer:
        said = next(answer.iter_encoded(), b"")
        return answer.status_code, said.decode("utf-8", "replace")


def own(house: House) -> dict[str, str]:
    """Return the headers of a page of the office itself."""
    return {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{house.daemon.server.port}"}


def test_unlisted_routes_are_closed_to_strangers(house: House) -> None:
    """A new route is closed until it is listed as open; a wrong token or cookie is treated like none."""
    for method, rule, path in routes(house):
        for who, headers in STRANGERS.items():
            status, said = ask_app(house, method, path, headers)
            if f"{method} {rule}" in OPEN:
                assert status != 401, (method, path, who)
            else:
                assert status == 401, (method, path, who)
                assert json.loads(said)["error"].startswith("请先输入 P"), (method, path, who)


def test_a_role_is_refused_exactly_where_it_has_no_right(house: House) -> None:
    """With a token or, for a wall, its cookie: 403 where the role has no right, otherwise never 401 or 500."""
    app = house.daemon.server._server._app
    adapter = app.url_map.bind("localhost")
    for method, rule, path in routes(house):
        if f"{method} {rule}" in OPEN or path in ("/api/stop", "/api/access/pin", "/api/stop/undo"):
            continue
        view = app.view_functions[adapter.match(path, method=method)[0]]
        right = vars(view)["right"]
        for role in ROLES:
            status, said = ask_app(house, method, path, {"Authorization": f"Bearer {house.token(role)}"})
            assert (status == 403) == (role not in RIGHTS[right]), (method, path, role, status, said)
            assert status not in (401, 500), (method, path, role, said)
        if method != "GET":
            cookie = {"Cookie": f"zhangu-wall={house.token('wall')}"}
            assert ask_app(house, method, path, cookie)[0] == 403, (method, path)


def test_every_answer_is_safe_by_its_headers(house: House) -> None:
    """No inline script, framing, type sniffing or cross-site reading, for any status."""
    for method, _, path in routes(house):
        for headers in ({}, {"Authorization": f"Bearer {house.token('leader')}"}):
            _, head, _ = ask(house, method, path, {**headers, "Origin": "http://evil.example"})
            assert "frame-ancestors 'none'" in head["Content-Security-Policy"], (method, path)
            assert "unsafe" not in head["Content-Security-Policy"], (method, path)
            assert head["X-Content-Type-Options"] == "nosniff", (method, path)
            if path == "/api/reach":  # a page of the machine's former address asks it; it has no secrets
                continue
            assert not [name for name in head if name.lower().startswith("access-control-")], (method, path)


def test_hidden_people_are_named_on_no_open_route(house: House) -> None:
    """Standings, walls, poster, pages: a hidden person's deal appears as one of 一位同事."""
    office = house.daemon.office
    person = next(person for person in office.people.active() if person.name == "周婷")
    office.people.update(person.id, hidden=True)
    assert house.sell("周婷", 500, "hidden-in-the-open").status == 201
    assert '"count":1' in ask(house, "GET", "/api/standings", {})[2]  # counted for the team and for no person
    for method, rule, path in routes(house):
        if f"{method} {rule}" in OPEN and method == "GET" and rule != "/events":
            for query in ("", "?period=week", "?period=month"):
                link = http.client.HTTPConnection("127.0.0.1", house.daemon.server.port, timeout=20)
                link.request("GET", path + query)
                assert "周婷" not in json.dumps(
                    link.getresponse().read().decode("utf-8", "replace"), ensure_ascii=False
                )
                link.close()
