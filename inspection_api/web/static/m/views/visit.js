// The form of a visit: every change is saved at once; what is still missing is said before he submits.

import { ask } from "../../shell/dialog.js";
import { h, show } from "../../shell/dom.js";
import { notify } from "../../shell/states.js";
import { absent } from "../parts/absent.js";
import { factsOf, knownOf } from "../parts/facts.js";
import { inputOf } from "../parts/inputs.js";
import { undecided } from "../parts/interrupted.js";
import { mediaOf } from "../parts/proofs.js";
import { kept } from "../parts/room.js";
import { lackingOf, plateOf } from "../parts/weak.js";
import { lacking, shownItems } from "../rules/form.js";
import { Gone } from "../visits.js";

const WORDS = { photo: "图片", audio: "语音", video: "视频", document_number: "证件或单据号码", second_person: "第二人核实" };
const CODES = {
  required: () => "必填",
  at_least_one: () => "几项中至少填写一项",
  at_most_one: () => "几项中最多一项不为零",
  reason_required: () => "已出现预警指标，结论为正常时请说明理由",
  not_in_order: () => "不得小于（早于）前一项",
  wrong_type: ({ type }) => (type === "date" ? "应为日期" : "应为数字，整数不超过 16 位，不加逗号或单位"),
  too_many_decimals: ({ decimals = 2 }) => (decimals > 0 ? `最多 ${decimals} 位小数` : "应为整数"),
  out_of_range: ({ minimum, maximum }) => [minimum && `不得小于 ${minimum}`, maximum && `不得大于 ${maximum}`].filter(Boolean).join("，"),
  too_long: ({ max_length: most = 500 }) => `最多 ${most} 个字`,
  unsafe_text: () => "含有不可见字符，请删去重新填写",
};

export async function visit(app, place, id) {
  const draft = await app.visits.find(id);
  if (draft === undefined) return absent(place, "这次检查已提交或不在本手机上");
  const [form, checkpoint] = await Promise.all([app.form(draft.template_version_id), app.mirror.find("checkpoint", draft.checkpoint_id)]);
  if (form === null) return absent(place, (await app.mirror.isWiped()) ? "本手机已被停用，这次检查不能再继续填写；已填写的内容仍留在手机上，需要时请联系管理员（device_revoked）" : "手机上没有这次检查的表格，请联网同步后再继续");
  const state = { app, draft, form, checkpoint, media: await app.visits.media(id), interrupted: await app.recordings.interrupted(id), known: await knownOf(app, draft, checkpoint), redraw: null };
  const body = h("div", { class: "stack" });
  const missing = h("div", { role: "status" });
  state.redraw = () => { show(body, plateOf(state), sections(state)); tellMissing(state, missing); };
  state.changed = () => { tellMissing(state, missing); markShown(state, body); };
  const buttons = h("p", { class: "buttons" }, h("button", { type: "button", onclick: () => discard(state) }, "放弃"), h("button", { type: "button", class: "primary", onclick: () => once(sheet, () => submit(state, missing)) }, "提交检查"));
  const sheet = h("div", { class: "stack" }, body, missing, buttons);
  show(place, h("h1", {}, checkpoint?.name ?? "现场检查"), h("p", { class: "faint" }, `${form.title} · 每次修改都自动保存在手机上`), sheet);
  state.redraw();
  return null;
}

const sections = (state) =>
  state.form.groups.map((group) => {
    const [facts, items] = [true, false].map((isFact) => state.form.items.filter((item) => item.group === group.key && (item.type === "read_only") === isFact));
    const told = factsOf(facts, state.known, (item) => isShown(state, item));
    return (told || items.length > 0) && h("section", { class: "card" }, h("h2", {}, group.label), told, items.map((item) => question(state, item)));
  });

const isShown = (state, item) => shownItems(state.form, state.draft.answers, state.app.officer.roles).includes(item);

