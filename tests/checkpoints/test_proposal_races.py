"""Decisions about one proposal at the same moment: one comes first, the other meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from checkpoints.models import Checkpoint, CheckpointProposal
from inspection_api.customers.rules import next_uscc
from tests.checkpoints.field import Field
from tests.checkpoints.test_exit_races import ROUNDS, at_once, caller

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.factories import World


@pytest.fixture
def place(committed_app: Flask, committed_world: World) -> Field:
    return Field(committed_app.test_client(), committed_world)


def wish(place: Field, number: int) -> str:
    body = {
        "reason": "企业新租仓库",
        "checkpoint": {"code": f"NEW-{number}", "name": "仓库"},
        "customer": {"uscc": next_uscc(500 + number), "name": f"新客户{number}"},
    }
    answer = place.client.post("/api/v1/checkpoint-proposals", json=body, headers=place.world.headers("officer"))
    assert answer.status_code == 201, answer.json
    return f"/checkpoint-proposals/{answer.json['id']}"


def test_of_two_acceptances_at_once_one_makes_the_checkpoint(
    committed_app: Flask, committed_world: World, place: Field
) -> None:
    for number in range(ROUNDS):
        path = f"{wish(place, number)}/accept"
        calls = [caller(committed_app, committed_world, user, path, {}) for user in ("manager", "branch_manager")]
        answers = at_once(*calls)
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        refused = next(answer.json for answer in answers if answer.status_code == 409)
        assert (refused["code"], refused["current"]) == ("proposal_decided", "accepted")
    with committed_world.transaction() as ctx:
        assert ctx.session.scalar(select(func.count()).select_from(Checkpoint)) == ROUNDS


def test_a_withdrawal_and_an_acceptance_at_once_agree(
    committed_app: Flask, committed_world: World, place: Field
) -> None:
    for number in range(ROUNDS):
        path = wish(place, number)
        answers = at_once(
            caller(committed_app, committed_world, "officer", f"{path}/withdraw", {}),
            caller(committed_app, committed_world, "manager", f"{path}/accept", {}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
    with committed_world.transaction() as ctx:
        made = ctx.session.scalar(select(func.count()).select_from(Checkpoint))
        accepted = select(func.count()).where(CheckpointProposal.status == "accepted")
        assert made == ctx.session.scalar(accepted)


def test_of_two_proposals_about_one_checkpoint_at_once_one_stands(
    committed_app: Flask, committed_world: World, place: Field
) -> None:
    for _ in range(ROUNDS):
        point = place.add()
        headers = {**committed_world.headers("officer"), "If-Match": f'"{place.get(point).version}"'}
        call = proposing(committed_app, f"/api/v1/checkpoints/{point}/proposals", headers)
        assert sorted(answer.status_code for answer in at_once(call, call)) == [201, 409]


def proposing(app: Flask, path: str, headers: dict[str, str]) -> Callable[[], Any]:
    body = {"reason": "企业搬迁", "changes": {"address": "新址"}}
    return lambda: app.test_client().post(path, json=body, headers=headers)
