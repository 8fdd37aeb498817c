"""The bank's own work in this process: making next month's tasks, counting completion, setting a 明白纸."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from time import monotonic, process_time
from typing import TYPE_CHECKING, Any

import typst
from sqlalchemy import func, select, text

from inspection_api.accounts.models import Organisation
from inspection_api.core.periods import SHANGHAI, Period, first_of_month, local_day
from inspection_api.reports import completion
from inspection_api.tasks import service as tasks
from inspection_api.tasks.models import Task
from inspection_api.templates import default_template
from inspection_api.templates.forms import compile_form
from kiosk_print.paper import render_paper
from kiosk_print.rules.sheet import Opinion, Printing, Visit, compose
from tests.bench.figures import Figure, figure
from tests.sync.phone import RISKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from uuid import UUID

    from inspection_api.core.context import Context
    from kiosk_print.paper import PaperSheet
    from tests.bench.stage import Stage

REPEATS = 3
_WARM = 20
_SHEETS = 60
_FORM = compile_form(default_template.DEFINITION)  # once, as the service keeps it
_REMARK = "企业停一条线，订单下降约四成，实际控制人涉诉已查封一处房产；我行要求追加担保并压降授信。" * 4
_COPY = text("INSERT INTO public.floor_task SELECT * FROM task ORDER BY id LIMIT :amount")
_FLOOR = text("CREATE TABLE IF NOT EXISTS public.floor_task (LIKE task INCLUDING ALL)")
_FIRE = text("SET CONSTRAINTS ALL IMMEDIATE")


class _Undo(Exception):  # noqa: N818 - no error: the way out of a transaction that leaves nothing
    """Ends a measured transaction."""


def measure(stage: Stage) -> list[Figure]:
    """Return the figures of tasks, report and paper."""
    return [*_generating(stage), *_reporting(stage), *_printing(stage)]


def _generating(stage: Stage) -> list[Figure]:
    """Make the tasks of the month after next, feed and grants included, beside a plain copy of as many rows."""
    with stage.world.transaction() as ctx:
        ctx.session.execute(_FLOOR)
        later = first_of_month(first_of_month(local_day(ctx.now)) + timedelta(days=32))
    made: list[int] = []
    product = [_undone(stage, lambda ctx: made.append(_generate(ctx, later))) for _ in range(REPEATS + 1)][1:]
    floor = [_undone(stage, lambda ctx: ctx.session.execute(_COPY, {"amount": made[0]})) for _ in range(REPEATS + 1)][
        1:
    ]
    rates = [[made[0] / seconds for seconds in side] for side in (product, floor)]
    return [figure("tasks.generate.tasks_per_s", "tasks/s", *rates), figure("tasks.generate.tasks", "tasks", made[:1])]


def _generate(ctx: Context, day: date) -> int:
    created = tasks.generate(ctx, day).created
    ctx.session.execute(_FIRE)
    return created


def _undone(stage: Stage, work: Callable[[Context], object]) -> float:
    """Return the seconds of ``work`` in a transaction that is rolled back."""
    seconds = 0.0
    with suppress(_Undo), stage.world.transaction() as ctx:
        begun = monotonic()
        work(ctx)
        seconds = monotonic() - begun
        raise _Undo
    return seconds


def _reporting(stage: Stage) -> list[Figure]:
    """Count this month's completion of all branches for the province, beside one plain count per sub-branch."""
    with stage.world.transaction() as ctx:
        root = ctx.session.scalars(select(Organisation.id).where(Organisation.parent_id.is_(None))).one()
        head = ctx.session.execute(text("SELECT id FROM user_account WHERE username = 'hq'")).scalar_one()
        today = local_day(ctx.now)
    stage.world.people["hq"] = head
    window = Period(start=first_of_month(today), end=today + timedelta(days=31))
    product = [_asked(stage, lambda ctx: _report(ctx, root, window)) for _ in range(REPEATS * 3)]
    floor = [_asked(stage, _count) for _ in range(REPEATS * 3)]
    return [figure("reports.completion.ms", "ms", product[REPEATS:], floor[REPEATS:])]


def _report(ctx: Context, root: UUID, window: Period) -> None:
    completion.table(ctx, organisation_id=root, start=window.start, end=window.end)


def _count(ctx: Context) -> None:
    ctx.session.execute(
        select(Task.organisation_id, Task.state, func.count()).group_by(Task.organisation_id, Task.state)
    )


