"""The protocol's endpoints (sync.md §2)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from flask import Response, request

from inspection_api.core.context import Context
from inspection_api.core.permissions import Action, Permission
from inspection_api.http.blueprint import JSON, Blueprint, raw_body
from inspection_api.http.compression import bounded_body
from inspection_api.http.runtime import Caller
from sync import schemas, service
from sync.protocol.envelope import MAX_BYTES

PERFORM = Permission(Action.ONSITE, "perform")

blp = Blueprint("sync", "离线同步")


@blp.post("/sync/handshake", permission=PERFORM, body=schemas.HandshakeInput, out=schemas.HandshakeSchema)
def shake_hands(ctx: Context, **values: Any) -> dict[str, Any]:
    """Register the device's moment; learn where it stands and what the server takes."""
    return service.shake_hands(ctx, **values)


@blp.post("/sync/push", permission=PERFORM, streamed=True, gives=JSON)
@blp.doc(**raw_body(JSON))
def push(caller: Caller) -> Response:
    """Apply a batch of operations; every one ends in a status, and the same bytes again have no second effect."""
    body = bounded_body(MAX_BYTES)
    signature = request.headers.get("Device-Signature", "")
    answer = caller.persist(lambda ctx: service.push(ctx, body, signature))
    with caller.transaction(read_only=True) as ctx:
        head = service.feed_head(ctx.session)
    return _json({**answer, "feed_seq": head})


@blp.get("/sync/pull", permission=PERFORM, streamed=True, query=schemas.PullQuery, gives=JSON)
def pull(caller: Caller, *, device_id: UUID, cursor: str | None, limit: int) -> Response:
    """Return the next page of changes and late receipts."""
    with caller.transaction(read_only=True, isolation="REPEATABLE READ") as ctx:
        answer = service.pull(ctx, device_id=device_id, cursor=cursor, limit=limit)
    return _json(answer)


@blp.post("/sync/snapshot", permission=PERFORM, streamed=True, body=schemas.SnapshotInput)
def snapshot(caller: Caller, **values: Any) -> Response:
    """Return the next page of everything that the device should hold; its outbox is not concerned."""
    with caller.transaction(read_only=True, isolation="REPEATABLE READ") as ctx:
        answer = service.snapshot(ctx, **values)
    return _json(answer)


@blp.post("/sync/verify", permission=PERFORM, streamed=True, body=schemas.VerifyInput, out=schemas.VerifySchema)
def verify(caller: Caller, *, device_id: UUID, cursor: str, digests: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Compare digests of what the device holds with what it should hold."""
    with caller.transaction(read_only=True, isolation="REPEATABLE READ") as ctx:
        return service.verify(ctx, device_id=device_id, cursor=cursor, held=digests)


def _json(answer: dict[str, Any]) -> Response:
    return Response(orjson.dumps(answer, default=str), mimetype="application/json")
