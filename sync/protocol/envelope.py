"""What a device sends: the batch and the payload of every kind of operation (sync.md §2, ``op_format`` 1).

The batch is decoded with its operations left raw, so that one bad operation harms only itself; unknown members of a
payload are errors, as everywhere.

What is read and judged here are values, which never form a cycle: ``gc=False`` keeps them out of the collector's lists
and makes each smaller, which a batch of some ten thousand feels.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from sync.errors import BatchMalformed, BatchTooLarge
from sync.protocol.texts import fault_of, unsafe_text

PROTOCOL = 1
OP_FORMATS = (1, 1)
MAX_APP = 50
MAX_OPS = 200
MAX_BYTES = 4 << 20
MAX_GAP = 10_000
"""How many numbers of one device may be missing at once."""

MAX_SEQ = 2**53
Sequence_ = Annotated[int, msgspec.Meta(ge=1, le=MAX_SEQ)]
Text = Annotated[str, msgspec.Meta(max_length=2000)]
ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Version = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
MAX_UPTIME_MS = 100 * 366 * 86_400_000
Uptime = Annotated[int, msgspec.Meta(ge=-MAX_UPTIME_MS, le=MAX_UPTIME_MS)]
"""Milliseconds of a boot's monotonic clock, whatever its origin, also that of 1970."""
Degrees = Annotated[float, msgspec.Meta(ge=-1e4, le=1e4)]
"""Far more than a circle: a coordinate that is no place is judged as no fix, it does not spoil its visit."""
Metres = Annotated[float, msgspec.Meta(ge=-1e7, le=1e7)]
Seconds = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]
Pixels = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Stamp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A moment on the device: its wall clock, and the monotonic milliseconds of one boot (None: a browser page)."""

    wall: Instant
    mono_ms: Uptime | None = None
    boot_id: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | None = None


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A push; ``abandon_seq`` are numbers whose operations the device no longer has."""

    protocol: Literal[1]
    device_id: UUID
    batch_id: UUID
    sent: Stamp
    ops: list[msgspec.Raw]
    app: str = ""
    abandon_seq: Annotated[list[Sequence_], msgspec.Meta(max_length=MAX_GAP)] = []


