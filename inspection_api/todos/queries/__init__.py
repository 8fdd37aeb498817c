"""Reads of the queue: what waits, kind by kind."""
