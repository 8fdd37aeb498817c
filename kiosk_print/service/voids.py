"""作废: a manager takes a printed paper back; its number is never used again (domain.md §2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspection_api.accounts.queries import accounts_of_same_people
from kiosk_print import queries
from kiosk_print.rules.window import LIVING, PrintStatus, ensure_voidable
from kiosk_print.service.void_circles import VOID, overtake

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.inspections.models import Inspection
    from kiosk_print.models import PaperPrint


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """An original and its copies, for they share the number; ``people`` inspected or printed one of them."""

    row: PaperPrint
    same: Sequence[PaperPrint]
    people: frozenset[UUID]


def void_print(ctx: Context, print_id: UUID, *, reason: str) -> PaperPrint:
    """Void an original and all its copies; inside the window a new original may follow.

    Raises:
        NotFound: the print is out of scope.
        OwnPrint: the actor inspected, or printed one of them. NotVoidable: it is superseded or voided already.
    """
    row = queries.get_print(ctx.session, ctx.actor, print_id, VOID)
    inspection = queries.lock_inspection(ctx.session, ctx.actor, row.inspection_id, VOID)
    sheets = sheets_of(ctx, inspection, row)
    ensure_may_void(ctx, sheets)
    void(ctx, sheets, reason=reason, concerned=sheets.people)
    overtake(ctx, [row.inspection_id])
    return row


def sheets_of(ctx: Context, inspection: Inspection, row: PaperPrint) -> Sheets:
    """Return a print with all that go with it, as they stand now."""
    same = [each for each in queries.prints(ctx.session, inspection.id) if each.number == row.number]
    return Sheets(row=row, same=same, people=frozenset({inspection.officer_id, *(each.printed_by for each in same)}))


def ensure_may_void(ctx: Context, sheets: Sheets, *others: UUID) -> None:
    """Raise unless the actor may void them: by none of their accounts he inspected, printed, or is of the ``others``.

    Raises:
        OwnPrint: it is his own affair. NotVoidable: it is superseded or voided already.
    """
    accounts = accounts_of_same_people(ctx.session, sheets.people.union(others))
    ensure_voidable(sheets.row.status, actor_id=ctx.user_id, barred=frozenset().union(*accounts.values()))


def void(ctx: Context, sheets: Sheets, *, reason: str, concerned: frozenset[UUID]) -> None:
    """Void them all, and record it; ``concerned`` are told."""
    for each in sheets.same:
        if each.status in LIVING:
            _void(ctx, each, reason)
    ctx.session.flush()
    ctx.record(
        "paper.voided",
        inspection_id=str(sheets.row.inspection_id),
        print_id=str(sheets.row.id),
        number=sheets.row.number,
        copies=len(sheets.same),
        concerned=sorted(map(str, concerned)),
    )


def _void(ctx: Context, row: PaperPrint, reason: str) -> None:
    row.status, row.ended_at = PrintStatus.VOIDED, ctx.now
    row.voided_by, row.void_reason = ctx.user_id, reason
