"""Curves on the board: drawn and told as their table says, by mouse, finger and keys, with gaps, at every width."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from inspection_api.tasks.models import Task
from tests.web.test_pages import MOST_FIRST_BYTES

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.web.conftest import Site

YEAR = "/board?view=report&report=series&from=2026-01-01&to=2026-12-31&by=month"
MARCH = 2
DRAWN = """([chart, periods]) => {
    const figure = document.querySelectorAll('.chart')[chart];
    const canvas = figure.querySelector('canvas');
    const place = canvas.getBoundingClientRect(), over = figure.querySelector('.u-over').getBoundingClientRect();
    const scale = canvas.width / place.width, pen = canvas.getContext('2d');
    const isInk = ([red, green, blue, alpha]) =>
        alpha > 200 && Math.abs(red - 11) + Math.abs(green - 74) + Math.abs(blue - 143) < 30;
    return Array.from({length: periods}, (_, index) => {
        const x = Math.round((over.left - place.left + over.width * index / (periods - 1)) * scale);
        const {data} = pen.getImageData(x, 0, 1, canvas.height);
        const inked = [...Array(canvas.height).keys()].filter((y) => isInk(data.slice(4 * y, 4 * y + 4)));
        if (inked.length === 0) return null;
        const middle = (inked[0] + inked.at(-1)) / 2 / scale;
        return 1 - (middle - (over.top - place.top)) / over.height;
    });
}"""
"""At which height of a chart, between 0 and 1, its first line is at each period; None where there is no ink."""
FIGURES = """all => all.map((row) =>
    [...row.cells].map((cell) => (cell.querySelector('strong') || cell).textContent.trim()))"""
POINTED = """() => [...document.querySelectorAll('.chart .u-over')].map((over) => {
    const {left, width} = over.getBoundingClientRect();
    return (over.querySelector('.u-cursor-x:not(.u-off)').getBoundingClientRect().left - left) / width;
})"""
"""Where the line of the chosen period stands in each chart, between 0 and 1."""
EDGES = """() => [...document.querySelectorAll('.chart canvas')].flatMap((canvas) => {
    const pen = canvas.getContext('2d');
    const sides = [0, canvas.width - 1].map((x) => pen.getImageData(x, 0, 1, canvas.height).data);
    return sides.map((side) => side.some((value, index) => index % 4 === 3 && value > 0));
})"""


@pytest.fixture
def site(site: Site) -> Site:
    """The office when its tasks are due: one in February, which nobody did, four in March; else there is nothing."""
    march = Task.period_start == date(2026, 3, 1)
    missed = Task.organisation_id == site.world.organisations["sibling"]
    with site.world.transaction() as ctx:
        ctx.session.execute(update(Task).where(march, missed).values(due_on=date(2026, 2, 28)))
        ctx.session.execute(update(Task).where(march, ~missed).values(due_on=date(2026, 3, 9)))
    return site


def curves(
    site: Site, width: int = 1440, path: str = YEAR, *, user: str = "province_manager", touch: bool = False
) -> Page:
    page = site.visitor(user, width, 740, path=path, touch=touch)
    page.wait_for_selector(".chart .u-over[aria-valuetext]")
    return page


def told(page: Page) -> dict[str, str]:
    """Return what the legends of all charts say, by name."""
    rows = page.locator(".chart .u-series")
    return dict(zip(rows.locator("th").all_inner_texts(), rows.locator("td").all_inner_texts(), strict=True))


def tabled(page: Page) -> list[dict[str, str]]:
    """Return the rows of the table by the titles of its columns; of a rate without what it is made of."""
    titles = page.locator(".report thead th").all_inner_texts()
    rows = page.eval_on_selector_all(".report tbody tr", FIGURES)
    return [dict(zip(titles, row, strict=True)) for row in rows]


@pytest.mark.parametrize("width", [360, 1440])
def test_the_legend_says_every_number_of_the_table(site: Site, width: int) -> None:
    page = curves(site, width)
    rows = tabled(page)
    page.focus(".u-over >> nth=0")
    page.keyboard.press("Home")
    for row in rows:
        expect(page.locator(".chart >> nth=1 >> td >> nth=0")).to_have_text(row["期间"])  # it follows the first
        said = told(page)
        assert {name: row[name] for name in said} == said
        assert page.get_attribute(".u-over >> nth=0", "aria-valuetext") == f"{row['期间']}：完成率 {row['完成率']}"
        page.keyboard.press("ArrowRight")
    assert rows[MARCH]["完成率"] == "75.0%"
    assert len(told(page)) == len({"期间", "完成率", "检查次数", "有预警指示的检查数"})


@pytest.mark.parametrize("width", [360, 1440])
def test_a_line_is_where_its_number_is_and_nowhere_else(site: Site, width: int) -> None:
    page = curves(site, width)
    rows = tabled(page)
    rates = page.evaluate(DRAWN, [0, len(rows)])
    assert [rate is None for rate in rates] == [row["完成率"] == "—" for row in rows]
    assert rates[MARCH] == pytest.approx(0.75, abs=0.03)
    assert rates[MARCH - 1] == pytest.approx(0, abs=0.03)
    visits = page.evaluate(DRAWN, [1, len(rows)])
    assert 4 * visits[MARCH] == pytest.approx(int(rows[MARCH]["检查次数"]), abs=0.1)
    assert not any(page.evaluate(EDGES)), "a label is cut off"


def test_a_tap_tells_the_numbers_of_its_period(site: Site) -> None:
    page = curves(site, 360, touch=True)
    over = page.locator(".u-over >> nth=1")
    box = over.bounding_box()
    assert box is not None
    over.tap(position={"x": box["width"] * MARCH / 11 + 3, "y": 20})
    expect(page.locator(".chart >> nth=0 >> td >> nth=0")).to_have_text("2026年3月")
    assert told(page) == {"期间": "2026年3月", "完成率": "75.0%", "检查次数": "3", "有预警指示的检查数": "1"}
    assert site.serious(page) == []


@pytest.mark.parametrize("width", [360, 1440])
def test_the_newest_numbers_stand_there_before_anybody_asks(site: Site, width: int) -> None:
    page = curves(site, width)
    assert told(page)["完成率"] == "75.0%"
    assert page.evaluate(POINTED) == pytest.approx([MARCH / 11] * 2, abs=0.01)
    page.hover(".u-over >> nth=0", position={"x": 5, "y": 20})
    expect(page.locator(".chart >> nth=0 >> td >> nth=0")).to_have_text("2026年1月")
    page.hover("h1")
    assert told(page)["期间"] == "2026年1月"


def test_one_of_several_lines_is_put_away_by_its_name(site: Site) -> None:
    page = curves(site)
    name = page.locator(".chart button:has-text('检查次数')")
    assert page.evaluate(DRAWN, [1, 12])[MARCH] is not None
    name.press("Enter")
    expect(name).to_have_attribute("aria-pressed", "false")
    page.wait_for_timeout(100)  # it draws with the next frame
    assert page.evaluate(DRAWN, [1, 12])[MARCH] is None
    name.click()
    expect(name).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("width", [360, 1440])
def test_chosen_sub_branches_have_their_curves_beside_each_other(site: Site, width: int) -> None:
    organisations = site.world.organisations
    chosen = "&".join(f"organisation_ids={organisations[name]}" for name in ("sub_branch", "sibling"))
    path = f"/board?view=report&report=comparison&year=2026&{chosen}"
    page = curves(site, width, path, user="branch_manager")
    rows = tabled(page)
    said = told(page)
    assert said == {name: rows[MARCH][name] for name in ("月份", "sub_branch", "sibling")}
    dashes = page.eval_on_selector_all(".u-marker", "all => all.slice(1).map((each) => each.style.borderStyle)")
    assert dashes == ["solid", "dashed"]
    assert page.evaluate(POINTED) == pytest.approx([MARCH / 11], abs=0.01)
    assert site.serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_ranking_leads_to_the_curves_of_all_and_one_of_many_stands_out(site: Site) -> None:
    page = site.visitor("branch_manager", path="/board")
    page.click("text=对比走势")
    page.wait_for_selector(".chart .u-over[aria-valuetext]")
    assert set(told(page)) == {"月份", "sub_branch", "sibling"}


OUT = "all => all.slice(1).map((each) => !each.classList.contains('back'))"
"""Which rows of the legend, without the period's, do not stand back."""


