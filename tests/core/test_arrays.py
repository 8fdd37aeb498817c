"""Arrays arrive as they were sent, whatever stands in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


def test_nothing_among_texts_stays_nothing(engine: Engine) -> None:
    assert _through(engine, "text", ["a", None]) == ["a", None]


def _through(engine: Engine, kind: str, values: list[Any]) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT CAST(:values AS {kind}[])"), {"values": values}).scalar_one()
