"""Coverage on the database against a walk through the days: who had to be seen, and who was."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update

from checkpoints.models import Checkpoint, CheckpointExit
from inspection_api.accounts import service as accounts
from inspection_api.loans.models import Loan
from inspection_api.plans.models import PlanMembership
from inspection_api.reports import coverage
from inspection_api.tasks.models import Task, Visit
from tests.portfolio import Portfolio
from tests.reports.reading import assert_every_number_is_as_long_as_its_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
DAY = timedelta(days=1)
DAYS = st.dates(date(2026, 2, 20), date(2026, 4, 10))
POINTS = 3


class Exit(NamedTuple):
    """Out of force from ``left`` to the day before ``back``, None: for good."""

    left: date
    back: date | None


class Duty(NamedTuple):
    """A task: when due, its state, and what sets it apart."""

    due: date
    state: str
    special: bool


class Life(NamedTuple):
    """A checkpoint's life: from when in force, its exits, its tasks, and when it was visited."""

    since: date
    exits: list[Exit]
    duties: list[Duty]
    visits: list[date]


def _exits(days: list[date]) -> list[Exit]:
    """Pair ordered days: out, back, out, …; an odd last one is for good."""
    ordered = sorted(days)
    return [Exit(left, ordered[at + 1] if at + 1 < len(ordered) else None) for at, left in enumerate(ordered)][::2]


DUTIES = st.builds(Duty, DAYS, st.sampled_from(["pending", "done", "missed", "cancelled", "exempt"]), st.booleans())
LIVES = st.builds(
    Life,
    DAYS,
    st.lists(DAYS, max_size=3, unique=True).map(_exits),
    st.lists(DUTIES, max_size=2),
    st.lists(DAYS, max_size=2),
)


def is_in_force(life: Life, day: date) -> bool:
    away = any(out.left <= day and (out.back is None or day < out.back) for out in life.exits)
    return day >= life.since and not away


def had_to_be_seen(life: Life, start: date, end: date) -> bool:
    """Say S of domain.md §1.9 day by day, independently of the SQL."""
    days = [start + number * DAY for number in range((end - start).days + 1)]
    if not any(is_in_force(life, day) for day in days):
        return False
    dues = [duty.due for duty in life.duties if duty.state != "cancelled" and not duty.special]
    is_newcomer = life.since in days or any(out.back in days for out in life.exits)
    if is_newcomer and not any(due in days for due in dues):
        return False
    gone = [out.left for out in life.exits if out.left in days and (out.back is None or out.back > end)]
    return all(any(start <= due < left for due in dues) for left in gone)


def was_seen(life: Life, start: date, today: date, end: date) -> bool:
    """Say V: visits up to today, and credits of the whole window, for what is spared in it is known now."""
    credited = [duty.due for duty in life.duties if duty.state == "exempt"]
    visited = [day for day in life.visits if day <= today]
    return any(start <= day <= end for day in [*visited, *credited])


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    """Three checkpoints with two tasks each, two of one organisation and one of its sibling."""
    portfolio = Portfolio(world)
    for place, officer in [("sub_branch", "officer")] * 2 + [("sibling", "colleague")]:
        portfolio.add_checkpoint(place, officer)
    portfolio.create_rule()
    portfolio.generate()
    with world.transaction() as ctx:  # the roles hold on all days of the histories
        ctx.session.execute(text("UPDATE role_assignment SET valid_from = '2026-01-01'"))
    return portfolio


def live(portfolio: Portfolio, points: list[UUID], lives: list[Life]) -> None:
    """Write the lives into the database, in place of what was there."""
    with portfolio.world.transaction() as ctx:
        ctx.session.execute(delete(CheckpointExit))
        ctx.session.execute(delete(Visit))
        ctx.session.execute(update(Task).values(state="cancelled", reason="none", inspection_type="existing"))
        for point, life in zip(points, lives, strict=True):
            ctx.session.execute(update(Checkpoint).where(Checkpoint.id == point).values(effective_from=life.since))
            ctx.session.add_all(_rows(portfolio, point, life, ctx.now))
            ctx.session.flush()
            tasks = ctx.session.scalars(select(Task.id).where(Task.checkpoint_id == point).order_by(Task.id)).all()
            for task, duty in zip(tasks, life.duties, strict=False):
                ctx.session.execute(update(Task).where(Task.id == task).values(**_values(duty)))


