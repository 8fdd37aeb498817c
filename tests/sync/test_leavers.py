"""Who inspects no more drains his outbox: an operation is judged by what he was when he captured it (sync.md §4)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import RoleAssignment
from inspection_api.inspections.models import Inspection
from inspection_api.media.models import Media

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock
    from tests.sync.phone import Phone, Street

PHOTO = b"\xff\xd8\xff" + bytes(97)


def leave(world: World, username: str = "officer") -> None:
    """Take his roles from somebody, as of today."""
    with world.transaction("administrator") as ctx:
        user = world.people[username]
        for role in ctx.session.scalars(select(RoleAssignment).where(RoleAssignment.user_id == user)).all():
            accounts.end_role(ctx, user, role.id)


def live_on(phone: Phone, clock: Clock, *, days: int) -> None:
    """Let time pass for the bank and for the phone, and log in again."""
    clock.advance(days=days)
    phone.mono_ms += days * 86_400_000
    phone.headers = phone.world.headers(phone.username)


def visit(phone: Phone, street: Street) -> dict[str, Any]:
    """Return a visit whose first photo has bytes that can be uploaded."""
    operation = phone.submit(street.add())
    media = operation["payload"]["media"]
    media[0] = phone.photo(media[0]["item"], PHOTO)
    return operation


def upload(phone: Phone, media_id: str, **changes: str) -> Any:
    facts = {"id": media_id, "filetype": "image/jpeg", "sha256": phone.photo("x", PHOTO)["sha256"]}
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in facts.items())
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(PHOTO)), "Upload-Metadata": metadata}
    kind = {"Content-Type": "application/offset+octet-stream"}
    return phone.client.post("/api/v1/media", data=PHOTO, headers={**phone.headers, **headers, **kind, **changes})


def test_what_he_did_while_he_inspected_counts_and_its_evidence_arrives(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    operation = visit(phone, street)
    live_on(phone, clock, days=1)
    leave(world)
    phone.shake_hands()
    (result,) = phone.push(operation)
    assert (result["status"], result["flags"]) == ("extra", ["late"])
    medium = operation["payload"]["media"][0]
    assert upload(phone, medium["id"]).status_code == 201
    with world.transaction() as ctx:
        assert ctx.session.get_one(Media, medium["id"]).status == "stored"
    pulled = phone.client.get(f"/api/v1/sync/pull?device_id={phone.id}", headers=phone.headers)
    assert (pulled.status_code, pulled.json["code"]) == (403, "forbidden")


def test_what_he_did_afterwards_waits_for_a_person(phone: Phone, street: Street, world: World, clock: Clock) -> None:
    live_on(phone, clock, days=2)
    leave(world)
    phone.shake_hands()
    (result,) = phone.push(visit(phone, street))
    assert (result["status"], result["codes"]) == ("quarantined", ["not_assigned"])
    with world.transaction() as ctx:
        assert ctx.session.scalars(select(Inspection)).one().quarantine_codes == ["not_assigned"]


def test_who_has_left_declares_nothing_new(phone: Phone, street: Street, world: World) -> None:
    operation = visit(phone, street)
    leave(world)
    medium = operation["payload"]["media"][0]
    answer = upload(phone, medium["id"])
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


@pytest.mark.parametrize("user", ["auditor", "nobody", "colleague"])
def test_nobody_pushes_from_the_device_of_another(phone: Phone, street: Street, world: World, user: str) -> None:
    body = phone.batch(visit(phone, street))
    phone.headers = world.headers(user)
    answer = phone.send(body)
    assert (answer.status_code, answer.json["code"]) == (404, "device_unknown")
    with world.transaction() as ctx:
        assert ctx.session.scalars(select(Inspection)).all() == []


def test_a_machine_speaks_no_sync(client: FlaskClient, world: World) -> None:
    for kind in ("gateway", "print_station"):
        _, headers = world.machine("sub_branch", kind)
        for method, path in (("POST", "sync/push"), ("POST", "sync/handshake"), ("POST", "media")):
            answer = client.open(f"/api/v1/{path}", method=method, headers=headers)
            assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
