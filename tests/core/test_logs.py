"""Logs: one JSON object a line, and nobody's secrets or names in it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from inspection_api.core import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspection_api.core.banks import Bank
    from inspection_api.core.db import Database


@contextmanager
def configured() -> Iterator[None]:
    before = structlog.get_config()
    logs.configure()
    yield
    structlog.configure(**before)


def test_a_line_is_json_with_level_and_instant(capsys: pytest.CaptureFixture[str]) -> None:
    with configured():
        structlog.get_logger().info("task_made", bank="demo", count=3)
    line = json.loads(capsys.readouterr().err)
    assert {"event": "task_made", "bank": "demo", "count": 3, "level": "info"}.items() <= line.items()
    assert line["timestamp"].endswith("Z")


def test_a_traceback_names_places_and_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    def log_in(password: str) -> None:
        raise LookupError(len(password))

    with configured():
        try:
            log_in("swordfish")
        except LookupError:
            structlog.get_logger().exception("unexpected_error")
    written = capsys.readouterr().err
    assert "log_in" in written
    assert "swordfish" not in written


def test_a_database_error_quotes_no_values(committed_database: Database, bank: Bank) -> None:
    with (
        committed_database.transaction(bank, read_only=True) as ctx,
        pytest.raises(ProgrammingError, match="nowhere") as failed,
    ):
        ctx.session.execute(text("SELECT * FROM nowhere WHERE name = :name"), {"name": "张三"})
    assert "张三" not in str(failed.value)


def test_a_logged_refusal_of_the_database_quotes_no_row(
    committed_database: Database, bank: Bank, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(IntegrityError, match="张三") as refused, committed_database.transaction(bank) as ctx:
        ctx.session.execute(text("INSERT INTO customer (id, name) VALUES (gen_random_uuid(), '张三')"))
    with configured():
        structlog.get_logger().error("operation_parked", exc_info=refused.value)
    written = capsys.readouterr().err
    assert "violates" in written
    assert "张三" not in written
