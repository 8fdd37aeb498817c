"""What a phone produces on site: positions, photos with EXIF, answers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw
from PIL.ExifTags import GPS, IFD, Base

from inspection_api.core.periods import SHANGHAI

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_METRES_PER_DEGREE = 111_000
_SIZE = (1280, 960)
_RISKS = (
    "other_bank_overdue",
    "ent_dispute",
    "ctrl_lost",
    "ctrl_credit",
    "ctrl_event",
    "coll_adverse",
    "guar_overdue",
    "guar_dispute",
    "licence_expired",
)
_dice = random.Random(20260310)  # noqa: S311 - scatter of positions and grain of photos, the same in every run


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in WGS-84 degrees."""

    lon: float
    lat: float

    def moved(self, north_m: float) -> Spot:
        """Return the place so many metres further north."""
        return Spot(lon=self.lon, lat=self.lat + north_m / _METRES_PER_DEGREE)

    def fix(self) -> dict[str, Any]:
        """Return a position report here, as good and as scattered as a phone's."""
        scatter = [_dice.uniform(-3, 3) / _METRES_PER_DEGREE for _ in range(2)]
        return {
            "lon": round(self.lon + scatter[0], 7),
            "lat": round(self.lat + scatter[1], 7),
            "sys": "wgs84",
            "acc": round(_dice.uniform(6, 14), 1),
            "age_s": round(_dice.uniform(0.5, 4), 1),
            "mock": False,
        }


def take_photo(path: Path, *, at: datetime, spot: Spot) -> None:
    """Write a JPEG as a phone's camera would: grain, a burnt-in time, and EXIF with time, place and model."""
    grain = [Image.effect_noise(_SIZE, _dice.uniform(20, 60)) for _ in range(3)]
    image = Image.merge("RGB", grain)
    taken = at.astimezone(SHANGHAI)
    ImageDraw.Draw(image).text((20, 20), f"{taken:%Y-%m-%d %H:%M:%S} {spot.lon:.5f},{spot.lat:.5f}", fill="yellow")
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = "Xunji", "Demo Phone"
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = f"{taken:%Y:%m:%d %H:%M:%S}"
    exif.get_ifd(IFD.GPSInfo).update(
        {
            GPS.GPSLatitudeRef: "N",
            GPS.GPSLatitude: _degrees(spot.lat),
            GPS.GPSLongitudeRef: "E",
            GPS.GPSLongitude: _degrees(spot.lon),
        }
    )
    image.save(path, "JPEG", quality=80, exif=exif)


def _degrees(value: float) -> tuple[Fraction, Fraction, Fraction]:
    """Return degrees, minutes and seconds, as EXIF wants them."""
    seconds = Fraction(round(value * 360_000), 100)
    return Fraction(seconds // 3600), Fraction(seconds % 3600 // 60), seconds % 60


def answers(**changes: Any) -> list[dict[str, Any]]:
    """Return answers to the 明白纸 template for a healthy enterprise, but for ``changes``."""
    values = {
        "op_status": "normal",
        "power_kwh": "18250.00",
        "tax_ytd": "36.50",
        "payroll_n": "86",
        "payroll_amt": "52.30",
        "inflow_ytd": "1280.00",
        "dep_balance": "215.60",
        "dep_delta": "12.40",
        "conclusion": "normal",
    }
    merged = {**values, **dict.fromkeys(_RISKS, False), **changes}
    return [{"item": item, "value": value} for item, value in merged.items()]
