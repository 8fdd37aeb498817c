from __future__ import annotations

from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from inspection_api.tasks.rules import Credit, decide_credits

RULE, OTHER_RULE = UUID(int=1), UUID(int=2)


def credit(task: int, visit: int, *, rule: UUID = RULE, month: int = 3) -> Credit:
    """A visit on that day of February 2026 that may spare a task of a later month."""
    return Credit(
        task_id=UUID(int=10 * rule.int + task),
        rule_id=rule,
        period_start=date(2026, month, 1),
        inspection_id=UUID(int=100 + visit),
        performed_on=date(2026, 2, visit),
    )


def test_a_task_takes_the_latest_visit() -> None:
    assert decide_credits([credit(1, 3), credit(1, 9), credit(1, 4)]) == [credit(1, 9)]


def test_the_older_task_chooses_first_whatever_the_ids() -> None:
    older, newer = credit(2, 9, month=3), credit(1, 9, month=4)
    assert decide_credits([newer, older]) == [older]
    assert decide_credits([newer, older, credit(1, 4, month=4)]) == [older, credit(1, 4, month=4)]


def test_two_tasks_with_visits_of_their_own_are_both_spared() -> None:
    both = [credit(1, 4, month=3), credit(2, 9, month=4)]
    assert decide_credits(both) == both


def test_a_visit_is_used_once_in_a_rule_and_spares_tasks_of_several() -> None:
    assert decide_credits([credit(1, 9), credit(2, 9)]) == [credit(1, 9)]
    assert decide_credits([credit(1, 9), credit(1, 9, rule=OTHER_RULE)]) == [
        credit(1, 9),
        credit(1, 9, rule=OTHER_RULE),
    ]


credits_ = st.builds(
    credit, st.integers(1, 4), st.integers(1, 5), rule=st.sampled_from([RULE, OTHER_RULE]), month=st.just(3)
)


@given(st.lists(credits_, max_size=25))
def test_nothing_is_given_or_used_twice_and_nothing_that_fits_is_left(possible: list[Credit]) -> None:
    found = decide_credits(possible)
    tasks, visits = {each.task_id for each in found}, {(each.rule_id, each.inspection_id) for each in found}
    assert len(tasks) == len(visits) == len(found)
    assert set(found) <= set(possible)
    assert all(each.task_id in tasks or (each.rule_id, each.inspection_id) in visits for each in possible)
    assert decide_credits(reversed(possible)) == found
