"""Reads of the accounts slice, and the two conditions by which every slice scopes its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, Text, and_, cast, false, func, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.orm import aliased

from inspection_api.accounts.models import AccessGrant, Device, Organisation, RoleAssignment, SessionToken, UserAccount
from inspection_api.accounts.rules import DEVICE_ROLES, DeviceKind
from inspection_api.core.context import Actor, Assignment
from inspection_api.core.errors import NotFound
from inspection_api.core.permissions import Action, Permission, Reach, Role, reach
from inspection_api.core.tables import among

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import BindParameter, Row, Select
    from sqlalchemy.orm import InstrumentedAttribute, Session

T = TypeVar("T")

READ_ACCOUNTS = Permission(Action.ACCOUNTS, "read")


def in_subtree(column: InstrumentedAttribute[UUID], paths: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that ``column`` (an organisation's id) lies at or below one of ``paths``."""
    if not paths:
        return false()
    below = or_(*(Organisation.path.startswith(path, autoescape=True) for path in paths))
    return column.in_(select(Organisation.id).where(below))


def granted(
    column: InstrumentedAttribute[UUID], entity: str, actor: Actor, permission: Permission
) -> ColumnElement[bool]:
    """Return the condition that the actor holds a grant on the row whose id is ``column``, and may use it.

    A grant carries what his roles may do with what is his own; whoever has changed to another role keeps nothing.
    """
    if actor.user_id is None or not actor.may_own(permission):
        return false()
    return held_by(column, entity, actor.user_id)


def held_by(column: InstrumentedAttribute[UUID], entity: str, user: UUID | BindParameter[UUID]) -> ColumnElement[bool]:
    """Return the condition that ``user`` (a value, or one that is given later) holds a grant on the row ``column``."""
    return column.in_(select(AccessGrant.entity_id).where(AccessGrant.user_id == user, AccessGrant.entity == entity))


