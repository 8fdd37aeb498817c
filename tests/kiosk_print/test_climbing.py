"""Undecided unlock requests climb: whoever may decide now is told, once, however late the timetable comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from inspection_api.accounts import service as accounts
from inspection_api.core.events import Event
from kiosk_print import service
from tests.factories import recorded

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask.testing import FlaskClient

    from tests.fixtures import Clock
    from tests.kiosk_print.conftest import Desk

FIRST_CLIMB = {"days": 5}  # from Friday, 20 March, over a weekend and past the second workday


@pytest.fixture
def locked(desk: Desk, clock: Clock) -> UUID:
    """A visit whose print window has passed (the clock stands at Friday, 20 March 2026)."""
    visit_id = desk.accept()
    clock.advance(days=10)
    return visit_id


def sweep(desk: Desk, kind: str = "unlock.escalated") -> list[dict[str, Any]]:
    with desk.world.transaction() as ctx:
        service.sweep(ctx)
        return recorded(ctx, kind)


def people(desk: Desk, *names: str) -> set[str]:
    return {str(desk.world.people[name]) for name in names}


def test_a_request_names_those_who_may_decide_it(client: FlaskClient, desk: Desk, locked: UUID) -> None:
    with desk.world.transaction("manager") as ctx:
        service.request_unlock(ctx, locked, reason_code="missed", reason="客户经理出差在外，未能按时打印")
        (event,) = recorded(ctx, "unlock.requested")
    assert set(event["deciders"]) == people(desk, "second_manager")
    assert (event["officer_id"], event["requested_by"]) == (
        str(desk.world.people["officer"]), str(desk.world.people["manager"]),
    )  # fmt: skip


def test_after_two_workdays_the_next_level_is_told_once(
    client: FlaskClient, desk: Desk, clock: Clock, locked: UUID
) -> None:
    desk.ask(client, locked)
    assert sweep(desk) == []
    clock.advance(**FIRST_CLIMB)
    (event,) = sweep(desk)
    assert (set(event["deciders"]), event["level"]) == (people(desk, "branch_manager", "approver"), "branch")
    assert sweep(desk) == []
    clock.advance(days=2)
    (event,) = sweep(desk)
    assert set(event["deciders"]) == people(desk, "province_manager", "second_province_manager")
    clock.advance(days=2)
    assert sweep(desk) == []


def test_after_a_standstill_the_climbs_are_one_step(
    client: FlaskClient, desk: Desk, clock: Clock, locked: UUID
) -> None:
    desk.ask(client, locked)
    clock.advance(days=8)
    (event,) = sweep(desk)
    above = people(desk, "branch_manager", "approver", "province_manager", "second_province_manager")
    assert (set(event["deciders"]), event["level"]) == (above, "province")
    assert sweep(desk) == []


def test_a_climb_passes_over_a_level_where_nobody_is_eligible(
    client: FlaskClient, desk: Desk, clock: Clock, locked: UUID
) -> None:
    with desk.world.transaction("administrator") as ctx:
        for name in ("branch_manager", "approver"):
            accounts.disable_user(ctx, desk.world.people[name])
    request = desk.ask(client, locked).json
    clock.advance(**FIRST_CLIMB)
    (event,) = sweep(desk)
    assert set(event["deciders"]) == people(desk, "province_manager", "second_province_manager")
    assert desk.decide(client, request["id"], "province_manager").status_code == 200


def test_what_is_decided_or_expired_or_voided_climbs_no_more(
    client: FlaskClient, desk: Desk, clock: Clock, locked: UUID
) -> None:
    voided = desk.accept()
    clock.advance(days=10)
    desk.decide(client, desk.ask(client, locked).json["id"], "manager")
    desk.ask(client, voided)
    desk.void(voided)
    clock.advance(days=7)
    assert sweep(desk) == []
    third = desk.accept()
    clock.advance(days=10)
    desk.ask(client, third)
    clock.advance(days=30)
    with desk.world.transaction() as ctx:
        service.sweep(ctx)
        (expired,) = [each for each in recorded(ctx, "unlock.expired") if each["inspection_id"] == str(third)]
        assert recorded(ctx, "unlock.escalated") == []
    assert set(expired["deciders"]) >= people(desk, "manager", "branch_manager", "province_manager")


def test_a_thousand_climbs_take_as_many_statements_as_one(
    client: FlaskClient, desk: Desk, clock: Clock, queries: Callable[[], list[str]]
) -> None:
    counted = []
    for number in (1, 4):
        for visit in [desk.accept() for _ in range(number)]:
            clock.advance(days=9)
            assert desk.ask(client, visit).status_code == 201
            clock.advance(days=-9)
        clock.advance(days=14)
        started = queries()
        assert len(sweep(desk)) == number
        counted.append(len([each for each in started if "UPDATE unlock_request SET" not in each]))
        clock.advance(days=30)
        sweep(desk)
    assert counted[0] == counted[1]


def test_no_reminder_and_no_lock_is_told_of_a_voided_visit(desk: Desk, clock: Clock) -> None:
    visit, other = desk.accept(), desk.accept()
    desk.void(visit)
    clock.advance(days=7)
    assert [each["inspection_id"] for each in sweep(desk, "paper.closing_soon")] == [str(other)]
    clock.advance(days=2)
    (lock,) = sweep(desk, "paper.locked")
    assert (lock["inspection_id"], lock["is_printed"], lock["officer_id"]) == (
        str(other), False, str(desk.world.people["officer"]),
    )  # fmt: skip


def asked_for_opinions(desk: Desk) -> list[str]:
    with desk.world.transaction() as ctx:
        kind = Event.kind == "paper.opinion_required"
        return [each.data["inspection_id"] for each in ctx.session.scalars(select(Event).where(kind))]


def test_a_grave_conclusion_asks_for_the_superiors_opinion(desk: Desk) -> None:
    ordinary = [desk.accept(conclusion=each) for each in ("normal", "watch")]
    assert asked_for_opinions(desk) == []
    grave = desk.accept(conclusion="strong_watch")
    assert asked_for_opinions(desk) == [str(grave)]
    with desk.world.transaction() as ctx:
        for visit in (grave, *ordinary):
            ctx.record("inspection.amended", inspection_id=str(visit))
    assert asked_for_opinions(desk) == [str(grave)] * 2
