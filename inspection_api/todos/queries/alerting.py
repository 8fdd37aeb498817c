"""Alerts that wait for their review (domain.md §5.5, §5.6)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select

from inspection_api.alerts.models import Alert
from inspection_api.alerts.rules import RULE_OF_CODE, UP_TO_WARNING, Handling, Level
from inspection_api.alerts.rules.escalation import REVIEWED_WITHIN, review_due_by
from inspection_api.core.permissions import Action, Permission
from inspection_api.todos.queries.kind import Kind, columns
from inspection_api.todos.rules import Decision, Facts, Outlook, roles_with

if TYPE_CHECKING:
    from inspection_api.calendars.rules import Calendar
    from inspection_api.core.context import Context
    from inspection_api.todos.queries.kind import Rows
    from inspection_api.todos.rules import Foresight

REVIEWERS = roles_with(Permission(Action.ALERT_REVIEW, "review"))
_ABOUT = {level: timedelta(days=term.workdays, hours=term.hours) for level, term in REVIEWED_WITHIN.items()}
_ABOVE = {Level.NOTICE: "支行", Level.WARNING: "支行、分行", Level.SUSPICIOUS: "分行、省行"}
_WAITING = [Handling.NEW.value, Handling.FALSE_ALARM_PROPOSED.value]


def _foresight(level: Level) -> Foresight:
    def foresee(facts: Facts, calendar: Calendar) -> Outlook:
        return Outlook(due_at=review_due_by(level, facts.since, calendar), if_nothing="overdue")

    return foresee


def _rows(level: Level, _ctx: Context) -> Rows:
    return select(
        *columns(
            id=Alert.id,
            organisation_id=Alert.organisation_id,
            customer_id=Alert.customer_id,
            since=Alert.created_at,
            due=Alert.created_at + _ABOUT[level],
            note=Alert.rule,
            barred=[Alert.proposed_by],
        )
    ).where(Alert.level == level, Alert.handling.in_(_WAITING))


def _kind(level: Level, word: str) -> Kind:
    return Kind(
        code=f"alert_{level.name.lower()}",
        title=f"预警待复核（{word}）",
        roles=REVIEWERS - UP_TO_WARNING if level > Level.WARNING else REVIEWERS,
        rows=partial(_rows, level),
        foresee=_foresight(level),
        if_nothing={"overdue": f"到期未复核，计为复核超时，上报{_ABOVE[level]}，预警保持待处理"},
        decisions=(
            Decision(code="confirm", label="确认", path="/api/v1/alerts/{id}/confirm"),
            Decision(code="false_alarm", label="误报", path="/api/v1/alerts/{id}/false-alarm", asks=("reason",)),
        ),
        notes={code: rule.title for code, rule in RULE_OF_CODE.items()},
    )


ALERTS = (_kind(Level.SUSPICIOUS, "可疑"), _kind(Level.WARNING, "预警"), _kind(Level.NOTICE, "关注"))
