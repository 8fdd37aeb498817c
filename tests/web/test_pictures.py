"""The tool that takes pictures says which of them it could not take, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import pictures
from tests.browser import chromium
from tests.pictures import Shot, take

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_step_that_finds_nothing_is_named_and_no_picture_stands_for_it(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "TAP_MS", 300)
    with chromium() as browser:
        faults = take(browser, address, Shot("login-lost", None, "/login", ("text=没有这个按钮",)), tmp_path)
    assert faults == [f"login-lost {size}: nothing to tap at text=没有这个按钮" for size in pictures.SIZES]
    assert list(tmp_path.iterdir()) == []
