"""How much fits on one page of a pull or a snapshot (sync.md §2, Pull)."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_ROWS = 1_000
MAX_BYTES = 1 << 20
_ENVELOPE_BYTES = 1 << 10


def count_fitting(sizes: Sequence[int], most: int = MAX_BYTES - _ENVELOPE_BYTES) -> int:
    """Return how many of the leading changes, of so many bytes each, fit on a page.

    One always does, however large: a page without any would never end.
    """
    fitting = bisect_right(list(accumulate(size + 1 for size in sizes)), most)
    return max(fitting, min(1, len(sizes)))
