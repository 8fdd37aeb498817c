"""An operation that the database itself refuses harms nothing but itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from sync.service import writing

if TYPE_CHECKING:
    import pytest

    from tests.sync.phone import Phone, Street


def test_a_statement_that_fails_costs_its_own_operation_alone(
    phone: Phone, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    point, apply = street.add(), writing.apply
    good, poison = phone.submit(point), phone.submit(point)

    def refusing(ctx: Any, judged: Any) -> None:
        apply(ctx, judged)
        if any(str(each.received.head.op_id) == poison["op_id"] for each in judged):
            ctx.session.execute(text("SELECT 1 / 0"))

    monkeypatch.setattr(writing, "apply", refusing)
    results = {each["op_id"]: each["status"] for each in phone.push(good, poison)}
    assert results == {good["op_id"]: "extra", poison["op_id"]: "parked"}
