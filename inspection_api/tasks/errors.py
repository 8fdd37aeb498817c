"""Refusals of the tasks slice."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Forbidden, Invalid, Unavailable


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


class CampaignDaysInvalid(Invalid):
    """A campaign neither begins in the past nor ends before it begins."""

    code = "campaign_days_invalid"
    title = "专项检查的开始日期不能早于今天，也不能晚于截止日期"


class ExitWouldErase(Conflict):
    """Tasks fell due between the day of the past and its approval; they stay, and ``tasks`` says how many they are."""

    code = "exit_would_erase"
    title = "该退出日期之后已有到期未完成的任务，不能以退出抹去"


class TaskOfRole(Conflict):
    """The task's rule says in which role it is done, so it is not handed to somebody; ``role`` says which."""

    code = "task_of_role"
    title = "该任务由规则指定的岗位检查，不能改派"


class CampaignNameTaken(Conflict):
    """The organisation has a campaign of this name; ``existing_id`` is its id."""

    code = "campaign_name_taken"
    title = "专项检查名称已存在"


class CampaignCancelled(Conflict):
    """The campaign was cancelled already."""

    code = "campaign_cancelled"
    title = "该专项检查已取消"


class RecomputeDayInvalid(Invalid):
    """A recomputation is about days that have begun, and not before the rule."""

    code = "recompute_day_invalid"
    title = "重算起始日期须在规则开始之后且不晚于今天"


class RecomputeSettled(Conflict):
    """The recomputation was approved or refused already; ``current`` says which, ``decided_by_name`` by whom."""

    code = "recompute_settled"
    title = "该重算已处理"


class RecomputeOutdated(Conflict):
    """The rule or its tasks changed since the difference was shown; it is to be proposed anew."""

    code = "recompute_outdated"
    title = "规则或任务已变化，请重新提出重算"


class RecomputeFourEyes(Forbidden):
    """Whoever proposed a recomputation does not decide on it (four eyes)."""

    code = "four_eyes"
    title = "不能审批本人提出的重算"
