// Curves over the periods of a report, drawn by uPlot, which comes with the first of them (ADR 0021). A touch, the mouse
// or the arrow keys choose a period, and the legend says its numbers; they are those of the table.

import { h } from "../shell/dom.js";
import { count } from "../shell/format.js";
import { empty, fill } from "../shell/states.js";
import { measured, percent } from "./cells.js";

const VENDORED = new URL("../../vendor/uplot/", import.meta.url);
const HEIGHT = 240;
const NARROWEST = 200;
const FONT_PX = 12;
const LEAST_TOP = 4;
const DENSE = 40;
// Of more lines than these the one that somebody points at stands out, by itself or by its name.
const FEW = 3;
const NEAR_PX = 16;
const BACK = 0.2;
const WHOLE = [1, 2, 3, 5].flatMap((step) => Array.from({ length: 10 }, (_, zeros) => step * 10 ** zeros)).sort((one, other) => one - other);
const QUARTERS = [0.25, 0.5];
const COLOURS = ["#0b4a8f", "#b3261e", "#13692f", "#7a5200", "#6b2f91", "#00626e", "#9c2463", "#4b5a6d"];
// Lines are told apart without their colour, too: how each is broken, on the canvas and in the legend.
const DASHES = [[[], "solid"], [[8, 5], "dashed"], [[2, 4], "dotted"]];
const KEYS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

// The curves of a report whose chart is of lines: one drawing for rates, one for numbers; they point at the same period.
export function curves(report) {
  const columns = report.chart.columns.map((key) => report.columns.find((column) => column.key === key));
  const rates = columns.filter((column) => column.kind === "rate");
  const numbers = columns.filter((column) => column.kind !== "rate");
  return [rates, numbers].filter((group) => group.length > 0).map((group) => drawing(report, group));
}

function drawing(report, columns) {
  const isRate = columns[0].kind === "rate";
  const labels = report.rows.map((row) => row.label);
  const lines = columns.map((column) => report.rows.map((row) => measured(row.cells[column.key])));
  const subject = { report, columns, lines, labels, isRate, write: isRate ? percent : count };
  if (lines.flat().every((value) => value === null)) return empty(`${titles(subject)}：这段时间还没有数字。`);
  const place = h("figure", { class: "chart" });
  fill(place, async () => {
    const plot = plotted(await library(), subject);
    name(plot, subject);
    listen(plot, subject);
    fit(plot, place, subject);
    return plot.root;
  });
  return place;
}

const titles = ({ columns }) => columns.map((column) => column.title).join("、");

let asked = null;

function library() {
  asked ??= Promise.all([import(new URL("uPlot.esm.js", VENDORED)), styled()]).catch((error) => { asked = null; throw error; });
  return asked.then(([module]) => module.default);
}

const styled = () =>
  new Promise((onload, onerror) => document.head.append(h("link", { rel: "stylesheet", href: new URL("uPlot.min.css", VENDORED), onload, onerror })));

function plotted(Plot, subject) {
  const { report, columns, lines, labels, isRate } = subject;
  const looks = looked(labels);
  return new Plot(
    {
      width: NARROWEST,
      height: HEIGHT,
      padding: [14, looks.room / 2, 0, 0],
      scales: { x: { time: false }, y: { range: (_, least, most) => [0, isRate ? 1 : topOf(Plot, most)] } },
      axes: axes(subject, looks),
      series: [{ label: report.heading, value: (_, index) => labels[index] }, ...columns.map((_, number) => line(subject, number))],
      legend: { markers: { width: 3, dash: (_, number) => DASHES[(number - 1) % DASHES.length][1] } },
      cursor: { y: false, drag: { x: false }, sync: { key: report.code }, bind: { mouseleave: stay }, focus: { prox: columns.length > FEW ? NEAR_PX : -1 } },
      focus: { alpha: 1 }, // what stands back is ours to draw: the library would fade the names, too
      hooks: { setSeries: [(plot, number, { focus }) => (focus ? bringOut(plot, number) : press(plot.series[number]))] },
    },
    [labels.map((_, index) => index), ...lines],
  );
}

// Whoever leaves lets go of the line at which he pointed; the chosen period stays.
const stay = (plot) => () => letGo(plot);