def visible(model: Any, entity: str, actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return the scope of ``actor`` over ``model`` (columns ``id``, ``organisation_id``): role subtree ∪ grants."""
    in_scope = in_subtree(model.organisation_id, actor.paths(permission))
    return or_(in_scope, granted(model.id, entity, actor, permission))


def visible_organisations(actor: Actor, permission: Permission = READ_ACCOUNTS) -> Select[Organisation]:
    """Return the organisations inside the actor's subtrees."""
    return select(Organisation).where(in_subtree(Organisation.id, actor.paths(permission)))


def visible_users(actor: Actor, permission: Permission = READ_ACCOUNTS) -> Select[UserAccount]:
    """Return the users who belong inside the actor's subtrees."""
    return select(UserAccount).where(in_subtree(UserAccount.organisation_id, actor.paths(permission)))


def visible_devices(actor: Actor, permission: Permission = READ_ACCOUNTS) -> Select[Device]:
    """Return the devices of the actor's subtrees, and his own."""
    own = Device.user_id == actor.user_id if actor.user_id is not None else false()
    return select(Device).where(or_(in_subtree(Device.organisation_id, actor.paths(permission)), own))


def organisations_of(actor: Actor, *, kind: str | None = None, parent_id: UUID | None = None) -> Select[Organisation]:
    """Return the organisations at or below any role of the actor, narrowed."""
    statement = select(Organisation).where(in_subtree(Organisation.id, [held.path for held in actor.assignments]))
    if kind is not None:
        statement = statement.where(Organisation.kind == kind)
    return statement if parent_id is None else statement.where(Organisation.parent_id == parent_id)


def users_of(actor: Actor, organisation_id: UUID | None = None) -> Select[UserAccount]:
    """Return the users of the actor's subtrees, or of one organisation there."""
    statement = visible_users(actor)
    return statement if organisation_id is None else statement.where(UserAccount.organisation_id == organisation_id)


def devices_of(
    actor: Actor, *, status: str | None = None, user_id: UUID | None = None, beside: UUID | None = None
) -> Select[Device]:
    """Return the actor's own devices and those of his subtrees, narrowed; ``beside`` a device: to its owner's."""
    statement = visible_devices(actor)
    if user_id is not None:
        statement = statement.where(Device.user_id == user_id)
    if beside is not None:
        owner = statement.with_only_columns(Device.user_id).where(Device.id == beside)
        statement = statement.where(or_(Device.id == beside, Device.user_id.in_(owner)))
    return statement if status is None else statement.where(Device.status == status)


def sessions_of(actor: Actor, now: datetime) -> Select[Any]:
    """Return the sessions of the acting user that are still good; ``is_current`` marks the one that he acts in."""
    current = (SessionToken.id == actor.session_id).label("is_current")
    columns: tuple[Any, ...] = (
        SessionToken.id,
        SessionToken.agent,
        SessionToken.created_at,
        SessionToken.expires_at,
        current,
    )
    return select(*columns).where(*live(actor, now))


def live(actor: Actor, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a session of the acting user that is neither revoked nor expired."""
    return (SessionToken.user_id == actor.user_id, SessionToken.revoked_at.is_(None), SessionToken.expires_at > now)


def find_user_of(session: Session, actor: Actor) -> UserAccount | None:
    """Return the account of the acting user; None for a machine, which has none."""
    return session.get(UserAccount, actor.user_id) if actor.user_id is not None else None


def get_one(session: Session, statement: Select[T], *, field: str | None = None) -> T:
    """Return the only row of ``statement``; ``field`` is the input that names it, unless the path does.

    Raises:
        NotFound: none, which out of scope looks like.
    """
    row = session.scalars(statement).one_or_none()
    if row is None:
        raise NotFound(fields={field: NotFound.title} if field else None)
    return row


_ACTOR = text(
    """
    SELECT s.id AS session_id, s.user_id, s.device_id, s.installation_id, d.kind AS device_kind,
           d.organisation_id AS device_organisation_id, o.path AS device_path,
           r.role, r.organisation_id, ro.path
    FROM session_token s
    LEFT JOIN user_account u ON u.id = s.user_id
    LEFT JOIN device d ON d.id = s.device_id
    LEFT JOIN organisation o ON o.id = d.organisation_id
    LEFT JOIN role_assignment r ON r.user_id = s.user_id
         AND r.valid_from <= :day AND (r.valid_to IS NULL OR r.valid_to >= :day)
    LEFT JOIN organisation ro ON ro.id = r.organisation_id
    WHERE s.secret_hash = :secret_hash AND s.revoked_at IS NULL
      AND (s.expires_at IS NULL OR s.expires_at > :now)
      AND (s.user_id IS NULL OR u.disabled_at IS NULL)
      AND (s.device_id IS NULL OR d.status = 'approved')
    """
)


def find_actor(session: Session, secret_hash: bytes, now: datetime, day: date) -> Actor | None:
    """Return who holds the session with this secret's hash, in one query, or None where it counts no more."""
    rows = session.execute(_ACTOR, {"secret_hash": secret_hash, "now": now, "day": day}).all()
    if not rows:
        return None
    first = rows[0]
    return Actor(
        user_id=first.user_id,
        device_id=first.device_id,
        session_id=first.session_id,
        installation_id=first.installation_id,
        assignments=_machine_role(first) if first.device_id else _roles(rows),
    )


def _machine_role(row: Any) -> tuple[Assignment, ...]:
    role = DEVICE_ROLES[DeviceKind(row.device_kind)]
    return (Assignment(role=role, organisation_id=row.device_organisation_id, path=row.device_path),)


def _roles(rows: Sequence[Any]) -> tuple[Assignment, ...]:
    return tuple(
        Assignment(role=Role(row.role), organisation_id=row.organisation_id, path=row.path) for row in rows if row.role
    )


def assignments_on(session: Session, user_ids: Iterable[UUID], day: date) -> dict[UUID, tuple[Assignment, ...]]:
    """Return each user's role assignments that are valid on ``day``."""
    statement = (
        select(RoleAssignment.user_id, RoleAssignment.role, RoleAssignment.organisation_id, Organisation.path)
        .join(Organisation, Organisation.id == RoleAssignment.organisation_id)
        .where(RoleAssignment.user_id.in_(list(user_ids)), valid_on(day))
    )
    found: dict[UUID, tuple[Assignment, ...]] = {}
    for user_id, role, organisation_id, path in session.execute(statement):
        held = Assignment(role=Role(role), organisation_id=organisation_id, path=path)
        found[user_id] = (*found.get(user_id, ()), held)
    return found


def accounts_of_same_people(session: Session, user_ids: Iterable[UUID]) -> dict[UUID, frozenset[UUID]]:
    """Return for each user his own id and those of the other accounts with his staff number."""
    ids = set(user_ids)
    other = aliased(UserAccount)
    statement = (
        select(UserAccount.id, other.id.label("other_id"))
        .join(other, other.staff_number == UserAccount.staff_number)
        .where(among(UserAccount.id, ids))
    )
    found: dict[UUID, set[UUID]] = {id_: {id_} for id_ in ids}
    for row in session.execute(statement):
        found[row.id].add(row.other_id)
    return {id_: frozenset(them) for id_, them in found.items()}


def installation_of(session: Session, device_id: UUID | None) -> UUID | None:
    """Return the browser or program that enrolled a device; None: not known, or there is no device."""
    return session.scalar(select(Device.installation_id).where(Device.id == device_id))


def last_day_with(session: Session, user_id: UUID, permission: Permission) -> date | None:
    """Return the last day on which a role of the user reached ``permission``, None if none ever did.

    Meant for a user who has no such role today: a role without an end would still hold.
    """
    roles = [role.value for role in Role if reach(role, permission) is not Reach.NONE]
    statement = select(func.max(RoleAssignment.valid_to))
    return session.scalar(statement.where(RoleAssignment.user_id == user_id, RoleAssignment.role.in_(roles)))


def names_of(session: Session, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return what people are called, by id."""
    people = select(UserAccount.id, UserAccount.name).where(among(UserAccount.id, ids))
    return {row.id: row.name for row in session.execute(people)}


def roles_held(session: Session, user_ids: Iterable[UUID]) -> Sequence[Row[UUID, str, date, date | None]]:
    """Return every role that these users were ever given, with its first and its last day (None: without an end)."""
    columns = (RoleAssignment.user_id, RoleAssignment.role, RoleAssignment.valid_from, RoleAssignment.valid_to)
    return session.execute(select(*columns).where(among(RoleAssignment.user_id, user_ids))).all()


def valid_on(day: date) -> ColumnElement[bool]:
    """Return the condition that a role assignment holds on ``day``."""
    ends = or_(RoleAssignment.valid_to.is_(None), RoleAssignment.valid_to >= day)
    return and_(RoleAssignment.valid_from <= day, ends)


def organisation_paths(session: Session, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the path of each organisation, by id."""
    statement = select(Organisation.id, Organisation.path).where(Organisation.id.in_(list(ids)))
    return {row.id: row.path for row in session.execute(statement)}


def nearest_above(
    session: Session, model: type[T], owner: InstrumentedAttribute[UUID], paths: Iterable[str]
) -> dict[str, T]:
    """Return which row of ``model`` holds at paths: that whose ``owner`` is there, else the next one's above."""
    place = select(func.unnest(cast(list(paths), ARRAY(Text))).label("path")).subquery()
    statement = (
        select(place.c.path, model)
        .join(Organisation, func.starts_with(place.c.path, Organisation.path))
        .join(model, owner == Organisation.id)
        .ext(distinct_on(place.c.path))
        .order_by(place.c.path, func.length(Organisation.path).desc())
    )
    return dict(session.execute(statement).all())


def name_of(session: Session, user_id: UUID | None) -> str | None:
    """Return a user's name, None for nobody."""
    return session.scalar(select(UserAccount.name).where(UserAccount.id == user_id)) if user_id else None
