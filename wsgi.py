"""The application for any WSGI server: `wsgi:app`."""

from __future__ import annotations

import os

from inspection_api.app import create_app
from inspection_api.core.settings import Settings

app = create_app(Settings.from_env(os.environ))
