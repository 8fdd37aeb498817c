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

DRAFT = UUID("01900000-0000-7000-8000-00000000d4af")
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


def test_a_task_names_only_what_there_is(world: World) -> None:
    portfolio = Portfolio(world)
    portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    for column in ("plan_id", "episode_id", "checkpoint_id", "customer_id", "loan_id", "organisation_id", "officer_id"):
        with world.transaction() as ctx, pytest.raises(IntegrityError) as raised, ctx.session.begin_nested():
            ctx.session.execute(text(f"UPDATE task SET {column} = gen_random_uuid()"))  # noqa: S608 - our own names
        assert refused_by(raised.value) == f"fk_task_{column}"


_LATER = {
    "id": "gen_random_uuid()",
    **{name: f"{name} + 400" for name in ("period_start", "period_end", "due_on", "window_end_on")},
    **{name: name for name in ("plan_id", "rule_id", "rule_version", "episode_id", "checkpoint_id", "customer_id")},
    **{name: name for name in ("kind", "organisation_id", "template_version_id")},
}
_DRAFT = text(
    """
    INSERT INTO template_version (id, template_id, number, status, definition, sha256, created_at)
    SELECT :id, template_id, number + 1, 'draft', definition, sha256, created_at FROM template_version
    ORDER BY number DESC LIMIT 1
    """
)


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("checkpoint_id", "gen_random_uuid()", "fk_task_checkpoint_id"),
        ("rule_id", "gen_random_uuid()", "fk_task_rule_version"),
        ("rule_version", "99", "fk_task_rule_version"),
        ("template_version_id", "gen_random_uuid()", "fk_task_template_version_id"),
        ("template_version_id", f"'{DRAFT}'", "fk_task_template_version_id"),
    ],
)
def test_a_task_is_checked_when_it_is_made_and_when_it_is_changed(
    world: World, column: str, value: str, constraint: str
) -> None:
    portfolio = Portfolio(world)
    portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    names, values = ", ".join(_LATER), ", ".join({**_LATER, column: value}.values())
    inserted = f"INSERT INTO task ({names}) SELECT {values} FROM task LIMIT 1"  # noqa: S608 - our own names
    updated = f"UPDATE task SET {column} = {value}"  # noqa: S608 - our own names
    with world.transaction() as ctx:
        ctx.session.execute(_DRAFT, {"id": DRAFT})
        for statement in (inserted, updated):
            with pytest.raises(IntegrityError) as raised, ctx.session.begin_nested():
                ctx.session.execute(text(statement))
            assert refused_by(raised.value) == constraint


@pytest.mark.parametrize(
    "parent", [*PARENTS, "plan", "plan_membership", "checkpoint", "customer", "loan", "inspection_rule_version"]
)
def test_a_parent_is_never_deleted(world: World, parent: str) -> None:
    with world.transaction() as ctx, pytest.raises(IntegrityError), ctx.session.begin_nested():
        ctx.session.execute(text(f"DELETE FROM {parent}"))  # noqa: S608 - a name of our own
