"""Was the officer there, and all the time? The verdicts of scan, captures and submit put together (domain.md §3.3).

Each verdict itself is decided in ``checkpoints/rules/fence.py``; this module says what they mean for one visit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from checkpoints.rules.fence import Judgement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_FRESH_FIX = {Verdict.STALE, Verdict.TOO_COARSE, Verdict.INDETERMINATE}


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One act of the visit after the scan: its verdict, and when, in milliseconds after the scan (None: unknown)."""

    judgement: Judgement
    after_scan_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """``codes`` send the visit into quarantine, ``flags`` go to review with it."""

    codes: tuple[str, ...]
    flags: tuple[str, ...]


def judge_presence(scan: Judgement, captures: Sequence[Act], submit: Act, *, min_dwell_s: int) -> Presence:
    """Judge the whole visit.

    The scan needs a good fix. A capture or submit without a fresh one (inside a hall) makes the visit weak; a mock or
    a fix clearly outside speaks against it whenever it was taken. Media belong between scan and submit.
    """
    acts = (*captures, submit)
    verdicts = {act.judgement.verdict for act in acts}
    codes = [] if scan.is_accepted else [scan.verdict.value]
    codes += [bad.value for bad in (Verdict.MOCK, Verdict.OUTSIDE) if bad in verdicts and bad != scan.verdict]
    if any(_is_outside_visit(capture, submit) for capture in captures):
        codes.append("media_contradiction")
    flags = []
    if scan.is_weak or (scan.is_accepted and verdicts & _NO_FRESH_FIX):
        flags.append("weak")
    if submit.after_scan_ms is not None and submit.after_scan_ms < min_dwell_s * 1000:
        flags.append("rushed")
    return Presence(codes=tuple(codes), flags=tuple(flags))


def _is_outside_visit(capture: Act, submit: Act) -> bool:
    """Tell whether the monotonic clock contradicts a capture; an unknown time contradicts nothing."""
    if capture.after_scan_ms is None:
        return False
    is_after = submit.after_scan_ms is not None and capture.after_scan_ms > submit.after_scan_ms
    return capture.after_scan_ms < 0 or is_after
