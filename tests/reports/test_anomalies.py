"""异常汇总: every kind is counted once, where and when it happened, and every number is as long as its list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from checkpoints.models import Checkpoint, CheckpointExit, CheckpointReset
from inspection_api.accounts.models import Device
from inspection_api.alerts.models import Alert
from inspection_api.tasks.models import Task, VisitAttempt
from tests.reports.reading import MARCH, add_visit, ask, assert_every_number_is_as_long_as_its_list

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from inspection_api.core.tables import Base
    from tests.fixtures import Clock
    from tests.portfolio import Portfolio

LAST_OF_FEBRUARY = datetime(2026, 2, 28, 15, 59, 59, tzinfo=UTC)
FIRST_OF_MARCH = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
LAST_OF_MARCH = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)
FIRST_OF_APRIL = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)


def add(desk: Portfolio, row: Base) -> None:
    with desk.world.transaction() as ctx:
        ctx.session.add(row)
        ctx.session.flush()


def attempt(desk: Portfolio, point: UUID, device: UUID, at: datetime, reason: str) -> None:
    place = {"organisation_id": desk.world.organisations["sub_branch"], "officer_id": desk.world.people["officer"]}
    row = VisitAttempt(
        checkpoint_id=point, device_id=device, reason=reason, judgement={}, performed_at=at, received_at=at, **place
    )
    add(desk, row)


def leave(desk: Portfolio, point: UUID, day: date, decided_at: datetime, status: str = "approved") -> None:
    people = desk.world.people
    ended = {"ended_by": people["approver"], "ended_at": decided_at} if status == "called_off" else {}
    row = CheckpointExit(
        checkpoint_id=point, exit_type="exited", reason="贷款结清", effective_on=day, status=status,
        proposed_by=people["officer"], proposed_at=decided_at, decided_by=people["approver"], decided_at=decided_at,
        **ended,
    )  # fmt: skip
    add(desk, row)


def raise_alert(desk: Portfolio, point: UUID, day: date) -> None:
    with desk.world.transaction() as ctx:
        checkpoint = ctx.session.get_one(Checkpoint, point)
    row = Alert(
        rule="work_stopped", customer_id=checkpoint.customer_id, organisation_id=checkpoint.organisation_id, level=3,
        subject_date=day, episode=1, condition="active", handling="new", numbers={}, first_seen_on=day,
        last_seen_on=day, count=1, created_at=FIRST_OF_MARCH,
    )  # fmt: skip
    add(desk, row)


def become(desk: Portfolio, point: UUID, **values: Any) -> None:
    with desk.world.transaction() as ctx:
        ctx.session.execute(update(Task).where(Task.checkpoint_id == point).values(**values))


@pytest.fixture
def troubled(desk: Portfolio, clock: Clock) -> Portfolio:
    """One of each in March at the sub_branch, just outside of March too; a missed task and an alert at the sibling."""
    points = [desk.add_checkpoint() for _ in range(5)]
    other = desk.add_checkpoint("sibling", "colleague")
    desk.create_rule()
    desk.generate()
    clock.advance(days=25)
    missed, left, hindsight, *_ = points
    become(desk, missed, state="missed")
    become(desk, left, state="cancelled", reason="exit")
    become(desk, hindsight, state="missed", backfilled=True)
    become(desk, other, state="missed")
    device = uuid4()
    add(desk, Device(
        id=device, kind="officer", name="手机", user_id=desk.world.people["officer"], status="approved",
        organisation_id=desk.world.organisations["sub_branch"], created_at=FIRST_OF_MARCH,
    ))  # fmt: skip
    for at in (LAST_OF_FEBRUARY, FIRST_OF_MARCH, LAST_OF_MARCH, FIRST_OF_APRIL):
        attempt(desk, missed, device, at, "unmet")
    attempt(desk, missed, device, FIRST_OF_MARCH, "refused")
    unsure = {
        "state": "submitted",
        "accepted_at": None,
        "quarantine_codes": ["time_bounded"],
        "blockers": ["quarantine"],
    }
    add_visit(desk, missed, date(2026, 3, 9), **unsure)
    add_visit(desk, missed, None, submitted_at=LAST_OF_MARCH, **unsure)
    add_visit(desk, missed, None, submitted_at=FIRST_OF_APRIL, **unsure)
    add_visit(desk, missed, date(2026, 3, 9), state="refused", accepted_at=None, quarantine_codes=["outside"])
    add_visit(desk, missed, date(2026, 3, 9), excepted=True)
    add_visit(desk, missed, date(2026, 3, 9), excepted=True, state="voided")
    add_visit(desk, missed, date(2026, 3, 31))
    for generation, at in enumerate((FIRST_OF_MARCH, FIRST_OF_APRIL), start=2):
        by = desk.world.people["manager"]
        add(desk, CheckpointReset(
            checkpoint_id=missed, generation=generation, reason="搬迁", reset_by=by, reset_at=at
        ))  # fmt: skip
    leave(desk, points[0], date(2026, 3, 1), FIRST_OF_MARCH)
    leave(desk, points[1], date(2026, 3, 1), LAST_OF_MARCH)
    leave(desk, points[2], date(2026, 4, 1), FIRST_OF_MARCH)
    leave(desk, points[3], date(2026, 3, 9), LAST_OF_FEBRUARY, status="called_off")
    raise_alert(desk, other, date(2026, 3, 31))
    raise_alert(desk, missed, date(2026, 4, 1))
    return desk


def shown(row: dict[str, Any]) -> dict[str, int]:
    return {key: cell for key, cell in row["cells"].items() if cell and key != "excepted_share"}


def test_every_kind_is_counted_where_and_when_it_happened(client: FlaskClient, troubled: Portfolio) -> None:
    table = ask(client, troubled, "branch_manager", "anomalies", organisation="branch", **MARCH).json
    assert {row["label"]: shown(row) for row in table["rows"]} == {
        "sub_branch": {
            "missed": 1,
            "overdue": 2,
            "exempted_by_exit": 1,
            "unmet": 2,
            "refused": 1,
            "waiting": 2,
            "excepted": 1,
            "rejected": 1,
            "resets": 1,
            "exits": 2,
            "back_dated": 1,
        },
        "sibling": {"missed": 1, "alerts": 1},
    }
    assert shown(table["total"])["missed"] == 2
    assert table["total"]["cells"]["excepted_share"] == {"numerator": 1, "denominator": 2, "value": "0.5000"}


@pytest.mark.parametrize("user", ["province_manager", "branch_manager"])
def test_every_number_is_as_long_as_its_list(client: FlaskClient, troubled: Portfolio, user: str) -> None:
    table = ask(client, troubled, user, "anomalies", organisation="branch", **MARCH).json
    assert assert_every_number_is_as_long_as_its_list(client, troubled, user, table) >= 20


def test_an_officer_counts_only_what_is_his(client: FlaskClient, troubled: Portfolio) -> None:
    for user, number in (("officer", 2), ("colleague", 0)):
        table = ask(client, troubled, user, "anomalies", organisation="sub_branch", **MARCH).json
        assert table["total"]["cells"]["unmet"] == number
        assert table["total"]["cells"]["waiting"] == number
        assert_every_number_is_as_long_as_its_list(client, troubled, user, table)


@pytest.mark.parametrize(
    ("listing", "measure", "told"),
    [
        ("tasks", "missed", {"standing_word": "未完成", "checkpoint_code": "CP000000"}),
        ("attempts", "refused", {"reason_word": "拒绝检查", "officer_name": "姓名officer", "customer_name": "企业0"}),
        (
            "visits",
            "rejected",
            {"state_word": "已驳回", "quarantine_words": ["位置在围栏之外（outside）"], "excepted": False},
        ),
        ("resets", "resets", {"generation": 2, "reason": "搬迁", "reset_by_name": "姓名manager"}),
        ("exits", "back_dated", {"exit_type": "exited", "effective_on": "2026-03-01", "checkpoint_code": "CP000001"}),
    ],
)
def test_the_lists_name_what_people_know(
    client: FlaskClient, troubled: Portfolio, listing: str, measure: str, told: dict[str, Any]
) -> None:
    asked = {"organisation": "sub_branch", "measure": measure, **MARCH}
    (row,) = ask(client, troubled, "manager", f"anomalies/{listing}", **asked).json["items"]
    assert row.items() >= told.items()
    assert row["organisation_name"] == "sub_branch"


def test_a_place_that_is_given_up_for_the_third_time_in_a_year_is_worth_a_look(
    client: FlaskClient, desk: Portfolio
) -> None:
    often, seldom = desk.add_checkpoint(), desk.add_checkpoint()
    by, year = desk.world.people["manager"], timedelta(days=365)
    days = {often: [timedelta(days=300), timedelta(days=1)], seldom: [year, timedelta(days=1)]}
    for point, before in days.items():
        for generation, ago in enumerate([*before, timedelta(0)], start=2):
            add(desk, CheckpointReset(
                checkpoint_id=point, generation=generation, reason="搬迁", reset_by=by, reset_at=LAST_OF_MARCH - ago
            ))  # fmt: skip
    table = ask(client, desk, "manager", "anomalies", organisation="sub_branch", **MARCH).json
    assert shown(table["total"]) == {"resets": 4, "reset_often": 1}
    asked = {"organisation": "sub_branch", "measure": "reset_often", **MARCH}
    (row,) = ask(client, desk, "manager", "anomalies/resets", **asked).json["items"]
    assert (row["checkpoint_code"], row["generation"]) == ("CP000000", 4)
