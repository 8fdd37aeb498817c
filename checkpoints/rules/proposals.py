"""What officers propose about checkpoints, and what becomes of it (domain.md §6: 客户经理 propose)."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from checkpoints.errors import ProposalDecided, ProposalEmpty, ProposalNotYours
from checkpoints.rules.lifecycle import ensure_other_person
from inspection_api.core.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_OWN = "提议须由提出人以外的管理人员处理。"


class ProposalKind(StrEnum):
    """A new checkpoint, or other words about one that there is."""

    CREATE = "create"
    EDIT = "edit"


class ProposalStatus(StrEnum):
    """Where a proposal stands; only a proposed one waits."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


_READERS: dict[str, Callable[[Any], Any]] = {
    "effective_from": date.fromisoformat,
    "backup_officer_id": UUID,
    "exception_handler_id": UUID,
    "loan_ids": lambda ids: [UUID(each) for each in ids],
}


def stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a checkpoint as JSON keeps them."""
    return {name: _as_json(value) for name, value in values.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return [_as_json(each) for each in value] if isinstance(value, list) else value


def restored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what :func:`stored` has kept, as the services of a checkpoint take it."""
    return {
        name: _READERS[name](value) if name in _READERS and value is not None else value
        for name, value in values.items()
    }


@contextmanager
def fields_below(part: str) -> Iterator[None]:
    """Let a refusal inside name its fields as members of ``part``, where the proposal holds them."""
    try:
        yield
    except Problem as problem:
        problem.fields = {f"{part}.{name}": wrong for name, wrong in problem.fields.items()}
        raise


def ensure_changes(changes: Mapping[str, Any]) -> None:
    """Refuse an edit of nothing.

    Raises:
        ProposalEmpty: so it is.
    """
    if not changes:
        raise ProposalEmpty(fields={"changes": ProposalEmpty.title})


def ensure_waits(status: str, *, decided_by: str | None, decided_by_name: str | None) -> None:
    """Refuse a step on a proposal that waits no more: the first decision stands.

    Raises:
        ProposalDecided: with what became of it, and by whom.
    """
    if status != ProposalStatus.PROPOSED:
        sentence = f"该提议已由{decided_by_name}处理" if decided_by_name else ""
        raise ProposalDecided(sentence, current=status, decided_by=decided_by, decided_by_name=decided_by_name)


def ensure_decider(actor_id: UUID, proposer_id: UUID) -> None:
    """Refuse the decision to whoever proposed it himself, as an officer who became a manager.

    Raises:
        FourEyes: he did.
    """
    ensure_other_person(actor_id, proposer_id, sentence=_OWN)


def ensure_proposer(actor_id: UUID, proposer_id: UUID) -> None:
    """Refuse taking somebody else's proposal back.

    Raises:
        ProposalNotYours: he did not propose it.
    """
    if actor_id != proposer_id:
        raise ProposalNotYours
