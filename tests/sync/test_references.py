"""What pushed rows name, checked once per statement: nothing that there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

if TYPE_CHECKING:
    from tests.factories import World
    from tests.sync.phone import Phone, Street

NAMED = {
    "inspection": ("checkpoint_id", "customer_id", "officer_id", "organisation_id", "device_id"),
    "sync_receipt": ("device_id", "batch_id"),
}


@pytest.mark.parametrize(("table", "column"), [(table, each) for table, columns in NAMED.items() for each in columns])
def test_a_pushed_row_names_only_what_there_is(
    phone: Phone, street: Street, world: World, table: str, column: str
) -> None:
    phone.push(phone.submit(street.add()))
    with world.transaction() as ctx, pytest.raises(IntegrityError) as raised, ctx.session.begin_nested():
        ctx.session.execute(text(f"UPDATE {table} SET {column} = gen_random_uuid()"))  # noqa: S608 - our own names
    assert isinstance(raised.value.orig, psycopg.errors.ForeignKeyViolation)
    assert raised.value.orig.diag.constraint_name == f"fk_{table}_{column}"


def test_a_batch_that_receipts_name_is_never_deleted(phone: Phone, street: Street, world: World) -> None:
    phone.push(phone.submit(street.add()))
    with world.transaction() as ctx, pytest.raises(IntegrityError), ctx.session.begin_nested():
        ctx.session.execute(text("DELETE FROM sync_batch"))


def test_a_row_that_names_nothing_is_not_even_inserted(phone: Phone, street: Street, world: World) -> None:
    operation = phone.submit(street.add())
    phone.push(operation)
    with world.transaction() as ctx:
        columns = ctx.session.scalars(
            text(
                "SELECT string_agg(CASE column_name WHEN 'id' THEN 'gen_random_uuid()'"
                " WHEN 'customer_id' THEN 'gen_random_uuid()' ELSE column_name END, ', ' ORDER BY ordinal_position)"
                " FROM information_schema.columns WHERE table_name = 'inspection' AND table_schema = current_schema()"
            )
        ).one()
        with pytest.raises(IntegrityError) as raised, ctx.session.begin_nested():
            ctx.session.execute(text(f"INSERT INTO inspection SELECT {columns} FROM inspection"))  # noqa: S608 - likewise
    assert raised.value.orig.diag.constraint_name == "fk_inspection_customer_id"
