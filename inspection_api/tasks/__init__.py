"""Tasks: one checkpoint, one period, one visit that closes it (domain.md §1.7, §1.8, §1.10)."""
