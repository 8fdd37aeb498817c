"""The workday calendar of the State Council: holidays and make-up days, year by year (domain.md §5.1)."""
