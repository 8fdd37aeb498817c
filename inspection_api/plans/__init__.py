"""Rules, plans and membership: which checkpoint is to be visited in which period (domain.md §1.1–§1.5)."""
