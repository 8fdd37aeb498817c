"""The supervisor's desk: conflicts and quarantined operations that wait for a person (sync.md §2, §4)."""

from __future__ import annotations

from sync.service.desk.conflicts import resolve
from sync.service.desk.quarantine import accept, refuse
from sync.service.desk.reading import get_quarantined, list_conflicts, list_quarantine

__all__ = ["accept", "get_quarantined", "list_conflicts", "list_quarantine", "refuse", "resolve"]
