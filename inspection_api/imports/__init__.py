"""Customers, loans and checkpoints as tables that banks work with: taken in from XLSX and CSV, and given out again."""
