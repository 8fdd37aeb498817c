// Curves in SVG, drawn at the size of their place and again when that changes; the table beside them says the same.

import { h, s } from "../shell/dom.js";
import { count } from "../shell/format.js";
import { empty } from "../shell/states.js";
import { measured, percent } from "./cells.js";

const HEIGHT = 240;
const EDGE = { top: 14, right: 34, bottom: 30, left: 48 };
const LABEL_WIDTH = 64;
const STEPS = 4;

// The curves of a report whose chart is of lines: one drawing for rates, one for numbers.
export function curves(report) {
  const columns = report.chart.columns.map((key) => report.columns.find((column) => column.key === key));
  const rates = columns.filter((column) => column.kind === "rate");
  const numbers = columns.filter((column) => column.kind !== "rate");
  return [rates, numbers].filter((group) => group.length > 0).map((group) => drawing(report, group));
}

function drawing(report, columns) {
  const lines = columns.map((column) => report.rows.map((row) => measured(row.cells[column.key])));
  if (lines.flat().every((value) => value === null)) return empty(`${columns.map((column) => column.title).join("、")}：这段时间还没有数字。`);
  const isRate = columns[0].kind === "rate";
  const top = isRate ? 1 : niceTop(Math.max(1, ...lines.flat().map((value) => value || 0)));
  const write = isRate ? (value) => percent(value) : (value) => count(value);
  const label = `${report.title}：${columns.map((column) => column.title).join("、")}，共 ${report.rows.length} 个期间`;
  const canvas = s("svg", { role: "img", "aria-label": label, height: HEIGHT });
  const place = h("figure", { class: "chart" }, canvas, legend(columns));
  new ResizeObserver(() => draw(canvas, { lines, columns, labels: report.rows.map((row) => row.label), top, write })).observe(place);
  return place;
}

function draw(canvas, { lines, columns, labels, top, write }) {
  const width = Math.max(200, canvas.parentElement.clientWidth);
  const x = (index) => EDGE.left + ((width - EDGE.left - EDGE.right) * index) / Math.max(1, labels.length - 1);
  const y = (value) => HEIGHT - EDGE.bottom - ((HEIGHT - EDGE.top - EDGE.bottom) * value) / top;
  canvas.setAttribute("width", width);
  canvas.replaceChildren(
    ...grid(width, y, top, write),
    ...axis(labels, x, width),
    ...lines.map((values, number) => curve(values, number, x, y, (index) => `${labels[index]} ${columns[number].title} ${write(values[index])}`)),
  );
}

function grid(width, y, top, write) {
  return Array.from({ length: STEPS + 1 }, (_, step) => (top * step) / STEPS).flatMap((value) => [
    s("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) }),
    s("text", { class: "tick", x: EDGE.left - 6, y: y(value) + 4, "text-anchor": "end" }, write(value).replace(".0%", "%")),
  ]);
}

// As many labels as there is room for; the first and those after it at equal steps.
function axis(labels, x, width) {
  const step = Math.max(1, Math.ceil((labels.length * LABEL_WIDTH) / (width - EDGE.left)));
  return labels.flatMap((label, index) =>
    index % step === 0 ? [s("text", { class: "tick", x: x(index), y: HEIGHT - 10, "text-anchor": "middle" }, label)] : [],
  );
}

// A line through what there is; a gap where there is nothing, a point for everything.
function curve(values, number, x, y, words) {
  const known = (index) => values[index] !== null && values[index] !== undefined;
  const path = values
    .map((value, index) => (known(index) ? `${known(index - 1) ? "L" : "M"}${x(index).toFixed(1)},${y(value).toFixed(1)}` : ""))
    .join("");
  const points = values.flatMap((value, index) =>
    known(index) ? [s("circle", { cx: x(index), cy: y(value), r: values.length > 60 ? 1.5 : 3.5 }, s("title", {}, words(index)))] : [],
  );
  return s("g", { class: `line line-${number % 8}` }, s("path", { d: path }), points);
}

const legend = (columns) =>
  h("ul", { class: "legend" }, columns.map((column, number) => h("li", {}, s("svg", { width: 28, height: 12, class: `line line-${number % 8}`, "aria-hidden": "true" }, s("path", { d: "M0,6L28,6" })), column.title)));

// 1, 2 or 5 with zeros that holds the value, and is divided by the steps.
function niceTop(value) {
  const magnitude = 10 ** Math.floor(Math.log10(value));
  const found = [1, 2, 4, 6, 8, 10].map((step) => step * magnitude).find((step) => step >= value);
  return Math.max(STEPS, found);
}
