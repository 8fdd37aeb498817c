"""Use cases of the checkpoints slice; each runs inside the caller's transaction."""

from __future__ import annotations

from checkpoints.service.bindings import NewBinding, apply_bindings
from checkpoints.service.scans import note_scans

__all__ = ["NewBinding", "apply_bindings", "note_scans"]
