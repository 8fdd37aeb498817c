"""Migrations, bank by bank: each schema has its own ``alembic_version`` and an advisory lock while it is upgraded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from inspection_api.core.banks import SecretWrong
from inspection_api.core.logs import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from inspection_api.core.banks import Bank, BankCatalogue

SCRIPTS = Path(__file__).parents[2] / "migrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one bank's migration; ``error`` is empty when it is at the head now."""

    bank: Bank
    error: str


def head() -> str:
    """Return the migration that this program needs.

    Raises:
        RuntimeError: there is no migration at all.
    """
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError("no migrations")
    return revision


def upgrade_all(catalogue: BankCatalogue) -> Iterator[Outcome]:
    """Upgrade every bank in turn and yield each outcome; a broken bank does not stop the next one."""
    for bank in catalogue.everyone():
        yield _outcome(catalogue, bank)
    catalogue.engine.dispose()


def upgrade(catalogue: BankCatalogue, bank: Bank, revision: str = "head") -> None:
    """Bring one bank's schema to ``revision``, all or nothing."""
    run_alembic(catalogue.engine, bank, lambda config: command.upgrade(config, revision))
    catalogue.note_revision(bank, head() if revision == "head" else revision)


def run_alembic(engine: Engine, bank: Bank, action: Callable[[Config], None]) -> None:
    """Run one alembic command inside the bank's schema, in one transaction, one at a time per bank."""
    config = _config()
    with engine.begin() as connection:
        _enter(connection, bank)
        config.attributes["connection"] = connection
        action(config)


def _outcome(catalogue: BankCatalogue, bank: Bank) -> Outcome:
    if bank.key is None:
        return Outcome(bank=bank, error=f"{SecretWrong.title} ({SecretWrong.code})")
    try:
        upgrade(catalogue, bank)
    except Exception as error:
        log.exception("migration_failed", bank=bank.code)
        return Outcome(bank=bank, error=str(error).splitlines()[0])
    return Outcome(bank=bank, error="")


def _enter(connection: Connection, bank: Bank) -> None:
    lock = int.from_bytes(hashlib.sha256(bank.tag.encode()).digest()[:8], "big", signed=True)
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
    connection.execute(text("SELECT set_config('search_path', quote_ident(:schema), true)"), {"schema": bank.schema})


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config
