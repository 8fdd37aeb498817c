"""Use cases of the exports slice: book what somebody takes away before he gets it, and set how much that may be.

Every endpoint that gives out people's names by the file books here: only the number of rows of all of them, of one
person and day, tells somebody who works from somebody who leaves (security.md §2, 33).
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one, visible_organisations
from inspection_api.core.events import Trace
from inspection_api.core.periods import day_start, local_day
from inspection_api.core.permissions import Action, Permission
from inspection_api.exports import queries
from inspection_api.exports.errors import ExportQuotaExceeded
from inspection_api.exports.models import ExportTerms, PersonalExport
from inspection_api.exports.rules import Terms, is_large, is_within

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.jobs.models import Job

READ = Permission(Action.CONFIGURATION, "read")
EDIT = Permission(Action.CONFIGURATION, "edit")


def ensure_quota(ctx: Context, *, organisation_id: UUID, content: str, rows: int) -> None:
    """Refuse ``rows`` more of ``content`` to the acting person, if his day holds no more; requests of his wait here.

    Raises:
        ExportQuotaExceeded: so it is; his superiors hear of it.
    """
    accounts.lock_person(ctx, ctx.user_id)
    terms, taken = _terms_and_taken(ctx)
    if not is_within(terms, taken, rows):
        told = _told(ctx, organisation_id, content, rows=rows, taken=taken, daily_rows=terms.daily_rows)
        midnight = day_start(local_day(ctx.now) + timedelta(days=1))
        raise ExportQuotaExceeded(
            rows=rows,
            taken=taken,
            daily_rows=terms.daily_rows,
            retry_after_s=ceil((midnight - ctx.now).total_seconds()),
            trace=[Trace("export.refused", told)],
        )


def book(ctx: Context, job: Job, *, organisation_id: UUID, content: str, rows: int, reason: str) -> None:
    """Write down what ``job`` will give to the acting person; beyond the terms' ``alert_rows`` superiors are told."""
    terms, taken = _terms_and_taken(ctx)
    day = local_day(ctx.now)
    booked = PersonalExport(
        job_id=job.id,
        user_id=ctx.user_id,
        organisation_id=organisation_id,
        content=content,
        rows=rows,
        reason=reason,
        day=day,
        at=ctx.now,
    )
    ctx.session.add(booked)
    ctx.session.flush()
    if is_large(terms, taken, rows):
        told = _told(ctx, organisation_id, content, rows=rows, taken=taken + rows, alert_rows=terms.alert_rows)
        ctx.record("export.large", job_id=str(job.id), **told)


def _terms_and_taken(ctx: Context) -> tuple[Terms, int]:
    home = queries.home_of(ctx.session, ctx.user_id)
    return (
        queries.terms_at(ctx.session, home.path),
        queries.rows_taken(ctx.session, ctx.user_id, local_day(ctx.now)),
    )


def _told(ctx: Context, organisation_id: UUID, content: str, **numbers: int) -> dict[str, object]:
    """Return what the event says; ``organisation_id`` in it is where the superiors of whoever takes it begin."""
    home = queries.home_of(ctx.session, ctx.user_id)
    return {
        "taker_id": str(ctx.user_id),
        "organisation_id": str(home.parent_id or home.id),
        "exported_organisation_id": str(organisation_id),
        "content": content,
        **numbers,
    }


def export_terms(ctx: Context, organisation_id: UUID) -> Terms:
    """Return the terms of an organisation's people.

    Raises:
        NotFound: out of scope.
    """
    scope = visible_organisations(ctx.actor, READ).where(Organisation.id == organisation_id)
    return queries.terms_at(ctx.session, get_one(ctx.session, scope).path)


def put_export_terms(ctx: Context, organisation_id: UUID, *, alert_rows: int, daily_rows: int) -> Terms:
    """Set the terms of an organisation's people, and of those below it that say nothing else, from now on.

    Raises:
        NotFound: out of scope.
    """
    scope = visible_organisations(ctx.actor, EDIT).where(Organisation.id == organisation_id)
    organisation = get_one(ctx.session, scope)
    values = {"alert_rows": alert_rows, "daily_rows": daily_rows}
    ctx.session.merge(ExportTerms(organisation_id=organisation.id, **values))
    ctx.session.flush()
    ctx.record("organisation.export_terms_put", organisation_id=str(organisation.id), **values)
    return Terms(**values)
