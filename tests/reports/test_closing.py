"""Closing a month: what stood stays, what changes later is noted with its day, and a second person reviews."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from checkpoints.models import Checkpoint
from inspection_api.accounts.errors import FourEyes
from inspection_api.core.errors import NotFound
from inspection_api.loans.models import Loan
from inspection_api.reports import completion, month_end
from inspection_api.reports import service as reports
from inspection_api.reports.errors import MonthClosed, MonthNotOver, MonthReviewed
from inspection_api.reports.models import MonthAdjustment
from inspection_api.reports.rules import Change, Counts, Rate, adjusted, ensure_over, ensure_reviewable
from inspection_api.tasks import service as tasks
from inspection_api.tasks.models import Task
from inspection_api.tasks.rules import Visit
from tests.portfolio import Portfolio
from tests.reports.reading import ask, assert_every_number_is_as_long_as_its_list

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock

MARCH, LAST = date(2026, 3, 1), date(2026, 3, 31)
FROZEN = ("completion", "on_time", "overdue", "special")


def furnished(world: World) -> Portfolio:
    """Five checkpoints in two sub-branches; one of each was visited in March."""
    portfolio = Portfolio(world)
    points = [portfolio.add_checkpoint(*place) for place in PLACES]
    portfolio.create_rule()
    portfolio.generate()
    visit(portfolio, points[0], date(2026, 3, 9))
    visit(portfolio, points[3], date(2026, 3, 10))
    return portfolio


PLACES = [("sub_branch", "officer")] * 3 + [("sibling", "colleague")] * 2


def visit(portfolio: Portfolio, point: UUID, day: date) -> None:
    """Let a visit be accepted now that was performed on ``day``."""
    with portfolio.world.transaction() as ctx:
        done = Visit(
            inspection_id=uuid4(),
            checkpoint_id=point,
            performed_on=day,
            template_family="plain_paper",
            channel="onsite",
        )
        tasks.close(ctx, [done])


@pytest.fixture
def portfolio(world: World, clock: Clock) -> Portfolio:
    """It is 9 April."""
    portfolio = furnished(world)
    clock.advance(days=30)
    return portfolio


def close(portfolio: Portfolio, user: str = "province_manager", organisation: str = "province") -> UUID:
    with portfolio.world.transaction(user) as ctx:
        place = portfolio.world.organisations[organisation]
        return reports.close_month(ctx, organisation_id=place, month=MARCH).id


def points_of(portfolio: Portfolio) -> list[UUID]:
    with portfolio.world.transaction() as ctx:
        return list(ctx.session.scalars(select(Checkpoint.id).order_by(Checkpoint.code)))


def told(portfolio: Portfolio, organisation: str = "province") -> dict[str, tuple[Any, Any]]:
    """Return the month's report of an organisation as fractions, the adjustments as (number, None)."""
    with portfolio.world.transaction("province_manager") as ctx:
        table = month_end.table(ctx, organisation_id=portfolio.world.organisations[organisation], month=MARCH)
    assert table.total is not None
    cells = table.total.cells
    return {
        key: (cell.numerator, cell.denominator) if isinstance(cell, Rate) else (cell, None)
        for key, cell in cells.items()
    }


def completed_now(portfolio: Portfolio) -> tuple[Any, Any]:
    with portfolio.world.transaction("province_manager") as ctx:
        place = portfolio.world.organisations["province"]
        table = completion.table(ctx, organisation_id=place, start=MARCH, end=LAST)
    assert table.total is not None
    cell: Any = table.total.cells["completion"]
    return cell.numerator, cell.denominator


def lend(portfolio: Portfolio) -> None:
    """Lend the customers of the first checkpoint, which was visited, and of the second one something."""
    lent = list(zip(points_of(portfolio), (700, 800), strict=False))
    with portfolio.world.transaction() as ctx:
        for number, (point, amount) in enumerate(lent):
            checkpoint = ctx.session.get_one(Checkpoint, point)
            ctx.session.add(
                Loan(
                    contract_no=f"HT{number}",
                    customer_id=checkpoint.customer_id,
                    amount=Decimal(amount),
                    disbursed_on=date(2026, 1, 1),
                    matures_on=date(2026, 12, 31),
                    five_class="normal",
                )
            )


