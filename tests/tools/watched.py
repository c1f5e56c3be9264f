"""Every good answer that a test gets from the API is held against its description: status, type, fields, nulls.

A walk through all routes (`responses.py`) reaches few states of an office; the tests together reach most. With
`ZHANGU_ANSWERS=widen` their answers widen `signage/response_schemas.json` instead of being held against it.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
from typing import TYPE_CHECKING, Any, Final

from tests.tools.responses import OPAQUE, Sample, learned, written

if TYPE_CHECKING:
    from flask import Flask, Response

WIDEN: Final = "ZHANGU_ANSWERS"
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


class Described:
    """The descriptions of answers, as checks."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._table, self._checks = table, dict[str, Any]()

    def faults(self, sample: Sample) -> list[str]:
        """Return where an answer is not as described."""
        known = self._table.get(sample.key)
        if known is None or sample.status not in known["statuses"]:
            return [f"{sample.key}: {sample.status} is not described"]
        if sample.endpoint in OPAQUE or not sample.kind:
            return []
        if sample.body is None:
            return (
                [] if sample.kind == known.get("type") else [f"{sample.key}: {sample.kind} is not described"]
            )
        if "schema" not in known:
            return [f"{sample.key}: its JSON is not described"]
        return [
            f"{sample.key}: {'/'.join(map(str, one.instance_path))}: {one.message[:200]}"
            for one in self._check(sample.key, known["schema"]).iter_errors(sample.body)
        ]

    def _check(self, key: str, schema: Any) -> Any:
        if key not in self._checks:
            import jsonschema_rs  # 30 ms, and only where a test asks the API

            self._checks[key] = jsonschema_rs.Draft202012Validator(strict(schema))
        return self._checks[key]


def strict(schema: Any) -> Any:
    """Return a schema that allows no other field, and no item of an unknown kind."""
    made = dict(schema)
    if "properties" in made:
        made["properties"] = {name: strict(one) for name, one in made["properties"].items()}
        made["additionalProperties"] = False
    elif made.get("additionalProperties") == {}:
        made["maxProperties"] = 0
    elif "additionalProperties" in made:
        made["additionalProperties"] = strict(made["additionalProperties"])
    if "items" in made:
        made["items"] = strict(made["items"])
    elif "array" in made.get("type", ()):
        made["maxItems"] = 0
    return made


class Watcher:
    """Receive each answer of each app in this process."""

    def __init__(self) -> None:
        self._widens = os.environ.get(WIDEN) == "widen"
        self._described: Described | None = None
        self._faults: dict[str, None] = {}
        self._learned: dict[str, Any] = {}

    def install(self) -> None:
        from flask import request_finished

        request_finished.connect(self._answered)

    def _answered(self, sender: Flask, response: Response, **_: object) -> None:
        sample = _sample(response)
        if sample is None:
            return
        if self._widens:
            self._learned = learned(self._learned, [sample])
            return
        if self._described is None:
            from signage.openapi import SCHEMAS

            self._described = Described(json.loads(SCHEMAS.read_text("utf-8")))
        self._faults.update(dict.fromkeys(self._described.faults(sample)))

    def taken(self) -> list[str]:
        """Return the faults since the last call."""
        faults, self._faults = list(self._faults), {}
        return faults

    def close(self) -> None:
        """Widen the file, when asked to; several processes wait for each other."""
        if not self._learned:
            return
        from signage.openapi import SCHEMAS
        from tests.tools.responses import united

        with SCHEMAS.open("r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            text = written(united(json.load(file), self._learned))
            file.seek(0)
            file.truncate()
            file.write(text)


def _sample(response: Response) -> Sample | None:
    """Return the answer to the present request; None: a refusal, a page, or no address of the API."""
    from flask import request

    from signage.openapi import SERVED

    rule = request.url_rule
    if (
        rule is None or not rule.rule.startswith(SERVED) or request.method not in METHODS
        or response.status_code >= 300 or rule.rule == "/events"
    ):  # fmt: skip
        return None
    whole = not (response.is_streamed or response.direct_passthrough)  # a file's bytes are not read here
    kind = (response.mimetype or "") if not whole or response.get_data() else ""
    body = _json(response) if kind == "application/json" else None
    return Sample(str(rule.endpoint), request.method, response.status_code, kind, body)


def _json(response: Response) -> Any:
    data = response.get_data()
    return json.loads(gzip.decompress(data) if response.content_encoding == "gzip" else data)
