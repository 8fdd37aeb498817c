"""Use cases of the exports slice: book what somebody takes away before he gets it, and set how much that may be.

Every endpoint that gives out people's names by the file books here: only the number of rows of all of them, of one
person and day, tells somebody who works from somebody who leaves (security.md §2, 33).
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """``rows`` of ``content`` that a person wants to take: by which terms, and beside how many of the same day."""

    user_id: UUID
    organisation_id: UUID
    content: str
    rows: int
    home: Organisation
    terms: Terms
    taken: int

    def told(self, **numbers: int) -> dict[str, object]:
        """Return what an event says of it; ``organisation_id`` in it is where the superiors of the person begin."""
        return {
            "taker_id": str(self.user_id),
            "organisation_id": str(self.home.parent_id or self.home.id),
            "exported_organisation_id": str(self.organisation_id),
            "content": self.content,
            "rows": self.rows,
            **numbers,
        }


def ensure_quota(ctx: Context, *, organisation_id: UUID, content: str, rows: int) -> Taking:
    """Refuse ``rows`` more of ``content`` to the acting person, if his day holds no more; requests of his wait here.

    Raises:
        ExportQuotaExceeded: so it is; his superiors hear of it.
    """
    accounts.lock_person(ctx, ctx.user_id)
    home = queries.home_of(ctx.session, ctx.user_id)
    taking = Taking(
        user_id=ctx.user_id,
        organisation_id=organisation_id,
        content=content,
        rows=rows,
        home=home,
        terms=queries.terms_at(ctx.session, home.path),
        taken=queries.rows_taken(ctx.session, ctx.user_id, local_day(ctx.now)),
    )
    if not is_within(taking.terms, taking.taken, rows):
        raise _exceeded(ctx, taking)
    return taking


def _exceeded(ctx: Context, taking: Taking) -> ExportQuotaExceeded:
    taken, daily_rows = taking.taken, taking.terms.daily_rows
    midnight = day_start(local_day(ctx.now) + timedelta(days=1))
    return ExportQuotaExceeded(
        rows=taking.rows,
        taken=taken,
        daily_rows=daily_rows,
        retry_after_s=ceil((midnight - ctx.now).total_seconds()),
        trace=[Trace("export.refused", taking.told(taken=taken, daily_rows=daily_rows))],
    )


def book(ctx: Context, job: Job, taking: Taking, *, reason: str) -> None:
    """Write down what ``job`` will give to the acting person; beyond the terms' ``alert_rows`` superiors are told."""
    booked = PersonalExport(
        job_id=job.id,
        user_id=taking.user_id,
        organisation_id=taking.organisation_id,
        content=taking.content,
        rows=taking.rows,
        reason=reason,
        day=local_day(ctx.now),
        at=ctx.now,
    )
    ctx.session.add(booked)
    ctx.session.flush()
    if is_large(taking.terms, taking.taken, taking.rows):
        told = taking.told(taken=taking.taken + taking.rows, alert_rows=taking.terms.alert_rows)
        ctx.record("export.large", job_id=str(job.id), **told)


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
