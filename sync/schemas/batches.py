"""The JSON schema of a pushed batch, made from the very types that decode it (`protocol/envelope.py`)."""

from __future__ import annotations

from typing import Any

import msgspec

from sync.entities import OPERATIONS
from sync.protocol.envelope import MAX_OPS, Batch, Operation


def batch_schema() -> dict[str, Any]:
    """Return the JSON schema of a pushed batch, one alternative for each type of operation."""
    kinds = {name: kind.payload.type for name, kind in OPERATIONS.items()}
    _, parts = msgspec.json.schema_components([Batch, Operation, *kinds.values()], ref_template="{name}")
    batch: dict[str, Any] = _inlined(parts["Batch"], parts)
    operation: dict[str, Any] = _inlined(parts["Operation"], parts)
    alternatives = [_alternative(name, _inlined(parts[kind.__name__], parts)) for name, kind in kinds.items()]
    batch["properties"]["ops"] = {"type": "array", "maxItems": MAX_OPS, "items": {**operation, "oneOf": alternatives}}
    return batch


def _alternative(name: str, payload: Any) -> dict[str, Any]:
    return {"type": "object", "title": name, "properties": {"type": {"enum": [name]}, "payload": payload}}


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    """Return a schema with what it refers to in place; none of ours refers to itself."""
    if isinstance(schema, list):
        return [_inlined(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(parts[schema["$ref"]], parts)
    return {name: _inlined(part, parts) for name, part in schema.items() if name != "title"}
