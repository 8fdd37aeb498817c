// The media of one item: how many there are of each kind, and making more.

import { h, show } from "../../shell/dom.js";
import { proofsOf } from "../rules/form.js";
import { recorded, takePhoto } from "./capture.js";
import { interrupted, keepRecorded } from "./interrupted.js";
import { kept } from "./room.js";
import { sign } from "./signature.js";

const KINDS = [["photo", "图片"], ["video", "视频"], ["audio", "语音"]];
const LIMIT = 9;

export function mediaOf(state, item) {
  const place = h("div", { class: "media" });
  const draw = () => show(place, interrupted(state, item, draw), item.type === "signature" ? signature(state, item, draw) : buttons(state, item, draw), pictures(state, item, draw));
  draw();
  return place;
}

const of = (state, item, kind) => state.media.filter((medium) => medium.item === item.key && (kind === undefined || medium.kind === kind));

function buttons(state, item, draw) {
  const demanded = new Set(proofsOf(item).map((proof) => proof.kind));
  return h(
    "p",
    { class: "row" },
    KINDS.filter(([kind]) => item.kinds?.includes(kind) ?? true).map(([kind, words]) => {
      const amount = of(state, item, kind).length;
      const isFull = amount >= (item.media_limits?.[kind] ?? LIMIT);
      const must = demanded.has(kind) ? h("span", { class: "must" }, " *") : null;
      return h("button", { type: "button", class: "small", disabled: isFull, "aria-label": `${item.label}：${words}，已有 ${amount} 个`, onclick: () => add(state, item, kind, draw) }, `${words}(${amount})`, must);
    }),
  );
}

async function add(state, item, kind, draw) {
  const words = [state.checkpoint?.name ?? "", item.label];
  if (kind === "photo") await photograph(state, item, words);
  else await film(state, { draft_id: state.draft.id, item: item.key, kind }, words);
  draw();
  state.changed();
}

async function photograph({ app, draft, media }, item, words) {
  const made = await takePhoto(app, words);
  if (made === null) return;
  const at = Date.now();
  const medium = await kept(() => app.visits.addMedium(draft.id, { item: item.key, kind: "photo", made, fix: app.position.fix(at), at }));
  if (medium !== null) media.push(medium);
}

async function film(state, about, words) {
  const id = await recorded(state.app, about, words);
  if (id !== null) await keepRecorded(state, id);
  state.interrupted = await state.app.recordings.interrupted(state.draft.id);
}

const pictures = (state, item, draw) =>
  h("ul", { class: "thumbs" }, of(state, item).map((medium) => h("li", {}, preview(medium), h("button", { type: "button", class: "small", onclick: () => remove(state, item, medium, draw) }, "删除"))));

function preview(medium) {
  if (medium.kind !== "photo") return h("span", { class: "badge" }, `${medium.kind === "audio" ? "语音" : "视频"} ${Math.round(medium.seconds)} 秒`);
  const url = URL.createObjectURL(medium.blob);
  return h("img", { src: url, alt: "现场图片", onload: () => URL.revokeObjectURL(url) });
}

async function remove(state, item, medium, draw) {
  const { visits } = state.app;
  await (item.type === "signature" ? visits.unsign(state.draft, item, medium.id) : visits.removeMedium(medium.id));
  state.media.splice(state.media.indexOf(medium), 1);
  draw();
  state.changed();
}

// A signature is a picture that is drawn, and the item's answer is its id.
const signature = (state, item, draw) =>
  h("button", { type: "button", onclick: () => signed(state, item, draw) }, of(state, item).length > 0 ? "重新签名" : "签名");

async function signed(state, item, draw) {
  const made = await sign();
  if (made === null) return;
  const [former, at] = [of(state, item), Date.now()];
  const medium = await kept(() => state.app.visits.sign(state.draft, item, { made, fix: state.app.position.fix(at), at, former }));
  if (medium === null) return;
  state.media = [...state.media.filter((each) => !former.includes(each)), medium];
  draw();
  state.changed();
}
