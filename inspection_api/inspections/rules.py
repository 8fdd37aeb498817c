"""Decisions about a record's life: blockers, acceptance, and field-level merge of drafts (domain.md §0, sync.md §4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from inspection_api.inspections.errors import AnswersInvalid, OwnRecord, RecordClosed, RecordLocked, RecordNotVoidable
from inspection_api.templates import forms

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from inspection_api.templates.forms import EvidenceMissing, Form


EXIT_CONCLUSION = "exit"
QUARANTINE_REASONS = {
    "qr_invalid": "二维码无效",
    "qr_revoked": "二维码牌在扫描时已作废",
    "qr_manual": "二维码牌未扫描，编号为手工输入",
    "mock": "检测到模拟定位",
    "outside": "位置在围栏之外",
    "stale": "没有有效定位",
    "too_coarse": "定位精度不足",
    "not_assigned": "该检查点当时不由检查人负责",
    "not_bound": "检查点当时尚未绑定位置",
    "answers_invalid": "答案不完整或不正确",
    "evidence_missing": "缺少必需的现场证据",
    "media_contradiction": "媒体的拍摄时间或内容自相矛盾",
    "already_submitted": "该检查已提交过",
    "record_locked": "记录已锁定",
    "time_bounded": "无法确定检查时间",
    "device_revoked": "设备已停用",
    "user_disabled": "用户已停用",
    "device_unapproved": "设备待批准",
    "dependency": "所依赖的操作未通过",
}
"""Why a record, or an operation on one, waits in quarantine, by the code of the reason (sync.md §3)."""
QUARANTINE_WORDS = {code: f"{reason}（{code}）" for code, reason in QUARANTINE_REASONS.items()}
"""Each as people read it, its code beside it."""


class State(StrEnum):
    """``draft → submitted → accepted | extra | refused``, then ``voided``."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    EXTRA = "extra"
    REFUSED = "refused"
    VOIDED = "voided"


STATES = {
    "draft": "草稿",
    "submitted": "已提交",
    "accepted": "已生效",
    "extra": "额外检查",
    "refused": "已驳回",
    "voided": "已作废",
}
"""Each as people read it."""


class Blocker(StrEnum):
    """What keeps a submitted record from acceptance."""

    QUARANTINE = "quarantine"
    CONFLICT = "conflict"
    MEDIA = "media"


BLOCKERS = {"quarantine": "隔离", "conflict": "冲突", "media": "待补媒体"}
"""Each as people read it (domain.md §0)."""


def blockers(*, quarantine_codes: Collection[str], in_conflict: bool, media_missing: bool) -> list[str]:
    """Return what blocks a submitted record, in the order in which screens show it."""
    found = {
        Blocker.QUARANTINE: bool(quarantine_codes),
        Blocker.CONFLICT: in_conflict,
        Blocker.MEDIA: media_missing,
    }
    return [blocker.value for blocker, holds in found.items() if holds]


def decide_acceptance(state: State, blocked_by: Collection[str], *, completes_task: bool) -> State:
    """Return what a record becomes (called under its task's lock, domain.md §0).

    A submitted record whose last blocker went is ``accepted`` if it completes its task, else ``extra``: a valid visit,
    but the task was closed meanwhile or there is none. Anything else stays what it is.
    """
    if state is not State.SUBMITTED or blocked_by:
        return state
    return State.ACCEPTED if completes_task else State.EXTRA


def proposes_exit(state: State, conclusion: str | None) -> bool:
    """Tell whether a record proposes that its checkpoint leaves: it is accepted and concludes 退出 (domain.md §0)."""
    return state is State.ACCEPTED and conclusion == EXIT_CONCLUSION


def ensure_voidable(state: State, *, decider_id: UUID, barred: Collection[UUID]) -> None:
    """Refuse to void what does not count, or what the decider himself (or an account of the same person) inspected.

    Raises:
        OwnRecord, RecordNotVoidable: as they say.
    """
    if decider_id in barred:
        raise OwnRecord
    if state not in {State.ACCEPTED, State.EXTRA}:
        raise RecordNotVoidable(state=state.value)


