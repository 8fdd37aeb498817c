"""What can be wrong with meters and their readings."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Malformed, NotFound, TooLarge


class BatchMalformed(Malformed):
    """The body is no batch of readings at all."""

    code = "batch_malformed"
    title = "请求内容不是读数批次"


class BatchTooLarge(TooLarge):
    """More readings than one batch may hold; nothing of it was kept."""

    code = "batch_too_large"
    title = "一批最多 10,000 条读数"


class MeterCodeTaken(Conflict):
    """A meter with this code is there already."""

    code = "meter_code_taken"
    title = "表计编号已存在"


class GatewayNotFound(NotFound):
    """No such approved gateway inside the actor's scope."""

    code = "gateway_not_found"
    title = "找不到该网关"
