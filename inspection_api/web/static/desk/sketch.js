// A fence as the server drew it up: its centre, its radius, and what lies around, in metres; nothing is judged here.

import { h, s } from "../shell/dom.js";
import { distance } from "../shell/format.js";

const HALF = 100; // half of the drawing's side, in its own units
const MARGIN = 0.88;
const LEAST_M = 30;
const MOST_RADII = 4; // what lies further stands at the edge, with an arrow, so that the fence stays to be seen
// What each kind of mark is called; the order is that of the legend.
const KINDS = {
  registered: "登记地址",
  neighbour: "其他客户的检查点",
  rival: "另一处绑定",
  fix: "绑定时的定位",
  scan: "扫码时的定位",
  capture: "拍摄时的定位",
  submit: "提交时的定位",
};

// The drawing with its legend; `title` says to those who cannot see it what it is about.
export function drawing(sketch, title) {
  const scale = (HALF * MARGIN) / reach(sketch);
  const words = sketch.marks.map((mark) => `${KINDS[mark.kind]}距中心 ${distance(mark.distance_m)}`).join("，");
  const canvas = s(
    "svg",
    { class: "fence", viewBox: `${-HALF} ${-HALF} ${2 * HALF} ${2 * HALF}`, role: "img", "aria-label": `${title}：围栏半径 ${sketch.radius_m} 米。${words}` },
    s("circle", { class: "radius", r: sketch.radius_m * scale }),
    sketch.marks.filter((mark) => mark.accuracy_m !== null && off(mark) * scale < HALF).map((mark) => s("circle", { class: `accuracy ${mark.kind}`, cx: mark.east_m * scale, cy: -mark.north_m * scale, r: mark.accuracy_m * scale })),
    s("path", { class: "centre", d: "M-4,0H4M0,-4V4" }),
    sketch.marks.map((mark) => point(mark, scale)),
  );
  return h("figure", { class: "drawing" }, canvas, h("figcaption", { class: "faint" }, legend(sketch)));
}

// So far reaches the drawing that the fence and every mark are in it, within reason; accuracies may be cut.
function reach({ radius_m: radius, marks }) {
  const furthest = Math.max(LEAST_M, radius, ...marks.map(off));
  return Math.min(furthest, MOST_RADII * Math.max(radius, LEAST_M));
}

const off = (mark) => Math.max(Math.abs(mark.east_m), Math.abs(mark.north_m));

function point(mark, scale) {
  const outside = (off(mark) * scale) / (HALF * MARGIN);
  if (outside > 1.001) return arrow(mark, scale / outside);
  const [x, y] = [mark.east_m * scale, -mark.north_m * scale];
  const shape = ["registered", "rival", "neighbour"].includes(mark.kind)
    ? s("rect", { x: x - 3.5, y: y - 3.5, width: 7, height: 7 })
    : s("circle", { cx: x, cy: y, r: 3 });
  return marked(mark, shape);
}

// A mark that lies beyond the drawing: at its edge, pointing to where it is.
function arrow(mark, scale) {
  const turn = (Math.atan2(-mark.north_m, mark.east_m) * 180) / Math.PI;
  return marked(mark, s("path", { d: "M7,0L-5,-5V5Z", transform: `translate(${mark.east_m * scale},${-mark.north_m * scale}) rotate(${turn})` }));
}

const marked = (mark, shape) => s("g", { class: `mark ${mark.kind}` }, shape, s("title", {}, `${KINDS[mark.kind]}，距中心 ${distance(mark.distance_m)}`));

function legend(sketch) {
  const kinds = Object.keys(KINDS).filter((kind) => sketch.marks.some((mark) => mark.kind === kind));
  return h(
    "ul",
    { class: "legend" },
    h("li", {}, s("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" }, s("path", { class: "centre", d: "M-4,0H4M0,-4V4" })), `检查点位置，围栏半径 ${distance(sketch.radius_m)}`),
    kinds.map((kind) => h("li", {}, s("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" }, point({ kind, east_m: 0, north_m: 0, distance_m: 0 }, 1)), `${KINDS[kind]}，${far(sketch.marks.filter((mark) => mark.kind === kind))}`)),
  );
}

// How far marks of one kind lie from the centre, and how exact they are, as the server says.
function far(marks) {
  const metres = marks.map((mark) => mark.distance_m);
  const [least, most] = [Math.min(...metres), Math.max(...metres)].map(distance);
  const exact = marks.map((mark) => mark.accuracy_m).filter((each) => each !== null);
  return [
    least === most ? `距 ${most}` : `距 ${least} 至 ${most}`,
    exact.length > 0 && `精度 ${distance(Math.max(...exact))}`,
    marks.some((mark) => mark.is_mock) && "含模拟定位",
  ].filter(Boolean).join("，");
}
