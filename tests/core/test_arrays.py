"""Arrays arrive as they were sent, whatever stands in them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Engine

TEXTS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=200)
@given(TEXTS)
@example([])
@example(["", "NULL", "null", " ", ",", "{}", '"', '","', "\\", 'a"b\\', "章\n"])
def test_texts_arrive_as_they_were_sent(engine: Engine, texts: list[str]) -> None:
    assert _through(engine, "text", texts) == texts


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.uuids(), max_size=20))
def test_ids_arrive_as_they_were_sent_also_as_texts(engine: Engine, ids: list[UUID]) -> None:
    assert _through(engine, "uuid", ids) == ids
    assert _through(engine, "uuid", list(map(str, ids))) == ids


VALUES = [
    ("date", st.dates()),
    ("bigint", st.integers(-(2**63), 2**63 - 1)),
    ("boolean", st.booleans()),
    ("uuid", st.uuids()),
]


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=[kind for kind, _ in VALUES])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_days_numbers_and_truths_arrive_as_they_were_sent_with_nothing_between(
    engine: Engine, kind: str, value: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    values = data.draw(st.lists(st.none() | value, max_size=20))
    assert _through(engine, kind, values) == values


def test_instants_and_decimals_arrive_as_they_were_sent(engine: Engine) -> None:
    now = datetime(2026, 3, 10, 2, 0, 0, 1, tzinfo=UTC)
    assert _through(engine, "timestamptz", [now, None]) == [now, None]
    assert _through(engine, "numeric", [Decimal("1.50"), Decimal("-0.1")]) == [Decimal("1.50"), Decimal("-0.1")]


def test_nothing_among_texts_stays_nothing(engine: Engine) -> None:
    assert _through(engine, "text", ["a", None]) == ["a", None]


def _through(engine: Engine, kind: str, values: list[Any]) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT CAST(:values AS {kind}[])"), {"values": values}).scalar_one()
