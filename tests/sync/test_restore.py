"""A bank that came back from a backup serves nobody before its devices are told, and then loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from inspection_api.cli import main
from inspection_api.core.banks import BankRestored
from inspection_api.worker import Outbox
from sync import service
from tests.sync.test_pull import gone, mirror

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from inspection_api.core.banks import Bank, BankCatalogue
    from inspection_api.core.db import Database
    from tests.factories import World
    from tests.sync.phone import Phone, Street

SECRET = "test-secret-of-thirty-two-letters"


@pytest.fixture
def restored(catalogue: BankCatalogue, committed_bank: Bank) -> Iterator[Bank]:
    """A bank whose database says that it is another one."""
    set_cluster(catalogue, committed_bank, "7000000000000000000/1")
    yield next(bank for bank in catalogue.everyone() if bank.code == committed_bank.code)
    set_cluster(catalogue, committed_bank, None)


def set_cluster(catalogue: BankCatalogue, bank: Bank, cluster: str | None) -> None:
    with catalogue.engine.begin() as connection:
        connection.execute(
            text("UPDATE public.bank SET cluster = :cluster WHERE code = :code"),
            {"cluster": cluster, "code": bank.code},
        )
    catalogue.everyone()


@pytest.fixture
def env(database_url: str, redis_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "XUNJI_MODE": "test",
        "XUNJI_SECRET_KEY": SECRET,
    }


def test_a_bank_knows_its_database_from_its_first_migration(catalogue: BankCatalogue, committed_bank: Bank) -> None:
    statement = text("SELECT cluster FROM public.bank WHERE code = :code")
    with catalogue.engine.connect() as connection:
        assert "/" in str(connection.scalar(statement, {"code": committed_bank.code}))
    assert not committed_bank.is_restored


def test_a_restored_bank_is_not_served_and_not_worked_on(
    catalogue: BankCatalogue, restored: Bank, client: FlaskClient, committed_database: Database
) -> None:
    with pytest.raises(BankRestored):
        catalogue.find_by_code(restored.code)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["code"], answer.json["banks"]) == (503, "bank_restored", [restored.code])
    ready = Outbox(database=committed_database, banks=catalogue).ready()
    assert restored.code not in {bank.code for bank in ready}
    assert ready


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_nothing_starts_before_restore_finish_has_run(env: dict[str, str], restored: Bank, command: str) -> None:
    done = CliRunner().invoke(main, [command], env=env)
    assert done.exit_code == 1
    assert "bank_restored" in done.output
    assert restored.code in done.output


def test_restore_finish_begins_an_epoch_and_lets_the_bank_serve(
    env: dict[str, str], catalogue: BankCatalogue, restored: Bank
) -> None:
    done = CliRunner().invoke(main, ["restore-finish"], env=env)
    assert done.exit_code == 0, done.output
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [restored.code]
    catalogue.everyone()
    found = catalogue.find_by_code(restored.code)
    assert found is not None
    assert not found.is_restored
    assert CliRunner().invoke(main, ["restore-finish"], env=env).stdout == ""
    assert CliRunner().invoke(main, ["restore-finish", "--bank", "nowhere"], env=env).exit_code == 1


def versions(held: dict[tuple[str, str], Any]) -> dict[tuple[str, str], int]:
    return {key: row["v"] for key, row in held.items()}


def test_a_new_epoch_voids_cursors_and_raises_every_version_in_silence(
    phone: Phone, street: Street, world: World
) -> None:
    street.add()
    street.make_tasks()
    before, cursor = versions(mirror(phone)), phone.pull()["cursor"]
    with world.transaction() as ctx:
        rows = ctx.session.scalar(text("SELECT count(*) FROM sync_change"))
        epoch = service.begin_epoch(ctx)
        assert ctx.session.scalar(text("SELECT count(*) FROM sync_change")) == rows
    assert gone(phone, cursor) == "epoch_changed"
    page = phone.snapshot()
    assert page["epoch"] == str(epoch) == phone.shake_hands()["epoch"]
    after = {(each["e"], each["id"]): each["v"] for each in page["changes"]}
    assert after == {key: version + 1_000_000 for key, version in before.items()}


def test_the_triggers_work_again_after_a_new_epoch(phone: Phone, street: Street, world: World) -> None:
    point = street.add()
    with world.transaction() as ctx:
        service.begin_epoch(ctx)
    cursor = phone.pull()["cursor"]
    with world.transaction() as ctx:
        ctx.session.execute(text("UPDATE checkpoint SET name = '新名' WHERE id = :id"), {"id": point})
    (change,) = phone.pull(cursor)["changes"]
    assert (change["id"], change["v"] > 1_000_001) == (str(point), True)


def test_what_was_acknowledged_and_lost_is_sent_again_and_what_survived_is_replayed(
    phone: Phone, street: Street, world: World
) -> None:
    """The backup knew nothing of the visit; the same operation in a new batch has its effect now, and only once."""
    operation = phone.submit(street.add())
    with world.transaction() as ctx:
        service.begin_epoch(ctx)
    (first,) = phone.push(operation)
    (again,) = phone.push(operation)
    assert first["status"] == again["status"] == "extra"