def test_what_stood_stays_and_a_late_visit_is_noted(portfolio: Portfolio) -> None:
    close(portfolio)
    before = told(portfolio)
    assert (before["completion"], before["overdue"], before["adjusted"]) == ((2, 5), (3, 5), (2, 5))
    assert (before["checkpoints"], before["adjustments"]) == ((2, 5), (0, None))
    visit(portfolio, points_of(portfolio)[1], date(2026, 3, 30))
    after = told(portfolio)
    assert {key: after[key] for key in FROZEN} == {key: before[key] for key in FROZEN}
    assert after["checkpoints"] == (2, 5)
    assert (after["adjusted"], after["adjustments"]) == ((3, 5), (2, None))
    with portfolio.world.transaction() as ctx:
        noted = ctx.session.scalars(select(MonthAdjustment).order_by(MonthAdjustment.id)).all()
    assert {(row.was, row.became, row.task_id is None) for row in noted} == {
        ("overdue", "done", False),
        (None, "seen", True),
    }


def test_completion_says_which_of_its_months_are_closed(client: FlaskClient, portfolio: Portfolio) -> None:
    def notes(organisation: str, start: str, end: str) -> list[str]:
        days = {"from": start, "to": end}
        answer = ask(client, portfolio, "province_manager", "completion", organisation=organisation, **days)
        found: list[str] = answer.json["notes"]
        return found

    assert notes("province", "2026-03-01", "2026-03-31") == []
    close(portfolio)
    for place in ("province", "sub_branch"):
        assert notes(place, "2026-02-10", "2026-03-05")[0].startswith("2026-03 已月结：")
    assert notes("province", "2026-04-01", "2026-04-30") == []


def test_a_second_visit_of_a_seen_checkpoint_and_one_of_another_month_adjust_nothing(portfolio: Portfolio) -> None:
    close(portfolio)
    visit(portfolio, points_of(portfolio)[0], date(2026, 3, 20))
    visit(portfolio, points_of(portfolio)[1], date(2026, 4, 2))
    assert told(portfolio)["adjustments"] == (0, None)


def test_open_tasks_that_are_missed_later_were_overdue_before(portfolio: Portfolio) -> None:
    close(portfolio)
    with portfolio.world.transaction() as ctx:
        ctx.session.execute(update(Task).where(Task.state == "pending", Task.due_on == LAST).values(state="missed"))
    assert told(portfolio)["adjustments"] == (0, None)


def test_every_number_is_as_long_as_its_list(client: FlaskClient, portfolio: Portfolio) -> None:
    lend(portfolio)
    close(portfolio)
    points, world = points_of(portfolio), portfolio.world
    visit(portfolio, points[1], date(2026, 3, 30))
    with world.transaction() as ctx:
        mine = Task.checkpoint_id == points[2]
        ctx.session.execute(update(Task).where(mine).values(organisation_id=world.organisations["sibling"]))
        other = Task.checkpoint_id == points[4]
        ctx.session.execute(update(Task).where(other).values(state="cancelled", reason="exit"))
    for organisation in ("province", "branch", "sub_branch", "sibling"):
        answer = ask(client, portfolio, "province_manager", "month_end", organisation=organisation, month="2026-03")
        assert assert_every_number_is_as_long_as_its_list(client, portfolio, "province_manager", answer.json)
    assert told(portfolio)["balance"] == (Decimal(700), Decimal(1500))
    assert told(portfolio, "sub_branch")["adjusted"] == (2, 2)
    assert told(portfolio, "sibling")["adjusted"] == (1, 2)
    assert told(portfolio)["completion"] == (2, 5)


def test_whom_a_closed_month_had_to_see_is_kept(client: FlaskClient, portfolio: Portfolio) -> None:
    close(portfolio, "branch_manager", "branch")
    points, world = points_of(portfolio), portfolio.world
    with world.transaction() as ctx:
        moved = {"organisation_id": world.organisations["sibling"], "effective_from": date(2026, 4, 1)}
        ctx.session.execute(update(Checkpoint).where(Checkpoint.id == points[0]).values(**moved))
    visit(portfolio, points[1], date(2026, 3, 30))
    close(portfolio)

    def listed(organisation: str, listing: str, measure: str) -> list[Any]:
        query = {"organisation": organisation, "month": "2026-03", "measure": measure}
        answer = ask(client, portfolio, "province_manager", f"month_end/{listing}", **query)
        return [row["id"] for row in answer.json["items"]]

    assert listed("sub_branch", "checkpoints", "covered") == [str(points[0])]
    assert listed("sub_branch", "checkpoints", "uncovered") == [str(points[1]), str(points[2])]
    assert len(listed("branch", "customers", "due")) == len(listed("province", "checkpoints", "due")) == 5
    foreign = {"organisation": "branch", "month": "2026-03", "measure": "due"}
    assert ask(client, portfolio, "foreign_manager", "month_end/checkpoints", **foreign).status_code == 404


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_frozen_and_changes_are_what_stands_now(portfolio: Portfolio, data: st.DataObject) -> None:
    with portfolio.world.database.connection.begin_nested() as place:  # type: ignore[attr-defined] # the tests' own
        _close_and_change(portfolio, data)
        place.rollback()