class Head(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The two members without which an operation cannot even be refused."""

    op_id: UUID
    seq: Sequence_


class Operation(Head, frozen=True, kw_only=True):
    """One operation; ``base_version`` is the version of the entity that the device had seen.

    ``depends_on`` names own operations by smaller number, or any by id.
    """

    op_format: int
    type: ShortText
    entity_id: UUID
    captured: Stamp
    payload: msgspec.Raw
    base_version: Version = 0
    depends_on: Annotated[list[UUID | Sequence_], msgspec.Meta(max_length=200)] = []


class Payload(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """Payloads refuse members that they do not know."""


class Fix(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """A position report as the device gives it; ``acc`` in metres, ``age_s`` at the act that it proves."""

    lon: Degrees
    lat: Degrees
    sys: Literal["wgs84", "gcj02", "bd09"]
    acc: Metres | None = None
    age_s: Seconds = 0.0
    mock: bool = False
    at: Instant | None = None


class Scan(Payload, frozen=True, kw_only=True):
    """The scan that opens a visit: the plate's text, when, and where.

    ``manual_reason``: no camera read it; it was typed, for this reason, and may be the code printed beside the symbol.
    """

    qr: Annotated[str, msgspec.Meta(max_length=300)]
    at: Stamp
    fixes: Annotated[list[Fix], msgspec.Meta(max_length=50)] = []
    manual_reason: ShortText | msgspec.UnsetType | None = msgspec.UNSET


class Answer(Payload, frozen=True, kw_only=True):
    """One answer; the template version judges the value."""

    item: ShortText
    value: Any = None
    note: Annotated[str, msgspec.Meta(max_length=500)] | None = None


class Manifest(Payload, frozen=True, kw_only=True):
    """One medium, declared before its bytes are uploaded (domain.md §4.2)."""

    id: UUID
    kind: Literal["photo", "audio", "video"]
    mime: ShortText
    bytes: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    sha256: Sha256
    captured: Stamp
    item: ShortText | None = None
    fix: Fix | None = None
    source: Literal["native_camera", "browser_camera", "recorder"] = "native_camera"
    challenge_id: ShortText | None = None
    width: Pixels | None = None
    height: Pixels | None = None
    seconds: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 0.0


class Submit(Payload, frozen=True, kw_only=True):
    """``inspection.submit``: the whole visit in one operation; ``task_id`` is a hint."""

    checkpoint_id: UUID
    template_version_id: UUID
    scan: Scan
    fixes: Annotated[list[Fix], msgspec.Meta(max_length=50)] = []
    answers: Annotated[list[Answer], msgspec.Meta(max_length=200)] = []
    media: Annotated[list[Manifest], msgspec.Meta(max_length=100)] = []
    task_id: UUID | None = None
    channel: Literal["onsite"] = "onsite"
    note: Text | msgspec.UnsetType | None = msgspec.UNSET


class Save(Payload, frozen=True, kw_only=True):
    """``inspection.save``: fields of a draft, merged one by one."""

    checkpoint_id: UUID
    template_version_id: UUID
    task_id: UUID | None = None
    answers: Annotated[list[Answer], msgspec.Meta(max_length=200)] = []
    note: Text | msgspec.UnsetType | None = msgspec.UNSET


class Bind(Payload, frozen=True, kw_only=True):
    """``checkpoint.bind``: the first scan of an unbound checkpoint, and the photo of its mounted plate."""

    qr: Annotated[str, msgspec.Meta(max_length=300)]
    fixes: Annotated[list[Fix], msgspec.Meta(max_length=50)]
    photo: Manifest


class UnlockRequest(Payload, frozen=True, kw_only=True):
    """``unlock.request``: why a locked 明白纸 should open again."""

    inspection_id: UUID
    reason_code: ShortText
    reason_text: Text


_BATCH = msgspec.json.Decoder(Batch)
_HEAD = msgspec.json.Decoder(Head)
_OPERATION = msgspec.json.Decoder(Operation)


class Received(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An operation as it came: ``operation`` is None where its shape is wrong, and then ``fault`` says why."""

    head: Head
    raw: bytes
    operation: Operation | None
    fault: str = ""

    def digest(self) -> bytes:
        """Return the SHA-256 of the content in canonical member order, without the device's own numbers.

        A device that registers anew numbers its operations anew, and what they depend on with them.
        """
        try:
            content = _content(self.raw)
            content.pop("seq", None)
            if isinstance(leaders := content.get("depends_on"), list):
                content["depends_on"] = [leader for leader in leaders if not isinstance(leader, int)]
            return hashlib.sha256(_canonical(content)).digest()
        except (RecursionError, ValueError):
            return hashlib.sha256(self.raw).digest()


def _content(raw: bytes) -> dict[str, Any]:
    try:
        content: dict[str, Any] = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        content = json.loads(raw)  # what the fast decoder refuses: half of a surrogate pair
    return content


def _canonical(content: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(content, order="sorted")
    except UnicodeEncodeError:
        return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)
"""What a decoder may answer to hostile bytes: broken, too deep, or a number of too many digits."""


def decode_batch(body: bytes) -> Batch:
    """Return the batch with its operations still raw; a name of the app that nobody can read is left out.

    Raises:
        BatchMalformed: the envelope cannot be understood.
        BatchTooLarge: more than 200 operations.
    """
    try:
        batch = _BATCH.decode(body)
    except _UNREADABLE:
        batch = _decode_slowly(body)
    if len(batch.ops) > MAX_OPS:
        raise BatchTooLarge(max_ops=MAX_OPS)
    return msgspec.structs.replace(batch, app="" if fault_of(batch.app) else batch.app[:MAX_APP])


def _decode_slowly(body: bytes) -> Batch:
    """Split a body that the fast decoder refuses (a lone surrogate in one operation) with the standard library."""
    try:
        loose = json.loads(body)
        raw_ops = [msgspec.Raw(json.dumps(op).encode()) for op in loose.pop("ops")]
        envelope = msgspec.convert({**loose, "ops": []}, Batch, strict=False)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, msgspec.ValidationError):
        raise BatchMalformed("批次须为 JSON 对象，含 protocol、device_id、batch_id、sent 和 ops") from None
    return msgspec.structs.replace(envelope, ops=raw_ops)


def decode_operation(raw: bytes) -> Received:
    """Return one operation, whatever is wrong with it beyond its id and number.

    Raises:
        BatchMalformed: it has no ``op_id`` or ``seq``, so no verdict could name it.
    """
    try:
        operation = _OPERATION.decode(raw)
        return Received(head=operation, raw=raw, operation=operation, fault=unsafe_text(raw))
    except _UNREADABLE as error:
        return Received(head=decode_head(raw), raw=raw, operation=None, fault=f"操作内容格式有误：{error}")


def decode_head(raw: bytes | msgspec.Raw) -> Head:
    """Return an operation's id and number.

    Raises:
        BatchMalformed: it has none, so no verdict could name it.
    """
    try:
        return _HEAD.decode(raw)
    except _UNREADABLE:
        pass
    try:
        loose = json.loads(bytes(raw))
        return msgspec.convert({"op_id": loose["op_id"], "seq": loose["seq"]}, Head)
    except (ValueError, TypeError, KeyError, RecursionError, msgspec.ValidationError):
        raise BatchMalformed("操作缺少 op_id 或 seq") from None
