"""Pull: the working set, its pages, drops, late receipts, and nothing that the user does not hold."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import zstandard
from sqlalchemy import text, update

from checkpoints.models import Checkpoint
from inspection_api.accounts import service as accounts
from inspection_api.core.ids import new_id
from inspection_api.templates.models import TemplateVersion
from sync.models import SyncEpoch
from tests.sync.phone import Phone, Street

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World


def mirror(
    phone: Phone, state: dict[tuple[str, str], Any] | None = None, limit: int = 500
) -> dict[tuple[str, str], Any]:
    """Pull until consistent and return what the device then holds."""
    held = dict(state or {})
    cursor, consistent = None, False
    while not consistent:
        page = phone.pull(cursor, limit)
        for change in page["changes"]:
            key = (change.get("e", "receipt"), change.get("id", change.get("op_id")))
            if change["k"] in {"put", "receipt"}:
                held[key] = change
            else:
                held.pop(key, None)
        cursor, consistent = page["cursor"], page["consistent"]
    return held


def kinds(held: dict[tuple[str, str], Any]) -> set[str]:
    return {entity for entity, _ in held}


def test_a_device_pulls_its_working_set_and_nothing_of_others(phone: Phone, street: Street) -> None:
    mine, foreign = street.add(), street.add("foreign_officer", "foreign")
    street.make_tasks()
    held = mirror(phone)
    assert kinds(held) == {"checkpoint", "task", "template", "template_version"}
    assert ("checkpoint", str(mine)) in held
    assert ("checkpoint", str(foreign)) not in held
    checkpoint = held["checkpoint", str(mine)]["d"]
    assert (checkpoint["location_generation"], checkpoint["radius_m"]) == (1, 200)


@pytest.mark.parametrize("limit", [1, 2, 500])
def test_pages_of_any_size_end_at_the_same_state(phone: Phone, street: Street, limit: int) -> None:
    for _ in range(3):
        street.add()
    street.make_tasks()
    assert mirror(phone, limit=limit) == mirror(phone)


def test_a_pull_after_the_head_is_empty_and_consistent(phone: Phone, street: Street) -> None:
    street.add()
    page = phone.pull()
    again = phone.pull(page["cursor"])
    assert (again["changes"], again["consistent"], again["cursor"]) == ([], True, page["cursor"])


def test_a_device_that_stands_at_the_head_reads_no_feed(
    phone: Phone, street: Street, queries: Callable[[], list[str]]
) -> None:
    street.add()
    cursor = phone.pull()["cursor"]
    seen = queries()
    phone.pull(cursor)
    assert seen
    assert not any("sync_change" in statement for statement in seen)


def test_losing_access_drops_and_gaining_it_again_puts(phone: Phone, street: Street, world: World) -> None:
    point = street.add()
    cursor = phone.pull()["cursor"]
    grant = (world.people["officer"], "checkpoint", point)
    with world.transaction() as ctx:
        accounts.revoke(ctx, [grant])
    page = phone.pull(cursor)
    assert page["changes"] == [{"k": "drop", "e": "checkpoint", "id": str(point)}]
    assert ("checkpoint", str(point)) not in mirror(phone)
    with world.transaction() as ctx:
        accounts.grant(ctx, [grant])
    assert [change["k"] for change in phone.pull(page["cursor"])["changes"]] == ["put"]


def test_a_deletion_tells_the_version_behind_the_last_one(phone: Phone, street: Street, world: World) -> None:
    street.add()
    (task,) = street.make_tasks().values()
    pulled = phone.pull()
    (version,) = (each["v"] for each in pulled["changes"] if (each["e"], each.get("id")) == ("task", str(task)))
    with world.transaction() as ctx:
        ctx.session.execute(text("DELETE FROM task WHERE id = :id"), {"id": task})
    assert phone.pull(pulled["cursor"])["changes"] == [{"k": "del", "e": "task", "id": str(task), "v": version + 1}]


def test_a_pushed_visit_comes_back_as_it_stands(phone: Phone, street: Street) -> None:
    operation = phone.submit(street.add())
    phone.push(operation)
    held = mirror(phone)
    assert held["inspection", operation["entity_id"]]["d"]["state"] == "submitted"


def test_a_held_operation_tells_its_receipt_later(phone: Phone, street: Street) -> None:
    draft = {"checkpoint_id": str(street.add()), "template_version_id": str(street.portfolio.version_id)}
    first = phone.operation("inspection.save", uuid4(), draft)
    second = phone.operation("inspection.save", uuid4(), draft)
    phone.push(second)
    cursor = phone.pull()["cursor"]
    phone.push(first)
    receipts = [change for change in phone.pull(cursor)["changes"] if change["k"] == "receipt"]
    assert [(each["op_id"], each["status"], each["from"]) for each in receipts] == [
        (second["op_id"], "applied", "held")
    ]


def test_a_push_tells_of_what_it_releases_what_its_receipt_says(phone: Phone, street: Street) -> None:
    draft = {"checkpoint_id": str(street.add()), "template_version_id": str(street.portfolio.version_id)}
    first, second = (phone.operation("inspection.save", uuid4(), draft) for _ in range(2))
    phone.push(second)
    answer = phone.batch(first, second)
    told = phone.send(answer).json
    again = phone.send(answer).json
    assert [each.get("from") for each in told["results"]] == [None, "held"]
    assert (told["results"], told["replayed"], again["replayed"]) == (again["results"], False, True)


def test_a_cursor_of_another_device_is_gone(phone: Phone, street: Street, client: FlaskClient, world: World) -> None:
    cursor = phone.pull()["cursor"]
    second = Phone(client, world, street)
    query = {"device_id": str(second.id), "cursor": cursor}
    answer = client.get("/api/v1/sync/pull", query_string=query, headers=second.headers)
    assert (answer.status_code, answer.json["code"]) == (410, "cursor_foreign")


def test_a_revoked_device_is_told_to_wipe(phone: Phone, street: Street, client: FlaskClient, world: World) -> None:
    client.post(f"/api/v1/devices/{phone.id}/revoke", headers=world.headers("manager"))
    answer = client.get("/api/v1/sync/pull", query_string={"device_id": str(phone.id)}, headers=phone.headers)
    assert (answer.status_code, answer.json["code"], answer.json["wipe"]) == (403, "device_revoked", True)


def test_a_page_costs_the_same_queries_for_any_number_of_rows(
    phone: Phone, street: Street, queries: Callable[[], list[str]]
) -> None:
    street.add()
    phone.pull()
    seen = queries()
    phone.pull()
    few = len(seen)
    for _ in range(10):
        street.add()
    seen = queries()
    phone.pull()
    assert len(seen) == few


def test_two_banks_that_share_all_ids_never_mix(
    phone: Phone, street: Street, other_world: World, client: FlaskClient
) -> None:
    other = Phone(client, other_world, Street(other_world), id=phone.id, key=phone.key)
    point = street.add()
    assert ("checkpoint", str(point)) in mirror(phone)
    assert ("checkpoint", str(point)) not in mirror(other)


def test_a_page_holds_a_mebibyte_and_goes_on_where_it_ended(phone: Phone, street: Street, world: World) -> None:
    points = [street.add() for _ in range(12)]
    with world.transaction() as ctx:
        for point in points:
            ctx.session.get_one(Checkpoint, point).address = "地" * 100_000
    cursor, consistent, got = None, False, []
    while not consistent:
        query = {"device_id": str(phone.id), "limit": 1000, **({"cursor": cursor} if cursor else {})}
        answer = phone.client.get("/api/v1/sync/pull", query_string=query, headers=phone.headers)
        assert len(answer.data) <= 1 << 20
        cursor, consistent = answer.json["cursor"], answer.json["consistent"]
        got += [change["id"] for change in answer.json["changes"] if change["e"] == "checkpoint"]
    assert sorted(got) == sorted(map(str, points))


def test_one_row_larger_than_a_page_comes_all_the_same(phone: Phone, street: Street, world: World) -> None:
    points = [street.add() for _ in range(2)]
    with world.transaction() as ctx:
        for point in points:
            ctx.session.get_one(Checkpoint, point).address = "x" * (2 << 20)
    assert {("checkpoint", str(point)) for point in points} <= set(mirror(phone))


def test_a_template_reaches_every_device_with_the_name_of_its_form(phone: Phone, street: Street, world: World) -> None:
    held = mirror(phone)
    version = held["template_version", str(street.portfolio.version_id)]["d"]
    form = held["template", version["template_id"]]
    assert form["d"] == {"code": "plain_paper", "name": "中小企业贷后管理“明白纸”", "family": "plain_paper"}
    cursor = phone.pull()["cursor"]
    with world.transaction() as ctx:
        ctx.session.execute(text("UPDATE template SET name = '新名'"))
    (change,) = phone.pull(cursor)["changes"]
    assert (change["e"], change["d"]["name"], change["v"]) == ("template", "新名", form["v"] + 1)


def test_a_draft_of_a_template_goes_to_no_device(phone: Phone, street: Street, world: World) -> None:
    with world.transaction() as ctx:
        published = ctx.session.get_one(TemplateVersion, street.portfolio.version_id)
        draft = TemplateVersion(
            id=new_id(),
            template_id=published.template_id,
            number=published.number + 1,
            status="draft",
            definition=published.definition,
            sha256="0" * 64,
            created_at=ctx.now,
        )
        ctx.session.add(draft)
    versions = {id_ for entity, id_ in mirror(phone) if entity == "template_version"}
    assert str(published.id) in versions
    assert str(draft.id) not in versions


def gone(phone: Phone, cursor: str) -> str:
    query = {"device_id": str(phone.id), "cursor": cursor}
    answer = phone.client.get("/api/v1/sync/pull", query_string=query, headers=phone.headers)
    assert answer.status_code == 410, answer.json
    return str(answer.json["code"])


def test_a_cursor_from_before_a_restore_is_told_apart(phone: Phone, world: World) -> None:
    cursor = phone.pull()["cursor"]
    with world.transaction() as ctx:
        ctx.session.execute(update(SyncEpoch).values(epoch=uuid4()))
    assert gone(phone, cursor) == "epoch_changed"
    assert gone(phone, cursor[:-4]) == "cursor_foreign"
    assert gone(phone, "nonsense") == "cursor_foreign"


CODINGS = [("gzip, br", "gzip"), ("gzip, zstd", "zstd"), ("gzip;q=0", None), ("identity", None)]
UNPACKED: dict[str | None, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
    None: bytes,
}


@pytest.mark.parametrize(("accepted", "encoding"), CODINGS)
def test_a_large_page_comes_compressed_as_it_is_taken(
    phone: Phone, street: Street, accepted: str, encoding: str | None
) -> None:
    street.add()
    headers = {**phone.headers, "Accept-Encoding": accepted}
    answer = phone.client.get("/api/v1/sync/pull", query_string={"device_id": str(phone.id)}, headers=headers)
    assert (answer.headers.get("Content-Encoding"), answer.headers["Vary"]) == (encoding, "Accept-Encoding")
    body = UNPACKED[encoding](answer.data)
    assert json.loads(body)["changes"] == phone.pull()["changes"]
    assert len(body) >= len(answer.data)
