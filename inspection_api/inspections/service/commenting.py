"""Comments on records: they are only ever added (sync.md §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.postgresql import insert

from inspection_api.accounts import service as accounts
from inspection_api.inspections.models import InspectionComment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context


def comment(ctx: Context, rows: Sequence[dict[str, Any]]) -> None:
    """Add comments, and give them to their authors and to the records' officers; the same row again is harmless.

    ``rows`` have ``id``, ``inspection_id``, ``author_id``, ``text``, and ``officer_id`` of the record.
    """
    if not rows:
        return
    columns = ("id", "inspection_id", "author_id", "text")
    values = [{**{name: row[name] for name in columns}, "at": ctx.now} for row in rows]
    ctx.session.execute(insert(InspectionComment).on_conflict_do_nothing(), values)
    readers = [(row[name], "comment", row["id"]) for row in rows for name in ("author_id", "officer_id")]
    accounts.grant(ctx, readers)
    for row in rows:
        ctx.record("inspection.commented", comment_id=str(row["id"]), inspection_id=str(row["inspection_id"]))
