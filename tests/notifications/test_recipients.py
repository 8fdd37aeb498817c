"""Who is told: the truth table of the nearest superiors, and whom facts name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.core.permissions import Action, Permission, Role
from inspection_api.notifications.rules.recipients import (
    MOST_AGE,
    Holder,
    Holding,
    Named,
    Nearest,
    Rung,
    deciding_roles,
    is_stale,
    named,
    nearest,
    recipients,
)

DEPTHS = {"sub": 3, "branch": 2, "province": 1}
PEOPLE = {name: uuid4() for name in ("sub1", "sub2", "branch1", "province1")}
STAFF = [Holder(user_id=id_, role=Role.BRANCH_MANAGER, depth=DEPTHS[name[:-1]]) for name, id_ in PEOPLE.items()]
QUARANTINE = Permission(Action.QUARANTINE, "decide")

TRUTH = [
    ((), {"sub1", "sub2"}),
    (("sub1",), {"sub2"}),
    (("sub1", "sub2"), {"branch1"}),
    (("branch1",), {"sub1", "sub2"}),
    (("sub1", "sub2", "branch1"), {"province1"}),
    (tuple(PEOPLE), set()),
]


@pytest.mark.parametrize(("barred", "expected"), TRUTH)
def test_the_nearest_level_that_has_somebody_is_told(barred: tuple[str, ...], expected: set[str]) -> None:
    found = nearest(STAFF, barred={PEOPLE[name] for name in barred})
    assert found == {PEOPLE[name] for name in expected}


HOLDERS = st.lists(
    st.builds(
        Holder,
        user_id=st.sampled_from(list(PEOPLE.values())),
        role=st.sampled_from(list(Role)),
        depth=st.integers(1, 4),
    )
)


@given(HOLDERS, st.sets(st.sampled_from(list(PEOPLE.values()))))
def test_nobody_barred_is_told_and_nobody_able_is_nearer(holders: list[Holder], barred: set[UUID]) -> None:
    found = nearest(holders, barred=barred)
    able = [each for each in holders if each.user_id not in barred]
    assert found.isdisjoint(barred)
    assert bool(found) is bool(able)
    depth = max((each.depth for each in able), default=0)
    assert {each.user_id for each in able if each.depth == depth} == found


def test_only_roles_that_decide_count() -> None:
    officer, manager = uuid4(), uuid4()
    holders = [
        Holder(user_id=officer, role=Role.LOAN_OFFICER, depth=9),
        Holder(user_id=manager, role=Role.SUB_BRANCH_MANAGER, depth=5),
    ]
    audience = Nearest(QUARANTINE, barred=("officer_id",))
    assert recipients(audience, {"officer_id": str(officer)}, holders) == {manager}
    assert recipients(audience, {"officer_id": manager}, holders) == frozenset()
    assert Role.LOAN_OFFICER not in deciding_roles(QUARANTINE)
    assert Role.ADMINISTRATOR not in deciding_roles(QUARANTINE)


LINE = {
    Role.SUB_BRANCH_MANAGER: "sub1",
    Role.BRANCH_MANAGER: "branch1",
    Role.PROVINCE_MANAGER: "province1",
    Role.APPROVER: "sub2",
}


@pytest.mark.parametrize(
    ("role", "absent", "told"),
    [
        (Role.SUB_BRANCH_MANAGER, (), {"sub1"}),
        (Role.SUB_BRANCH_MANAGER, (Role.SUB_BRANCH_MANAGER,), {"branch1"}),
        (Role.SUB_BRANCH_MANAGER, (Role.SUB_BRANCH_MANAGER, Role.BRANCH_MANAGER), {"province1"}),
        (Role.BRANCH_MANAGER, (), {"branch1"}),
        (Role.BRANCH_MANAGER, (Role.BRANCH_MANAGER,), {"province1"}),
        (Role.PROVINCE_MANAGER, (Role.PROVINCE_MANAGER,), set()),
    ],
)
def test_a_rung_without_anybody_is_the_next_ones(role: Role, absent: tuple[Role, ...], told: set[str]) -> None:
    holders = [
        Holder(user_id=PEOPLE[name], role=each, depth=DEPTHS[name[:-1]])
        for each, name in LINE.items()
        if each not in absent
    ]
    assert recipients(Rung("to"), {"to": role.value}, holders) == {PEOPLE[name] for name in told}
    assert recipients(Holding(frozenset({Role.APPROVER})), {}, holders) == {PEOPLE["sub2"]}


def test_facts_name_one_person_several_or_nobody() -> None:
    one, two = uuid4(), uuid4()
    facts = {"a": str(one), "b": [str(one), two], "c": None}
    assert named(("a", "b", "c", "d"), facts) == {one, two}
    assert recipients(Named(("c",)), facts, ()) == frozenset()


def test_what_is_a_month_old_is_told_to_nobody() -> None:
    now = datetime(2026, 3, 10, tzinfo=UTC)
    assert not is_stale(now - MOST_AGE, now)
    assert is_stale(now - MOST_AGE - timedelta(microseconds=1), now)
