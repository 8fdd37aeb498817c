"""A scan online: one sentence and one code for every state; forged plates and wrong places are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from checkpoints.models import Checkpoint
from checkpoints.rules import plate
from inspection_api.core.events import Event
from tests.checkpoints.field import LAT, LON, Field, fix

if TYPE_CHECKING:
    from inspection_api.core.banks import Bank


def bound(place: Field, **values: Any) -> Any:
    point = place.add(**values)
    assert place.bind("officer", point).status_code == 201
    return point


def set_state(place: Field, point: Any, state: str) -> None:
    with place.world.transaction() as ctx:
        ctx.session.execute(update(Checkpoint).where(Checkpoint.id == point).values(state=state))


@pytest.mark.parametrize(
    ("fixes", "code"),
    [
        ([fix(50)], "inside"),
        ([fix(200)], "inside"),
        ([fix(230, acc=60)], "indeterminate"),
        ([fix(20, acc=400, age_s=age) for age in (1, 100, 190)], "indeterminate"),
    ],
)
def test_a_scan_inside_the_fence_may_start(place: Field, fixes: list[dict[str, Any]], code: str) -> None:
    answer = place.scan("officer", place.qr(bound(place)), *fixes)
    assert answer.status_code == 200, answer.json
    assert (answer.json["answer"]["code"], answer.json["answer"]["may_start"]) == (code, True)
    assert answer.json["answer"]["sentence"]
    assert answer.json["answer"]["judgement"]["radius_m"] == 200


@pytest.mark.parametrize(
    ("fixes", "code"),
    [
        ([fix(400)], "outside"),
        ([], "stale"),
        ([fix(age_s=61)], "stale"),
        ([fix(acc=None)], "stale"),
        ([fix(mock=True)], "mock"),
        ([fix(acc=300)], "too_coarse"),
    ],
)
def test_a_scan_that_proves_nothing_is_refused_with_a_sentence(
    place: Field, fixes: list[dict[str, Any]], code: str
) -> None:
    answer = place.scan("officer", place.qr(bound(place)), *fixes)
    assert (answer.status_code, answer.json["code"]) == (409, code)
    assert answer.json["detail"]


@pytest.mark.parametrize(("system", "code"), [("wgs84", "inside"), ("gcj02", "outside"), ("bd09", "outside")])
def test_the_system_of_a_fix_is_believed(place: Field, system: str, code: str) -> None:
    answer = place.scan("officer", place.qr(bound(place)), fix(sys=system)).json
    assert answer.get("code", answer.get("answer", {}).get("code")) == code


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"sys": None}, "invalid", "fixes.0.sys"),
        ({"sys": "gps"}, "invalid", "fixes.0.sys"),
        ({"lon": LAT, "lat": LON}, "axis_swapped", "lon"),
        ({"lon": 181, "lat": 10}, "coordinate_out_of_range", "lon"),
        ({"lon": -20, "lat": 95}, "coordinate_out_of_range", "lat"),
        ({"mock": None}, "invalid", "fixes.0.mock"),
        ({"age_s": "soon"}, "invalid", "fixes.0.age_s"),
    ],
)
def test_a_fix_that_is_no_place_is_refused_by_field(
    place: Field, change: dict[str, Any], code: str, field: str
) -> None:
    answer = place.scan("officer", place.qr(bound(place)), fix(**change))
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert field in {error["field"] for error in answer.json["errors"]}


def test_a_fix_without_its_system_is_refused(place: Field) -> None:
    bare = {name: value for name, value in fix().items() if name != "sys"}
    answer = place.scan("officer", place.qr(bound(place)), bare)
    assert answer.json["errors"] == [{"field": "fixes.0.sys", "message": "必填"}]


@pytest.mark.parametrize(
    ("state", "code", "may_start"),
    [("unbound", "unbound", False), ("pending_confirm", "binding_pending", True), ("exited", "exited", False)],
)
def test_a_state_without_a_fence_has_its_own_sentence(place: Field, state: str, code: str, may_start: object) -> None:
    point = place.add()
    set_state(place, point, state)
    answer = place.scan("officer", place.qr(point), fix()).json["answer"]
    assert (answer["code"], answer["may_start"], answer["judgement"]) == (code, may_start, None)
    assert answer["sentence"].endswith("。")


def forged(place: Field, kind: str, other_bank: Bank) -> str:
    """Return a plate's text that is wrong in one way."""
    point = place.add()
    genuine, row = place.qr(point), place.get(point)
    key = place.world.bank.derived_key(plate.KEY_PURPOSE)
    return {
        "mac": genuine[:-1] + ("A" if genuine[-1] != "A" else "B"),
        "truncated": genuine[:-5],
        "longer": genuine + "A",
        "lower case": genuine.lower(),
        "foreign bank": plate.plate_text(other_bank.tag, row.public_id, 1, other_bank.derived_key(plate.KEY_PURPOSE)),
        "foreign tag": plate.plate_text(other_bank.tag, row.public_id, 1, key),
        "unknown point": plate.plate_text(place.world.bank.tag, plate.next_public_id(), 1, key),
        "never issued": plate.plate_text(place.world.bank.tag, row.public_id, 2, key),
        "no plate": "https://example.com/" + "x" * 200,
        "empty": "",
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "mac",
        "truncated",
        "longer",
        "lower case",
        "foreign bank",
        "foreign tag",
        "unknown point",
        "never issued",
        "no plate",
        "empty",
    ],
)
def test_a_plate_that_is_not_ours_is_refused_and_remembered(place: Field, other_bank: Bank, kind: str) -> None:
    answer = place.scan("officer", forged(place, kind, other_bank), fix())
    assert (answer.status_code, answer.json["code"]) == (422, "qr_invalid")
    assert answer.content_type == "application/problem+json"
    with place.world.transaction() as ctx:
        event = ctx.session.scalars(select(Event).where(Event.kind == "security.qr_invalid")).one()
    assert event.actor_id == place.world.people["officer"]
    assert set(event.data) == {"sha256", "length"}


def test_a_simulated_position_leaves_a_security_event(place: Field) -> None:
    point = bound(place)
    place.scan("officer", place.qr(point), fix(mock=True))
    with place.world.transaction() as ctx:
        event = ctx.session.scalars(select(Event).where(Event.kind == "security.mock_fix")).one()
    assert event.data == {"checkpoint_id": str(point)}


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (None, 401),
        ("auditor", 403),
        ("administrator", 403),
        ("colleague", 404),
        ("foreign_officer", 404),
        ("officer", 200),
        ("manager", 200),
    ],
)
def test_a_plate_opens_only_what_is_in_scope(place: Field, user: str | None, status: int) -> None:
    assert place.scan(user, place.qr(bound(place)), fix()).status_code == status


def test_a_scan_of_the_wrong_shape_is_refused(place: Field) -> None:
    assert place.post("officer", "/scan", {"qr": "x"}).status_code == 422
    assert place.post("officer", "/scan", {"qr": 7, "fixes": []}).status_code == 422
    assert place.post("officer", "/scan", {"qr": "XJ1.\ud800", "fixes": []}).status_code == 422
    assert place.post("officer", "/scan", {"qr": "x", "fixes": [fix()] * 51}).status_code == 422
    assert place.post("officer", "/scan", {"qr": "x", "fixes": [fix(id=str(uuid4()))]}).status_code == 422
