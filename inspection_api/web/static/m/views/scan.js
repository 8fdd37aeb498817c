// Scanning a plate: the camera looks, and each state that a plate can be in has one sentence and a way on.

import { h, icon, show } from "../../shell/dom.js";
import { field } from "../../shell/dialog.js";
import { open, stop, torch } from "../parts/camera.js";
import { read } from "../parts/reader.js";
import { recognise } from "../rules/plate.js";

const EVERY_MS = 250;

const SENTENCES = {
  not_a_plate: "这不是检查点的二维码，请扫描现场安装的二维码牌（not_a_plate）",
  other_bank: "这是其他银行的二维码牌（other_bank）",
  not_mine: "这不是您负责的检查点，或手机尚未同步；如已交接给您，请联网同步后再扫（not_mine）",
  unknown_plate: "手机上没有这块二维码牌的记录，请联网同步后再扫（unknown_plate）",
  revoked: "这块二维码牌已换发作废，请扫描新牌，或联系支行换牌（qr_revoked）",
};

// `wanted` is the checkpoint that he set out for (an id), if any.
export async function scan(app, place, wanted = "") {
  const video = h("video", { playsinline: true, muted: true, "aria-label": "相机画面" });
  const said = h("div", { class: "said", role: "status" }, "将二维码牌放在画面中央");
  const light = h("button", { type: "button", hidden: true }, "手电筒");
  show(place, h("h1", {}, "扫描二维码牌"), h("div", { class: "viewer" }, video), said, h("p", { class: "buttons" }, light, h("a", { class: "button", href: "#/" }, "返回")), manual(app, wanted, said));
  let stream;
  try {
    stream = await open({ video: true });
  } catch (trouble) {
    show(said, h("p", { class: "trouble" }, trouble.sentence), h("p", {}, "也可以输入二维码牌下方的编号。"));
    return null;
  }
  video.srcObject = stream;
  await video.play();
  offerTorch(light, stream);
  const watching = watch(video, (text) => decide(app, text, wanted, said));
  return () => { watching.end(); stop(stream); };
}

// Look again and again until `seen` says that it was the right one.
function watch(video, seen) {
  const state = { on: true, end: () => { state.on = false; } };
  (async () => {
    while (state.on) {
      const text = await read(video).catch(() => null);
      if (text !== null && state.on && (await seen(text))) return;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  })();
  return state;
}

async function offerTorch(button, stream) {
  let on = false;
  button.hidden = !(await torch(stream, false).catch(() => false));
  button.addEventListener("click", () => torch(stream, (on = !on)));
}

// Say what the text is; go on where it opens a visit.
async function decide(app, text, wanted, said) {
  const { state, checkpoint } = recognise(text, await app.mirror.all("checkpoint"), { bankTag: app.officer.bank.tag });
  if (state !== "right" && state !== "unbound") return say(said, SENTENCES[state]);
  if (wanted && checkpoint.id !== wanted) return say(said, `这是“${checkpoint.name}”的二维码牌，不是要检查的检查点（wrong_point）`);
  sessionStorage.setItem("xunji.scanned", JSON.stringify({ qr: text, id: checkpoint.id, at: Date.now() }));
  navigator.vibrate?.(80);
  app.go(`point/${checkpoint.id}`);
  return true;
}

function say(said, sentence) {
  show(said, h("p", { class: "trouble", role: "alert" }, sentence));
  return false;
}

// Where the camera fails: the text of the plate, typed or pasted, with the reason, which the record shows.
function manual(app, wanted, said) {
  const submit = (event) => {
    event.preventDefault();
    const text = new FormData(event.target).get("text").trim().toUpperCase();
    return decide(app, text, wanted, said);
  };
  return h(
    "details",
    { class: "card" },
    h("summary", {}, icon("person"), "无法扫码？手工输入"),
    h("form", { class: "stack", onsubmit: submit }, field("二维码内容", h("input", { name: "text", required: true, maxlength: 2000, autocomplete: "off", autocapitalize: "characters" }), "二维码牌上以 XJ1 开头的文字"), h("button", { class: "primary" }, "确定")),
  );
}
