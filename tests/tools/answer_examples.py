"""An example of each answer for the OpenAPI document: real ones of the walk, shortened, without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from tests.tools.responses import OPAQUE, Sample
from tests.tools.watched import Described

MOST: Final = 6_000
"""A longer example is left out."""
ITEMS, ENTRIES, CHARACTERS = 2, 6, 160
SECRET: Final = re.compile(r"^(token|secret|pin|qr|named_qr|code|machine)$")
MADE_HERE: Final = (
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), "zhangu.local:8080"),
    (re.compile(r"/\S*/home(?=/|$)"), "/opt/zhangu"),
    (re.compile(r"[0-9a-f]{32,}|(?<=/join/)\S+"), "…"),
)
"""Addresses, folders and secrets of the machine that made the examples."""


def examples(known: dict[str, Any], samples: Iterable[Sample], table: dict[str, Any]) -> dict[str, Any]:
    """Return the examples: those that are still as described stay, so that a run changes little."""
    check = Described(table)
    kept = {
        key: one for key, one in known.items() if key in table and not check.faults(_sample(key, one, table))
    }
    for sample in samples:
        if sample.kind == "application/json" and sample.endpoint not in OPAQUE and sample.key not in known:
            shown = shortened(sample.body)
            size = len(json.dumps(shown, ensure_ascii=False))
            before = len(json.dumps(kept.get(sample.key), ensure_ascii=False))
            if before <= size <= MOST and not check.faults(_sample(sample.key, shown, table)):
                kept[sample.key] = shown
    return dict(sorted(kept.items()))


def _sample(key: str, body: Any, table: dict[str, Any]) -> Sample:
    method, _, endpoint = key.partition(" ")
    return Sample(endpoint, method, table[key]["statuses"][0], "application/json", body)


def shortened(value: Any, name: str = "") -> Any:
    """Return a value with two items of each list, few entries of a map, short texts, and no secret."""
    if isinstance(value, dict):
        pairs = list(value.items())
        if any(not re.fullmatch(r"[a-zA-Z_]\w*", key, re.ASCII) for key in value):
            pairs = pairs[:ENTRIES]
        return {key: shortened(one, key) for key, one in pairs}
    if isinstance(value, list):
        return [shortened(one, name) for one in value[:ITEMS]]
    if isinstance(value, str):
        text = "…" if SECRET.match(name) and value else value
        for pattern, instead in MADE_HERE:
            text = pattern.sub(instead, text)
        return text if len(text) <= CHARACTERS else text[:CHARACTERS] + "…"
    return value
