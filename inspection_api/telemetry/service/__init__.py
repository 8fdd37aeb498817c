"""Use cases of telemetry: meters, ingest, daily facts."""

from __future__ import annotations

from inspection_api.telemetry.service.facts import recompute, refresh_facts, refresh_recent
from inspection_api.telemetry.service.ingest import Receipt, Refused, ingest
from inspection_api.telemetry.service.meters import create_meter

__all__ = ["Receipt", "Refused", "create_meter", "ingest", "recompute", "refresh_facts", "refresh_recent"]
