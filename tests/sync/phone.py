"""A phone in a test: an enrolled device with its key, its clock and its sequence, and a bank of one street."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from checkpoints.models import Checkpoint, CheckpointAssignment, CheckpointLocation, CheckpointPlate
from checkpoints.rules.plate import KEY_PURPOSE, next_public_id, plate_text
from inspection_api.accounts import service as accounts
from inspection_api.core.ids import new_id
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World

LON, LAT = 114.502461, 38.045474
RISKS = (
    "other_bank_overdue",
    "ent_dispute",
    "ctrl_lost",
    "ctrl_credit",
    "ctrl_event",
    "coll_adverse",
    "guar_overdue",
    "guar_dispute",
    "licence_expired",
)


def fix(metres_north: float = 0.0, **changes: Any) -> dict[str, Any]:
    """A good fix, so many metres north of the street's checkpoints."""
    lat = LAT + metres_north / 111_000
    return {"lon": LON, "lat": lat, "sys": "wgs84", "acc": 10.0, "age_s": 2.0, "mock": False, **changes}


def calm_answers(**changes: Any) -> list[dict[str, Any]]:
    """Answers that satisfy the default template; a change to None leaves the item out."""
    values = {"op_status": "normal", "power_kwh": "1200.5", "tax_ytd": "3", "conclusion": "normal"}
    merged = {**values, **dict.fromkeys(RISKS, False), **changes}
    return [{"item": item, "value": value} for item, value in merged.items() if value is not None]


@dataclass
class Street:
    """Active checkpoints of one officer, with plates, places, assignments and tasks of the running month."""

    world: World
    portfolio: Portfolio = field(init=False)

    def __post_init__(self) -> None:
        self.portfolio = Portfolio(self.world)

    def add(self, officer: str = "officer", organisation: str = "sub_branch", *, bound: bool = True) -> UUID:
        values = {} if bound else {"state": "unbound"}
        public_id = next_public_id()
        checkpoint_id = self.portfolio.add_checkpoint(
            organisation, officer, public_id=public_id, location_generation=1, **values
        )
        since = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        user = self.world.people[officer]
        with self.world.transaction() as ctx:
            ctx.session.add(CheckpointPlate(checkpoint_id=checkpoint_id, generation=1, issued_at=since))
            ctx.session.add(CheckpointAssignment(checkpoint_id=checkpoint_id, officer_id=user, valid_from=since))
            accounts.grant(ctx, [(user, "checkpoint", checkpoint_id)])
            if bound:
                self._bind(ctx, checkpoint_id, user, since)
        return checkpoint_id

    def _bind(self, ctx: Any, checkpoint_id: UUID, user: UUID, since: datetime) -> None:
        ctx.session.add(
            CheckpointLocation(
                checkpoint_id=checkpoint_id,
                generation=1,
                lon=LON,
                lat=LAT,
                status="confirmed",
                bound_by=user,
                bound_at=since,
                fixes=[],
                valid_from=since,
            )
        )
        row = ctx.session.get(Checkpoint, checkpoint_id)
        row.location_lon, row.location_lat = LON, LAT

    def plate(self, checkpoint_id: UUID, generation: int = 1) -> str:
        """Return the text of a checkpoint's plate."""
        with self.world.transaction() as ctx:
            public_id = ctx.session.get(Checkpoint, checkpoint_id).public_id
        key = self.world.bank.derived_key(KEY_PURPOSE)
        return plate_text(self.world.bank.tag, public_id, generation, key)

    def make_tasks(self) -> dict[UUID, UUID]:
        """Create the rule and return this month's task of each checkpoint."""
        self.portfolio.create_rule()
        self.portfolio.generate()
        return {task.checkpoint_id: task.id for task in self.portfolio.tasks() if task.period_start.month == 3}


