"""What syncs: one row for every operation type that devices push, and one for every entity that they pull.

A later operation type is one row in `OPERATIONS`, a later synced thing one row in `ENTITIES` (sync.md §2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Numeric, func, literal_column, select, true

from checkpoints.models import Checkpoint
from inspection_api.alerts import queries as alerts
from inspection_api.alerts.models import Alert
from inspection_api.core.periods import local_day
from inspection_api.core.tables import among_given, as_text
from inspection_api.customers.models import Customer
from inspection_api.inspections.models import Inspection, InspectionComment
from inspection_api.loans.models import Loan
from inspection_api.notifications.models import InboxItem
from inspection_api.tasks.models import Task, VisitAttempt
from inspection_api.templates.models import Template, TemplateVersion
from kiosk_print.models import PaperPrint, UnlockRequest
from sync import queries
from sync.protocol import envelope, payloads
from sync.protocol.additions import judge_comment, judge_declare, judge_feedback
from sync.protocol.amend import judge_amend
from sync.protocol.bind import judge_bind
from sync.protocol.save import judge_save
from sync.protocol.submit import judge_submit
from sync.protocol.unlock import judge_unlock
from sync.protocol.unmet import judge_unmet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, FromClause, Select, Subquery
    from sqlalchemy.orm import InstrumentedAttribute

    from inspection_api.core.tables import Base


@dataclass(frozen=True, slots=True)
class OperationKind:
    """A type of operation: the decoder of its payload, and the pure function that judges it."""

    payload: msgspec.json.Decoder[Any]
    judge: Callable[..., Any]


OPERATIONS: dict[str, OperationKind] = {
    "alert.feedback": OperationKind(msgspec.json.Decoder(payloads.AlertFeedback), judge_feedback),
    "checkpoint.bind": OperationKind(msgspec.json.Decoder(envelope.Bind), judge_bind),
    "comment.add": OperationKind(msgspec.json.Decoder(payloads.Comment), judge_comment),
    "inspection.amend": OperationKind(msgspec.json.Decoder(payloads.Amend), judge_amend),
    "inspection.save": OperationKind(msgspec.json.Decoder(envelope.Save), judge_save),
    "inspection.submit": OperationKind(msgspec.json.Decoder(envelope.Submit), judge_submit),
    "media.declare": OperationKind(msgspec.json.Decoder(payloads.DeclareMedia), judge_declare),
    "unlock.request": OperationKind(msgspec.json.Decoder(envelope.UnlockRequest), judge_unlock),
    "visit.unmet": OperationKind(msgspec.json.Decoder(payloads.Unmet), judge_unmet),
}


_NONE: ColumnElement[Any] = literal_column("'[]'::json")

SERVER_ONLY = frozenset({"checkpoint", "template", "customer", "loan", "assignment", "plan"})
"""Things that devices receive and never change (sync.md §4): whatever they want with one is not for them."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A synced thing: its table (with ``id`` and ``version``), and the columns that a device receives.

    ``derived`` are members that are lists from elsewhere (columns ``id`` and ``told``; a row without one gets an empty
    list) and change only when the row does. ``only`` is a condition that a row must meet before any device may see it.
    ``finished`` is the condition that nothing has happened to it since a moment, and nothing will: then it need not
    stay on devices for ever.
    """

    model: type[Base]
    columns: tuple[str, ...]
    is_shared: bool = False
    derived: Mapping[str, Subquery] = field(default_factory=dict)
    only: ColumnElement[bool] = field(default_factory=true)
    finished: Callable[[datetime], ColumnElement[bool]] | None = None

    @property
    def table(self) -> FromClause:
        """Return the table that holds the rows."""
        return self.model.__table__

    @property
    def members(self) -> tuple[str, ...]:
        """Return the names of what a device receives of a row."""
        return (*self.columns, *self.derived)

    def rows(self) -> Select[str, int, str]:
        """Return the statement for the rows of the parameter ``ids``: id, version, and what a device receives as JSON.

        PostgreSQL writes the JSON, in a third of the time that Python takes to decode and encode the members.
        """
        table = self.table.c
        columns = (_exact(table[name]).label(name) for name in self.columns)
        derived = (func.coalesce(each.c.told, _NONE).label(name) for name, each in self.derived.items())
        members = select(*columns, *derived).correlate(self.table, *self.derived.values()).lateral("members")
        told = as_text(func.row_to_json(members.table_valued()))
        found = self.table
        for each in self.derived.values():
            found = found.outerjoin(each, each.c.id == table.id)
        statement = select(as_text(table.id), table.version, told).select_from(found.join(members, true()))
        return statement.where(among_given(table.id, "ids"), self.only)


def _exact(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column as JSON tells it: an amount is a string, so that nobody reads it as a float."""
    return as_text(column) if type(column.type) is Numeric else column


