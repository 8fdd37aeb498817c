"""`make bench-board`: what headquarters waits for at every view of `/board`, in a browser, in the demo bank of a year.

A view is asked for as its tabs do it, by an address within the open page; the clock stops when nothing in it is being
loaded any more and the browser has painted. So a figure holds the API's answer, its way, and the drawing. Beside it
stands the floor of the same run: the slowest single question of that view, asked by `fetch` and read, not drawn. The
medians stand beside a trivial question, asked behind every view, so that runs on machines of other speed compare.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspection_api.core.periods import local_day
from inspection_api.core.settings import system_clock
from inspection_api.demo.seed import PASSWORD
from tests.bench.figures import Figure, figure, p50_ms, p95_ms, table, write
from tests.bench.stage import BANK, learn, open_stage
from tests.browser import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.bench.stage import Stage

RESULT = Path("var/bench/board.json")
TIMES = 30
WARM = 3
HEAD = "hq"
FIRST_LINKS = {
    "list": ".report tbody a[href*='measure=completed']",
    "record": "table.list a[href*='view=record']",
    "task": "table.list a[href*='view=task']",
}
MONEY = ".report tfoot a[href*='listing=customers'] >> nth=-1"
"""How one goes deeper: to the first list of what is completed, and from that list to a record and to a task."""
_SHOW = """
async (address) => {
  const main = document.querySelector("main");
  const still = () => main.querySelector("[aria-busy], .spinner") === null;
  const settled = () => new Promise((done) => {
    const look = () => still() && (watcher.disconnect(), requestAnimationFrame(() => setTimeout(done)));
    const watcher = new MutationObserver(look);
    watcher.observe(main, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-busy"] });
    look();
  });
  performance.clearResourceTimings();
  const begun = performance.now();
  history.pushState(null, "", address);
  dispatchEvent(new PopStateEvent("popstate"));
  await settled();
  const whole = performance.now() - begun;
  if (main.querySelector(".failed")) throw new Error(main.innerText);
  const asked = performance.getEntriesByType("resource").filter((each) => each.name.includes("/api/"));
  const trivial = performance.now();
  await (await fetch("/api/v1/me")).text();
  return [whole, Math.max(0, ...asked.map((each) => each.responseEnd - each.startTime)), performance.now() - trivial];
}
"""


def main() -> None:
    """Measure every view, write and print the figures."""
    with open_stage(with_past=True) as stage:
        learn(stage)
        with chromium() as browser:
            page = _logged_in(browser.new_page(viewport={"width": 1440, "height": 900}), stage)
            views = list(_views(page, stage))
            figures = [each for name, address in views for each in _measured(page, name, address)]
    write(RESULT, figures)
    sys.stdout.write(f"{table(figures)}\n")


def _logged_in(page: Page, stage: Stage) -> Page:
    page.goto(f"http://127.0.0.1:{stage.product.port}/login")
    for name, value in (("bank", BANK), ("username", HEAD), ("password", PASSWORD)):
        page.fill(f"[name={name}]", value)
    page.click("button.primary")
    page.wait_for_url("**/board")
    _settle(page)
    return page


def _settle(page: Page) -> None:
    page.wait_for_selector("main .body > *")
    page.wait_for_selector("main [aria-busy], .spinner", state="detached")


def _views(page: Page, stage: Stage) -> Iterator[tuple[str, str]]:
    """Name every view with its address: the overviews from the top down, each report, and what lies behind a number."""
    year = local_day(system_clock()).year
    ids = page.evaluate("fetch('/api/v1/organisations?limit=3').then((answer) => answer.json())")["items"]
    for place in ids:
        yield f"overview.{place['kind']}", f"/board?view=overview&organisation_id={place['id']}"
    reports = page.evaluate("fetch('/api/v1/reports').then((answer) => answer.json())")["items"]
    window = f"from={year}-01-01&to={year}-12-31&year={year}"
    chosen = "&".join(f"organisation_ids={place['id']}" for place in ids)
    for report in reports:
        yield report["code"], f"/board?view=report&report={report['code']}&{window}&{chosen}"
    yield from _behind(page, f"/board?view=report&report=completion&{window}")
    page.goto(page.evaluate("location.origin") + f"/board?view=report&report=coverage&{window}")
    _settle(page)
    yield "list.balance", str(page.locator(MONEY).get_attribute("href"))


def _behind(page: Page, address: str) -> Iterator[tuple[str, str]]:
    origin = page.evaluate("location.origin")
    for name, link in FIRST_LINKS.items():
        page.goto(origin + address)
        _settle(page)
        found: Any = page.locator(link).first.get_attribute("href")
        yield name, found
        address = found if name == "list" else address


def _measured(page: Page, name: str, address: str) -> tuple[Figure, Figure]:
    runs = [page.evaluate(_SHOW, address) for _ in range(WARM + TIMES)][WARM:]
    whole, asked, trivial = ([each[part] / 1000 for each in runs] for part in range(3))
    return (
        figure(f"board.view.{name}.p95_ms", "ms", [p95_ms(whole)], [p95_ms(asked)]),
        figure(f"board.view.{name}.p50_ms", "ms", [p50_ms(whole)], [p50_ms(trivial)]),
    )


if __name__ == "__main__":
    main()
