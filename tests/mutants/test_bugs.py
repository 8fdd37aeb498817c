"""The table of named bugs keeps up with the source; whether the tests see them is left to `make test-mutants`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.bugs import BUGS, Bug


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_named_bug_still_applies(bug: Bug) -> None:
    assert [Path(name).read_text().count(text) for name, text, _ in bug.edits] == [1] * len(bug.edits)
    for selected in bug.tests:
        file, _, name = selected.partition("::")
        assert f"def {name}(" in Path(file).read_text() if name else Path(file).exists()
