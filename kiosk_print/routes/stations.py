"""Endpoints of pull printing: stations are enrolled, jobs queued and released, and a station fetches its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response

from inspection_api.accounts.models import Device
from inspection_api.core.paging import paginate
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.storage import in_chunks
from inspection_api.http.blueprint import PDF, PERSON, TRACED, Blueprint
from inspection_api.http.schemas import PageQuery, page_of
from kiosk_print import queries, schemas, service
from kiosk_print.models import PrintJob

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.http.runtime import Caller
    from kiosk_print.service import Face

PRINT = Permission(Action.PAPERS, "print")
ISSUE_PLATES = Permission(Action.PLATES, "issue")
ENROL_STATIONS = Permission(Action.STATIONS, "enrol")
RELEASED = Permission(Action.PAPERS, "released")

blp = Blueprint("print_jobs", "取件打印：打印站登记、排队与放行")
station_blp = Blueprint("stations", "打印站：凭本站令牌取件打印")


@blp.post(
    "/print-stations",
    permission=ENROL_STATIONS,
    body=schemas.StationInput,
    out=schemas.EnrolledStationSchema,
    status=201,
)
def enrol_station(ctx: Context, **values: Any) -> dict[str, Any]:
    """Enrol a print station; its token is shown this once. Revoking its device ends it."""
    station, token = service.enrol_station(ctx, **values)
    return {"station": station, "token": token}


@blp.get("/print-stations", permission=PERSON, query=PageQuery, out=page_of(schemas.StationSchema))
def list_stations(ctx: Context, *, limit: int, cursor: str | None) -> Any:
    """List the stations where I may release: of my organisations, of those above and of those below."""
    return paginate(ctx.session, queries.near_stations(ctx.actor), by=[Device.id], limit=limit, cursor=cursor)


@blp.post(
    "/print-jobs",
    permission=PRINT,
    body=schemas.PaperJobInput,
    out=schemas.PrintJobSchema,
    status=201,
    idempotent=True,
)
def queue_paper(ctx: Context, **values: Any) -> PrintJob:
    """Let a print wait for a station, where I release it; a print comes out once, another sheet is a 补打."""
    return service.queue_paper(ctx, **values)


@blp.post(
    "/print-jobs/labels",
    permission=ISSUE_PLATES,
    body=schemas.LabelsInput,
    out=schemas.PrintJobSchema,
    status=201,
    idempotent=True,
)
def queue_labels(ctx: Context, **values: Any) -> PrintJob:
    """Let sheets of labels, or one plate, wait for a station, where I release it."""
    return service.queue_labels(ctx, **values)


@blp.post(
    "/print-jobs/label-sheets",
    permission=ISSUE_PLATES,
    body=schemas.LabelSheetsJobInput,
    out=schemas.PrintJobSchema,
    status=201,
    idempotent=True,
)
def queue_label_sheets(ctx: Context, **values: Any) -> PrintJob:
    """Let the file of a finished job of label sheets wait for a station, where I release it."""
    return service.queue_label_sheets(ctx, **values)


@blp.get("/print-jobs", permission=PERSON, query=schemas.PrintJobQuery, out=page_of(schemas.PrintJobSchema))
def list_print_jobs(ctx: Context, *, limit: int, cursor: str | None, state: str | None) -> Any:
    """List what I let wait for a station, and what became of it."""
    statement = queries.own_print_jobs(ctx.actor, state)
    return paginate(ctx.session, statement, by=[PrintJob.id], limit=limit, cursor=cursor)


@blp.get("/print-jobs/<uuid:job_id>", permission=PERSON, out=schemas.PrintJobSchema)
def get_print_job(ctx: Context, job_id: UUID) -> PrintJob:
    """Show one of my print jobs."""
    return queries.get_own_print_job(ctx.session, ctx.actor, job_id)


@blp.post(
    "/print-jobs/<uuid:job_id>/release",
    permission=PERSON,
    body=schemas.ReleaseInput,
    out=schemas.PrintJobSchema,
    streamed=True,
)
def release_print_job(caller: Caller, job_id: UUID, **values: Any) -> PrintJob:
    """Release my job at the station in front of me, by the six digits on its screen."""
    return service.release(caller.transaction, job_id, **values)


@blp.post(
    "/print-jobs/<uuid:job_id>/scan", permission=PERSON, body=schemas.ScanReleaseInput, out=schemas.PrintJobSchema
)
def scan_print_job(ctx: Context, job_id: UUID, **values: Any) -> PrintJob:
    """Release my job at the station in front of me, by the QR on its screen."""
    return service.release_by_scan(ctx, job_id, **values)


@station_blp.get("/station", permission=RELEASED, out=schemas.FaceSchema)
def get_face(ctx: Context) -> Face:
    """Show what my screen shows: the code of these two minutes, and its QR."""
    return service.face(ctx)


@station_blp.post("/station/jobs/next", permission=RELEASED, out=schemas.NextPrintJobSchema)
def take_print_job(ctx: Context) -> dict[str, PrintJob | None]:
    """Take the next job that was released at me, for two minutes; what I went silent over comes back."""
    return {"job": service.take_next(ctx)}


@station_blp.get("/station/jobs/<uuid:job_id>/pdf", permission=RELEASED, transaction=TRACED, gives=PDF)
def fetch_document(ctx: Context, job_id: UUID) -> Response:
    """Fetch the PDF of the job in my hands; that I did is recorded before it leaves."""
    _, file = service.open_document(ctx, job_id)
    return Response(in_chunks(file), mimetype=PDF)


@station_blp.post(
    "/station/jobs/<uuid:job_id>/report", permission=RELEASED, body=schemas.ReportInput, out=schemas.PrintJobSchema
)
def report_print_job(ctx: Context, job_id: UUID, **values: Any) -> PrintJob:
    """Say what became of the job in my hands: printed or not."""
    return service.report(ctx, job_id, **values)
