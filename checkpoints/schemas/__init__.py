"""What the checkpoints endpoints take and give."""

from __future__ import annotations

from checkpoints.schemas.exits import (
    ExitApproval,
    ExitEnd,
    ExitInput,
    ExitQuery,
    ExitRefusal,
    ExitSchema,
    ExitTypeInput,
    ExitTypeListSchema,
    ExitTypeSchema,
    ReactivationInput,
)
from checkpoints.schemas.places import (
    BindInput,
    LocationListSchema,
    LocationSchema,
    PlateSchema,
    ResetInput,
    ScanInput,
)
from checkpoints.schemas.points import (
    ArchiveInput,
    AssignInput,
    AssignManyInput,
    ChangedSchema,
    CheckpointDetailSchema,
    CheckpointEdit,
    CheckpointInput,
    CheckpointQuery,
    CheckpointSchema,
    ScannedSchema,
    TransferInput,
)

__all__ = [
    "ArchiveInput",
    "AssignInput",
    "AssignManyInput",
    "BindInput",
    "ChangedSchema",
    "CheckpointDetailSchema",
    "CheckpointEdit",
    "CheckpointInput",
    "CheckpointQuery",
    "CheckpointSchema",
    "ExitApproval",
    "ExitEnd",
    "ExitInput",
    "ExitQuery",
    "ExitRefusal",
    "ExitSchema",
    "ExitTypeInput",
    "ExitTypeListSchema",
    "ExitTypeSchema",
    "LocationListSchema",
    "LocationSchema",
    "PlateSchema",
    "ReactivationInput",
    "ResetInput",
    "ScanInput",
    "ScannedSchema",
    "TransferInput",
]
