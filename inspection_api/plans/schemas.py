"""What the plans endpoints take and give; the defaults are the form's bold values (domain.md §1.1)."""

from __future__ import annotations

from datetime import date
from typing import Any

from marshmallow import Schema, fields, pre_dump, validate

from inspection_api.accounts.rules import OrganisationKind
from inspection_api.core.periods import Unit, WindowMode
from inspection_api.core.permissions import Action, Permission, Reach, Role, reach
from inspection_api.http.schemas import Input, PageQuery, Text, Truth, Whole
from inspection_api.plans.rules import Channel, DueRoll, ExitRule, FirstRule, InspectionType
from inspection_api.plans.service import Preview

DATES = validate.Range(min=date(2000, 1, 1), max=date(2100, 12, 31))


_TYPES = [each.value for each in InspectionType if each is not InspectionType.SPECIAL]
_PERFORM = Permission(Action.ONSITE, "perform")
PERFORMERS = [role.value for role in Role if reach(role, _PERFORM) is not Reach.NONE]
_PRESETS = (
    "Checks after an exit by its type; recommended: written_off 4 × 6 months, exited 1 × 3 months, settled and "
    "discount_only none."
)
_EXIT_UNITS = [Unit.DAY, Unit.MONTH]


class ExitCheckInput(Input):
    """How a type of exit is checked afterwards: ``count`` visits, one in every ``interval`` units."""

    interval = Whole(required=True, validate=validate.Range(min=0, max=366))
    unit = fields.String(required=True, validate=validate.OneOf(_EXIT_UNITS))
    count = Whole(required=True, validate=validate.Range(min=0, max=100))


class RuleInput(Input):
    """A new global rule (全局规则添加); ``end`` null is open, days are inclusive."""

    organisation_id = fields.UUID(required=True)
    name = Text(required=True, maximum=60)
    org_type = fields.String(required=True, validate=validate.OneOf(list(OrganisationKind)))
    template_id = fields.UUID(required=True)
    inspection_type = fields.String(load_default=InspectionType.EXISTING, validate=validate.OneOf(_TYPES))
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
    exit_interval = Whole(load_default=0, validate=validate.Range(min=0, max=366))
    exit_unit = fields.String(load_default=Unit.MONTH, validate=validate.OneOf(_EXIT_UNITS))
    exit_count = Whole(load_default=0, validate=validate.Range(min=0, max=100))
    exit_overrides = fields.Dict(
        keys=fields.String(validate=validate.Length(min=1, max=40)),
        values=fields.Nested(ExitCheckInput),
        load_default=dict,
        validate=validate.Length(max=50),
        metadata={"description": _PRESETS},
    )
    history_valid = Whole(load_default=1, validate=validate.Range(min=0, max=366))
    history_unit = fields.String(load_default=Unit.MONTH, validate=validate.OneOf([Unit.DAY, Unit.MONTH, Unit.YEAR]))
    due_roll = fields.String(load_default=DueRoll.NONE, validate=validate.OneOf(list(DueRoll)))
    makeup_days = Whole(load_default=0, validate=validate.Range(min=0, max=366))
    min_gap_days = Whole(load_default=0, validate=validate.Range(min=0, max=366))
    late_sync_hours = Whole(load_default=72, validate=validate.Range(min=0, max=8760))
    new_within_days = Whole(load_default=15, validate=validate.Range(min=0, max=366))
    per_loan = Truth(load_default=False)
    performing_role = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(PERFORMERS))
    channels = fields.List(
        fields.String(validate=validate.OneOf(list(Channel))),
        load_default=lambda: [Channel.ONSITE.value],
        validate=validate.Length(min=1, max=3),
    )


class RuleEdit(RuleInput):
    """Other terms for a rule, from the first period that begins after today and ``effective_from``."""

    class Meta(RuleInput.Meta):
        """What stays as it is."""

        exclude = ("organisation_id", "org_type")

    effective_from = fields.Date(required=True, validate=DATES)


