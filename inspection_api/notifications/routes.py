"""Endpoints of the inbox; each person sees and marks his own alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspection_api.http.blueprint import PERSON, Blueprint
from inspection_api.http.schemas import page_of
from inspection_api.notifications import schemas, service

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context

blp = Blueprint("inbox", "收件箱：每个环节一条，已读与未读")


@blp.get("/inbox", permission=PERSON, query=schemas.InboxQuery, out=page_of(schemas.InboxItemSchema))
def list_inbox(ctx: Context, **narrowed: Any) -> Any:
    """List my inbox, the newest first."""
    return service.list_items(ctx, **narrowed)


@blp.get("/inbox/counts", permission=PERSON, out=schemas.InboxCountsSchema)
def count_inbox(ctx: Context) -> service.Counts:
    """Count what is unread in my inbox."""
    return service.count(ctx)


@blp.post("/inbox/<uuid:item_id>/read", permission=PERSON, out=schemas.InboxItemSchema)
def mark_read(ctx: Context, item_id: UUID) -> service.ItemView:
    """Mark an item of my inbox as read."""
    return service.mark_read(ctx, item_id)


@blp.post("/inbox/read", permission=PERSON, body=schemas.ReadInput, out=schemas.MarkedSchema)
def mark_all_read(ctx: Context, *, until_id: UUID | None) -> dict[str, int]:
    """Mark my inbox as read, up to the newest item that I have seen."""
    return {"marked": service.mark_all_read(ctx, until_id=until_id)}
