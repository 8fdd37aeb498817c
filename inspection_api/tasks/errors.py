"""Refusals of the tasks slice."""

from __future__ import annotations

from inspection_api.core.errors import Unavailable


class AttemptRaced(Unavailable):
    """Another device wrote an attempt under this id between our read and our write; the same batch again finds it."""

    code = "attempt_raced"
    title = "该到访记录刚由其他设备提交，请重试"
