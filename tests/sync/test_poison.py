"""An operation that the database itself refuses harms nothing but itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from sync import service
from sync.service import writing
from tests.sync.phone import LON

if TYPE_CHECKING:
    import pytest

    from tests.factories import World
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


def test_a_medium_that_cannot_be_written_costs_its_own_operation_alone(
    phone: Phone, street: Street, world: World
) -> None:
    with world.transaction() as ctx:
        ctx.session.execute(text("ALTER TABLE media ADD CONSTRAINT a_bug CHECK (item_key <> 'cursed')"))
    point = street.add()
    good, poison = phone.submit(point), phone.submit(point, media=[phone.photo("cursed")])
    body = phone.batch(poison, good)
    for _ in range(2):
        answer = phone.send(body)
        assert answer.status_code == 200, answer.json
        assert [each["status"] for each in answer.json["results"]] == ["parked", "extra"]


def test_what_cannot_be_loaded_costs_the_operations_that_name_it_alone(
    phone: Phone, street: Street, world: World
) -> None:
    cursed, point = street.add(), street.add()
    before = phone.submit(cursed)
    assert phone.push(before)[0]["status"] == "extra"
    with world.transaction() as ctx:
        spoil = text("UPDATE checkpoint_location SET lon = 'NaN' WHERE checkpoint_id = :id")
        ctx.session.execute(spoil, {"id": cursed})
    poison, good = phone.submit(cursed), phone.submit(point)
    for _ in range(2):
        results = phone.push(before, poison, good)
        assert [each["status"] for each in results] == ["extra", "parked", "extra"]
    with world.transaction() as ctx:
        mend = text("UPDATE checkpoint_location SET lon = :lon WHERE checkpoint_id = :id")
        ctx.session.execute(mend, {"id": cursed, "lon": LON})
    with world.transaction() as ctx:
        (judged,) = service.reprocess(ctx, phone.id)
    assert judged.verdict.status == "extra"
