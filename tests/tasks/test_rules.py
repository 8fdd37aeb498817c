from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from inspection_api.tasks.errors import MakeupForbidden
from inspection_api.tasks.rules import (
    CLOSABLE,
    DONE,
    MAY_BECOME,
    Closing,
    State,
    TaskTerms,
    Visit,
    decide_closing,
    decide_closings,
    ensure_makeup,
    states_before,
)

POINT, OTHER_POINT, RULE = UUID(int=1), UUID(int=2), UUID(int=3)
OFFICER = UUID(int=5)
AUGUST, SEPTEMBER, QUARTER = UUID(int=8), UUID(int=9), UUID(int=79)

CREDITED = {"credit_from": date(2018, 8, 1)}


def task(number: int = 8, **changes: object) -> TaskTerms:
    """August 2018 (or another month of that year) of one point, on-site, with the default template."""
    start = date(2018, number, 1)
    end = date(2018, number + 1, 1) - timedelta(days=1)
    values: dict[str, object] = {
        "id": UUID(int=number),
        "rule_id": RULE,
        "checkpoint_id": POINT,
        "state": State.PENDING,
        "period_start": start,
        "due_on": end,
        "window_end_on": end,
        "template_family": "plain_paper",
        "channels": frozenset({"onsite"}),
    }
    return TaskTerms(**{**values, **changes})  # type: ignore[arg-type]


def visit(day: str, number: int = 1, **changes: object) -> Visit:
    values: dict[str, object] = {
        "inspection_id": UUID(int=100 + number),
        "checkpoint_id": POINT,
        "performed_on": date.fromisoformat(day),
        "template_family": "plain_paper",
        "channel": "onsite",
    }
    return Visit(**{**values, **changes})  # type: ignore[arg-type]


def outcome(closing: Closing) -> tuple[UUID | None, State | None, tuple[str, ...]]:
    return closing.task_id, closing.state, closing.flags


@pytest.mark.parametrize("day", ["2018-08-01", "2018-08-31"])
def test_a_visit_inside_the_window_closes_the_task(day: str) -> None:
    assert outcome(decide_closing(visit(day), [task()])) == (AUGUST, State.DONE, ())


@pytest.mark.parametrize("state", sorted(CLOSABLE))
@pytest.mark.parametrize("today", [date(2018, 9, 1), date(2018, 9, 10)])
def test_what_its_window_left_open_can_be_made_up_from_the_next_day_to_the_last(state: State, today: date) -> None:
    ensure_makeup(state, window_end_on=date(2018, 8, 31), until=date(2018, 9, 10), today=today)


@pytest.mark.parametrize(
    ("state", "today"),
    [
        (State.DONE, date(2018, 9, 1)),
        (State.CANCELLED, date(2018, 9, 1)),
        (State.MISSED, date(2018, 8, 31)),
        (State.MISSED, date(2018, 9, 11)),
    ],
)
def test_nothing_is_made_up_when_it_is_done_or_gone_too_early_or_too_late(state: State, today: date) -> None:
    with pytest.raises(MakeupForbidden):
        ensure_makeup(state, window_end_on=date(2018, 8, 31), until=date(2018, 9, 10), today=today)


@pytest.mark.parametrize("day", ["2018-07-31", "2018-09-01"])
def test_early_and_late_work_closes_nothing(day: str) -> None:
    closing = decide_closing(visit(day), [task()])
    assert outcome(closing) == (None, None, ())
    assert closing.is_extra


def test_between_due_day_and_window_end_it_is_done_late() -> None:
    rolled = task(due_on=date(2018, 8, 29))
    assert decide_closing(visit("2018-08-29"), [rolled]).state is State.DONE
    assert decide_closing(visit("2018-08-30"), [rolled]).state is State.DONE_LATE


@pytest.mark.parametrize(
    "changes", [{"template_family": "other"}, {"channel": "remote"}, {"checkpoint_id": OTHER_POINT}]
)
def test_template_channel_and_point_must_match(changes: dict[str, object]) -> None:
    assert decide_closing(visit("2018-08-10", **changes), [task()]).is_extra