def test_of_many_lines_the_one_that_is_pointed_at_stands_out(site: Site) -> None:
    chosen = "&".join(f"organisation_ids={each}" for each in site.world.organisations.values())
    page = curves(site, path=f"/board?view=report&report=comparison&year=2026&{chosen}")
    names = page.locator(".chart button")
    lines = names.count()
    assert lines > len({"solid", "dashed", "dotted"})
    before = page.evaluate(DRAWN, [0, 12])[MARCH]
    names.nth(1).hover()
    assert page.eval_on_selector_all(".u-series", OUT) == [number == 1 for number in range(lines)]
    expect(page.locator(".u-series.back button").first).to_have_css("opacity", "1")
    assert site.serious(page) == []
    page.wait_for_function(f"!({DRAWN})([0, 12])[{MARCH}]")
    page.hover("h1")
    assert page.eval_on_selector_all(".u-series", OUT) == [True] * lines
    page.wait_for_function(f"({DRAWN})([0, 12])[{MARCH}] !== null")
    assert page.evaluate(DRAWN, [0, 12])[MARCH] == pytest.approx(before)
    assert "100.0%" in told(page).values()  # a line at the height at which keys point
    page.focus(".u-over")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    assert page.eval_on_selector_all(".u-series", OUT) == [True] * lines


