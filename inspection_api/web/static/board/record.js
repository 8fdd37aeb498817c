// The end of every way down: one record with its answers as the form asked for them, or the story of one task.

import { sections, typed } from "../shell/answers.js";
import { get, post } from "../shell/api.js";
import { ask, field } from "../shell/dialog.js";
import { h } from "../shell/dom.js";
import { evidence } from "../shell/evidence.js";
import { instant, NOTHING } from "../shell/format.js";
import { empty } from "../shell/states.js";
import { to } from "./address.js";
import { rights } from "./catalogue.js";

const LOOKS = { draft: "care", submitted: "care", accepted: "good", refused: "bad", voided: "bad" };

export async function record(view) {
  const [found, form, { explains }] = await Promise.all([get(`/inspections/${view.id}`), get(`/inspections/${view.id}/form`), rights()]);
  return h("article", { class: "record" }, heading(found, explains), answers(found, form.definition), media(found), words(found));
}

// What became of a task, in the server's words.
export async function task(view) {
  const { lines } = await get(`/tasks/${view.id}/explain`);
  return h(
    "section",
    { class: "card" },
    h("h1", {}, "任务经过"),
    lines.length === 0 ? empty("没有经过可以显示。") : h("ol", { class: "story" }, lines.map((line) => h("li", {}, line.at && h("span", { class: "faint" }, instant(line.at)), h("p", {}, line.text)))),
  );
}

function heading(found, explains) {
  return h(
    "section",
    { class: "card" },
    h("div", { class: "row spread" }, h("h1", {}, found.snapshot?.customer_name || found.checkpoint_name), h("p", { class: "row" }, h("span", { class: `badge ${LOOKS[found.state] || ""}` }, found.state_word), found.blocker_words.map((word) => h("span", { class: "badge bad" }, word)), found.excepted && h("span", { class: "badge care" }, "隔离后采纳"))),
    h(
      "dl",
      { class: "facts" },
      fact("检查点", found.checkpoint_name),
      fact("检查人", found.officer_name || NOTHING),
      fact("检查时间", instant(found.performed_at)),
      found.judgement?.manual && fact("二维码牌", typed(found.judgement.manual)),
      fact("提交时间", instant(found.submitted_at)),
      fact("验收时间", instant(found.accepted_at)),
      fact("明白纸可打印至", instant(found.print_closes_at)),
      found.task_id && explains && fact("任务", h("a", { href: to({ view: "task", id: found.task_id }) }, "任务经过")),
      found.indicator_words.length > 0 && fact("预警指示", found.indicator_words.map((word) => h("span", { class: "badge care" }, word))),
      found.quarantine_words.length > 0 && fact("隔离原因", found.quarantine_words.map((word) => h("p", {}, word))),
      found.amendments > 0 && fact("更正", `${found.amendments} 次`),
      found.voided_at && fact("作废", `${instant(found.voided_at)}，${found.void_reason}`),
    ),
    found.may_void && h("p", { class: "buttons" }, h("button", { type: "button", class: "danger", onclick: () => voided(found) }, "作废")),
  );
}

async function voided(found) {
  const reason = field("理由", h("textarea", { name: "reason", required: true, maxlength: 500 }));
  const meaning = h("p", {}, "作废后本记录不再计入任何任务和报表，其明白纸一并作废，不能恢复；同期另有有效检查的，由最早的一次顶替，否则任务须重新检查。");
  const submit = (data) => post(`/inspections/${found.id}/void`, { reason: data.get("reason") });
  if (await ask({ title: "作废检查记录", content: [meaning, reason], confirm: "作废", danger: true, submit })) location.reload();
}

const fact = (label, value) => [h("dt", {}, label), h("dd", {}, value)];

const answers = (found, definition) =>
  sections(definition, found.answers || {}, (label, pairs) =>
    h("section", { class: "card" }, h("h2", {}, label), h("dl", { class: "facts" }, pairs.map(([name, value]) => fact(name, value)))),
  );

const media = (found) =>
  h("section", { class: "card" }, h("h2", {}, `影像资料（${found.media.length}）`), found.media.length === 0 ? h("p", { class: "faint" }, "没有影像资料。") : evidence(found.media));

function words(found) {
  return (
    (found.note || found.comments.length > 0) &&
    h("section", { class: "card" }, h("h2", {}, "备注"), found.note && h("p", {}, found.note), found.comments.map((comment) => h("p", {}, h("span", { class: "faint" }, instant(comment.at)), " ", comment.text)))
  );
}
