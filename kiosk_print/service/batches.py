"""Many papers as one job with one PDF (domain.md §2.3): each is a print of its own, with number, bytes and hash.

A step numbers the next papers in a short transaction, the one after it renders them; so a worker that dies between the
two loses no number, and a step that is begun again finds its prints by their keys. Whatever a single print would be
refused for is listed with its reason, on the last page and in the job's result, and holds up none of the others.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from inspection_api.core.errors import Problem
from inspection_api.core.logs import log
from inspection_api.core.tables import among
from inspection_api.core.typesetting import join, visible
from inspection_api.core.typesetting import render as typeset
from inspection_api.customers.models import Customer
from inspection_api.inspections.models import Inspection
from inspection_api.jobs import service as jobs
from kiosk_print import queries
from kiosk_print.errors import PrintEnded, PrintUnfinished
from kiosk_print.rules import batch
from kiosk_print.rules.batch import Progress, Refusal
from kiosk_print.rules.sheet import minute
from kiosk_print.rules.window import PrintStatus
from kiosk_print.service.prints import finish, render
from kiosk_print.service.reserving import PRINT, Wanted, reserve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded
    from inspection_api.jobs.models import Job
    from kiosk_print.models import PaperPrint

PAPER_BATCH = "paper_batch"
PDF = "application/pdf"
_TEMPLATE = Path(__file__).parents[1] / "templates" / "refusals.typ"


def request_paper_batch(ctx: Context, *, inspection_ids: Sequence[UUID], idempotency_key: str, verify_url: str) -> Job:
    """Ask for the papers of these visits as one file; the same key again is the same job.

    Who may print each of them, and whether it may be printed, is judged when its turn comes, as for a single print.

    Raises:
        TooManyJobs: the user waits for enough of them. JobKeyReused: the key belongs to another job.
    """
    ids = list(dict.fromkeys(map(str, inspection_ids)))
    return jobs.request(ctx, PAPER_BATCH, idempotency_key, inspection_ids=ids, verify_url=verify_url)


def on_paper_batch_due(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``job.paper_batch``: number the next papers of the job, or render those that are numbered."""
    jobs.advance(ctx, events, _go_on)


def _go_on(work: jobs.Work) -> jobs.Step:
    ids, progress = work.arguments["inspection_ids"], batch.progress_of(work.state)
    chunk = progress.chunk(ids)
    if not chunk:
        return _bind(work, progress)
    if not progress.numbered:
        return _step(work, _number(work, progress, chunk), parts=work.parts)
    sheets, after = _render(work, progress, chunk)
    if sheets:
        work.stash_part(work.parts, lambda file: join(sheets, file))
    return _step(work, after, parts=work.parts + bool(sheets))


def _step(work: jobs.Work, progress: Progress, *, parts: int) -> jobs.Step:
    total = len(work.arguments["inspection_ids"])
    return jobs.Step(done=progress.at, total=total, state=asdict(progress), parts=parts)


def _number(work: jobs.Work, progress: Progress, chunk: Sequence[str]) -> Progress:
    wanted = [Wanted(inspection_id=UUID(each), key=_key(work, each)) for each in chunk]
    outcomes = zip(chunk, reserve(work.ctx, wanted, verify_url=work.arguments["verify_url"]), strict=True)
    refused = [batch.refusal(id_, outcome) for id_, outcome in outcomes if isinstance(outcome, Problem)]
    return replace(progress, numbered=True, refused=(*progress.refused, *refused))


def _key(work: jobs.Work, inspection_id: str) -> str:
    """Return the key of one print of the job, so that it is made once however often its step begins."""
    return f"{work.job_id}:{inspection_id}"


def _render(work: jobs.Work, progress: Progress, chunk: Sequence[str]) -> tuple[list[bytes], Progress]:
    """Return the sheets of the papers that were numbered, and the progress behind them."""
    ctx, sheets, refused = work.ctx, [], list(progress.refused)
    rows = queries.prints_by_key(ctx.session, ctx.user_id, [_key(work, each) for each in chunk])
    for inspection_id, row in ((each, rows[_key(work, each)]) for each in chunk if _key(work, each) in rows):
        try:
            sheets.append(_rendered(ctx, row))
        except Problem as problem:
            refused.append(batch.refusal(inspection_id, problem))
    after = Progress(at=progress.at + len(chunk), printed=progress.printed + len(sheets), refused=tuple(refused))
    return sheets, after


def _rendered(ctx: Context, row: PaperPrint) -> bytes:
    """Return the kept bytes of a print, rendered now unless somebody has.

    Raises:
        PrintUnfinished: it cannot be rendered; its number is kept, and the sweep tries again.
        PrintEnded: it was superseded or voided since it was numbered.
    """
    if row.status == PrintStatus.RESERVED:
        row = finish(ctx, row.id, _made(row))
    if row.status != PrintStatus.VALID or row.sha256 is None:
        raise PrintEnded(status=row.status)
    with ctx.storage.open(ctx.bank.tag, row.sha256) as file:
        return file.read()


def _made(row: PaperPrint) -> bytes:
    try:
        return render(row)
    except Exception as error:
        log.exception("print_unrendered", print_id=str(row.id))
        raise PrintUnfinished from error


def _bind(work: jobs.Work, progress: Progress) -> jobs.Step:
    """Join the parts to one PDF, with a last page on what did not print."""
    listed = [_listed(work.ctx, progress.refused)] if progress.refused else []

    def write(file: BinaryIO) -> None:
        join(_pages(work, listed), file)

    work.stash_file(write)
    result = {"printed": progress.printed, "refused": [asdict(each) for each in progress.refused]}
    total = len(work.arguments["inspection_ids"])
    return jobs.Step(
        done=total, total=total, parts=work.parts, file=jobs.File(name="papers.pdf", mime=PDF), result=result
    )


def _pages(work: jobs.Work, listed: Sequence[bytes]) -> Iterator[bytes]:
    yield from map(work.read_part, range(work.parts))
    yield from listed


def _listed(ctx: Context, refused: Sequence[Refusal]) -> bytes:
    """Return the list of what did not print; a visit out of the actor's scope has no name."""
    scope = queries.visible_inspections(ctx.actor, PRINT).where(
        among(Inspection.id, [UUID(each.inspection_id) for each in refused])
    )
    named = scope.join(Customer, Customer.id == Inspection.customer_id).with_only_columns(
        Inspection.id, Customer.name, Inspection.performed_at
    )
    visits = {str(row.id): row for row in ctx.session.execute(named)}
    rows = [_row(each, visits.get(each.inspection_id)) for each in refused]
    return typeset(_TEMPLATE, visible({"printed_at": minute(ctx.now), "rows": rows}))


def _row(refusal: Refusal, visit: Any) -> dict[str, str]:
    performed = minute(visit.performed_at) if visit and visit.performed_at else "—"
    name = visit.name if visit else f"（无权查看 {refusal.inspection_id}）"
    return {"name": name, "performed_at": performed, "reason": refusal.title, "code": refusal.code}
