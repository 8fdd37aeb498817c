"""Exits through HTTP: proposed, decided by another, scheduled, called off, undone (domain.md §0, §1.5)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from checkpoints import service
from checkpoints.models import Checkpoint, CheckpointExit
from inspection_api import schedule
from inspection_api.core.events import Event
from tests.factories import pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.checkpoints.field import Field
    from tests.fixtures import Clock

API = "/api/v1"
TODAY = date(2026, 3, 10)


def proposal(ahead: int = 0, **changes: Any) -> dict[str, Any]:
    day = (TODAY + timedelta(days=ahead)).isoformat()
    return {"exit_type": "settled", "reason": "贷款已结清", "effective_on": day, **changes}


def act(place: Field, user: str | None, path: str, body: dict[str, Any] | None = None) -> Any:
    headers = place.world.headers(user) if user else {}
    return place.client.post(f"{API}{path}", json=body or {}, headers=headers)


def active(place: Field, **values: Any) -> UUID:
    point = place.add(**values)
    assert place.bind("officer", point).status_code == 201
    return point


def proposed(place: Field, point: UUID, user: str = "manager", ahead: int = 0) -> str:
    answer = act(place, user, f"/checkpoints/{point}/exits", proposal(ahead))
    assert answer.status_code == 201, answer.json
    return str(answer.json["id"])


def events(place: Field, kind: str) -> list[dict[str, Any]]:
    with place.world.transaction() as ctx:
        return [row.data for row in ctx.session.scalars(select(Event).where(Event.kind == kind))]


def state(place: Field, point: UUID) -> str:
    return place.get(point).state


def test_an_exit_of_today_is_in_effect_with_its_approval(place: Field) -> None:
    point = active(place)
    exit_id = proposed(place, point, "officer")
    assert state(place, point) == "exit_proposed"
    done = act(place, "approver", f"/exits/{exit_id}/approve")
    assert (done.status_code, done.json["status"]) == (200, "approved")
    assert state(place, point) == "exited"
    assert events(place, "checkpoint.exited") == [
        {
            "checkpoint_id": str(point),
            "exit_id": exit_id,
            "exit_type": "settled",
            "effective_on": "2026-03-10",
            "approved_on": "2026-03-10",
            "keeps_overdue": False,
        }
    ]


def test_a_scheduled_exit_takes_effect_on_its_day_and_is_announced_at_the_approval(place: Field, clock: Clock) -> None:
    point, other = active(place), active(place)
    exit_id = proposed(place, point, ahead=3)
    proposed(place, other, ahead=1)
    act(place, "approver", f"/exits/{exit_id}/approve")
    assert state(place, point) == "exit_proposed"
    assert [row["effective_on"] for row in events(place, "checkpoint.exited")] == ["2026-03-13"]
    row = next(row for row in schedule.SCHEDULE if row.function is service.let_exits_take_effect)
    for day, expected in ((2, "exit_proposed"), (3, "exited"), (4, "exited")):
        clock.now = clock.now.replace(day=10 + day)
        schedule.run(place.world.database, place.world.bank, row)
        assert state(place, point) == expected
    assert state(place, other) == "exit_proposed", "nobody approved it"
    announced = [{**event, "keeps_overdue": False} for event in events(place, "checkpoint.exit_took_effect")]
    assert announced == events(place, "checkpoint.exited")


def test_a_back_dated_exit_needs_the_approver_and_says_both_days(place: Field) -> None:
    point = active(place)
    with place.world.transaction() as ctx:
        ctx.session.execute(update(Checkpoint).values(effective_from=date(2026, 1, 1)))
    exit_id = proposed(place, point, ahead=-30)
    assert state(place, point) == "exit_proposed"
    act(place, "branch_manager", f"/exits/{exit_id}/approve")
    (event,) = events(place, "checkpoint.exited")
    assert (event["effective_on"], event["approved_on"]) == ("2026-02-08", "2026-03-10")


def test_the_approver_may_correct_type_and_day(place: Field) -> None:
    point = active(place)
    exit_id = proposed(place, point)
    body = {"note": "已核销，非结清", "exit_type": "written_off", "effective_on": "2026-03-20"}
    done = act(place, "approver", f"/exits/{exit_id}/approve", body).json
    assert (done["exit_type"], done["effective_on"], done["decision_note"]) == (
        "written_off",
        "2026-03-20",
        "已核销，非结清",
    )
    assert state(place, point) == "exit_proposed"


@pytest.mark.parametrize("verb", ["approve", "refuse"])
def test_who_proposed_does_not_decide(place: Field, verb: str) -> None:
    exit_id = proposed(place, active(place), "branch_manager")
    refused = act(place, "branch_manager", f"/exits/{exit_id}/{verb}", {"note": "同意退出"})
    assert (refused.status_code, refused.json["code"]) == (403, "four_eyes")
    assert act(place, "province_manager", f"/exits/{exit_id}/{verb}", {"note": "同意退出"}).status_code == 200


def test_the_first_decision_stands(place: Field) -> None:
    exit_id = proposed(place, active(place))
    assert act(place, "approver", f"/exits/{exit_id}/refuse", {"note": "仍有余额"}).status_code == 200
    second = act(place, "branch_manager", f"/exits/{exit_id}/approve")
    assert (second.status_code, second.json["code"], second.json["current"]) == (409, "exit_settled", "refused")
    assert second.json["decided_by_name"] == "姓名approver"


def test_a_refused_exit_leaves_the_point_as_its_place_says_and_may_be_proposed_again(place: Field) -> None:
    bound, unbound = active(place), place.add()
    for point, expected in ((bound, "active"), (unbound, "unbound")):
        exit_id = proposed(place, point)
        act(place, "approver", f"/exits/{exit_id}/refuse", {"note": "仍有余额"})
        assert state(place, point) == expected
        proposed(place, point)


def test_a_point_has_one_open_exit(place: Field) -> None:
    point = active(place)
    proposed(place, point, ahead=5)
    again = act(place, "officer", f"/checkpoints/{point}/exits", proposal())
    assert (again.status_code, again.json["code"], again.json["state"]) == (409, "checkpoint_state", "exit_proposed")


def test_only_the_proposer_withdraws_and_only_while_it_waits(place: Field) -> None:
    point = active(place)
    exit_id = proposed(place, point, "officer")
    why = {"reason": "登记有误"}
    stranger = act(place, "manager", f"/exits/{exit_id}/withdraw", why)
    assert (stranger.status_code, stranger.json["code"]) == (403, "exit_not_yours")
    assert act(place, "officer", f"/exits/{exit_id}/withdraw", why).json["status"] == "withdrawn"
    assert state(place, point) == "active"
    late = act(place, "officer", f"/exits/{exit_id}/withdraw", why)
    assert (late.status_code, late.json["current"]) == (409, "withdrawn")
    assert events(place, "checkpoint.exit_withdrawn") == [], "nothing was decided, so nothing is undone"


def test_a_scheduled_exit_is_called_off_until_its_day(place: Field, clock: Clock) -> None:
    point, late = active(place), active(place)
    ids = [proposed(place, each, ahead=3) for each in (point, late)]
    for exit_id in ids:
        act(place, "approver", f"/exits/{exit_id}/approve")
    assert act(place, "approver", f"/exits/{ids[0]}/call-off", {"reason": "续贷"}).status_code == 422
    done = act(place, "approver", f"/exits/{ids[0]}/call-off", {"reason": "客户续贷"})
    assert (done.status_code, done.json["status"], state(place, point)) == (200, "called_off", "active")
    assert events(place, "checkpoint.exit_withdrawn") == [{"checkpoint_id": str(point), "exit_id": ids[0]}]
    clock.advance(days=3)
    refused = act(place, "approver", f"/exits/{ids[1]}/call-off", {"reason": "客户续贷"})
    assert (refused.status_code, refused.json["code"]) == (409, "exit_in_effect")


def test_an_exited_point_comes_back_as_a_new_episode(place: Field, clock: Clock) -> None:
    point = active(place)
    act(place, "approver", f"/exits/{proposed(place, point, 'officer')}/approve")
    clock.advance(days=10)
    path = f"/checkpoints/{point}/reactivate"
    for day in ("2026-03-09", "2026-03-21"):
        wrong = act(place, "approver", path, {"reason": "客户续贷", "effective_on": day})
        assert (wrong.status_code, wrong.json["code"]) == (422, "reactivation_day_invalid")
    back = act(place, "approver", path, {"reason": "客户续贷", "effective_on": "2026-03-15"})
    assert (back.status_code, back.json["state"]) == (200, "active")
    (event,) = events(place, "checkpoint.reactivated")
    assert (event["checkpoint_id"], event["effective_on"]) == (str(point), "2026-03-15")
    again = act(place, "approver", path, {"reason": "客户续贷"})
    assert (again.status_code, again.json["code"]) == (409, "checkpoint_state")
    proposed(place, point)


def test_who_proposed_an_exit_does_not_bring_the_point_back(place: Field) -> None:
    point = active(place)
    act(place, "approver", f"/exits/{proposed(place, point, 'branch_manager')}/approve")
    path, why = f"/checkpoints/{point}/reactivate", {"reason": "客户续贷"}
    assert act(place, "branch_manager", path, why).json["code"] == "four_eyes"
    assert act(place, "province_manager", path, why).status_code == 200


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (None, 401),
        ("administrator", 403),
        ("auditor", 403),
        ("risk_manager", 403),
        ("approver", 403),
        ("colleague", 404),
        ("foreign_manager", 404),
        ("officer", 201),
        ("manager", 201),
        ("branch_manager", 201),
        ("province_manager", 201),
    ],
)
def test_who_proposes(place: Field, user: str | None, status: int) -> None:
    assert act(place, user, f"/checkpoints/{active(place)}/exits", proposal()).status_code == status


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (None, 401),
        ("administrator", 403),
        ("officer", 403),
        ("second_manager", 403),
        ("risk_manager", 403),
        ("foreign_branch_manager", 404),
        ("approver", 200),
        ("branch_manager", 200),
        ("province_manager", 200),
    ],
)
def test_who_decides_and_brings_back(place: Field, user: str | None, status: int) -> None:
    refused, point, scheduled = active(place), active(place), active(place)
    path = f"/exits/{proposed(place, refused)}/refuse"
    assert act(place, user, path, {"note": "仍有余额"}).status_code == status
    exit_id = proposed(place, scheduled, ahead=2)
    assert act(place, "second_province_manager", f"/exits/{exit_id}/approve").status_code == 200
    assert act(place, user, f"/exits/{exit_id}/call-off", {"reason": "客户续贷"}).status_code == status
    exit_id = proposed(place, point)
    assert act(place, user, f"/exits/{exit_id}/approve").status_code == status
    act(place, "second_province_manager", f"/exits/{exit_id}/approve")
    assert act(place, user, f"/checkpoints/{point}/reactivate", {"reason": "客户续贷"}).status_code == status


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"exit_type": "gone"}, "exit_type_unknown", "exit_type"),
        ({"exit_type": "Gone"}, "invalid", "exit_type"),
        ({"reason": "退"}, "invalid", "reason"),
        ({"effective_on": "2026-02-30"}, "invalid", "effective_on"),
        ({"effective_on": "2026-03-09"}, "exit_day_invalid", "effective_on"),
        ({"effective_on": "2027-03-12"}, "exit_day_invalid", "effective_on"),
        ({"status": "approved"}, "invalid", "status"),
    ],
)
def test_bad_proposals_are_refused_by_field(place: Field, changes: dict[str, Any], code: str, field: str) -> None:
    point = active(place)
    answer = act(place, "manager", f"/checkpoints/{point}/exits", proposal(**changes))
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert field in {error["field"] for error in answer.json["errors"]}
    assert state(place, point) == "active"


def test_exits_are_listed_in_scope_and_shown(place: Field, client: FlaskClient) -> None:
    points = [active(place) for _ in range(3)]
    ids = [proposed(place, point) for point in points]
    act(place, "approver", f"/exits/{ids[0]}/approve", {"exit_type": "written_off"})

    def listed(user: str, **query: Any) -> list[str]:
        return [row["id"] for row in pages(client, f"{API}/exits", place.world.headers(user), limit=2, **query)]

    assert listed("auditor") == listed("officer") == ids
    assert listed("foreign_manager") == listed("colleague") == []
    assert listed("manager", status="approved") == listed("manager", exit_type="written_off") == ids[:1]
    assert listed("manager", checkpoint_id=points[1]) == [ids[1]]
    for user, status in (("officer", 200), ("risk_manager", 200), ("foreign_manager", 404), ("administrator", 403)):
        assert client.get(f"{API}/exits/{ids[0]}", headers=place.world.headers(user)).status_code == status
    assert client.get(f"{API}/exits/{ids[0]}").status_code == client.get(f"{API}/exits").status_code == 401
    assert client.get(f"{API}/exits?status=x", headers=place.world.headers("manager")).status_code == 422
    page = client.get(f"{API}/checkpoints/{points[0]}", headers=place.world.headers("manager")).json
    assert page["exit"]["id"] == ids[0]


def test_listing_exits_costs_the_same_for_any_number(place: Field, queries: Callable[[], list[str]]) -> None:
    for _ in range(3):
        proposed(place, active(place))
    headers, counts = place.world.headers("manager"), []
    for limit in (1, 3):
        seen = queries()
        place.client.get(f"{API}/exits?limit={limit}", headers=headers)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 4


def test_the_dictionary_of_exits_grows_and_retires_words(place: Field, client: FlaskClient) -> None:
    headers = place.world.headers("officer")
    known = client.get(f"{API}/exit-types", headers=headers).json["items"]
    assert {row["code"]: row["label"] for row in known} == {
        "exited": "已退出",
        "written_off": "已核销",
        "settled": "已结清",
        "discount_only": "纯贴现用户",
    }
    path, body = f"{API}/exit-types/merged", {"label": "企业合并"}
    assert client.put(path, json=body).status_code == 401
    assert client.put(path, json=body, headers=place.world.headers("manager")).status_code == 403
    made = client.put(path, json=body, headers=place.world.headers("province_manager"))
    assert (made.status_code, made.json) == (200, {"code": "merged", "label": "企业合并", "is_active": True})
    point = active(place)
    proposed(place, point)
    retired = client.put(path, json={**body, "is_active": False}, headers=place.world.headers("administrator"))
    assert retired.json["is_active"] is False
    answer = act(place, "manager", f"/checkpoints/{active(place)}/exits", proposal(exit_type="merged"))
    assert (answer.status_code, answer.json["code"]) == (422, "exit_type_unknown")
    wrong = client.put(f"{API}/exit-types/Bad-Code", json=body, headers=place.world.headers("province_manager"))
    assert (wrong.status_code, wrong.json["code"]) == (422, "exit_code_invalid")


def test_a_visit_that_concludes_exit_proposes_it_once(place: Field) -> None:
    point, officer = active(place), place.world.people["officer"]
    data = {"inspection_id": str(uuid4()), "checkpoint_id": str(point), "officer_id": str(officer)}
    for _ in range(2):
        with place.world.transaction() as ctx:
            ctx.record("inspection.exit_concluded", **data)
            service.on_exits_concluded(ctx, ctx.pending)
    with place.world.transaction() as ctx:
        row = ctx.session.scalars(select(CheckpointExit)).one()
    assert (row.exit_type, row.proposed_by, row.effective_on) == ("exited", officer, TODAY)
    assert (str(row.inspection_id), state(place, point)) == (data["inspection_id"], "exit_proposed")
    assert act(place, "approver", f"/exits/{row.id}/approve").status_code == 200
