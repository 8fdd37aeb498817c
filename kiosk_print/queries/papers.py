"""Reads of the kiosk_print slice."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from inspection_api.accounts.models import Organisation, RoleAssignment, UserAccount
from inspection_api.accounts.queries import get_one, in_subtree, valid_on
from inspection_api.core.permissions import Action, Permission, Role
from inspection_api.core.tables import among
from inspection_api.inspections.models import Inspection
from inspection_api.inspections.queries import in_reach
from inspection_api.media.models import Media
from kiosk_print.models import PaperOpinion, PaperPrint, PaperSeries, PaperWindow, PrintTerms, UnlockRequest
from kiosk_print.rules.unlock import MANAGER_LEVELS, Candidate, Level, candidate_level

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Actor

READ = Permission(Action.PAPERS, "read")
READ_UNLOCKS = Permission(Action.UNLOCK, "read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody by name."""

    id: UUID
    name: str


def visible_inspections(actor: Actor, permission: Permission = READ) -> Select[Inspection]:
    """Return the records whose papers the actor reaches with ``permission``: his subtrees and his own."""
    return select(Inspection).where(in_reach(actor, permission))


def get_inspection(session: Session, actor: Actor, inspection_id: UUID, permission: Permission = READ) -> Inspection:
    """Return one record inside that scope.

    Raises:
        NotFound: no such record there.
    """
    return get_one(session, visible_inspections(actor, permission).where(Inspection.id == inspection_id))


def windows_of(
    session: Session, inspection_ids: Iterable[UUID], *, lock: bool = False
) -> dict[UUID, list[PaperWindow]]:
    """Return the windows of papers by number; locked, nobody else prints or unlocks them meanwhile."""
    statement = select(PaperWindow).where(among(PaperWindow.inspection_id, inspection_ids))
    statement = statement.order_by(PaperWindow.inspection_id, PaperWindow.number)
    statement = statement.execution_options(populate_existing=True)
    found: dict[UUID, list[PaperWindow]] = defaultdict(list)
    for window in session.scalars(statement.with_for_update() if lock else statement):
        found[window.inspection_id].append(window)
    return found


def prints(session: Session, inspection_id: UUID) -> Sequence[PaperPrint]:
    """Return a record's prints as they stand now, oldest first."""
    statement = select(PaperPrint).where(PaperPrint.inspection_id == inspection_id)
    statement = statement.order_by(PaperPrint.printed_at, PaperPrint.copy)
    return session.scalars(statement.execution_options(populate_existing=True)).all()


def requests_of(session: Session, inspection_ids: Iterable[UUID]) -> dict[UUID, list[UnlockRequest]]:
    """Return the unlock requests of records, oldest first."""
    statement = select(UnlockRequest).where(among(UnlockRequest.inspection_id, inspection_ids))
    found: dict[UUID, list[UnlockRequest]] = defaultdict(list)
    for request in session.scalars(statement.order_by(UnlockRequest.requested_at)):
        found[request.inspection_id].append(request)
    return found


def find_opinion(session: Session, inspection_id: UUID) -> PaperOpinion | None:
    """Return the superior's opinion that counts, if one was given."""
    statement = select(PaperOpinion).where(
        PaperOpinion.inspection_id == inspection_id, PaperOpinion.voided_at.is_(None)
    )
    return session.scalars(statement).one_or_none()


