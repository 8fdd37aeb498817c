"""Endpoints of the 明白纸: state, preview, print, download, unlock, verification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response

from inspection_api.accounts.models import Device
from inspection_api.core.paging import paginate
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.storage import in_chunks
from inspection_api.http.blueprint import PDF, PERSON, PREFIX, PUBLIC, TRACED, Blueprint
from inspection_api.http.schemas import PageQuery, StartedJobSchema, page_of
from kiosk_print import queries, schemas, service
from kiosk_print.labels import Picture
from kiosk_print.models import PrintJob, UnlockRequest
from kiosk_print.rules import codes

if TYPE_CHECKING:
    from uuid import UUID

    from checkpoints.models import Checkpoint
    from inspection_api.core.context import Context
    from inspection_api.http.runtime import Caller, Runtime
    from inspection_api.jobs.models import Job
    from kiosk_print.models import PaperOpinion, PaperPrint
    from kiosk_print.service import Face, Paper
    from kiosk_print.service.verification import Verified

READ = Permission(Action.PAPERS, "read")
PRINT = Permission(Action.PAPERS, "print")
OPINION = Permission(Action.PAPERS, "opinion")
READ_UNLOCKS = Permission(Action.UNLOCK, "read")
REQUEST = Permission(Action.UNLOCK, "request")
APPROVE = Permission(Action.UNLOCK, "approve")
ISSUE_PLATES = Permission(Action.PLATES, "issue")

ENROL_STATIONS = Permission(Action.STATIONS, "enrol")
RELEASED = Permission(Action.PAPERS, "released")
SVG, PNG = "image/svg+xml", "image/png"

blp = Blueprint("papers", "明白纸：打印、解锁与核验")
station_blp = Blueprint("stations", "打印站：凭本站令牌取件打印")


@blp.get("/inspections/<uuid:inspection_id>/paper", permission=READ, out=schemas.PaperSchema)
def get_paper(ctx: Context, inspection_id: UUID) -> Paper:
    """Show where a visit's paper stands: window, counters, history, and who could unlock it."""
    return service.view(ctx, inspection_id)


@blp.get("/inspections/<uuid:inspection_id>/paper/preview", permission=READ, gives=PDF)
def preview_paper(ctx: Context, inspection_id: UUID) -> Response:
    """Show the paper as a draft PDF; it is no print and counts nowhere."""
    return Response(service.preview(ctx, inspection_id), mimetype="application/pdf")


@blp.post(
    "/inspections/<uuid:inspection_id>/paper/opinion",
    permission=OPINION,
    body=schemas.OpinionInput,
    out=schemas.PaperOpinionSchema,
    status=201,
)
def give_opinion(ctx: Context, inspection_id: UUID, **values: Any) -> PaperOpinion:
    """Give the superior's opinion, before the print."""
    return service.give_opinion(ctx, inspection_id, **values)


@blp.post(
    "/inspections/<uuid:inspection_id>/prints",
    permission=PRINT,
    out=schemas.PaperPrintSchema,
    status=201,
    idempotent=True,
    streamed=True,
)
def print_paper(caller: Caller, inspection_id: UUID, *, idempotency_key: str) -> PaperPrint:
    """Print the paper: the 原件 first, a numbered copy afterwards; the same key answers the same print."""
    verify_url = f"{caller.runtime.settings.public_url}{PREFIX}/verify/"
    return service.print_paper(
        caller.transaction, inspection_id, idempotency_key=idempotency_key, verify_url=verify_url
    )


@blp.get("/prints/<uuid:print_id>", permission=READ, out=schemas.PaperPrintSchema)
def get_print(ctx: Context, print_id: UUID) -> PaperPrint:
    """Show one print."""
    return queries.get_print(ctx.session, ctx.actor, print_id)


