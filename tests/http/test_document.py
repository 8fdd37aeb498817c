"""The OpenAPI document says what the endpoints take and give, in words that every reader of JSON Schema knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.http.endpoints import DOCUMENT, ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Iterator

READ_BY_THE_VIEW = {"POST /sync/push", "POST /telemetry/readings", "PATCH /media/{media_id}"}


def schemas(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of the document."""
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from schemas(each)


def test_every_endpoint_says_how_it_succeeds() -> None:
    silent = [str(row) for row in ENDPOINTS if not any(status.startswith("2") for status in row.document["responses"])]
    assert silent == []


def test_a_body_that_the_view_reads_itself_is_told_too() -> None:
    told = {str(row) for row in ENDPOINTS if row.document.get("requestBody", {}).get("content")}
    assert told >= READ_BY_THE_VIEW


def test_a_problem_may_carry_more_members() -> None:
    assert DOCUMENT["components"]["schemas"]["Problem"].get("additionalProperties", True) is True


def test_patterns_are_those_of_ecmascript() -> None:
    patterns = [part["pattern"] for part in schemas(DOCUMENT) if isinstance(part.get("pattern"), str)]
    assert len(patterns) > 3
    assert [pattern for pattern in patterns if re.search(r"\\[AZz]|\(\?P", pattern)] == []
    assert all(pattern.startswith("^") and pattern.endswith("$") for pattern in patterns)


def test_every_reference_leads_somewhere() -> None:
    for part in schemas(DOCUMENT):
        if isinstance(part.get("$ref"), str):
            target: Any = DOCUMENT
            for word in part["$ref"].removeprefix("#/").split("/"):
                target = target[word]
            assert target
