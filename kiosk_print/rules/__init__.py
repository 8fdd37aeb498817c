"""Decisions about paper: the print window, the unlock, numbers and codes, and what a sheet says. All pure."""
