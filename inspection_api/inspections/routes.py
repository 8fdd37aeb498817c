"""Endpoints that show inspection records; they are made by pushing (sync.md)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from inspection_api.core.context import Context
from inspection_api.core.paging import paginate
from inspection_api.http.blueprint import LOGGED_IN, Blueprint
from inspection_api.http.schemas import page_of
from inspection_api.inspections import queries, schemas, service
from inspection_api.inspections.models import Inspection
from inspection_api.templates.models import TemplateVersion

blp = Blueprint("inspections", "检查记录")


@blp.get("/inspections", permission=LOGGED_IN, query=schemas.InspectionQuery, out=page_of(schemas.InspectionSchema))
def list_inspections(ctx: Context, *, limit: int, cursor: str | None, **filters: Any) -> Any:
    """List the records in my scope, oldest first."""
    statement = queries.inspections_of(ctx.actor, filters)
    return paginate(ctx.session, statement, by=[Inspection.id], limit=limit, cursor=cursor)


@blp.get("/inspections/<uuid:inspection_id>/form", permission=LOGGED_IN, out=schemas.FormSchema)
def get_form(ctx: Context, inspection_id: UUID) -> dict[str, Any]:
    """Show the form that a record answers, to everybody who may read the record."""
    record = queries.get_visible(ctx.session, ctx.actor, inspection_id)
    version = ctx.session.get_one(TemplateVersion, record.template_version_id)
    return {"template_version_id": version.id, "definition": version.definition}


@blp.get("/inspections/<uuid:inspection_id>", permission=LOGGED_IN, out=schemas.InspectionDetailSchema)
def get_inspection(ctx: Context, inspection_id: UUID) -> dict[str, Any]:
    """Show one record with its answers, judgement and media, what was said about it and what it said before."""
    return _whole(ctx, queries.get_visible(ctx.session, ctx.actor, inspection_id))


@blp.post(
    "/inspections/<uuid:inspection_id>/void",
    permission=service.REVIEW,
    body=schemas.VoidSchema,
    out=schemas.InspectionDetailSchema,
)
def void_inspection(ctx: Context, inspection_id: UUID, *, reason: str) -> dict[str, Any]:
    """Void an accepted record of somebody else: it counts no more, and its 明白纸 neither.

    The earliest other visit that can takes its place at the task, else the task waits again, or is missed.
    """
    return _whole(ctx, service.void(ctx, inspection_id, reason=reason))


def _whole(ctx: Context, record: Inspection) -> dict[str, Any]:
    return {
        **queries.columns_of(record),
        "media": queries.media_seen(ctx, record),
        "comments": queries.comments(ctx.session, record.id),
        "revisions": queries.revisions(ctx.session, record.id),
        **queries.seen_by_a_decider(ctx.session, record),
        "may_void": service.may_void(ctx, record),
    }
