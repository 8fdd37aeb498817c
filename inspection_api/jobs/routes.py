"""Endpoints of jobs: how far mine are, and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response

from inspection_api.core.paging import paginate
from inspection_api.core.storage import in_chunks
from inspection_api.http.blueprint import PERSON, TRACED, Blueprint
from inspection_api.http.schemas import PageQuery, page_of
from inspection_api.jobs import queries, schemas, service
from inspection_api.jobs.models import Job

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context

blp = Blueprint("jobs", "后台任务：进度与下载")


@blp.get("/jobs", permission=PERSON, query=PageQuery, out=page_of(schemas.JobSchema))
def list_jobs(ctx: Context, *, limit: int, cursor: str | None) -> Any:
    """List the jobs that I asked for, the newest first."""
    return paginate(
        ctx.session, queries.own_jobs(ctx.actor), by=[Job.id], limit=limit, cursor=cursor, newest_first=True
    )


@blp.get("/jobs/<uuid:job_id>", permission=PERSON, out=schemas.JobSchema)
def get_job(ctx: Context, job_id: UUID) -> Job:
    """Show how far a job of mine is."""
    return queries.get_own(ctx.session, ctx.actor, job_id)


@blp.get("/jobs/<uuid:job_id>/file", permission=PERSON, transaction=TRACED, gives="application/octet-stream")
def fetch_job_file(ctx: Context, job_id: UUID) -> Response:
    """Fetch the file of my finished job, until it expires; that I did is recorded before it leaves."""
    job, file = service.open_file(ctx, job_id)
    response = Response(in_chunks(file), mimetype=job.mime)
    response.headers["Content-Disposition"] = f'attachment; filename="{job.file_name}"'
    return response
