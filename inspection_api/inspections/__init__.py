"""Inspections (检查记录): one visit with its answers, evidence and judgement, from draft to accepted (domain.md §0)."""
