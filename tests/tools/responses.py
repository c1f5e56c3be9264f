"""The schemas of the API's answers, made from real ones: a walk through every route of a running office.

`python -m tests.tools.responses` walks and widens `signage/response_schemas.json`; it never narrows a schema.
`tests/signage/test_openapi.py` makes the same walk and holds every answer against that file.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from signage.api_examples import BODIES, QUERIES, REQUIRED
from signage.auth import RIGHTS
from signage.openapi import EXAMPLES, SCHEMAS, SERVED

Json = dict[str, Any]

ROOT: Final = Path(__file__).resolve().parents[2]
DANGEROUS: Final = frozenset(
    {
        "rights.change_pin", "api.stop_all", "cities.join", "backups.make_backup", "cities.set_home_assistant",
        "rights.end_token",
    }
)  # fmt: skip
"""They end the walk's own session, or start work that outlives it."""
WHOLE: Final = re.compile(r"(^|_)(id|ids|count|place|number|version|revision|base|attempts|waiting|at_once|total|"
                          r"minutes|seconds|percent|line|days|days_left|month|year|size|most|least)$")  # fmt: skip
"""Names of values that are whole numbers; every other number may have a fraction."""
MAPS: Final = frozenset(
    {"names", "slots", "values", "playlist_names", "sums", "photos", "marks", "counts", "LABELS"}
)
OPAQUE: Final = frozenset({"openapi.served"})
LINKS: Final = """
links:
  groups:
    销售群: {kind: wecom}
  webhooks:
    CRM: {}
"""


def timetable() -> str:
    """Return the shipped timetable with links and a measure."""
    shipped = (ROOT / "config" / "rhythm.yaml").read_text("utf-8")
    return shipped.replace("measures: []", "measures: [{name: 通话, unit: 个}]") + LINKS


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer. `body` None: not JSON; then `kind` is its content type."""

    endpoint: str
    method: str
    status: int
    kind: str
    body: Any

    @property
    def key(self) -> str:
        return f"{self.method} {self.endpoint}"


def walk(house: Any) -> Iterator[Sample]:
    """Yield the good answers of all routes: read in an empty office, after every example, and read again."""
    app = house.daemon.server._server._app
    rules = [rule for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
             if rule.rule.startswith(SERVED)]  # fmt: skip
    yield from _reads(house, app, rules)
    _fill(house)
    yield from _files(house, app, {rule.endpoint: rule for rule in rules})
    yield from _paired(house, app, {rule.endpoint: rule for rule in rules})
    yield from _writes(house, app, rules)
    yield from _reads(house, app, rules)


def _fill(house: Any) -> None:
    """Sell, correct, void, publish: states that the examples alone do not reach."""
    for n in range(3):
        house.sell("陈芳", 900 + n, f"walk-{n}")
    first = house.sell("李思思", 22_000, "walk-big").json["id"]
    house.sell("王小明", 500.5, "walk-fen")
    gone = house.sell("刘洋", 70, "walk-gone").json["id"]
    house.call("DELETE", f"/api/deals/{gone}", {"reason": "报重了"})
    replaced = {"person": "李思思", "product": "年卡", "amount": 21_000, "key": "walk-new", "replaces": first}
    house.call("POST", "/api/deals", replaced)


def _files(house: Any, app: Any, rules: dict[str, Any]) -> Iterator[Sample]:
    """Upload a recording, music, a song, a photo and tables; make an award and a backup, whose files are read later."""
    from soundmade import encoded, picture, tone

    table = "姓名,团队\n赵磊,猛虎队\n".encode()
    sent = (
        ("uploads.take_clip", "/api/clips", encoded(tone(1), "wav")),
        ("uploads.set_song", "/api/people/1/song", encoded(tone(3), "mp3")),
        ("uploads.set_photo", "/api/people/1/photo", picture()),
        ("uploads.add_track", "/api/tracks/morning?name=x.mp3", encoded(tone(3), "mp3")),
        ("people.preview_list", "/api/people/import", table),
        ("deal_reading.read_file", "/api/deals/read-file", "姓名,产品,金额\n王小明,年卡,900\n".encode()),
        ("measures.preview_table", "/api/measures/preview", "姓名,日期,通话\n王小明,2026-11-23,9\n".encode()),
        ("measures.take_table", "/api/measures/table", "姓名,日期,通话\n王小明,2026-11-23,9\n".encode()),
    )  # fmt: skip
    for endpoint, path, data in sent:
        for sample in _asked(house, app, rules[endpoint], path=path, data=data):
            yield sample
            if endpoint == "uploads.take_clip":
                clip = sample.body["id"]
                yield from _asked(house, app, rules["uploads.hear_clip"], "GET", f"/api/clips/{clip}")
    with house.daemon.store.write() as session:
        session.awards.add(_award(next(one for one in house.daemon.office.people.active() if one.id == 1)))
    house.daemon.office.backups.make()


def _award(person: Any) -> Any:
    from controller.sales.awards import Award

    first, at = date(2026, 11, 16), datetime.fromisoformat("2026-11-22T18:05:00+08:00")
    return Award(
        "week", first, first + timedelta(days=6), person.id, person.name, person.team_id, person.team, 9,
        Decimal(88_000), "总经理颁奖", at,
    )  # fmt: skip


def _paired(house: Any, app: Any, rules: dict[str, Any]) -> Iterator[Sample]:
    """Ask as a TV that waits for its name, and after it got one."""
    television = app.test_client()
    shown = re.search(r'id="code"[^>]*>([\d ]+)<', television.get("/wall/new").text)
    assert shown is not None
    for _ in range(2):
        answer = television.get("/api/pairing")
        yield Sample("pairing.progress", "GET", answer.status_code, "application/json", answer.json)
        body = {"code": shown[1], "name": "前台"}
        yield from _asked(house, app, rules["pairing.confirm"], path="/api/pairings", body=body)


def _stream(house: Any, rule: Any) -> Iterator[Sample]:
    """Read the first event of the stream; it needs the server's own line."""
    with urllib.request.urlopen(house.address + "/events?wall=main", timeout=20) as answer:
        assert any(line.startswith(b"event: hello") for line in iter(answer.readline, b"")), rule.rule
        yield Sample(rule.endpoint, "GET", answer.status, answer.headers["Content-Type"].split(";")[0], None)


