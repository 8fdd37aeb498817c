"""Snapshot and verify: a device that lost its place holds again exactly what it should."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from checkpoints.models import Checkpoint
from inspection_api.accounts import service as accounts
from sync.protocol.digest import differing, digests
from tests.sync.phone import Phone, Street
from tests.sync.test_pull import mirror

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World

Held = dict[tuple[str, str], Any]


def taken(phone: Phone, limit: int = 1000, between: Callable[[], None] | None = None) -> tuple[Held, str]:
    """Take a snapshot; return what it holds, and the cursor from which to pull."""
    held: Held = {}
    cursor, has_more = None, True
    while has_more:
        page = phone.snapshot(cursor, limit)
        assert not page["consistent"]
        held |= {(each.get("e", "receipt"), each.get("id", each.get("op_id"))): each for each in page["changes"]}
        cursor, has_more = page["cursor"], page["has_more"]
        if between is not None:
            between()
            between = None
    return held, str(cursor)


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_a_snapshot_of_pages_of_any_size_is_what_a_pull_brings(phone: Phone, street: Street, limit: int) -> None:
    for _ in range(3):
        street.add()
    street.make_tasks()
    held, cursor = taken(phone, limit)
    assert held == mirror(phone)
    assert (phone.pull(cursor)["changes"], phone.pull(cursor)["consistent"]) == ([], True)


def test_what_changes_during_a_snapshot_comes_with_the_pull_behind_it(
    phone: Phone, street: Street, world: World
) -> None:
    points = sorted(street.add() for _ in range(3))

    def change() -> None:
        with world.transaction() as ctx:
            ctx.session.get_one(Checkpoint, points[0]).name = "新名"
            accounts.revoke(ctx, [(world.people["officer"], "checkpoint", points[1])])

    held, cursor = taken(phone, 1, change)
    for each in phone.pull(cursor)["changes"]:
        held.pop((each["e"], each["id"]), None)
        if each["k"] == "put":
            held[each["e"], each["id"]] = each
    assert held == mirror(phone)
    assert ("checkpoint", str(points[1])) not in held


def test_a_snapshot_is_bounded_by_bytes(phone: Phone, street: Street, world: World) -> None:
    points = [street.add() for _ in range(6)]
    with world.transaction() as ctx:
        for point in points:
            ctx.session.get_one(Checkpoint, point).address = "地" * 100_000
    page = phone.snapshot()
    assert page["has_more"]
    assert len([each for each in page["changes"] if each["e"] == "checkpoint"]) == 3
    assert {("checkpoint", str(point)) for point in points} <= set(taken(phone)[0])


def test_a_snapshot_tells_the_late_receipts_again(phone: Phone, street: Street) -> None:
    draft = {"checkpoint_id": str(street.add()), "template_version_id": str(street.portfolio.version_id)}
    first, second = (phone.operation("inspection.save", uuid4(), draft) for _ in range(2))
    phone.push(second)
    phone.push(first)
    held, _ = taken(phone)
    assert held["receipt", second["op_id"]]["status"] == "applied"


def test_a_snapshot_goes_on_with_its_own_cursor_only(phone: Phone, street: Street, client: FlaskClient) -> None:
    street.add()
    feed, place = phone.pull()["cursor"], phone.snapshot(limit=1)["cursor"]
    body = {"device_id": str(phone.id), "cursor": feed}
    answer = client.post("/api/v1/sync/snapshot", json=body, headers=phone.headers)
    assert (answer.status_code, answer.json["code"]) == (410, "cursor_foreign")
    query = {"device_id": str(phone.id), "cursor": place}
    answer = client.get("/api/v1/sync/pull", query_string=query, headers=phone.headers)
    assert (answer.status_code, answer.json["code"]) == (410, "cursor_foreign")


def test_a_device_without_approval_gets_no_snapshot(client: FlaskClient, world: World, street: Street) -> None:
    phone = Phone(client, world, street, approved=False)
    for path, more in (("snapshot", {}), ("verify", {"cursor": "AAAA", "digests": {}})):
        answer = client.post(f"/api/v1/sync/{path}", json={"device_id": str(phone.id), **more}, headers=phone.headers)
        assert (answer.status_code, answer.json["code"]) == (403, "device_unapproved")


def test_a_snapshot_costs_the_same_queries_for_any_number_of_rows(
    phone: Phone, street: Street, queries: Callable[[], list[str]]
) -> None:
    street.add()
    seen = queries()
    phone.snapshot()
    few = len(seen)
    for _ in range(10):
        street.add()
    seen = queries()
    phone.snapshot()
    assert len(seen) == few


def told(held: Held) -> dict[str, dict[str, str]]:
    """Return the digests of what a device holds, made as the protocol describes them."""
    lines: dict[tuple[str, str], list[str]] = {}
    for entity, id_ in sorted(held):
        lines.setdefault((entity, id_[:2]), []).append(f"{id_}:{held[entity, id_]['v']}\n")
    by_entity: dict[str, dict[str, str]] = {}
    for (entity, bucket), rows in lines.items():
        by_entity.setdefault(entity, {})[bucket] = hashlib.sha256("".join(rows).encode()).hexdigest()
    return by_entity


def verified(phone: Phone, cursor: str, held: Held) -> dict[str, Any]:
    body = {"device_id": str(phone.id), "cursor": cursor, "digests": told(held)}
    answer = phone.client.post("/api/v1/sync/verify", json=body, headers=phone.headers)
    assert answer.status_code == 200, answer.json
    return {name: answer.json[name] for name in ("behind", "differing")}


def test_a_device_that_holds_what_it_should_differs_nowhere(phone: Phone, street: Street) -> None:
    street.add()
    street.make_tasks()
    held, cursor = taken(phone)
    assert verified(phone, cursor, held) == {"behind": False, "differing": []}


def test_a_row_that_is_missing_stale_or_too_many_is_found_by_its_bucket(phone: Phone, street: Street) -> None:
    point = str(street.add())
    street.make_tasks()
    held, cursor = taken(phone)
    task = next(id_ for entity, id_ in held if entity == "task")
    stale = {**held, ("checkpoint", point): {**held["checkpoint", point], "v": 7}}
    strange = "ff000000-0000-4000-8000-000000000000"
    bad = {key: row for key, row in stale.items() if key != ("task", task)} | {("loan", strange): {"v": 1}}
    assert verified(phone, cursor, bad) == {
        "behind": False,
        "differing": [
            {"entity": "checkpoint", "bucket": point[:2]},
            {"entity": "loan", "bucket": "ff"},
            {"entity": "task", "bucket": task[:2]},
        ],
    }


def test_a_device_with_something_to_pull_is_behind(phone: Phone, street: Street) -> None:
    held, cursor = taken(phone)
    street.add()
    assert verified(phone, cursor, held) == {"behind": True, "differing": []}


def test_verifying_needs_a_cursor_of_this_device(phone: Phone, client: FlaskClient) -> None:
    body = {"device_id": str(phone.id), "cursor": "AAAA", "digests": {}}
    answer = client.post("/api/v1/sync/verify", json=body, headers=phone.headers)
    assert (answer.status_code, answer.json["code"]) == (410, "cursor_foreign")


def test_a_digest_does_not_depend_on_the_order_and_changes_with_every_version() -> None:
    rows = [("task", UUID(int=2), 1), ("task", UUID(int=1), 10), ("task", UUID(int=1 << 127), 1)]
    made = digests(rows)
    assert made == digests(reversed(rows))
    assert sorted(made) == [("task", "00"), ("task", "80")]
    lines = "00000000-0000-0000-0000-000000000001:10\n00000000-0000-0000-0000-000000000002:1\n"
    assert made["task", "00"] == hashlib.sha256(lines.encode()).hexdigest()
    assert differing(made, digests([*rows[1:], ("task", UUID(int=2), 2)])) == [("task", "00")]
    assert differing(made, made) == []
    assert differing(made, {}) == [("task", "00"), ("task", "80")]
