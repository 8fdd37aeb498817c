"""Checkpoints that left in the past, and some that came back: proposed by one, decided by another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint, CheckpointExit
from checkpoints.rules.exits import ExitStatus
from inspection_api.accounts.models import Organisation
from inspection_api.core.periods import local_day

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Select

    from inspection_api.demo.past.era import Era

_REASONS = {
    "settled": "贷款已结清，不再续贷",
    "exited": "企业压缩授信，按计划退出",
    "written_off": "贷款已核销，转资产保全",
    "discount_only": "仅余票据贴现业务",
}
_TYPES = ("settled", "settled", "settled", "exited", "exited", "written_off", "discount_only")
_REFUSED_SHARE, _BACK_DATED_SHARE, _BACK_DATED_DAYS = 0.15, 0.25, 6
_NOTE, _REFUSAL, _RETURN = "情况属实，同意退出", "企业仍有未结清借据，暂不退出", "企业重新授信，恢复检查"


def propose(era: Era, share: float) -> None:
    """Let officers propose that some of their checkpoints leave."""
    for checkpoint_id, code in era.system().session.execute(_in_force(era)).all():
        if era.random.random() < share:
            _propose(era, checkpoint_id, code, era.random.choice(_TYPES))
    era.settle()


def propose_one(era: Era, code: str) -> None:
    """Let a sub-branch's officer propose that his last checkpoint in force leaves."""
    mine = _in_force(era).where(Organisation.code == code).order_by(None).order_by(Checkpoint.code.desc()).limit(1)
    for checkpoint_id, _ in era.system().session.execute(mine).all():
        _propose(era, checkpoint_id, code, "settled")
    era.settle()


def _in_force(era: Era) -> Select[UUID, str]:
    return (
        select(Checkpoint.id, Organisation.code)
        .join(Organisation, Organisation.id == Checkpoint.organisation_id)
        .where(Checkpoint.state == "active", Checkpoint.effective_from < local_day(era.now))
        .order_by(Checkpoint.code)
    )


def _propose(era: Era, checkpoint_id: UUID, code: str, exit_type: str) -> None:
    officer, reason, today = era.acting(f"o{code}"), _REASONS[exit_type], local_day(era.now)
    checkpoints.propose_exit(officer, checkpoint_id, exit_type=exit_type, reason=reason, effective_on=today)


def decide(era: Era) -> None:
    """Let branch managers decide the open proposals: some are refused, some leave from a day that has passed.

    They know of what has fallen due since that day, which stays overdue (domain.md §1.5).
    """
    waits = (
        select(CheckpointExit.id, CheckpointExit.effective_on, Checkpoint.effective_from, Organisation.code)
        .join(Checkpoint, Checkpoint.id == CheckpointExit.checkpoint_id)
        .join(Organisation, Organisation.id == Checkpoint.organisation_id)
        .where(CheckpointExit.status == ExitStatus.PROPOSED)
        .order_by(Checkpoint.code)
    )
    for exit_id, effective_on, since, code in era.system().session.execute(waits).all():
        manager = era.acting(f"b{code[:2]}")
        if era.random.random() < _REFUSED_SHARE:
            checkpoints.refuse_exit(manager, exit_id, note=_REFUSAL)
        else:
            is_back_dated = era.random.random() < _BACK_DATED_SHARE
            day = effective_on - timedelta(days=_BACK_DATED_DAYS) if is_back_dated else local_day(era.now)
            checkpoints.approve_exit(manager, exit_id, note=_NOTE, effective_on=max(day, since), keep_overdue=True)
    era.settle()


def come_back(era: Era, share: float) -> None:
    """Let branch managers bring some of those back that have left."""
    gone = (
        select(Checkpoint.id, Organisation.code)
        .join(Organisation, Organisation.id == Checkpoint.organisation_id)
        .where(Checkpoint.state == "exited")
        .order_by(Checkpoint.code)
    )
    for checkpoint_id, code in era.system().session.execute(gone).all():
        if era.random.random() < share:
            checkpoints.reactivate(era.acting(f"b{code[:2]}"), checkpoint_id, reason=_RETURN)
    era.settle()