def _reads(house: Any, app: Any, rules: list[Any]) -> Iterator[Sample]:
    for rule in rules:
        if rule.rule == "/events":
            yield from _stream(house, rule)
        elif "GET" in rule.methods:
            query = dict(QUERIES.get(rule.endpoint, {}))
            for given in ({}, query, *({name: value} for name, value in query.items())):
                for path in _paths(house, rule):
                    yield from _asked(house, app, rule, "GET", path, query=given)


def _writes(house: Any, app: Any, rules: list[Any]) -> Iterator[Sample]:
    for endpoint in BODIES:
        if endpoint in DANGEROUS:
            continue
        for rule in (rule for rule in rules if rule.endpoint == endpoint):
            method = next(iter(rule.methods - {"HEAD", "OPTIONS"}))
            for path in _paths(house, rule):
                for body in _bodies(endpoint):
                    yield from _asked(house, app, rule, method, path, body=body)


def _bodies(endpoint: str) -> Iterator[Json]:
    """Yield the example, then simpler forms of it: without dates of another day, and with required fields alone."""
    example = {name: value for name, value in BODIES[endpoint].items() if value is not None}
    yield example
    yield {
        name: value
        for name, value in example.items()
        if name not in ("date", "occurred_at", "external_id", "version")
    }
    kept = (*REQUIRED.get(endpoint, ()), "key")
    yield {name: example[name] for name in kept if name in example}


def _paths(house: Any, rule: Any) -> list[str]:
    """Return addresses of a rule with ids that exist."""
    chosen = {
        "number": ("1", "2", "5"), "day": ("2026-11-23", "2026-11-28"), "kind": ("people",),
        "playlist": ("morning",), "file": ("x.mp3",), "name": (_name(house, rule.rule),), "link": ("x",),
    }  # fmt: skip
    paths = [rule.rule]
    for part in re.findall(r"<(?:[^<>:]+:)?([^<>:]+)>", rule.rule):
        pattern = re.compile(rf"<(?:[^<>:]+:)?{part}>")
        paths = [pattern.sub(value, path, count=1) for path in paths for value in chosen[part]]
    return paths


def _name(house: Any, rule: str) -> str:
    if rule.startswith("/calendar/"):
        return f"{house.daemon.office.calendar.link() or 'off'}.ics"
    if rule.startswith("/api/backups/"):
        return str(next((one.name for one in house.daemon.office.backups.all()), "none.zip"))
    return "main" if rule.startswith("/api/walls/") else "crm"


def _asked(
    house: Any, app: Any, rule: Any, method: str = "", path: str = "", *, query: Json | None = None,
    body: Json | None = None, data: bytes | None = None,
) -> Iterator[Sample]:  # fmt: skip
    """Ask with a role that may; yield the answer when it is good."""
    method = method or next(iter(rule.methods - {"HEAD", "OPTIONS"}))
    right = vars(app.view_functions[rule.endpoint]).get("right")
    role = next(role for role in ("owner", "director") if right is None or role in RIGHTS[right])
    answer = app.test_client().open(
        path,
        method=method,
        query_string=query or None,
        json=body,
        data=data,
        headers={"Authorization": f"Bearer {house.token(role)}"},
    )
    if answer.status_code < 400 and answer.status_code != 304:
        kind = answer.content_type.split(";")[0] if answer.is_streamed or answer.data else ""
        found = answer.json if kind == "application/json" else None
        yield Sample(rule.endpoint, method, answer.status_code, kind, found)
    answer.close()  # a streamed file keeps its place until then


