"""Reads of the exports slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.accounts.queries import in_subtree, nearest_above
from inspection_api.core.permissions import Action, Permission
from inspection_api.exports.models import ExportTerms, PersonalExport
from inspection_api.exports.rules import Terms
from inspection_api.jobs.models import Job
from inspection_api.jobs.rules import Status

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Actor

EXPORT = Permission(Action.PERSONAL_EXPORT, "export")


def terms_at(session: Session, path: str) -> Terms:
    """Return the terms that hold at an organisation's path: its own, else the next ones above, else the defaults."""
    row = nearest_above(session, ExportTerms, ExportTerms.organisation_id, [path]).get(path)
    return Terms(alert_rows=row.alert_rows, daily_rows=row.daily_rows) if row else Terms()


def home_of(session: Session, user_id: UUID) -> Organisation:
    """Return the organisation where a person belongs."""
    statement = select(Organisation).join(UserAccount, UserAccount.organisation_id == Organisation.id)
    return session.scalars(statement.where(UserAccount.id == user_id)).one()


def rows_taken(session: Session, user_id: UUID, day: date) -> int:
    """Return how many rows a person took on ``day``, and will get; what failed gave him nothing."""
    statement = (
        select(func.coalesce(func.sum(PersonalExport.rows), 0))
        .join(Job, Job.id == PersonalExport.job_id)
        .where(PersonalExport.user_id == user_id, PersonalExport.day == day, Job.status != Status.FAILED)
    )
    return session.scalars(statement).one()


def listed(
    actor: Actor, *, user_id: UUID | None = None, from_: date | None = None, to: date | None = None
) -> Select[*tuple[Any, ...]]:
    """Return what people of the actor's subtrees took away, narrowed to one of them and to days, inclusive."""
    statement = (
        select(
            PersonalExport.job_id,
            PersonalExport.user_id,
            UserAccount.username,
            UserAccount.name.label("user_name"),
            PersonalExport.organisation_id,
            PersonalExport.content,
            PersonalExport.rows,
            PersonalExport.reason,
            PersonalExport.day,
            PersonalExport.at,
            Job.status,
        )
        .join(UserAccount, UserAccount.id == PersonalExport.user_id)
        .join(Job, Job.id == PersonalExport.job_id)
        .where(in_subtree(UserAccount.organisation_id, actor.paths(EXPORT)))
    )
    if user_id is not None:
        statement = statement.where(PersonalExport.user_id == user_id)
    if from_ is not None:
        statement = statement.where(PersonalExport.day >= from_)
    return statement if to is None else statement.where(PersonalExport.day <= to)
