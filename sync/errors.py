"""Refusals of whole requests; single operations get a verdict instead (sync.md §2)."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Forbidden, Gone, Malformed, NotFound, TooLarge, TooMany, Unavailable


class BatchMalformed(Malformed):
    """The envelope cannot be read: not JSON, or a member is missing or of the wrong type."""

    code = "batch_malformed"
    title = "同步批次格式有误"


class BatchTooLarge(TooLarge):
    """More than 200 operations or 4 MiB; the client halves the batch."""

    code = "batch_too_large"
    title = "同步批次过大，请拆分后重试"


class BatchIdReused(Conflict):
    """The same batch id came with other bytes; the client takes a new one."""

    code = "batch_id_reused"
    title = "批次编号已被其他内容使用"


class DeviceForked(Conflict):
    """A ``seq`` that was used before came with another operation: the device was copied or restored."""

    code = "device_forked"
    title = "设备序号重复，请重新登记设备"


class SignatureInvalid(Forbidden):
    """The batch is not signed by the device's key over these bytes."""

    code = "signature_invalid"
    title = "设备签名无效"


class DeviceUnknown(NotFound):
    """The caller has no such device; it must be enrolled first."""

    code = "device_unknown"
    title = "设备未登记"


class DeviceWiped(Forbidden):
    """The device was revoked: what it holds is to be wiped once its outbox has drained."""

    code = "device_revoked"
    title = "设备已停用"


class CursorForeign(Gone):
    """The cursor was not made for this bank, user and device; take a snapshot."""

    code = "cursor_foreign"
    title = "同步位置无效，请重新获取全量数据"


class EpochChanged(Gone):
    """The cursor is from before the bank was restored: take a snapshot, and send again what was acknowledged."""

    code = "epoch_changed"
    title = "银行数据已从备份恢复，请重新获取全量数据"


class CursorExpired(Gone):
    """The feed no longer tells what happened since the cursor; take a snapshot."""

    code = "cursor_expired"
    title = "同步位置已过期，请重新获取全量数据"


class OutboxFull(TooMany):
    """The device has 1,000 held operations; it must bring the missing ones first."""

    code = "held_limit"
    title = "等待中的操作过多，请先补传缺失的操作"


class ConflictDecided(Conflict):
    """Somebody was faster; the problem names him."""

    code = "conflict_decided"
    title = "该冲突已由他人处理"


class QuarantineDecided(Conflict):
    """Somebody was faster, or the reason went away; the problem says what became of it."""

    code = "quarantine_decided"
    title = "该操作已处理"


class NotAcceptable(Conflict):
    """Even accepted, the operation could have no effect: a forged plate binds nothing. It goes on waiting."""

    code = "not_acceptable"
    title = "该操作无法采纳"


class DeviceUnapproved(Forbidden):
    """The device may push into quarantine, but not pull, until a manager has approved it."""

    code = "device_unapproved"
    title = "设备尚未获准使用"


class OperationRaced(Unavailable):
    """Two devices brought one operation at the same moment; the same batch again finds the first one's receipt."""

    code = "operation_raced"
    title = "同一操作正由其他设备提交，请重试"
