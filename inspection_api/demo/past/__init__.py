"""The year behind the demo bank: what its people did in it, by the services that they would have used."""

from __future__ import annotations

from inspection_api.demo.past.living import live

__all__ = ["live"]
