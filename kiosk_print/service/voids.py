"""作废: a manager takes a printed paper back; its number is never used again (domain.md §2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspection_api.accounts.queries import accounts_of_same_people
from inspection_api.core.permissions import Action, Permission
from kiosk_print import queries
from kiosk_print.rules.window import LIVING, PrintStatus, ensure_voidable

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context
    from kiosk_print.models import PaperPrint

VOID = Permission(Action.PAPERS, "void")


def void_print(ctx: Context, print_id: UUID, *, reason: str) -> PaperPrint:
    """Void an original and all its copies, for they share the number; inside the window a new original may follow.

    Raises:
        NotFound: the print is out of scope.
        OwnPrint: the actor inspected, or printed one of them. NotVoidable: it is superseded or voided already.
    """
    row = queries.get_print(ctx.session, ctx.actor, print_id, VOID)
    inspection = queries.lock_inspection(ctx.session, ctx.actor, row.inspection_id, VOID)
    same = [each for each in queries.prints(ctx.session, row.inspection_id) if each.number == row.number]
    people = {inspection.officer_id, *(each.printed_by for each in same)}
    barred = frozenset().union(*accounts_of_same_people(ctx.session, people).values())
    ensure_voidable(row.status, actor_id=ctx.user_id, barred=barred)
    for each in same:
        if each.status in LIVING:
            _void(ctx, each, reason)
    ctx.session.flush()
    ctx.record(
        "paper.voided",
        inspection_id=str(row.inspection_id),
        print_id=str(row.id),
        number=row.number,
        copies=len(same),
        concerned=sorted(map(str, people)),
    )
    return row


def _void(ctx: Context, row: PaperPrint, reason: str) -> None:
    row.status, row.ended_at = PrintStatus.VOIDED, ctx.now
    row.voided_by, row.void_reason = ctx.user_id, reason