def opinion_authors(session: Session, inspection_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return who wrote the opinions that count, by record."""
    statement = select(PaperOpinion.inspection_id, PaperOpinion.author_id).where(
        among(PaperOpinion.inspection_id, inspection_ids), PaperOpinion.voided_at.is_(None)
    )
    return {row.inspection_id: row.author_id for row in session.execute(statement)}


def find_print_by_key(session: Session, user_id: UUID, idempotency_key: str) -> PaperPrint | None:
    """Return the print that this user asked for by this key, if there is one."""
    statement = select(PaperPrint).where(
        PaperPrint.printed_by == user_id, PaperPrint.idempotency_key == idempotency_key
    )
    return session.scalars(statement).one_or_none()


def get_print(session: Session, actor: Actor, print_id: UUID, permission: Permission = READ) -> PaperPrint:
    """Return one print of a record that the actor reaches with ``permission``.

    Raises:
        NotFound: no such print there.
    """
    in_scope = visible_inspections(actor, permission).with_only_columns(Inspection.id)
    statement = select(PaperPrint).where(PaperPrint.id == print_id, PaperPrint.inspection_id.in_(in_scope))
    return get_one(session, statement)


def visible_requests(actor: Actor, status: str | None = None) -> Select[UnlockRequest]:
    """Return the unlock requests of the actor's subtrees, of the records he reaches, and those that he made."""
    subtree = in_subtree(UnlockRequest.organisation_id, actor.paths(READ_UNLOCKS))
    reached = UnlockRequest.inspection_id.in_(select(Inspection.id).where(in_reach(actor, READ_UNLOCKS)))
    made = UnlockRequest.requested_by == actor.user_id if actor.user_id is not None else false()
    statement = select(UnlockRequest).where(or_(subtree, reached, made))
    return statement if status is None else statement.where(UnlockRequest.status == status)


def lock_request(session: Session, condition: ColumnElement[bool]) -> UnlockRequest:
    """Return one unlock request, locked until the transaction ends.

    Raises:
        NotFound: none fulfils the condition.
    """
    statement = select(UnlockRequest).where(condition).with_for_update()
    return get_one(session, statement.execution_options(populate_existing=True))


def candidates(session: Session, organisation_ids: Iterable[UUID], day: date) -> dict[UUID, list[Candidate]]:
    """Return who may approve unlocks at each of the organisations or above it, on that day, and at which level."""
    of, above = aliased(Organisation), aliased(Organisation)
    statement = (
        select(of.id, RoleAssignment.user_id, RoleAssignment.role, above.kind)
        .join(above, func.starts_with(of.path, above.path))
        .join(RoleAssignment, RoleAssignment.organisation_id == above.id)
        .join(UserAccount, UserAccount.id == RoleAssignment.user_id)
        .where(among(of.id, set(organisation_ids)), UserAccount.disabled_at.is_(None))
        .where(RoleAssignment.role.in_([*MANAGER_LEVELS, Role.APPROVER]), valid_on(day))
    )
    found: dict[UUID, set[tuple[UUID, Level]]] = defaultdict(set)
    for row in session.execute(statement):
        level = candidate_level(Role(row.role), row.kind)
        if level is not None:
            found[row.id].add((row.user_id, level))
    return defaultdict(
        list,
        {
            id_: [Candidate(user_id=user_id, level=level) for user_id, level in sorted(them)]
            for id_, them in found.items()
        },
    )


def people(session: Session, ids: Iterable[UUID | None]) -> dict[UUID, Person]:
    """Return people by id."""
    wanted = {each for each in ids if each is not None}
    statement = select(UserAccount.id, UserAccount.name).where(UserAccount.id.in_(wanted))
    return {row.id: Person(id=row.id, name=row.name) for row in session.execute(statement)}


def organisation(session: Session, organisation_id: UUID) -> Organisation:
    """Return the organisation that a record belongs to."""
    return session.get_one(Organisation, organisation_id)


def stored_media(session: Session, inspection_id: UUID) -> Counter[str]:
    """Return how many media of each kind are stored."""
    statement = select(Media.kind, func.count().label("number")).where(
        Media.inspection_id == inspection_id, Media.status == "stored"
    )
    return Counter({row.kind: row.number for row in session.execute(statement.group_by(Media.kind))})


def next_sequence(session: Session, organisation_id: UUID, month: str) -> int:
    """Take the next number of an organisation's month; a rollback gives it back, so the series has no gap."""
    statement = (
        insert(PaperSeries)
        .values(organisation_id=organisation_id, month=month, last=1)
        .on_conflict_do_update(index_elements=["organisation_id", "month"], set_={"last": PaperSeries.last + 1})
        .returning(PaperSeries.last)
    )
    return session.execute(statement).scalar_one()


def print_terms(session: Session, path: str) -> PrintTerms | None:
    """Return the terms of the organisation at ``path``, else of the next one above it that has its own."""
    statement = (
        select(PrintTerms)
        .join(Organisation, Organisation.id == PrintTerms.organisation_id)
        .where(func.starts_with(path, Organisation.path))
        .order_by(func.length(Organisation.path).desc())
        .limit(1)
    )
    return session.scalars(statement).first()
