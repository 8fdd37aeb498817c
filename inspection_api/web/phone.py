"""What makes the officer's page an app: its manifest, and the worker that keeps the page for days without a network."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response, render_template

from inspection_api.http.pages import policy
from inspection_api.web.pages import ASSETS, PAGES

PATH = "/m"
blp = Blueprint("phone", __name__, url_prefix=PATH)
_KEPT = (
    "vendor/zxing-wasm/reader/index.js",
    "vendor/zxing-wasm/share.js",
    "vendor/zxing-wasm/reader/zxing_reader.wasm",
)
_SAME_ALWAYS = (
    "static/shell/shell.css",
    "static/shell/icons.svg",
    "static/shell/mark.svg",
    "static/m/apple-touch-icon.png",
)
_ICONS = (
    ("static/m/icon-192.png", "192x192", "image/png", "any"),
    ("static/m/icon-512.png", "512x512", "image/png", "any"),
    ("static/m/icon-maskable-512.png", "512x512", "image/png", "maskable"),
    ("static/shell/mark.svg", "any", "image/svg+xml", "any"),
)


@blp.get("/manifest.webmanifest")
def show_manifest() -> Response:
    """Describe the page as an app that a phone can install."""
    manifest = {
        "name": "巡迹 · 现场检查",
        "short_name": "巡迹",
        "lang": "zh-CN",
        "start_url": PATH,
        "scope": PATH,
        "display": "standalone",
        "background_color": "#f3f5f8",
        "theme_color": "#0b4a8f",
        "icons": [
            {"src": ASSETS.url(name), "sizes": sizes, "type": kind, "purpose": purpose}
            for name, sizes, kind, purpose in _ICONS
        ],
    }
    response = jsonify(manifest)
    response.content_type = "application/manifest+json"
    return response


@blp.get("/worker.js")
def show_worker() -> Response:
    """Show the service worker, which names every file of this version; browsers look here for a newer one."""
    page = next(page for page in PAGES if page.path == PATH)
    own = (*_SAME_ALWAYS, *(f"static/{style}" for style in page.styles), *page.modules)
    files = [ASSETS.url(name) for name in (*own, *_KEPT)]
    response = make_response(render_template("worker.js", version=ASSETS.version, files=files))
    response.content_type = "text/javascript"
    response.headers["Service-Worker-Allowed"] = PATH
    response.headers["Content-Security-Policy"] = policy(connect_src="'self'", script_src="'self'")
    return response
