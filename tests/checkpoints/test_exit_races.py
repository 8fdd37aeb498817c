"""Exits while somebody else is at the same checkpoint: one comes first, the other meets what he did."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from checkpoints.models import Checkpoint, CheckpointExit
from inspection_api.core.events import Event
from tests.checkpoints.field import Field

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask import Flask

    from tests.factories import World

API = "/api/v1"
ROUNDS = 6


@pytest.fixture
def place(committed_app: Flask, committed_world: World) -> Field:
    return Field(committed_app.test_client(), committed_world)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make the calls at the same moment, each on a thread of its own; return their answers."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def caller(app: Flask, world: World, user: str, path: str, body: dict[str, Any]) -> Callable[[], Any]:
    headers, client = world.headers(user), app.test_client()
    return lambda: client.post(f"{API}{path}", json=body, headers=headers)


def propose(place: Field, point: UUID, user: str = "officer") -> str:
    body = {"exit_type": "settled", "reason": "贷款已结清", "effective_on": "2026-03-10"}
    return str(place.post(user, f"/{point}/exits", body).json["id"])


def count(world: World, kind: str) -> int:
    with world.transaction() as ctx:
        return ctx.session.scalar(select(func.count()).select_from(Event).where(Event.kind == kind)) or 0


def test_of_two_decisions_at_once_one_stands(committed_app: Flask, committed_world: World, place: Field) -> None:
    for turn in range(ROUNDS):
        exit_id = propose(place, place.add())
        answers = at_once(
            caller(committed_app, committed_world, "approver", f"/exits/{exit_id}/approve", {}),
            caller(committed_app, committed_world, "branch_manager", f"/exits/{exit_id}/refuse", {"note": "仍有余额"}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        (late,) = (answer.json for answer in answers if answer.status_code == 409)
        assert late["code"] == "exit_settled"
        total = count(committed_world, "checkpoint.exited") + count(committed_world, "checkpoint.exit_refused")
        assert total == turn + 1


def test_of_two_proposals_at_once_one_stands(committed_app: Flask, committed_world: World, place: Field) -> None:
    body = {"exit_type": "settled", "reason": "贷款已结清", "effective_on": "2026-03-10"}
    for _ in range(ROUNDS):
        path = f"/checkpoints/{place.add()}/exits"
        calls = [caller(committed_app, committed_world, user, path, body) for user in ("officer", "manager")]
        assert sorted(answer.status_code for answer in at_once(*calls)) == [201, 409]
    with committed_world.transaction() as ctx:
        assert ctx.session.scalar(select(func.count()).select_from(CheckpointExit)) == ROUNDS


def test_of_a_transfer_and_an_exit_at_once_either_comes_first(
    committed_app: Flask, committed_world: World, place: Field
) -> None:
    away = committed_world.organisations["sibling"]
    for _ in range(ROUNDS):
        point = place.add(officer=None)
        wanted = {"exit_type": "settled", "reason": "贷款已结清", "effective_on": "2026-03-10"}
        body = {"checkpoint_ids": [str(point)], "organisation_id": str(away)}
        proposed, moved = at_once(
            caller(committed_app, committed_world, "branch_manager", f"/checkpoints/{point}/exits", wanted),
            caller(committed_app, committed_world, "province_manager", "/checkpoints/transfer", body),
        )
        assert proposed.status_code == 201, proposed.json
        assert (moved.status_code, moved.json.get("code")) in {(200, None), (409, "checkpoint_state")}
        with committed_world.transaction() as ctx:
            found = ctx.session.get_one(Checkpoint, point)
        assert found.state == "exit_proposed"
        assert (found.organisation_id == away) == (moved.status_code == 200)
