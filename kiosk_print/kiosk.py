"""The screen of a print station: one page with its script and its style, and the font of the papers (domain.md §2.3).

It stands outside the API and holds no secret: the station's token is typed into it once and stays in that browser. It
runs nothing but what comes with it from here.
"""

from __future__ import annotations

from flask import Blueprint, Response, send_file

from inspection_api.core.typesetting import FONT
from inspection_api.http.pages import policy

POLICY = policy(
    script_src="'self'",
    style_src="'self'",
    connect_src="'self'",
    img_src="data:",
    font_src="'self'",
    frame_src="blob:",
)
FONT_AGE_S = 30 * 24 * 3600

blp = Blueprint("kiosk", __name__, url_prefix="/kiosk", static_folder="page", static_url_path="")


@blp.get("")
def show_page() -> Response:
    """Show the page."""
    response = blp.send_static_file("index.html")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@blp.get("/font.ttf")
def send_font() -> Response:
    """Send the font, for a machine that came without a Chinese one."""
    return send_file(FONT, mimetype="font/ttf", max_age=FONT_AGE_S)
