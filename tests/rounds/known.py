"""Histories that once showed a difference, each with what domain.md says of it."""

from __future__ import annotations

from datetime import date

import pytest

from tests.rounds.simulator import Form

NEW_YEAR = date(2016, 1, 1)
CHECKED = Form(start=NEW_YEAR, exit_check=(3, "month", 1))
WEEKLY = Form(start=NEW_YEAR, unit="week", first_rule="current", exit_rule="next")
JOIN, NIGHT = ("join", ("sub_branch", 0)), ("night", ())
KNOWN = [
    pytest.param(
        (CHECKED, None, NEW_YEAR, [JOIN, ("leave", (0, 0, "settled")), NIGHT, ("think_again", (0,)), NIGHT]),
        id="a return cancels the checks after the exit (§1.6)",
    ),
    pytest.param(
        (CHECKED, None, NEW_YEAR, [JOIN, ("leave", (0, 0, "settled")), ("think_again", (0,)), NIGHT]),
        id="none is made after the return where no run lay between (§1.6, §1.10.1)",
    ),
    pytest.param(
        (
            CHECKED,
            None,
            NEW_YEAR,
            [JOIN, ("leave", (0, 0, "settled")), ("wait", (100,)), ("think_again", (0,)), NIGHT, ("wait", (9,)), NIGHT],
        ),
        id="one that was due before the return is still owed, whether or not a run made it (§1.10.1)",
    ),
    pytest.param(
        (Form(start=NEW_YEAR), None, NEW_YEAR, [JOIN, ("wait", (1,)), ("end", (1,)), ("end", (0,))]),
        id="an end that is taken back in time leaves no trace (§1.10.2, §1.10.4)",
    ),
    pytest.param(
        (
            Form(start=NEW_YEAR, history=(4, "day")),
            None,
            date(2015, 12, 25),
            [
                ("join", ("sub_branch", -60)),
                NIGHT,
                ("visit", (0, 20)),
                ("edit", (Form(start=NEW_YEAR, interval=2, history=(40, "day")),)),
            ],
        ),
        id="a first task that comes back with other terms has their history credit (§1.7, §1.10.2)",
    ),
    pytest.param(
        (
            Form(start=NEW_YEAR, unit="week", interval=3),
            None,
            NEW_YEAR,
            [JOIN, NIGHT, ("edit", (Form(start=NEW_YEAR),)), ("wait", (28,))],
        ),
        id="what an edit was to replace is replaced although no run came before it began (§1.10.1, §1.10.2)",
    ),
    pytest.param(
        (
            Form(start=NEW_YEAR, first_rule="current"),
            NEW_YEAR,
            date(2016, 1, 3),
            [JOIN, ("wait", (2,)), ("end", (0,))],
        ),
        id="who came between a rule's end and the edit that let it go on is due from the edit's first day (§1.4)",
    ),
    pytest.param(
        (Form(start=NEW_YEAR), NEW_YEAR, date(2016, 1, 2), [JOIN, ("wait", (2,)), ("end", (0,))]),
        id="that holds for 次月首巡, too: the month of its coming had no round (§1.4)",
    ),
    pytest.param(
        (
            Form(start=NEW_YEAR, first_rule="current", grace=2),
            NEW_YEAR,
            NEW_YEAR,
            [JOIN, ("wait", (2,)), ("end", (0,))],
        ),
        id="whoever comes too late in a period is due in the next, if that is an edit's first, too (§1.4, §1.10.2)",
    ),
    pytest.param(
        (
            Form(start=NEW_YEAR, first_rule="current", history=(2, "month")),
            None,
            NEW_YEAR,
            [JOIN, ("wait", (31,)), ("visit", (0, 45)), ("leave", (0, 0, "exited")), ("think_again", (0,))],
        ),
        id="one visit within the credit of two stays spares the older one's first task (§1.7)",
    ),
    pytest.param(
        (
            Form(start=NEW_YEAR, interval=3, first_rule="current"),
            None,
            date(2016, 1, 24),
            [
                JOIN,
                NIGHT,
                ("wait", (40,)),
                ("edit", (Form(start=NEW_YEAR, first_rule="current"),)),
                ("wait", (28,)),
                ("visit", (0, 0)),
            ],
        ),
        id="what a visit settled before a run could replace it stands, and no day has a second task (§1.3, §1.8)",
    ),
    pytest.param(
        (WEEKLY, None, NEW_YEAR, [("join", ("sub_branch", -1)), ("leave", (0, -1, "settled")), ("wait", (1,))]),
        id="who left before the plan began owes nothing: its first period is the next one (§1.5)",
    ),
    pytest.param(
        (WEEKLY, NEW_YEAR, NEW_YEAR, [JOIN, ("wait", (3,)), ("leave", (0, 0, "settled")), ("end", (0,))]),
        id="nor does who left between a rule's end and the edit that let it go on (§1.5)",
    ),
    pytest.param(
        (
            Form(start=NEW_YEAR, unit="week", first_rule="current", exit_rule="next", exit_check=(3, "month", 1)),
            NEW_YEAR,
            NEW_YEAR,
            [JOIN, ("wait", (2,)), ("leave", (0, 0, "settled")), NIGHT, ("wait", (1,)), ("end", (0,))],
        ),
        id="an exit's stop date is not moved by an edit that begins behind it (§1.5, §1.6)",
    ),
    pytest.param(
        (
            Form(start=NEW_YEAR, exit_check=(6, "month", 4)),
            None,
            NEW_YEAR,
            [
                *(JOIN, ("wait", (4,)), ("leave", (0, 10, "settled")), ("wait", (3,)), NIGHT),
                *(("wait", (4,)), ("think_again", (0,)), ("wait", (5,)), ("leave", (0, 0, "settled"))),
            ],
        ),
        id="an exit that was called off leaves no check behind, also where no run comes before it would begin (§1.6)",
    ),
    pytest.param(
        (
            Form(start=NEW_YEAR, first_rule="current", per_loan=True),
            None,
            NEW_YEAR,
            [
                ("join", ("sub_branch", 0, (-40, -40))),
                NIGHT,
                ("edit", (Form(start=NEW_YEAR, first_rule="current"),)),
                NIGHT,
                ("edit", (Form(start=NEW_YEAR, first_rule="current", per_loan=True),)),
            ],
        ),
        id="an edit between one task a period and one for each loan leaves nothing of the other (§1.8, §1.10.2)",
    ),
    pytest.param(
        (
            Form(start=NEW_YEAR, first_rule="current"),
            None,
            NEW_YEAR,
            [
                ("join", ("sub_branch", 1)),
                ("move", (0, "foreign")),
                ("leave", (0, 0, "settled")),
                ("think_again", (0,)),
            ],
        ),
        id="an exit that is called off brings nobody back into a plan that was left otherwise (§1.3)",
    ),
    pytest.param(
        (
            Form(start=NEW_YEAR, first_rule="current", history=(0, "day")),
            None,
            date(2016, 1, 12),
            [
                JOIN,
                ("end", (1,)),
                ("leave", (0, 20, "settled")),
                ("edit", (Form(start=NEW_YEAR, first_rule="current", exit_check=(3, "month", 1)),)),
                ("wait", (28,)),
                ("end", (0,)),
            ],
        ),
        id="terms that ended before they began say nothing of an exit (§1.6, §1.10.2)",
    ),
    pytest.param(
        (
            Form(start=NEW_YEAR, first_rule="current"),
            None,
            NEW_YEAR,
            [JOIN, ("end", (1,)), ("wait", (31,)), ("end", (0,))],
        ),
        id="no terms hold between a rule's end and the edit that lets it go on (§1.10.2)",
    ),
]
