"""Media of a device that has ended: named by its operations, proved by its signature, chunk by chunk (ADR 0012)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from inspection_api.media.models import Media
from sync import service as sync
from tests.sync.offices import store_media
from tests.sync.operations import unmet
from tests.sync.phone import fix
from tests.sync.test_parting import part, revoke

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.factories import World
    from tests.fixtures import Clock
    from tests.sync.offices import Office
    from tests.sync.phone import Phone, Street

PHOTO = b"\xff\xd8\xff" + bytes(97)


@dataclass
class Evidence:
    """A declared photo of a phone that has ended, and how that phone brings it."""

    phone: Phone
    media_id: str

    def status(self) -> str:
        with self.phone.world.transaction() as ctx:
            return str(ctx.session.get_one(Media, self.media_id).status)

    def ask(self, method: str = "HEAD", **changes: str) -> Any:
        return self._send(method, b"", {}, changes)

    def bring(self, start: int, end: int, **changes: str) -> Any:
        chunk = PHOTO[start:end]
        checksum = f"sha256 {base64.b64encode(hashlib.sha256(chunk).digest()).decode()}"
        return self._send("PATCH", chunk, {"Upload-Offset": str(start), "Upload-Checksum": checksum}, changes)

    def _send(self, method: str, body: bytes, upload: dict[str, str], changes: dict[str, str]) -> Any:
        offset, checksum = upload.get("Upload-Offset", ""), upload.get("Upload-Checksum", "")
        text = f"{method} {self.media_id}\n{offset}\n{checksum}".encode()
        signature = base64.urlsafe_b64encode(self.phone.key.sign(text)).decode()
        headers = {
            "Tus-Resumable": "1.0.0",
            "Content-Type": "application/offset+octet-stream",
            "Device-Bank": self.phone.world.bank.tag,
            "Device-Id": str(self.phone.id),
            "Device-Signature": f"ed25519={signature}",
        }
        path = f"/api/v1/sync/media/{self.media_id}"
        return self.phone.client.open(path, method=method, data=body, headers={**headers, **upload, **changes})


@pytest.fixture
def evidence(phone: Phone, street: Street, world: World) -> Evidence:
    visit = phone.submit(street.add())
    media = visit["payload"]["media"]
    media[0] = phone.photo(media[0]["item"], PHOTO)
    revoke(phone, world)
    assert part(phone, phone.batch(visit)).status_code == 200
    return Evidence(phone, media[0]["id"])


def test_chunks_arrive_and_the_last_one_makes_the_photo_stored(evidence: Evidence) -> None:
    assert evidence.ask().headers["Upload-Offset"] == "0"
    assert evidence.bring(0, 40).status_code == 204
    assert evidence.ask().headers["Upload-Offset"] == "40"
    assert evidence.bring(40, 100).status_code == 204
    assert evidence.status() == "stored"


def test_a_request_that_is_sent_again_changes_nothing(evidence: Evidence) -> None:
    assert [evidence.bring(0, 40).status_code for _ in range(2)] == [204, 409]
    assert evidence.ask().headers["Upload-Offset"] == "40"


def test_the_signature_covers_medium_place_and_bytes(evidence: Evidence) -> None:
    other = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    for changed in (
        {"Device-Signature": "ed25519=AAAA"},
        {"Upload-Offset": "1"},
        {"Upload-Checksum": f"sha256 {other}"},
    ):
        answer = evidence.bring(0, 40, **changed)
        assert (answer.status_code, answer.json["code"]) == (403, "signature_invalid")
    assert evidence.ask(**{"Device-Signature": ""}).status_code == 403
    assert evidence.ask().headers["Upload-Offset"] == "0"


def test_bytes_that_are_not_the_signed_ones_are_not_kept(evidence: Evidence) -> None:
    whole = base64.b64encode(hashlib.sha256(PHOTO).digest()).decode()
    text = f"PATCH {evidence.media_id}\n0\nsha256 {whole}".encode()
    signature = f"ed25519={base64.urlsafe_b64encode(evidence.phone.key.sign(text)).decode()}"
    answer = evidence.bring(0, 40, **{"Upload-Checksum": f"sha256 {whole}", "Device-Signature": signature})
    assert (answer.status_code, answer.json["code"]) == (460, "checksum_mismatch")
    assert evidence.ask().headers["Upload-Offset"] == "0"


def test_bytes_without_a_checksum_are_not_taken(evidence: Evidence) -> None:
    headers = {"Device-Bank": evidence.phone.world.bank.tag, "Device-Id": str(evidence.phone.id)}
    answer = evidence.phone.client.patch(f"/api/v1/sync/media/{evidence.media_id}", data=PHOTO, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "upload_header_invalid")


def test_what_somebody_else_declared_or_nobody_is_not_there(
    evidence: Evidence, street: Street, world: World, client: Any
) -> None:
    own = evidence.media_id
    other = type(evidence.phone)(client, world, street, username="colleague")
    visit = other.submit(street.add("colleague"))
    other.push(visit)
    for media_id in (visit["payload"]["media"][0]["id"], str(uuid4())):
        evidence.media_id = media_id
        answer = evidence.bring(0, 40)
        assert (answer.status_code, answer.json["code"]) == (404, "media_not_found")
    evidence.media_id = own
    assert evidence.ask().status_code == 200


def test_after_thirty_days_no_bytes_are_taken(evidence: Evidence, clock: Clock) -> None:
    clock.advance(days=31)
    answer = evidence.bring(0, 40)
    assert (answer.status_code, answer.json["code"], answer.json["wipe"]) == (403, "device_revoked", True)


def test_a_device_in_good_standing_brings_its_media_with_its_login(phone: Phone, street: Street) -> None:
    visit = phone.submit(street.add())
    phone.push(visit)
    evidence = Evidence(phone, visit["payload"]["media"][0]["id"])
    answer = evidence.bring(0, 40)
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")
    assert evidence.ask(**phone.headers).headers["Upload-Offset"] == "0"


Operation = dict[str, Any]


def a_declaration(phone: Phone, point: Any) -> Operation:
    visit = phone.submit(point)
    phone.push(visit)
    return phone.operation("media.declare", visit["entity_id"], {"media": [phone.photo("op_status", PHOTO)]})


def a_second_submission(phone: Phone, point: Any) -> Operation:
    visit = phone.submit(point)
    phone.push(visit)
    again = phone.visit(point, media=[phone.photo("op_status", PHOTO)])
    return phone.operation("inspection.submit", visit["entity_id"], again)


def an_attempt(phone: Phone, point: Any) -> Operation:
    return unmet(phone, point, media=[phone.photo("gate", PHOTO)])


def a_second_attempt(phone: Phone, point: Any) -> Operation:
    first = unmet(phone, point)
    phone.push(first)
    return {**an_attempt(phone, point), "entity_id": first["entity_id"]}


def a_binding_of_nothing(phone: Phone, point: Any) -> Operation:
    payload = {"qr": "XJ1.forged", "fixes": [fix(1), fix(2), fix(3)], "photo": phone.photo("plate", PHOTO)}
    return phone.operation("checkpoint.bind", point, payload)


def a_binding_without_a_place(phone: Phone, point: Any) -> Operation:
    operation = a_binding_of_nothing(phone, point)
    operation["payload"] |= {"qr": phone.street.plate(point), "fixes": [fix(mock=True)] * 3}
    return operation


@pytest.mark.parametrize(
    "captured",
    [
        a_declaration,
        a_second_submission,
        an_attempt,
        a_second_attempt,
        a_binding_of_nothing,
        a_binding_without_a_place,
    ],
)
def test_media_of_what_is_quarantined_come_and_belong_to_nothing_before_a_decision(
    phone: Phone, street: Street, world: World, captured: Callable[[Phone, Any], Operation]
) -> None:
    operation = captured(phone, street.add())
    revoke(phone, world)
    (result,) = part(phone, phone.batch(operation)).json["results"]
    assert result["status"] == "quarantined"
    payload = operation["payload"]
    evidence = Evidence(phone, (payload.get("media") or [payload.get("photo")])[0]["id"])
    assert evidence.bring(0, 100).status_code == 204
    with world.transaction() as ctx:
        medium = ctx.session.get_one(Media, evidence.media_id)
        assert (medium.status, medium.inspection_id) == ("stored", None)


@pytest.mark.parametrize("captured", [a_declaration, a_second_submission, an_attempt])
def test_media_that_came_before_the_decision_belong_to_what_is_accepted(
    phone: Phone,
    street: Street,
    world: World,
    office: Office,
    captured: Callable[[Phone, Any], Operation],
) -> None:
    operation = captured(phone, street.add())
    if operation["type"] == "inspection.submit":
        store_media(world)
    revoke(phone, world)
    part(phone, phone.batch(operation))
    evidence = Evidence(phone, operation["payload"]["media"][0]["id"])
    assert evidence.bring(0, 100).status_code == 204
    answer = office.decide("manager", operation["op_id"])
    assert answer.status_code == 200, answer.json
    with world.transaction() as ctx:
        assert str(ctx.session.get_one(Media, evidence.media_id).inspection_id) == operation["entity_id"]


def test_a_device_that_enrolled_anew_brings_what_it_declared_under_its_former_id(
    phone: Phone, street: Street, world: World, client: Any
) -> None:
    visit = phone.submit(street.add())
    visit["payload"]["media"][0] = phone.photo("op_status", PHOTO)
    phone.push(visit)
    anew = type(phone)(client, world, street)
    revoke(anew, world)
    evidence = Evidence(anew, visit["payload"]["media"][0]["id"])
    assert evidence.bring(0, 100).status_code == 204
    assert evidence.status() == "stored"


def a_rejected_visit(phone: Phone, point: Any) -> Operation:
    return phone.operation("inspection.submit", uuid4(), phone.visit(point, task_id=str(uuid4()), media=[_gate(phone)]))


def a_rejected_attempt(phone: Phone, point: Any) -> Operation:
    return unmet(phone, point, task=uuid4(), media=[_gate(phone)])


def a_rejected_declaration(phone: Phone, _point: Any) -> Operation:
    return phone.operation("media.declare", uuid4(), {"media": [_gate(phone)]})


def a_rejected_binding(phone: Phone, _point: Any) -> Operation:
    payload = {"qr": "XJ1.forged", "fixes": [fix(1)], "photo": _gate(phone)}
    return phone.operation("checkpoint.bind", uuid4(), payload)


def _gate(phone: Phone) -> dict[str, Any]:
    return phone.photo("gate", PHOTO)


@pytest.mark.parametrize("is_over", [True, False])
@pytest.mark.parametrize("captured", [a_rejected_visit, a_rejected_attempt, a_rejected_declaration, a_rejected_binding])
def test_media_of_what_is_rejected_come_before_or_after_the_end(
    phone: Phone, street: Street, world: World, captured: Callable[[Phone, Any], Operation], *, is_over: bool
) -> None:
    operation = captured(phone, street.add())
    if is_over:
        revoke(phone, world)
        (result,) = part(phone, phone.batch(operation)).json["results"]
    else:
        (result,) = phone.push(operation)
        revoke(phone, world)
    assert (result["status"], result["code"]) == ("rejected", "forbidden_or_unknown")
    payload = operation["payload"]
    evidence = Evidence(phone, (payload.get("media") or [payload.get("photo")])[0]["id"])
    assert evidence.bring(0, 100).status_code == 204
    with world.transaction() as ctx:
        medium = ctx.session.get_one(Media, evidence.media_id)
        assert (medium.status, medium.inspection_id) == ("stored", None)


def test_media_of_what_was_held_come_after_the_end_and_belong_to_it_once_it_is_let_go(
    phone: Phone, street: Street, world: World
) -> None:
    visit = phone.submit(street.add())
    phone.push(visit)
    next(phone.seqs)
    held = phone.operation("media.declare", visit["entity_id"], {"media": [_gate(phone)]})
    assert phone.push(held)[0]["status"] == "held"
    revoke(phone, world)
    evidence = Evidence(phone, held["payload"]["media"][0]["id"])
    assert evidence.bring(0, 100).status_code == 204
    with world.transaction() as ctx:
        (judged,) = sync.reprocess(ctx, phone.id)
    assert judged.verdict.status == "quarantined"
    assert evidence.status() == "stored"


def test_what_is_rejected_takes_no_medium_from_its_record(phone: Phone, street: Street, world: World) -> None:
    visit = phone.submit(street.add())
    phone.push(visit)
    medium = visit["payload"]["media"][0]
    assert phone.push(phone.operation("media.declare", uuid4(), {"media": [medium]}))[0]["status"] == "rejected"
    with world.transaction() as ctx:
        assert str(ctx.session.get_one(Media, medium["id"]).inspection_id) == visit["entity_id"]


def test_what_can_be_no_medium_is_declared_for_nothing_rejected(phone: Phone, world: World) -> None:
    page = phone.photo("gate", PHOTO, mime="text/html")
    assert phone.push(phone.operation("media.declare", uuid4(), {"media": [page]}))[0]["status"] == "rejected"
    with world.transaction() as ctx:
        assert ctx.session.get(Media, page["id"]) is None
