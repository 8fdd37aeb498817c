"""One record of one officer on two devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import select

from inspection_api.inspections.models import Inspection
from sync.models import SyncConflict

if TYPE_CHECKING:
    from tests.sync.phone import Phone, Street


class Desk:
    """One record on two devices."""

    def __init__(self, street: Street) -> None:
        self.street = street
        self.point = street.add()
        self.entity = uuid4()

    def save(self, device: Phone, base_version: int = 0, **content: Any) -> dict[str, Any]:
        payload = {
            "checkpoint_id": str(self.point),
            "template_version_id": str(self.street.portfolio.version_id),
            **content,
        }
        return device.push(device.operation("inspection.save", self.entity, payload, base_version=base_version))[0]

    def submit(self, device: Phone, base_version: int = 0, **content: Any) -> dict[str, Any]:
        payload = {**device.visit(self.point), **content}
        return device.push(device.operation("inspection.submit", self.entity, payload, base_version=base_version))[0]

    def record(self) -> Inspection:
        with self.street.world.transaction() as ctx:
            found: Inspection = ctx.session.get_one(Inspection, self.entity)
            return found

    def conflicts(self) -> list[SyncConflict]:
        with self.street.world.transaction() as ctx:
            return list(ctx.session.scalars(select(SyncConflict).order_by(SyncConflict.field)))


def answer(item: str, value: Any) -> dict[str, Any]:
    return {"answers": [{"item": item, "value": value}]}
