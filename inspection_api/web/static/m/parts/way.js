// The way to a checkpoint: a link that any map of the phone may open, beside it 百度 and 高德 while there is a network;
// without one how far it is and in which direction, and what can be shown to somebody or typed into any map.

import { h, show } from "../../shell/dom.js";
import { distance } from "../../shell/format.js";
import { notify } from "../../shell/states.js";
import { placeOf } from "../app.js";
import { bearingOf, distanceM, standing } from "../rules/fence.js";

const POINTS = ["北", "东北", "东", "东南", "南", "西南", "西", "西北"];
const AGAIN_MS = 30_000;
const NEEDS_NETWORK = "百度、高德导航需要网络（network_needed）。没有网络时，可按直线方向前往，或复制地址和坐标：";

export const directionOf = (degrees) => POINTS[Math.round(degrees / 45) % POINTS.length];

// { place, refresh }: what is shown, and what keeps it as things stand; nothing where the checkpoint has no place, yet.
export function wayTo(app, checkpoint) {
  const centre = placeOf(checkpoint);
  if (centre === null) return { place: null, refresh: () => {} };
  const [line, links, offline] = [h("p", {}), h("p", { class: "buttons" }), h("div", { class: "stack" })];
  const own = phonesOwn(checkpoint, centre);
  const state = { app, checkpoint, own, centre, links, offline, askedAt: 0, isKnown: false };
  show(links, own);
  const refresh = () => { show(line, straight(app, centre)); ask(state); };
  return { place: h("div", { class: "stack" }, line, links, offline), refresh };
}

function straight(app, centre) {
  const fixes = app.position.fixes();
  if (fixes.length === 0) return "正在定位，暂时算不出距离和方向";
  const here = standing(fixes);
  const far = distanceM(here, centre);
  const direction = far > here.accuracy_m ? `，在${directionOf(bearingOf(here, centre))}边` : "";
  return `直线距离 ${distance(far)}${direction}`;
}

// The server knows how each app writes a place; where it is not heard, it is asked again once in a while.
async function ask(state) {
  if (state.isKnown || Date.now() - state.askedAt < AGAIN_MS) return;
  state.askedAt = Date.now();
  try {
    const { navigation: known } = await state.app.ask(`/checkpoints/${state.checkpoint.id}`);
    state.isKnown = true;
    if (known) show(state.links, state.own, appsOf(known));
    show(state.offline);
  } catch {
    show(state.offline, h("p", { class: "trouble" }, NEEDS_NETWORK), written(state));
  }
}

const isApple = () => /iPhone|iPad/.test(navigator.userAgent);

// 百度 has no page that leads there, only its app; the page of 高德 opens its app where there is one, and else shows the way
// itself. It gets a window of its own, so that this page stays.
const appsOf = (known) => [link("百度导航", isApple() ? known.baidu_ios : known.baidu_android), link("高德导航", known.amap_web, "_blank")];

const phonesOwn = ({ name }, { lat, lon }) => link("地图导航", `geo:${lat},${lon}?q=${lat},${lon}(${encodeURIComponent(name.slice(0, 50))})`);

const link = (words, href, target) => h("a", { class: "button", href, rel: "noreferrer", target }, words);

function written({ checkpoint: { address }, centre: { lat, lon } }) {
  const texts = [address, `${lat.toFixed(6)},${lon.toFixed(6)}`].filter(Boolean);
  const copy = h("button", { type: "button", onclick: () => copied(texts.join(" ")) }, "复制地址和坐标");
  return [texts.map((text) => h("p", { class: "written" }, text)), h("p", { class: "faint" }, "坐标为 WGS-84（纬度,经度）"), h("p", { class: "buttons" }, copy)];
}

const copied = (text) =>
  navigator.clipboard.writeText(text).then(() => notify("已复制"), () => notify("无法复制，请长按文字选择后复制（copy_failed）", "bad"));
