"""What the document says of receipts and changes is what devices are told, member by member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from inspection_api.accounts import service as accounts
from sync.schemas import HandshakeSchema, PulledSchema, PushedSchema
from tests.sync.drafting import Desk, answer
from tests.sync.operations import save, unmet
from tests.sync.test_parting import part, revoke

if TYPE_CHECKING:
    from marshmallow import Schema

    from tests.factories import World
    from tests.sync.offices import Office
    from tests.sync.phone import Phone, Street


@pytest.fixture
def told(desk: Desk, phone: Phone, second: Phone, street: Street, office: Office, world: World) -> Phone:
    """A phone whose operations ended in many ways, and to whom everything that can come by pull will come."""
    visit, waits = phone.submit(street.add()), unmet(phone, street.add(), fixes=[])
    desk.save(second, note="在厂", **answer("tax_ytd", "5"))
    desk.save(phone, note="停工", **answer("tax_ytd", "6"))
    phone.push(visit, waits)
    next(phone.seqs)
    phone.push(save(phone, street, street.add()), phone.operation("nothing.known", uuid4(), {}))
    office.decide("manager", waits["op_id"])
    lost, gone = street.add(), UUID(waits["entity_id"])
    with world.transaction() as ctx:
        accounts.revoke(ctx, [(world.people["officer"], "checkpoint", lost)], reason="reassigned")
        ctx.session.execute(text("DELETE FROM visit_attempt WHERE id = :id"), {"id": gone})
    return phone


def conforms(schema: type[Schema], told: Any) -> None:
    assert schema().validate(told) == {}


def test_receipts_are_as_the_document_says(told: Phone, street: Street, desk: Desk) -> None:
    draft = {"checkpoint_id": str(desk.point), "template_version_id": str(street.portfolio.version_id), "note": "停产"}
    clash = told.operation("inspection.save", desk.entity, draft)
    batch = told.batch(told.submit(street.add()), clash, unmet(told, street.add(), fixes=[]))
    answers = [told.send(batch).json, told.send(batch).json]
    for each in answers:
        conforms(PushedSchema, each)
    assert {each["status"] for each in answers[0]["results"]} >= {"extra", "quarantined"}
    assert answers[1]["replayed"]


def test_changes_are_as_the_document_says(told: Phone) -> None:
    page = told.pull()
    conforms(PulledSchema, page)
    assert {change["k"] for change in page["changes"]} == {"put", "drop", "del", "receipt"}
    conforms(PulledSchema, told.snapshot())


def test_a_handshake_is_as_the_document_says(told: Phone) -> None:
    greeting = told.shake_hands()
    conforms(HandshakeSchema, greeting)
    assert greeting["held"]


def test_what_a_device_without_a_login_is_told_is_as_the_document_says(
    phone: Phone, street: Street, world: World
) -> None:
    visit = phone.submit(street.add())
    revoke(phone, world)
    conforms(PushedSchema, part(phone, phone.batch(visit)).json)
