"""Telemetry: meter readings from the enterprises' gateways, and the daily facts made of them (domain.md §5.1)."""
