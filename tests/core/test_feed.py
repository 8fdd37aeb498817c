"""The change feed: whoever writes, everybody who holds the row learns it, in the order of commits (sync.md §5)."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from inspection_api.accounts import service as accounts
from inspection_api.core.ids import new_id
from inspection_api.customers.models import Customer
from inspection_api.templates import service as templates
from inspection_api.templates.models import TemplateVersion
from sync.entities import ENTITIES

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.banks import Bank
    from inspection_api.core.context import Context
    from inspection_api.core.db import Database
    from tests.factories import World

_numbers = count(1)

FEED = text(
    "SELECT seq, audience, entity, entity_id, change, version FROM sync_change"
    " WHERE seq > :cursor ORDER BY seq LIMIT :limit"
)


def make_customers(ctx: Context, world: World, amount: int = 1) -> list[UUID]:
    made = [
        Customer(
            id=new_id(),
            uscc=f"{next(_numbers):018d}",
            name="企业",
            organisation_id=world.organisations["sub_branch"],
            created_at=ctx.now,
        )
        for _ in range(amount)
    ]
    ctx.session.add_all(made)
    ctx.session.flush()
    return [customer.id for customer in made]


def hold(ctx: Context, world: World, users: list[str], ids: list[UUID]) -> None:
    accounts.grant(ctx, [(world.people[user], "customer", held_id) for user in users for held_id in ids])


def feed(world: World, cursor: int = 0) -> list[Any]:
    with world.transaction() as ctx:
        return list(ctx.session.execute(FEED, {"cursor": cursor, "limit": 10_000}).all())


def head(world: World) -> int:
    with world.transaction() as ctx:
        return int(ctx.session.scalar(text("SELECT value FROM feed_counter")))


def changes(world: World, cursor: int) -> list[tuple[str, Any, str]]:
    """Return (user, entity id, change) after ``cursor``, sorted."""
    names = {user_id: name for name, user_id in world.people.items()}
    return sorted((names.get(row.audience, "everybody"), row.entity_id, row.change) for row in feed(world, cursor))


@pytest.fixture
def held(committed_world: World) -> tuple[World, UUID, int]:
    """A customer that officer and manager hold, and the feed's head behind that."""
    with committed_world.transaction() as ctx:
        ids = make_customers(ctx, committed_world)
        hold(ctx, committed_world, ["officer", "manager"], ids)
    return committed_world, ids[0], head(committed_world)


def test_a_row_that_nobody_holds_makes_no_noise(committed_world: World) -> None:
    cursor = head(committed_world)
    with committed_world.transaction() as ctx:
        make_customers(ctx, committed_world, 3)
    assert changes(committed_world, cursor) == []


def test_an_update_reaches_every_holder_and_raises_the_version(held: tuple[World, UUID, int]) -> None:
    world, customer, cursor = held
    with world.transaction() as ctx:
        row = ctx.session.get_one(Customer, customer)
        row.phone = "13800000000"
        ctx.session.flush()
        ctx.session.refresh(row)
        assert row.version == 2
    assert changes(world, cursor) == [("manager", customer, "put"), ("officer", customer, "put")]


def test_a_deletion_reaches_every_holder(held: tuple[World, UUID, int]) -> None:
    world, customer, cursor = held
    with world.transaction() as ctx:  # no service deletes a customer, and the database does not let it: a rare hand may
        ctx.session.execute(text("ALTER TABLE customer DISABLE TRIGGER customer_kept"))
        ctx.session.execute(text("DELETE FROM customer WHERE id = :id"), {"id": customer})
        ctx.session.execute(text("ALTER TABLE customer ENABLE TRIGGER customer_kept"))
    assert changes(world, cursor) == [("manager", customer, "del"), ("officer", customer, "del")]
    assert [row.version for row in feed(world, cursor)] == [2, 2]


def test_granting_puts_old_rows_too(held: tuple[World, UUID, int]) -> None:
    world, customer, cursor = held
    with world.transaction() as ctx:
        hold(ctx, world, ["colleague"], [customer])
    assert changes(world, cursor) == [("colleague", customer, "put")]
    with world.transaction() as ctx:
        hold(ctx, world, ["colleague"], [customer])
    assert len(changes(world, cursor)) == 1


