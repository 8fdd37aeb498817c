"""Refusals of the kiosk_print slice."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Forbidden, Gone, Invalid, Locked, TooLarge, TooMany


class PaperNotReady(Conflict):
    """The visit is not accepted yet, so there is nothing to print."""

    code = "paper_not_ready"
    title = "检查记录尚未通过验收，不能打印"


class PaperVoided(Gone):
    """The visit was voided, and its paper with it."""

    code = "paper_voided"
    title = "检查记录已作废"


class PaperLocked(Locked):
    """The print window is over; ``unlock`` says who can open the next one."""

    code = "locked"
    title = "打印期限已过，明白纸已锁定，请申请解锁"


class AnswersIncomplete(Conflict):
    """Required answers are empty; ``fields`` says which. An amendment fills them in."""

    code = "answers_incomplete"
    title = "必填项尚未填写完整，请更正检查记录后再打印"


class PrintLimit(Conflict):
    """As many prints as one window allows are made."""

    code = "print_limit"
    title = "本次打印期内的打印次数已达上限"


class OpinionRequired(Conflict):
    """From 强烈关注 up the superior's opinion comes before the print."""

    code = "opinion_required"
    title = "结论为强烈关注或退出的，须先由上级签署意见"


class OpinionAfterPrint(Conflict):
    """An opinion is given before the print; afterwards the content is what was signed."""

    code = "opinion_after_print"
    title = "已打印，不能再签署意见"


class OpinionGiven(Conflict):
    """Somebody was faster; ``decided_by_name`` is the name of whoever gave the opinion."""

    code = "opinion_given"
    title = "该记录已有上级意见"


class IdempotencyKeyReused(Conflict):
    """The same key was used for another record."""

    code = "idempotency_key_reused"
    title = "该幂等键已用于其他打印"


class NotLocked(Conflict):
    """The window is open: print, there is nothing to unlock."""

    code = "not_locked"
    title = "仍在打印期内，无需解锁"


class UnlockRequested(Conflict):
    """One request at a time; ``existing_id`` is the open one's id."""

    code = "unlock_requested"
    title = "已有待审批的解锁申请"


class UnlockReasonInvalid(Invalid):
    """A request needs a known reason code and at least ten characters of explanation."""

    code = "unlock_reason_invalid"
    title = "解锁申请须说明理由"


class UnlockTermsInvalid(Invalid):
    """An approval opens 1–7 days; a rejection needs a reason."""

    code = "unlock_terms_invalid"
    title = "解锁决定内容有误"


class UnlockNotYours(Forbidden):
    """Another level decides; ``deciders`` are the ids of those who may."""

    code = "unlock_not_yours"
    title = "该解锁申请应由其他人员审批"


class OwnAffair(Forbidden):
    """Requester, inspector and author of the opinion never decide about the unlock (four eyes)."""

    code = "four_eyes"
    title = "申请人、检查人和签署意见的人不能审批该申请"


class SameDevice(Forbidden):
    """The decision comes from where the unlock was asked for, or from the inspector's phone (four eyes)."""

    code = "same_device"
    title = "不能在申请人或检查人使用的设备上审批，请在本人设备上登录后处理"


class UnlockIdReused(Conflict):
    """The request's id already means a request for another record; a new request needs a new id."""

    code = "unlock_id_reused"
    title = "该申请编号已用于其他记录"


class UnlockDecided(Conflict):
    """Somebody was faster; ``decided_by`` is his id, ``decided_by_name`` his name."""

    code = "unlock_decided"
    title = "该申请已有处理结果"


class PrintUnfinished(Conflict):
    """The number is reserved, the PDF is not there; printing again with the same key finishes it."""

    code = "print_unfinished"
    title = "该次打印尚未完成，请用同一请求重试"


class TooManyLabels(TooLarge):
    """The organisation has more checkpoints than one file of labels holds; the ones below it have fewer."""

    code = "too_many_labels"
    title = "标签数量过多，请按下级机构分别打印"


class NothingToPrint(Conflict):
    """The organisation has no checkpoint in force."""

    code = "nothing_to_print"
    title = "该机构下没有可打印标签的检查点"


class PrintEnded(Gone):
    """The print was superseded or voided; ``status`` says which. What is printed is the paper of today."""

    code = "print_ended"
    title = "该次打印已更替或作废，请重新打印"


class PrintJobExists(Conflict):
    """This print waits for a station, or left one already; ``existing_id`` is that job. Another sheet is a 补打."""

    code = "print_job_exists"
    title = "该次打印已在打印站排队或已打印，再次打印请办理补打"


class TooManyPrintJobs(TooMany):
    """The user has enough jobs that wait for a station."""

    code = "too_many_print_jobs"
    title = "待打印的任务过多，请先到打印站取件"


class PrintJobSettled(Conflict):
    """The job's state (``state``) does not allow it."""

    code = "print_job_settled"
    title = "打印任务当前状态不允许此操作"


class PrintJobExpired(Gone):
    """Nobody fetched it in time, or its print ended meanwhile."""

    code = "print_job_expired"
    title = "打印任务已过期"


class StationCodeWrong(Forbidden):
    """Wrong or old code, no such station, or one out of reach: one answer for all, so that nothing can be tried out."""

    code = "station_code_wrong"
    title = "校验码不正确或已更换，请按打印站屏幕重新输入"


class StationCodeThrottled(TooMany):
    """Too many wrong codes at this station; ``retry_after_s`` says when the next attempt counts."""

    code = "station_code_throttled"
    title = "校验码错误次数过多，请稍后再试"


class NotVoidable(Conflict):
    """A print that is superseded or voided is not voided again; ``current`` is its status."""

    code = "not_voidable"
    title = "该明白纸已更替或已作废，不能再作废"


class OwnPrint(Forbidden):
    """Who inspected, printed, or asked for it does not void the paper."""

    code = "own_print"
    title = "检查人、打印人和申请人不能作废该明白纸"


class VoidRequested(Conflict):
    """One request at a time for an original and its copies; ``existing_id`` is the open one's id."""

    code = "void_requested"
    title = "该明白纸已有待审批的作废申请"


class VoidReasonInvalid(Invalid):
    """A request needs at least ten characters of explanation, a rejection a reason."""

    code = "void_reason_invalid"
    title = "作废申请和驳回须说明理由"


class VoidDecided(Conflict):
    """Somebody was faster; ``decided_by`` is his id, ``decided_by_name`` his name, ``current`` what became of it."""

    code = "void_decided"
    title = "该作废申请已有处理结果"
