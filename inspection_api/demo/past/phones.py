"""A few officers' phones of the past, which really push: visits from outside the fence, shut doors, doubts."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, update

from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import UserAccount
from inspection_api.core.ids import new_id
from inspection_api.demo.past.album import ITEMS, draw
from inspection_api.demo.past.visits import prepared
from inspection_api.media.models import Media
from inspection_api.media.rules.uploads import Status
from sync import service as sync
from sync.models import SyncQuarantine

if TYPE_CHECKING:
    from inspection_api.demo.past.era import Era
    from inspection_api.demo.past.rounds import Errand

_OUTSIDE_M = (450, 2_500)
_ACCEPTED_SHARE = 0.65
_WHY_ACCEPTED, _WHY_REFUSED = "企业新厂区门前检查，照片可证实", "定位与检查点相距过远，且无法说明原因"
_NOBODY = ("大门紧锁，电话无人接听", "门卫称负责人外出，约定改日再来", "厂区放假，现场无人")


@dataclass(slots=True, kw_only=True)
class Phone:
    """An officer's phone: its key, its last number, and in which month it was last used."""

    username: str
    id: UUID = field(default_factory=new_id)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    seq: int = 0
    last_used: int = -1

    def enrol(self, era: Era, manager: str, name: str = "工作手机") -> None:
        """Register the phone, and let the officer's manager approve it."""
        public_key = base64.urlsafe_b64encode(self.key.public_key().public_bytes_raw()).decode().rstrip("=")
        accounts.enrol(era.acting(self.username), self.id, name=name, public_key=public_key)
        accounts.approve(era.acting(manager), self.id)
        era.settle()

    def give_back(self, era: Era, manager: str) -> None:
        """End the phone: its officer has another one now."""
        accounts.revoke_device(era.acting(manager), self.id)
        era.settle()

    def push_from_outside(self, era: Era, errand: Errand) -> None:
        """Bring a visit whose fixes lie outside of the fence, with photos of its own."""
        self.push_visit(era, prepared(era.system(), era.random, errand, north_m=era.random.uniform(*_OUTSIDE_M)))

    def push_visit(self, era: Era, visit: dict[str, Any]) -> None:
        """Bring a prepared visit whole, with photos of its own."""
        answers = [{"item": item, **answer} for item, answer in visit["answers"].items()]
        proof = visit["evidence"]
        media = [self._photo(era, *taken) for taken in zip(ITEMS, proof["captures"], strict=True)]
        payload = {
            **_about(visit),
            "scan": proof["scan"],
            "fixes": proof["fixes"],
            "answers": answers,
            "media": media,
        }
        self._push(era, "inspection.submit", visit["id"], payload, proof["captured"])
        self._upload(era, [UUID(str(each["id"])) for each in media])

    def push_draft(self, era: Era, visit: dict[str, Any], item: str, value: Any) -> None:
        """Save one answer of a visit that goes on on another phone, right behind its scan."""
        payload = {**_about(visit), "answers": [{"item": item, "value": value}]}
        self._push(era, "inspection.save", visit["id"], payload, visit["evidence"]["scan"]["at"])

    def push_binding(self, era: Era, visit: dict[str, Any]) -> None:
        """Bind the checkpoint to where a prepared visit takes place, with a photo of its plate."""
        proof = visit["evidence"]
        photo = self._photo(era, None, proof["captures"][0])
        fixes = [*proof["scan"]["fixes"], *(each["fix"] for each in proof["captures"]), *proof["fixes"]]
        payload = {"qr": proof["scan"]["qr"], "fixes": fixes, "photo": photo}
        self._push(era, "checkpoint.bind", visit["checkpoint_id"], payload, proof["captured"])
        self._upload(era, [UUID(str(photo["id"]))])

    def push_unmet(self, era: Era, errand: Errand) -> None:
        """Tell that nobody was there, or that nobody let the officer in."""
        proof = prepared(era.system(), era.random, errand)["evidence"]
        payload = {
            "checkpoint_id": errand.duty.checkpoint_id,
            "task_id": errand.duty.task_id,
            "reason": era.random.choice(("unmet", "unmet", "refused")),
            "qr": proof["scan"]["qr"],
            "fixes": proof["fixes"],
            "note": era.random.choice(_NOBODY),
        }
        self._push(era, "visit.unmet", new_id(), payload, proof["captured"])

    def _push(self, era: Era, kind: str, entity_id: UUID, payload: dict[str, Any], captured: dict[str, Any]) -> None:
        ctx = era.acting(self.username)
        self.seq += 1
        ago = era.now - datetime.fromisoformat(captured["wall"])
        boot_id, mono_ms = captured["boot_id"], captured["mono_ms"] + round(ago.total_seconds() * 1000)
        sync.shake_hands(ctx, device_id=self.id, boot_id=boot_id, mono_ms=mono_ms, last_seq=self.seq, app="demo")
        head = {"op_id": new_id(), "seq": self.seq, "op_format": 1, "type": kind, "entity_id": entity_id}
        sent = {"wall": era.now, "mono_ms": mono_ms, "boot_id": boot_id}
        batch = {"protocol": 1, "device_id": self.id, "batch_id": new_id(), "sent": sent, "app": "demo"}
        body = msgspec.json.encode({**batch, "ops": [{**head, "captured": captured, "payload": payload}]})
        signature = base64.urlsafe_b64encode(self.key.sign(body)).decode()
        sync.push(ctx, body, f"ed25519={signature}")
        era.settle()

    def _photo(self, era: Era, item: str | None, capture: dict[str, Any]) -> dict[str, Any]:
        data = draw(era.random.getrandbits(48))
        sha256 = era.ctx.storage.put(era.ctx.bank.tag, data)
        kept = {"id": new_id(), "kind": "photo", "mime": "image/jpeg", "bytes": len(data), "sha256": sha256}
        return {**kept, "item": item, **capture}

    def _upload(self, era: Era, media_ids: list[UUID]) -> None:
        """Let the bytes, which are here, be those of the declared photos."""
        ctx = era.system()
        stored = {"status": Status.STORED.value, "stored_at": ctx.now}
        brought = update(Media).where(Media.id.in_(media_ids)).values(**stored)
        for row in ctx.session.execute(brought.returning(Media.id, Media.inspection_id)).all():
            inspection_id = str(row.inspection_id) if row.inspection_id else None
            ctx.record("media.stored", media_id=str(row.id), inspection_id=inspection_id)
        era.settle()


def _about(visit: dict[str, Any]) -> dict[str, Any]:
    return {name: visit[name] for name in ("checkpoint_id", "template_version_id", "task_id")}


def decide_waiting(era: Era) -> None:
    """Let managers decide what has waited in quarantine for some days: the most counts, some is refused."""
    ctx = era.system()
    waits = (
        select(SyncQuarantine.op_id, UserAccount.username)
        .join(UserAccount, UserAccount.id == SyncQuarantine.officer_id)
        .where(SyncQuarantine.state == "open")
        .order_by(SyncQuarantine.op_id)
    )
    for op_id, officer in ctx.session.execute(waits).all():
        manager = era.acting(f"m{officer[1:]}")
        if era.random.random() < _ACCEPTED_SHARE:
            sync.accept(manager, op_id, reason=_WHY_ACCEPTED)
        else:
            sync.refuse(manager, op_id, reason=_WHY_REFUSED)
        era.settle()