def _asked(stage: Stage, work: Callable[[Context], object]) -> float:
    with stage.world.transaction("hq", read_only=True) as ctx:
        begun = monotonic()
        work(ctx)
        return 1000 * (monotonic() - begun)


def _printing(stage: Stage) -> list[Figure]:
    """Set ordinary 明白纸 and the fullest that is still one page, beside typst with a sentence in a font of its own.

    No two sheets are the same, as at a printer: typst remembers what it has set before.
    """
    page = stage.runtime.settings.var / "floor.typ"
    page.write_text('#set page(paper: "a4")\n#sys.inputs.data\n')
    bare = typst.Compiler(str(page))
    at = stage.runtime.settings.clock().astimezone(SHANGHAI)
    floor = _set(lambda number: bare.compile(format="pdf", sys_inputs={"data": f"Sentence {number}."}))
    plain = _set(lambda number: render_paper(_sheet(at, number)))
    full = _set(lambda number: render_paper(_full_sheet(at, number)))
    return [
        figure(f"paper.render{kind}.{name}", "ms", product[clock], floor[clock])
        for kind, product in (("", plain), (".full", full))
        for clock, name in enumerate(("ms", "cpu_ms"))
    ]


def _set(work: Callable[[int], object]) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each of many sheets, by the clock and of the processor; the first ones warm up."""
    spent = [_timed(work, number) for number in range(_WARM + _SHEETS)][_WARM:]
    return [wall for wall, _ in spent], [cpu for _, cpu in spent]


def _timed(work: Callable[[int], object], number: int) -> tuple[float, float]:
    wall, cpu = monotonic(), process_time()
    work(number)
    return 1000 * (monotonic() - wall), 1000 * (process_time() - cpu)


def _sheet(at: datetime, number: int, opinion: Opinion | None = None, **changes: Any) -> PaperSheet:
    values = {"op_status": "normal", "power_kwh": f"{120345 + number}.6", "tax_ytd": "12.3", "conclusion": "normal"}
    visit: dict[str, Any] = {
        "answers": {key: {"value": value} for key, value in {**values, **dict.fromkeys(RISKS, False)}.items()},
        "snapshot": {"customer_name": f"陕西秦岭精密机械制造有限公司{number}分厂", "loans": []},
        "inspector": "李小明",
        "performed_at": at,
        "verdict": "inside",
        "distance_m": 22.6 + number,
        "media": {"photo": 6},
        "template_number": 1,
        "amendments": 0,
    }
    code = f"XP1.0a1b2c3d.ABCDEFGHIJKLMNOPQRSTUVWXY2.ABCDEFGHIJKLMNOPQRSTUVW{number:03d}"
    printing = Printing(
        organisation="高新支行",
        printed_by="王建国",
        printed_at=at,
        number=f"MBZ-6101-202603-{number:06d}-K",
        qr_text=f"http://127.0.0.1:8000/verify/{code}",
    )
    return compose(_FORM.definition, Visit(**{**visit, **changes}), opinion, printing)


def _full_sheet(at: datetime, number: int) -> PaperSheet:
    """Return a sheet with every field filled, all indicators raised, six loans, an opinion, and rare characters."""
    loans = [
        {"amount": f"{each}00000.{number:02d}", "disbursed_on": f"2025-0{each}-11", "matures_on": f"2026-0{each}-10"}
        for each in range(1, 7)
    ]
    fed = dict.fromkeys(("payroll_amt", "inflow_ytd", "dep_balance", "dep_delta"), f"{number}.01")
    values = {"op_status": "abnormal", "water_t": "830", "power_kwh": f"{number}.5", "gas_m3": "77", "tax_ytd": "12.3"}
    values |= {"payroll_n": "86", "credit_delta_up": "200", "conclusion": "exit", "remark": f"第{number}次。" + _REMARK}
    values |= dict.fromkeys(fed, "96.4") | dict.fromkeys(RISKS, True)  # type: ignore[arg-type] # mixed values
    return _sheet(
        at,
        number,
        Opinion(text=_REMARK, author="赵行长", given_at=at),
        answers={key: {"value": value} for key, value in values.items()},
        snapshot={"customer_name": f"𠮷䶮㛃商贸有限公司{number}", "as_of": at.isoformat(), "loans": loans, "fed": fed},
    )
