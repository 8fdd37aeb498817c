"""First days that people enter: what no loan explains is not put before the running month without an approval."""

from __future__ import annotations

from datetime import date

import pytest

from checkpoints.errors import BackDated
from checkpoints.rules.joining import ensure_approved, is_back_dated

TODAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("day", "known_from", "expected"),
    [
        ("2026-03-01", TODAY, False),
        ("2026-02-28", TODAY, True),
        ("2026-04-01", TODAY, False),
        ("2025-06-01", date(2025, 6, 1), False),
        ("2025-05-31", date(2025, 6, 1), True),
        ("2026-02-28", date(2025, 6, 1), False),
        ("2026-02-28", date(2026, 5, 1), True),
    ],
)
def test_a_day_before_the_month_and_the_first_loan_is_back_dated(day: str, known_from: date, *, expected: bool) -> None:
    assert is_back_dated(date.fromisoformat(day), known_from=known_from, today=TODAY) is expected


def test_only_an_approver_enters_a_back_dated_day() -> None:
    ensure_approved(date(2026, 1, 1), known_from=TODAY, today=TODAY, is_approver=True)
    ensure_approved(date(2026, 3, 1), known_from=TODAY, today=TODAY, is_approver=False)
    with pytest.raises(BackDated):
        ensure_approved(date(2026, 1, 1), known_from=TODAY, today=TODAY, is_approver=False)
