"""Photos of the past: a few pictures stand for all that were taken, so that a year of them fits on any disk."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING, Any, Self

from PIL import Image, ImageDraw
from sqlalchemy import text

from inspection_api.core.ids import new_id
from inspection_api.core.jsonb import as_jsonb
from inspection_api.media import images
from inspection_api.media.queries import THUMBNAIL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context

_PICTURES, _SIZE = 24, (640, 480)
ITEMS = ("power_kwh", "tax_ytd")
"""The items of the 明白纸 template that ask for a photo."""

_STORE = text(
    """
    WITH taken AS (
        INSERT INTO media (id, owner_user_id, organisation_id, device_id, inspection_id, item_key, kind, mime, bytes,
                           sha256, status, captured, declared_at, stored_at)
        SELECT r.id, r.officer_id, r.organisation_id, r.device_id, r.inspection_id, r.item, 'photo', 'image/jpeg',
               r.bytes, r.sha256, 'stored', r.captured, :now, :now
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
            id uuid, officer_id uuid, organisation_id uuid, device_id uuid, inspection_id uuid, item text, bytes int,
            sha256 text, captured jsonb)
        RETURNING id, sha256)
    INSERT INTO media_derivative (media_id, kind, sha256)
    SELECT t.id, :kind, s.small FROM taken t
    JOIN unnest(CAST(:large AS text[]), CAST(:small AS text[])) AS s (large, small) ON s.large = t.sha256
    """
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored picture: its hash and length, and the hash of its thumbnail."""

    sha256: str
    bytes: int
    small: str


@dataclass(frozen=True, slots=True)
class Album:
    """The pictures that there are."""

    pictures: tuple[Picture, ...]

    @classmethod
    def fill(cls, ctx: Context) -> Self:
        """Draw the pictures and store them."""
        return cls(tuple(_picture(ctx, number) for number in range(_PICTURES)))

    def any(self, random: Random) -> Picture:
        """Return one of the pictures."""
        return random.choice(self.pictures)

    def store(self, ctx: Context, rows: Sequence[dict[str, Any]]) -> None:
        """Write down photos whose bytes are here, with their thumbnails, in one statement."""
        values = {"rows": as_jsonb([{"id": new_id(), **row} for row in rows]), "now": ctx.now, "kind": THUMBNAIL}
        large, small = [each.sha256 for each in self.pictures], [each.small for each in self.pictures]
        ctx.session.execute(_STORE, {**values, "large": large, "small": small})


def _picture(ctx: Context, number: int) -> Picture:
    data = draw(number)
    small = ctx.storage.put(ctx.bank.tag, images.thumbnail(BytesIO(data)))
    return Picture(ctx.storage.put(ctx.bank.tag, data), len(data), small)


def draw(number: int) -> bytes:
    """Draw a yard with a building and a meter, in colours of its own: nothing of a real place."""
    random = Random(number)  # noqa: S311 - invented data, no secret
    image = Image.new("RGB", _SIZE, (random.randint(140, 200), random.randint(170, 220), 230))
    draw = ImageDraw.Draw(image)
    width, height = _SIZE
    draw.rectangle((0, height * 2 // 3, width, height), fill=(random.randint(90, 140),) * 3)
    left, top = random.randint(40, 200), random.randint(100, 180)
    wall = tuple(random.randint(110, 210) for _ in range(3))
    draw.rectangle((left, top, left + random.randint(240, 360), height * 3 // 4), fill=wall)
    for column in range(4):
        x = left + 20 + column * 55
        draw.rectangle((x, top + 30, x + 34, top + 80), fill=(60, 80, 110))
    draw.text((16, 16), f"演示照片 DEMO {number + 1:02d}".encode("ascii", "ignore").decode(), fill="yellow")
    buffer = BytesIO()
    image.save(buffer, format="JPEG", quality=80)
    return buffer.getvalue()
