"""What a scan tells the officer: one sentence and one code for every state (domain.md §0, §3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from checkpoints.rules import fence
from checkpoints.rules.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.coordinates import Point
    from checkpoints.rules.fence import Fix, Judgement


class ScanCode(StrEnum):
    """What a genuine plate means for whoever scanned it."""

    INSIDE = "inside"
    INDETERMINATE = "indeterminate"
    UNBOUND = "unbound"
    BINDING_PENDING = "binding_pending"
    EXITED = "exited"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanAnswer:
    """The answer to a scan; ``judgement`` is None where no fence decides. ``may_start``: a visit may begin."""

    code: ScanCode
    sentence: str
    may_start: bool
    judgement: Judgement | None = None


_WITHOUT_FENCE: dict[State, ScanAnswer] = {
    State.UNBOUND: ScanAnswer(
        code=ScanCode.UNBOUND,
        sentence="检查点尚未绑定位置：请在现场采集至少 3 次定位并拍摄二维码牌，完成绑定后再检查。",
        may_start=False,
    ),
    State.PENDING_CONFIRM: ScanAnswer(
        code=ScanCode.BINDING_PENDING,
        sentence="检查点位置待管理人员确认：可以检查，确认后才计入完成。",
        may_start=True,
    ),
    State.EXITED: ScanAnswer(
        code=ScanCode.EXITED, sentence="该检查点已退出，如需检查请联系支行经理。", may_start=False
    ),
}


def decide_scan(state: State, place: Point | None, fixes: Sequence[Fix], radius_m: int) -> ScanAnswer:
    """Return the answer to a scan with ``fixes``; a refused verdict is in the judgement, and may not start."""
    if state in _WITHOUT_FENCE:
        return _WITHOUT_FENCE[state]
    if place is None:
        return _WITHOUT_FENCE[State.UNBOUND]
    judgement = fence.decide_verdict(fixes, place, radius_m)
    code = ScanCode.INSIDE if judgement.verdict is fence.Verdict.INSIDE else ScanCode.INDETERMINATE
    return ScanAnswer(
        code=code, sentence=fence.explain(judgement), may_start=judgement.is_accepted, judgement=judgement
    )