def _close_and_change(portfolio: Portfolio, data: st.DataObject) -> None:
    close(portfolio)
    before = told(portfolio)
    places = [portfolio.world.organisations[name] for name in ("sub_branch", "sibling", "foreign")]
    changes = st.one_of(
        st.fixed_dictionaries({"state": st.sampled_from(["pending", "done", "done_late", "missed", "cancelled"])}),
        st.fixed_dictionaries({"inspection_type": st.sampled_from(["existing", "special"])}),
        st.fixed_dictionaries({"organisation_id": st.sampled_from(places)}),
        st.fixed_dictionaries({"due_on": st.sampled_from([LAST, LAST + timedelta(days=3), LAST - timedelta(days=40)])}),
        st.fixed_dictionaries({"backfilled": st.booleans()}),
    )
    for _ in range(data.draw(st.integers(0, 6))):
        change = data.draw(changes)
        values = {**change, "closed_by": uuid4(), "performed_on": LAST} if "state" in change else change
        with portfolio.world.transaction() as ctx:
            every = ctx.session.scalars(select(Task.id).order_by(Task.id)).all()
            chosen = data.draw(st.sets(st.sampled_from(every), max_size=4))
            ctx.session.execute(update(Task).where(Task.id.in_(chosen)).values(**values))
    after = told(portfolio)
    assert {key: after[key] for key in FROZEN} == {key: before[key] for key in FROZEN}
    assert after["adjusted"] == completed_now(portfolio)
    for key in ("completion", "overdue", "special"):
        assert _frozen_lists(portfolio, key) == after[key]


def _frozen_lists(portfolio: Portfolio, key: str) -> tuple[int, int]:
    column = next(column for column in month_end.COLUMNS if column.key == key)
    asked: dict[str, Any] = {"organisation_id": portfolio.world.organisations["province"], "month": MARCH, "own": False}
    with portfolio.world.transaction("province_manager") as ctx:
        numerator, denominator = (
            len(ctx.session.scalars(month_end.tasks(ctx, measure=str(measure), **asked)).all())
            for measure in (column.numerator, column.denominator)
        )
    return numerator, denominator


def test_a_branch_closes_first_and_the_province_the_rest(portfolio: Portfolio) -> None:
    close(portfolio, "branch_manager", "branch")
    with portfolio.world.transaction("province_manager") as ctx:
        table = month_end.table(ctx, organisation_id=portfolio.world.organisations["province"], month=MARCH)
    assert "尚未月结" in table.notes[0]
    visit(portfolio, points_of(portfolio)[1], date(2026, 3, 30))
    close(portfolio)
    assert (told(portfolio)["completion"], told(portfolio)["adjusted"]) == ((2, 5), (3, 5))
    with pytest.raises(MonthClosed):
        close(portfolio, "branch_manager", "branch")
    with pytest.raises(MonthClosed):
        close(portfolio)


def test_a_running_month_and_a_foreign_organisation_are_not_closed(portfolio: Portfolio, clock: Clock) -> None:
    with pytest.raises(NotFound):
        close(portfolio, "branch_manager", "other_branch")
    clock.advance(days=-9)
    with pytest.raises(MonthNotOver):
        close(portfolio)


def test_a_second_person_reviews_once(portfolio: Portfolio) -> None:
    closing = close(portfolio)
    with portfolio.world.transaction("risk_manager") as ctx:
        reviewed = reports.review_closing(ctx, closing, note="已核对")
        assert (reviewed.reviewed_by, reviewed.review_note) == (portfolio.world.people["risk_manager"], "已核对")
    with portfolio.world.transaction("risk_manager") as ctx, pytest.raises(MonthReviewed):
        reports.review_closing(ctx, closing, note="再核")


