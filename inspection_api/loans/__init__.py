"""Loans (借据): what a customer owes, from which date to which, and how it is classified."""
