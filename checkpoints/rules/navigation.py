"""Links that open the way to a checkpoint in 高德 or 百度 (domain.md §3.6).

All carry WGS-84 and say so: with a wrong or missing type the map shifts the target by 0.5 to 1.3 km.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from checkpoints.coordinates import Point

MAX_NAME = 50
_AMAP_WEB = "https://uri.amap.com/navigation?to={lon},{lat},{name}&mode=car&coordinate=wgs84&callnative=1&src=xunji"
_AMAP_IOS = "iosamap://path?sourceApplication=xunji&dlat={lat}&dlon={lon}&dname={name}&dev=1&t=0"
_AMAP_ANDROID = "amapuri://route/plan/?sourceApplication=xunji&dlat={lat}&dlon={lon}&dname={name}&dev=1&t=0"
_BAIDU_WEB = (
    "https://api.map.baidu.com/marker?location={lat},{lng}&title={name}&content={name}&coord_type=wgs84&output=html"
    "&src=xunji"
)
_BAIDU_APP = (
    "baidumap://map/direction?destination=latlng:{lat},{lng}%7Cname:{name}&coord_type=wgs84&mode=driving&src={src}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NavigationLinks:
    """One link per map and kind of device."""

    amap_web: str
    amap_ios: str
    amap_android: str
    baidu_web: str
    baidu_ios: str
    baidu_android: str


def navigation_links(point: Point, name: str) -> NavigationLinks:
    """Return the links to ``point``; the name is cut to 50 characters and percent-encoded."""
    encoded = quote(name[:MAX_NAME], safe="")
    lon, lat = f"{point.lon:.7f}", f"{point.lat:.7f}"
    return NavigationLinks(
        amap_web=_AMAP_WEB.format(lon=lon, lat=lat, name=encoded),
        amap_ios=_AMAP_IOS.format(lon=lon, lat=lat, name=encoded),
        amap_android=_AMAP_ANDROID.format(lon=lon, lat=lat, name=encoded),
        baidu_web=_BAIDU_WEB.format(lat=lat, lng=lon, name=encoded),
        baidu_ios=_BAIDU_APP.format(lat=lat, lng=lon, name=encoded, src="ios.xunji.app"),
        baidu_android=_BAIDU_APP.format(lat=lat, lng=lon, name=encoded, src="andr.xunji.app"),
    )
