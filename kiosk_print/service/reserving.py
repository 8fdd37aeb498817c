"""Numbers for papers: any number of prints is judged, numbered and written down in the same few statements.

Rows are locked in the order of every writer: the visits, their windows, then the series of the organisations. So an
amendment is either on the paper or supersedes it, and no two people number the same visit at once (domain.md §2.3).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from inspection_api.accounts import service as accounts
from inspection_api.core.errors import NotFound, Problem
from inspection_api.core.ids import new_id
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission
from kiosk_print import queries
from kiosk_print.errors import IdempotencyKeyReused
from kiosk_print.models import PaperPrint
from kiosk_print.rules import codes, window
from kiosk_print.rules.sheet import ensure_answered
from kiosk_print.rules.window import LIVING, PrintStatus
from kiosk_print.service.composing import Facts, Numbering, load_facts, sheet_of
from kiosk_print.service.state import state_of
from kiosk_print.service.terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.inspections.models import Inspection
    from kiosk_print.models import PaperWindow, UnlockRequest
    from kiosk_print.service.terms import Terms

PRINT = Permission(Action.PAPERS, "print")
PAPER_KEY = "paper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One print that somebody wants: the same ``key`` of the same person always means the same print."""

    inspection_id: UUID
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What the prints of one call are judged by."""

    inspections: Mapping[UUID, Inspection]
    windows: Mapping[UUID, Sequence[PaperWindow]]
    requests: Mapping[UUID, Sequence[UnlockRequest]]
    prints: Mapping[UUID, Sequence[PaperPrint]]
    known: Mapping[str, PaperPrint]
    terms: Mapping[UUID, Terms]
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Granted:
    """A print that may be: ``original`` is the number of the living original of which it is a copy, if there is one."""

    wanted: Wanted
    inspection: Inspection
    window_number: int
    copy: int
    original: str | None


def reserve(ctx: Context, wanted: Sequence[Wanted], *, verify_url: str) -> list[PaperPrint | Problem]:
    """Give each print its number and write down what its sheet says, or say why there is none; in order.

    ``verify_url`` is what stands before the code in the QR. A print whose key is known already is returned as it is;
    no record may be wanted twice in one call.

    A refusal is NotFound (out of scope), PaperNotReady, PaperVoided, PaperLocked (without a word on who unlocks),
    AnswersIncomplete, OpinionRequired, PrintLimit, or IdempotencyKeyReused.
    """
    desk = _open_desk(ctx, wanted)
    judged = [_judge(ctx, desk, each) for each in wanted]
    rows = _write_down(ctx, desk, [each for each in judged if isinstance(each, _Granted)], verify_url)
    return [rows[each.inspection.id] if isinstance(each, _Granted) else each for each in judged]


def _open_desk(ctx: Context, wanted: Sequence[Wanted]) -> _Desk:
    ids = {each.inspection_id for each in wanted}
    inspections = queries.lock_inspections(ctx.session, ctx.actor, ids, PRINT)
    windows = queries.windows_of(ctx.session, inspections, lock=True)
    facts = load_facts(ctx, list(inspections.values()))
    return _Desk(
        inspections=inspections,
        windows=windows,
        requests=queries.requests_of(ctx.session, inspections),
        prints=queries.prints_of(ctx.session, inspections),
        known=queries.prints_by_key(ctx.session, ctx.user_id, {each.key for each in wanted}),
        terms=terms_of(ctx, facts.organisations.values()),
        facts=facts,
    )


def _judge(ctx: Context, desk: _Desk, wanted: Wanted) -> _Granted | PaperPrint | Problem:
    """Return the print, new or known, or why there is none."""
    try:
        return _granted(ctx, desk, wanted)
    except Problem as refusal:
        return refusal


def _granted(ctx: Context, desk: _Desk, wanted: Wanted) -> _Granted | PaperPrint:
    inspection = desk.inspections.get(wanted.inspection_id)
    if inspection is None:
        raise NotFound
    known = desk.known.get(wanted.key)
    if known is not None:
        return _same(known, inspection.id)
    windows, prints = desk.windows[inspection.id], desk.prints[inspection.id]
    window.ensure_printable(state_of(ctx, inspection, windows, desk.requests[inspection.id]))
    form = desk.facts.versions[inspection.template_version_id].form
    ensure_answered(form.asked_of((inspection.judgement or {}).get("roles")), inspection.answers)
    window.ensure_opinion(inspection.conclusion, given=inspection.id in desk.facts.opinions)
    made = sum(each.window_number == windows[-1].number for each in prints)
    window.ensure_room_for_print(made, desk.terms[inspection.organisation_id].prints_per_window)
    copies = [each for each in prints if each.status in LIVING]
    return _Granted(
        wanted=wanted,
        inspection=inspection,
        window_number=windows[-1].number,
        copy=max((each.copy for each in copies), default=0) + 1,
        original=copies[0].number if copies else None,
    )


def _same(known: PaperPrint, inspection_id: UUID) -> PaperPrint:
    if known.inspection_id != inspection_id:
        raise IdempotencyKeyReused
    return known


def _write_down(ctx: Context, desk: _Desk, granted: Sequence[_Granted], verify_url: str) -> dict[UUID, PaperPrint]:
    numbers = _numbers(ctx, desk, granted)
    rows = {each.inspection.id: _row(ctx, desk, each, numbers[each.inspection.id], verify_url) for each in granted}
    ctx.session.add_all(rows.values())
    ctx.session.flush()
    accounts.grant(ctx, [(desk.inspections[id_].officer_id, "paper", row.id) for id_, row in rows.items()])
    return rows


def _numbers(ctx: Context, desk: _Desk, granted: Sequence[_Granted]) -> dict[UUID, str]:
    """Return each print's number: that of its living original, else the next of its organisation's month."""
    fresh = Counter(each.inspection.organisation_id for each in granted if each.original is None)
    month = f"{local_day(ctx.now):%Y%m}"
    last = queries.take_numbers(ctx.session, fresh, month) if fresh else {}
    found = {}
    for each in granted:
        organisation = desk.facts.organisations[each.inspection.organisation_id]
        if each.original is None:
            sequence = last[organisation.id] - fresh[organisation.id] + 1
            fresh[organisation.id] -= 1
            found[each.inspection.id] = codes.print_number(organisation.code, month, sequence)
        else:
            found[each.inspection.id] = each.original
    return found


def _row(ctx: Context, desk: _Desk, granted: _Granted, number: str, verify_url: str) -> PaperPrint:
    print_id, inspection = new_id(), granted.inspection
    code = codes.print_code(ctx.bank.derived_key(PAPER_KEY), ctx.bank.tag, print_id)
    numbering = Numbering(number=number, copy=granted.copy, qr_text=verify_url + code)
    return PaperPrint(
        id=print_id,
        inspection_id=inspection.id,
        organisation_id=inspection.organisation_id,
        window_number=granted.window_number,
        number=number,
        copy=granted.copy,
        status=PrintStatus.RESERVED,
        printed_by=ctx.user_id,
        printed_at=ctx.now,
        idempotency_key=granted.wanted.key,
        sheet=asdict(sheet_of(ctx, desk.facts, inspection, numbering)),
    )
