"""The jobs' problems."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Forbidden, Gone, TooMany


class TooManyJobs(TooMany):
    """The user has as many unfinished jobs as one may have; ``limit`` says how many."""

    code = "too_many_jobs"
    title = "您有多个任务正在处理，请等待完成后再试"


class JobKeyReused(Conflict):
    """The same key was used for a job that does something else."""

    code = "job_key_reused"
    title = "该幂等键已用于其他任务"


class JobUnfinished(Conflict):
    """There is no file yet, or never will be; ``status`` says where the job stands."""

    code = "job_unfinished"
    title = "任务尚未完成，暂时没有可下载的文件"


class JobFileExpired(Gone):
    """The file has been thrown away, as announced; ``expired_at`` says when."""

    code = "job_file_expired"
    title = "下载链接已过期，请重新生成"


class RequesterLeft(Forbidden):
    """Whoever asked for the job has been disabled since."""

    code = "requester_left"
    title = "申请人已停用，任务终止"
