"""Alerts: rules over daily facts, one alert per episode, and what people did about it (domain.md §5)."""
