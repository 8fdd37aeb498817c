"""What is said of a thing that waits: until when, and what happens then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.calendars.rules import Calendar
from inspection_api.core.permissions import Action, Permission, Role
from inspection_api.todos import rules
from inspection_api.todos.rules import Facts, Holder, Outlook
from inspection_api.waiting import KINDS
from kiosk_print.rules import unlock

PEOPLE = [UUID(int=number) for number in range(4)]
WEEKDAYS = Calendar()
FRIDAY = datetime(2026, 3, 13, 2, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 17, 16, tzinfo=UTC)  # the end of Tuesday in Shanghai


def facts(**changes: datetime | None) -> Facts:
    values = {"since": FRIDAY, "until": MIDNIGHT, "now": FRIDAY}
    return Facts(note=None, **values | changes)  # type: ignore[arg-type] # only instants are changed


@pytest.mark.parametrize(
    ("now", "left", "is_over"),
    [
        (FRIDAY, 2, False),
        (FRIDAY + timedelta(days=1), 2, False),
        (FRIDAY + timedelta(days=3), 1, False),
        (MIDNIGHT - timedelta(microseconds=1), 0, False),
        (MIDNIGHT, 0, True),
        (MIDNIGHT + timedelta(days=9), 0, True),
    ],
)
def test_workdays_are_counted_up_to_the_last_instant(now: datetime, left: int, *, is_over: bool) -> None:
    assert rules.workdays_left(MIDNIGHT, now, WEEKDAYS) == left
    assert rules.is_overdue(MIDNIGHT, now) is is_over


def test_without_a_time_nothing_is_left_and_nothing_overdue() -> None:
    assert rules.workdays_left(None, FRIDAY, WEEKDAYS) is None
    assert rules.is_overdue(None, FRIDAY) is False


def test_foresight_with_and_without_a_time() -> None:
    assert rules.always("a")(facts(), WEEKDAYS) == Outlook(due_at=None, if_nothing="a")
    assert rules.until_then("b")(facts(), WEEKDAYS) == Outlook(due_at=MIDNIGHT, if_nothing="b")


def test_an_unlock_climbs_twice_and_then_expires() -> None:
    foresee = next(kind for kind in KINDS if kind.code == "unlock").foresee
    ends = unlock.expires_at(FRIDAY, WEEKDAYS)
    seen = []
    now = FRIDAY
    for _ in range(3):
        outlook = foresee(facts(now=now, until=ends), WEEKDAYS)
        assert outlook.due_at is not None
        seen.append(outlook.if_nothing)
        now = outlook.due_at
    assert (seen, now) == (["escalates", "escalates", "expires"], ends)


def test_roles_are_those_of_any_of_the_permissions() -> None:
    amend, approve = Permission(Action.AMENDMENT, "amend"), Permission(Action.AMENDMENT, "approve")
    assert rules.roles_with(amend, approve) == {Role.SUB_BRANCH_MANAGER, Role.APPROVER}
    assert rules.roles_with(amend) == {Role.SUB_BRANCH_MANAGER}


@given(st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from("abc"), st.integers(1, 3)), max_size=8), st.data())
def test_the_nearest_are_all_those_whom_nobody_able_is_nearer_than(
    held: list[tuple[UUID, str, int]], data: st.DataObject
) -> None:
    holders = [Holder(user_id=user_id, role=role, depth=depth) for user_id, role, depth in held]
    barred = data.draw(st.sets(st.sampled_from(PEOPLE)))
    able = [each for each in holders if each.role != "c" and each.user_id not in barred]
    found = rules.nearest(holders, {"a", "b"}, barred)
    for person in PEOPLE:
        own = [each.depth for each in able if each.user_id == person]
        assert (person in found) == (bool(own) and all(each.depth <= max(own) for each in able))
    assert found == sorted(set(found))