def test_where_windows_overlap_the_older_task_comes_first() -> None:
    older = task(window_end_on=date(2018, 9, 3))
    assert outcome(decide_closing(visit("2018-09-02"), [task(9), older])) == (AUGUST, State.DONE_LATE, ())


def test_the_older_task_comes_first_whatever_the_device_says() -> None:
    older = task(window_end_on=date(2018, 9, 3))
    closing = decide_closing(visit("2018-09-02", task_id=SEPTEMBER), [task(9), older])
    assert outcome(closing) == (AUGUST, State.DONE_LATE, ())


@pytest.mark.parametrize("hinted", [UUID(int=81), UUID(int=82)])
def test_the_hint_decides_between_the_loans_of_one_period(hinted: UUID) -> None:
    loans = [task(id=UUID(int=81)), task(id=UUID(int=82))]
    closing = decide_closing(visit("2018-08-02", task_id=hinted), loans)
    assert closing.outcomes == {hinted: State.DONE}


def quarter(**changes: object) -> TaskTerms:
    """July to September 2018 of another rule."""
    values: dict[str, object] = {"id": QUARTER, "rule_id": UUID(int=4), "period_start": date(2018, 7, 1)}
    return task(9, **{**values, **changes})


@pytest.mark.parametrize("hinted", [None, AUGUST, QUARTER])
def test_one_visit_closes_one_task_of_each_rule_and_belongs_to_the_hinted_one(hinted: UUID | None) -> None:
    closing = decide_closing(visit("2018-08-02", task_id=hinted), [task(), task(9), quarter()])
    assert closing.outcomes == {AUGUST: State.DONE, QUARTER: State.DONE}
    assert closing.task_id == (hinted or QUARTER)


def test_each_campaign_stands_for_itself() -> None:
    campaigns = [task(rule_id=None, id=UUID(int=81)), task(rule_id=None, id=UUID(int=82))]
    assert len(decide_closing(visit("2018-08-02"), campaigns).outcomes) == 2


def test_what_one_rule_has_closed_is_no_bar_to_another() -> None:
    closing = decide_closing(visit("2018-08-02", task_id=AUGUST), [task(state=State.DONE), quarter()])
    assert outcome(closing) == (QUARTER, State.DONE, ())


def test_a_visit_closes_in_one_rule_and_exempts_the_first_task_of_another() -> None:
    closing = decide_closing(visit("2018-08-02"), [task(), task(9, rule_id=UUID(int=4), **CREDITED)])
    assert outcome(closing) == (AUGUST, State.DONE, ())
    assert closing.outcomes == {AUGUST: State.DONE, SEPTEMBER: State.EXEMPT}


def test_what_closes_a_task_is_no_credit_in_the_same_rule() -> None:
    assert decide_closing(visit("2018-08-02"), [task(), task(9, **CREDITED)]).outcomes == {AUGUST: State.DONE}


BY_MANAGERS = {"performing_role": "sub_branch_manager"}


def test_a_task_of_a_role_is_closed_in_that_role_alone() -> None:
    officer, manager = frozenset({"loan_officer"}), frozenset({"loan_officer", "sub_branch_manager"})
    closing = decide_closing(visit("2018-08-02", roles=officer, task_id=AUGUST), [task(**BY_MANAGERS)])
    assert outcome(closing) == (AUGUST, None, ("performing_role",))
    assert decide_closing(visit("2018-08-02", roles=manager), [task(**BY_MANAGERS)]).state is State.DONE


def test_whose_task_it_is_closes_it_whatever_his_roles_are() -> None:
    named = task(**BY_MANAGERS, officer_id=OFFICER)
    assert decide_closing(visit("2018-08-02", officer_id=OFFICER), [named]).state is State.DONE
    assert decide_closing(visit("2018-08-02", officer_id=UUID(int=6)), [named]).state is None
    assert decide_closing(visit("2018-08-02"), [task(**BY_MANAGERS)]).state is None


