"""What officers found on site: answers to the 明白纸 template, mostly calm, by chance that repeats. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

RISKS = {
    "other_bank_overdue": "他行有一笔授信逾期，企业称月底前归还",
    "ent_dispute": "与供应商有一起货款纠纷，已进入调解",
    "ctrl_lost": "实际控制人电话多日不通，由财务负责人接待",
    "ctrl_credit": "实际控制人个人征信有逾期记录",
    "ctrl_event": "实际控制人住院，日常经营由其配偶负责",
    "coll_adverse": "抵押厂房部分对外出租",
    "guar_overdue": "保证人名下授信有逾期",
    "guar_dispute": "保证人被列为一起借款纠纷的被告",
    "licence_expired": "许可证已到期，正在办理续期",
}
_SLOW = "订单减少，部分生产线停用"
_TROUBLED_SHARE, _RAISED_TROUBLED, _RAISED_CALM, _SLOW_SHARE = 0.06, 0.6, 0.04, 0.35
_CONCLUSIONS = {
    0: (("normal", 0.985), ("watch", 0.015)),
    1: (("watch", 0.78), ("strong_watch", 0.12), ("normal", 0.10)),
    2: (("strong_watch", 0.62), ("watch", 0.33), ("exit", 0.05)),
}
_WHY_NORMAL = "已与企业核实，影响有限，下次检查跟踪"


def findings(random: Random, *, is_troubled: bool) -> dict[str, dict[str, Any]]:
    """Return what is found at an enterprise, as answers by item; a remark explains what was raised."""
    raised = _raised(random, is_troubled=is_troubled)
    slow = bool(raised) and random.random() < _SLOW_SHARE
    words = [RISKS[key] for key in raised] + ([_SLOW] if slow else [])
    values: dict[str, Any] = {**_figures(random), **{key: key in raised for key in RISKS}}
    values["op_status"] = random.choice(("semi", "abnormal")) if slow else "normal"
    if words:
        values["remark"] = "；".join(words) + "。"
    answers = {key: {"value": value} for key, value in values.items()}
    return {**answers, "conclusion": _conclusion(random, len(words))}


def is_troubled(random: Random) -> bool:
    """Tell whether an enterprise is one of those whose visits keep raising indicators."""
    return random.random() < _TROUBLED_SHARE


def _raised(random: Random, *, is_troubled: bool) -> list[str]:
    if random.random() >= (_RAISED_TROUBLED if is_troubled else _RAISED_CALM):
        return []
    return random.sample(sorted(RISKS), random.choice((1, 1, 2)) if is_troubled else 1)


def _figures(random: Random) -> dict[str, str]:
    """Return the numbers of a small enterprise: power in 度, money in 万元."""
    size = random.uniform(0.4, 3.0)
    return {
        "power_kwh": f"{size * 9_000 * random.uniform(0.8, 1.2):.2f}",
        "tax_ytd": f"{size * 40 * random.uniform(0.7, 1.3):.2f}",
        "payroll_n": str(round(size * 45)),
        "payroll_amt": f"{size * 28 * random.uniform(0.9, 1.1):.2f}",
        "inflow_ytd": f"{size * 900 * random.uniform(0.6, 1.4):.2f}",
        "dep_balance": f"{size * 120 * random.uniform(0.3, 1.7):.2f}",
        "dep_delta": f"{size * random.uniform(-40, 45):.2f}",
    }


def _conclusion(random: Random, raised: int) -> dict[str, Any]:
    codes, weights = zip(*_CONCLUSIONS[min(raised, 2)], strict=True)
    code = random.choices(codes, weights)[0]
    return {"value": code, "note": _WHY_NORMAL} if raised and code == "normal" else {"value": code}
