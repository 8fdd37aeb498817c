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
from inspection_api.core.errors import NotFound
from inspection_api.core.permissions import Action, Permission, Role
from inspection_api.core.tables import among
from inspection_api.inspections.models import Inspection
from inspection_api.inspections.queries import in_reach
from inspection_api.media.models import Media
from kiosk_print.models import PaperOpinion, PaperPrint, PaperSeries, PaperWindow, UnlockRequest
from kiosk_print.rules.unlock import MANAGER_LEVELS, Candidate, Level, candidate_level

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
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


def lock_inspections(
    session: Session, actor: Actor, inspection_ids: Iterable[UUID], permission: Permission
) -> dict[UUID, Inspection]:
    """Return those of the records inside that scope, as they stand now: nobody amends or voids them meanwhile."""
    statement = visible_inspections(actor, permission).where(among(Inspection.id, inspection_ids))
    statement = statement.order_by(Inspection.id).with_for_update(of=Inspection, key_share=True)
    rows = session.scalars(statement.execution_options(populate_existing=True))
    return {row.id: row for row in rows}


def lock_inspection(session: Session, actor: Actor, inspection_id: UUID, permission: Permission) -> Inspection:
    """Return one of them.

    Raises:
        NotFound: no such record there.
    """
    try:
        return lock_inspections(session, actor, [inspection_id], permission)[inspection_id]
    except KeyError:
        raise NotFound from None


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


def prints_of(session: Session, inspection_ids: Iterable[UUID]) -> dict[UUID, list[PaperPrint]]:
    """Return the prints of records as they stand now, oldest first."""
    statement = select(PaperPrint).where(among(PaperPrint.inspection_id, inspection_ids))
    statement = statement.order_by(PaperPrint.printed_at, PaperPrint.copy).execution_options(populate_existing=True)
    found: dict[UUID, list[PaperPrint]] = defaultdict(list)
    for row in session.scalars(statement):
        found[row.inspection_id].append(row)
    return found


def prints(session: Session, inspection_id: UUID) -> Sequence[PaperPrint]:
    """Return one record's prints as they stand now, oldest first."""
    return prints_of(session, [inspection_id])[inspection_id]


def requests_of(session: Session, inspection_ids: Iterable[UUID]) -> dict[UUID, list[UnlockRequest]]:
    """Return the unlock requests of records, oldest first."""
    statement = select(UnlockRequest).where(among(UnlockRequest.inspection_id, inspection_ids))
    found: dict[UUID, list[UnlockRequest]] = defaultdict(list)
    for request in session.scalars(statement.order_by(UnlockRequest.requested_at)):
        found[request.inspection_id].append(request)
    return found


def opinions_of(session: Session, inspection_ids: Iterable[UUID]) -> dict[UUID, PaperOpinion]:
    """Return the superior's opinions that count, by record; those without one are missing."""
    counts = among(PaperOpinion.inspection_id, inspection_ids) & PaperOpinion.voided_at.is_(None)
    return {row.inspection_id: row for row in session.scalars(select(PaperOpinion).where(counts))}


def find_opinion(session: Session, inspection_id: UUID) -> PaperOpinion | None:
    """Return the superior's opinion on a record that counts, if one was given."""
    return opinions_of(session, [inspection_id]).get(inspection_id)


def opinion_authors(session: Session, inspection_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return who wrote the opinions that count, by record."""
    statement = select(PaperOpinion.inspection_id, PaperOpinion.author_id).where(
        among(PaperOpinion.inspection_id, inspection_ids), PaperOpinion.voided_at.is_(None)
    )
    return {row.inspection_id: row.author_id for row in session.execute(statement)}


def prints_by_key(session: Session, user_id: UUID, keys: Iterable[str]) -> dict[str, PaperPrint]:
    """Return the prints that this user asked for by these keys, as far as there are any."""
    own = select(PaperPrint).where(PaperPrint.printed_by == user_id, PaperPrint.idempotency_key.in_(keys))
    return {row.idempotency_key: row for row in session.scalars(own.execution_options(populate_existing=True))}


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


def candidates(
    session: Session,
    organisation_ids: Iterable[UUID],
    day: date,
    roles: Collection[Role] = (*MANAGER_LEVELS, Role.APPROVER),
) -> dict[UUID, list[Candidate]]:
    """Return who holds one of ``roles`` at each of the organisations or above it, on that day, and at which level.

    Without ``roles`` they are those who may approve unlocks.
    """
    of, above = aliased(Organisation), aliased(Organisation)
    statement = (
        select(of.id, RoleAssignment.user_id, RoleAssignment.role, above.kind)
        .join(above, func.starts_with(of.path, above.path))
        .join(RoleAssignment, RoleAssignment.organisation_id == above.id)
        .join(UserAccount, UserAccount.id == RoleAssignment.user_id)
        .where(among(of.id, set(organisation_ids)), UserAccount.disabled_at.is_(None))
        .where(RoleAssignment.role.in_(roles), valid_on(day))
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
    """Return people by id, in the order of their names."""
    wanted = {each for each in ids if each is not None}
    statement = select(UserAccount.id, UserAccount.name).where(UserAccount.id.in_(wanted))
    statement = statement.order_by(UserAccount.name, UserAccount.id)
    return {row.id: Person(id=row.id, name=row.name) for row in session.execute(statement)}


def organisation(session: Session, organisation_id: UUID) -> Organisation:
    """Return the organisation that a record belongs to."""
    return session.get_one(Organisation, organisation_id)


def organisations(session: Session, ids: Iterable[UUID]) -> dict[UUID, Organisation]:
    """Return organisations by id."""
    return {row.id: row for row in session.scalars(select(Organisation).where(among(Organisation.id, ids)))}


def stored_media(session: Session, inspection_ids: Iterable[UUID]) -> dict[UUID, Counter[str]]:
    """Return how many media of each kind are stored, by record."""
    statement = select(Media.inspection_id, Media.kind, func.count().label("number")).where(
        among(Media.inspection_id, inspection_ids), Media.status == "stored"
    )
    found: dict[UUID, Counter[str]] = defaultdict(Counter)
    for row in session.execute(statement.group_by(Media.inspection_id, Media.kind)):
        found[row.inspection_id][row.kind] = row.number
    return found


def take_numbers(session: Session, wanted: Mapping[UUID, int], month: str) -> dict[UUID, int]:
    """Take so many numbers of each organisation's month, and return the last of each.

    A rollback gives them back, so the series has no gap. The rows are locked in the order of their ids.
    """
    rows = [{"organisation_id": id_, "month": month, "last": wanted[id_]} for id_ in sorted(wanted)]
    statement = insert(PaperSeries).values(rows)
    more = PaperSeries.last + statement.excluded.last
    statement = statement.on_conflict_do_update(index_elements=["organisation_id", "month"], set_={"last": more})
    taken = session.execute(statement.returning(PaperSeries.organisation_id, PaperSeries.last))
    return {row.organisation_id: row.last for row in taken}
