"""Writing what devices only ever add: attempts, comments, feedback, further media (sync.md §4)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from inspection_api.alerts import service as alerts
from inspection_api.inspections import service as inspections
from inspection_api.tasks import service as tasks
from sync.protocol.additions import CommentWrite, FeedbackWrite, MediaWrite
from sync.protocol.unmet import AttemptWrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context
    from sync.service.judging import Judged


def add(ctx: Context, judged: Sequence[Judged]) -> None:
    """Write additions, one statement for each kind."""
    writes = [each.write for each in judged]
    tasks.note_attempts(ctx, [write.row for write in writes if isinstance(write, AttemptWrite)])
    inspections.comment(ctx, [asdict(write) for write in writes if isinstance(write, CommentWrite)])
    alerts.give_feedback(ctx, [asdict(write) for write in writes if isinstance(write, FeedbackWrite)])


def further_media(judged: Sequence[Judged]) -> list[MediaWrite]:
    """Return the media that came by themselves, and those of attempts."""
    writes = (each.write.media if isinstance(each.write, AttemptWrite) else each.write for each in judged)
    return [write for write in writes if isinstance(write, MediaWrite)]
