"""Endpoints of the 明白纸: state, preview, print, download, void, terms, unlock, verification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response

from inspection_api.core.paging import paginate
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.storage import in_chunks
from inspection_api.http.blueprint import PDF, PUBLIC, TRACED, Blueprint
from inspection_api.http.schemas import StartedJobSchema, page_of
from kiosk_print import queries, schemas, service, verifying
from kiosk_print.models import UnlockRequest

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.http.runtime import Caller, Runtime
    from inspection_api.jobs.models import Job
    from kiosk_print.models import PaperOpinion, PaperPrint, VoidRequest
    from kiosk_print.service import Paper
    from kiosk_print.service.verification import Verified

READ = Permission(Action.PAPERS, "read")
PRINT = Permission(Action.PAPERS, "print")
OPINION = Permission(Action.PAPERS, "opinion")
READ_UNLOCKS = Permission(Action.UNLOCK, "read")
REQUEST = Permission(Action.UNLOCK, "request")
APPROVE = Permission(Action.UNLOCK, "approve")

blp = Blueprint("papers", "明白纸：打印、解锁与核验")


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
    return service.print_paper(
        caller.transaction, inspection_id, idempotency_key=idempotency_key, verify_url=_verify_url(caller)
    )


def _verify_url(caller: Caller) -> str:
    return f"{caller.runtime.settings.public_url}{verifying.PATH}/"


@blp.post(
    "/paper-batches",
    permission=PRINT,
    body=schemas.PaperBatchInput,
    out=StartedJobSchema,
    status=202,
    idempotent=True,
    streamed=True,
)
def print_papers(caller: Caller, **values: Any) -> Job:
    """Print up to 1,000 papers, as a job with progress and one PDF; it lists what may not be printed, and why."""
    with caller.transaction() as ctx:
        return service.request_paper_batch(ctx, verify_url=_verify_url(caller), **values)


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


@blp.post(
    "/prints/<uuid:print_id>/void-requests",
    permission=PRINT,
    body=schemas.VoidRequestInput,
    out=schemas.VoidRequestSchema,
    status=201,
    idempotent=True,
)
def request_void(ctx: Context, print_id: UUID, **values: Any) -> VoidRequest:
    """Ask that a print be voided with all its copies; the same key answers the same request."""
    return service.request_void(ctx, print_id, **values)


@blp.post(
    "/void-requests/<uuid:request_id>/decision",
    permission=service.VOID,
    body=schemas.VoidDecisionInput,
    out=schemas.VoidRequestSchema,
)
def decide_void(ctx: Context, request_id: UUID, **values: Any) -> VoidRequest:
    """Approve somebody else's request, which voids the print, or reject it; the first decision stands."""
    return service.decide_void(ctx, request_id, **values)


@blp.post("/void-requests/<uuid:request_id>/withdraw", permission=PRINT, out=schemas.VoidRequestSchema)
def withdraw_void(ctx: Context, request_id: UUID) -> VoidRequest:
    """Take back my own request to void."""
    return service.withdraw_void(ctx, request_id)


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


@blp.get("/verify/<code>", permission=PUBLIC, query=schemas.VerifiedFileQuery, out=schemas.VerifiedPaperSchema)
def verify(runtime: Runtime, code: str, *, sha256: str | None) -> Verified:
    """Check a paper by the code of its QR, and a file by its hash, without a login; unknown and forged answer alike."""
    return verifying.look_up(runtime, code, sha256=sha256)