def test_a_visit_outside_of_a_tasks_role_closes_what_is_for_anybody() -> None:
    closing = decide_closing(visit("2018-08-02", task_id=AUGUST), [task(**BY_MANAGERS), quarter()])
    assert outcome(closing) == (QUARTER, State.DONE, ())


def test_credit_is_earned_in_the_role_alone() -> None:
    first = task(9, **CREDITED, **BY_MANAGERS)
    assert decide_closing(visit("2018-08-02"), [first]).outcomes == {}
    visited = visit("2018-08-02", roles=frozenset({"sub_branch_manager"}))
    assert decide_closing(visited, [first]).outcomes == {SEPTEMBER: State.EXEMPT}


def test_a_gap_that_is_too_short_in_one_rule_leaves_the_others_alone() -> None:
    near = task(min_gap_days=9, previous_on=date(2018, 7, 31))
    closing = decide_closing(visit("2018-08-02", task_id=AUGUST), [near, quarter()])
    assert outcome(closing) == (QUARTER, State.DONE, ())


def test_the_hint_does_not_open_another_months_window() -> None:
    closing = decide_closing(visit("2018-09-02", task_id=AUGUST), [task(), task(9)])
    assert outcome(closing) == (SEPTEMBER, State.DONE, ())


def test_the_second_visit_of_a_period_is_extra() -> None:
    first, second = decide_closings([visit("2018-08-10"), visit("2018-08-11", 2)], [task()])
    assert outcome(first) == (AUGUST, State.DONE, ())
    assert outcome(second) == (AUGUST, None, ("task_done",))


def test_a_visit_for_a_cancelled_task_is_extra_with_a_flag() -> None:
    closing = decide_closing(visit("2018-08-10"), [task(state=State.CANCELLED)])
    assert outcome(closing) == (AUGUST, None, ("task_cancelled",))


def test_a_missed_task_is_done_by_a_visit_performed_in_time() -> None:
    assert decide_closing(visit("2018-08-31"), [task(state=State.MISSED)]).state is State.DONE


def test_thirty_first_and_first_are_too_close_with_a_minimum_gap() -> None:
    tasks = [task(min_gap_days=2), task(9, min_gap_days=2)]
    first, second, third = decide_closings([visit("2018-08-31"), visit("2018-09-01", 2), visit("2018-09-02", 3)], tasks)
    assert outcome(first) == (AUGUST, State.DONE, ())
    assert outcome(second) == (SEPTEMBER, None, ("min_gap",))
    assert outcome(third) == (SEPTEMBER, State.DONE, ())


def test_the_gap_looks_back_at_the_same_rule_only() -> None:
    tasks = [task(), task(9, rule_id=UUID(int=4), min_gap_days=2), task(7, min_gap_days=99)]
    closings = decide_closings([visit("2018-08-31"), visit("2018-09-01", 2), visit("2018-07-31", 3)], tasks)
    assert [closing.state for closing in closings] == [State.DONE] * 3


def test_the_gap_is_to_the_task_before_whenever_older_ones_were_made_up() -> None:
    """§1.8: "the one that closed the previous task", not the latest visit of all earlier ones."""
    july = task(7, window_end_on=date(2018, 9, 5), due_on=date(2018, 7, 31))
    tasks = [july, task(8), task(9, min_gap_days=3)]
    days = ("2018-08-30", "2018-08-31", "2018-09-01")
    closings = decide_closings([visit(day, number) for number, day in enumerate(days)], tasks)
    assert [outcome(each)[0] for each in closings] == [UUID(int=7), AUGUST, SEPTEMBER]
    assert closings[2].flags == ("min_gap",)
    tasks = [task(8, state=State.DONE), july, task(9, min_gap_days=3, previous_on=date(2018, 8, 2))]
    tasks[2] = replace(tasks[2], previous_start=date(2018, 8, 1))
    made_up, september = decide_closings([visit("2018-09-03"), visit("2018-09-05", 2)], tasks)
    assert (made_up.task_id, made_up.state) == (UUID(int=7), State.DONE_LATE)
    assert outcome(september) == (SEPTEMBER, State.DONE, ())


