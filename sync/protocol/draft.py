"""A draft's fields: as devices push them, as they stand, and how the two become one (sync.md §4).

Fields are named as receipts name them: ``note``, and ``answers.<item>`` for every item of the form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from inspection_api.inspections.rules import FieldChange, Outcome, merge_fields
from inspection_api.templates import forms

if TYPE_CHECKING:
    from inspection_api.inspections.rules import Merge
    from sync.protocol.envelope import Operation, Save, Submit
    from sync.protocol.facts import Facts, Record

_ANSWER = "answers."


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Two values of one field: ``server`` stays current, ``device`` is kept beside it until somebody decides.

    ``standing`` is the change that made the server's value.
    """

    field: str
    server: Any
    device: Any
    standing: FieldChange


class Merged(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A draft after an operation: its fields and their last writers, and what the receipt says about each.

    ``contested`` are the values that it set in a record with open conflicts: those conflicts must know them.
    """

    answers: Mapping[str, Any]
    note: str | None
    changes: dict[str, FieldChange] = msgspec.field(default_factory=dict)
    results: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    clashes: tuple[Clash, ...] = ()
    contested: Mapping[str, Any] = msgspec.field(default_factory=dict)
    is_concurrent: bool = False
    is_superseded: bool = False


def merged(
    facts: Facts, operation: Operation, payload: Save | Submit, record: Record | None, *, is_whole: bool
) -> Merged:
    """Merge what an operation says into ``record``; ``is_whole`` if it says all of it, as a submission does."""
    pushed = _pushed(facts, payload)
    current = _current(record)
    changes = record.changes if record else {}
    device_id = str(facts.sender.device_id)
    merge = merge_fields(
        pushed,
        current,
        changes,
        base_version=operation.base_version,
        device_id=device_id,
        seq=operation.seq,
        is_whole=is_whole,
    )
    fields = _standing(current, merge, is_whole=is_whole)
    change = FieldChange(version=facts.next_version(record), device_id=device_id, seq=operation.seq)
    return Merged(
        answers={name.removeprefix(_ANSWER): value for name, value in fields.items() if name != "note"},
        note=fields.get("note"),
        changes={**changes, **dict.fromkeys(merge.owned, change)},
        results=_results(merge, changes, operation.base_version),
        clashes=_clashes(merge, pushed, changes),
        contested=merge.values if record is not None and record.in_conflict else {},
        is_concurrent=merge.is_concurrent,
        is_superseded=set(merge.outcomes.values()) == {Outcome.SUPERSEDED},
    )


def _pushed(facts: Facts, payload: Save | Submit) -> dict[str, Any]:
    form = facts.templates[payload.template_version_id].form
    answers = forms.answers_from_wire(map(msgspec.structs.asdict, payload.answers))
    fields: dict[str, Any] = {f"{_ANSWER}{item}": value for item, value in forms.tidied(form, answers).items()}
    if payload.note is not msgspec.UNSET:
        fields["note"] = payload.note
    return fields


def _current(record: Record | None) -> dict[str, Any]:
    if record is None:
        return {}
    return {**{f"{_ANSWER}{item}": value for item, value in record.answers.items()}, "note": record.note}


def _standing(current: dict[str, Any], merge: Merge, *, is_whole: bool) -> dict[str, Any]:
    """Return the fields after the merge; a note that a submission does not mention is the draft's."""
    base = {"note": current.get("note")} if is_whole else current
    return {**base, **merge.stays, **merge.values}


def _results(merge: Merge, changes: dict[str, FieldChange], base_version: int) -> dict[str, dict[str, Any]]:
    """Return the receipt's ``fields``: what became of each, and the value that stays where another one holds.

    A clash tells from which version each value was made, too.
    """
    results: dict[str, dict[str, Any]] = {name: {"outcome": each.value} for name, each in merge.outcomes.items()}
    for name, outcome in merge.outcomes.items():
        if outcome in {Outcome.CONFLICT, Outcome.KEPT}:
            results[name] |= {"server": merge.stays[name], "server_version": changes[name].version}
        if outcome is Outcome.CONFLICT:
            results[name]["base_version"] = base_version
    return results


def _clashes(merge: Merge, pushed: dict[str, Any], changes: Mapping[str, FieldChange]) -> tuple[Clash, ...]:
    return tuple(
        Clash(field=name, server=merge.stays[name], device=pushed[name], standing=changes[name])
        for name, outcome in merge.outcomes.items()
        if outcome is Outcome.CONFLICT
    )
