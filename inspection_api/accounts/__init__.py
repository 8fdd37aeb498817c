"""Organisations, people, roles, logins, devices, and who may see what (domain.md §6)."""
