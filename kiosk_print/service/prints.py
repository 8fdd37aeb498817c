"""Prints: a number is reserved in its own short transaction, the sheet is rendered outside any, then it is finished."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from inspection_api.accounts import service as accounts
from inspection_api.core.ids import new_id
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission
from inspection_api.templates import queries as templates
from kiosk_print import queries
from kiosk_print.errors import IdempotencyKeyReused, PrintUnfinished
from kiosk_print.models import PaperOpinion, PaperPrint
from kiosk_print.paper import PaperSheet, render_paper
from kiosk_print.rules import codes, unlock, window
from kiosk_print.rules.sheet import Opinion, Printing, Visit, compose
from kiosk_print.rules.window import LIVING, PrintStatus
from kiosk_print.service.state import is_locked, state_of, unlock_facts
from kiosk_print.service.terms import terms_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.inspections.models import Inspection
    from kiosk_print.models import PaperWindow

    Transaction = Callable[[], AbstractContextManager[Context]]

PRINT = Permission(Action.PAPERS, "print")
GIVE_OPINION = Permission(Action.PAPERS, "opinion")
PAPER_KEY = "paper"


def print_paper(begin: Transaction, inspection_id: UUID, *, idempotency_key: str, verify_url: str) -> PaperPrint:
    """Print a paper: the 原件 first, a numbered copy of it afterwards; the same key again answers the same print.

    ``begin`` opens a short transaction; ``verify_url`` is what stands before the code in the QR.

    Raises:
        NotFound: the visit is out of scope. PaperNotReady, PaperVoided: there is no paper.
        PaperLocked: the window is over. PrintLimit: it has had all its prints.
        OpinionRequired: a grave conclusion without the superior's opinion.
        IdempotencyKeyReused: the key belongs to another record's print.
    """
    with begin() as ctx:
        reserved = _reserve(ctx, inspection_id, idempotency_key, verify_url)
    if reserved.status != PrintStatus.RESERVED:
        return reserved
    pdf = render(reserved)
    with begin() as ctx:
        return finish(ctx, reserved.id, pdf)


def _reserve(ctx: Context, inspection_id: UUID, idempotency_key: str, verify_url: str) -> PaperPrint:
    """Decide, take the number and write down all that the sheet says; nobody else prints this record meanwhile."""
    inspection = queries.get_inspection(ctx.session, ctx.actor, inspection_id, PRINT)
    windows = queries.windows_of(ctx.session, [inspection_id], lock=True)[inspection_id]
    known = queries.find_print_by_key(ctx.session, ctx.user_id, idempotency_key)
    if known is not None:
        return _same(known, inspection_id)
    _ensure_printable(ctx, inspection, windows)
    prints = queries.prints(ctx.session, inspection_id)
    organisation = queries.organisation(ctx.session, inspection.organisation_id)
    in_window = sum(each.window_number == windows[-1].number for each in prints)
    window.ensure_room_for_print(in_window, terms_at(ctx, organisation.path).prints_per_window)
    number, copy = _number(ctx, inspection, prints)
    print_id = new_id()
    code = codes.print_code(ctx.bank.derived_key(PAPER_KEY), ctx.bank.tag, print_id)
    sheet = _sheet(ctx, inspection, number=number, copy=copy, qr_text=verify_url + code)
    row = PaperPrint(
        id=print_id,
        inspection_id=inspection_id,
        organisation_id=inspection.organisation_id,
        window_number=windows[-1].number,
        number=number,
        copy=copy,
        status=PrintStatus.RESERVED,
        printed_by=ctx.user_id,
        printed_at=ctx.now,
        idempotency_key=idempotency_key,
        sheet=asdict(sheet),
    )
    ctx.session.add(row)
    ctx.session.flush()
    accounts.grant(ctx, [(inspection.officer_id, "paper", row.id)])
    return row


def _same(known: PaperPrint, inspection_id: UUID) -> PaperPrint:
    if known.inspection_id != inspection_id:
        raise IdempotencyKeyReused
    return known


def _ensure_printable(ctx: Context, inspection: Inspection, windows: Sequence[PaperWindow]) -> None:
    ensure_open(ctx, inspection, windows)
    given = queries.find_opinion(ctx.session, inspection.id) is not None
    window.ensure_opinion(inspection.conclusion, given=given)


def ensure_open(ctx: Context, inspection: Inspection, windows: Sequence[PaperWindow]) -> None:
    """Raise unless paper may come out now: the visit is accepted and not voided, and its window is open.

    Raises:
        PaperNotReady, PaperVoided: there is no paper. PaperLocked: the window is over.
    """
    requests = queries.requests_of(ctx.session, [inspection.id])[inspection.id]
    state = state_of(ctx, inspection, windows, requests)
    window.ensure_printable(state, unlock=unlock_facts(ctx, inspection, requests) if is_locked(state) else None)


def _number(ctx: Context, inspection: Inspection, prints: Sequence[PaperPrint]) -> tuple[str, int]:
    """Return number and copy: the living original's next copy, or a new original with the series' next number."""
    copies = [each for each in prints if each.status in LIVING]
    if copies:
        return copies[0].number, max(each.copy for each in copies) + 1
    organisation = queries.organisation(ctx.session, inspection.organisation_id)
    month = f"{local_day(ctx.now):%Y%m}"
    sequence = queries.next_sequence(ctx.session, organisation.id, month)
    return codes.print_number(organisation.code, month, sequence), 1


def _sheet(ctx: Context, inspection: Inspection, *, number: str = "", copy: int = 1, qr_text: str = "") -> PaperSheet:
    """Return what the paper says now."""
    version = templates.versions_by_id(ctx, [inspection.template_version_id])[inspection.template_version_id]
    opinion = queries.find_opinion(ctx.session, inspection.id)
    author_id = opinion.author_id if opinion else None
    names = queries.people(ctx.session, [inspection.officer_id, ctx.user_id, author_id])
    judgement = inspection.judgement or {}
    visit = Visit(
        answers=inspection.answers,
        snapshot=inspection.snapshot or {},
        inspector=names[inspection.officer_id].name,
        performed_at=inspection.performed_at,
        verdict=judgement.get("verdict"),
        distance_m=judgement.get("distance_m"),
        media=queries.stored_media(ctx.session, inspection.id),
        template_number=version.number,
        amendments=inspection.amendments,
    )
    printing = Printing(
        organisation=queries.organisation(ctx.session, inspection.organisation_id).name,
        printed_by=names[ctx.user_id].name,
        printed_at=ctx.now,
        number=number,
        copy=copy,
        qr_text=qr_text,
    )
    signed = (
        Opinion(text=opinion.text, author=names[opinion.author_id].name, given_at=opinion.given_at) if opinion else None
    )
    return compose(version.form.definition, visit, signed, printing)


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
    return render_paper(_sheet(ctx, queries.get_inspection(ctx.session, ctx.actor, inspection_id)))


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
        OwnAffair: the actor inspected. OpinionGiven: there is one. OpinionAfterPrint: it is too late.
    """
    inspection = queries.get_inspection(ctx.session, ctx.actor, inspection_id, GIVE_OPINION)
    windows = queries.windows_of(ctx.session, [inspection_id], lock=True)[inspection_id]
    living = [each for each in queries.prints(ctx.session, inspection_id) if each.status in LIVING]
    unlock.ensure_may_give_opinion(
        state_of(ctx, inspection, windows, ()),
        author_id=ctx.user_id,
        inspector_id=inspection.officer_id,
        given=queries.find_opinion(ctx.session, inspection_id) is not None,
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
