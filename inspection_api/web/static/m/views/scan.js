// Scanning a plate: the camera looks, and each state that a plate can be in has one sentence and a way on.

import { h, show } from "../../shell/dom.js";
import { field } from "../../shell/dialog.js";
import { asked } from "../parts/asking.js";
import { open, stop } from "../parts/camera.js";
import { lamp } from "../parts/lamp.js";
import { reading } from "../parts/reader.js";
import { named, recognise } from "../rules/plate.js";

const EVERY_MS = 250;
const SAME_AGAIN_MS = 5000;
const OF_THE_PLATE = ["qr_invalid", "qr_revoked", "not_found"];
const LOOKING = "将二维码牌放在画面中央";
const BLIND = "识别程序没有载入，正在重试：请联网稍候，或在下方手工输入二维码牌上的编号（reader_missing）";
const REASONS = ["牌面破损或污损", "光线不足，无法对焦", "手机相机故障", "牌面被遮挡或过高"];

const SENTENCES = {
  bringing: "二维码牌有效，正在同步…",
  not_a_plate: "这不是检查点的二维码，请扫描现场安装的二维码牌（not_a_plate）",
  other_bank: "这是其他银行的二维码牌（other_bank）",
  not_mine: "这不是您负责的检查点，或手机尚未同步；如已交接给您，请联网同步后再扫（not_mine）",
  unknown_plate: "手机上没有这块二维码牌的记录，请联网同步后再扫（unknown_plate）",
  revoked: "这块二维码牌已换发作废，请扫描新牌，或联系支行换牌（qr_revoked）",
  not_found: "这不是您负责的检查点（not_mine）",
  unknown_code: "手机上没有这个编号的检查点，请核对二维码牌上的编号，或联网同步后再试（not_mine）",
};

// `wanted` is the checkpoint that he set out for (an id), if any.
export async function scan(app, place, wanted = "") {
  const video = h("video", { playsinline: true, muted: true, "aria-label": "相机画面" });
  const said = h("div", { class: "said", role: "status" }, LOOKING);
  const light = lamp();
  show(place, h("h1", {}, "扫描二维码牌"), h("div", { class: "viewer" }, video), said, h("p", { class: "buttons" }, light.button, h("a", { class: "button", href: "#/" }, "返回")), manual(app, wanted, said));
  let stream;
  try {
    stream = await open({ video: true });
  } catch (trouble) {
    video.parentElement.hidden = true;
    const again = h("button", { type: "button", onclick: () => dispatchEvent(new Event("hashchange")) }, "重试");
    show(said, h("p", { class: "trouble", role: "alert" }, trouble.sentence), h("p", {}, "也可以在下方手工输入二维码牌上的编号，并说明原因。"), again);
    return null;
  }
  if (!place.isConnected) return stop(stream); // he moved on while the browser asked for the camera
  video.srcObject = stream;
  await video.play().catch(() => null);
  light.offer(stream);
  const watching = watch(video, (text) => decide(app, text, wanted, said), (isBlind) => (isBlind ? say(said, BLIND) : show(said, LOOKING)));
  return () => { watching.end(); stop(stream); };
}

// Look again and again until `seen` says that it was the right one; what was wrong a moment ago is not judged again.
// `told(isBlind)` hears when nothing can be read, and when it can again.
export function watch(video, seen, told) {
  const state = { on: true, end: () => { state.on = false; } };
  const read = reading(told);
  let last = { text: null, at: 0 };
  (async () => {
    while (state.on) {
      const text = await read(video);
      const isNews = text !== null && (text !== last.text || Date.now() - last.at > SAME_AGAIN_MS);
      if (isNews) last = { text, at: Date.now() };
      if (isNews && state.on && (await seen(text))) return;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  })();
  return state;
}

// Say what the text is; go on where it opens a visit. What is no plate at all is nobody else's business.
export async function decide(app, text, wanted, said) {
  const own = await recognised(app, text);
  if (own.state === "not_a_plate") return say(said, SENTENCES.not_a_plate);
  const told = await asked(text, app.position.fixes());
  if (told !== null && OF_THE_PLATE.includes(told.code)) return say(said, SENTENCES[own.state === "other_bank" ? own.state : told.code] ?? told.sentence);
  const { state, checkpoint } = told === null ? own : await brought(app, text, own, told.code, said);
  if (checkpoint === null || (told === null && state !== "right" && state !== "unbound")) return say(said, SENTENCES[state]);
  return arrive(app, checkpoint, { qr: text }, wanted, said);
}

const recognised = async (app, text) => recognise(text, await app.mirror.all("checkpoint"), { bankTag: app.officer.bank.tag, now: app.now() });

// What the server knows of the checkpoint and the phone does not, yet, comes with the next pull.
async function brought(app, text, own, code, said) {
  if (own.checkpoint !== null && (code === "unbound") === (own.state === "unbound")) return own;
  show(said, SENTENCES.bringing);
  await app.runner.run();
  return recognised(app, text);
}

function arrive(app, checkpoint, scanned, wanted, said) {
  if (wanted && checkpoint.id !== wanted) return say(said, `这是“${checkpoint.name}”的二维码牌，不是要检查的检查点（wrong_point）`);
  sessionStorage.setItem("xunji.scanned", JSON.stringify({ ...scanned, id: checkpoint.id, at: Date.now() }));
  navigator.vibrate?.(80);
  app.go(`point/${checkpoint.id}`);
  return true;
}

// Tell what is wrong with a symbol, and that it is not the right one.
export function say(said, sentence) {
  show(said, h("p", { class: "trouble", role: "alert" }, sentence));
  return false;
}

// Where no camera can read the plate: the code that stands on it, typed, with the reason, which a superior reads.
function manual(app, wanted, said) {
  const submit = async (event) => {
    event.preventDefault();
    const data = new FormData(event.target);
    const reason = [data.get("reason"), data.get("note").trim()].filter(Boolean).join("：");
    const checkpoint = named(data.get("code"), await app.mirror.all("checkpoint"));
    if (checkpoint === null) return say(said, SENTENCES.unknown_code);
    return arrive(app, checkpoint, { qr: checkpoint.code, reason }, wanted, said);
  };
  return h(
    "details",
    { class: "card" },
    h("summary", {}, "无法扫码？手工输入编号"),
    h(
      "form",
      { class: "stack", onsubmit: submit },
      h("p", { class: "faint" }, "手工输入的检查会被隔离，由上级看过原因后决定是否计入。"),
      field("二维码牌上的编号", h("input", { name: "code", required: true, maxlength: 100, autocomplete: "off", autocapitalize: "characters" })),
      field("原因", h("select", { name: "reason", required: true }, h("option", { value: "" }, "请选择"), REASONS.map((words) => h("option", { value: words }, words)), h("option", { value: "其他原因" }, "其他原因"))),
      field("说明", h("input", { name: "note", maxlength: 150, autocomplete: "off" }), "可不填"),
      h("button", { class: "primary" }, "确定"),
    ),
  );
}
