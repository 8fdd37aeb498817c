"""How a batch goes on: its chunks, what it keeps between two steps, and how it words a refusal."""

from __future__ import annotations

import json
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from kiosk_print.errors import PaperLocked
from kiosk_print.rules import batch
from kiosk_print.rules.batch import AT_ONCE, Progress, Refusal

REFUSALS = st.builds(Refusal, inspection_id=st.text(), code=st.text(), title=st.text())
PROGRESS = st.builds(
    Progress,
    at=st.integers(0, 1000),
    numbered=st.booleans(),
    printed=st.integers(0, 1000),
    refused=st.lists(REFUSALS, max_size=3).map(tuple),
)


@given(PROGRESS)
def test_progress_comes_back_from_the_database_as_it_went_in(progress: Progress) -> None:
    assert batch.progress_of(json.loads(json.dumps(asdict(progress)))) == progress


def test_a_job_without_a_state_stands_at_the_beginning() -> None:
    assert batch.progress_of({}) == Progress()


@given(st.integers(0, 3 * AT_ONCE))
def test_the_chunks_are_all_papers_once_in_their_order(amount: int) -> None:
    ids, seen, at = [str(number) for number in range(amount)], [], 0
    while chunk := Progress(at=at).chunk(ids):
        assert len(chunk) <= AT_ONCE
        seen += chunk
        at += len(chunk)
    assert seen == ids


def test_a_refusal_has_the_code_and_the_words_that_a_single_print_meets() -> None:
    made = batch.refusal("visit-1", PaperLocked(state="locked"))
    assert made == Refusal(inspection_id="visit-1", code="locked", title="打印期限已过，明白纸已锁定，请申请解锁")
