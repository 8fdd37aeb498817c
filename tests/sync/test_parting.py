"""A device that has ended says what it captured, for thirty days, and is told nothing but receipts (ADR 0012)."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from checkpoints.models import CheckpointLocation
from inspection_api.accounts.models import UserAccount
from inspection_api.core.events import Event
from inspection_api.inspections.models import Inspection
from sync import service as sync
from sync.errors import DeviceWiped
from sync.models import SyncQuarantine
from sync.protocol.parting import PARTING, ending_of, ensure_may_part
from tests.sync.operations import save
from tests.sync.phone import Phone, fix

if TYPE_CHECKING:
    from tests.factories import World
    from tests.fixtures import Clock
    from tests.sync.phone import Street

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)


def revoke(phone: Phone, world: World) -> None:
    path = f"/api/v1/devices/{phone.id}/revoke"
    assert phone.client.post(path, headers=world.headers("manager")).status_code == 200


def disable(world: World, clock: Clock) -> None:
    with world.transaction() as ctx:
        who = UserAccount.username == "officer"
        ctx.session.execute(update(UserAccount).where(who).values(disabled_at=clock.now))


def part(phone: Phone, body: bytes, **changes: str) -> Any:
    """Push without a login."""
    signature = base64.urlsafe_b64encode(phone.key.sign(body)).decode()
    headers = {
        "Device-Bank": phone.world.bank.tag,
        "Device-Id": str(phone.id),
        "Device-Signature": f"ed25519={signature}",
    }
    return phone.client.post("/api/v1/sync/push", data=body, headers={**headers, **changes})


def test_an_end_has_one_cause_and_lasts_thirty_days() -> None:
    assert ending_of(revoked_at=None, disabled_at=None) is None
    disabled = ending_of(revoked_at=None, disabled_at=NOW)
    revoked = ending_of(revoked_at=NOW, disabled_at=NOW - timedelta(days=1))
    assert disabled is not None
    assert revoked is not None
    assert (disabled.cause, revoked.cause) == ("user_disabled", "device_revoked")
    assert revoked.terms(NOW) == {"codes": ("device_revoked",), "patient_since": NOW}
    ensure_may_part(None, NOW)
    ensure_may_part(revoked, NOW + PARTING)
    with pytest.raises(DeviceWiped):
        ensure_may_part(revoked, NOW + PARTING + timedelta(seconds=1))


def test_a_revoked_device_pushes_into_quarantine_without_a_login(phone: Phone, street: Street, world: World) -> None:
    visit, missing = phone.submit(street.add()), save(phone, street, street.add())
    draft = save(phone, street, street.add())
    revoke(phone, world)
    body = phone.batch(visit, draft)
    answer = part(phone, body)
    assert answer.status_code == 200, answer.json
    assert answer.json.keys() == {"acked_through", "replayed", "results"}
    assert [(each["status"], each["code"]) for each in answer.json["results"]] == [
        ("quarantined", "device_revoked")
    ] * 2
    assert part(phone, body).json["replayed"]
    assert part(phone, phone.batch(missing)).json["acked_through"] == 3
    with world.transaction() as ctx:
        record = ctx.session.get(Inspection, visit["entity_id"])
        assert (record.state, "quarantine" in record.blockers) == ("submitted", True)
        assert ctx.session.get(Inspection, draft["entity_id"]) is None
        assert len(ctx.session.scalars(select(SyncQuarantine)).all()) == 3


def test_a_revoked_device_of_a_user_who_may_still_log_in_does_the_same_and_may_not_pull(
    phone: Phone, street: Street, world: World
) -> None:
    revoke(phone, world)
    (result,) = phone.push(phone.submit(street.add()))
    assert (result["status"], result["code"]) == ("quarantined", "device_revoked")
    refused = phone.client.get(f"/api/v1/sync/pull?device_id={phone.id}", headers=phone.headers)
    assert (refused.status_code, refused.json["code"], refused.json["wipe"]) == (403, "device_revoked", True)


def test_the_device_of_a_disabled_user_pushes_and_binds_provisionally(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    point = street.add(bound=False)
    payload = {"qr": street.plate(point), "fixes": [fix(1), fix(2), fix(3)], "photo": phone.photo("plate")}
    bind = phone.operation("checkpoint.bind", point, payload)
    disable(world, clock)
    assert phone.send(phone.batch(bind)).status_code == 401
    (result,) = part(phone, phone.batch(bind)).json["results"]
    assert (result["status"], result["code"]) == ("quarantined", "user_disabled")
    with world.transaction() as ctx:
        (location,) = ctx.session.scalars(select(CheckpointLocation).where(CheckpointLocation.checkpoint_id == point))
        assert location.status == "provisional"


def test_what_was_held_before_the_end_is_let_go_into_quarantine(phone: Phone, street: Street, world: World) -> None:
    next(phone.seqs)
    held = save(phone, street, street.add())
    phone.push(held)
    revoke(phone, world)
    with world.transaction() as ctx:
        (judged,) = sync.reprocess(ctx, phone.id)
    assert (judged.verdict.status, judged.verdict.code) == ("quarantined", "device_revoked")


def test_a_device_in_good_standing_needs_a_login(phone: Phone, street: Street) -> None:
    answer = part(phone, phone.batch(phone.submit(street.add())))
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("header", ["Device-Bank", "Device-Id"])
@pytest.mark.parametrize("value", ["00000000", str(UUID(int=1)), "", "é"])
def test_an_unknown_bank_or_device_answers_like_no_login(
    phone: Phone, street: Street, world: World, header: str, value: str
) -> None:
    revoke(phone, world)
    answer = part(phone, phone.batch(), **{header: value})
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")


def test_a_bad_signature_of_an_ended_device_is_refused_whatever_the_bank_says(
    phone: Phone, street: Street, world: World
) -> None:
    with world.transaction() as ctx:
        sync.set_bad_signature(ctx, "flag")
    revoke(phone, world)
    answer = part(phone, phone.batch(), **{"Device-Signature": "ed25519=AAAA"})
    assert (answer.status_code, answer.json["code"]) == (403, "signature_invalid")


def test_after_thirty_days_nothing_is_taken_any_more(phone: Phone, street: Street, world: World, clock: Clock) -> None:
    body = phone.batch(phone.submit(street.add()))
    revoke(phone, world)
    clock.advance(days=31)
    answer = part(phone, body)
    assert (answer.status_code, answer.json["code"], answer.json["wipe"]) == (403, "device_revoked", True)


def test_a_bank_may_take_a_bad_signature_with_a_flag_on_every_operation(
    phone: Phone, street: Street, world: World
) -> None:
    with world.transaction() as ctx:
        sync.set_bad_signature(ctx, "flag")
    missing = save(phone, street, street.add())
    held, visit = save(phone, street, street.add()), phone.submit(street.add())
    body = phone.batch(held, visit)
    headers = {**phone.headers, "Device-Signature": "nonsense"}
    results = phone.client.post("/api/v1/sync/push", data=body, headers=headers).json["results"]
    assert [(each["status"], "signature_invalid" in each["flags"]) for each in results] == [
        ("held", True),
        ("extra", True),
    ]
    (_, later) = phone.push(missing)
    assert (later["status"], later["flags"]) == ("applied", ["signature_invalid"])
    with world.transaction() as ctx:
        assert "signature_invalid" in ctx.session.get(Inspection, visit["entity_id"]).flags
        assert {"security.signature_invalid", "sync.bad_signature_set"} <= set(ctx.session.scalars(select(Event.kind)))
