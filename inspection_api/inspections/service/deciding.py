"""What people's decisions do to records: a conflict ends, a quarantine ends (domain.md §0, sync.md §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text, update

from inspection_api.core.errors import NotFound
from inspection_api.core.periods import Period
from inspection_api.inspections import rules
from inspection_api.inspections.errors import NotQuarantined
from inspection_api.inspections.models import Inspection
from inspection_api.inspections.rules import Blocker, State
from inspection_api.inspections.service.acceptance import settle
from inspection_api.tasks import queries as task_queries
from inspection_api.templates import queries as template_queries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.inspections.rules import Content

_ACCEPT = text(
    """
    UPDATE inspection
    SET quarantine_codes = '{}', excepted = true,
        media_waived = media_waived OR 'evidence_missing' = ANY (quarantine_codes)
    WHERE id = :id AND state = 'submitted' AND quarantine_codes <> '{}'
    RETURNING id
    """
)
_REFUSE = text(
    """
    UPDATE inspection SET state = 'refused', blockers = '{}'
    WHERE id = :id AND state = 'submitted' AND quarantine_codes <> '{}'
    RETURNING id
    """
)


def find_locked(ctx: Context, inspection_id: UUID) -> Inspection | None:
    """Return a record for a decision, after locking the tasks that it may close and then the record (sync.md §3)."""
    named = select(Inspection.checkpoint_id, Inspection.performed_on).where(Inspection.id == inspection_id)
    seen = ctx.session.execute(named).one_or_none()
    if seen is None:
        return None
    if seen.performed_on is not None:
        days = Period(start=seen.performed_on, end=seen.performed_on)
        task_queries.lock_tasks(ctx.session, days=days, checkpoint_ids=[seen.checkpoint_id])
    statement = select(Inspection).where(Inspection.id == inspection_id).with_for_update(key_share=True)
    return ctx.session.scalars(statement.execution_options(populate_existing=True)).one()


def get_locked(ctx: Context, inspection_id: UUID) -> Inspection:
    """Return a record as `find_locked` does.

    Raises:
        NotFound: there is none.
    """
    record = find_locked(ctx, inspection_id)
    if record is None:
        raise NotFound
    return record


def decide_field(
    ctx: Context, record: Inspection, *, answers: Mapping[str, Any], note: str | None, changes: Mapping[str, Any]
) -> None:
    """Write the content that a decision on one field gives to a locked record, and the field's new last writer.

    Raises:
        AnswersInvalid: the decision makes an answer of a submitted record wrong.
    """
    content: dict[str, Any] = {"answers": dict(answers), "note": note}
    if record.state != State.DRAFT:
        content = columns_of(content_of(ctx, record, answers=answers, note=note))
    values = {**content, "field_versions": {**record.field_versions, **changes}}
    ctx.session.execute(update(Inspection).where(Inspection.id == record.id).values(**values))


def content_of(ctx: Context, record: Inspection, *, answers: Mapping[str, Any], note: str | None) -> Content:
    """Return what the record says with these answers, judged by its own template version.

    Raises:
        AnswersInvalid: an answer is wrong that was not wrong before.
    """
    version = template_queries.versions_by_id(ctx, [record.template_version_id])[record.template_version_id]
    form = version.form.asked_of((record.judgement or {}).get("roles"))
    return rules.decide_content(form, record.answers, answers, note)


def columns_of(content: Content) -> dict[str, Any]:
    """Return the columns of a record that hold its content."""
    return {
        "answers": dict(content.answers),
        "note": content.note,
        "conclusion": content.conclusion,
        "indicators": list(content.indicators),
    }


def end_conflict(ctx: Context, record: Inspection) -> None:
    """Take the conflict away from what blocks a locked record, and accept it if nothing else does."""
    kept = [blocker for blocker in record.blockers if blocker != Blocker.CONFLICT]
    ctx.session.execute(update(Inspection).where(Inspection.id == record.id).values(blockers=kept))
    settle(ctx, [record.id])


def accept_quarantined(ctx: Context, inspection_id: UUID) -> None:
    """Let a quarantined visit count like any other; required media that it never declared are waived.

    Raises:
        NotQuarantined: it does not wait, or no longer.
    """
    _decide(ctx, inspection_id, accepted=True)
    settle(ctx, [inspection_id])


def refuse_quarantined(ctx: Context, inspection_id: UUID) -> None:
    """Keep a quarantined visit for ever as refused; its reasons stay readable.

    Raises:
        NotQuarantined: it does not wait, or no longer.
    """
    _decide(ctx, inspection_id, accepted=False)


def _decide(ctx: Context, inspection_id: UUID, *, accepted: bool) -> None:
    get_locked(ctx, inspection_id)
    statement = _ACCEPT if accepted else _REFUSE
    if ctx.session.execute(statement, {"id": inspection_id}).one_or_none() is None:
        raise NotQuarantined
