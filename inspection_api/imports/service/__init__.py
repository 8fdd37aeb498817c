"""Use cases of the imports slice."""

from __future__ import annotations

from inspection_api.imports.service.giving import on_export_due, request_export, template
from inspection_api.imports.service.taking import Outcome, take_in

__all__ = ["Outcome", "on_export_due", "request_export", "take_in", "template"]
