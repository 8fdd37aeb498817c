"""Organisations, users and role assignments."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select, update

from inspection_api.accounts import queries, rules
from inspection_api.accounts.errors import (
    OrganisationClosed,
    OrganisationCodeTaken,
    OrganisationHasChildren,
    UsernameTaken,
)
from inspection_api.accounts.models import Organisation, RoleAssignment, SessionToken, UserAccount
from inspection_api.accounts.service.logins import hash_password
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission, Role
from inspection_api.core.tables import ensure_version

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from inspection_api.core.context import Actor, Context

EDIT_ACCOUNTS = Permission(Action.ACCOUNTS, "edit")


def create_organisation(
    ctx: Context,
    *,
    code: str,
    name: str,
    kind: str,
    parent_id: UUID | None = None,
    id: UUID | None = None,
) -> Organisation:
    """Create an organisation below a parent inside the actor's subtree (the system may create the root).

    Raises:
        NotFound: the parent is out of scope.
        OrganisationKindInvalid: the parent's kind is not above ``kind``.
        OrganisationCodeTaken: the code is used.
        OrganisationClosed: the parent is.
    """
    parent = _parent(ctx, parent_id)
    if parent is not None and parent.closed_on is not None:
        raise OrganisationClosed(fields={"parent_id": OrganisationClosed.title})
    rules.ensure_below(rules.OrganisationKind(kind), rules.OrganisationKind(parent.kind) if parent else None)
    _ensure_code_free(ctx, code)
    path = f"{parent.path if parent else '/'}{code}/"
    values = {"id": id} if id else {}
    organisation = Organisation(code=code, name=name, kind=kind, parent_id=parent_id, path=path, **values)
    ctx.session.add(organisation)
    ctx.session.flush()
    ctx.record("organisation.created", organisation_id=str(organisation.id), kind=kind)
    return organisation


def edit_organisation(
    ctx: Context, organisation_id: UUID, *, version: int, name: str | None = None, kind: str | None = None
) -> Organisation:
    """Give an organisation another name, or another kind, which higher slices react to: its plans are others.

    Raises:
        NotFound: out of scope.
        PreconditionFailed: somebody else edited it since.
        OrganisationKindInvalid: the kind does not lie between its parent's and those of what is open below it.
    """
    scope = _reachable(ctx.actor, EDIT_ACCOUNTS).where(Organisation.id == organisation_id)
    organisation = queries.get_one(ctx.session, scope.with_for_update(of=Organisation))
    ensure_version(organisation, version)
    before = organisation.kind
    organisation.name, organisation.kind = name or organisation.name, kind or before
    _ensure_in_line(ctx, organisation)
    ctx.session.flush()
    ctx.record("organisation.edited", organisation_id=str(organisation.id), was=before, kind=organisation.kind)
    return organisation


def _ensure_in_line(ctx: Context, organisation: Organisation) -> None:
    parent = ctx.session.get_one(Organisation, organisation.parent_id) if organisation.parent_id else None
    kind = rules.OrganisationKind(organisation.kind)
    rules.ensure_below(kind, rules.OrganisationKind(parent.kind) if parent else None)
    below = select(Organisation.kind).where(Organisation.parent_id == organisation.id, Organisation.closed_on.is_(None))
    for child in ctx.session.scalars(below.distinct()):
        rules.ensure_below(rules.OrganisationKind(child), kind)


def close_organisation(ctx: Context, organisation_id: UUID, *, reason: str) -> Organisation:
    """Close an organisation from today on; closing it again changes nothing.

    Raises:
        NotFound: out of scope.
        OrganisationHasChildren: something below it is open. Higher slices refuse, too, while it holds checkpoints.
    """
    scope = _reachable(ctx.actor, EDIT_ACCOUNTS).where(Organisation.id == organisation_id)
    organisation = queries.get_one(ctx.session, scope.with_for_update(of=Organisation))
    below = select(func.count()).where(Organisation.parent_id == organisation.id, Organisation.closed_on.is_(None))
    children = ctx.session.scalars(below).one()
    if children:
        raise OrganisationHasChildren(count=children)
    if organisation.closed_on is None:
        organisation.closed_on = local_day(ctx.now)
        ctx.session.flush()
        ctx.record("organisation.closed", organisation_id=str(organisation.id), reason=reason)
    return organisation


def _ensure_code_free(ctx: Context, code: str) -> None:
    """Refuse a code that is used, in capitals or not: the numbers of prints carry it in capitals."""
    same = func.lower(Organisation.code) == code.lower()
    existing = ctx.session.scalars(select(Organisation.id).where(same)).first()
    if existing is not None:
        raise OrganisationCodeTaken(existing_id=str(existing), fields={"code": OrganisationCodeTaken.title})


def ensure_root(ctx: Context, code: str) -> Organisation:
    """Return the organisation with this code; in a bank that has none yet, create it as the province (for the CLI).

    Raises:
        NotFound: the bank has a tree, and no such code in it.
    """
    if ctx.session.scalars(select(Organisation.id).limit(1)).first() is None:
        return create_organisation(ctx, code=code, name=ctx.bank.name, kind=rules.OrganisationKind.PROVINCE)
    return queries.get_one(ctx.session, select(Organisation).where(Organisation.code == code))


def _parent(ctx: Context, parent_id: UUID | None) -> Organisation | None:
    if parent_id is None and ctx.actor.is_system:
        return None
    return queries.get_one(
        ctx.session, _reachable(ctx.actor, EDIT_ACCOUNTS).where(Organisation.id == parent_id), field="parent_id"
    )


def _ensure_reachable(ctx: Context, organisation_id: UUID) -> None:
    scope = _reachable(ctx.actor, EDIT_ACCOUNTS).where(Organisation.id == organisation_id)
    queries.get_one(ctx.session, scope, field="organisation_id")


def _reachable(actor: Actor, permission: Permission) -> Select[Organisation]:
    return select(Organisation) if actor.is_system else queries.visible_organisations(actor, permission)


def create_user(
    ctx: Context,
    *,
    username: str,
    name: str,
    organisation_id: UUID,
    password: str | None = None,
    password_hash: str | None = None,
    id: UUID | None = None,
) -> UserAccount:
    """Create a user of an organisation inside the actor's subtree; ``password_hash`` serves seeding.

    Raises:
        NotFound: the organisation is out of scope.
        PasswordWeak: the password is too easy.
        UsernameTaken: the name is used.
    """
    _ensure_reachable(ctx, organisation_id)
    if password is not None:
        rules.ensure_strong(password, username)
        password_hash = hash_password(password)
    if ctx.session.scalars(select(UserAccount.id).where(UserAccount.username == username)).first() is not None:
        raise UsernameTaken(fields={"username": UsernameTaken.title})
    values = {"id": id} if id else {}
    user = UserAccount(
        username=username, name=name, organisation_id=organisation_id, password_hash=password_hash or "!", **values
    )
    ctx.session.add(user)
    ctx.session.flush()
    ctx.record("user.created", user_id=str(user.id), organisation_id=str(organisation_id))
    return user


def assign_role(
    ctx: Context,
    user_id: UUID,
    *,
    role: str,
    organisation_id: UUID,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> RoleAssignment:
    """Give a user a role in an organisation, both inside the actor's subtree; counts from the next request on.

    Raises:
        NotFound: user or organisation is out of scope.
        FourEyes: nobody gives himself a role.
    """
    user = _user(ctx, user_id)
    _ensure_reachable(ctx, organisation_id)
    rules.ensure_another_person(ctx.actor, user.id)
    assignment = RoleAssignment(
        user_id=user.id,
        role=Role(role).value,
        organisation_id=organisation_id,
        valid_from=valid_from or local_day(ctx.now),
        valid_to=valid_to,
    )
    ctx.session.add(assignment)
    ctx.session.flush()
    ctx.record("role.assigned", user_id=str(user.id), role=assignment.role, organisation_id=str(organisation_id))
    return assignment


def end_role(ctx: Context, user_id: UUID, assignment_id: UUID) -> None:
    """Take a role away at once (the row stays, ended yesterday, or goes if it never held a whole day).

    Raises:
        NotFound: user or assignment is out of scope.
    """
    user = _user(ctx, user_id)
    statement = select(RoleAssignment).where(RoleAssignment.id == assignment_id, RoleAssignment.user_id == user.id)
    assignment = queries.get_one(ctx.session, statement)
    yesterday = local_day(ctx.now) - timedelta(days=1)
    if assignment.valid_from > yesterday:
        ctx.session.delete(assignment)
    else:
        assignment.valid_to = yesterday
    ctx.record("role.ended", user_id=str(user.id), role=assignment.role)


def disable_user(ctx: Context, user_id: UUID) -> UserAccount:
    """Disable a user: every session of his is dead on the next request (ASVS 7.4.2).

    Raises:
        NotFound: the user is out of scope.
        FourEyes: nobody disables himself.
    """
    user = _user(ctx, user_id)
    rules.ensure_another_person(ctx.actor, user.id)
    user.disabled_at = user.disabled_at or ctx.now
    ctx.session.execute(
        update(SessionToken)
        .where(SessionToken.user_id == user.id, SessionToken.revoked_at.is_(None))
        .values(revoked_at=ctx.now)
    )
    ctx.record("user.disabled", user_id=str(user.id))
    return user


def number_staff(ctx: Context, user_id: UUID, *, staff_number: str | None) -> UserAccount:
    """Write down which person an account is: four eyes count people, not accounts (security.md, abuse 9).

    Raises:
        NotFound: the user is out of scope.
        FourEyes: nobody says so of himself.
    """
    user = _user(ctx, user_id)
    rules.ensure_another_person(ctx.actor, user.id)
    user.staff_number = staff_number
    ctx.session.flush()
    ctx.record("user.numbered", user_id=str(user.id))
    return user


def _user(ctx: Context, user_id: UUID) -> UserAccount:
    scope = select(UserAccount) if ctx.actor.is_system else queries.visible_users(ctx.actor, EDIT_ACCOUNTS)
    return queries.get_one(ctx.session, scope.where(UserAccount.id == user_id))
