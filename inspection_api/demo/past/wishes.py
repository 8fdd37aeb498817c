"""What officers proposed in the last days: one accepted, one refused, the others still to be decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint
from inspection_api.accounts.models import Organisation
from inspection_api.customers.rules import next_uscc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from inspection_api.demo.past.era import Era

_SERIAL = 88_000_001
_EDITS = ("厂区东门", "三号车间二楼办公室", "开发区标准厂房 7 栋")


def propose(era: Era, codes: Sequence[str]) -> None:
    """Let the officers of some sub-branches propose changes, and a checkpoint with a new customer."""
    asked = [(propose_edit(era, code, address), code) for code, address in zip(codes, _EDITS, strict=False)]
    checkpoints.propose_checkpoint(
        era.acting(f"o{codes[0]}"),
        reason="新授信客户，放款前建点",
        checkpoint={"code": f"{codes[0]}-101", "name": "新客户经营场所"},
        customer={"uscc": next_uscc(_SERIAL), "name": "演示新客户有限公司"},
    )
    for (proposal_id, code), accepted in zip(asked[1:], (True, False), strict=False):
        manager = era.acting(f"m{code}")
        if accepted:
            checkpoints.accept_proposal(manager, proposal_id, note="情况属实")
        else:
            checkpoints.refuse_proposal(manager, proposal_id, note="请补充房屋租赁合同")
    era.settle()


def propose_edit(era: Era, code: str, address: str) -> UUID:
    """Let an officer propose another address for his first checkpoint; return the proposal's id."""
    point = _first(era, code)
    reason, changes = "企业迁入新厂房", {"address": address}
    made = checkpoints.propose_edit(
        era.acting(f"o{code}"), point.id, version=point.version, reason=reason, changes=changes
    )
    era.settle()
    return made.id


def _first(era: Era, code: str) -> Checkpoint:
    """Return the first checkpoint in force of a sub-branch."""
    there = select(Checkpoint).join(Organisation, Organisation.id == Checkpoint.organisation_id)
    in_force = there.where(Organisation.code == code, Checkpoint.state == "active")
    return era.system().session.scalars(in_force.order_by(Checkpoint.code).limit(1)).one()
