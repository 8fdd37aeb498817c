"""The protocol's endpoints (sync.md §2)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from flask import Response, request

from inspection_api.core.context import Context
from inspection_api.core.permissions import Action, Permission
from inspection_api.http.blueprint import JSON, PERSON, SIGNED, SNAPSHOT, Blueprint, raw_body, raw_headers
from inspection_api.http.compression import bounded_body, packed
from inspection_api.http.runtime import Caller
from inspection_api.http.schemas import PageQuery, page_of
from inspection_api.media import routes as media
from inspection_api.media.errors import ChecksumMismatch, UploadHeaderInvalid
from inspection_api.media.rules.uploads import CHUNK_TYPE
from sync import schemas, service
from sync.protocol.desk import DECIDE, READ
from sync.protocol.envelope import MAX_BYTES
from sync.protocol.signature import upload_text

PERFORM = Permission(Action.ONSITE, "perform")
SIGNATURE_OF_BODY = "`ed25519=` and the base64url of the device's signature over the body, before it was compressed."
SIGNATURE_OF_UPLOAD = (
    "Without a login: `ed25519=` and the base64url of the device's signature over three lines: method and medium's id,"
    " `Upload-Offset`, `Upload-Checksum` (the latter two empty for HEAD)."
)
NO_LOGIN = {
    "Device_Bank": "Without a login: the bank's tag, the middle part of the device's former token.",
    "Device_Id": "Without a login: the device.",
}

blp = Blueprint("sync", "离线同步")
blp.errorhandler(ChecksumMismatch)(media.tell_checksum_mismatch)


@blp.post("/sync/handshake", permission=PERSON, body=schemas.HandshakeInput, out=schemas.HandshakeSchema)
@blp.gated()
def shake_hands(ctx: Context, **values: Any) -> dict[str, Any]:
    """Register the device's moment; learn where it stands and what the server takes."""
    return service.shake_hands(ctx, **values)


@blp.post("/sync/push", permission=PERSON, streamed=SIGNED, gives=schemas.PushedSchema)
@blp.gated(MAX_BYTES)
@blp.doc(requestBody={"required": True, "content": {JSON: {"schema": schemas.batch_schema()}}})
@blp.doc(**raw_headers(Device_Signature=SIGNATURE_OF_BODY, Content_Encoding="gzip or zstd.", **NO_LOGIN))
def push(caller: Caller) -> Response:
    """Apply a batch of operations; every one ends in a status, and the same bytes again have no second effect.

    Whoever inspects no more still drains his outbox: each operation is judged by what he was when he captured it.
    A revoked device, or that of a disabled user, pushes for 30 days without a login: `Device-Bank` (the tag in its old
    token) and `Device-Id` name it, `Device-Signature` proves it, everything is quarantined, and only receipts return.
    """
    body = bounded_body(MAX_BYTES)
    signature = request.headers.get("Device-Signature", "")
    answer = caller.persist(lambda ctx: service.push(ctx, body, signature))
    return _json({**answer, **_feed_head(caller)})


def _feed_head(caller: Caller) -> dict[str, Any]:
    """Return the feed's head after the commit; a device without a login is told nothing but receipts."""
    return {"feed_seq": caller.runtime.database.feed_head(caller.bank)} if caller.actor.user_id else {}


@blp.get("/sync/pull", permission=PERFORM, transaction=SNAPSHOT, query=schemas.PullQuery, gives=schemas.PulledSchema)
@blp.gated()
def pull(ctx: Context, **query: Any) -> Response:
    """Return the next page of changes and late receipts.

    410 means that the feed does not go on from this cursor: take a snapshot.
    """
    return _json(service.pull(ctx, **query))


@blp.post(
    "/sync/snapshot", permission=PERFORM, transaction=SNAPSHOT, body=schemas.SnapshotInput, gives=schemas.PulledSchema
)
@blp.gated()
def snapshot(ctx: Context, **values: Any) -> Response:
    """Return the next page of everything that the device should hold; its outbox is not concerned.

    While `has_more`, the cursor is for the next page of this snapshot; the last page's is for pull.
    """
    return _json(service.snapshot(ctx, **values))


