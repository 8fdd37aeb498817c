"""Templates: what a visit asks, what proves an answer, and whether a set of answers is complete (domain.md §0)."""
