"""Endpoints of the supervisor's queue; its kinds are handed in, for some belong to slices above this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspection_api.http.blueprint import PERSON, Blueprint
from inspection_api.todos import schemas, service

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.todos.service import Kinds


def create_blueprint(kinds: Kinds) -> Blueprint:
    """Return the endpoints of a queue of these kinds."""
    blp = Blueprint("todos", "待办：等我审批与判定的事项")

    @blp.get("/todos", permission=PERSON, query=schemas.TodoQuery, out=schemas.QueueSchema)
    def list_todos(ctx: Context, **narrowed: Any) -> service.Queue:
        """List what waits for my decision, the most urgent first; what four eyes keep from me is not in it."""
        return service.find_page(ctx, kinds, **narrowed)

    @blp.get("/todos/asked", permission=PERSON, query=schemas.AskedQuery, out=schemas.AskedQueueSchema)
    def list_asked(ctx: Context, **narrowed: Any) -> service.Queue:
        """List what I brought about myself and others decide, with their names; four eyes keep it from me."""
        return service.find_asked(ctx, kinds, **narrowed)

    @blp.get("/todos/counts", permission=PERSON, query=schemas.TodoCountQuery, out=schemas.TodoCountsSchema)
    def count_todos(ctx: Context, **narrowed: Any) -> dict[str, Any]:
        """Count what waits for my decision, by kind."""
        counted = service.count(ctx, kinds, **narrowed)
        return {"total": sum(each.number for each in counted), "kinds": counted}

    return blp
