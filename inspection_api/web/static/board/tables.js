// A report as a table: sorted by what is clicked, a bar behind what its chart shows, organisations lead one level down.

import { h } from "../shell/dom.js";
import { to } from "./address.js";
import { cell, measured } from "./cells.js";

// What is drawn at once; the rest when it is asked for. Thousands of cells with links take longer than the figures.
const MOST_CELLS = 500;

// The table of a report; `view` is where it stands, `ranked` numbers the rows and sorts by the headline at first.
export function table(report, view, { ranked = false, columns = report.columns } = {}) {
  const shown = arranged(columns, (column) => (column.key === report.headline ? 1 : !ranked && column.kind === "text" ? 0 : 2));
  const order = { key: ranked ? report.headline : null, down: true };
  const body = h("tbody", {});
  const heads = shown.map((column) => head(column, () => sort(column.key)));
  const more = h("p", { class: "faint" });
  let most = Math.max(30, Math.round(MOST_CELLS / shown.length));

  function sort(key) {
    order.down = order.key === key ? !order.down : true;
    order.key = key;
    draw();
  }

  function draw() {
    const rows = ordered(report.rows, order);
    body.replaceChildren(...rows.slice(0, most).map((row, index) => line(report, view, shown, row, ranked ? rank(rows, index, order) : null)));
    heads.forEach((each, index) => each.setAttribute("aria-sort", sortWord(shown[index].key, order)));
    more.replaceChildren(rows.length > most ? h("button", { type: "button", onclick: () => { most = rows.length; draw(); } }, `显示其余 ${rows.length - most} 行`) : "");
  }

  draw();
  return h(
    "div",
    {},
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": report.title },
      h(
        "table",
        { class: "report" },
        h("thead", {}, h("tr", {}, ranked && h("th", { scope: "col", class: "number" }, "名次"), h("th", { scope: "col" }, report.heading), heads)),
        body,
        report.total && h("tfoot", {}, line(report, view, shown, { ...report.total, label: "合计", organisation: null }, ranked ? "" : null)),
      ),
    ),
    more,
  );
}

// The headline stands before the other figures; before it what tells the rows apart, where they are not ranked.
const arranged = (columns, place) => [...columns].sort((one, other) => place(one) - place(other));

const head = (column, sort) =>
  h("th", { scope: "col", class: column.kind === "text" ? "" : "number" }, h("button", { type: "button", class: "quiet sort", onclick: sort }, column.title));

const sortWord = (key, order) => (order.key !== key ? "none" : order.down ? "descending" : "ascending");

function ordered(rows, order) {
  if (order.key === null) return rows;
  const value = (row) => {
    const raw = row.cells[order.key];
    return typeof raw === "string" && Number.isNaN(Number(raw)) ? raw : measured(raw);
  };
  const turn = order.down ? -1 : 1;
  return [...rows].sort((one, other) => compare(value(one), value(other), turn));
}

// Nothing comes last, whichever way.
function compare(one, other, turn) {
  if (one === null || other === null) return (one === null) - (other === null);
  return turn * (one < other ? -1 : one > other ? 1 : 0);
}

// Equal figures share a rank; without a figure there is none.
function rank(rows, index, order) {
  const mine = measured(rows[index].cells[order.key]);
  if (mine === null || order.key === null || !order.down) return "";
  return String(rows.findIndex((row) => measured(row.cells[order.key]) === mine) + 1);
}

function line(report, view, columns, row, place) {
  const bars = new Set(report.chart?.shape === "bars" ? report.chart.columns : []);
  return h(
    "tr",
    {},
    place !== null && h("td", { class: "number" }, place),
    h("th", { scope: "row" }, label(view, row)),
    columns.map((column) =>
      h("td", { class: column.kind === "text" ? "" : "number" }, cell(report, row, column), bars.has(column.key) && column.kind === "rate" && bar(row.cells[column.key])),
    ),
  );
}

function bar(cell) {
  const share = measured(cell);
  return share !== null && h("span", { class: "share" }, h("span", { style: { "inline-size": `${Math.min(1, share) * 100}%` } }));
}

// An organisation leads to the same report about those below it; where there are none, to its tasks.
function label(view, row) {
  if (row.organisation === null || row.organisation.id === view.organisation_id) return row.label;
  const leaf = row.organisation.kind === "outlet" || row.organisation.kind === "sub_branch";
  const there = leaf ? { view: "report", report: "details" } : { view: view.view, report: view.report };
  return h("a", { href: to({ ...view, ...there, organisation_id: row.organisation.id }) }, row.label);
}
