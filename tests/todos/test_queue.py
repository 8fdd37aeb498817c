"""The supervisor's queue over HTTP: every kind, with whoever is to decide it, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from inspection_api.accounts import service as accounts
from inspection_api.core.permissions import Role
from inspection_api.waiting import KINDS
from tests.factories import STAFF, pages
from tests.waiting import Matters

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from inspection_api.todos.queries.kind import Kind
    from tests.factories import World
    from tests.fixtures import Clock

TODOS = "/api/v1/todos"
ASKED = f"{TODOS}/asked"
CODES = [kind.code for kind in KINDS]
PERSONS = [username for username, *_ in STAFF]
MANAGERS = {"manager", "second_manager"}
BRANCH = {"branch_manager", "approver"}
PROVINCE = {"province_manager", "second_province_manager"}
REVIEWERS = {"risk_manager", "service_manager"}

BRING: dict[str, Callable[[Matters], str]] = {
    "unlock": lambda matters: matters.unlock("manager"),
    "void": lambda matters: matters.void("manager"),
    "opinion": Matters.opinion,
    "alert_suspicious": lambda matters: matters.alert(3),
    "alert_warning": lambda matters: matters.alert(2),
    "alert_notice": lambda matters: matters.alert(1),
    "quarantine": Matters.quarantine,
    "amendment": Matters.amendment,
    "conflict": lambda matters: matters.conflict(submitted=True),
    "binding": lambda matters: matters.binding("manager"),
    "exit": lambda matters: matters.exit("branch_manager"),
    "proposal": Matters.proposal,
    "device": lambda matters: matters.device("manager"),
    "recompute": Matters.recompute,
    "template": Matters.template,
}
MINE: dict[str, set[str]] = {
    "unlock": {"second_manager"},
    "void": {"second_manager"},
    "opinion": {"approver"},
    "alert_suspicious": REVIEWERS,
    "alert_warning": REVIEWERS,
    "alert_notice": REVIEWERS,
    "quarantine": MANAGERS,
    "amendment": MANAGERS,
    "conflict": MANAGERS,
    "binding": {"second_manager"},
    "exit": {"approver"},
    "proposal": MANAGERS,
    "device": {"second_manager"},
    "recompute": PROVINCE,
    "template": {"second_province_manager"},
}
"""Who is the nearest to decide it; four eyes keep whoever brought it about away."""
FURTHER: dict[str, set[str]] = {
    "quarantine": BRANCH | PROVINCE,
    "amendment": {"approver"},
    "conflict": BRANCH | PROVINCE,
    "binding": {"branch_manager"} | PROVINCE,
    "exit": PROVINCE,
    "proposal": {"branch_manager"} | PROVINCE,
    "device": {"branch_manager", "administrator"},
}
"""Who else may decide it."""


def queue(matters: Matters, user: str, **query: Any) -> Any:
    answer = matters.client.get(TODOS, headers=matters.world.headers(user), query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


def ids(matters: Matters, user: str, kind: str, **query: Any) -> list[str]:
    headers = matters.world.headers(user)
    return [each["id"] for each in pages(matters.client, TODOS, headers, kind=kind, **query)]


def test_every_kind_has_its_row_here() -> None:
    assert set(BRING) == set(MINE) == set(CODES)
    assert len(set(CODES)) == len(CODES)


@pytest.mark.parametrize("code", CODES)
def test_what_waits_waits_for_the_nearest_and_may_be_seen_by_whoever_else_decides(matters: Matters, code: str) -> None:
    waiting = BRING[code](matters)
    assert {user for user in PERSONS if waiting in ids(matters, user, code)} == MINE[code]
    everybody = {user for user in PERSONS if waiting in ids(matters, user, code, scope="all")}
    assert everybody == MINE[code] | FURTHER.get(code, set())


@pytest.mark.parametrize("kind", KINDS, ids=CODES)
def test_the_decisions_that_it_names_can_be_taken_by_whom_it_waits_for(matters: Matters, kind: Kind) -> None:
    given = {"reason": "经核实情况属实", "text": "同意继续跟踪", "note": "仍有余额未结清", "days": 3}
    given_to_alerts = {"reason": "meter_fault"} if kind.code.startswith("alert") else {}
    for decision in kind.decisions:
        waiting = BRING[kind.code](matters)
        (user, *_) = sorted(MINE[kind.code])
        answer = queue(matters, user, kind=kind.code)
        (item,) = [each for each in answer["items"] if each["id"] == waiting]
        (told,) = [each for each in answer["kinds"] if each["code"] == kind.code]
        (call,) = [each for each in told["decisions"] if each["code"] == decision.code]
        body = call["body"] | {name: (given | given_to_alerts)[name] for name in call["asks"]}
        extra = {"If-Match": f'"{item["version"]}"'} if call["if_match"] else {}
        decided = matters.client.open(
            call["path"].format(**item), method=call["method"], json=body,
            headers=matters.world.headers(user) | extra,
        )  # fmt: skip
        assert decided.status_code in {200, 201}, (decision.code, decided.json)
        assert waiting not in ids(matters, user, kind.code) or decision.code == "false_alarm"


@pytest.mark.parametrize("code", CODES)
def test_a_thing_says_what_it_is_in_chinese_and_what_happens_if_nobody_decides(matters: Matters, code: str) -> None:
    waiting = BRING[code](matters)
    (user, *_) = sorted(MINE[code])
    answer = queue(matters, user)
    (item,) = [each for each in answer["items"] if each["id"] == waiting]
    (kind,) = [each for each in answer["kinds"] if each["code"] == code]
    assert kind["number"] == 1
    assert kind["if_nothing"][item["if_nothing"]]
    assert item["organisation_name"]
    assert (item["due_at"] is None) == (item["workdays_left"] is None)
    assert item["person_name"] or code.startswith("alert")
    assert (item["customer_name"] is None) == (code in {"device", "recompute", "template"})
    assert item["note"] is None or item["note_text"]


def test_the_most_urgent_comes_first_and_pages_hold_each_once(matters: Matters, clock: Clock) -> None:
    device = matters.device()
    quarantine = matters.quarantine()
    earlier = matters.unlock()
    clock.advance(days=1)
    later = matters.unlock()
    answer = queue(matters, "manager")
    assert [each["id"] for each in answer["items"][:2]] == [earlier, later]
    assert {each["id"] for each in answer["items"][2:]} == {device, quarantine}
    paged = [each["id"] for each in pages(matters.client, TODOS, matters.world.headers("manager"), limit=1)]
    assert paged == [each["id"] for each in answer["items"]]
    assert {each["code"]: each["number"] for each in answer["kinds"]} == {"unlock": 2, "quarantine": 1, "device": 1}
    assert answer["total"] == 4


def test_time_left_is_told_in_workdays(matters: Matters, clock: Clock) -> None:
    matters.unlock()
    (item,) = queue(matters, "manager")["items"]
    assert (item["due_at"], item["workdays_left"], item["if_nothing"]) == (
        "2026-03-12T16:00:00+00:00", 2, "escalates",
    )  # fmt: skip
    assert (item["note"], item["note_text"], item["is_overdue"]) == ("missed", "逾期未打印", False)
    clock.advance(days=7)
    (item,) = queue(matters, "province_manager")["items"]
    assert item["if_nothing"] == "expires"


def test_if_nobody_near_is_eligible_the_next_one_has_it_at_once(matters: Matters) -> None:
    waiting = matters.quarantine()
    assert ids(matters, "branch_manager", "quarantine") == []
    with matters.world.transaction("administrator") as ctx:
        for name in MANAGERS:
            accounts.disable_user(ctx, matters.world.people[name])
    assert ids(matters, "branch_manager", "quarantine") == ids(matters, "approver", "quarantine") == [waiting]
    assert ids(matters, "province_manager", "quarantine") == []


def test_two_roles_reach_as_far_as_either(matters: Matters) -> None:
    waiting = matters.quarantine()
    world = matters.world
    with world.transaction("administrator") as ctx:
        accounts.assign_role(
            ctx,
            world.people["branch_manager"],
            role=Role.SUB_BRANCH_MANAGER,
            organisation_id=world.organisations["sub_branch"],
        )
    assert ids(matters, "branch_manager", "quarantine") == [waiting]


def test_it_is_narrowed_to_an_organisation_and_counted_alike(matters: Matters) -> None:
    matters.exit("manager")
    here, there = (str(matters.world.organisations[name]) for name in ("sub_branch", "other_branch"))
    assert len(queue(matters, "province_manager", scope="all", organisation_id=here)["items"]) == 1
    assert queue(matters, "province_manager", scope="all", organisation_id=there) == {
        "items": [], "next_cursor": None, "total": 0, "kinds": [],
    }  # fmt: skip
    counts = matters.client.get(f"{TODOS}/counts", headers=matters.world.headers("approver")).json
    assert counts["total"] == 1
    assert {each["code"]: each["number"] for each in counts["kinds"]}["exit"] == 1
    assert set(counts["kinds"][0]) == {"code", "title", "number"}
    assert queue(matters, "approver", kind="moon")["items"] == []


def test_whoever_decides_nothing_has_an_empty_queue(matters: Matters) -> None:
    matters.quarantine()
    for user in ("officer", "auditor", "colleague"):
        assert queue(matters, user) == {"items": [], "next_cursor": None, "total": 0, "kinds": []}
        assert matters.client.get(f"{TODOS}/counts", headers=matters.world.headers(user)).json == {
            "total": 0, "kinds": [],
        }  # fmt: skip


def test_bad_input_and_strangers_are_refused(client: FlaskClient, world: World) -> None:
    for path in (TODOS, ASKED, f"{TODOS}/counts"):
        assert client.get(path).status_code == 401
        assert client.get(f"{path}?scope=none", headers=world.headers("manager")).status_code == 422
        _, gateway = world.machine("sub_branch")
        assert client.get(path, headers=gateway).status_code == 403
    for query in ("cursor=x", "limit=0", "kind=", "organisation_id=1", "page=2"):
        assert client.get(f"{TODOS}?{query}", headers=world.headers("manager")).status_code == 422


def test_another_bank_has_a_queue_of_its_own(matters: Matters, other_world: World) -> None:
    matters.quarantine()
    twin = Matters(matters.client, other_world, matters.clock)
    assert queue(matters, "manager")["total"] == 1
    assert queue(twin, "manager")["total"] == 0


def test_a_queue_costs_the_same_whatever_waits_and_fifty_items_fit_a_phone(
    matters: Matters, queries: Callable[[], list[str]]
) -> None:
    headers, counted = matters.world.headers("manager"), []
    for number in (1, 49):
        for _ in range(number):
            matters.unlock()
        matters.client.get(TODOS, headers=headers)
        started = queries()
        answer = matters.client.get(TODOS, headers=headers)
        counted.append(len(started))
    assert counted[0] == counted[1]
    assert len(answer.json["items"]) == 50
    assert len(answer.data) < 30_000
