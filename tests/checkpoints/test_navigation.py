from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from checkpoints.coordinates import Point
from checkpoints.rules.navigation import navigation_links

LINKS = navigation_links(Point(114.5149, 38.0428), "石家庄 A&B,厂" + "长" * 60)


def test_amap_gets_longitude_first_and_the_datum() -> None:
    query = parse_qs(urlsplit(LINKS.amap_web).query)
    assert query["to"][0].startswith("114.5149000,38.0428000,石家庄 A&B,厂")
    assert query["coordinate"] == ["wgs84"]
    assert LINKS.amap_web.count(",") == 2


def test_amap_apps_are_told_to_shift() -> None:
    for link, scheme in ((LINKS.amap_ios, "iosamap"), (LINKS.amap_android, "amapuri")):
        parts = urlsplit(link)
        query = parse_qs(parts.query)
        assert parts.scheme == scheme
        assert (query["dlat"], query["dlon"], query["dev"]) == (["38.0428000"], ["114.5149000"], ["1"])


def test_baidu_gets_latitude_first_and_the_datum() -> None:
    for link in (LINKS.baidu_web, LINKS.baidu_ios, LINKS.baidu_android):
        assert "38.0428000,114.5149000" in link
        assert parse_qs(urlsplit(link).query)["coord_type"] == ["wgs84"]
    destination = parse_qs(urlsplit(LINKS.baidu_ios).query)["destination"][0]
    assert destination.startswith("latlng:38.0428000,114.5149000|name:石家庄 A&B")


def test_names_are_encoded_and_cut_to_fifty_characters() -> None:
    name = parse_qs(urlsplit(LINKS.amap_ios).query)["dname"][0]
    assert len(name) == 50
    assert all(char.isascii() for char in LINKS.baidu_android)
