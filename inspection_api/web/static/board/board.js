// 进度看板: from the province down to one record. The address says where; every number leads to the list behind it.

import { h, icon, show } from "../shell/dom.js";
import { start } from "../shell/shell.js";
import { empty, fill, takeTurn } from "../shell/states.js";
import { followLinks, go, here, to } from "./address.js";
import { catalogue } from "./catalogue.js";
import { exported } from "./exports.js";
import { list } from "./list.js";
import { overview } from "./overview.js";
import { places } from "./places.js";
import { completed, form } from "./questions.js";
import { record, task } from "./record.js";
import { report } from "./report.js";

const VIEWS = { overview, report, list, record, task, exports: exported };
const DEEP = new Set(["list", "record", "task", "exports"]);
// The reports that stand beside the overview, in this order; the others follow as the catalogue has them.
const FIRST = ["completion", "coverage", "series", "comparison", "indicators", "conclusions"];
const SHORT = { completion: "完成率", coverage: "覆盖率", series: "走势", comparison: "对比", indicators: "预警指示", conclusions: "结论" };

start("进度看板", async (main, me) => {
  const homes = [...new Set(me.assignments.map((held) => held.organisation_id))];
  const [home] = homes;
  if (!home) return show(main, empty("您没有可以查看的机构，请联系管理员。"));
  const reports = await catalogue();
  const bar = h("nav", { class: "tabs", "aria-label": "报表" });
  const trail = h("nav", { class: "trail", "aria-label": "机构" });
  const asked = h("form", { class: "asked", onsubmit: (event) => event.preventDefault() });
  const body = h("div", { class: "body" });
  main.append(bar, trail, asked, body);
  followLinks(main);
  const render = () => draw({ bar, trail, asked, body }, current(home, reports), reports, homes);
  window.addEventListener("popstate", render);
  render();
});

// What the address says, with everything that it leaves open; the first view is the overview, if there is one for me.
function current(home, reports) {
  const said = here();
  const may = new Set(reports.map((each) => each.code));
  const first = may.has("completion") ? { view: "overview" } : { view: "report", report: reports[0]?.code };
  const view = said.view in VIEWS ? said : { ...said, ...first };
  return DEEP.has(view.view) ? view : completed(view, home);
}

function draw({ bar, trail, asked, body }, view, reports, homes) {
  document.title = `${titleOf(view, reports)} · 巡迹`;
  show(bar, tabs(view, reports));
  bar.querySelector("[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  const deep = DEEP.has(view.view);
  asked.hidden = deep;
  takeTurn(trail);
  if (deep) show(trail, h("button", { type: "button", class: "quiet", onclick: () => history.back() }, icon("back"), "返回"));
  else {
    show(asked, form(view, (parts) => go({ ...view, ...parts })));
    drawTrail(trail, view, homes);
  }
  fill(body, async () => VIEWS[view.view](view));
}

const OWN_TITLES = { overview: "总览", exports: "我的导出" };
const titleOf = (view, reports) => OWN_TITLES[view.view] || reports.find((each) => each.code === view.report)?.title || "检查记录";

function tabs(view, reports) {
  const others = { from: view.from, to: view.to, organisation_id: view.organisation_id };
  const tab = (words, where, active) => h("a", { href: to({ ...others, ...where }), "aria-current": active && "page" }, words);
  const sorted = [...reports].sort((one, other) => order(one) - order(other));
  return [
    reports.some((each) => each.code === "completion") && tab("总览", { view: "overview" }, view.view === "overview"),
    sorted.map((each) => tab(SHORT[each.code] || each.title, { view: "report", report: each.code }, view.view !== "overview" && view.report === each.code)),
    h("a", { href: to({ view: "exports" }), "aria-current": view.view === "exports" && "page" }, "我的导出"),
  ];
}

function order(report) {
  const place = FIRST.indexOf(report.code);
  return place < 0 ? FIRST.length : place;
}

// Where the organisation stands in the tree, and the other organisations in which somebody has a role; above those there
// is nothing that he may see.
async function drawTrail(trail, view, homes) {
  const isLatest = takeTurn(trail);
  const known = await places();
  if (!isLatest()) return;
  const found = known.get(view.organisation_id);
  const others = homes.map((id) => known.get(id)).filter((place) => place && !found?.path.includes(place));
  const link = (place) => h("a", { href: to({ ...view, organisation_id: place.id }) }, place.name);
  show(
    trail,
    found && h("ol", {}, found.path.map((place) => h("li", {}, place === found ? h("strong", { "aria-current": "location" }, place.name) : link(place)))),
    others.length > 0 && h("p", { class: "row" }, h("span", { class: "faint" }, "切换到"), others.map(link)),
  );
}
