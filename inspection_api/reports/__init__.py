"""Reports: figures that headquarters reads, each with the list that it was counted from (domain.md §1.9)."""
