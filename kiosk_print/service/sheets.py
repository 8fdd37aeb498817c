"""Label sheets: the QR plates of checkpoints on paper (domain.md §0, QR plate)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints import queries as checkpoint_queries
from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint
from inspection_api.core.errors import NotFound
from inspection_api.core.permissions import Action, Permission
from kiosk_print.labels import Label, Layout, render_labels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from inspection_api.core.context import Context

ISSUE = Permission(Action.PLATES, "issue")


def print_labels(ctx: Context, *, checkpoint_ids: Sequence[UUID], layout: str) -> bytes:
    """Return the PDF of the checkpoints' newest plates, in the order asked for; a reprint keeps the QR.

    Raises:
        NotFound: one of the checkpoints is out of scope.
    """
    statement = checkpoint_queries.visible_checkpoints(ctx.actor, ISSUE).where(Checkpoint.id.in_(checkpoint_ids))
    found = {row.id: row for row in ctx.session.scalars(statement)}
    if not found.keys() >= set(checkpoint_ids):
        raise NotFound
    rows = [found[id_] for id_ in dict.fromkeys(checkpoint_ids)]
    labels = [Label(code=row.code, name=row.name, qr_text=checkpoints.qr_text(ctx, row)) for row in rows]
    ctx.record("plate.printed", checkpoint_ids=[str(row.id) for row in rows], layout=layout)
    return render_labels(labels, Layout(layout))
