"""Two banks with the same people, checkpoints and tasks under the same ids: nothing but the schema tells them apart."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.rows import namedtuple_row
from sqlalchemy import Table, text

from checkpoints.models import Checkpoint
from inspection_api.accounts import service as accounts
from inspection_api.core.tables import Base
from inspection_api.inspections.models import Inspection
from tests.factories import World
from tests.sync.phone import Street

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from flask.testing import FlaskClient

    from inspection_api.core.banks import Bank
    from inspection_api.core.context import Actor, Context
    from tests.fixtures import Clock, RolledBackDatabase

FOREIGN = "他行"
"""Every name in the second bank begins with this, so that a leak can be seen."""
OWNERS = ("officer", "officer", "officer", "colleague", "foreign_officer")
_NOT_COPIED = {"session_token", "event", "event_delivery", "sync_change", "feed_counter", "feed_tick", "sync_epoch"}
_NOT_COPIED |= {"task_tally", "month_adjustment"}  # triggers write them again
_AGE_RECORDS = """
UPDATE inspection SET print_opens_at = print_opens_at - interval '20 days',
                      print_closes_at = print_closes_at - interval '20 days'
WHERE checkpoint_id = ANY (:ids)
"""
_AGE_WINDOWS = """
UPDATE paper_window w SET opens_at = i.print_opens_at, closes_at = i.print_closes_at
FROM inspection i WHERE i.id = w.inspection_id AND i.checkpoint_id = ANY (:ids)
"""


@dataclass
class Town:
    """One bank: its street, its checkpoints (the third is not bound yet) and their tasks of the month."""

    name: str
    world: World
    street: Street
    checkpoints: list[UUID]
    tasks: dict[UUID, UUID]
    actors: dict[str, Actor] = field(default_factory=dict)

    @contextmanager
    def as_user(self, username: str) -> Iterator[Context]:
        """Open a transaction as a member of the staff."""
        if username not in self.actors:
            self.actors[username] = self.world.actor(username)
        with self.world.database.transaction(self.world.bank, actor=self.actors[username]) as ctx:
            yield ctx

    def rows(self, statement: str) -> list[Any]:
        """Return what a query finds in this bank now, in one round trip."""
        driver = self.world.database.connection.connection.driver_connection
        with driver.cursor(row_factory=namedtuple_row) as cursor:
            cursor.execute(
                f"SET LOCAL search_path TO {self.world.bank.schema}; {statement}; SET LOCAL search_path TO ''"
            )
            cursor.nextset()
            return list(cursor.fetchall())


@dataclass
class Stage:
    """What a simulation plays on; `seed` gives it a savepoint of its own."""

    client: FlaskClient
    database: RolledBackDatabase
    clock: Clock
    towns: dict[str, Town]
    folder: Path
    start: datetime

    @contextmanager
    def act(self) -> Iterator[None]:
        """Play something and undo it."""
        self.clock.now = self.start
        savepoint = self.database.connection.begin_nested()
        try:
            yield
        finally:
            savepoint.rollback()
            self.database.connection.execute(text("SELECT set_config('search_path', '', true)"))
            for town in self.towns.values():
                town.actors.clear()


def build(world: World, other_bank: Bank) -> dict[str, Town]:
    """Populate the first bank, and the second as its copy."""
    street = Street(world)
    checkpoints = [
        street.add(owner, "foreign" if owner == "foreign_officer" else "sub_branch", bound=number != 2)
        for number, owner in enumerate(OWNERS)
    ]
    tasks = street.make_tasks()
    with world.transaction() as ctx:
        for number, owner in enumerate(OWNERS):
            _let_hold(ctx, street, checkpoints[number], world.people[owner])
    with world.transaction() as ctx:
        _lock_some(ctx, checkpoints[:2])
    twin = _copied(world, other_bank)
    streets = {"demo": street, "other": Street(twin)}
    return {
        name: Town(name=name, world=each.world, street=each, checkpoints=checkpoints, tasks=tasks)
        for name, each in streets.items()
    }


def _let_hold(ctx: Context, street: Street, checkpoint_id: UUID, officer_id: UUID) -> None:
    """Let an officer hold his customer, and an accepted record whose paper may be printed."""
    point = ctx.session.get_one(Checkpoint, checkpoint_id)
    record = Inspection(
        id=UUID(int=checkpoint_id.int ^ 1),
        checkpoint_id=point.id,
        customer_id=point.customer_id,
        organisation_id=point.organisation_id,
        officer_id=officer_id,
        template_version_id=street.portfolio.version_id,
        state="accepted",
        answers={},
        conclusion="normal",
        performed_at=ctx.now,
        accepted_at=ctx.now,
        snapshot={"customer_name": point.name, "loans": []},
        judgement={"verdict": "inside", "distance_m": 12.0},
    )
    ctx.session.add(record)
    ctx.session.flush()
    accounts.grant(ctx, [(officer_id, "inspection", record.id), (officer_id, "customer", point.customer_id)])
    ctx.record("inspection.accepted", inspection_id=str(record.id))


def _lock_some(ctx: Context, checkpoint_ids: list[UUID]) -> None:
    """Let the papers at some checkpoints be of long ago, so that they are locked."""
    values = {"ids": checkpoint_ids}
    ctx.session.execute(text(_AGE_RECORDS), values)
    ctx.session.execute(text(_AGE_WINDOWS), values)


def _copied_in_order() -> list[Table]:
    """Return the tables to copy, each after those that it names; a grant's rows must be there before it is."""
    tables = {table.name: table for table in Base.metadata.tables.values()}
    for parent in ("plan", "plan_membership", "checkpoint", "customer", "loan", "inspection_rule"):
        tables["task"].add_is_dependent_on(tables[parent])  # a trigger checks these, no foreign key says so
    copied = [table for table in Base.metadata.sorted_tables if table.name not in _NOT_COPIED]
    return sorted(copied, key=lambda each: each.name == "access_grant")


def _copied(world: World, other_bank: Bank) -> World:
    twin = World(world.database, other_bank, dict(world.organisations), dict(world.people))
    source, target = world.bank.schema, other_bank.schema
    with twin.transaction() as ctx:
        for table in _copied_in_order():
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            whole = f'"{target}"."{table.name}" ({columns}) SELECT {columns} FROM "{source}"."{table.name}"'  # noqa: S608 - our own names
            ctx.session.execute(text(f"INSERT INTO {whole} ON CONFLICT DO NOTHING"))
        for table_name in ("checkpoint", "customer"):
            ctx.session.execute(text(f"UPDATE {table_name} SET name = '{FOREIGN}' || name"))  # noqa: S608 - the same
    return twin
