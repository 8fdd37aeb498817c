"""The reference client and a bank that came back from a backup: the last days come again, with their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from inspection_api.inspections.models import Inspection
from inspection_api.media.models import Media
from sync import service
from tests.sync.test_round_trip import approve, officer_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from sqlalchemy import NestedTransaction

    from tests.factories import World
    from tests.fixtures import Clock, RolledBackDatabase
    from tests.sync.test_round_trip import Officer


@pytest.fixture
def officer(client: FlaskClient, world: World, clock: Clock, tmp_path: Path) -> Iterator[Officer]:
    """An approved officer whose device stands where the bank does."""
    with officer_with(client, world, clock, tmp_path) as officer:
        officer.client.login()
        officer.client.enrol()
        approve(officer, world)
        yield officer


def back_up(database: RolledBackDatabase) -> NestedTransaction:
    return database.connection.begin_nested()


def restore(backup: NestedTransaction, database: RolledBackDatabase, world: World) -> None:
    """Bring the bank back to where it was when it was backed up, and finish as the command does."""
    backup.rollback()
    database.connection.execute(text("SELECT set_config('search_path', '', true)"))
    with world.transaction() as ctx:
        service.begin_epoch(ctx)


def states(world: World) -> dict[str, str]:
    with world.transaction() as ctx:
        return {str(row.id): row.state for row in ctx.session.execute(select(Inspection.id, Inspection.state))}


def test_what_the_backup_knows_nothing_of_comes_again_with_its_media_and_counts_once(
    officer: Officer, world: World, database: RolledBackDatabase
) -> None:
    points = [officer.street.add() for _ in range(3)]
    tasks = officer.street.make_tasks()
    before, _ = officer.visit(points[0], tasks[points[0]])
    officer.client.synchronise()
    backup = back_up(database)
    lost, lost_op = officer.visit(points[1], tasks[points[1]])
    officer.client.synchronise()
    assert states(world) == {before: "accepted", lost: "accepted"}
    restore(backup, database, world)
    assert states(world) == {before: "accepted"}

    after, _ = officer.visit(points[2], tasks[points[2]])
    officer.client.synchronise()
    assert states(world) == dict.fromkeys((before, lost, after), "accepted")
    receipt = officer.client.outbox.receipt(lost_op)
    assert receipt is not None
    assert receipt["status"] == "applied"
    with world.transaction() as ctx:
        counted = dict(ctx.session.execute(select(Media.status, func.count()).group_by(Media.status)).all())
    assert counted == {"stored": 6}
    assert (officer.client.outbox.waiting(), officer.client.uploads.waiting()) == (0, 0)
    assert officer.client.verify() == []
    done = officer.client.mirror.all("task")
    assert {done[str(tasks[point])]["state"] for point in points} == {"done"}


def test_what_was_acknowledged_more_than_seven_days_before_is_not_sent_again(
    officer: Officer, world: World, database: RolledBackDatabase, clock: Clock
) -> None:
    points = [officer.street.add() for _ in range(2)]
    tasks = officer.street.make_tasks()
    backup = back_up(database)
    old, _ = officer.visit(points[0], tasks[points[0]])
    officer.client.synchronise()
    clock.advance(days=8)
    recent, _ = officer.visit(points[1], tasks[points[1]])
    officer.client.synchronise()
    restore(backup, database, world)
    officer.client.synchronise()
    assert set(states(world)) == {recent}
    assert old != recent
