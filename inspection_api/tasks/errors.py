"""Refusals of the tasks slice."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Unavailable


class AttemptRaced(Unavailable):
    """Another device wrote an attempt under this id between our read and our write; the same batch again finds it."""

    code = "attempt_raced"
    title = "该到访记录刚由其他设备提交，请重试"


class MakeupForbidden(Conflict):
    """Nothing can be made up: the task is done or gone, its window runs still, or the rule's days for it are over."""

    code = "makeup_forbidden"
    title = "该任务当前不能补检"


class TaskClosed(Conflict):
    """Only open tasks are handed over; ``task_id`` names the first one that is done or gone, ``state`` what it is."""

    code = "task_closed"
    title = "任务已结束，不能再改派"
