"""What can be wrong with handling an alert."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Forbidden, Invalid, NotFound


class AlertNotFound(NotFound):
    """No such alert inside the actor's scope."""

    code = "alert_not_found"
    title = "找不到该预警"


class AlertHandled(Conflict):
    """Somebody has decided already; ``decided_by_name`` says who."""

    code = "alert_already_handled"
    title = "该预警已处理"


class AlertLevelTooHigh(Forbidden):
    """This role reviews alerts of level 1 and 2 only."""

    code = "alert_level_too_high"
    title = "当前角色只能复核关注和预警级别"


class SecondReviewerNeeded(Forbidden):
    """A level 3 alert becomes a false alarm only when a second person agrees."""

    code = "second_reviewer_needed"
    title = "可疑级别的误报须由第二人复核"


class FeedCursorInvalid(Invalid):
    """The cursor was not given out by this feed, in this bank."""

    code = "cursor_invalid"
    title = "游标无效"