def _rows(portfolio: Portfolio, point: UUID, life: Life, now: datetime) -> list[Any]:
    people = portfolio.world.people
    decided = {"exit_type": "settled", "reason": "x", "proposed_by": people["officer"], "proposed_at": now}
    decided |= {"decided_by": people["manager"], "decided_at": now}
    over = {"ended_by": people["manager"], "ended_at": now}
    exits = [
        CheckpointExit(
            checkpoint_id=point,
            effective_on=out.left,
            returned_on=out.back,
            status="approved" if out.back is None else "reactivated",
            **decided,
            **({} if out.back is None else over),
        )
        for out in life.exits
    ]
    visits = [
        Visit(
            checkpoint_id=point, template_family="plain_paper", channel="onsite", performed_on=day,
            inspection_id=uuid4(), counted=False, accepted_at=now,
        )
        for day in life.visits
    ]  # fmt: skip
    return [*exits, *visits]


def _values(duty: Duty) -> dict[str, Any]:
    return {
        "due_on": duty.due,
        "state": duty.state,
        "reason": "history" if duty.state == "exempt" else None,
        "inspection_type": "special" if duty.special else "existing",
        "closed_by": uuid4(),
        "performed_on": duty.due,
    }


def listed(portfolio: Portfolio, start: date, end: date, measure: str) -> set[UUID]:
    place = portfolio.world.organisations["province"]
    asked: dict[str, Any] = {"organisation_id": place, "start": start, "end": end, "measure": measure, "own": False}
    with portfolio.world.transaction("province_manager") as ctx:
        return set(ctx.session.scalars(coverage.checkpoints(ctx, **asked)))


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(lives=st.lists(LIVES, min_size=POINTS, max_size=POINTS), days=st.tuples(DAYS, DAYS), today=DAYS)
def test_the_query_says_what_a_walk_through_the_days_says(
    portfolio: Portfolio, clock: Clock, lives: list[Life], days: tuple[date, date], today: date
) -> None:
    clock.now = datetime.fromisoformat(f"{today}T04:00:00+00:00")
    start, end = sorted(days)
    with portfolio.world.transaction() as ctx:
        points = list(ctx.session.scalars(select(Checkpoint.id).order_by(Checkpoint.id)))
    live(portfolio, points, lives)
    last = min(end, today)
    due = {point for point, life in zip(points, lives, strict=True) if had_to_be_seen(life, start, last)}
    seen = {point for point, life in zip(points, lives, strict=True) if was_seen(life, start, today, end)}
    covered = due & seen
    found = {measure: listed(portfolio, start, end, measure) for measure in ("due", "covered", "uncovered")}
    assert found == {"due": due, "covered": covered, "uncovered": due - covered}
    with portfolio.world.transaction("province_manager") as ctx:
        table = coverage.table(ctx, organisation_id=portfolio.world.organisations["province"], start=start, end=end)
    whole = table.total.cells["checkpoints"]
    assert (whole.numerator, whole.denominator) == (len(covered), len(due))


def ask(client: FlaskClient, portfolio: Portfolio, user: str, organisation: str, **window: str) -> Any:
    query = {"organisation_id": str(portfolio.world.organisations[organisation]), **MARCH, **window}
    return client.get("/api/v1/reports/coverage", query_string=query, headers=portfolio.world.headers(user))


def numbers(row: dict[str, Any], key: str) -> tuple[Any, Any]:
    return row["cells"][key]["numerator"], row["cells"][key]["denominator"]


@pytest.fixture
def town(portfolio: Portfolio, clock: Clock) -> Portfolio:
    """On 9 April: three old checkpoints, the first one visited in March, its customer with two loans of four."""
    clock.advance(days=30)
    with portfolio.world.transaction() as ctx:
        points = ctx.session.scalars(select(Checkpoint).order_by(Checkpoint.id)).all()
    live(
        portfolio,
        [point.id for point in points],
        [Life(date(2026, 1, 1), [], [], days) for days in ([date(2026, 3, 9)], [], [])],
    )
    terms = {
        0: [("2025-01-01", "2026-03-01"), ("2026-03-31", "2027-01-01"), ("2024-01-01", "2026-02-28")],
        2: [("2025-01-01", "2027-01-01")],
    }
    with portfolio.world.transaction() as ctx:
        ctx.session.add_all(
            Loan(
                contract_no=f"JK{number}{at}",
                customer_id=points[number].customer_id,
                amount=Decimal("100.25"),
                disbursed_on=date.fromisoformat(first),
                matures_on=date.fromisoformat(last),
                five_class="normal",
            )
            for number, loans in terms.items()
            for at, (first, last) in enumerate(loans)
        )
    return portfolio