class RuleSchema(Schema):
    """A global rule; ``version`` is what tasks remember."""

    id = fields.UUID()
    organisation_id = fields.UUID()
    name = fields.String()
    org_type = fields.String()
    template_id = fields.UUID()
    inspection_type = fields.String()
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
    exit_interval = fields.Integer()
    exit_unit = fields.String()
    exit_count = fields.Integer()
    exit_overrides = fields.Dict(keys=fields.String(), values=fields.Nested(ExitCheckInput))
    history_valid = fields.Integer()
    history_unit = fields.String()
    due_roll = fields.String()
    makeup_days = fields.Integer()
    min_gap_days = fields.Integer()
    late_sync_hours = fields.Integer()
    new_within_days = fields.Integer()
    per_loan = fields.Boolean()
    performing_role = fields.String(allow_none=True)
    channels = fields.List(fields.String())


class RuleVersionSchema(RuleSchema):
    """The terms of a rule from ``since`` on (null: from its beginning)."""

    class Meta:
        """What is the rule's, not the version's."""

        exclude = ("id", "organisation_id", "name", "org_type", "version")

    number = fields.Integer()
    since = fields.Date(allow_none=True)
    edited_by = fields.UUID(allow_none=True)
    edited_at = fields.AwareDateTime()


class RuleVersionsSchema(Schema):
    """All versions of a rule, the first one first."""

    items = fields.List(fields.Nested(RuleVersionSchema))


class WeekSchema(Schema):
    """An ISO week by its Monday, and how many visits are due in it."""

    monday = fields.Date()
    visits = fields.Integer()


class OfficerLoadSchema(Schema):
    """What one officer has before him; without an id: what nobody is responsible for yet."""

    officer_id = fields.UUID(allow_none=True)
    officer_name = fields.String(allow_none=True)
    visits = fields.Integer()
    weeks = fields.List(fields.Nested(WeekSchema))


class ForecastSchema(Schema):
    """The visits of a rule that are due in twelve months from today, both days included."""

    start = fields.Date()
    end = fields.Date()
    visits = fields.Integer()
    officers = fields.List(fields.Nested(OfficerLoadSchema))

    @pre_dump
    def _listed(self, preview: Preview, **_: Any) -> dict[str, Any]:
        """List what is kept by officer and week, whoever has most first."""
        forecast = preview.forecast
        busiest_first = sorted(forecast.weeks.items(), key=lambda item: (-item[1].total(), str(item[0])))
        officers = [
            {
                "officer_id": officer_id,
                "officer_name": preview.names.get(officer_id) if officer_id else None,
                "visits": weeks.total(),
                "weeks": [{"monday": monday, "visits": weeks[monday]} for monday in sorted(weeks)],
            }
            for officer_id, weeks in busiest_first
        ]
        days = {"start": forecast.days.start, "end": forecast.days.end}
        return {**days, "visits": forecast.total, "officers": officers}


class PlanSchema(Schema):
    """A rule in one organisation."""

    id = fields.UUID()
    rule_id = fields.UUID()
    organisation_id = fields.UUID()
    start_on = fields.Date(data_key="start")
    end_on = fields.Date(allow_none=True, data_key="end")
    active = fields.Boolean()
    detached = fields.Boolean()


class PlanDates(Input):
    """Days of a plan's own."""

    start_on = fields.Date(required=True, data_key="start", validate=DATES)
    end_on = fields.Date(required=True, allow_none=True, data_key="end", validate=DATES)


class PlanQuery(PageQuery):
    """Narrow the list of plans."""

    rule_id = fields.UUID(load_default=None)
    organisation_id = fields.UUID(load_default=None)


class MembersQuery(PageQuery):
    """Narrow the members of a plan: those of now (``former`` false), those who left it, or both."""

    former = Truth(written=True, load_default=None)


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
    left_reason = fields.String(allow_none=True)
    source = fields.String()


class MemberRowSchema(MemberSchema):
    """A checkpoint's stay in a plan, with the checkpoint's code and name."""

    checkpoint_code = fields.String(attribute="code")
    checkpoint_name = fields.String(attribute="name")
    organisation_id = fields.UUID()
    exit_type = fields.String(allow_none=True)
