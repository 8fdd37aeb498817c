"""验证方式 as rules: what a visit still lacks of the proof that its form demands (domain.md §0, Templates)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from inspection_api.templates.forms.conditions import holds, is_shown, raised, shown_among
from inspection_api.templates.forms.parts import ProofKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from inspection_api.templates.forms.conditions import Answers
    from inspection_api.templates.forms.definition import CompiledItem, Form
    from inspection_api.templates.forms.parts import Evidence


class Medium(NamedTuple):
    """One declared or stored medium: at which item (None: the visit), photo | audio | video, and its seconds."""

    item: str | None
    kind: str
    seconds: float = 0.0


class EvidenceMissing(NamedTuple):
    """``needed`` proofs of ``kind`` (media: each ≥ ``min_seconds``) are asked for at ``item``; ``found`` are there."""

    item: str
    kind: str
    needed: int
    found: int
    min_seconds: int


class DueProof(NamedTuple):
    """Proof that is due for ``at``, an item; it may lie at any of ``keys``."""

    evidence: Evidence
    at: str
    keys: Sequence[str]


def evidence_missing(form: Form, answered: Answers, media: Sequence[Medium]) -> tuple[EvidenceMissing, ...]:
    """Return which required proofs the visible items still lack; called with the declared, later the stored media.

    An optional item asks for its proof only once it is answered; a rule over several items takes it at any of them.
    """
    return lacking(due_proofs(form, answered), answered, media)


def due_proofs(form: Form, answered: Answers) -> list[DueProof]:
    """Return all proofs that a visit with these answers must bring."""
    due: list[DueProof] = []
    for item in form.proved:
        if is_shown(item, answered) and _is_proof_due(form, item, answered):
            due += [DueProof(evidence, item.key, (item.key,)) for evidence in item.evidence]
    for rule in form.definition.rules:
        shown = shown_among(form, rule.items, answered) if rule.evidence else ()
        if shown:
            at = next((key for key in shown if key in answered), shown[0])
            due += [DueProof(evidence, at, shown) for evidence in rule.evidence]
    return due


def lacking(due: Sequence[DueProof], answered: Answers, media: Sequence[Medium]) -> tuple[EvidenceMissing, ...]:
    """Return which of the proofs that are due neither the answers nor the media bring."""
    missing = []
    for evidence, at, keys in due:
        answers = _ANSWERED.get(evidence.kind)
        found = _count(evidence, keys, media) if answers is None else answers(evidence, answered)
        if found < evidence.min_count:
            missing.append(EvidenceMissing(at, evidence.kind.value, evidence.min_count, found, evidence.min_seconds))
    return tuple(missing)


def _is_proof_due(form: Form, item: CompiledItem, answered: Answers) -> bool:
    if item.required or item.key in answered:
        return True
    condition = item.required_if
    return condition is not None and holds(condition, answered, raised(form, answered))


def _count(rule: Evidence, keys: Sequence[str], media: Sequence[Medium]) -> int:
    found = 0
    for item, kind, seconds in media:
        found += item in keys and kind == rule.kind and seconds >= rule.min_seconds
    return found


def _document_number(rule: Evidence, answered: Answers) -> bool:
    """Tell whether the answer can be the number of a document: it has a digit."""
    return any(character.isdigit() for character in str(_answer(rule, answered)))


def _second_person(rule: Evidence, answered: Answers) -> bool:
    """Tell whether somebody else is named or has signed: no other answer says the same."""
    who = _answer(rule, answered)
    return bool(who) and sum(entry["value"] == who for entry in answered.values()) == 1


def _answer(rule: Evidence, answered: Answers) -> Any:
    return answered.get(rule.item, {}).get("value")


_ANSWERED: Mapping[ProofKind, Callable[[Evidence, Answers], bool]] = {
    ProofKind.DOCUMENT_NUMBER: _document_number,
    ProofKind.SECOND_PERSON: _second_person,
}