def test_customers_and_balances_are_covered_with_their_checkpoints(client: FlaskClient, town: Portfolio) -> None:
    answer = ask(client, town, "branch_manager", "branch").json
    rows = {row["organisation"]["name"]: row for row in answer["rows"]}
    assert {key: numbers(rows["sub_branch"], key) for key in rows["sub_branch"]["cells"]} == {
        "checkpoints": (1, 2),
        "customers": (1, 2),
        "balance": ("200.50", "200.50"),
    }
    assert numbers(rows["sibling"], "balance") == ("0", "100.25")
    assert answer["total"]["cells"]["balance"] == {"numerator": "200.50", "denominator": "300.75", "value": "0.6667"}
    assert [(column["key"], column["listing"]) for column in answer["columns"]] == [
        ("checkpoints", "checkpoints"),
        ("customers", "customers"),
        ("balance", "customers"),
    ]


def test_every_number_is_as_long_as_its_list_and_comes_to_it(client: FlaskClient, town: Portfolio) -> None:
    for organisation, wanted in (("province", 10), ("branch", 15), ("sub_branch", 10)):
        answer = ask(client, town, "province_manager", organisation).json
        found = assert_every_number_is_as_long_as_its_list(client, town, "province_manager", answer)
        assert found >= wanted, organisation


def test_a_checkpoint_in_no_plan_has_to_be_seen_too(client: FlaskClient, town: Portfolio) -> None:
    with town.world.transaction() as ctx:
        ctx.session.execute(delete(Task))
    assert numbers(ask(client, town, "branch_manager", "branch").json["total"], "checkpoints") == (1, 3)


@pytest.mark.parametrize(("planned", "had_to_be_seen"), [(True, 2), (False, 3)])
def test_a_newcomer_waits_for_its_first_task_but_not_where_no_plan_has_it(
    client: FlaskClient, town: Portfolio, *, planned: bool, had_to_be_seen: int
) -> None:
    with town.world.transaction() as ctx:
        ctx.session.execute(delete(Task))
        newcomer = ctx.session.scalars(select(Checkpoint.id).order_by(Checkpoint.id)).all()[-1]
        ctx.session.execute(
            update(Checkpoint).where(Checkpoint.id == newcomer).values(effective_from=date(2026, 3, 20))
        )
        if not planned:
            left = update(PlanMembership).where(PlanMembership.checkpoint_id == newcomer)
            ctx.session.execute(left.values(left_on=date(2026, 3, 10), left_reason="removed"))
    total = ask(client, town, "branch_manager", "branch").json["total"]
    assert numbers(total, "checkpoints") == (1, had_to_be_seen)


def test_an_officer_sees_the_coverage_of_what_is_his(client: FlaskClient, town: Portfolio) -> None:
    world = town.world
    assert numbers(ask(client, town, "officer", "sub_branch").json["total"], "checkpoints") == (0, 0)
    with world.transaction() as ctx:
        point = ctx.session.scalars(select(Checkpoint.id).order_by(Checkpoint.id)).first()
        accounts.grant(ctx, [(world.people["officer"], "checkpoint", point)])
    assert numbers(ask(client, town, "officer", "sub_branch").json["total"], "checkpoints") == (1, 1)


@pytest.mark.parametrize(
    ("user", "organisation", "status"),
    [("manager", "branch", 404), ("foreign_branch_manager", "branch", 404), ("administrator", "province", 403)],
)
@pytest.mark.parametrize("path", ["", "/checkpoints", "/customers"])
def test_coverage_follows_role_and_subtree(
    client: FlaskClient, portfolio: Portfolio, user: str, organisation: str, status: int, path: str
) -> None:
    query = {"organisation_id": str(portfolio.world.organisations[organisation]), **MARCH}
    query |= {"measure": "due"} if path else {}
    headers = portfolio.world.headers(user)
    assert client.get(f"/api/v1/reports/coverage{path}", query_string=query, headers=headers).status_code == status


def test_a_broken_window_is_refused(client: FlaskClient, portfolio: Portfolio) -> None:
    answer = ask(client, portfolio, "branch_manager", "branch", to="2026-02-01")
    assert (answer.status_code, [error["field"] for error in answer.json["errors"]]) == (422, ["to"])


def test_coverage_takes_the_same_queries_for_any_number_of_organisations(
    client: FlaskClient, town: Portfolio, queries: Callable[[], list[str]]
) -> None:
    counts = []
    for organisation in ("sub_branch", "province"):
        seen = queries()
        ask(client, town, "province_manager", organisation)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 11