@blp.post("/sync/verify", permission=PERFORM, transaction=SNAPSHOT, body=schemas.VerifyInput, out=schemas.VerifySchema)
@blp.gated()
def verify(ctx: Context, *, device_id: UUID, cursor: str, digests: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Compare digests of what the device holds with what it should hold.

    Rows are gathered by entity and by the first byte of their id, in two hexadecimal digits. The digest is the sha256,
    in hexadecimal digits, of the lines `<id>:<v>`, sorted, each with a line feed. `behind`: pull first.
    """
    return service.verify(ctx, device_id=device_id, cursor=cursor, held=digests)


@blp.get("/sync/conflicts", permission=READ, query=schemas.ConflictQuery, out=page_of(schemas.ConflictSchema))
def list_conflicts(ctx: Context, **query: Any) -> Any:
    """List the conflicts in the records of my subtrees and in my own, oldest first."""
    return service.list_conflicts(ctx, **query)


@blp.post(
    "/sync/conflicts/<uuid:conflict_id>/resolve",
    permission=READ,
    body=schemas.ResolveInput,
    out=schemas.ConflictSchema,
)
def resolve_conflict(ctx: Context, conflict_id: UUID, **decision: Any) -> Any:
    """Decide which value of a conflict stands; an officer only in his own drafts."""
    return service.resolve(ctx, conflict_id, **decision)


@blp.get("/sync/quarantine", permission=READ, query=PageQuery, out=page_of(schemas.QuarantineSchema))
def list_quarantine(ctx: Context, **query: Any) -> Any:
    """List the quarantined operations of my subtrees and my own that wait for a decision, oldest first."""
    return service.list_quarantine(ctx, **query)


@blp.get("/sync/quarantine/<uuid:op_id>", permission=READ, out=schemas.DrawnQuarantineSchema)
def get_quarantined(ctx: Context, op_id: UUID) -> dict[str, Any]:
    """Show one quarantined operation; one that has left no record is drawn in the fence of its checkpoint."""
    return service.get_quarantined(ctx, op_id)


@blp.post(
    "/sync/quarantine/<uuid:op_id>/accept",
    permission=DECIDE,
    body=schemas.QuarantineDecisionInput,
    out=schemas.QuarantineSchema,
)
def accept_quarantined(ctx: Context, op_id: UUID, *, reason: str) -> Any:
    """Accept a quarantined operation: the visit counts, or the operation takes effect."""
    return service.accept(ctx, op_id, reason=reason)


@blp.post(
    "/sync/quarantine/<uuid:op_id>/refuse",
    permission=DECIDE,
    body=schemas.QuarantineDecisionInput,
    out=schemas.QuarantineSchema,
)
def refuse_quarantined(ctx: Context, op_id: UUID, *, reason: str) -> Any:
    """Refuse a quarantined operation: it is kept, and never counts."""
    return service.refuse(ctx, op_id, reason=reason)


@blp.get("/sync/devices", permission=service.MANAGE, query=PageQuery, out=page_of(schemas.DeviceStandingSchema))
def list_devices(ctx: Context, *, limit: int, cursor: str | None) -> Any:
    """List the phones of my subtrees with how they stand: last heard, missing, held, parked, not uploaded."""
    return service.list_devices(ctx, limit=limit, cursor=cursor)


@blp.get("/sync/devices/<uuid:device_id>", permission=service.MANAGE, out=schemas.DeviceDetailSchema)
def get_device(ctx: Context, device_id: UUID) -> dict[str, Any]:
    """Show how one phone stands, with the operations that wait."""
    return service.get_device(ctx, device_id)


@blp.endpoint("HEAD", "/sync/media/<uuid:media_id>", permission=PERSON, streamed=SIGNED)
@blp.doc(**raw_headers(**media.TUS, Device_Signature=SIGNATURE_OF_UPLOAD, **NO_LOGIN))
def find_upload(caller: Caller, media_id: UUID) -> Response:
    """Say where a declared medium's upload stands, also to a device without a login; as `HEAD /media/{media_id}`."""
    response: Response = media.find_progress(_uploader(caller, media_id), media_id)
    return response


@blp.patch("/sync/media/<uuid:media_id>", permission=PERSON, streamed=SIGNED, status=204)
@blp.doc(**raw_body(CHUNK_TYPE), **raw_headers(**media.CHUNK, Device_Signature=SIGNATURE_OF_UPLOAD, **NO_LOGIN))
def append_to_upload(caller: Caller, media_id: UUID) -> Response:
    """Append bytes to a declared medium, also from a device without a login; as `PATCH /media/{media_id}`.

    Without a login, `Upload-Checksum` is needed.
    """
    response: Response = media.append(_uploader(caller, media_id), media_id)
    return response


def _uploader(caller: Caller, media_id: UUID) -> Caller:
    """Return who brings the medium: the caller himself, or the officer of the device that proves itself."""
    if caller.actor.user_id is not None:
        return caller
    if request.method == "PATCH" and "Upload-Checksum" not in request.headers:
        raise UploadHeaderInvalid(fields={"Upload-Checksum": "必填"})
    headers = {name: request.headers.get(f"Upload-{name}", "") for name in ("Offset", "Checksum")}
    text = upload_text(request.method, media_id, offset=headers["Offset"], checksum=headers["Checksum"])
    with caller.transaction(read_only=True) as ctx:
        officer = service.uploader(ctx, media_id, text=text, signature=request.headers.get("Device-Signature", ""))
    return caller.acting_as(officer)


def _json(answer: dict[str, Any]) -> Response:
    return packed(Response(orjson.dumps(answer, default=str), mimetype="application/json"))
