"""Migrations: one line, equal to the models, there and back, and one broken bank stops nobody else."""

from __future__ import annotations

import itertools
import os
import re
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from click.testing import CliRunner
from sqlalchemy import text

from inspection_api.app import metadata
from inspection_api.cli import main
from inspection_api.core import migrations
from tests.fixtures import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from inspection_api.core.banks import Bank, BankCatalogue

_numbers = itertools.count(1)

OBJECTS = text(
    """
    SELECT 'table ' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relkind IN ('r', 'v', 'S', 'i') AND c.relname NOT LIKE 'alembic%'
    UNION ALL
    SELECT 'function ' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = :schema
    UNION ALL
    SELECT 'trigger ' || t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :schema AND NOT t.tgisinternal
    UNION ALL
    SELECT 'constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid) FROM pg_constraint k
    JOIN pg_namespace n ON n.oid = k.connamespace WHERE n.nspname = :schema AND k.conname NOT LIKE 'alembic%'
    """
)


@pytest.fixture
def new_bank(catalogue: BankCatalogue) -> Iterator[Callable[[], Bank]]:
    """Make banks whose schemas are still empty; drop them afterwards."""
    made: list[Bank] = []

    def make() -> Bank:
        made.append(catalogue.create(f"m{os.getpid()}x{next(_numbers)}", "测试银行"))
        return made[-1]

    yield make
    with catalogue.engine.begin() as connection:
        for bank in made:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {bank.schema} CASCADE"))
            connection.execute(text("DELETE FROM public.bank WHERE code = :code"), {"code": bank.code})
    catalogue.everyone()


def entered(connection: Connection, bank: Bank) -> None:
    connection.execute(text("SELECT set_config('search_path', quote_ident(:schema), true)"), {"schema": bank.schema})


def objects(catalogue: BankCatalogue, bank: Bank) -> set[str]:
    with catalogue.engine.begin() as connection:
        entered(connection, bank)
        return set(connection.scalars(OBJECTS, {"schema": bank.schema}))


def script() -> ScriptDirectory:
    return ScriptDirectory(str(migrations.SCRIPTS))


def test_there_is_one_head_and_one_line() -> None:
    assert script().get_heads() == [migrations.head()]
    numbers = [revision.revision for revision in script().walk_revisions()]
    assert numbers == sorted(set(numbers), reverse=True)
    assert all(re.fullmatch(r"\d{4}", number) for number in numbers)


def test_every_migration_says_what_it_is_for_and_waits_for_no_lock() -> None:
    for revision in script().walk_revisions():
        source = revision.module.__file__
        assert revision.doc.strip()
        assert source
        with open(source) as file:  # noqa: PTH123 - a path that alembic knows
            assert file.read().count("SET LOCAL lock_timeout") == 2, source


def test_models_and_migrations_are_the_same(catalogue: BankCatalogue, bank: Bank) -> None:
    with catalogue.engine.begin() as connection:
        entered(connection, bank)
        differences = compare_metadata(MigrationContext.configure(connection), metadata())
    assert differences == []


def test_check_constraints_of_the_models_are_in_the_database(catalogue: BankCatalogue, bank: Bank) -> None:
    """Alembic does not compare check constraints, so their names are compared here."""
    wanted = {
        constraint.name
        for table in metadata().tables.values()
        for constraint in table.constraints
        if type(constraint).__name__ == "CheckConstraint"
    }
    found = {line.split()[1] for line in objects(catalogue, bank) if line.startswith("constraint ck_")}
    assert {str(name) for name in wanted} == found


def test_up_down_up_ends_where_it_was(catalogue: BankCatalogue, new_bank: Callable[[], Bank]) -> None:
    bank = new_bank()
    migrations.upgrade(catalogue, bank)
    first = objects(catalogue, bank)
    migrations.run_alembic(catalogue.engine, bank, lambda config: command.downgrade(config, "base"))
    assert objects(catalogue, bank) == set()
    migrations.upgrade(catalogue, bank)
    assert objects(catalogue, bank) == first


def test_every_step_goes_back_by_itself(catalogue: BankCatalogue, new_bank: Callable[[], Bank]) -> None:
    bank = new_bank()
    before = objects(catalogue, bank)
    for revision in reversed(list(script().walk_revisions())):
        migrations.upgrade(catalogue, bank, revision.revision)
        after = objects(catalogue, bank)
        migrations.run_alembic(catalogue.engine, bank, lambda config: command.downgrade(config, "-1"))
        assert objects(catalogue, bank) == before
        migrations.upgrade(catalogue, bank, revision.revision)
        before = after


def test_a_failed_migration_leaves_the_schema_as_it_was(catalogue: BankCatalogue, new_bank: Callable[[], Bank]) -> None:
    bank = new_bank()
    with catalogue.engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {bank.schema}.organisation (id int)"))
    before = objects(catalogue, bank)
    with pytest.raises(Exception, match="already exists"):
        migrations.upgrade(catalogue, bank)
    assert objects(catalogue, bank) == before
    assert next(known for known in catalogue.everyone() if known.code == bank.code).revision is None


@pytest.fixture
def env(database_url: str, redis_url: str) -> dict[str, str]:
    """The environment of a command line on this worker's database."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "XUNJI_MODE": "test",
        "XUNJI_SECRET_KEY": SECRET.decode(),
    }


def migrated(env: dict[str, str]) -> tuple[int, dict[str, str]]:
    """Run the command; return its exit status and what it says about each bank."""
    done = CliRunner().invoke(main, ["migrate"], env=env)
    return done.exit_code, dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)


def test_migrate_goes_past_a_broken_bank_and_reports_each(
    catalogue: BankCatalogue, new_bank: Callable[[], Bank], env: dict[str, str]
) -> None:
    banks = [new_bank() for _ in range(3)]
    with catalogue.engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {banks[1].schema}.organisation (id int)"))
    status, told = migrated(env)
    assert status == 1
    assert told[banks[0].code] == told[banks[2].code] == told["demo"] == migrations.head()
    assert "already exists" in told[banks[1].code]
    revisions = {bank.code: bank.revision for bank in catalogue.everyone()}
    assert [revisions[bank.code] for bank in banks] == [migrations.head(), None, migrations.head()]


def test_migrate_twice_is_the_same_as_once(new_bank: Callable[[], Bank], env: dict[str, str]) -> None:
    code = new_bank().code
    for _ in range(2):
        status, told = migrated(env)
        assert (status, told[code]) == (0, migrations.head())
