"""Media of operations that have no effect, or none yet: their bytes may come all the same (sync.md §1).

A phone in good standing may upload whatever it has; one that has ended brings what its operations declared, and until
then nobody knows which will end first, the device or its upload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from inspection_api.accounts.models import UserAccount
from inspection_api.core import ahead
from inspection_api.core.errors import Unavailable
from inspection_api.core.logs import log
from inspection_api.media.rules import kinds
from sync.protocol.additions import MediaWrite
from sync.protocol.naming import names_of
from sync.protocol.verdicts import UNSETTLED, Status
from sync.service import judging, writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context
    from sync.queries import DeviceRow
    from sync.service.judging import Judged

_WITHOUT_EFFECT = UNSETTLED | {Status.REJECTED}


def keep_media(ctx: Context, device: DeviceRow, judged: Sequence[Judged]) -> None:
    """Declare, for no record, the media of operations that are held, parked or rejected; what is none is left out.

    A bug of ours that cannot write them is told in the log: it parked their operation perhaps, and harms nothing else.
    """
    idle = [each.received for each in judged if each.verdict.status in _WITHOUT_EFFECT]
    named = names_of(idle, {each.head.op_id: judging.payload_of(each) for each in idle}).media
    media = tuple(each for each in named if kinds.is_admissible(each.kind, each.mime, each.bytes))
    if media:
        officer = ctx.session.get_one(UserAccount, ctx.user_id)
        home = {"owner_id": officer.id, "organisation_id": officer.organisation_id, "device_id": device.id}
        try:
            with ahead.savepoint(ctx.session):
                writing.declare_further(ctx, MediaWrite(**home, inspection_id=None, media=media))
        except (OperationalError, Unavailable):
            raise  # a lock timeout, a deadlock or a race passes: the whole batch comes again
        except Exception:
            log.exception("media_not_kept", device_id=str(device.id))
