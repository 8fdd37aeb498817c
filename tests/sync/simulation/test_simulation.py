"""Many small histories of devices, networks and banks, each from a seed (sync.md §9, layers 3 and 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sync.simulation import simulator
from tests.sync.simulation.simulator import CASTS, Script, Step, play, report, script_of, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.sync.simulation.towns import Stage


def survive(stage: Stage, seeds: Iterable[int], config: pytest.Config) -> None:
    for seed in seeds:
        script = script_of(seed)
        history, broken = play(stage, script)
        if broken is not None:
            whole = f"seed {seed} broke"
            raise AssertionError(whole if config.option.whole else report(stage, seed, script, history)) from broken
        if config.option.seed is not None:
            print(f"seed {seed}: {script.cast}", *history, sep="\n")  # noqa: T201 - asked for by --seed


def test_whatever_the_network_does_nothing_is_lost_doubled_or_leaked(
    stage: Stage, seeds: range, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    with capsys.disabled():
        survive(stage, seeds, request.config)


@pytest.mark.long
def test_and_neither_in_two_thousand_other_histories(
    stage: Stage, many_seeds: range, request: pytest.FixtureRequest
) -> None:
    survive(stage, many_seeds, request.config)


@pytest.mark.parametrize("seed", [3, 7, 11])
def test_the_same_seed_makes_the_same_history(stage: Stage, seed: int) -> None:
    assert play(stage, script_of(seed)) == play(stage, script_of(seed))
    assert script_of(seed) != script_of(8)


def test_a_failing_script_is_cut_down_to_the_steps_that_it_takes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_stage: Stage, script: Script) -> tuple[list[str], Exception | None]:
        numbers = {step.number for step in script.steps}
        return [str(step) for step in script.steps], ValueError("lost") if {3, 8} <= numbers else None

    monkeypatch.setattr(simulator, "play", breaks)
    script = Script(CASTS[0], tuple(Step("push", 0, number) for number in range(10)))
    assert [step.number for step in shortened(stage, script).steps] == [3, 8]
    told = report(stage, 5, script, [])
    assert told.endswith("Step('push', 0, 3)\nStep('push', 0, 8)\n\nValueError('lost')")
    assert told.startswith("seed 5 broke")
