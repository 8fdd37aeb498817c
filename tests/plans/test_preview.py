"""`POST /rules/preview` and `GET /rules/{id}/preview`: the same tasks as the generation makes later."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from checkpoints.models import CheckpointLoan
from inspection_api.accounts.models import UserAccount
from inspection_api.core.ids import new_id
from inspection_api.core.periods import add_months
from inspection_api.loans.models import Loan
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask.testing import FlaskClient

    from tests.factories import World

API = "/api/v1/rules"
TODAY, LAST = date(2026, 3, 10), date(2027, 3, 9)


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


def form(portfolio: Portfolio, **changes: Any) -> dict[str, Any]:
    body = {
        "organisation_id": str(portfolio.world.organisations["branch"]),
        "name": "季度检查",
        "org_type": "sub_branch",
        "template_id": str(portfolio.template_id),
        "start": "2026-01-01",
        "first_rule": "current",
    }
    return body | changes


def foreseen(client: FlaskClient, portfolio: Portfolio, user: str = "branch_manager", **changes: Any) -> Any:
    return client.post(f"{API}/preview", json=form(portfolio, **changes), headers=portfolio.world.headers(user))


def made(portfolio: Portfolio) -> int:
    """Let a year pass, a month a run, and return how many tasks are due in it."""
    for months in range(13):
        portfolio.generate(add_months(TODAY, months))
    return sum(TODAY <= task.due_on <= LAST for task in portfolio.tasks())


def owe(portfolio: Portfolio, point: UUID, *disbursed_on: date) -> None:
    customer_id = portfolio.tasks(point)[0].customer_id
    with portfolio.world.transaction() as ctx:
        for number, day in enumerate(disbursed_on):
            loan = Loan(
                id=new_id(), contract_no=f"{point}-{number}", customer_id=customer_id, amount=Decimal(1),
                disbursed_on=day, matures_on=date(2030, 1, 1), five_class="normal",
            )  # fmt: skip
            ctx.session.add(loan)
            ctx.session.flush()
            ctx.session.add(CheckpointLoan(checkpoint_id=point, loan_id=loan.id))


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"interval": 3},
        {"unit": "week", "interval": 2},
        {"end": "2026-08-15"},
        {"first_rule": "next", "due_roll": "next_workday"},
        {"inspection_type": "new"},
    ],
)
def test_what_is_foreseen_is_what_comes(client: FlaskClient, portfolio: Portfolio, terms: dict[str, Any]) -> None:
    portfolio.add_checkpoint()
    portfolio.add_checkpoint(effective_from=date(2026, 5, 20), officer=None)
    portfolio.add_checkpoint("sibling", "colleague", effective_from=date(2026, 2, 10))
    portfolio.add_checkpoint("foreign", "foreign_officer")
    before = foreseen(client, portfolio, **terms)
    assert before.status_code == 200, before.json
    headers = portfolio.world.headers("branch_manager")
    rule = client.post(API, json=form(portfolio, **terms), headers=headers).json
    after = client.get(f"{API}/{rule['id']}/preview", headers=headers).json
    assert after == before.json
    assert (after["start"], after["end"]) == (TODAY.isoformat(), LAST.isoformat())
    weeks = [week for officer in after["officers"] for week in officer["weeks"]]
    assert after["visits"] == sum(week["visits"] for week in weeks) == sum(each["visits"] for each in after["officers"])
    assert {date.fromisoformat(week["monday"]).weekday() for week in weeks} <= {0}
    assert after["visits"] == made(portfolio)


def test_a_rule_for_each_loan_counts_loans(client: FlaskClient, portfolio: Portfolio) -> None:
    point, _ = portfolio.add_checkpoint(), portfolio.add_checkpoint()
    portfolio.create_rule("branch", "支行检查")
    portfolio.generate()
    owe(portfolio, point, date(2026, 4, 20), date(2026, 9, 1))
    single = foreseen(client, portfolio).json["visits"]
    each = foreseen(client, portfolio, per_loan=True).json["visits"]
    assert (single, each) == (2 * 12, 12 + 1 + 11 + 6)  # the second loan's tasks are those of September to February


def name_of(portfolio: Portfolio, user: str) -> str:
    with portfolio.world.transaction() as ctx:
        return ctx.session.get_one(UserAccount, portfolio.world.people[user]).name


def test_a_manager_sees_his_own_officers_only(client: FlaskClient, portfolio: Portfolio) -> None:
    portfolio.add_checkpoint()
    portfolio.add_checkpoint("foreign", "foreign_officer")
    rule = portfolio.create_rule()
    path = f"{API}/{rule.id}/preview"
    mine = client.get(path, headers=portfolio.world.headers("manager")).json
    assert [each["officer_id"] for each in mine["officers"]] == [str(portfolio.world.people["officer"])]
    assert [each["officer_name"] for each in mine["officers"]] == [name_of(portfolio, "officer")]
    everybody = client.get(path, headers=portfolio.world.headers("province_manager")).json
    assert everybody["visits"] == 2 * mine["visits"]


def test_nothing_joins_by_itself_where_the_form_says_so(client: FlaskClient, portfolio: Portfolio) -> None:
    portfolio.add_checkpoint()
    assert foreseen(client, portfolio, auto_join=False).json["visits"] == 0


def test_a_preview_is_refused_as_the_rule_would_be_and_writes_nothing(
    client: FlaskClient, portfolio: Portfolio
) -> None:
    world = portfolio.world
    assert foreseen(client, portfolio, end="2025-12-31").json["code"] == "rule_dates_invalid"
    assert foreseen(client, portfolio, interval=0).status_code == 422
    assert foreseen(client, portfolio, exit_count=2).json["code"] == "exit_checks_invalid"
    assert foreseen(client, portfolio, organisation_id=str(world.organisations["foreign"])).status_code == 404
    assert foreseen(client, portfolio, "officer").status_code == 403
    assert list(client.get(API, headers=world.headers("branch_manager")).json["items"]) == []


def test_a_preview_takes_the_same_queries_for_any_number(
    client: FlaskClient, portfolio: Portfolio, queries: Callable[[], list[str]]
) -> None:
    rule = portfolio.create_rule()
    headers = portfolio.world.headers("province_manager")
    counts = []
    for _ in range(2):
        for day in range(1, 6):
            portfolio.add_checkpoint(effective_from=date(2026, 1, day))
        queries()
        assert client.get(f"{API}/{rule.id}/preview", headers=headers).status_code == 200
        counts.append(len(queries()))
    assert counts[0] == counts[1]
