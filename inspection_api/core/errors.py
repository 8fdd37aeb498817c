"""Problems: every way in which a use case can refuse, without a word about HTTP.

One base and a few kinds. A concrete problem is three lines in its slice's ``errors.py``: a kind, a ``code`` that is
forever, and a Chinese ``title``. ``http/problems.py`` maps the kind to a status, ``sync`` maps it to a verdict
(architecture.md §3, Errors).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inspection_api.core.events import Trace


class Problem(Exception):  # noqa: N818 - the field's word is "problem" (RFC 9457), not "error"
    """Base of all refusals.

    ``detail`` is one Chinese sentence about this occurrence, ``fields`` maps a field's path (``a.b.0``) to what is
    wrong with it, ``members`` are further problem+json members (ids, times), and ``trace`` are events that must be
    written although the use case is rolled back (a failed login, a forged QR).
    """

    code: ClassVar[str] = "problem"
    title: ClassVar[str] = "请求未能完成"

    def __init__(
        self,
        detail: str = "",
        *,
        fields: Mapping[str, str] | None = None,
        trace: Sequence[Trace] = (),
        **members: object,
    ) -> None:
        """Keep the occurrence's facts; the class holds what never changes."""
        super().__init__(detail or self.title)
        self.detail = detail
        self.fields = dict(fields or {})
        self.trace = tuple(trace)
        self.members = members


class Malformed(Problem):
    """The request cannot even be read (400)."""

    code = "malformed"
    title = "请求格式有误"


class Invalid(Problem):
    """The input has the wrong shape (422)."""

    code = "invalid"
    title = "输入内容有误"


class Unauthenticated(Problem):
    """Nobody is logged in, or the token no longer counts (401)."""

    code = "unauthenticated"
    title = "请先登录"


class Forbidden(Problem):
    """The actor's role may not do this (403)."""

    code = "forbidden"
    title = "没有权限"


class NotFound(Problem):
    """No such thing inside the actor's scope (404); a foreign thing answers alike."""

    code = "not_found"
    title = "找不到该内容"


class Conflict(Problem):
    """The state of things forbids it (409)."""

    code = "conflict"
    title = "与当前状态冲突"


class PreconditionFailed(Problem):
    """``If-Match`` names an older version (412)."""

    code = "version_changed"
    title = "内容已被他人修改，请刷新后重试"


class Gone(Problem):
    """It was here, and never comes back (410)."""

    code = "gone"
    title = "内容已失效"


class Locked(Problem):
    """Locked until somebody unlocks it (423)."""

    code = "locked"
    title = "已锁定"


class TooLarge(Problem):
    """Larger than the limit (413)."""

    code = "too_large"
    title = "内容超过大小限制"


class Unsupported(Problem):
    """It comes in a form that is not taken (415)."""

    code = "unsupported_media_type"
    title = "不支持该内容类型"


class TooMany(Problem):
    """Too often (429); ``retry_after_s`` in members says when to come back."""

    code = "too_many"
    title = "操作过于频繁，请稍后再试"


class Unavailable(Problem):
    """A passing condition of ours (503); ``retry_after_s`` in members says when to come back."""

    code = "unavailable"
    title = "服务暂时不可用，请稍后再试"
