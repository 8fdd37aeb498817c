"""What somebody asked for himself: it waits for others, whom it names, and nobody else is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import RoleAssignment
from inspection_api.waiting import KINDS
from tests.factories import pages
from tests.todos.test_queue import ASKED, BRING, CODES, MINE, PERSONS, TODOS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures import Clock
    from tests.waiting import Matters

BROUGHT_BY = {
    "unlock": "manager",
    "void": "manager",
    "binding": "manager",
    "exit": "branch_manager",
    "device": "manager",
    "recompute": "branch_manager",
    "template": "province_manager",
}
"""Who brought it about; else the officer. Nobody brings an alert about."""


def asked(matters: Matters, user: str, **query: Any) -> Any:
    answer = matters.client.get(ASKED, headers=matters.world.headers(user), query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


@pytest.mark.parametrize("code", [code for code in CODES if not code.startswith("alert_")])
def test_whoever_brought_it_about_sees_it_with_whom_it_waits_for(matters: Matters, code: str) -> None:
    waiting = BRING[code](matters)
    seen = {user: [each["id"] for each in asked(matters, user, kind=code)["items"]] for user in PERSONS}
    asker = BROUGHT_BY.get(code, "officer")
    assert {user for user, ids in seen.items() if waiting in ids} == {asker}
    answer = asked(matters, asker, kind=code)
    (item,) = [each for each in answer["items"] if each["id"] == waiting]
    assert item["deciders"] == sorted(f"姓名{user}" for user in MINE[code])
    (kind,) = answer["kinds"]
    assert (kind["code"], kind["number"]) == (code, 1)
    assert kind["if_nothing"][item["if_nothing"]]
    assert "decisions" not in kind


def test_an_alert_is_nobodys_own(matters: Matters) -> None:
    matters.alert(3)
    assert all(asked(matters, user)["items"] == [] for user in PERSONS)


def test_what_is_decided_waits_no_longer(matters: Matters, clock: Clock) -> None:
    request = matters.unlock("manager")
    matters.exit("manager")
    assert asked(matters, "manager")["total"] == 2
    body = {"approved": True, "days": 3}
    matters.post("second_manager", f"/unlock-requests/{request}/decision", **body)
    assert [each["kind"] for each in asked(matters, "manager")["items"]] == ["exit"]
    matters.unlock("manager")
    clock.advance(days=30)
    assert [each["kind"] for each in asked(matters, "manager")["items"]] == ["exit"]


def test_the_next_level_is_named_where_nobody_near_may_decide(matters: Matters, clock: Clock) -> None:
    matters.device("manager")
    matters.unlock("manager")
    with matters.world.transaction("administrator") as ctx:
        accounts.disable_user(ctx, matters.world.people["second_manager"])
    told = {each["kind"]: each["deciders"] for each in asked(matters, "manager")["items"]}
    assert told["device"] == ["姓名branch_manager"]
    assert told["unlock"]
    assert "姓名second_manager" not in told["unlock"]
    clock.advance(days=3)
    climbed = {each["kind"]: each["deciders"] for each in asked(matters, "manager")["items"]}
    assert set(told["unlock"]) <= set(climbed["unlock"])


def test_who_left_the_organisation_is_told_nothing_of_it(matters: Matters) -> None:
    matters.exit("manager")
    with matters.world.transaction("administrator") as ctx:
        user = matters.world.people["manager"]
        held = ctx.session.scalars(select(RoleAssignment.id).where(RoleAssignment.user_id == user)).all()
        for each in held:
            accounts.end_role(ctx, user, each)
    answer = matters.client.get(ASKED, headers=matters.world.headers("manager"))
    assert answer.json == {"items": [], "next_cursor": None, "total": 0, "kinds": []}


def test_pages_hold_each_once_and_cost_the_same_whatever_waits(
    matters: Matters, queries: Callable[[], list[str]]
) -> None:
    headers, counted = matters.world.headers("manager"), []
    for number in (1, 9):
        for _ in range(number):
            matters.unlock("manager")
            matters.exit("manager")
        matters.client.get(ASKED, headers=headers)
        started = queries()
        whole = matters.client.get(ASKED, headers=headers).json
        counted.append(len(started))
    assert counted[0] == counted[1]
    assert whole["total"] == 20
    paged = [each["id"] for each in pages(matters.client, ASKED, headers, limit=3)]
    assert paged == [each["id"] for each in whole["items"]]
    assert len(set(paged)) == 20


def test_a_rule_that_decides_names_its_deciders() -> None:
    assert all(kind.deciders and kind.own_rows for kind in KINDS if kind.decided_by_rule)


def test_nothing_of_it_is_in_the_queue(matters: Matters) -> None:
    request = matters.unlock("manager")
    answer = matters.client.get(TODOS, headers=matters.world.headers("manager"), query_string={"scope": "all"})
    assert request not in [each["id"] for each in answer.json["items"]]
