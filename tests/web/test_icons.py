"""The icons of the installed page: kept as they are drawn, named as they are."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageChops

from tests.icons import FOLDER, ICONS, Icon, draw

if TYPE_CHECKING:
    from flask.testing import FlaskClient


def test_every_phone_finds_an_icon_that_it_can_show(client: FlaskClient) -> None:
    named = client.get("/m/manifest.webmanifest").json["icons"]
    assert [(each["purpose"], each["sizes"], sized(client.get(each["src"]))) for each in named] == [
        ("any", "192x192", ("image/png", "192x192")),
        ("any", "512x512", ("image/png", "512x512")),
        ("maskable", "512x512", ("image/png", "512x512")),
        ("any", "any", ("image/svg+xml", None)),
    ]
    (apple,) = re.findall(r'"apple-touch-icon" href="([^"]+)"', client.get("/m").text)
    assert sized(client.get(apple)) == ("image/png", "180x180")


def sized(answer: Any) -> tuple[str, str | None]:
    """Return what kind of picture it is, and its size where it has one."""
    if answer.mimetype != "image/png":
        return answer.mimetype, None
    with Image.open(BytesIO(answer.data)) as picture:
        return answer.mimetype, "{}x{}".format(*picture.size)


@pytest.mark.parametrize("icon", ICONS, ids=lambda icon: icon.name)
def test_an_icon_is_the_one_that_is_drawn(icon: Icon) -> None:
    with Image.open(FOLDER / icon.name) as kept:
        assert ImageChops.difference(kept.convert("RGBA"), draw(icon).convert("RGBA")).getbbox() is None
