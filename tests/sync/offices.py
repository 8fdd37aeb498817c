"""People at their desks: what they see of the quarantine and the conflicts, and what they decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, true

from inspection_api.core.events import Event
from inspection_api.media.models import Media

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World


def call(world: World, client: FlaskClient, method: str, path: str, user: str, **body: Any) -> Any:
    options = {"json": body} if method == "POST" else {"query_string": body}
    return client.open(f"/api/v1{path}", method=method, headers=world.headers(user), **options)


class Office:
    """People at their desks."""

    def __init__(self, client: FlaskClient, world: World) -> None:
        self.client, self.world = client, world

    def conflicts(self, user: str = "manager", **query: Any) -> list[dict[str, Any]]:
        answer = call(self.world, self.client, "GET", "/sync/conflicts", user, **query)
        assert answer.status_code == 200, answer.json
        return answer.json["items"]

    def resolve(self, user: str, conflict_id: str, keep: str = "device", **more: Any) -> Any:
        path = f"/sync/conflicts/{conflict_id}/resolve"
        return call(self.world, self.client, "POST", path, user, keep=keep, **more)

    def waiting(self, user: str = "manager", **query: Any) -> list[dict[str, Any]]:
        answer = call(self.world, self.client, "GET", "/sync/quarantine", user, **query)
        assert answer.status_code == 200, answer.json
        return answer.json["items"]

    def decide(self, user: str, op_id: str, verb: str = "accept", reason: str = "电话核实无误") -> Any:
        return call(self.world, self.client, "POST", f"/sync/quarantine/{op_id}/{verb}", user, reason=reason)

    def events(self, kind: str) -> list[dict[str, Any]]:
        with self.world.transaction() as ctx:
            return list(ctx.session.scalars(select(Event.data).where(Event.kind == kind)))


def store_media(world: World, *manifests: dict[str, Any]) -> None:
    """Let the bytes of declared media arrive: of these, or of everything."""
    these = Media.id.in_([UUID(each["id"]) for each in manifests]) if manifests else true()
    with world.transaction() as ctx:
        for medium in ctx.session.scalars(select(Media).where(Media.status == "declared", these)):
            medium.status, medium.stored_at = "stored", ctx.now
            record_id = str(medium.inspection_id) if medium.inspection_id else None
            ctx.record("media.stored", media_id=str(medium.id), inspection_id=record_id)
