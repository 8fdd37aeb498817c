"""Amendments: a submitted record says something else, and what it said before is kept (sync.md §4, domain.md §2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from inspection_api.inspections import rules
from inspection_api.inspections.models import Inspection, InspectionRevision
from inspection_api.inspections.rules import State
from inspection_api.inspections.service.acceptance import record_exit_concluded, settle
from inspection_api.inspections.service.deciding import columns_of, content_of, get_locked
from inspection_api.templates import forms
from inspection_api.templates import queries as template_queries

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.inspections.rules import Amendment


def amend(ctx: Context, amendment: Amendment) -> None:
    """Write an approved amendment (the actor approves it); one that changes nothing leaves the record as it is.

    The event supersedes what was printed and voids the superior's opinion.

    Raises:
        NotFound: there is no such record.
        RecordClosed, RecordLocked: it takes no amendment now.
        AnswersInvalid: the amendment makes an answer wrong.
    """
    record = get_locked(ctx, amendment.inspection_id)
    rules.ensure_amendable(State(record.state), record.print_closes_at, ctx.now)
    version = template_queries.versions_by_id(ctx, [record.template_version_id])[record.template_version_id]
    answers = {**record.answers, **forms.tidied(version.form, amendment.answers)}
    (note,) = amendment.notes or (record.note,)
    content = content_of(ctx, record, answers=answers, note=note)
    if (content.answers, content.note) == (record.answers, record.note):
        return
    number = record.amendments + 1
    _keep(ctx, record, amendment, number)
    values = {**columns_of(content), "amendments": number}
    ctx.session.execute(update(Inspection).where(Inspection.id == record.id).values(**values))
    ctx.record(
        "inspection.amended",
        inspection_id=str(record.id),
        op_id=str(amendment.op_id),
        author_id=str(amendment.author_id),
        number=number,
    )
    if rules.proposes_exit(State(record.state), values["conclusion"]):
        record_exit_concluded(
            ctx, inspection_id=record.id, checkpoint_id=record.checkpoint_id, officer_id=record.officer_id
        )
    settle(ctx, [record.id])


def _keep(ctx: Context, record: Inspection, amendment: Amendment, number: int) -> None:
    """Keep what the record says until now."""
    revision = InspectionRevision(
        inspection_id=record.id,
        number=number,
        answers=record.answers,
        note=record.note,
        conclusion=record.conclusion,
        indicators=record.indicators,
        op_id=amendment.op_id,
        author_id=amendment.author_id,
        approved_by=ctx.user_id,
        amended_at=ctx.now,
    )
    ctx.session.add(revision)
    ctx.session.flush()