# --- schemas


def schema_of(value: object, name: str = "") -> Json:
    """Return the schema of a value; `name`: its key."""
    if value is None:
        return {"type": ["null"]}
    if isinstance(value, bool):
        return {"type": ["boolean"]}
    if isinstance(value, int | float):
        whole = isinstance(value, int) and WHOLE.search(name)
        return {"type": ["integer" if whole else "number"]}
    if isinstance(value, str):
        return {"type": ["string"]}
    if isinstance(value, list):
        items: Json | None = None
        for one in value:
            items = widened(items, schema_of(one, name.removesuffix("s")))
        return {"type": ["array"], **({"items": items} if items else {})}
    assert isinstance(value, dict)
    if name in MAPS or any(not re.fullmatch(r"[a-zA-Z_]\w*", key, re.ASCII) for key in value):
        inside: Json | None = None
        for one in value.values():
            inside = widened(inside, schema_of(one))
        return {"type": ["object"], "additionalProperties": inside or {}}
    return {
        "type": ["object"],
        "properties": {key: schema_of(one, key) for key, one in value.items()},
        "required": sorted(value),
    }


def widened(known: Json | None, new: Json) -> Json:
    """Return a schema that allows both."""
    if known is None or known == new:
        return new
    types = sorted({*known.get("type", ()), *new.get("type", ())})
    if "number" in types:
        types = [one for one in types if one != "integer"]
    merged: Json = {"type": types}
    for word in ("items", "additionalProperties"):
        if word in known or word in new:
            merged[word] = widened(known.get(word), new[word]) if word in new else known[word]
            if known.get(word) == {} or new.get(word) == {}:
                merged[word] = known.get(word) or new.get(word) or {}
    parts = [one for one in (known, new) if "properties" in one]
    if parts and "additionalProperties" in merged:  # once a map, always a map
        values = [value for one in parts for value in one["properties"].values()]
        for value in values:
            merged["additionalProperties"] = widened(merged["additionalProperties"] or None, value)
    elif parts:
        names = {name: None for one in parts for name in one["properties"]}
        merged["properties"] = {
            name: _both(*(one["properties"].get(name) for one in parts)) for name in sorted(names)
        }
        merged["required"] = sorted(set.intersection(*(set(one["required"]) for one in parts)))
    return merged


def _both(first: Json | None, second: Json | None = None) -> Json:
    present = [one for one in (first, second) if one is not None]
    return present[0] if len(present) == 1 else widened(present[0], present[1])


def learned(known: Json, samples: list[Sample]) -> Json:
    """Return the file's content, widened by samples: by method and endpoint the statuses, and the schema or type."""
    table = json.loads(json.dumps(known))
    for sample in samples:
        row = table.setdefault(sample.key, {"statuses": []})
        row["statuses"] = sorted({*row["statuses"], sample.status})
        if sample.endpoint in OPAQUE:
            row["schema"] = {"type": ["object"]}
        elif sample.kind == "application/json":
            row["schema"] = widened(row.get("schema"), schema_of(sample.body))
        elif sample.kind:
            row["type"] = sample.kind
    return dict(sorted(table.items()))


def united(known: Json, other: Json) -> Json:
    """Return both files' contents as one."""
    table = json.loads(json.dumps(known))
    for key, new in other.items():
        row = table.setdefault(key, {"statuses": []})
        row["statuses"] = sorted({*row["statuses"], *new["statuses"]})
        if "schema" in new:
            row["schema"] = widened(row.get("schema"), new["schema"])
        if "type" in new:
            row["type"] = new["type"]
    return dict(sorted(table.items()))


def written(table: Json) -> str:
    """Return the file's text: one line per answer, so that a change is a small difference."""
    rows = (
        f"{json.dumps(key)}: {json.dumps(row, ensure_ascii=False, sort_keys=True)}"
        for key, row in table.items()
    )
    return "{\n" + ",\n".join(rows) + "\n}\n"


def main() -> None:
    """Widen the file by a walk."""
    from tests.signage.house import running

    os.environ["SDL_AUDIODRIVER"] = "dummy"
    rhythm = timetable()
    known = json.loads(SCHEMAS.read_text("utf-8")) if SCHEMAS.exists() and "--new" not in sys.argv else {}
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "home", sounds=False, rhythm=rhythm) as house,
    ):
        samples = list(walk(house))
    table = learned(known, samples)
    SCHEMAS.write_text(written(table), "utf-8")
    print(f"{len(table)} answers in {SCHEMAS}")
    from tests.tools.answer_examples import examples

    shown = json.loads(EXAMPLES.read_text("utf-8")) if EXAMPLES.exists() and "--new" not in sys.argv else {}
    EXAMPLES.write_text(written(examples(shown, samples, table)), "utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))
    main()
