"""A checkpoint in the field: its plate's text, fixes around its place, a photo of the plate."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import select

from checkpoints import service
from checkpoints.models import Checkpoint
from checkpoints.service import NewCheckpoint
from inspection_api.core.periods import local_day
from inspection_api.customers import service as customers
from inspection_api.customers.rules import next_uscc
from inspection_api.customers.service import NewCustomer
from inspection_api.media.models import Media

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World

PATH = "/api/v1/checkpoints"
LON, LAT = 114.5149, 38.0428
METRE_NORTH = 1 / 111_000


def fix(metres: float = 0, **changes: Any) -> dict[str, Any]:
    """Return a good fix, so many metres north of the place."""
    return {
        "lon": LON,
        "lat": LAT + metres * METRE_NORTH,
        "sys": "wgs84",
        "acc": 8,
        "age_s": 2,
        "mock": False,
        **changes,
    }


@dataclass
class Field:
    """Customers and checkpoints of the test bank, and requests about them."""

    client: FlaskClient
    world: World
    numbers: Any = field(default_factory=lambda: count(1))

    def add(self, organisation: str = "sub_branch", officer: str | None = "officer", **values: Any) -> UUID:
        """Add a customer with one unbound checkpoint, as an import does."""
        number = next(self.numbers)
        owner = {
            "organisation_id": self.world.organisations[organisation],
            "officer_id": self.world.people[officer] if officer else None,
        }
        customer = NewCustomer(uscc=next_uscc(number), name=f"企业{number}", **owner)
        with self.world.transaction() as ctx:
            point = NewCheckpoint(
                code=f"CP{number:04d}",
                name=f"厂区{number}",
                customer_id=customer.id,
                effective_from=local_day(ctx.now),
                **owner,
                **values,
            )
            customers.create_many(ctx, [customer])
            service.create_many(ctx, [point])
        return point.id

    def get(self, checkpoint_id: UUID) -> Checkpoint:
        with self.world.transaction() as ctx:
            return ctx.session.scalars(select(Checkpoint).where(Checkpoint.id == checkpoint_id)).one()

    def qr(self, checkpoint_id: UUID) -> str:
        """Return the text on the checkpoint's newest plate."""
        with self.world.transaction() as ctx:
            return service.qr_text(ctx, ctx.session.get_one(Checkpoint, checkpoint_id))

    def photo(self, user: str, **changes: Any) -> UUID:
        """Declare a photo of ``user``, or whatever ``changes`` make of it."""
        with self.world.transaction() as ctx:
            values = {"kind": "photo", "mime": "image/jpeg", "bytes": 1, "sha256": uuid4().hex * 2, **changes}
            media = Media(
                id=uuid4(),
                owner_user_id=self.world.people[user],
                organisation_id=self.world.organisations["sub_branch"],
                declared_at=ctx.now,
                **values,
            )
            ctx.session.add(media)
            return media.id

    def post(self, user: str | None, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = self.world.headers(user) if user else {}
        data = json.dumps(body or {})
        return self.client.post(f"{PATH}{path}", data=data, headers=headers, content_type="application/json")

    def scan(self, user: str | None, qr: str, *fixes: dict[str, Any]) -> Any:
        return self.post(user, "/scan", {"qr": qr, "fixes": list(fixes)})

    def bind(self, user: str, checkpoint_id: UUID, *fixes: dict[str, Any], **changes: Any) -> Any:
        body = {
            "qr": self.qr(checkpoint_id),
            "fixes": list(fixes) or [fix(-3), fix(0), fix(3)],
            "photo_media_id": str(self.photo(user)),
            **changes,
        }
        return self.post(user, f"/{checkpoint_id}/bind", body)