def _task_finished(since: datetime) -> ColumnElement[bool]:
    last_day = func.coalesce(Task.performed_on, Task.window_end_on)
    return Task.state.not_in(["pending", "in_progress"]) & (last_day < local_day(since))


def _inspection_finished(since: datetime) -> ColumnElement[bool]:
    last = func.greatest(Inspection.submitted_at, Inspection.accepted_at, Inspection.print_closes_at)
    return Inspection.state.in_(["accepted", "extra", "refused", "voided"]) & (last < since)


def _paper_finished(since: datetime) -> ColumnElement[bool]:
    last = func.greatest(PaperPrint.printed_at, PaperPrint.ended_at)
    return (last < since) & _of_finished_record(PaperPrint.inspection_id, since)


def _unlock_request_finished(since: datetime) -> ColumnElement[bool]:
    return (UnlockRequest.decided_at < since) & _of_finished_record(UnlockRequest.inspection_id, since)


def _of_finished_record(inspection_id: InstrumentedAttribute[UUID], since: datetime) -> ColumnElement[bool]:
    """Return the condition that the record is finished: what belongs to it stays on devices for as long as it does."""
    return inspection_id.in_(select(Inspection.id).where(_inspection_finished(since)))


def _alert_finished(since: datetime) -> ColumnElement[bool]:
    is_decided_long = Alert.handled_at.is_(None) | (Alert.handled_at < since)
    return ~alerts.is_open() & is_decided_long & (Alert.cleared_on < local_day(since))


def _comment_finished(since: datetime) -> ColumnElement[bool]:
    return InspectionComment.at < since


def _attempt_finished(since: datetime) -> ColumnElement[bool]:
    return VisitAttempt.performed_at < since


def _inbox_item_finished(since: datetime) -> ColumnElement[bool]:
    return InboxItem.at < since


ENTITIES: dict[str, Entity] = {
    "customer": Entity(Customer, ("name", "uscc", "contact", "phone", "address")),
    "loan": Entity(Loan, ("customer_id", "contract_no", "amount", "disbursed_on", "matures_on", "five_class")),
    "template": Entity(Template, ("code", "name", "family"), is_shared=True),
    "template_version": Entity(
        TemplateVersion,
        ("template_id", "number", "status", "definition"),
        is_shared=True,
        only=TemplateVersion.status == "published",
    ),
    "checkpoint": Entity(
        Checkpoint,
        (
            "code",
            "public_id",
            "name",
            "kind",
            "customer_id",
            "organisation_id",
            "officer_id",
            "address",
            "state",
            "radius_m",
            "plate_generation",
            "location_generation",
            "location_lon",
            "location_lat",
        ),
        derived={"plates": queries.PLATES, "locations": queries.LOCATIONS},
    ),
    "task": Entity(
        Task,
        (
            "checkpoint_id",
            "customer_id",
            "loan_id",
            "organisation_id",
            "officer_id",
            "template_version_id",
            "kind",
            "period_start",
            "period_end",
            "due_on",
            "window_end_on",
            "state",
            "reason",
        ),
        finished=_task_finished,
    ),
    "inspection": Entity(
        Inspection,
        (
            "task_id",
            "checkpoint_id",
            "template_version_id",
            "state",
            "blockers",
            "quarantine_codes",
            "flags",
            "answers",
            "note",
            "conclusion",
            "performed_at",
            "accepted_at",
            "print_opens_at",
            "print_closes_at",
            "amendments",
        ),
        finished=_inspection_finished,
    ),
    "paper": Entity(
        PaperPrint,
        ("inspection_id", "number", "copy", "status", "window_number", "printed_at", "ended_at"),
        finished=_paper_finished,
    ),
    "unlock_request": Entity(
        UnlockRequest,
        (
            "inspection_id",
            "window_number",
            "requested_by",
            "requested_at",
            "expires_at",
            "reason_code",
            "reason",
            "status",
            "decided_at",
            "decision_reason",
            "days",
        ),
        finished=_unlock_request_finished,
    ),
    "alert": Entity(
        Alert,
        (
            "rule",
            "level",
            "customer_id",
            "subject_date",
            "condition",
            "handling",
            "numbers",
            "first_seen_on",
            "last_seen_on",
            "cleared_on",
            "count",
            "corrected",
            "reason",
            "note",
            "created_at",
        ),
        finished=_alert_finished,
    ),
    "comment": Entity(InspectionComment, ("inspection_id", "author_id", "text", "at"), finished=_comment_finished),
    "visit_attempt": Entity(
        VisitAttempt,
        ("checkpoint_id", "task_id", "officer_id", "reason", "note", "judgement", "performed_at"),
        finished=_attempt_finished,
    ),
    "inbox_item": Entity(
        InboxItem,
        (
            "code",
            "text",
            "asks",
            "target_kind",
            "target_id",
            "inspection_id",
            "checkpoint_id",
            "at",
            "read_at",
            "settled_at",
        ),
        finished=_inbox_item_finished,
    ),
}
