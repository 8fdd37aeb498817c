"""What the lists behind the numbers of reports give."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from inspection_api.alerts.rules import RULES
from inspection_api.http.schemas import InWords
from inspection_api.inspections.rules import QUARANTINE_WORDS, STATES
from inspection_api.reports.words import (
    ALERT_CONDITIONS,
    ALERT_HANDLINGS,
    ALERT_LEVELS,
    BEFORE,
    CONCLUSIONS,
    INCIDENTS,
    INSPECTION_TYPES,
    STANDINGS,
)
from inspection_api.templates.default_template import INDICATOR_WORDS


def titled(title: str) -> dict[str, Any]:
    """Return the option of a field that people read: what its column is called where the list is printed."""
    return {"metadata": {"title": title}}


class TaskRowSchema(Schema):
    """A task with the names that people know it by; ``closed_by`` is the visit that completed or exempted it."""

    id = fields.UUID()
    checkpoint_id = fields.UUID()
    checkpoint_code = fields.String(**titled("检查点编号"))
    checkpoint_name = fields.String(**titled("检查点"))
    customer_id = fields.UUID()
    customer_name = fields.String(**titled("客户"))
    organisation_id = fields.UUID()
    organisation_name = fields.String(**titled("机构"))
    officer_id = fields.UUID(allow_none=True)
    officer_name = fields.String(allow_none=True, **titled("客户经理"))
    inspection_type = fields.String()
    inspection_type_word = InWords(INSPECTION_TYPES, attribute="inspection_type", **titled("检查类型"))
    period_start = fields.Date(**titled("期间开始"))
    period_end = fields.Date(**titled("期间结束"))
    due_on = fields.Date(**titled("应完成日"))
    state = fields.String()
    overdue = fields.Boolean()
    standing = fields.String()
    standing_word = InWords(STANDINGS, attribute="standing", **titled("状态"))
    performed_on = fields.Date(allow_none=True, **titled("检查日期"))
    closed_by = fields.UUID(allow_none=True)
    conclusion = fields.String(allow_none=True)
    conclusion_word = InWords(CONCLUSIONS, attribute="conclusion", **titled("检查结论"))
    indicators = fields.List(fields.String(), allow_none=True)
    indicator_words = fields.List(
        InWords(INDICATOR_WORDS), attribute="indicators", dump_only=True, allow_none=True, **titled("预警指示")
    )


class VisitRowSchema(Schema):
    """A visit with the names that people know it by; an ``excepted`` one was accepted out of quarantine."""

    id = fields.UUID()
    performed_on = fields.Date(allow_none=True, **titled("检查日期"))
    state = fields.String()
    state_word = InWords(STATES, attribute="state", **titled("状态"))
    excepted = fields.Boolean(**titled("隔离后采纳"))
    quarantine_codes = fields.List(fields.String())
    quarantine_words = fields.List(
        InWords(QUARANTINE_WORDS), attribute="quarantine_codes", dump_only=True, **titled("隔离原因")
    )
    conclusion = fields.String(allow_none=True)
    conclusion_word = InWords(CONCLUSIONS, attribute="conclusion", **titled("检查结论"))
    indicators = fields.List(fields.String())
    indicator_words = fields.List(
        InWords(INDICATOR_WORDS), attribute="indicators", dump_only=True, **titled("预警指示")
    )
    note = fields.String(allow_none=True, **titled("备注"))
    checkpoint_id = fields.UUID()
    checkpoint_code = fields.String(**titled("检查点编号"))
    checkpoint_name = fields.String(**titled("检查点"))
    customer_id = fields.UUID()
    customer_name = fields.String(**titled("客户"))
    organisation_id = fields.UUID()
    organisation_name = fields.String(**titled("机构"))
    officer_id = fields.UUID()
    officer_name = fields.String(**titled("客户经理"))


class CustomerRowSchema(Schema):
    """A customer behind a number."""

    id = fields.UUID()
    name = fields.String(**titled("客户"))
    uscc = fields.String(**titled("统一社会信用代码"))
    organisation_id = fields.UUID()
    organisation_name = fields.String(**titled("机构"))


class MovedCustomerSchema(CustomerRowSchema):
    """A customer with its last conclusions before the window and in it."""

    before = fields.String()
    before_word = InWords(BEFORE, attribute="before", **titled("原结论"))
    after = fields.String()
    after_word = InWords(CONCLUSIONS, attribute="after", **titled("现结论"))


class CoveredCheckpointSchema(Schema):
    """A checkpoint that had to be seen."""

    id = fields.UUID()
    code = fields.String(**titled("检查点编号"))
    name = fields.String(**titled("检查点"))
    customer_id = fields.UUID()
    customer_name = fields.String(**titled("客户"))
    organisation_id = fields.UUID()
    organisation_name = fields.String(**titled("机构"))
    officer_id = fields.UUID(allow_none=True)
    officer_name = fields.String(allow_none=True, **titled("客户经理"))
    effective_from = fields.Date(**titled("纳管日期"))


class CoveredCustomerSchema(CustomerRowSchema):
    """A customer who had to be seen; ``balance`` is what was lent to him in the window, in 元."""

    balance = fields.Decimal(places=2, as_string=True, **titled("余额（元）"))


class IncidentRowSchema(Schema):
    """Something that happened at a checkpoint."""

    checkpoint_id = fields.UUID()
    checkpoint_code = fields.String(**titled("检查点编号"))
    checkpoint_name = fields.String(**titled("检查点"))
    customer_name = fields.String(**titled("客户"))
    organisation_name = fields.String(**titled("机构"))


class AttemptRowSchema(IncidentRowSchema):
    """An attempt in vain."""

    id = fields.UUID()
    performed_at = fields.AwareDateTime(**titled("时间"))
    reason = fields.String()
    reason_word = InWords(INCIDENTS["attempts"], attribute="reason", **titled("原因"))
    note = fields.String(allow_none=True, **titled("备注"))
    task_id = fields.UUID(allow_none=True)
    officer_name = fields.String(**titled("客户经理"))


class ResetRowSchema(IncidentRowSchema):
    """A place that was given up; ``generation`` is the one that began."""

    generation = fields.Integer()
    reset_at = fields.AwareDateTime(**titled("重置时间"))
    reason = fields.String(**titled("原因"))
    reset_by_name = fields.String(**titled("重置人"))


class ExitRowSchema(IncidentRowSchema):
    """A checkpoint that left."""

    id = fields.UUID()
    effective_on = fields.Date(**titled("生效日期"))
    decided_at = fields.AwareDateTime(**titled("审批时间"))
    status = fields.String()
    exit_type = fields.String()
    exit_type_word = fields.String(**titled("退出类型"))
    reason = fields.String(**titled("原因"))
    proposed_by_name = fields.String(**titled("提出人"))


class AlertRowSchema(Schema):
    """An alert that was raised."""

    id = fields.UUID()
    rule = fields.String()
    title = InWords({rule.code: rule.title for rule in RULES}, attribute="rule", **titled("预警"))
    level = fields.Integer()
    level_word = InWords(ALERT_LEVELS, attribute="level", **titled("预警级别"))
    condition = fields.String()
    condition_word = InWords(ALERT_CONDITIONS, attribute="condition", **titled("预警状态"))
    handling = fields.String()
    handling_word = InWords(ALERT_HANDLINGS, attribute="handling", **titled("处理情况"))
    first_seen_on = fields.Date(**titled("首次触发日"))
    customer_id = fields.UUID()
    customer_name = fields.String(**titled("客户"))
    organisation_name = fields.String(**titled("机构"))
