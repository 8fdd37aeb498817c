"""Rows as one JSONB parameter: the form in which set-based writes travel (performance.md, design 3)."""

from __future__ import annotations

from typing import Any

import msgspec
from psycopg.types.json import Jsonb


def as_jsonb(rows: Any) -> Jsonb:
    """Return ``rows`` as JSON for ``jsonb_to_recordset``; UUIDs, instants, dates and decimals become strings.

    Written at once, and as the bytes that the driver sends: a text would be decoded and encoded again.
    """
    return Jsonb(msgspec.json.encode(rows), dumps=bytes)
