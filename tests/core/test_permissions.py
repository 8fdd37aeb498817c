"""The permission matrix against domain.md §6, cell by cell, and what an actor's assignments add up to."""

from __future__ import annotations

from uuid import uuid4

import pytest

from inspection_api.core.context import SYSTEM, Actor, Assignment
from inspection_api.core.permissions import MATRIX, Action, Permission, Reach, Role, is_named, reach

# One word per cell, in the order of the roles, as domain.md §6 has it: who may read at all, and how far.
# y: in the whole subtree · o: own only · -: not at all
READS = {
    Action.ACCOUNTS: "y y y y - - - - - - - y - - -",
    Action.CONFIGURATION: "y y y y y - - y - - - y - - -",
    Action.RULES: "- y y y y - - y - - - y - - -",
    Action.TEMPLATES: "- y y y y - - y - - - y - - -",
    Action.CHECKPOINTS: "- y y y o - - y - y o y - - -",
    Action.PLATES: "- y y y y - - - - - - y o - -",
    Action.BINDING: "- y y y o - - - - - - - - - -",
    Action.RESET: "- y y y - - - - - - - y - - -",
    Action.EXIT: "- y y y o - y y - - - y - - -",
    Action.TASKS: "- y y y - o - y - - - - - - -",
    Action.ONSITE: "- y y y o o - y - - - - - - -",
    Action.REMOTE: "- y y y o - - y - - o - - - -",
    Action.SELF_CHECK: "- - - - o - - - - - o - - - -",
    Action.AMENDMENT: "- - - y o - y - - - - - - - -",
    Action.PAPERS: "- y y y o - y y - - - y o - -",
    Action.UNLOCK: "- y y y o - y - - - - y - - -",
    Action.EXCEPTIONS: "- y y y o - y - - - - y - - -",
    Action.ALERT_REVIEW: "- - - - - - - y y y - y - - -",
    Action.ALERT_FEEDBACK: "- y y y o o - y - - - y - - -",
    Action.ALERT_RULES: "y y y y - - - y y - - y - - -",
    Action.REPORTS: "- y y y o - y y y y - y - o -",
    Action.PERSONAL_EXPORT: "- y y y - - - y - - - y - - -",
    Action.AUDIT: "y - - - - - - - - - - y - - -",
    Action.TELEMETRY: "- - - - - - - - - - - - - - o",
    Action.CUSTOMERS: "- y y y o - - y - y o y - - -",
    Action.WATCH_LIST: "- y y y o - - y - - - y - - -",
    Action.RECTIFICATION: "- y y y o o - y - - o y - - -",
    Action.FOLLOW_UP: "- y y y o o - y - - - y - - -",
    Action.QUARANTINE: "- y y y o - y - - - - y - - -",
    Action.EVIDENCE: "- y y y - - - y - - - y - - -",
    Action.CLOSING: "- y y - - - - y - - - y - - -",
    Action.SILENCE: "- y y - - - - y - - - y - - -",
    Action.LEGAL_HOLD: "- y - - - - - - - - - y - - -",
    Action.STATIONS: "y y y y - - - - - - - y - - -",
}
WORDS = {"y": Reach.SUBTREE, "o": Reach.OWN, "-": Reach.NONE}
CELLS = [(action, role, word) for action, row in READS.items() for role, word in zip(Role, row.split(), strict=True)]

# Who may do it, in the whole subtree or (in brackets) with his own only; everybody else may not.
WRITES = {
    "accounts.edit": "administrator",
    "accounts.enrol": "administrator branch_manager sub_branch_manager",
    "configuration.edit": "administrator province_manager",
    "rules.edit": "province_manager branch_manager",
    "rules.edit_dates": "province_manager branch_manager sub_branch_manager",
    "templates.publish": "province_manager",
    "templates.propose": "province_manager risk_manager",
    "checkpoints.edit": "province_manager branch_manager sub_branch_manager",
    "checkpoints.propose": "(loan_officer)",
    "plates.issue": "province_manager branch_manager sub_branch_manager",
    "plates.released": "(print_station)",
    "binding.bind": "sub_branch_manager (loan_officer)",
    "binding.decide": "province_manager branch_manager sub_branch_manager",  # ¶: the only one bound it
    "reset.reset": "province_manager branch_manager sub_branch_manager",
    "exit.approve": "province_manager branch_manager approver",
    "exit.propose": "province_manager branch_manager sub_branch_manager (loan_officer)",
    "tasks.edit": "province_manager branch_manager sub_branch_manager (exception_handler) risk_manager",
    "onsite.perform": (
        "province_manager branch_manager sub_branch_manager (loan_officer) (exception_handler) risk_manager"
    ),
    "remote.perform": "province_manager branch_manager sub_branch_manager (loan_officer) risk_manager",
    "remote.join": "(enterprise_user)",
    "self_check.perform": "(enterprise_user)",
    "self_check.confirm": "(loan_officer)",
    "amendment.amend": "sub_branch_manager",
    "amendment.request": "(loan_officer)",
    "amendment.approve": "approver",
    "papers.print": "branch_manager sub_branch_manager (loan_officer)",
    "papers.void": "branch_manager sub_branch_manager",
    "papers.opinion": "approver",
    "papers.released": "(print_station)",
    "unlock.request": "sub_branch_manager (loan_officer)",
    "unlock.approve": "province_manager branch_manager sub_branch_manager approver",
    "exceptions.approve": "province_manager branch_manager sub_branch_manager approver",
    "exceptions.request": "(loan_officer)",
    "alert_review.review": "risk_manager service_manager information_officer",
    "alert_feedback.feedback": (
        "province_manager branch_manager sub_branch_manager (loan_officer) (exception_handler) risk_manager"
    ),
    "alert_feedback.close": "province_manager branch_manager sub_branch_manager risk_manager",
    "alert_rules.edit": "province_manager risk_manager",
    "alert_rules.devices": "administrator province_manager risk_manager service_manager",
    "reports.completion": (
        "province_manager branch_manager sub_branch_manager (loan_officer) approver risk_manager auditor"
    ),
    "reports.alerts": (
        "province_manager branch_manager sub_branch_manager (loan_officer) approver risk_manager auditor"
        " service_manager information_officer"
    ),
    "reports.aggregates": "(board)",
    "personal_export.export": "province_manager branch_manager sub_branch_manager risk_manager auditor",
    "audit.security": "administrator",
    "telemetry.ingest": "(gateway)",
    "customers.edit": "province_manager branch_manager sub_branch_manager",
    "customers.propose": "(loan_officer)",
    "watch_list.edit": "province_manager branch_manager sub_branch_manager risk_manager",
    "watch_list.propose": "(loan_officer)",
    "rectification.open": "province_manager branch_manager sub_branch_manager (loan_officer) risk_manager",
    "rectification.verify": "province_manager branch_manager sub_branch_manager risk_manager",
    "rectification.do": "(loan_officer) (exception_handler) (enterprise_user)",
    "follow_up.record": "sub_branch_manager (loan_officer) (exception_handler) risk_manager",
    "quarantine.decide": "province_manager branch_manager sub_branch_manager approver",
    "quarantine.drafts": "(loan_officer)",
    "evidence.review": "province_manager branch_manager sub_branch_manager risk_manager",
    "closing.freeze": "province_manager branch_manager",
    "closing.review": "province_manager risk_manager",
    "silence.silence": "province_manager branch_manager risk_manager",
    "silence.connectors": "province_manager",
    "legal_hold.hold": "province_manager auditor",
    "stations.enrol": "administrator province_manager branch_manager sub_branch_manager",
}


