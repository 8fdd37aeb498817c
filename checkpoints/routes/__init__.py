"""Endpoints of the checkpoints slice."""

from __future__ import annotations

from checkpoints.routes import points, proposals

BLUEPRINTS = (points.blp, proposals.blp)