def test_revoking_drops_for_the_one_who_lost_it(held: tuple[World, UUID, int]) -> None:
    world, customer, cursor = held
    with world.transaction() as ctx:
        accounts.revoke(ctx, [(world.people["officer"], "customer", customer)])
    assert changes(world, cursor) == [("officer", customer, "drop")]
    cursor = head(world)
    with world.transaction() as ctx:
        ctx.session.execute(text("UPDATE customer SET name = '新名' WHERE id = :id"), {"id": customer})
    assert changes(world, cursor) == [("manager", customer, "put")]


def test_what_the_whole_bank_shares_goes_to_everybody(committed_world: World) -> None:
    cursor = head(committed_world)
    with committed_world.transaction() as ctx:
        templates.ensure_default_template(ctx)
        (version,) = ctx.session.execute(select(TemplateVersion.id, TemplateVersion.template_id))
    rows = {(row.audience, row.entity, row.entity_id) for row in feed(committed_world, cursor)}
    assert rows == {(None, "template", version.template_id), (None, "template_version", version.id)}


def test_manual_sql_with_a_schemas_name_enters_that_banks_feed(
    held: tuple[World, UUID, int], committed_database: Database, bank: Bank
) -> None:
    """An administrator's psql has whatever search_path: the triggers take the schema from their table."""
    world, customer, cursor = held
    statement = f"UPDATE {world.bank.schema}.customer SET phone = '1' WHERE id = '{customer}'"  # noqa: S608 - our own
    with committed_database.engine.begin() as connection:
        connection.execute(text(statement))
    assert changes(world, cursor) == [("manager", customer, "put"), ("officer", customer, "put")]
    before = head(world)
    with committed_database.transaction(bank) as ctx:
        mine = ctx.session.scalar(text("SELECT value FROM feed_counter"))
        ctx.session.execute(text(statement))
        ctx.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        assert ctx.session.scalar(text("SELECT value FROM feed_counter")) == mine
    assert head(world) == before + 2


def test_a_rollback_uses_no_numbers(held: tuple[World, UUID, int]) -> None:
    world, customer, cursor = held

    def fail() -> None:
        with world.transaction() as ctx:
            ctx.session.execute(text("UPDATE customer SET phone = '2' WHERE id = :id"), {"id": customer})
            ctx.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert head(world) == cursor


def test_changes_and_events_share_one_gapless_line(held: tuple[World, UUID, int]) -> None:
    world, customer, _ = held
    with world.transaction() as ctx:
        ctx.session.execute(text("UPDATE customer SET phone = '3' WHERE id = :id"), {"id": customer})
        ctx.record("customer.edited")
    numbers = text("SELECT seq FROM sync_change UNION ALL SELECT number FROM event ORDER BY 1")
    with world.transaction() as ctx:
        assert list(ctx.session.scalars(numbers)) == list(range(1, head(world) + 1))


@pytest.mark.parametrize("entity", sorted(ENTITIES))
def test_every_synced_thing_has_its_triggers(world: World, entity: str) -> None:
    row = ENTITIES[entity]
    wanted = text(
        "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = :schema AND c.relname = :table AND NOT t.tgisinternal"
    )
    with world.transaction() as ctx:
        found = ctx.session.scalars(wanted, {"schema": world.bank.schema, "table": row.model.__tablename__}).all()
    audience = "shared" if row.is_shared else "granted"
    assert sum(f"feed_changed('{entity}', '{audience}')" in line for line in found) == 3
    assert any("bump_version()" in line for line in found)


@pytest.mark.parametrize(
    "table", ["access_grant", "event", *sorted(row.model.__tablename__ for row in ENTITIES.values())]
)
def test_nothing_that_enters_the_feed_can_be_emptied_without_it(committed_world: World, table: str) -> None:
    with (
        committed_world.transaction() as ctx,
        pytest.raises(DBAPIError, match="DELETE FROM"),
        ctx.session.begin_nested(),
    ):
        ctx.session.execute(text(f"TRUNCATE {table} CASCADE"))
