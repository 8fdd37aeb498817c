"""What was measured: medians over the repetitions, each beside its floor of the same run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the result; ``ratio`` is value ÷ floor, None where nothing is there to compare with."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    runs: tuple[float, ...] = ()


def figure(name: str, unit: str, runs: Sequence[float], floors: Sequence[float] = ()) -> Figure:
    """Return the medians of ``runs`` and ``floors``, and the median of the ratios of what ran side by side."""
    ratios = [run / floor for run, floor in zip(runs, floors, strict=bool(floors)) if floor]
    return Figure(
        name=name,
        value=_rounded(median(runs)),
        unit=unit,
        floor=_rounded(median(floors)) if floors else None,
        ratio=_rounded(median(ratios)) if ratios else None,
        runs=tuple(_rounded(run) for run in runs),
    )


def p50_ms(seconds: Sequence[float]) -> float:
    """Return the median in milliseconds."""
    return median(seconds) * 1000


def p95_ms(seconds: Sequence[float]) -> float:
    """Return the 95th percentile in milliseconds."""
    return quantiles(seconds, n=20, method="inclusive")[-1] * 1000


def p99_ms(seconds: Sequence[float]) -> float:
    """Return the 99th percentile in milliseconds (of fewer than a hundred: between the two slowest)."""
    return quantiles(seconds, n=100, method="inclusive")[-1] * 1000


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as aligned lines."""
    rows = [("figure", "median", "unit", "floor", "ratio"), *map(_cells, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(_line(row, widths) for row in rows)


def _cells(each: Figure) -> tuple[str, ...]:
    floor = f"{each.floor:g}" if each.floor is not None else ""
    ratio = f"{each.ratio:g}" if each.ratio is not None else ""
    return each.name, f"{each.value:g}", each.unit, floor, ratio


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, value, unit, floor, ratio = (
        cell.ljust(width) if position in {0, 2} else cell.rjust(width)
        for position, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return f"{name}  {value} {unit}  {floor}  {ratio}".rstrip()


def write(path: Path, figures: Sequence[Figure]) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(each) for each in figures], indent=1) + "\n")


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
