from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from checkpoints.errors import ProposalDecided, ProposalEmpty, ProposalNotYours
from checkpoints.rules import proposals
from inspection_api.core.errors import Forbidden, Invalid

VALUES = {
    "name": "仓库",
    "effective_from": date(2026, 3, 1),
    "backup_officer_id": uuid4(),
    "exception_handler_id": None,
    "loan_ids": [uuid4(), uuid4()],
    "radius_m": 200,
}


def test_what_is_stored_comes_back_as_it_was() -> None:
    kept = proposals.stored(VALUES)
    assert kept["effective_from"] == "2026-03-01"
    assert kept["loan_ids"] == [str(each) for each in VALUES["loan_ids"]]
    assert proposals.restored(kept) == VALUES


def test_a_refusal_inside_names_the_part_of_the_proposal() -> None:
    with pytest.raises(Invalid) as refused, proposals.fields_below("customer"):
        raise Invalid(fields={"uscc": "校验位不符"})
    assert refused.value.fields == {"customer.uscc": "校验位不符"}


def test_an_edit_of_nothing_is_none() -> None:
    proposals.ensure_changes({"name": "仓库"})
    with pytest.raises(ProposalEmpty):
        proposals.ensure_changes({})


@pytest.mark.parametrize(("name", "said"), [("张三", "张三"), (None, "")])
def test_the_first_decision_stands(name: str | None, said: str) -> None:
    proposals.ensure_waits("proposed", decided_by=None, decided_by_name=None)
    with pytest.raises(ProposalDecided) as refused:
        proposals.ensure_waits("accepted", decided_by="somebody", decided_by_name=name)
    assert said in str(refused.value.detail)


def test_who_proposes_takes_back_and_does_not_decide() -> None:
    proposer, other = uuid4(), uuid4()
    proposals.ensure_decider(other, proposer)
    proposals.ensure_proposer(proposer, proposer)
    with pytest.raises(Forbidden):
        proposals.ensure_decider(proposer, proposer)
    with pytest.raises(ProposalNotYours):
        proposals.ensure_proposer(other, proposer)
