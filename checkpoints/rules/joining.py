"""From which day a checkpoint is to be visited, when somebody enters one by hand (domain.md §1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.errors import BackDated
from inspection_api.core.periods import first_of_month

if TYPE_CHECKING:
    from datetime import date

BACK_DATED = "早于本月，也早于首笔放款日，须由上级机构（有权审批退出者）办理"


def is_back_dated(effective_from: date, *, known_from: date, today: date) -> bool:
    """Tell whether a first day lies before the running month and ``known_from``, the first 放款, too."""
    return effective_from < min(first_of_month(today), known_from)


def ensure_approved(effective_from: date, *, known_from: date, today: date, is_approver: bool) -> None:
    """Refuse a back-dated first day of whoever needs another's approval for it.

    Raises:
        BackDated: so it is.
    """
    if is_back_dated(effective_from, known_from=known_from, today=today) and not is_approver:
        raise BackDated(fields={"effective_from": BACK_DATED})
