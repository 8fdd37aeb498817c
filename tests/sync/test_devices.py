"""The desk of devices, the doctor, and the commands of whoever looks after them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from click.testing import CliRunner

from inspection_api.cli import main
from sync import service as sync
from tests.factories import pages
from tests.fixtures import SECRET
from tests.sync.operations import save
from tests.sync.phone import Phone, Street

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock

PATH = "/api/v1/sync/devices"


@pytest.fixture
def waiting(phone: Phone, street: Street, clock: Clock) -> Phone:
    """A phone of which one number is missing, one operation held, and three media not uploaded."""
    missing = next(phone.seqs)
    phone.push(save(phone, street, street.add()), phone.submit(street.add()))
    clock.advance(minutes=10)
    assert missing == 1
    return phone


def test_a_manager_sees_what_a_phone_waits_for_and_owes(waiting: Phone, world: World, client: FlaskClient) -> None:
    manager = world.headers("manager")
    (row,) = pages(client, PATH, manager)
    told = {name: row[name] for name in ("id", "app", "next_seq", "gaps", "missing", "held", "parked", "media_open")}
    assert told == {
        "id": str(waiting.id),
        "app": "test",
        "next_seq": 4,
        "gaps": [1],
        "missing": 1,
        "held": 1,
        "parked": 0,
        "media_open": 3,
    }
    assert row["missing_since"] == row["waiting_since"] == row["media_since"] == row["last_seen_at"]
    assert (row["user_name"], row["clock_skew_s"]) == ("姓名officer", 0.0)
    detail = client.get(f"{PATH}/{waiting.id}", headers=manager).json
    (operation,) = detail["waiting"]
    assert (operation["seq"], operation["status"], operation["code"], operation["age_s"]) == (2, "held", "held", 600)
    assert {name: value for name, value in detail.items() if name != "waiting"} == row


@pytest.mark.parametrize(
    ("user", "status"), [("branch_manager", 200), ("foreign_manager", 404), ("officer", 403), ("nobody", 403)]
)
def test_the_desk_ends_where_ones_organisation_ends(
    waiting: Phone, world: World, client: FlaskClient, user: str, status: int
) -> None:
    headers = world.headers(user)
    assert client.get(f"{PATH}/{waiting.id}", headers=headers).status_code == status
    listed = client.get(PATH, headers=headers)
    assert (listed.status_code, len((listed.json or {}).get("items", []))) == (
        200 if status in {200, 404} else status,
        1 if status == 200 else 0,
    )


def test_a_phone_that_was_never_heard_is_not_on_the_desk(client: FlaskClient, world: World, street: Street) -> None:
    silent = Phone(client, world, street)
    assert client.get(f"{PATH}/{silent.id}", headers=world.headers("manager")).status_code == 404
    assert client.get(f"{PATH}/{uuid4()}", headers=world.headers("manager")).status_code == 404


def test_a_page_of_any_length_takes_the_same_number_of_queries(
    waiting: Phone, world: World, client: FlaskClient, street: Street, queries: Callable[[], list[str]]
) -> None:
    manager = world.headers("manager")
    counts = []
    for username in ("colleague", "officer"):
        seen = queries()
        assert client.get(PATH, headers=manager).status_code == 200
        counts.append(len(seen))
        Phone(client, world, street, username=username).shake_hands()
    assert counts[0] == counts[1]
    assert len(list(pages(client, PATH, manager, limit=1))) == 3


def test_the_doctor_names_the_phone_its_owner_and_the_cause(waiting: Phone, world: World) -> None:
    with world.transaction() as ctx:
        (complaint,) = sync.examine(ctx)
    assert complaint.startswith(f"姓名officer 手机 {waiting.id}：1 条操作等待缺失的操作：缺失 1 个序号")


def test_a_bank_without_phones_is_healthy(world: World) -> None:
    with world.transaction() as ctx:
        assert sync.examine(ctx) == []


def test_the_commands_say_what_is_stuck_and_let_it_go(
    committed_app: Flask, committed_world: World, database_url: str, redis_url: str
) -> None:
    env = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "XUNJI_MODE": "test",
        "XUNJI_SECRET_KEY": SECRET.decode(),
    }
    code = committed_world.bank.code

    def said(*words: str) -> str:
        done = CliRunner().invoke(main, words, env=env)
        assert done.exit_code == 0, done.output
        return done.stdout

    assert said("sync-doctor", "--bank", code) == f"{code}：一切正常\n"
    assert said("sync-signatures", code, "flag") == f"{code}: flag\n"
    street = Street(committed_world)
    phone = Phone(committed_app.test_client(), committed_world, street)
    next(phone.seqs)
    held = save(phone, street, street.add())
    phone.push(held)
    assert "缺失 1 个序号" in said("sync-doctor", "--bank", code)
    line = f"{phone.id} 2 {held['op_id']}: 已生效 (applied)\n"
    assert said("sync-reprocess", "--bank", code) == line
    assert said("sync-reprocess", "--bank", code, "--device", str(phone.id)) == ""