def test_a_curve_has_a_name_and_follows_its_place(site: Site) -> None:
    page = curves(site, 1440)
    assert page.get_attribute("canvas >> nth=0", "role") == "img"
    assert page.get_attribute("canvas >> nth=0", "aria-label") == "检查趋势：完成率，共 12 个期间"
    assert site.serious(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_function("document.querySelector('canvas').getBoundingClientRect().width < 330")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert told(page)["完成率"] == "75.0%"
    assert page.evaluate(POINTED) == pytest.approx([MARCH / 11] * 2, abs=0.01)


def test_the_library_comes_with_the_first_curve_only_and_its_failure_leaves_the_table(site: Site) -> None:
    page = site.visitor("province_manager")
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url.rpartition("/")[2]) if "/vendor/" in request.url else None
    )
    site.open(page, "/board?view=report&report=completion")
    assert asked == []
    page.route("**/vendor/uplot/*", lambda route: route.abort())
    site.open(page, YEAR)
    page.wait_for_selector(".chart [role=alert]")
    assert page.locator(".report tbody tr").count() == 12
    page.unroute("**/vendor/uplot/*")
    asked.clear()
    site.open(page, YEAR)
    page.wait_for_selector(".chart .u-over")
    assert sorted(asked) == ["uPlot.esm.js", "uPlot.min.css"]


SENT = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .reduce((sizes, each) => ({...sizes, [each.name]: each.transferSize}), {})"""
"""How many bytes came over the line at each address."""


def test_the_first_load_is_small_with_the_curves_too(site: Site) -> None:
    state = site.visitor("province_manager").context.storage_state()
    page = site.browser.new_context(storage_state=state).new_page()  # without anything that the login has brought
    page.goto(f"{site.address}/board")
    page.wait_for_selector(".chart .u-over[aria-valuetext]")
    sizes = page.evaluate(SENT)
    assert [size > 0 for name, size in sizes.items() if name.endswith("uPlot.esm.js")] == [True]
    assert sum(sizes.values()) <= MOST_FIRST_BYTES
    page.context.close()
