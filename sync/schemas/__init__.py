"""What the protocol's endpoints take and give."""

from __future__ import annotations

from sync.schemas.batches import batch_schema
from sync.schemas.desk import (
    ConflictQuery,
    ConflictSchema,
    DeviceDetailSchema,
    DeviceStandingSchema,
    DrawnQuarantineSchema,
    QuarantineDecisionInput,
    QuarantineSchema,
    ResolveInput,
)
from sync.schemas.devices import (
    HandshakeInput,
    HandshakeSchema,
    PulledSchema,
    PullQuery,
    PushedSchema,
    SnapshotInput,
    VerifyInput,
    VerifySchema,
)

__all__ = [
    "ConflictQuery",
    "ConflictSchema",
    "DeviceDetailSchema",
    "DeviceStandingSchema",
    "DrawnQuarantineSchema",
    "HandshakeInput",
    "HandshakeSchema",
    "PullQuery",
    "PulledSchema",
    "PushedSchema",
    "QuarantineDecisionInput",
    "QuarantineSchema",
    "ResolveInput",
    "SnapshotInput",
    "VerifyInput",
    "VerifySchema",
    "batch_schema",
]
