from __future__ import annotations

from datetime import date

import pytest

from inspection_api.loans.errors import LoanDatesInvalid
from inspection_api.loans.rules import ensure_dates


def test_a_loan_may_mature_on_its_first_day_but_not_before() -> None:
    ensure_dates(date(2026, 1, 5), date(2026, 1, 5))
    with pytest.raises(LoanDatesInvalid):
        ensure_dates(date(2026, 1, 5), date(2026, 1, 4))
