"""Decisions at the supervisor's desk: who may take them, and what they make of a record (sync.md §4, domain.md §6)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from checkpoints.rules import sketch
from checkpoints.rules.sketch import MarkKind
from inspection_api.core.errors import Forbidden
from inspection_api.core.permissions import Action, Permission
from inspection_api.inspections.rules import DESK, FieldChange, State, ensure_may_decide
from sync.errors import NotAcceptable
from sync.protocol.envelope import Fix
from sync.protocol.fixes import all_or_none
from sync.protocol.verdicts import MESSAGES, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from checkpoints.coordinates import Point
    from checkpoints.rules import fence
    from checkpoints.rules.sketch import Sketch
    from inspection_api.core.context import Actor
    from inspection_api.templates.forms import Form
    from sync.protocol.verdicts import Verdict

READ = Permission(Action.QUARANTINE, "read")
DECIDE = Permission(Action.QUARANTINE, "decide")
DRAFTS = Permission(Action.QUARANTINE, "drafts")
AMEND = (Permission(Action.AMENDMENT, "amend"), Permission(Action.AMENDMENT, "approve"))
EFFECTIVE = frozenset(Status) - {Status.QUARANTINED, Status.REJECTED, Status.HELD, Status.PARKED}
_ANSWER = "answers."


class Keep(StrEnum):
    """Which value of a conflict stands: the one that stands now, or the device's."""

    SERVER = "server"
    DEVICE = "device"


def ensure_may_resolve(actor: Actor, path: str, *, officer_id: UUID, state: State) -> None:
    """Raise unless the actor may decide a conflict in a record of the organisation at ``path``.

    An officer decides in his own drafts, a superior in the records of others (four eyes, domain.md §6).

    Raises:
        Forbidden: none of his roles decides there.
        OwnRecord: it is his own, and no draft any more.
    """
    if actor.user_id == officer_id and state is State.DRAFT and actor.may_own(DRAFTS):
        return
    if not path.startswith(actor.paths(DECIDE)):
        raise Forbidden(permission=str(DECIDE))
    if actor.user_id is not None:
        ensure_may_decide(actor.user_id, officer_id)


def ensure_may_amend(actor: Actor, path: str) -> None:
    """Raise Forbidden unless one of the actor's roles changes submitted records at ``path`` (domain.md §6)."""
    if not path.startswith(tuple(prefix for permission in AMEND for prefix in actor.paths(permission))):
        raise Forbidden(permission=str(AMEND[-1]))


def label_of(form: Form, field: str) -> str:
    """Return the words by which a form's reader knows a field of a record."""
    if field == "note":
        return "备注"
    key = field.removeprefix(_ANSWER)
    return form.by_key[key].label if key in form.by_key else key


def value_of(answers: Mapping[str, Any], note: str | None, field: str) -> Any:
    """Return the value of a field as it stands."""
    return note if field == "note" else answers.get(field.removeprefix(_ANSWER))


def with_value(
    answers: Mapping[str, Any], note: str | None, field: str, value: Any
) -> tuple[dict[str, Any], str | None]:
    """Return answers and note with one field replaced; without a value the answer is gone."""
    if field == "note":
        return dict(answers), value
    key = field.removeprefix(_ANSWER)
    rest = {item: entry for item, entry in answers.items() if item != key}
    return rest if value is None else {**rest, key: value}, note


def next_change(version: int) -> FieldChange:
    """Return the change that a decision makes to a field of a record at ``version``.

    No device made it, so whatever a device says of the field without having seen the decision clashes again.
    """
    return FieldChange(version=version + 1, device_id=DESK, seq=0)


def record_of(entity_id: UUID, content: Mapping[str, Any] | None) -> UUID:
    """Return the id of the record that an operation is about, if it is about one; ``content`` is its payload."""
    return UUID(str((content or {}).get("inspection_id", entity_id)))


def place_of(entity_id: UUID, content: Mapping[str, Any] | None) -> UUID:
    """Return the id of the checkpoint that an operation is about, if it is about one."""
    return UUID(str((content or {}).get("checkpoint_id", entity_id)))


def draw(content: Mapping[str, Any], centre: Point, radius_m: int) -> Sketch:
    """Return the fence with what an operation says of where its phone was.

    It waits unjudged, so what it says may be anything: an act that does not make sense leaves no marks.
    """
    acts = (
        (MarkKind.SCAN, _scanned(content)),
        *((MarkKind.CAPTURE, [each.get("fix")]) for each in _objects(content.get("media"))),
        (MarkKind.SUBMIT, content.get("fixes")),
    )
    return sketch.draw(centre, radius_m, *(sketch.mark_fixes(centre, kind, _fixes(said)) for kind, said in acts))


def _scanned(content: Mapping[str, Any]) -> Any:
    scan = content.get("scan")
    return scan.get("fixes") if isinstance(scan, dict) else None


def _objects(said: Any) -> list[dict[str, Any]]:
    return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []


def _fixes(said: Any) -> Sequence[fence.Fix]:
    try:
        return all_or_none(msgspec.convert(_objects(said), list[Fix]))
    except msgspec.ValidationError:
        return ()


def sentences(codes: Iterable[str], judgement: Mapping[str, Any] | None = None) -> list[dict[str, str]]:
    """Return each reason with the sentence that explains it; what was typed instead of scanned says why itself."""
    manual = (judgement or {}).get("manual")
    why = {"qr_manual": f"：{manual['text']}（{manual['reason']}）"} if manual else {}
    return [{"code": code, "message": MESSAGES.get(code, code) + why.get(code, "")} for code in codes]


def ensure_effective(verdict: Verdict) -> None:
    """Raise NotAcceptable if an accepted operation would still have no effect."""
    if verdict.status not in EFFECTIVE:
        raise NotAcceptable(verdict.message, reason=verdict.code)
