from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests import audit

if TYPE_CHECKING:
    import pytest

ANSWER = '{"dependencies": [{"name": "a", "version": "1", "vulns": [%s]}, {"name": "b", "skip_reason": "unknown"}]}'
FLAW = '{"id": "PYSEC-1", "fix_versions": ["2"]}'


def answer_with(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(audit, "COMMAND", [sys.executable, "-c", program])


def test_a_known_vulnerability_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answer_with(monkeypatch, f"print({ANSWER % FLAW!r})")
    assert audit.main() == 1
    assert "a 1: PYSEC-1, fixed in 2" in capsys.readouterr().out


def test_no_known_vulnerability_passes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answer_with(monkeypatch, f"print({ANSWER % ''!r})")
    assert audit.main() == 0
    assert "1 packages, 1 unknown, 0 known" in capsys.readouterr().out


def test_data_that_cannot_be_reached_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for program in ("import sys; sys.exit('no route')", 'print(\'{"dependencies": [{"skip_reason": "x"}]}\')'):
        answer_with(monkeypatch, program)
        assert audit.main() == 0
        assert capsys.readouterr().out.count("\n") == 1
