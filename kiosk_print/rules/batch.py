"""A batch of papers: how many at once, where its next step begins, and what it says about those that did not print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inspection_api.core.errors import Problem

MOST_PAPERS = 1000
AT_ONCE = 50
"""How many papers one step numbers or renders: the series of an organisation is locked for a fraction of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A visit whose paper did not print, and why: the code and the words of the problem that a single print meets."""

    inspection_id: str
    code: str
    title: str


def refusal(inspection_id: str, problem: Problem) -> Refusal:
    """Return a problem as the batch lists it."""
    return Refusal(inspection_id=inspection_id, code=problem.code, title=problem.title)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a batch stands: ``at`` papers are settled, and the next ones are ``numbered`` already or not yet."""

    at: int = 0
    numbered: bool = False
    printed: int = 0
    refused: tuple[Refusal, ...] = ()

    def chunk(self, ids: Sequence[str]) -> Sequence[str]:
        """Return the papers of the next step; none when the batch is through."""
        return ids[self.at : self.at + AT_ONCE]


def progress_of(state: Mapping[str, Any]) -> Progress:
    """Return the progress that a job's state holds; an empty state is the beginning."""
    return Progress(**{**state, "refused": tuple(Refusal(**each) for each in state.get("refused", ()))})