def permission(name: str) -> Permission:
    action, capability = name.split(".")
    return Permission(Action(action), capability)


def expected(words: str, role: Role) -> Reach:
    if role in words.split():
        return Reach.SUBTREE
    return Reach.OWN if f"({role})" in words.split() else Reach.NONE


def test_every_action_has_a_cell_for_every_role() -> None:
    assert set(MATRIX) == set(READS) == set(Action)
    assert {len(row.split("|")) for row in MATRIX.values()} == {len(Role)} == {15}


@pytest.mark.parametrize(("action", "role", "word"), CELLS, ids=str)
def test_reading_reaches_as_far_as_the_matrix_says(action: Action, role: Role, word: str) -> None:
    assert reach(role, Permission(action, "read")) is WORDS[word]


@pytest.mark.parametrize("name", WRITES)
def test_a_capability_belongs_to_the_roles_of_the_matrix_alone(name: str) -> None:
    for role in Role:
        assert reach(role, permission(name)) is expected(WRITES[name], role), role


def test_every_word_of_the_matrix_is_expected_above() -> None:
    words = {
        f"{action}.{word.removeprefix('own:')}"
        for action, row in MATRIX.items()
        for cell in row.split("|")
        for word in cell.split(",")
        if word and word not in {"all", "read", "own:read"}
    }
    assert words ^ set(WRITES) == {"accounts.edit"}  # the administrator's `all` stands for it


@pytest.mark.parametrize("action", set(Action) - {Action.ACCOUNTS, Action.CONFIGURATION, Action.AUDIT, Action.STATIONS})
def test_the_administrator_has_no_business_and_no_approval(action: Action) -> None:
    words = {word for word in MATRIX[action].split("|")[0].split(",") if word}
    assert words <= {"devices"}


@pytest.mark.parametrize("role", [Role.PRINT_STATION, Role.BOARD, Role.GATEWAY])
def test_a_machine_reaches_its_own_and_nothing_else(role: Role) -> None:
    for row in MATRIX.values():
        cell = row.split("|")[list(Role).index(role)]
        assert not cell or cell.startswith("own:")


def test_an_unknown_capability_is_nobodys_but_of_those_who_may_all() -> None:
    unknown = Permission(Action.ACCOUNTS, "fly")
    assert {role for role in Role if reach(role, unknown) is not Reach.NONE} == {Role.ADMINISTRATOR}


def test_an_actor_may_what_any_of_his_roles_may_and_only_there() -> None:
    actor = Actor(
        user_id=uuid4(),
        assignments=(
            Assignment(role=Role.LOAN_OFFICER, organisation_id=uuid4(), path="/61/01/"),
            Assignment(role=Role.AUDITOR, organisation_id=uuid4(), path="/61/02/"),
        ),
    )
    perform, audit = Permission(Action.ONSITE, "perform"), Permission(Action.AUDIT, "read")
    assert actor.may(perform)
    assert actor.may(audit)
    assert not actor.may(Permission(Action.UNLOCK, "approve"))
    assert actor.paths(perform) == ()
    assert actor.paths(audit) == ("/61/02/",)
    assert actor.roles_over("/61/01/0001/") == {Role.LOAN_OFFICER}
    assert actor.roles_over("/61/") == frozenset()


def test_the_system_is_nobody() -> None:
    assert SYSTEM.is_system
    assert not SYSTEM.may(Permission(Action.ACCOUNTS, "read"))


def test_a_print_station_is_given_nothing_by_name_but_what_is_released_to_it() -> None:
    cells = [cell for row in MATRIX.values() for cell in row.split("|")]
    words = {word.removeprefix("own:") for cell in cells for word in cell.split(",")}
    every = [Permission(action, word) for action in Action for word in words | {"read"} if word]
    named = {str(permission) for permission in every if is_named(Role.PRINT_STATION, permission)}
    assert named == {"papers.released", "plates.released"}
