"""Push on the real application: bindings, unlock requests, bounded time, assignments, plates."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from checkpoints.models import Checkpoint, CheckpointAssignment, CheckpointLocation, CheckpointPlate
from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import AccessGrant
from inspection_api.inspections.models import Inspection
from inspection_api.media import service as media_service
from inspection_api.media.models import Media
from inspection_api.media.rules.uploads import Declaration
from inspection_api.worker import Outbox
from kiosk_print.models import UnlockRequest
from tests.sync.operations import bind
from tests.sync.phone import Phone, Street, fix

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from inspection_api.core.banks import BankCatalogue
    from tests.factories import World
    from tests.fixtures import Clock


def test_a_coarse_binding_waits_for_a_manager_and_so_do_its_visits(
    phone: Phone, street: Street, world: World, catalogue: BankCatalogue
) -> None:
    point = street.add(bound=False)
    results = phone.push(bind(phone, street, point, fixes=[fix(acc=60.0)]), phone.submit(point))
    assert [(each["status"], each["code"]) for each in results] == [("quarantined", "binding_pending")] * 2
    with world.transaction() as ctx:
        assert ctx.session.get(Checkpoint, point).state == "pending_confirm"
        (location,) = ctx.session.scalars(select(CheckpointLocation).where(CheckpointLocation.checkpoint_id == point))
    path = f"/api/v1/checkpoints/{point}/locations/{location.id}/confirm"
    assert phone.client.post(path, headers=world.headers("manager")).status_code == 200
    Outbox(database=world.database, banks=catalogue).drain(world.bank)
    with world.transaction() as ctx:
        (record,) = ctx.session.scalars(select(Inspection))
        assert (record.quarantine_codes, record.blockers) == ([], ["media"])


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"qr": "XJ1.forged"}, "quarantined", "qr_invalid"),
        ({"fixes": [fix(mock=True)]}, "quarantined", "mock"),
        ({"fixes": []}, "quarantined", "stale"),
        ({"fixes": [fix(lon=38.0, lat=114.5)]}, "rejected", "invalid_payload"),
        ({"fixes": [fix(lon=500.0)]}, "rejected", "invalid_payload"),
    ],
)
def test_what_binds_nothing_leaves_the_checkpoint_unbound(
    phone: Phone, street: Street, world: World, changes: dict[str, Any], status: str, code: str
) -> None:
    point = street.add(bound=False)
    (result,) = phone.push(bind(phone, street, point, **changes))
    assert (result["status"], result["code"]) == (status, code)
    with world.transaction() as ctx:
        assert ctx.session.get(Checkpoint, point).state == "unbound"


@pytest.mark.parametrize(
    "changes",
    [{"mime": "text/html"}, {"kind": "audio", "mime": "audio/mpeg"}, {"bytes": 15_000_001}, {"mime": "audio/mpeg"}],
)
def test_what_is_no_photo_of_the_plate_binds_nothing(
    phone: Phone, street: Street, world: World, changes: dict[str, Any]
) -> None:
    point = street.add(bound=False)
    (result,) = phone.push(bind(phone, street, point, photo=phone.photo("plate", **changes)))
    assert (result["status"], result["code"]) == ("quarantined", "media_contradiction")
    with world.transaction() as ctx:
        assert ctx.session.get(Checkpoint, point).state == "unbound"


def test_somebody_elses_medium_and_a_visits_bytes_are_no_photo_of_the_plate(
    phone: Phone, street: Street, world: World, client: FlaskClient
) -> None:
    colleague = Phone(client, world, street, username="colleague")
    colleague.shake_hands()
    theirs = colleague.submit(street.add("colleague"))
    colleague.push(theirs)
    taken = theirs["payload"]["media"][0]
    for changes in ({"id": taken["id"]}, {"sha256": taken["sha256"]}):
        operation = bind(phone, street, street.add(bound=False), photo=phone.photo("plate", **changes))
        assert phone.push(operation)[0]["code"] == "media_contradiction"


def test_two_first_bindings_are_both_kept_and_a_manager_decides(
    phone: Phone, street: Street, world: World, client: FlaskClient
) -> None:
    point = street.add(bound=False)
    second = Phone(client, world, street)
    second.shake_hands()
    assert phone.push(bind(phone, street, point))[0]["status"] == "applied"
    (result,) = second.push(bind(second, street, point, fixes=[fix(80), fix(81), fix(82)]))
    assert (result["status"], result["code"]) == ("quarantined", "binding_pending")
    with world.transaction() as ctx:
        kept = ctx.session.scalars(select(CheckpointLocation).where(CheckpointLocation.checkpoint_id == point)).all()
        assert len(kept) == 2
        assert ctx.session.get(Checkpoint, point).state == "pending_confirm"


def test_a_foreign_checkpoint_cannot_be_bound(phone: Phone, street: Street) -> None:
    foreign = street.add("foreign_officer", "foreign", bound=False)
    (result,) = phone.push(bind(phone, street, foreign))
    assert (result["status"], result["code"]) == ("rejected", "forbidden_or_unknown")


def test_an_unapproved_device_binds_provisionally(client: FlaskClient, world: World, street: Street) -> None:
    phone = Phone(client, world, street, approved=False)
    phone.shake_hands()
    (result,) = phone.push(bind(phone, street, street.add(bound=False)))
    assert (result["status"], result["codes"]) == ("quarantined", ["binding_pending", "device_unapproved"])


def test_a_visit_captured_before_the_reassignment_counts_and_one_after_it_does_not(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    point = street.add()
    early = phone.submit(point)
    officer = world.people["officer"]
    with world.transaction() as ctx:
        ctx.session.execute(update(CheckpointAssignment).values(valid_to=clock.now - timedelta(minutes=10)))
        accounts.revoke(ctx, [(officer, "checkpoint", point)])
    late = phone.visit(point)
    late["scan"]["at"] = phone.stamp(5)
    results = phone.push(early, phone.operation("inspection.submit", uuid4(), late))
    assert (results[0]["status"], "late" in results[0]["flags"]) == ("extra", True)
    assert (results[1]["status"], results[1]["code"]) == ("quarantined", "not_assigned")


def test_a_plate_is_judged_by_the_generation_at_the_scan(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    point = street.add()
    old, unknown = phone.visit(point), phone.visit(point)
    unknown["scan"]["qr"] = street.plate(point, generation=7)
    before = phone.visit(point)
    before["scan"]["at"] = phone.stamp(90)
    with world.transaction() as ctx:
        ctx.session.execute(update(CheckpointPlate).values(revoked_at=clock.now - timedelta(hours=1)))
    results = phone.push(*(phone.operation("inspection.submit", uuid4(), visit) for visit in (old, unknown, before)))
    assert [each["code"] for each in results] == ["qr_revoked", "qr_invalid", "extra"]


def test_a_visit_at_a_place_that_was_never_bound_is_quarantined(phone: Phone, street: Street) -> None:
    (result,) = phone.push(phone.submit(street.add(bound=False)))
    assert (result["status"], result["code"]) == ("quarantined", "not_bound")


def test_an_uncertain_day_waits_for_a_person_only_where_the_period_depends_on_it(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    clock.now = clock.now.replace(month=4, day=2)
    phone.headers = world.headers("officer")
    unsure = {"wall": "2026-03-30T02:00:00+00:00"}
    payload = phone.visit(point, task)
    payload["scan"]["at"] = unsure
    (result,) = phone.push({**phone.operation("inspection.submit", uuid4(), payload), "captured": unsure})
    assert (result["status"], result["code"]) == ("quarantined", "time_bounded")


def test_an_uncertain_minute_of_one_day_harms_nothing(phone: Phone, street: Street, clock: Clock) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    clock.advance(hours=2)
    unsure = {"wall": clock.now.isoformat()}
    payload = phone.visit(point, task)
    payload["scan"]["at"] = unsure
    (result,) = phone.push({**phone.operation("inspection.submit", uuid4(), payload), "captured": unsure})
    assert result["status"] == "applied"


def accepted(phone: Phone, street: Street, world: World) -> UUID:
    operation = phone.submit(street.add())
    phone.push(operation)
    with world.transaction() as ctx:
        for medium in ctx.session.scalars(select(Media)):
            medium.status, medium.stored_at = "stored", ctx.now
            ctx.record("media.stored", media_id=str(medium.id), inspection_id=str(medium.inspection_id))
    return operation["entity_id"]


def unlock(phone: Phone, inspection_id: Any, **changes: Any) -> dict[str, Any]:
    payload = {
        "inspection_id": str(inspection_id),
        "reason_code": "missed",
        "reason_text": "出差在外，未能及时打印明白纸",
    }
    return phone.operation("unlock.request", uuid4(), {**payload, **changes})


def test_an_unlock_is_asked_for_from_the_phone_once_the_window_has_passed(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    record = accepted(phone, street, world)
    (early,) = phone.push(unlock(phone, record))
    assert (early["status"], early["code"]) == ("rejected", "not_locked")
    clock.advance(days=9)
    phone.headers = world.headers("officer")
    (result,) = phone.push(unlock(phone, record))
    assert result["status"] == "applied"
    with world.transaction() as ctx:
        assert [request.status for request in ctx.session.scalars(select(UnlockRequest))] == ["pending"]


def test_an_unlock_id_of_another_record_is_refused_and_harms_no_other_request(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    first, second = accepted(phone, street, world), accepted(phone, street, world)
    clock.advance(days=9)
    phone.headers = world.headers("officer")
    still_open = accepted(phone, street, world)
    asked = unlock(phone, first)
    results = phone.push(
        asked,
        {**unlock(phone, second), "entity_id": asked["entity_id"]},
        unlock(phone, first),
        unlock(phone, still_open),
        unlock(phone, second),
    )
    assert [each["code"] for each in results] == [
        "applied",
        "unlock_id_reused",
        "unlock_requested",
        "not_locked",
        "applied",
    ]
    assert {each["status"] for each in results} == {"applied", "rejected"}


def test_only_ones_own_record_can_be_unlocked(phone: Phone, street: Street, world: World) -> None:
    (result,) = phone.push(unlock(phone, uuid4()))
    assert (result["status"], result["code"]) == ("rejected", "forbidden_or_unknown")


def test_an_unlock_from_an_unapproved_device_waits(client: FlaskClient, world: World, street: Street) -> None:
    phone = Phone(client, world, street)
    phone.shake_hands()
    record = accepted(phone, street, world)
    unapproved = Phone(client, world, street, approved=False)
    (result,) = unapproved.push(unlock(unapproved, record))
    assert (result["status"], result["code"]) == ("quarantined", "device_unapproved")


def test_a_manager_visits_any_checkpoint_of_his_subtree(client: FlaskClient, world: World, street: Street) -> None:
    manager = Phone(client, world, street, username="manager")
    manager.shake_hands()
    (result,) = manager.push(manager.submit(street.add()))
    assert (result["status"], result["code"]) == ("extra", "extra")


def test_a_medium_that_is_somebody_elses_is_a_contradiction(
    phone: Phone, street: Street, world: World, client: FlaskClient
) -> None:
    colleague = Phone(client, world, street, username="colleague")
    colleague.shake_hands()
    theirs = colleague.submit(street.add("colleague"))
    colleague.push(theirs)
    mine = phone.submit(street.add())
    mine["payload"]["media"][0]["id"] = theirs["payload"]["media"][0]["id"]
    mine["payload"]["media"][1]["mime"] = "text/html"
    (result,) = phone.push(mine)
    assert (result["status"], result["code"]) == ("quarantined", "media_contradiction")
    with world.transaction() as ctx:
        owners = set(ctx.session.scalars(select(Media.owner_user_id)))
        assert owners == {world.people["colleague"], world.people["officer"]}
        assert ctx.session.scalars(select(AccessGrant).where(AccessGrant.entity == "inspection")).all()


def test_evidence_belongs_to_the_organisation_of_its_visit_though_its_bytes_came_first(
    phone: Phone, street: Street, world: World
) -> None:
    visit = phone.submit(street.add(organisation="sibling"))
    early = visit["payload"]["media"][0]
    declaration = Declaration(id=UUID(early["id"]), mime=early["mime"], bytes=early["bytes"], sha256=early["sha256"])
    with world.transaction("officer") as ctx:
        uploaded = media_service.declare(ctx, declaration)
        assert uploaded.organisation_id == world.organisations["sub_branch"]
    phone.push(visit)
    with world.transaction() as ctx:
        assert set(ctx.session.scalars(select(Media.organisation_id))) == {world.organisations["sibling"]}


def test_a_binding_captured_before_the_last_reset_comes_too_late(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    point = street.add()
    stale = bind(phone, street, point)
    clock.advance(hours=1)
    reset = {"reason": "仓库搬迁到新址，需要重新绑定"}
    answer = phone.client.post(
        f"/api/v1/checkpoints/{point}/reset", json=reset, headers=world.headers("branch_manager")
    )
    assert answer.status_code == 200, answer.json
    (result,) = phone.push(stale)
    assert result["status"] == "superseded"
    with world.transaction() as ctx:
        assert ctx.session.get(Checkpoint, point).state == "unbound"


def test_in_one_batch_a_rival_makes_the_standing_place_doubtful(
    phone: Phone, street: Street, world: World, client: FlaskClient
) -> None:
    point = street.add(bound=False)
    second = Phone(client, world, street)
    second.shake_hands()
    phone.push(bind(phone, street, point))
    rival = bind(second, street, point, fixes=[fix(80), fix(81), fix(82)])
    results = second.push(rival, second.submit(point))
    assert [each["code"] for each in results] == ["binding_pending", "binding_pending"]


def test_a_full_outbox_drains_as_soon_as_the_missing_operation_comes(
    phone: Phone, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["sync.service.push"], "MAX_HELD", 1)
    draft = {"checkpoint_id": str(street.add()), "template_version_id": str(street.portfolio.version_id)}
    missing, held, further = (phone.operation("inspection.save", uuid4(), draft) for _ in range(3))
    assert phone.push(held)[0]["status"] == "held"
    full = phone.send(phone.batch(further))
    assert (full.status_code, full.json["code"]) == (429, "held_limit")
    statuses = {each["status"] for each in phone.push(missing)}
    assert statuses == {"applied"}


def draft_of(street: Street, point: UUID) -> dict[str, Any]:
    return {"checkpoint_id": str(point), "template_version_id": str(street.portfolio.version_id), "note": "草稿"}


def test_a_draft_of_a_foreign_checkpoint_means_nothing(phone: Phone, street: Street) -> None:
    foreign = street.add("foreign_officer", "foreign")
    (result,) = phone.push(phone.operation("inspection.save", uuid4(), draft_of(street, foreign)))
    assert (result["status"], result["code"]) == ("rejected", "forbidden_or_unknown")


def test_a_submitted_record_takes_no_more_drafts(phone: Phone, street: Street) -> None:
    point = street.add()
    visit = phone.submit(point)
    late = phone.operation("inspection.save", visit["entity_id"], draft_of(street, point))
    results = phone.push(visit)
    results += phone.push(late)
    assert [(each["status"], each["code"]) for each in results] == [
        ("extra", "extra"),
        ("quarantined", "already_submitted"),
    ]


def test_a_fix_that_is_no_place_on_earth_is_no_fix(phone: Phone, street: Street) -> None:
    payload = phone.visit(street.add())
    payload["scan"]["fixes"] = [fix(lon=500.0)]
    (result,) = phone.push(phone.operation("inspection.submit", uuid4(), payload))
    assert (result["status"], result["code"]) == ("quarantined", "stale")


def test_one_batch_submits_a_record_once(phone: Phone, street: Street) -> None:
    point = street.add()
    first = phone.submit(point)
    again = phone.operation("inspection.submit", first["entity_id"], phone.visit(point))
    draft = phone.operation("inspection.save", first["entity_id"], draft_of(street, point))
    results = phone.push(first, again, draft)
    assert [each["code"] for each in results] == ["extra", "already_submitted", "already_submitted"]


def test_a_draft_from_an_unapproved_device_waits(client: FlaskClient, world: World, street: Street) -> None:
    phone = Phone(client, world, street, approved=False)
    phone.shake_hands()
    (result,) = phone.push(phone.operation("inspection.save", uuid4(), draft_of(street, street.add())))
    assert (result["status"], result["code"]) == ("quarantined", "device_unapproved")


def test_a_lock_that_does_not_come_sends_the_whole_batch_again(
    phone: Phone, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise OperationalError("", {}, Exception("lock timeout"))

    body = phone.batch(phone.submit(street.add()))
    with monkeypatch.context() as patch:
        patch.setattr("sync.service.writing.apply", busy)
        assert phone.send(body).status_code == 503
    assert phone.send(body).json["results"][0]["status"] == "extra"
