"""Endpoints of exports: who took what away, and how much one may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspection_api.core.paging import paginate
from inspection_api.exports import queries, schemas, service
from inspection_api.exports.models import PersonalExport
from inspection_api.http.blueprint import Blueprint
from inspection_api.http.schemas import page_of

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.exports.rules import Terms

blp = Blueprint("exports", "个人信息导出：台账与额度")


@blp.get(
    "/personal-exports",
    permission=queries.EXPORT,
    query=schemas.PersonalExportQuery,
    out=page_of(schemas.PersonalExportSchema),
)
def list_exports(ctx: Context, *, limit: int, cursor: str | None, **narrowed: Any) -> Any:
    """List the files with people's names in them that people of my organisations took away, the newest first."""
    rows = queries.listed(ctx.actor, **narrowed)
    return paginate(ctx.session, rows, by=[PersonalExport.job_id], limit=limit, cursor=cursor, newest_first=True)


@blp.get("/organisations/<uuid:organisation_id>/export-terms", permission=service.READ, out=schemas.ExportTermsSchema)
def get_export_terms(ctx: Context, organisation_id: UUID) -> Terms:
    """Show how many rows with names in them one person of an organisation takes a day."""
    return service.export_terms(ctx, organisation_id)


@blp.put(
    "/organisations/<uuid:organisation_id>/export-terms",
    permission=service.EDIT,
    body=schemas.ExportTermsInput,
    out=schemas.ExportTermsSchema,
)
def put_export_terms(ctx: Context, organisation_id: UUID, **values: int) -> Terms:
    """Set it, also for the organisations below that say nothing else."""
    return service.put_export_terms(ctx, organisation_id, **values)
