// What each report is asked, and the form in which a person says it. A report that is not named here takes a window.

import { field } from "../shell/dialog.js";
import { h } from "../shell/dom.js";
import { today } from "../shell/format.js";

const ASKED = {
  series: ["organisation", "window", "by"],
  indicators: ["organisation", "window", "by", "count"],
  branch_checks: ["organisation", "year"],
  comparison: ["organisations", "year"],
  month_end: ["organisation", "month"],
};
const USUAL = ["organisation", "window"];
const PARTS = {
  organisation: ["organisation_id"],
  organisations: ["organisation_ids"],
  window: ["from", "to"],
  year: ["year"],
  month: ["month"],
  by: ["by"],
  count: ["count"],
};
const BY = {
  series: [["month", "按月"], ["week", "按周"], ["day", "按日"]],
  indicators: [["month", "按月"], ["quarter", "按季"], ["year", "按年"]],
};
const COUNT = [["visits", "按检查数"], ["customers", "按企业数"]];

const pad = (number) => String(number).padStart(2, "0");
const lastDay = (year, month) => new Date(Date.UTC(year, month, 0)).getUTCDate();

// The windows that people ask for, by name: [first day, last day].
export function windows(day = today()) {
  const [year, month] = day.split("-").map(Number);
  const span = (first, last) => [`${year}-${pad(first)}-01`, `${year}-${pad(last)}-${lastDay(year, last)}`];
  const quarter = Math.floor((month - 1) / 3) * 3 + 1;
  return { 本月: span(month, month), 本季: span(quarter, quarter + 2), 本年: span(1, 12) };
}

// The same view with everything that its report is asked, as far as it is not said.
export function completed(view, organisation) {
  const day = today();
  const [from, to] = windows(day)["本月"];
  const usual = { organisation_id: organisation, from, to, year: day.slice(0, 4), month: day.slice(0, 7) };
  const by = { by: view.report === "series" || view.report === "indicators" ? "month" : undefined };
  const yearly = view.report === "series" ? { from: `${day.slice(0, 4)}-01-01`, to: `${day.slice(0, 4)}-12-31` } : {};
  return { ...usual, ...yearly, ...by, ...view };
}

// What of a view its report's endpoint takes.
export function query(view) {
  const names = (ASKED[view.report] || USUAL).flatMap((part) => PARTS[part]);
  return Object.fromEntries(names.map((name) => [name, view[name]]));
}

// The form for what can be said about a view besides the organisation; `change(parts)` hears what was said.
export function form(view, change) {
  const asked = ASKED[view.report] || USUAL;
  const parts = [];
  if (asked.includes("window")) parts.push(...windowFields(view, change));
  if (asked.includes("year")) parts.push(number("年份", "year", view.year, change));
  if (asked.includes("month")) parts.push(field("月份", h("input", { type: "month", value: view.month, onchange: (event) => change({ month: event.target.value }) })));
  if (asked.includes("by")) parts.push(choice("期间", "by", BY[view.report], view.by, change));
  if (asked.includes("count")) parts.push(choice("口径", "count", COUNT, view.count, change));
  return parts;
}

function windowFields(view, change) {
  const named = windows();
  const presets = Object.entries(named).map(([name, [from, to]]) =>
    h("button", { type: "button", "aria-pressed": String(view.from === from && view.to === to), onclick: () => change({ from, to }) }, name),
  );
  const edge = (label, name) =>
    field(label, h("input", { type: "date", value: view[name], required: true, onchange: (event) => event.target.value && change({ [name]: event.target.value }) }));
  return [h("div", { class: "presets", role: "group", "aria-label": "常用期间" }, presets), edge("开始", "from"), edge("结束", "to")];
}

const number = (label, name, value, change) =>
  field(label, h("input", { type: "number", min: 2000, max: 2099, value, onchange: (event) => event.target.reportValidity() && change({ [name]: event.target.value }) }));

const choice = (label, name, options, value, change) =>
  field(label, h("select", { onchange: (event) => change({ [name]: event.target.value }) }, options.map(([code, word]) => h("option", { value: code, selected: code === value }, word))));
