"""Endpoints of the kiosk_print slice."""

from __future__ import annotations

from kiosk_print.routes import papers, plates, stations

BLUEPRINTS = (papers.blp, plates.blp, stations.blp, stations.station_blp)
