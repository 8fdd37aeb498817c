// What stands where there is nothing to see yet, nothing at all, or where something went wrong; and short notices.

import { h, icon, show } from "./dom.js";

export const loading = (words = "正在加载…") => h("p", { class: "state", role: "status" }, h("span", { class: "spinner" }), words);

export const empty = (words, ...more) => h("div", { class: "state" }, icon("empty"), h("p", {}, words), ...more);

// What fields are called where a failure names them and no form does.
const FIELD_NAMES = { from: "开始", to: "结束", year: "年份", month: "月份", reason: "理由", note: "备注", text: "内容", days: "天数", bank: "银行代码", username: "用户名", password: "密码" };

// A failure as one sentence; an error that is no Problem is a fault of ours, and says so.
export function sentenceOf(error) {
  if (!error.sentence) console.error(error);
  return error.sentence || "页面出现错误，请刷新后重试（page_error）";
}

// A failure in words with a way on; `names` are what the form in front of it calls its fields.
export function failed(error, retry = null, names = {}) {
  const called = { ...FIELD_NAMES, ...names };
  return h(
    "div",
    { class: "state failed", role: "alert" },
    icon("warning"),
    h("p", {}, sentenceOf(error)),
    error.fields?.length > 0 && h("ul", {}, error.fields.map((field) => h("li", {}, [called[field.field] || field.field, "：", field.message]))),
    error.requestId && h("p", { class: "faint" }, `请求编号 ${error.requestId}`),
    retry && h("button", { type: "button", onclick: retry }, "重试"),
  );
}

// Whoever asks for a place takes its turn: the function says whether nobody has asked for it since, so that an older
// answer that comes later is dropped.
export function takeTurn(place) {
  const turn = Symbol("turn");
  place.turn = turn;
  return () => place.turn === turn;
}

// Show `loading`, then what `load` resolves to (a node or nodes), or its failure with a button that tries again. A
// later call for the same place wins over an earlier one that answers late.
export async function fill(place, load, words) {
  const isLatest = takeTurn(place);
  place.setAttribute("aria-busy", "true");
  show(place, loading(words));
  let content;
  try {
    content = await load();
  } catch (error) {
    if (error.name === "AbortError") return;
    content = failed(error, () => fill(place, load, words));
  }
  if (!isLatest()) return;
  place.removeAttribute("aria-busy");
  show(place, content);
}

// A notice at the edge of the screen, read out by screen readers, gone after a while or at a tap; `kind` is "good" or "bad".
export function notify(words, kind = "good") {
  const line = h("p", { class: `notice ${kind}`, onclick: () => line.remove() }, words);
  notices().append(line);
  setTimeout(() => line.remove(), kind === "bad" ? 12_000 : 5_000);
}

function notices() {
  const found = document.querySelector("#notices");
  if (found) return found;
  const made = h("div", { id: "notices", role: "status", "aria-live": "polite" });
  document.body.append(made);
  return made;
}
