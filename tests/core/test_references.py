"""References of the tables that batches fill, checked once per statement."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from inspection_api.core.references import PARENTS

if TYPE_CHECKING:
    from tests.factories import World

_GRANT = text("INSERT INTO access_grant (user_id, entity, entity_id) SELECT id, 'task', id FROM unnest(:ids) AS t (id)")


def refused_by(error: IntegrityError) -> str | None:
    assert isinstance(error.orig, psycopg.errors.ForeignKeyViolation)
    return error.orig.diag.constraint_name


def test_one_unknown_parent_among_many_refuses_the_statement(world: World) -> None:
    known: list[UUID] = list(world.people.values())
    with world.transaction() as ctx:
        with pytest.raises(IntegrityError) as raised, ctx.session.begin_nested():
            ctx.session.execute(_GRANT, {"ids": [*known, uuid4()]})
        ctx.session.execute(_GRANT, {"ids": known})
    assert refused_by(raised.value) == "fk_access_grant_user_id"


def test_an_update_is_checked_as_an_insert_is(world: World) -> None:
    with world.transaction() as ctx:
        ctx.session.execute(_GRANT, {"ids": [world.people["officer"]]})
        with pytest.raises(IntegrityError), ctx.session.begin_nested():
            ctx.session.execute(text("UPDATE access_grant SET user_id = gen_random_uuid()"))


@pytest.mark.parametrize("parent", PARENTS)
def test_a_parent_is_never_deleted(world: World, parent: str) -> None:
    with world.transaction() as ctx, pytest.raises(IntegrityError), ctx.session.begin_nested():
        ctx.session.execute(text(f"DELETE FROM {parent}"))  # noqa: S608 - a name of our own
