"""Days off and make-up days that the State Council announced, for the demo bank (a real one imports them itself)."""

from __future__ import annotations

from datetime import date, timedelta

_OFF_2026 = (
    (date(2026, 1, 1), 3),
    (date(2026, 2, 15), 9),
    (date(2026, 4, 4), 3),
    (date(2026, 5, 1), 5),
    (date(2026, 6, 19), 3),
    (date(2026, 9, 25), 3),
    (date(2026, 10, 1), 7),
)
"""First day and number of days of 元旦, 春节, 清明节, 劳动节, 端午节, 中秋节, 国庆节 (国办 2025-11-04)."""

HOLIDAYS_2026 = [first + timedelta(days=number) for first, days in _OFF_2026 for number in range(days)]
WORKDAYS_2026 = [
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
]
