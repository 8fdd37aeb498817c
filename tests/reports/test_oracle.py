"""Reports on random visits against the same figures counted by hand, visit by visit."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from inspection_api.inspections.models import Inspection
from inspection_api.reports import conclusions, indicators, migrations, queries, rules, words
from inspection_api.reports.rules import Granularity
from inspection_api.templates.default_template import INDICATORS
from tests.reports.reading import add_visit

if TYPE_CHECKING:
    from uuid import UUID

    from tests.portfolio import Portfolio

START, END = date(2026, 3, 3), date(2026, 5, 20)
DAYS = [START - timedelta(days=9), START - timedelta(days=1), START, START + timedelta(days=40), END, date(2026, 5, 21)]
PLACES = ("sub_branch", "sibling", "branch", "foreign")


class Seen(NamedTuple):
    """One visit: of the customer of which place, when, how it ended, what it found."""

    at: int
    day: date
    state: str
    conclusion: str | None
    indicators: list[str]


SEEN = st.builds(
    Seen,
    at=st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5]),
    day=st.sampled_from(DAYS),
    state=st.sampled_from(["accepted", "extra", "extra", "voided", "refused", "submitted"]),
    conclusion=st.sampled_from([None, *words.CONCLUSIONS]),
    indicators=st.lists(st.sampled_from(["W01", "W05", "W10"]), unique=True),
)


@pytest.fixture
def points(desk: Portfolio) -> list[UUID]:
    """Six customers, the last two at the places of the first two."""
    return [desk.add_checkpoint(PLACES[number % 4]) for number in range(6)]


def written(desk: Portfolio, points: list[UUID], seen: list[Seen], clock: Any) -> list[Seen]:
    """Write down the visits in this order of acceptance; return the valid ones."""
    with desk.world.transaction() as ctx:
        ctx.session.execute(delete(Inspection))
    for visit in seen:
        clock.advance(seconds=1)
        valid = visit.state in {"accepted", "extra", "voided"}
        add_visit(
            desk, points[visit.at], visit.day, state=visit.state, conclusion=visit.conclusion,
            indicators=visit.indicators, accepted_at=clock.now if valid else None,
        )  # fmt: skip
    return [visit for visit in seen if visit.state in {"accepted", "extra"}]


def ask(desk: Portfolio, report: Any, **more: str) -> Any:
    asked = {"organisation_id": desk.world.organisations["branch"], "start": START, "end": END, **more}
    with desk.world.transaction("province_manager") as ctx:
        return report.table(ctx, **asked)


def shown(table: Any, *columns: str) -> dict[tuple[str, ...], int]:
    """Return the numbers that are not zero, by row and column, where the rows are organisations."""
    return {(row.label, key): row.cells[key] for row in table.rows for key in columns if row.cells[key]}


def label(visit: Seen) -> str:
    name = PLACES[visit.at % 4]
    return "branch（本级）" if name == "branch" else name


@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
@given(seen=st.lists(SEEN, max_size=14))
def test_random_visits_are_counted_as_by_hand(
    desk: Portfolio, points: list[UUID], clock: Any, seen: list[Seen]
) -> None:
    valid = [visit for visit in written(desk, points, seen, clock) if PLACES[visit.at % 4] != "foreign"]
    inside = [visit for visit in valid if START <= visit.day <= END]

    counted = Counter((label(visit), visit.conclusion) for visit in inside if visit.conclusion)
    assert shown(ask(desk, conclusions), *words.CONCLUSIONS) == counted

    raised = Counter((label(visit), code) for visit in inside for code in visit.indicators)
    by_year = ask(desk, indicators, by="year")
    assert shown(by_year, *INDICATORS) == raised
    whose = {(label(visit), code, visit.at) for visit in inside for code in visit.indicators}
    customers = Counter((place, code) for place, code, _ in whose)
    assert shown(ask(desk, indicators, by="year", count="customers"), *INDICATORS) == customers
    assert by_year.total.cells["customers"] == len({visit.at for visit in inside if visit.indicators})
    by_month = ask(desk, indicators, by="month")
    assert sum(row.cells["any"] for row in by_month.rows) == sum(bool(visit.indicators) for visit in inside)

    moves = Counter()
    for at in {visit.at for visit in inside if visit.conclusion}:
        mine = sorted((visit for visit in valid if visit.at == at and visit.conclusion), key=lambda visit: visit.day)
        before = [visit.conclusion for visit in mine if visit.day < START]
        after = [visit.conclusion for visit in mine if START <= visit.day <= END]
        moves[words.BEFORE[before[-1] if before else words.NEVER], after[-1]] += 1
    assert shown(ask(desk, migrations), *words.CONCLUSIONS) == moves


@settings(max_examples=30, suppress_health_check=list(HealthCheck), deadline=None)
@given(day=st.dates(date(2000, 1, 1), date(2099, 12, 31)), granularity=st.sampled_from(Granularity))
def test_the_database_cuts_days_into_periods_as_the_rules_do(
    desk: Portfolio, day: date, granularity: Granularity
) -> None:
    with desk.world.transaction() as ctx:
        found = ctx.session.scalar(select(queries.first_day(day, granularity)))  # type: ignore[arg-type] # a value here
    assert found == rules.first_day_of(day, granularity)
