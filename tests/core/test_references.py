"""References of the tables that batches fill, checked once per statement."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from inspection_api.core.references import PARENTS
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from tests.factories import World

_GRANT = text("INSERT INTO access_grant (user_id, entity, entity_id) SELECT id, 'task', id FROM unnest(:ids) AS t (id)")
_TWIN = text(
    """
    INSERT INTO task (id, plan_id, rule_id, rule_version, episode_id, checkpoint_id, customer_id, kind, period_start,
                      period_end, due_on, window_end_on, organisation_id, template_version_id)
    SELECT gen_random_uuid(), plan_id, rule_id, rule_version, episode_id, gen_random_uuid(), customer_id, kind,
           period_start + 400, period_end + 400, due_on + 400, window_end_on + 400, organisation_id, template_version_id
    FROM task LIMIT 1
    """
)


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


def test_a_task_names_only_what_there_is(world: World) -> None:
    portfolio = Portfolio(world)
    portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    for column in ("plan_id", "episode_id", "checkpoint_id", "customer_id", "loan_id", "organisation_id", "officer_id"):
        with world.transaction() as ctx, pytest.raises(IntegrityError) as raised, ctx.session.begin_nested():
            ctx.session.execute(text(f"UPDATE task SET {column} = gen_random_uuid()"))  # noqa: S608 - our own names
        assert refused_by(raised.value) == f"fk_task_{column}"
    with world.transaction() as ctx, pytest.raises(IntegrityError) as raised, ctx.session.begin_nested():
        ctx.session.execute(_TWIN)
    assert refused_by(raised.value) == "fk_task_checkpoint_id"


@pytest.mark.parametrize("parent", [*PARENTS, "plan", "plan_membership", "checkpoint", "customer", "loan"])
def test_a_parent_is_never_deleted(world: World, parent: str) -> None:
    with world.transaction() as ctx, pytest.raises(IntegrityError), ctx.session.begin_nested():
        ctx.session.execute(text(f"DELETE FROM {parent}"))  # noqa: S608 - a name of our own
