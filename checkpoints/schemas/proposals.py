"""What is said about proposals: what officers wish, what managers answer."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from checkpoints.rules.proposals import ProposalKind, ProposalStatus
from checkpoints.schemas.points import CODE, CheckpointEdit
from inspection_api.http.schemas import Input, PageQuery, Text, Whole, Word


def _why(**options: Any) -> Text:
    return Text(minimum=4, maximum=200, lines=True, **options)


class ProposedCheckpoint(CheckpointEdit):
    """A new checkpoint as its officer imagines it; he himself will serve it."""

    code = Word(required=True, validate=CODE)
    name = Text(required=True, maximum=100)
    effective_from = fields.Date()


class ProposedCustomer(Input):
    """A new customer of the officer's organisation."""

    uscc = Text(required=True, maximum=40)
    name = Text(required=True, maximum=100)
    contact = Text(maximum=60, allow_none=True)
    phone = Text(maximum=40, allow_none=True)
    address = Text(maximum=200, allow_none=True)


class CreationProposalInput(Input):
    """A wished checkpoint, and why: of a customer that there is, or of one who comes with it."""

    reason = _why(required=True)
    checkpoint = fields.Nested(ProposedCheckpoint, required=True)
    customer_id = fields.UUID(load_default=None, allow_none=True)
    customer = fields.Nested(ProposedCustomer, load_default=None, allow_none=True)

    @validates_schema
    def ensure_one_customer(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a checkpoint of no customer, and of two."""
        if (data["customer_id"] is None) == (data["customer"] is None):
            raise ValidationError("customer_id 与 customer 须且只须给出一个", field_name="customer_id")


class EditProposalInput(Input):
    """What should be said of a checkpoint instead, and why; what is left out stays."""

    reason = _why(required=True)
    changes = fields.Nested(CheckpointEdit, required=True)


class ProposalAcceptance(Input):
    """Consent; ``version`` is the checkpoint's that the decider has seen, where it was edited since the proposal."""

    note = _why(load_default=None, allow_none=True)
    version = Whole(load_default=None, allow_none=True, validate=validate.Range(min=1))


class ProposalRefusal(Input):
    """Why it is not done."""

    note = _why(required=True)


class ProposalQuery(PageQuery):
    """Narrow the list of proposals."""

    status = fields.String(load_default=None, validate=validate.OneOf(list(ProposalStatus)))
    kind = fields.String(load_default=None, validate=validate.OneOf(list(ProposalKind)))
    checkpoint_id = fields.UUID(load_default=None)
    proposed_by = fields.UUID(load_default=None)


class ProposalSchema(Schema):
    """A proposal from its beginning to its end; ``checkpoint_id`` is what it is about, or what it has made."""

    id = fields.UUID()
    kind = fields.String()
    organisation_id = fields.UUID()
    checkpoint_id = fields.UUID(allow_none=True)
    customer_id = fields.UUID(allow_none=True)
    proposed = fields.Dict()
    new_customer = fields.Dict(allow_none=True)
    base_version = fields.Integer(allow_none=True)
    reason = fields.String()
    status = fields.String()
    proposed_by = fields.UUID()
    proposed_at = fields.AwareDateTime()
    decided_by = fields.UUID(allow_none=True)
    decision_note = fields.String(allow_none=True)
    ended_at = fields.AwareDateTime(allow_none=True)
