"""The statuses that an operation can end in, each visible to a person (sync.md §2, Statuses)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from inspection_api.inspections.rules import QUARANTINE_REASONS


class Status(StrEnum):
    """Where an operation stands; only held and parked ones still move."""

    APPLIED = "applied"
    MERGED = "merged"
    CONFLICT = "conflict"
    EXTRA = "extra"
    SUPERSEDED = "superseded"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    HELD = "held"
    PARKED = "parked"


UNSETTLED = frozenset({Status.HELD, Status.PARKED})

_KEPT = "，已隔离待核实"
_NEXT = {
    "dependency": "，待人工处理",
    "device_revoked": "，内容已隔离待处理",
    "user_disabled": "，内容已隔离待处理",
    "device_unapproved": "，批准后生效",
}
"""What follows where it is not that."""

MESSAGES = {
    "applied": "已生效",
    "merged": "已与其他修改合并",
    "conflict": "部分内容与记录中已有的填写不一致，双方内容都已保留",
    "extra": "已保存为额外检查，不计入任务",
    "superseded": "已被本机较新的操作取代",
    "held": "等待前面的操作",
    "parked": "系统暂时无法处理，已保存，将自动重试",
    "field_conflict": "部分内容与记录中已有的填写不一致，双方内容都已保留",
    "forbidden_or_unknown": "对象不存在或不在您的范围内",
    "invalid_payload": "操作内容格式有误",
    "feedback_too_short": "反馈为正常时须说明情况，至少 10 个字",
    "unknown_type": "不支持的操作类型",
    "unknown_format": "不支持的操作格式版本",
    "op_id_reused": "操作编号已用于其他内容",
    "bad_dependency": "依赖的操作不存在",
    **{code: reason + _KEPT for code, reason in QUARANTINE_REASONS.items()},
    **{code: QUARANTINE_REASONS[code] + then for code, then in _NEXT.items()},
    "amendment_pending": "修改申请待上级审批",
    "binding_pending": "检查点位置待确认，确认后生效",
    "accepted": "已由上级采纳",
    "released": "隔离原因已消除，已生效",
    "refused": "已由上级驳回",
}


class Verdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of one operation. ``codes`` are all reasons, the first is the receipt's ``code``.

    ``traces`` are the security events that it leaves, whether it writes anything or not. ``fields`` says what became of
    each field; whoever writes the conflicts adds their ids.
    """

    status: Status
    codes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    fields: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    version: int | None = None
    detail: str = ""
    traces: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """Return the first reason, or the status where there is none."""
        return self.codes[0] if self.codes else self.status.value

    @property
    def conflict_id(self) -> str | None:
        """Return the first conflict that somebody is to decide."""
        return next((told["conflict_id"] for told in self.fields.values() if "conflict_id" in told), None)

    @property
    def message(self) -> str:
        """Return the sentence that the officer reads: of every reason, and only once that it is kept."""
        sentences = [MESSAGES.get(code, code) for code in self.codes or (self.status.value,)]
        parts = [sentence.removesuffix(_KEPT) for sentence in sentences[:-1]]
        return self.detail or "；".join([*parts, sentences[-1]])


def rejected(code: str, detail: str = "") -> Verdict:
    """Return the verdict on an operation that cannot mean anything; its bytes are kept."""
    return Verdict(status=Status.REJECTED, codes=(code,), detail=detail)
