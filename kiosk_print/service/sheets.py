"""Label sheets: the QR plates of checkpoints on paper, a few at once or an organisation's as a job (domain.md §0)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select

from checkpoints import queries as checkpoint_queries
from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint
from checkpoints.rules.lifecycle import State
from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one, visible_organisations
from inspection_api.core.errors import NotFound
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.typesetting import join
from inspection_api.customers.queries import at_or_below
from inspection_api.jobs import service as jobs
from kiosk_print.errors import NothingToPrint, TooManyLabels
from kiosk_print.labels import Label, Layout, Picture, draw_plate, render_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded
    from inspection_api.jobs.models import Job

ISSUE = Permission(Action.PLATES, "issue")
PDF = "application/pdf"
LABEL_SHEETS = "label_sheets"
MOST_LABELS = 20_000
AT_ONCE = 300
"""How many labels one step of a job renders: about a second, and whole pages of the grid."""


def print_labels(ctx: Context, *, checkpoint_ids: Sequence[UUID], layout: str) -> bytes:
    """Return the PDF of the checkpoints' newest plates, in the order asked for; a reprint keeps the QR.

    Raises:
        NotFound: one of the checkpoints is out of scope.
    """
    statement = checkpoint_queries.visible_checkpoints(ctx.actor, ISSUE).where(Checkpoint.id.in_(checkpoint_ids))
    found = {row.id: row for row in ctx.session.scalars(statement)}
    if not found.keys() >= set(checkpoint_ids):
        raise NotFound
    return _rendered(ctx, [found[id_] for id_ in dict.fromkeys(checkpoint_ids)], layout)


def picture_plate(ctx: Context, checkpoint_id: UUID, picture: Picture) -> tuple[Checkpoint, bytes]:
    """Return a checkpoint and its newest plate as a picture, for whoever makes plates; who fetched it is recorded.

    Raises:
        NotFound: the checkpoint is out of scope.
    """
    statement = checkpoint_queries.visible_checkpoints(ctx.actor, ISSUE).where(Checkpoint.id == checkpoint_id)
    row = get_one(ctx.session, statement)
    ctx.record("plate.printed", checkpoint_ids=[str(row.id)], layout=picture.value)
    return row, draw_plate(_label(ctx, row), picture)


def request_label_sheets(ctx: Context, *, organisation_id: UUID, layout: str) -> Job:
    """Ask for the label sheets of all checkpoints in force of an organisation and below it.

    Raises:
        NotFound: the organisation is out of scope.
        NothingToPrint: it has no checkpoint in force. TooManyLabels: it has too many for one file.
        TooManyJobs: the user waits for enough of them.
    """
    scope = visible_organisations(ctx.actor, ISSUE).where(Organisation.id == organisation_id)
    get_one(ctx.session, scope, field="organisation_id")
    amount = _count(ctx, _labelled(ctx, organisation_id))
    if not amount:
        raise NothingToPrint
    if amount > MOST_LABELS:
        raise TooManyLabels(labels=amount, max_labels=MOST_LABELS)
    return jobs.request(ctx, LABEL_SHEETS, organisation_id=str(organisation_id), layout=layout)


def on_label_sheets_due(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``job.label_sheets``: render the next labels of the job."""
    jobs.advance(ctx, events, _print_some)


def _print_some(work: jobs.Work) -> jobs.Step:
    """Render the labels behind the last step's, by code; behind the last label join the parts to one PDF."""
    ctx, layout = work.ctx, work.arguments["layout"]
    done, after = work.state.get("done", 0), work.state.get("after", "")
    ahead = _labelled(ctx, UUID(work.arguments["organisation_id"])).where(Checkpoint.code > after)
    rows = ctx.session.scalars(ahead.order_by(Checkpoint.code).limit(AT_ONCE)).all()
    if not rows:
        work.stash_file(lambda file: join(map(work.read_part, range(work.parts)), file))
        return jobs.Step(done=done, total=done, parts=work.parts, file=jobs.File(name="labels.pdf", mime=PDF))
    left = _count(ctx, ahead)
    work.stash_part(work.parts, lambda file: file.write(_rendered(ctx, rows, layout)))
    return jobs.Step(
        done=done + len(rows),
        total=done + left,
        state={"done": done + len(rows), "after": rows[-1].code},
        parts=work.parts + 1,
    )


def _labelled(ctx: Context, organisation_id: UUID) -> Select[Checkpoint]:
    return checkpoint_queries.visible_checkpoints(ctx.actor, ISSUE).where(
        at_or_below(Checkpoint.organisation_id, organisation_id),
        Checkpoint.state != State.EXITED,
        Checkpoint.archived_at.is_(None),
    )


def _count(ctx: Context, statement: Select[Checkpoint]) -> int:
    return ctx.session.scalars(select(func.count()).select_from(statement.subquery())).one()


def _rendered(ctx: Context, rows: Sequence[Checkpoint], layout: str) -> bytes:
    labels = [_label(ctx, row) for row in rows]
    ctx.record("plate.printed", checkpoint_ids=[str(row.id) for row in rows], layout=layout)
    return render_labels(labels, Layout(layout))


def _label(ctx: Context, row: Checkpoint) -> Label:
    return Label(code=row.code, name=row.name, qr_text=checkpoints.qr_text(ctx, row))
