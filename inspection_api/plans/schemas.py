"""What the plans endpoints take and give; the defaults are the form's bold values (domain.md §1.1)."""

from __future__ import annotations

from datetime import date

from marshmallow import Schema, fields, validate

from inspection_api.accounts.rules import OrganisationKind
from inspection_api.core.periods import Unit, WindowMode
from inspection_api.http.schemas import Input, PageQuery, Text, Truth, Whole
from inspection_api.plans.rules import Channel, ExitRule, FirstRule

DATES = validate.Range(min=date(2000, 1, 1), max=date(2100, 12, 31))


class RuleInput(Input):
    """A new global rule (全局规则添加); ``end`` null is open, days are inclusive."""

    organisation_id = fields.UUID(required=True)
    name = Text(required=True, maximum=60)
    org_type = fields.String(required=True, validate=validate.OneOf(list(OrganisationKind)))
    template_id = fields.UUID(required=True)
    start_on = fields.Date(required=True, data_key="start", validate=DATES)
    end_on = fields.Date(load_default=None, allow_none=True, data_key="end", validate=DATES)
    unit = fields.String(load_default=Unit.MONTH, validate=validate.OneOf(list(Unit)))
    interval = Whole(load_default=1, validate=validate.Range(min=1, max=366))
    window_mode = fields.String(load_default=WindowMode.CALENDAR, validate=validate.OneOf(list(WindowMode)))
    auto_join = Truth(load_default=True)
    auto_create_plan = Truth(load_default=True)
    first_rule = fields.String(load_default=FirstRule.NEXT, validate=validate.OneOf(list(FirstRule)))
    first_grace_days = Whole(load_default=0, validate=validate.Range(min=0, max=366))
    exit_rule = fields.String(load_default=ExitRule.CURRENT, validate=validate.OneOf(list(ExitRule)))
    history_valid = Whole(load_default=1, validate=validate.Range(min=0, max=366))
    history_unit = fields.String(load_default=Unit.MONTH, validate=validate.OneOf([Unit.DAY, Unit.MONTH, Unit.YEAR]))
    min_gap_days = Whole(load_default=0, validate=validate.Range(min=0, max=366))
    late_sync_hours = Whole(load_default=72, validate=validate.Range(min=0, max=8760))
    channels = fields.List(
        fields.String(validate=validate.OneOf(list(Channel))),
        load_default=lambda: [Channel.ONSITE.value],
        validate=validate.Length(min=1, max=3),
    )


class RuleSchema(Schema):
    """A global rule; ``version`` is what tasks remember."""

    id = fields.UUID()
    organisation_id = fields.UUID()
    name = fields.String()
    org_type = fields.String()
    template_id = fields.UUID()
    version = fields.Integer()
    start_on = fields.Date(data_key="start")
    end_on = fields.Date(allow_none=True, data_key="end")
    unit = fields.String()
    interval = fields.Integer()
    window_mode = fields.String()
    auto_join = fields.Boolean()
    auto_create_plan = fields.Boolean()
    first_rule = fields.String()
    first_grace_days = fields.Integer()
    exit_rule = fields.String()
    history_valid = fields.Integer()
    history_unit = fields.String()
    min_gap_days = fields.Integer()
    late_sync_hours = fields.Integer()
    channels = fields.List(fields.String())


class PlanSchema(Schema):
    """A rule in one organisation."""

    id = fields.UUID()
    rule_id = fields.UUID()
    organisation_id = fields.UUID()
    start_on = fields.Date(data_key="start")
    end_on = fields.Date(allow_none=True, data_key="end")
    active = fields.Boolean()


class PlanQuery(PageQuery):
    """Narrow the list of plans."""

    rule_id = fields.UUID(load_default=None)
    organisation_id = fields.UUID(load_default=None)


class MemberInput(Input):
    """A checkpoint to put into a plan by hand."""

    checkpoint_id = fields.UUID(required=True)


class MemberSchema(Schema):
    """A checkpoint's stay in a plan."""

    id = fields.UUID()
    plan_id = fields.UUID()
    checkpoint_id = fields.UUID()
    joined_on = fields.Date()
    left_on = fields.Date(allow_none=True)
    source = fields.String()