def test_the_specs_example_exempts_september_and_leaves_october_due() -> None:
    first, second = decide_closings([visit("2018-08-20"), visit("2018-10-05", 2)], [task(9, **CREDITED), task(10)])
    assert outcome(first) == (SEPTEMBER, State.EXEMPT, ())
    assert first.is_extra
    assert second.state is State.DONE


def test_credit_ends_before_its_first_day_and_is_used_once() -> None:
    assert decide_closing(visit("2018-07-31"), [task(9, **CREDITED)]).task_id is None
    _, second = decide_closings([visit("2018-08-20"), visit("2018-08-21", 2)], [task(9, **CREDITED)])
    assert outcome(second) == (None, None, ())


def test_credit_is_for_open_tasks_only() -> None:
    assert decide_closing(visit("2018-08-20"), [task(9, state=State.MISSED, **CREDITED)]).state is None


def test_the_state_table_lets_only_in_time_visits_out_of_missed() -> None:
    assert MAY_BECOME.keys() == set(State)
    assert MAY_BECOME[State.MISSED] == DONE
    assert all(MAY_BECOME[state] == {State.PENDING} for state in (*DONE, State.EXEMPT))  # once their visit is voided
    assert MAY_BECOME[State.CANCELLED] == {State.PENDING}
    assert states_before(State.IN_PROGRESS) == (State.PENDING,)
    assert states_before(State.MISSED) == (State.PENDING, State.IN_PROGRESS)


TASKS = st.lists(
    st.builds(
        task,
        st.integers(1, 11),
        rule_id=st.sampled_from([RULE, UUID(int=4)]),
        state=st.sampled_from(State),
        min_gap_days=st.integers(0, 20),
        credit_from=st.none() | st.dates(date(2018, 1, 1), date(2018, 12, 1)),
    ),
    unique_by=lambda item: item.id,
)
VISITS = st.lists(
    st.dates(date(2018, 1, 1), date(2018, 12, 31)).flatmap(
        lambda day: st.integers(1, 10**6).map(lambda number: visit(day.isoformat(), number))
    ),
    unique_by=lambda item: item.inspection_id,
)


@given(VISITS, TASKS)
def test_a_batch_closes_every_task_at_most_once_and_by_an_allowed_step(
    visits: list[Visit], tasks: list[TaskTerms]
) -> None:
    closings = decide_closings(visits, tasks)
    assert [closing.inspection_id for closing in closings] == [item.inspection_id for item in visits]
    changed = [each for closing in closings for each in closing.outcomes.items()]
    assert len({task_id for task_id, _ in changed}) == len(changed)
    states = {item.id: item.state for item in tasks}
    assert all(state in MAY_BECOME[states[task_id]] for task_id, state in changed)


@given(VISITS, TASKS)
def test_a_visit_closes_at_most_one_task_of_a_rule(visits: list[Visit], tasks: list[TaskTerms]) -> None:
    rules = {item.id: item.rule_id for item in tasks}
    for closing in decide_closings(visits, tasks):
        assert len({rules[task_id] for task_id in closing.outcomes}) == len(closing.outcomes)


@given(VISITS, TASKS)
def test_a_visit_closes_only_the_window_that_holds_it(visits: list[Visit], tasks: list[TaskTerms]) -> None:
    by_id = {item.id: item for item in tasks}
    for item, closing in zip(visits, decide_closings(visits, tasks), strict=True):
        for task_id in (task_id for task_id, state in closing.outcomes.items() if state in DONE):
            closed = by_id[task_id]
            assert closed.state in CLOSABLE
            assert closed.period_start <= item.performed_on <= closed.window_end_on
