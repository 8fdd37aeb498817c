"""What the tasks endpoints take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from checkpoints.rules.lifecycle import State as Lifecycle
from checkpoints.rules.lifecycle import is_in_force
from checkpoints.rules.values import Kind as CheckpointKind
from inspection_api.http.schemas import Input, PageQuery, Text, Truth
from inspection_api.loans.rules import FiveClass
from inspection_api.tasks.rules import State


class TaskSchema(Schema):
    """One checkpoint to be visited in one period, for a rule or a campaign; ``overdue`` is as of now."""

    id = fields.UUID()
    plan_id = fields.UUID(allow_none=True)
    rule_id = fields.UUID(allow_none=True)
    rule_version = fields.Integer(allow_none=True)
    campaign_id = fields.UUID(allow_none=True)
    checkpoint_id = fields.UUID()
    customer_id = fields.UUID()
    organisation_id = fields.UUID()
    officer_id = fields.UUID(allow_none=True)
    template_version_id = fields.UUID()
    kind = fields.String()
    inspection_type = fields.String()
    loan_id = fields.UUID(allow_none=True)
    backfilled = fields.Boolean()
    period_start = fields.Date()
    period_end = fields.Date()
    due_on = fields.Date()
    window_end_on = fields.Date()
    makeup_until = fields.Date(allow_none=True)
    state = fields.String()
    reason = fields.String(allow_none=True)
    closed_by = fields.UUID(allow_none=True)
    performed_on = fields.Date(allow_none=True)
    overdue = fields.Boolean()
    checkpoint_name = fields.String()
    customer_name = fields.String()
    officer_name = fields.String(allow_none=True)
    version = fields.Integer()


class LineSchema(Schema):
    """One step of a task's story; ``code`` is for programs."""

    code = fields.String()
    text = fields.String()
    at = fields.AwareDateTime(allow_none=True)
    actor_id = fields.UUID(allow_none=True)


class ExplanationSchema(Schema):
    """A task's story, from its rule to how it stands today."""

    lines = fields.List(fields.Nested(LineSchema))


class ReassignInput(Input):
    """Which open tasks go to which officer."""

    task_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=500))
    officer_id = fields.UUID(required=True)


class ChangedTasksSchema(Schema):
    """How many checkpoints have another officer now."""

    changed = fields.Integer()


class MakeupInput(Input):
    """Why a visit after the window is allowed."""

    reason = Text(required=True, maximum=500)


class AttemptSchema(Schema):
    """An officer stood at the door in vain: 上门未遇 (``unmet``) or 拒检 (``refused``)."""

    id = fields.UUID()
    task_id = fields.UUID(allow_none=True)
    checkpoint_id = fields.UUID()
    officer_id = fields.UUID()
    reason = fields.String()
    note = fields.String(allow_none=True)
    judgement = fields.Dict()
    performed_at = fields.AwareDateTime()


class RecomputeInput(Input):
    """From which day of the past a rule's terms of now are to count, and why."""

    since = fields.Date(required=True)
    reason = Text(required=True, maximum=500)


class DifferenceSchema(Schema):
    """What a recomputation changes; ``items`` are the first 100 of the tasks created and cancelled."""

    create = fields.Integer()
    cancel = fields.Integer()
    keep = fields.Integer()
    items = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))


class RecomputeSchema(Schema):
    """A proposed, approved or refused recomputation; ``since`` is the first day of the period that was named."""

    id = fields.UUID()
    rule_id = fields.UUID()
    since = fields.Date()
    reason = fields.String()
    difference = fields.Nested(DifferenceSchema)
    status = fields.String()
    proposed_by = fields.UUID()
    proposed_at = fields.AwareDateTime()
    decided_by = fields.UUID(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)


class CampaignFilters(Input):
    """Which checkpoints in force a campaign visits: all that are told must hold; ``five_class`` is a loan's."""

    customer_id = fields.UUID()
    officer_id = fields.UUID()
    organisation_id = fields.UUID()
    state = fields.String(validate=validate.OneOf([state for state in Lifecycle if is_in_force(state)]))
    kind = fields.String(validate=validate.OneOf(list(CheckpointKind)))
    tag = Text(maximum=20)
    five_class = fields.String(validate=validate.OneOf(list(FiveClass)))


class CampaignPreviewInput(Input):
    """Whose checkpoints a campaign would visit."""

    organisation_id = fields.UUID(required=True)
    filters = fields.Nested(CampaignFilters, load_default=dict)


class CampaignInput(CampaignPreviewInput):
    """A campaign; both days are inclusive."""

    name = Text(required=True, maximum=60)
    template_id = fields.UUID(required=True)
    start_on = fields.Date(required=True)
    due_on = fields.Date(required=True)


class CampaignCancelInput(Input):
    """Why a campaign is cancelled."""

    reason = Text(required=True, maximum=500)


class OfficerTasksSchema(Schema):
    """How many tasks fall to one officer; None stands for nobody."""

    officer_id = fields.UUID(allow_none=True)
    officer_name = fields.String(allow_none=True)
    tasks = fields.Integer()


class CampaignPreviewSchema(Schema):
    """How many tasks a campaign would make, and for whom."""

    tasks = fields.Integer()
    officers = fields.List(fields.Nested(OfficerTasksSchema))


class CampaignSchema(Schema):
    """A campaign; ``filling`` and ``cancelling`` ones are still being worked off."""

    id = fields.UUID()
    organisation_id = fields.UUID()
    name = fields.String()
    template_id = fields.UUID()
    start_on = fields.Date()
    due_on = fields.Date()
    filters = fields.Dict(keys=fields.String(), values=fields.String())
    status = fields.String()
    created_by = fields.UUID()
    created_at = fields.AwareDateTime()
    cancelled_by = fields.UUID(allow_none=True)
    cancelled_at = fields.AwareDateTime(allow_none=True)
    cancel_reason = fields.String(allow_none=True)


class ProgressSchema(Schema):
    """How many tasks of a campaign stand in which state."""

    states = fields.Dict(keys=fields.String(), values=fields.Integer())


class TaskQuery(PageQuery):
    """Narrow the list of tasks; ``organisation_id`` takes everything below it too."""

    state = fields.String(load_default=None, validate=validate.OneOf(list(State)))
    due_from = fields.Date(load_default=None)
    due_to = fields.Date(load_default=None)
    organisation_id = fields.UUID(load_default=None)
    checkpoint_id = fields.UUID(load_default=None)
    campaign_id = fields.UUID(load_default=None)
    officer_id = fields.UUID(load_default=None)
    overdue = Truth(written=True, load_default=None)
    unassigned = Truth(written=True, load_default=None)
    open = Truth(written=True, load_default=None)
