"""The day itself: a table of steps, each lived through and told in one line; the first that fails ends it."""

from __future__ import annotations

import json
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspection_api.core.embedded_home import EmbeddedError
from inspection_api.demo import field, office, papers
from inspection_api.demo.stage import StageError, open_stage
from inspection_api.demo.story import begin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inspection_api.demo.stage import Stage
    from inspection_api.demo.story import Story


@dataclass(frozen=True, slots=True)
class Step:
    """A step: what the reader sees, and the function that lives through it and says what was observed."""

    title: str
    act: Callable[[Story], str]


STEPS = (
    Step("演示银行的规模", office.look_at_bank),
    Step("总行查看完成率（开工前）", office.read_completion),
    Step("支行经理录入一户新客户", office.take_in_customer),
    Step("支行经理打印二维码标签", office.print_labels),
    Step("客户经理登录并登记手机", field.enrol),
    Step("支行经理批准手机", field.approve),
    Step("客户经理下拉当日工作", field.pull),
    Step("断网", field.go_offline),
    Step("绑定新检查点", field.bind),
    Step("三次现场检查", field.visit),
    Step("一次围栏外的检查", field.visit_from_outside),
    Step("联网推送，答复丢失后重发", field.push),
    Step("上传照片，中断后续传", field.upload),
    Step("检查生效", papers.accept),
    Step("后台生成缩略图", papers.look_at_thumbnail),
    Step("打印明白纸", papers.print_first),
    Step("打印窗口过期", papers.let_window_pass),
    Step("申请解锁与审批", papers.unlock),
    Step("解锁后补打", papers.print_again),
    Step("连续三天低用电", office.raise_alert),
    Step("总行查看完成率（收工后）", office.compare_completion),
)


def run() -> int:
    """Live through the day; return 0 if every step was as it must be, else 1. Files land in ``var/demo/``."""
    started = time.monotonic()
    try:
        with open_stage(_say) as stage:
            _say(f"服务已就绪：{stage.url}（{time.monotonic() - started:.0f} 秒）\n")
            went_well = live(stage)
    except (StageError, EmbeddedError) as error:
        _say(str(error))
        return 1
    _say(f"\n{'全部步骤符合预期' if went_well else '演示未通过'}，共 {time.monotonic() - started:.0f} 秒")
    return 0 if went_well else 1


def live(stage: Stage, steps: Sequence[Step] = STEPS) -> bool:
    """Live through ``steps`` until one fails; write the report; tell whether all went well."""
    story = begin(stage)
    told: list[dict[str, object]] = []
    try:
        went_well = all(_tell(number, step, story, told) for number, step in enumerate(steps, 1))
    finally:
        story.phone.close()
    report = {"steps": told, **story.report}
    path = story.save("report.json", json.dumps(report, ensure_ascii=False, indent=2).encode())
    _say(f"\n文件在 {path.parent}：{'、'.join(sorted(file.name for file in path.parent.glob('[!.]*.*')))}")
    return went_well


def _tell(number: int, step: Step, story: Story, told: list[dict[str, object]]) -> bool:
    """Live through one step and tell it; whatever goes wrong is the step's failure."""
    started = time.monotonic()
    try:
        observed, went_well = step.act(story), True
    except Exception as error:  # noqa: BLE001 - a demo that breaks says so and exits with 1
        observed, went_well = f"{type(error).__name__}：{error}", False
        (story.stage.folder / "error.txt").write_text(traceback.format_exc())
    seconds = round(time.monotonic() - started, 2)
    told.append({"step": step.title, "ok": went_well, "observed": observed, "seconds": seconds})
    _say(f"{'✓' if went_well else '✗'} {number:2d}. {step.title}：{observed}")
    return went_well


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the terminal is this program's face
