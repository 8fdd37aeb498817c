"""Prints: a number is reserved in its own short transaction, the sheet is rendered outside any, then it is finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import msgspec

from inspection_api.accounts.queries import accounts_of_same_people
from inspection_api.core.errors import Problem
from inspection_api.core.permissions import Action, Permission
from kiosk_print import queries
from kiosk_print.errors import PaperLocked, PrintUnfinished
from kiosk_print.models import PaperOpinion, PaperPrint
from kiosk_print.paper import PaperSheet, render_paper
from kiosk_print.rules import unlock, window
from kiosk_print.rules.window import LIVING, PrintStatus
from kiosk_print.service.composing import load_facts, sheet_of
from kiosk_print.service.reserving import PRINT, Wanted, reserve
from kiosk_print.service.state import is_locked, state_of, unlock_facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.inspections.models import Inspection

    Transaction = Callable[[], AbstractContextManager[Context]]

GIVE_OPINION = Permission(Action.PAPERS, "opinion")


def print_paper(begin: Transaction, inspection_id: UUID, *, idempotency_key: str, verify_url: str) -> PaperPrint:
    """Print a paper: the 原件 first, a numbered copy of it afterwards; the same key again answers the same print.

    ``begin`` opens a short transaction; ``verify_url`` is what stands before the code in the QR.

    Raises:
        NotFound: the visit is out of scope. PaperNotReady, PaperVoided: there is no paper.
        PaperLocked: the window is over. AnswersIncomplete: required answers are empty.
        PrintLimit: it has had all its prints. OpinionRequired: a grave conclusion without the superior's opinion.
        IdempotencyKeyReused: the key belongs to another record's print.
    """
    with begin() as ctx:
        (reserved,) = reserve(ctx, [Wanted(inspection_id=inspection_id, key=idempotency_key)], verify_url=verify_url)
        if isinstance(reserved, PaperLocked):
            ensure_open(ctx, queries.get_inspection(ctx.session, ctx.actor, inspection_id, PRINT))
        if isinstance(reserved, Problem):
            raise reserved
    if reserved.status != PrintStatus.RESERVED:
        return reserved
    pdf = render(reserved)
    with begin() as ctx:
        return finish(ctx, reserved.id, pdf)


def ensure_open(ctx: Context, inspection: Inspection) -> None:
    """Raise unless paper may come out now: the visit is accepted and not voided, and its window is open.

    Raises:
        PaperNotReady, PaperVoided: there is no paper. PaperLocked: the window is over; it says who can open the next.
    """
    windows = queries.windows_of(ctx.session, [inspection.id])[inspection.id]
    requests = queries.requests_of(ctx.session, [inspection.id])[inspection.id]
    state = state_of(ctx, inspection, windows, requests)
    window.ensure_printable(state, unlock=unlock_facts(ctx, inspection, requests) if is_locked(state) else None)


def render(reserved: PaperPrint) -> bytes:
    """Return the PDF of a print, from what was written down when its number was taken."""
    return render_paper(msgspec.convert(reserved.sheet, PaperSheet))


def finish(ctx: Context, print_id: UUID, pdf: bytes) -> PaperPrint:
    """Store the PDF of a reserved print; whoever is second finds it finished."""
    row = ctx.session.get_one(PaperPrint, print_id, with_for_update=True, populate_existing=True)
    if row.status == PrintStatus.RESERVED:
        row.sha256, row.bytes, row.status = ctx.storage.put(ctx.bank.tag, pdf), len(pdf), PrintStatus.VALID
        ctx.session.flush()
        inspection_id = str(row.inspection_id)
        ctx.record("paper.printed", print_id=str(row.id), inspection_id=inspection_id, number=row.number, copy=row.copy)
    return row


def preview(ctx: Context, inspection_id: UUID) -> bytes:
    """Return the PDF of a draft: what a print would say now, without number and code, counted nowhere.

    Raises:
        NotFound: the visit is out of scope.
    """
    inspection = queries.get_inspection(ctx.session, ctx.actor, inspection_id)
    return render_paper(sheet_of(ctx, load_facts(ctx, [inspection]), inspection))


def open_pdf(ctx: Context, print_id: UUID) -> tuple[PaperPrint, BinaryIO]:
    """Return a print and its open PDF; that somebody fetched it is recorded.

    Raises:
        NotFound: the print is out of scope.
        PrintUnfinished: it was reserved and never rendered; the same key finishes it.
    """
    row = queries.get_print(ctx.session, ctx.actor, print_id)
    if row.sha256 is None:
        raise PrintUnfinished
    file = ctx.storage.open(ctx.bank.tag, row.sha256)
    ctx.record("paper.downloaded", print_id=str(row.id), inspection_id=str(row.inspection_id))
    return row, file


def give_opinion(ctx: Context, inspection_id: UUID, *, text: str) -> PaperOpinion:
    """Write the superior's opinion, before the print.

    Raises:
        NotFound: the visit is out of scope. PaperNotReady, PaperVoided: there is no paper.
        OwnAffair: the actor inspected. OpinionGiven: somebody was faster. OpinionAfterPrint: too late.
    """
    inspection = queries.lock_inspection(ctx.session, ctx.actor, inspection_id, GIVE_OPINION)
    windows = queries.windows_of(ctx.session, [inspection_id], lock=True)[inspection_id]
    living = [each for each in queries.prints(ctx.session, inspection_id) if each.status in LIVING]
    unlock.ensure_may_give_opinion(
        state_of(ctx, inspection, windows, ()),
        author_id=ctx.user_id,
        inspector_ids=accounts_of_same_people(ctx.session, [inspection.officer_id])[inspection.officer_id],
        given_by=_opinion_author(ctx, inspection_id),
        printed=bool(living),
    )
    opinion = PaperOpinion(inspection_id=inspection_id, author_id=ctx.user_id, text=text, given_at=ctx.now)
    ctx.session.add(opinion)
    ctx.session.flush()
    ctx.record(
        "paper.opinion_given",
        inspection_id=str(inspection_id),
        opinion_id=str(opinion.id),
        officer_id=str(inspection.officer_id),
    )
    return opinion


def _opinion_author(ctx: Context, inspection_id: UUID) -> str | None:
    """Return the name of whoever gave the opinion that counts."""
    authors = queries.people(ctx.session, queries.opinion_authors(ctx.session, [inspection_id]).values())
    return next((each.name for each in authors.values()), None)