// One item: the question, what must be done and how it is proved, the answer, and its media.
function question(state, item) {
  return h(
    "div",
    { class: "item", data: { item: item.key }, hidden: !isShown(state, item) },
    h("p", { class: "label", id: `label-${item.key}` }, item.number && `${item.number}. `, item.label, item.unit && `（${item.unit}）`, item.required && h("span", { class: "must" }, " *")),
    (item.required_action || item.verification) && h("ul", { class: "hint" }, item.required_action && h("li", {}, `规定动作：${item.required_action}`), item.verification && h("li", {}, `＞ 验证方式：${item.verification}`)),
    inputOf(item, state.draft.answers[item.key], (entry) => answer(state, item, entry)),
    mediaOf(state, item),
  );
}

async function answer(state, item, entry) {
  if (entry === null) delete state.draft.answers[item.key];
  else state.draft.answers[item.key] = entry;
  await kept(() => state.app.visits.save(state.draft));
  state.changed();
}

function markShown(state, body) {
  const shown = new Set(shownItems(state.form, state.draft.answers, state.app.officer.roles).map((item) => item.key));
  for (const item of body.querySelectorAll("[data-item]")) item.hidden = !shown.has(item.dataset.item);
}

// Tell what is missing; return how much.
function tellMissing(state, place) {
  const { form, draft, media, app } = state;
  const { errors, evidence } = lacking(form, draft.answers, media, app.officer.roles);
  const named = new Map(form.items.map((item) => [item.key, item]));
  const label = (key) => named.get(key)?.label ?? key;
  const lines = [
    ...lackingOf(state),
    ...Object.entries(errors).map(([key, code]) => [key, `${label(key)}：${CODES[code](named.get(key))}`]),
    ...evidence.map((proof) => [proof.item, `${label(proof.item)}：还缺${WORDS[proof.kind]} ${proof.needed - proof.found} 个${proof.min_seconds > 0 ? `，每个不少于 ${proof.min_seconds} 秒` : ""}`]),
  ];
  const isOpen = Boolean(place.querySelector("details")?.open); // what he works through stays open
  show(place, lines.length === 0 ? h("p", { class: "right" }, "已填写完整，可以提交") : h("details", { class: "card", open: isOpen }, h("summary", {}, `还有 ${lines.length} 项需补充或更正`), h("ul", {}, lines.map(([key, words]) => h("li", {}, h("a", { href: `#label-${key}`, onclick: (event) => jump(event, key) }, words))))));
  return lines.length;
}

function jump(event, key) {
  event.preventDefault();
  lead(key);
}

function lead(key) {
  document.querySelector(`#label-${CSS.escape(key)}`)?.scrollIntoView({ block: "center", behavior: "smooth" });
}

// Do it once, however often he taps, and let nothing be typed meanwhile.
async function once(sheet, work) {
  sheet.inert = true;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
    notify(error.sentence, "bad");
  } finally {
    sheet.inert = false;
  }
}

async function submit(state, missing) {
  const { app, draft, form } = state;
  const waits = undecided(state);
  if (waits !== undefined) return lead(waits.item);
  const open = tellMissing(state, missing);
  const warned = open === 0 || (await ask({ title: `还有 ${open} 项需补充或更正，仍要提交？`, content: h("p", {}, "不完整或填写有误的检查会被隔离，待上级决定后才可能计入。建议补齐后再提交。"), confirm: "仍要提交", danger: true })) !== null;
  if (!warned) return unfold(missing);
  const about = await app.nameOf(state.checkpoint);
  if ((await kept(() => app.visits.submit(draft, form, app.position.fixes(), { roles: app.officer.roles, about }))) === null) return;
  notify("检查已提交，已保存在手机上，有网络时自动上传");
  app.runner.run();
  app.go("outbox");
}

function unfold(missing) {
  missing.querySelector("details").open = true;
  missing.scrollIntoView({ block: "center", behavior: "smooth" });
}

async function discard({ app, draft }) {
  const sure = await ask({ title: "放弃这次检查？", content: h("p", {}, "已填写的内容和拍摄的资料将从手机上删除，无法恢复。"), confirm: "放弃", danger: true });
  if (sure === null) return;
  await app.visits.discard(draft.id);
  app.go("");
}