@dataclass
class Phone:
    """A device that speaks the protocol by hand, so that a test can say exactly what it sends."""

    client: FlaskClient
    world: World
    street: Street
    username: str = "officer"
    approved: bool = True
    id: UUID = field(default_factory=uuid4)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    seqs: Any = field(default_factory=lambda: count(1))
    mono_ms: int = 1_000_000

    def __post_init__(self) -> None:
        self.headers = self.world.headers(self.username)
        raw = self.key.public_key().public_bytes_raw()
        public_key = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        body = {"id": str(self.id), "name": "手机", "public_key": public_key}
        assert self.client.post("/api/v1/devices", json=body, headers=self.headers).status_code == 201
        if self.approved:
            self.approve()

    def approve(self) -> None:
        answer = self.client.post(f"/api/v1/devices/{self.id}/approve", headers=self.world.headers("second_manager"))
        assert answer.status_code == 200, answer.json

    def shake_hands(self, last_seq: int = 0) -> dict[str, Any]:
        body = {"device_id": str(self.id), "boot_id": "boot", "mono_ms": self.mono_ms, "last_seq": last_seq}
        answer = self.client.post("/api/v1/sync/handshake", json=body, headers=self.headers)
        assert answer.status_code == 200, answer.json
        return answer.json

    def stamp(self, minutes_ago: float = 0.0) -> dict[str, Any]:
        wall = self.world.database.clock() - timedelta(minutes=minutes_ago)
        return {"wall": wall.isoformat(), "mono_ms": self.mono_ms - int(minutes_ago * 60_000), "boot_id": "boot"}

    def operation(self, kind: str, entity_id: UUID, payload: dict[str, Any], **changes: Any) -> dict[str, Any]:
        seq = changes.pop("seq", None) or next(self.seqs)
        base = {"op_id": str(new_id()), "seq": seq, "op_format": 1, "type": kind, "entity_id": str(entity_id)}
        return {**base, "captured": self.stamp(), "payload": payload, **changes}

    def photo(self, item: str, content: bytes | None = None, **changes: Any) -> dict[str, Any]:
        data = content or uuid4().bytes
        manifest = {
            "id": str(new_id()),
            "kind": "photo",
            "mime": "image/jpeg",
            "bytes": len(data),
            "item": item,
            "sha256": hashlib.sha256(data).hexdigest(),
            "captured": self.stamp(5),
            "fix": fix(),
        }
        return {**manifest, **changes}

    def visit(self, checkpoint_id: UUID, task_id: UUID | None = None, **changes: Any) -> dict[str, Any]:
        """The payload of a whole good visit: 20 minutes, photos of the meter and of the tax form."""
        scan = {"qr": self.street.plate(checkpoint_id), "at": self.stamp(20), "fixes": [fix()]}
        payload: dict[str, Any] = {
            "checkpoint_id": str(checkpoint_id),
            "task_id": str(task_id) if task_id else None,
            "template_version_id": str(self.street.portfolio.version_id),
            "scan": scan,
            "fixes": [fix()],
            "answers": calm_answers(),
            "media": [self.photo(item) for item in ("op_status", "power_kwh", "tax_ytd")],
        }
        return {**payload, **changes}

    def submit(self, checkpoint_id: UUID, task_id: UUID | None = None, **changes: Any) -> dict[str, Any]:
        return self.operation("inspection.submit", new_id(), self.visit(checkpoint_id, task_id, **changes))

    def batch(self, *ops: Any, **changes: Any) -> bytes:
        envelope = {
            "protocol": 1,
            "device_id": str(self.id),
            "batch_id": str(new_id()),
            "sent": self.stamp(),
            "app": "test",
            "ops": list(ops),
            **changes,
        }
        return json.dumps(envelope).encode()

    def signature(self, body: bytes) -> str:
        """Return the header that signs ``body``."""
        return f"ed25519={base64.urlsafe_b64encode(self.key.sign(body)).decode()}"

    def send(self, body: bytes, **headers: str) -> Any:
        extra = {"Device-Signature": self.signature(body), **headers}
        return self.client.post("/api/v1/sync/push", data=body, headers={**self.headers, **extra})

    def push(self, *ops: Any, **changes: Any) -> list[dict[str, Any]]:
        answer = self.send(self.batch(*ops, **changes))
        assert answer.status_code == 200, answer.json
        return answer.json["results"]

    def pull(self, cursor: str | None = None, limit: int = 500) -> dict[str, Any]:
        query = {"device_id": str(self.id), "limit": limit, **({"cursor": cursor} if cursor else {})}
        answer = self.client.get("/api/v1/sync/pull", query_string=query, headers=self.headers)
        assert answer.status_code == 200, answer.json
        return answer.json

    def snapshot(self, cursor: str | None = None, limit: int = 1000) -> dict[str, Any]:
        body = {"device_id": str(self.id), "cursor": cursor, "limit": limit}
        answer = self.client.post("/api/v1/sync/snapshot", json=body, headers=self.headers)
        assert answer.status_code == 200, answer.json
        return answer.json