def ensure_may_decide(decider_id: UUID, officer_id: UUID) -> None:
    """Raise OwnRecord if the decider made the visit himself."""
    if decider_id == officer_id:
        raise OwnRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a visit says: its answers and note, and what follows from them."""

    answers: Mapping[str, Any]
    note: str | None
    conclusion: str | None
    indicators: Sequence[str]


def decide_content(form: Form, before: forms.Answers, after: forms.Answers, note: str | None) -> Content:
    """Return the content that a decision gives to a submitted record, with its conclusion and indicators.

    What was wrong with the answers before stays a reviewer's matter.

    Raises:
        AnswersInvalid: the decision itself makes an answer wrong; ``fields`` says which and why.
    """
    known = forms.validate(form, before).errors
    verdict = forms.validate(form, after)
    wrong = {item: remark for item, remark in verdict.errors.items() if known.get(item) != remark}
    if wrong:
        raise AnswersInvalid(fields={f"answers.{item}": sentence for item, (_, sentence) in wrong.items()})
    conclusion = verdict.values.get("conclusion", {}).get("value")
    return Content(answers=verdict.values, note=note, conclusion=conclusion, indicators=verdict.indicators)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What a record ought to say instead: the answers that change, and the note (empty: it stays).

    ``op_id`` is the author's operation.
    """

    inspection_id: UUID
    op_id: UUID
    author_id: UUID
    answers: Mapping[str, Mapping[str, Any]]
    notes: tuple[str | None, ...] = ()


def ensure_amendable(state: State, prints_until: datetime | None, now: datetime) -> None:
    """Raise unless a record may be amended: nothing of it is fixed yet, or its print window is open (sync.md §4).

    Raises:
        RecordClosed: there is nothing to amend. RecordLocked: its paper must be unlocked first.
    """
    if state not in {State.SUBMITTED, State.ACCEPTED, State.EXTRA}:
        raise RecordClosed(state=state.value)
    if prints_until is not None and prints_until <= now:
        raise RecordLocked


def is_media_missing(lacking: Collection[EvidenceMissing], waived: Collection[EvidenceMissing]) -> bool:
    """Tell whether required media are still to come, by what the form is ``lacking`` of the stored ones.

    Whoever accepted a visit without its evidence has ``waived`` what it lacked of the declared ones.
    """
    return not set(lacking) <= set(waived)


class Outcome(StrEnum):
    """What became of one field of a draft; ``kept`` is another device's change that a submission did not know of."""

    APPLIED = "applied"
    CONFLICT = "conflict"
    SUPERSEDED = "superseded"
    KEPT = "kept"


DESK = "desk"
"""What stands for the device where a person's decision has set a field: every device's stale change clashes with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A field's last writer: the record's version that it made, the device, and that device's ``seq``."""

    version: int
    device_id: str
    seq: int

    @property
    def is_decision(self) -> bool:
        """Tell whether a person decided it, not a device."""
        return self.device_id == DESK


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """``values`` to write, what became of each field, and whether another device's change was met.

    ``stays`` are the fields among the outcomes whose current value holds on. ``owned`` are the fields whose last
    writer is now this device: one that only says again what another had set takes nothing over.
    """

    values: dict[str, Any]
    owned: frozenset[str]
    stays: dict[str, Any]
    outcomes: dict[str, Outcome]
    is_concurrent: bool


def merge_fields(
    pushed: Mapping[str, Any],
    current: Mapping[str, Any],
    changes: Mapping[str, FieldChange],
    *,
    base_version: int,
    device_id: str,
    seq: int,
    is_whole: bool = False,
) -> Merge:
    """Merge a draft's pushed fields into its current ones (sync.md §4).

    A field clashes iff another device changed it after ``base_version`` to a different value: then the value first
    accepted stays. An own earlier change never clashes with an own later one; an own later one already there wins.
    Equal values never clash. Where the push says all (``is_whole``, a submission), a field that it does not name is
    gone, unless another device changed it after ``base_version``: the author cannot have meant what he never saw.
    """
    others = {name: change for name, change in changes.items() if change.device_id != device_id}
    unseen = {name for name, change in others.items() if change.version > base_version}
    outcomes = {
        name: _outcome(value, current.get(name), changes.get(name), base_version, device_id, seq)
        for name, value in pushed.items()
    }
    if is_whole:
        outcomes |= dict.fromkeys(sorted(unseen & current.keys() - pushed.keys()), Outcome.KEPT)
    applied = {name for name, outcome in outcomes.items() if outcome is Outcome.APPLIED}
    return Merge(
        values={name: pushed[name] for name in pushed if name in applied},
        owned=frozenset(name for name in applied if name not in others or pushed[name] != current.get(name)),
        stays={name: current.get(name) for name in outcomes if name not in applied},
        outcomes=outcomes,
        is_concurrent=bool(unseen),
    )


def _outcome(
    value: object, current: object, change: FieldChange | None, base_version: int, device_id: str, seq: int
) -> Outcome:
    if change is None or value == current:
        return Outcome.APPLIED
    if change.device_id == device_id:
        return Outcome.SUPERSEDED if change.seq > seq else Outcome.APPLIED
    return Outcome.CONFLICT if change.version > base_version else Outcome.APPLIED
