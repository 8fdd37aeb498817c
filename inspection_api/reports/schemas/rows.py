"""What the lists behind the numbers of reports give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields

from inspection_api.reports.words import BEFORE, CONCLUSIONS, INCIDENTS, INSPECTION_TYPES, STANDINGS, VISIT_STATES

if TYPE_CHECKING:
    from collections.abc import Mapping


class CountedTaskSchema(Schema):
    """A task behind a number."""

    id = fields.UUID()
    checkpoint_id = fields.UUID()
    customer_id = fields.UUID()
    organisation_id = fields.UUID()
    officer_id = fields.UUID(allow_none=True)
    period_start = fields.Date()
    period_end = fields.Date()
    due_on = fields.Date()
    state = fields.String()
    overdue = fields.Boolean()
    closed_by = fields.UUID(allow_none=True)
    performed_on = fields.Date(allow_none=True)


class WordField(fields.String):
    """A code as people read it; one that has no word stays what it is."""

    def __init__(self, words: Mapping[str, str], **options: Any) -> None:
        """Set the words by code."""
        super().__init__(allow_none=True, dump_only=True, **options)
        self.words = words

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:  # noqa: ARG002 - marshmallow's signature
        return None if value is None else self.words.get(value, str(value))


class TaskRowSchema(Schema):
    """A task with the names that people know it by; ``closed_by`` is the visit that completed or exempted it."""

    id = fields.UUID()
    checkpoint_id = fields.UUID()
    checkpoint_code = fields.String()
    checkpoint_name = fields.String()
    customer_id = fields.UUID()
    customer_name = fields.String()
    organisation_id = fields.UUID()
    organisation_name = fields.String()
    officer_id = fields.UUID(allow_none=True)
    officer_name = fields.String(allow_none=True)
    inspection_type = fields.String()
    inspection_type_word = WordField(INSPECTION_TYPES, attribute="inspection_type")
    period_start = fields.Date()
    period_end = fields.Date()
    due_on = fields.Date()
    standing = fields.String()
    standing_word = WordField(STANDINGS, attribute="standing")
    performed_on = fields.Date(allow_none=True)
    closed_by = fields.UUID(allow_none=True)
    conclusion = fields.String(allow_none=True)
    conclusion_word = WordField(CONCLUSIONS, attribute="conclusion")
    indicators = fields.List(fields.String(), allow_none=True)


class VisitRowSchema(Schema):
    """A visit with the names that people know it by; an ``excepted`` one was accepted out of quarantine."""

    id = fields.UUID()
    performed_on = fields.Date(allow_none=True)
    state = fields.String()
    state_word = WordField(VISIT_STATES, attribute="state")
    excepted = fields.Boolean()
    quarantine_codes = fields.List(fields.String())
    conclusion = fields.String(allow_none=True)
    conclusion_word = WordField(CONCLUSIONS, attribute="conclusion")
    indicators = fields.List(fields.String())
    note = fields.String(allow_none=True)
    checkpoint_id = fields.UUID()
    checkpoint_code = fields.String()
    checkpoint_name = fields.String()
    customer_id = fields.UUID()
    customer_name = fields.String()
    organisation_id = fields.UUID()
    organisation_name = fields.String()
    officer_id = fields.UUID()
    officer_name = fields.String()


class CustomerRowSchema(Schema):
    """A customer behind a number."""

    id = fields.UUID()
    name = fields.String()
    uscc = fields.String()
    organisation_id = fields.UUID()
    organisation_name = fields.String()


class MovedCustomerSchema(CustomerRowSchema):
    """A customer with its last conclusions before the window and in it."""

    before = fields.String()
    before_word = WordField(BEFORE, attribute="before")
    after = fields.String()
    after_word = WordField(CONCLUSIONS, attribute="after")


class CoveredCheckpointSchema(Schema):
    """A checkpoint that had to be seen."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    customer_id = fields.UUID()
    organisation_id = fields.UUID()
    officer_id = fields.UUID(allow_none=True)
    state = fields.String()
    effective_from = fields.Date()


class CoveredCustomerSchema(Schema):
    """A customer who had to be seen."""

    id = fields.UUID()
    name = fields.String()
    organisation_id = fields.UUID()
    officer_id = fields.UUID(allow_none=True)


class IncidentRowSchema(Schema):
    """Something that happened at a checkpoint."""

    checkpoint_id = fields.UUID()
    checkpoint_code = fields.String()
    checkpoint_name = fields.String()
    customer_name = fields.String()
    organisation_name = fields.String()


class AttemptRowSchema(IncidentRowSchema):
    """An attempt in vain."""

    id = fields.UUID()
    performed_at = fields.AwareDateTime()
    reason = fields.String()
    reason_word = WordField(INCIDENTS["attempts"], attribute="reason")
    note = fields.String(allow_none=True)
    task_id = fields.UUID(allow_none=True)
    officer_name = fields.String()


class ResetRowSchema(IncidentRowSchema):
    """A place that was given up; ``generation`` is the one that began."""

    generation = fields.Integer()
    reset_at = fields.AwareDateTime()
    reason = fields.String()
    reset_by_name = fields.String()


class ExitRowSchema(IncidentRowSchema):
    """A checkpoint that left."""

    id = fields.UUID()
    effective_on = fields.Date()
    decided_at = fields.AwareDateTime()
    status = fields.String()
    exit_type = fields.String()
    exit_type_word = fields.String()
    reason = fields.String()
    proposed_by_name = fields.String()


class AlertRowSchema(Schema):
    """An alert that was raised."""

    id = fields.UUID()
    rule = fields.String()
    level = fields.Integer()
    condition = fields.String()
    handling = fields.String()
    first_seen_on = fields.Date()
    customer_id = fields.UUID()
    customer_name = fields.String()
    organisation_name = fields.String()