def test_through_http(client: FlaskClient, portfolio: Portfolio) -> None:
    world = portfolio.world
    body = {"organisation_id": str(world.organisations["province"]), "month": "2026-03"}

    def post(user: str, path: str, **values: Any) -> Any:
        return client.post(f"/api/v1{path}", json=values, headers=world.headers(user))

    assert post("manager", "/month-closings", **body).status_code == 403
    made = post("province_manager", "/month-closings", **body)
    assert (made.status_code, made.json["month"], made.json["reviewed_by"]) == (201, "2026-03", None)
    again = post("province_manager", "/month-closings", **body)
    assert (again.status_code, again.json["code"]) == (409, "month_closed")
    running = post("province_manager", "/month-closings", **{**body, "month": "2026-04"})
    assert (running.status_code, running.json["errors"][0]["field"]) == (409, "month")
    wrong = post("province_manager", "/month-closings", **{**body, "month": "2026-13"})
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "month")
    review = f"/month-closings/{made.json['id']}/review"
    assert post("branch_manager", review, note="x").status_code == 403
    assert post("province_manager", review, note="x").json["code"] == "four_eyes"
    assert post("risk_manager", review, note="已核对").json["review_note"] == "已核对"
    listed = client.get("/api/v1/month-closings?month=2026-03", headers=world.headers("auditor")).json["items"]
    assert [row["id"] for row in listed] == [made.json["id"]]
    assert client.get("/api/v1/month-closings", headers=world.headers("foreign_branch_manager")).json["items"] == []


def test_whatever_happens_while_a_month_is_closed_is_frozen_or_noted(committed_world: World, clock: Clock) -> None:
    portfolio = furnished(committed_world)
    clock.advance(days=30)
    due = [task.id for task in portfolio.tasks() if task.due_on == LAST]

    def write(number: int) -> None:
        dice = random.Random(number)  # noqa: S311 - nothing to guess
        for _ in range(25):
            state = dice.choice(["pending", "done", "missed", "cancelled"])
            with committed_world.transaction() as ctx:
                values = {"state": state, "closed_by": uuid4(), "performed_on": LAST, "reason": None}
                ctx.session.execute(update(Task).where(Task.id == due[number]).values(**values))

    with ThreadPoolExecutor(5) as pool:
        writers = [pool.submit(write, number) for number in range(4)]
        pool.submit(close, portfolio).result()
        for writer in writers:
            writer.result()
    assert told(portfolio)["adjusted"] == completed_now(portfolio)


NUMBERS = st.integers(0, 50)
COUNTS = st.builds(Counts, due=NUMBERS, completed=NUMBERS, on_time=NUMBERS, overdue=NUMBERS)
OUTCOMES = st.sampled_from([None, "done", "done_late", "overdue"])


@given(COUNTS, st.dictionaries(st.builds(Change, OUTCOMES, OUTCOMES, st.booleans()), NUMBERS))
def test_changes_and_their_contraries_leave_what_was(frozen: Counts, changes: dict[Change, int]) -> None:
    back = {Change(change.became, change.was, change.special): times for change, times in changes.items()}
    assert adjusted(adjusted(frozen, changes), back) == frozen


@pytest.mark.parametrize(
    ("was", "became", "special", "expected"),
    [
        ("overdue", "done", False, Counts(due=10, completed=6, on_time=6, overdue=3)),
        ("overdue", "done_late", False, Counts(due=10, completed=6, on_time=5, overdue=3)),
        ("done", None, False, Counts(due=9, completed=4, on_time=4, overdue=4)),
        (None, "overdue", False, Counts(due=11, completed=5, on_time=5, overdue=5)),
        (None, "done", True, Counts(due=10, completed=5, on_time=5, overdue=4, special=1, special_completed=1)),
        (None, "seen", False, Counts(due=10, completed=5, on_time=5, overdue=4)),
    ],
)
def test_a_change_moves_its_numbers(was: str | None, became: str | None, special: bool, expected: Counts) -> None:  # noqa: FBT001 - a column of the table
    frozen = Counts(due=10, completed=5, on_time=5, overdue=4)
    assert adjusted(frozen, {Change(was, became, special): 1}) == expected


def test_a_month_is_over_on_the_next_ones_first_day() -> None:
    ensure_over(MARCH, date(2026, 4, 1))
    with pytest.raises(MonthNotOver):
        ensure_over(MARCH, LAST)


def test_nobody_reviews_his_own_closing_or_twice() -> None:
    one, two, three = UUID(int=1), UUID(int=2), UUID(int=3)
    ensure_reviewable(one, None, two)
    with pytest.raises(FourEyes):
        ensure_reviewable(one, None, one)
    with pytest.raises(MonthReviewed):
        ensure_reviewable(one, two, three)
