"""Forms: the pure heart of the templates slice, from a stored definition to a verdict on somebody's answers."""

from __future__ import annotations

from inspection_api.templates.forms.conditions import Answers
from inspection_api.templates.forms.definition import Form, compile_form
from inspection_api.templates.forms.parts import Definition, Item, ItemType, MediaKind, ProofKind
from inspection_api.templates.forms.proofs import EvidenceMissing, Medium, evidence_missing
from inspection_api.templates.forms.review import ensure_well_made
from inspection_api.templates.forms.verdict import FormVerdict, answers_from_wire, tidied, validate

__all__ = [
    "Answers",
    "Definition",
    "EvidenceMissing",
    "Form",
    "FormVerdict",
    "Item",
    "ItemType",
    "MediaKind",
    "Medium",
    "ProofKind",
    "answers_from_wire",
    "compile_form",
    "ensure_well_made",
    "evidence_missing",
    "tidied",
    "validate",
]
