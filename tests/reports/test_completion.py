"""Completion on the database: every number is as long as its list, and parents add up."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from inspection_api.accounts.models import Organisation
from inspection_api.core.periods import Period
from inspection_api.reports import queries as reads
from inspection_api.reports.rules import Counts, Measure, total
from inspection_api.tasks import service as tasks
from inspection_api.tasks.models import Task
from inspection_api.tasks.rules import State, Visit
from tests.factories import pages
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
MEASURES = {
    "progress": ("progressed", "running"),
    "completion": ("completed", "due"),
    "on_time": ("on_time", "due"),
    "overdue": ("overdue", "due"),
    "special": ("special_completed", "special"),
}


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    """The sub_branch has 2 points of which 1 was visited in March, its sibling 8 of which all were."""
    portfolio = Portfolio(world)
    visited = [portfolio.add_checkpoint(), *(portfolio.add_checkpoint("sibling", "colleague") for _ in range(8))]
    portfolio.add_checkpoint()
    portfolio.add_checkpoint("foreign", "foreign_officer")
    portfolio.create_rule()
    portfolio.generate()
    with world.transaction() as ctx:
        tasks.close(ctx, [march_visit(point) for point in visited])
    return portfolio


def march_visit(point: Any) -> Visit:
    return Visit(
        inspection_id=uuid4(), checkpoint_id=point, performed_on=date(2026, 3, 9), template_family="plain_paper",
        channel="onsite",
    )  # fmt: skip


def table(
    client: FlaskClient, portfolio: Portfolio, user: str, organisation: str, window: dict[str, str] = MARCH
) -> Any:
    query = {"organisation_id": str(portfolio.world.organisations[organisation]), **window}
    return client.get("/api/v1/reports/completion", query_string=query, headers=portfolio.world.headers(user))


def fractions(row: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {key: (cell["numerator"], cell["denominator"]) for key, cell in row["cells"].items()}


def test_a_parent_is_the_sum_of_its_children(client: FlaskClient, portfolio: Portfolio, clock: Clock) -> None:
    clock.advance(days=40)
    answer = table(client, portfolio, "branch_manager", "branch").json
    by_name = {row["organisation"]["name"]: fractions(row)["completion"] for row in answer["rows"]}
    assert by_name == {"sub_branch": (1, 2), "sibling": (8, 8)}
    total = answer["total"]["cells"]["completion"]
    assert total == {"numerator": 9, "denominator": 10, "value": "0.9000"}
    assert fractions(answer["total"])["overdue"] == (1, 10)
    assert answer["headline"] == "completion"
    assert answer["window"] == MARCH


def test_while_the_window_runs_the_headline_is_progress(client: FlaskClient, portfolio: Portfolio) -> None:
    answer = table(client, portfolio, "branch_manager", "branch").json
    assert answer["headline"] == "progress"
    assert fractions(answer["total"])["progress"] == (9, 10)
    assert answer["total"]["cells"]["completion"] == {"numerator": 0, "denominator": 0, "value": None}


def test_on_the_due_day_a_task_is_due_and_not_yet_overdue(
    client: FlaskClient, portfolio: Portfolio, clock: Clock
) -> None:
    clock.advance(days=21)
    assert fractions(table(client, portfolio, "manager", "sub_branch").json["total"])["overdue"] == (0, 2)
    clock.advance(days=1)
    assert fractions(table(client, portfolio, "manager", "sub_branch").json["total"])["overdue"] == (1, 2)


def test_cancelled_and_exempt_tasks_leave_the_denominator(
    client: FlaskClient, portfolio: Portfolio, clock: Clock
) -> None:
    clock.advance(days=40)
    with portfolio.world.transaction() as ctx:
        open_ones = Task.state == State.PENDING.value
        ctx.session.execute(update(Task).where(open_ones).values(state="cancelled", reason="exit"))
    assert fractions(table(client, portfolio, "branch_manager", "branch").json["total"])["completion"] == (9, 9)


@pytest.mark.parametrize("days", [0, 21, 22, 40])
def test_every_number_is_as_long_as_its_list(
    client: FlaskClient, portfolio: Portfolio, clock: Clock, days: int
) -> None:
    clock.advance(days=days)
    headers = portfolio.world.headers("province_manager")
    for organisation in ("province", "branch", "sub_branch"):
        answer = table(client, portfolio, "province_manager", organisation).json
        for row in [*answer["rows"], answer["total"]]:
            place = {"organisation_id": row["organisation"]["id"], "own": str(row["own"]).lower(), **MARCH}
            for key, numbers in fractions(row).items():
                for measure, number in zip(MEASURES[key], numbers, strict=True):
                    path = "/api/v1/reports/completion/tasks"
                    assert len(list(pages(client, path, headers, measure=measure, limit=3, **place))) == number


def test_the_list_names_what_people_know(client: FlaskClient, portfolio: Portfolio) -> None:
    query = {"organisation_id": str(portfolio.world.organisations["sub_branch"]), "measure": "progressed", **MARCH}
    headers = portfolio.world.headers("manager")
    (row,) = client.get("/api/v1/reports/completion/tasks", query_string=query, headers=headers).json["items"]
    assert (row["checkpoint_code"], row["customer_name"], row["officer_name"]) == ("CP000000", "企业0", "姓名officer")
    assert (row["state"], row["overdue"], row["standing_word"]) == ("done", False, "按期完成")


def test_rows_and_total_agree(client: FlaskClient, portfolio: Portfolio) -> None:
    answer = table(client, portfolio, "province_manager", "province").json
    for key in MEASURES:
        parts = [fractions(row)[key] for row in answer["rows"]]
        assert fractions(answer["total"])[key] == tuple(map(sum, zip(*parts, strict=True)))


def test_an_organisations_own_tasks_have_a_row_of_their_own(client: FlaskClient, portfolio: Portfolio) -> None:
    answer = table(client, portfolio, "manager", "sub_branch").json
    assert [(row["organisation"]["name"], row["own"]) for row in answer["rows"]] == [("sub_branch", True)]
    assert fractions(answer["rows"][0]) == fractions(answer["total"])


def test_an_officer_counts_only_what_is_his(client: FlaskClient, portfolio: Portfolio) -> None:
    assert fractions(table(client, portfolio, "officer", "sub_branch").json["total"])["progress"] == (1, 2)
    assert fractions(table(client, portfolio, "colleague", "sub_branch").json["total"])["progress"] == (0, 0)


@pytest.mark.parametrize(
    ("user", "organisation", "status"),
    [
        ("province_manager", "province", 200),
        ("auditor", "other_branch", 200),
        ("approver", "branch", 200),
        ("risk_manager", "province", 200),
        ("manager", "branch", 404),
        ("foreign_branch_manager", "branch", 404),
        ("officer", "foreign", 404),
        ("administrator", "province", 403),
        ("service_manager", "province", 403),
        ("nobody", "sub_branch", 403),
    ],
)
def test_reports_follow_role_and_subtree(
    client: FlaskClient, portfolio: Portfolio, user: str, organisation: str, status: int
) -> None:
    assert table(client, portfolio, user, organisation).status_code == status
    query = {"organisation_id": str(portfolio.world.organisations[organisation]), "measure": "due", **MARCH}
    headers = portfolio.world.headers(user)
    answer = client.get("/api/v1/reports/completion/tasks", query_string=query, headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/reports", "/reports/completion", "/reports/completion/tasks"])
def test_nobody_anonymous_reads_reports(client: FlaskClient, portfolio: Portfolio, path: str) -> None:
    assert client.get(f"/api/v1{path}").status_code == 401


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"to": "2026-02-28"}, "to"),
        ({"from": "March"}, "from"),
        ({"organisation_id": "x"}, "organisation_id"),
        ({"measure": "guess"}, "measure"),
    ],
)
def test_a_broken_question_is_refused(
    client: FlaskClient, portfolio: Portfolio, change: dict[str, str], field: str
) -> None:
    query = {"organisation_id": str(portfolio.world.organisations["branch"]), "measure": "due", **MARCH, **change}
    headers = portfolio.world.headers("branch_manager")
    answer = client.get("/api/v1/reports/completion/tasks", query_string=query, headers=headers)
    assert (answer.status_code, [error["field"] for error in answer.json["errors"]]) == (422, [field])


def test_the_catalogue_names_the_report(client: FlaskClient, portfolio: Portfolio) -> None:
    listed = client.get("/api/v1/reports", headers=portfolio.world.headers("manager")).json["items"]
    (behind,) = listed[0].pop("lists")
    assert listed[0] == {"code": "completion", "title": "检查完成率", "path": "/reports/completion"}
    titles = {column["key"]: column["title"] for column in behind.pop("columns")}
    assert behind == {"path": "tasks"}
    assert titles == {
        "checkpoint_code": "检查点编号",
        "checkpoint_name": "检查点",
        "customer_name": "客户",
        "organisation_name": "机构",
        "officer_name": "客户经理",
        "inspection_type_word": "检查类型",
        "period_start": "期间开始",
        "period_end": "期间结束",
        "due_on": "应完成日",
        "standing_word": "状态",
        "performed_on": "检查日期",
        "conclusion_word": "检查结论",
        "indicator_words": "预警指示",
    }


def test_a_report_takes_the_same_queries_for_any_number_of_organisations(
    client: FlaskClient, portfolio: Portfolio, queries: Callable[[], list[str]]
) -> None:
    headers = portfolio.world.headers("province_manager")
    counts = []
    for organisation in ("sub_branch", "province"):
        query = {"organisation_id": str(portfolio.world.organisations[organisation]), **MARCH}
        seen = queries()
        client.get("/api/v1/reports/completion", query_string=query, headers=headers)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 8


def expected(task: Task, window: Period, today: date) -> set[Measure]:
    """Count one task by the words of domain.md §1.9, independently of the SQL."""
    if task.state in {"cancelled", "exempt"}:
        return set()
    done, measures = task.state in {"done", "done_late"}, set()
    if task.inspection_type == "special":
        due = window.start <= task.due_on <= window.end and task.due_on <= today
        return ({Measure.SPECIAL} | ({Measure.SPECIAL_COMPLETED} if done else set())) if due else set()
    if window.start <= task.due_on <= window.end and task.due_on <= today:
        late = task.state == "missed" or (not done and task.due_on < today)
        measures |= {Measure.DUE} | ({Measure.COMPLETED} if done else set()) | ({Measure.OVERDUE} if late else set())
        measures |= {Measure.ON_TIME} if task.state == "done" else set()
    if window.start <= today <= window.end and task.period_start <= today <= task.period_end:
        measures |= {Measure.RUNNING} | ({Measure.PROGRESSED} if done else set())
    return measures


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    states=st.lists(st.tuples(st.sampled_from(State), st.booleans()), min_size=22, max_size=22),
    days=st.tuples(*[st.dates(date(2026, 2, 25), date(2026, 5, 5))] * 3),
)
def test_conditions_and_tally_say_what_the_specification_says(
    portfolio: Portfolio, states: list[tuple[State, bool]], days: tuple[date, date, date]
) -> None:
    today, (start, end) = days[0], sorted(days[1:])
    window = Period(start=start, end=end)
    generated = portfolio.tasks()
    with portfolio.world.transaction() as ctx:
        for task, (state, special) in zip(generated, states, strict=True):
            values = {"state": state.value, "closed_by": uuid4(), "performed_on": start}
            values["inspection_type"] = "special" if special else "existing"
            ctx.session.execute(update(Task).where(Task.id == task.id).values(**values))
    everything = portfolio.tasks()
    counts: dict[Measure, int] = {}
    with portfolio.world.transaction("province_manager") as ctx:
        for measure, condition in reads.conditions(window, today).items():
            found = set(ctx.session.scalars(select(Task.id).where(condition)))
            assert found == {task.id for task in everything if measure in expected(task, window, today)}
            counts[measure] = len(found)
        province = ctx.session.get_one(Organisation, portfolio.world.organisations["province"])
        tallied = total(reads.counts_by_path(ctx, province, window, today).values(), Counts())
        assert {measure: tallied.of(measure) for measure in Measure} == counts


@pytest.mark.parametrize("apart", [{"inspection_type": "special"}, {"backfilled": True}])
def test_special_and_backfilled_tasks_count_in_no_rate(
    client: FlaskClient, portfolio: Portfolio, apart: dict[str, Any]
) -> None:
    with portfolio.world.transaction() as ctx:
        ctx.session.execute(update(Task).where(Task.state == "pending").values(**apart))
    answer = table(client, portfolio, "branch_manager", "branch").json
    by_name = {row["organisation"]["name"]: fractions(row)["progress"] for row in answer["rows"]}
    assert by_name == {"sub_branch": (1, 1), "sibling": (8, 8)}
