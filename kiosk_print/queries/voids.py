"""Reads about requests to void a print."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import select

from inspection_api.accounts.queries import get_one
from inspection_api.core.tables import among
from inspection_api.inspections.models import Inspection
from kiosk_print.models import PaperPrint, VoidRequest
from kiosk_print.rules.voiding import VoidStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session


def void_requests_of(session: Session, inspection_id: UUID) -> Sequence[VoidRequest]:
    """Return one record's requests to void, oldest first."""
    statement = select(VoidRequest).where(VoidRequest.inspection_id == inspection_id)
    return session.scalars(statement.order_by(VoidRequest.requested_at, VoidRequest.id)).all()


def find_open_void_request(session: Session, number: str) -> VoidRequest | None:
    """Return the open request about a paper's number, if there is one."""
    is_open = (VoidRequest.number == number) & (VoidRequest.status == VoidStatus.PENDING)
    return session.scalar(select(VoidRequest).where(is_open))


def find_void_request_by_key(session: Session, user_id: UUID, key: str) -> VoidRequest | None:
    """Return what this user asked for by this key before."""
    own = (VoidRequest.requested_by == user_id) & (VoidRequest.idempotency_key == key)
    return session.scalar(select(VoidRequest).where(own))


def get_void_request(session: Session, condition: ColumnElement[bool], *, lock: bool = False) -> VoidRequest:
    """Return one request to void as it stands now; locked, nobody else ends it until the transaction ends.

    Raises:
        NotFound: none fulfils the condition.
    """
    statement = select(VoidRequest).where(condition).execution_options(populate_existing=True)
    return get_one(session, statement.with_for_update() if lock else statement)


def void_parties(session: Session, request_ids: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Return who never decides each request, by account: who asked, who inspected, and all who printed the paper."""
    statement = (
        select(VoidRequest.id, VoidRequest.requested_by, Inspection.officer_id, PaperPrint.printed_by)
        .join(Inspection, Inspection.id == VoidRequest.inspection_id)
        .join(PaperPrint, PaperPrint.number == VoidRequest.number)
        .where(among(VoidRequest.id, request_ids))
    )
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for row in session.execute(statement):
        found[row.id] |= {row.requested_by, row.officer_id, row.printed_by}
    return found
