"""The supervisor's queue: one list of what waits for somebody's decision (issue 5, scope 6)."""
