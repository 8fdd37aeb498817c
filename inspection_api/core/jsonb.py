"""Rows as one JSONB parameter: the form in which set-based writes travel (performance.md, design 3)."""

from __future__ import annotations

from typing import Any

import msgspec


def as_jsonb(rows: Any) -> str:
    """Return ``rows`` as JSON text for ``jsonb_to_recordset``; UUIDs, instants, dates and decimals become strings."""
    return msgspec.json.encode(rows).decode()
