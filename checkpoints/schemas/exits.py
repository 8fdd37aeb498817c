"""What is said about exits: their dictionary, proposals, decisions, ends."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from checkpoints.rules.exits import CODE_FORM, ExitStatus
from inspection_api.http.schemas import Input, PageQuery, Pattern, Text, Truth, Word


class ExitTypeInput(Input):
    """What a type of exit is called, and whether it may still be given."""

    label = Text(required=True, maximum=40)
    is_active = Truth(load_default=True)


class ExitTypeSchema(Schema):
    """A word of the dictionary of exits."""

    code = fields.String()
    label = fields.String()
    is_active = fields.Boolean()


class ExitTypeListSchema(Schema):
    """The dictionary of exits, retired types too."""

    items = fields.List(fields.Nested(ExitTypeSchema))


def exit_type_code(**options: Any) -> Word:
    """Return a field that takes a code of the dictionary of exits."""
    return Word(validate=Pattern(CODE_FORM), **options)


def _why(**options: Any) -> Text:
    return Text(minimum=4, maximum=200, lines=True, **options)


class ExitInput(Input):
    """Why a checkpoint should leave, and the first day on which it is out of force."""

    exit_type = exit_type_code(required=True)
    reason = _why(required=True)
    effective_on = fields.Date(required=True)


class ExitApproval(Input):
    """The approver's consent; type and day only where he corrects the proposal.

    A day of the past erases no task that has fallen due since: ``keep_overdue`` says that he knows of those.
    """

    note = _why(load_default=None, allow_none=True)
    exit_type = exit_type_code(load_default=None, allow_none=True)
    effective_on = fields.Date(load_default=None, allow_none=True)
    keep_overdue = Truth(load_default=False)


class ExitRefusal(Input):
    """Why the checkpoint must stay."""

    note = _why(required=True)


class ExitEnd(Input):
    """Why an exit is taken back or called off."""

    reason = _why(required=True)


class ReactivationInput(ExitEnd):
    """Why a checkpoint comes back, and from which day on (today, unless named)."""

    effective_on = fields.Date(load_default=None, allow_none=True)


class ExitQuery(PageQuery):
    """Narrow the list of exits."""

    checkpoint_id = fields.UUID(load_default=None)
    status = fields.String(load_default=None, validate=validate.OneOf(list(ExitStatus)))
    exit_type = exit_type_code(load_default=None)


class ExitSchema(Schema):
    """An exit from its proposal to its end; ``effective_on`` is the first day out of force."""

    id = fields.UUID()
    checkpoint_id = fields.UUID()
    exit_type = fields.String()
    reason = fields.String()
    effective_on = fields.Date()
    status = fields.String()
    inspection_id = fields.UUID(allow_none=True)
    proposed_by = fields.UUID()
    proposed_at = fields.AwareDateTime()
    decided_by = fields.UUID(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)
    decision_note = fields.String(allow_none=True)
    ended_by = fields.UUID(allow_none=True)
    ended_at = fields.AwareDateTime(allow_none=True)
    end_reason = fields.String(allow_none=True)
