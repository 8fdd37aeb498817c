"""What syncs: one row for every operation type that devices push, and one for every entity that they pull.

A later operation type is one row in `OPERATIONS`, a later synced thing one row in `ENTITIES` (sync.md §2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import ColumnElement, select

from checkpoints.models import Checkpoint
from inspection_api.customers.models import Customer
from inspection_api.inspections.models import Inspection
from inspection_api.loans.models import Loan
from inspection_api.tasks.models import Task
from inspection_api.templates.models import TemplateVersion
from kiosk_print.models import UnlockRequest
from sync.protocol import envelope
from sync.protocol.bind import judge_bind
from sync.protocol.save import judge_save
from sync.protocol.submit import judge_submit
from sync.protocol.unlock import judge_unlock

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Select


@dataclass(frozen=True, slots=True)
class OperationKind:
    """A type of operation: the decoder of its payload, and the pure function that judges it."""

    payload: msgspec.json.Decoder[Any]
    judge: Callable[..., Any]


OPERATIONS: dict[str, OperationKind] = {
    "checkpoint.bind": OperationKind(msgspec.json.Decoder(envelope.Bind), judge_bind),
    "inspection.save": OperationKind(msgspec.json.Decoder(envelope.Save), judge_save),
    "inspection.submit": OperationKind(msgspec.json.Decoder(envelope.Submit), judge_submit),
    "unlock.request": OperationKind(msgspec.json.Decoder(envelope.UnlockRequest), judge_unlock),
}


@dataclass(frozen=True, slots=True)
class Entity:
    """A synced thing: its table's key and version, and the columns that a device receives."""

    id: ColumnElement[Any]
    version: ColumnElement[Any]
    columns: tuple[ColumnElement[Any], ...]
    is_shared: bool = False

    def rows(self, ids: list[Any]) -> Select[Any]:
        """Return the rows of ``ids``, key and version first."""
        return select(self.id.label("_id"), self.version.label("_version"), *self.columns).where(self.id.in_(ids))


ENTITIES: dict[str, Entity] = {
    "customer": Entity(
        Customer.id,
        Customer.version,
        (Customer.name, Customer.uscc, Customer.contact, Customer.phone, Customer.address),
    ),
    "loan": Entity(
        Loan.id,
        Loan.version,
        (
            Loan.customer_id,
            Loan.contract_no,
            Loan.amount,
            Loan.disbursed_on,
            Loan.matures_on,
            Loan.five_class,
        ),
    ),
    "checkpoint": Entity(
        Checkpoint.id,
        Checkpoint.version,
        (
            Checkpoint.code,
            Checkpoint.public_id,
            Checkpoint.name,
            Checkpoint.kind,
            Checkpoint.customer_id,
            Checkpoint.organisation_id,
            Checkpoint.officer_id,
            Checkpoint.address,
            Checkpoint.state,
            Checkpoint.radius_m,
            Checkpoint.plate_generation,
            Checkpoint.location_generation,
            Checkpoint.location_lon,
            Checkpoint.location_lat,
        ),
    ),
    "template_version": Entity(
        TemplateVersion.id,
        TemplateVersion.version,
        (TemplateVersion.template_id, TemplateVersion.number, TemplateVersion.status, TemplateVersion.definition),
        is_shared=True,
    ),
    "task": Entity(
        Task.id,
        Task.version,
        (
            Task.checkpoint_id,
            Task.customer_id,
            Task.loan_id,
            Task.organisation_id,
            Task.officer_id,
            Task.template_version_id,
            Task.kind,
            Task.period_start,
            Task.period_end,
            Task.due_on,
            Task.window_end_on,
            Task.state,
            Task.reason,
        ),
    ),
    "inspection": Entity(
        Inspection.id,
        Inspection.version,
        (
            Inspection.task_id,
            Inspection.checkpoint_id,
            Inspection.template_version_id,
            Inspection.state,
            Inspection.blockers,
            Inspection.quarantine_codes,
            Inspection.flags,
            Inspection.answers,
            Inspection.note,
            Inspection.conclusion,
            Inspection.performed_at,
            Inspection.accepted_at,
            Inspection.print_opens_at,
            Inspection.print_closes_at,
        ),
    ),
    "unlock_request": Entity(
        UnlockRequest.id,
        UnlockRequest.version,
        (UnlockRequest.inspection_id, UnlockRequest.state, UnlockRequest.reason_code, UnlockRequest.decided_at),
    ),
}