const letGo = (plot) => plot.setSeries(null, { focus: true });

const press = ({ label, show }) => label.setAttribute("aria-pressed", show);

// One line stands out of the others; null: none does any more.
function bringOut(plot, number) {
  if (plot.series.length - 1 <= FEW) return;
  plot.series.slice(1).forEach((line, index) => {
    const isBack = number !== null && number !== index + 1;
    line.alpha = isBack ? BACK : 1;
    line.label.closest("tr").classList.toggle("back", isBack);
  });
  plot.redraw(false);
}

// What holds the largest number, and is never less than a few steps; without any number, too.
const topOf = (Plot, most) => Math.max(LEAST_TOP, Plot.rangeNum(0, most ?? 0, 0.1, true)[1]);

// The page's font and colours, for the canvas knows no stylesheet, and how many pixels the longest label needs.
function looked(labels) {
  const page = getComputedStyle(document.documentElement);
  const font = `${FONT_PX}px ${page.fontFamily}`;
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = font;
  const room = Math.max(...labels.map((label) => pen.measureText(label).width));
  return { font, room, quiet: page.getPropertyValue("--quiet"), faint: page.getPropertyValue("--line") };
}

function axes({ labels, isRate, write }, { font, room, quiet, faint }) {
  const both = { font, stroke: quiet, grid: { stroke: faint, width: 1 }, ticks: { show: false } };
  return [
    { ...both, incrs: WHOLE, space: room + FONT_PX, size: 34, gap: 12, values: (_, marks) => marks.map((mark) => labels[mark]) },
    { ...both, incrs: isRate ? QUARTERS : WHOLE, values: (_, marks) => marks.map((mark) => write(mark).replace(".0%", "%")) },
  ];
}

// One of several can be put away and brought back by its name in the legend.
function line({ columns, lines, write }, number) {
  const { title } = columns[number];
  const label = columns.length > 1 ? h("button", { type: "button", class: "quiet", "aria-pressed": "true" }, title) : title;
  const points = { show: true, size: lines[number].filter((value) => value !== null).length > DENSE ? 4 : 7 };
  return { label, points, stroke: COLOURS[number % COLOURS.length], dash: DASHES[number % DASHES.length][0], width: 2.5, value: (_, value) => write(value) };
}

// The picture has a name; the period is chosen like the value of a slider, whose words a screen reader says.
function name(plot, subject) {
  const { report, columns, lines, labels, write } = subject;
  const say = (index) => `${labels[index]}：${columns.map((column, number) => `${column.title} ${write(lines[number][index])}`).join("，")}`;
  const tell = ({ cursor: { idx } }) => idx !== null && set(plot.over, { "aria-valuenow": idx, "aria-valuetext": say(idx) });
  set(plot.ctx.canvas, { role: "img", "aria-label": `${report.title}：${titles(subject)}，共 ${labels.length} 个期间` });
  set(plot.over, { role: "slider", tabindex: 0, "aria-label": report.heading, "aria-valuemin": 0, "aria-valuemax": labels.length - 1 });
  plot.hooks.setLegend = [tell];
}

const set = (element, attributes) => Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));

function listen(plot, { labels }) {
  plot.over.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS)) return;
    event.preventDefault();
    point(plot, Math.min(labels.length - 1, Math.max(0, plot.cursor.idx + KEYS[event.key])));
  });
}

// A key points at a period, and at none of its lines.
function point(plot, index) {
  plot.setCursor({ left: plot.valToPos(index, "x"), top: 0 }, true, true);
  letGo(plot);
}

// As wide as its place, also when that changes; what was left for another view is taken apart.
function fit(plot, place, { lines, labels }) {
  const newest = labels.findLastIndex((_, index) => lines.some((values) => values[index] !== null));
  const observer = new ResizeObserver(() => {
    if (!place.isConnected) return observer.disconnect(), plot.destroy();
    const index = plot.cursor.idx ?? newest;
    plot.setSize({ width: Math.max(NARROWEST, place.clientWidth), height: HEIGHT });
    queueMicrotask(() => point(plot, index)); // behind the plot's own, in which it takes its new size
  });
  observer.observe(place);
}