@blp.get("/prints/<uuid:print_id>/pdf", permission=READ, transaction=TRACED, gives=PDF)
def download_print(ctx: Context, print_id: UUID) -> Response:
    """Download a print's PDF; that somebody did is recorded before it leaves."""
    row, file = service.open_pdf(ctx, print_id)
    response = Response(in_chunks(file), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{row.number}-{row.copy}.pdf"'
    return response


@blp.post(
    "/prints/<uuid:print_id>/void",
    permission=service.VOID,
    body=schemas.VoidInput,
    out=schemas.PaperPrintSchema,
)
def void_print(ctx: Context, print_id: UUID, *, reason: str) -> PaperPrint:
    """Void a printed paper with all its copies; its number is never used again."""
    return service.void_print(ctx, print_id, reason=reason)


@blp.get(
    "/organisations/<uuid:organisation_id>/print-terms", permission=service.READ_TERMS, out=schemas.PrintTermsSchema
)
def get_print_terms(ctx: Context, organisation_id: UUID) -> service.Terms:
    """Show for how long and how often an organisation's papers may be printed."""
    return service.print_terms(ctx, organisation_id)


@blp.put(
    "/organisations/<uuid:organisation_id>/print-terms",
    permission=service.EDIT_TERMS,
    body=schemas.PrintTermsInput,
    out=schemas.PrintTermsSchema,
)
def put_print_terms(ctx: Context, organisation_id: UUID, **values: int) -> service.Terms:
    """Set them, also for the organisations below that say nothing else; open windows stay as they are."""
    return service.put_print_terms(ctx, organisation_id, **values)


@blp.post(
    "/inspections/<uuid:inspection_id>/unlock-requests",
    permission=REQUEST,
    body=schemas.UnlockInput,
    out=schemas.UnlockRequestSchema,
    status=201,
)
def request_unlock(ctx: Context, inspection_id: UUID, **values: Any) -> UnlockRequest:
    """Ask for another print window of a locked paper."""
    return service.request_unlock(ctx, inspection_id, **values)


@blp.get(
    "/unlock-requests",
    permission=READ_UNLOCKS,
    query=schemas.UnlockQuery,
    out=page_of(schemas.UnlockRequestSchema),
)
def list_unlock_requests(ctx: Context, *, limit: int, cursor: str | None, status: str | None) -> Any:
    """List the unlock requests of my subtrees, of my own visits, and mine."""
    statement = queries.visible_requests(ctx.actor, status)
    return paginate(ctx.session, statement, by=[UnlockRequest.id], limit=limit, cursor=cursor)


@blp.post(
    "/unlock-requests/<uuid:request_id>/decision",
    permission=APPROVE,
    body=schemas.DecisionInput,
    out=schemas.UnlockRequestSchema,
)
def decide_unlock(ctx: Context, request_id: UUID, **values: Any) -> UnlockRequest:
    """Approve or reject somebody else's request; the first decision stands."""
    return service.decide_unlock(ctx, request_id, **values)


@blp.post("/unlock-requests/<uuid:request_id>/withdraw", permission=REQUEST, out=schemas.UnlockRequestSchema)
def withdraw_unlock(ctx: Context, request_id: UUID) -> UnlockRequest:
    """Take back my own request."""
    return service.withdraw_unlock(ctx, request_id)


@blp.get("/verify/<code>", permission=PUBLIC, out=schemas.VerifiedPaperSchema)
def verify(runtime: Runtime, code: str) -> Verified:
    """Check a paper by the code of its QR, without a login; unknown and forged codes answer alike."""
    parts = codes.parse_code(code)
    with runtime.transaction(tag=parts.tag) as ctx:
        return service.verify(ctx, parts)


@blp.post("/checkpoints/labels", permission=ISSUE_PLATES, body=schemas.LabelsInput, gives=PDF)
def print_labels(ctx: Context, **values: Any) -> Response:
    """Print the QR plates of checkpoints: a PDF of label sheets or single plates."""
    return Response(service.print_labels(ctx, **values), mimetype="application/pdf")


@blp.get("/checkpoints/<uuid:checkpoint_id>/plate.svg", permission=ISSUE_PLATES, transaction=TRACED, gives=SVG)
def get_plate_svg(ctx: Context, checkpoint_id: UUID) -> Response:
    """Give a checkpoint's newest plate to a plate maker, as outlines at any size."""
    return _picture(*service.picture_plate(ctx, checkpoint_id, Picture.SVG), Picture.SVG, SVG)


@blp.get("/checkpoints/<uuid:checkpoint_id>/plate.png", permission=ISSUE_PLATES, transaction=TRACED, gives=PNG)
def get_plate_png(ctx: Context, checkpoint_id: UUID) -> Response:
    """Give a checkpoint's newest plate to a plate maker, as a picture of 600 dots per inch."""
    return _picture(*service.picture_plate(ctx, checkpoint_id, Picture.PNG), Picture.PNG, PNG)


def _picture(checkpoint: Checkpoint, picture: bytes, kind: Picture, mime: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="plate-{checkpoint.public_id}.{kind.value}"'}
    return Response(picture, mimetype=mime, headers=disposition)


@blp.post(
    "/label-sheets",
    permission=ISSUE_PLATES,
    body=schemas.LabelSheetsInput,
    out=StartedJobSchema,
    status=202,
)
def print_label_sheets(ctx: Context, **values: Any) -> Job:
    """Print the QR plates of an organisation and all below it, as a job with progress and one PDF at the end."""
    return service.request_label_sheets(ctx, **values)


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


@blp.get("/print-jobs", permission=PERSON, query=schemas.PrintJobQuery, out=page_of(schemas.PrintJobSchema))
def list_print_jobs(ctx: Context, *, limit: int, cursor: str | None, state: str | None) -> Any:
    """List what I let wait for a station, and what became of it."""
    statement = queries.own_print_jobs(ctx.actor, state)
    return paginate(ctx.session, statement, by=[PrintJob.id], limit=limit, cursor=cursor)


@blp.get("/print-jobs/<uuid:job_id>", permission=PERSON, out=schemas.PrintJobSchema)
def get_print_job(ctx: Context, job_id: UUID) -> PrintJob:
    """Show one of my print jobs."""
    return queries.get_own_print_job(ctx.session, ctx.actor, job_id)


@blp.post("/print-jobs/<uuid:job_id>/release", permission=PERSON, body=schemas.ReleaseInput, out=schemas.PrintJobSchema)
def release_print_job(ctx: Context, job_id: UUID, **values: Any) -> PrintJob:
    """Release my job at the station in front of me, by the six digits on its screen."""
    return service.release(ctx, job_id, **values)


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
