// The alerts of the enterprises that I serve, and what I found behind them.

import { ask, field } from "../../shell/dialog.js";
import { h, show } from "../../shell/dom.js";
import { day } from "../../shell/format.js";
import { empty, notify } from "../../shell/states.js";
import { renew } from "../parts/still.js";

const LEVELS = { 1: ["关注", "care"], 2: ["预警", "care"], 3: ["可疑", "bad"] };
const RULES = { work_stopped: "停工预警" };
const HANDLING = { new: "待复核", confirmed: "已确认，请反馈", false_alarm_proposed: "误报待复核", false_alarm: "误报" };
const VERDICTS = { normal: "正常", watch: "关注", major_risk: "重大风险" };

export async function alerts(app, place) {
  const list = h("div", { class: "stack" });
  const draw = async (put) => put(list, await content(app));
  const refresh = () => draw(renew);
  show(place, h("h1", {}, "预警"), list);
  await draw(show);
  app.runner.addEventListener("change", refresh);
  return () => app.runner.removeEventListener("change", refresh);
}

async function content(app) {
  const [found, customers, said] = await Promise.all([app.mirror.all("alert"), app.mirror.all("customer"), app.captured("alert.feedback")]);
  const names = new Map(customers.map((each) => [each.id, each.name]));
  const last = new Map(said.reverse().map((op) => [op.content.entity_id, op]));
  const sorted = found.sort((one, other) => (one.subject_date < other.subject_date ? 1 : -1));
  if (sorted.length === 0) return empty("您负责的企业没有预警");
  return h("ul", { class: "stack" }, sorted.map((alert) => row(app, alert, names.get(alert.customer_id) ?? "企业", last.get(alert.id))));
}

// `said` is what he last found behind it.
function row(app, alert, name, said) {
  const [words, kind] = LEVELS[alert.level] ?? ["预警", "care"];
  const isUnsent = said?.state === "waiting";
  const isHeard = said?.receipt?.status === "applied";
  return h(
    "li",
    { class: "card" },
    h("p", { class: "row spread" }, h("strong", {}, name), h("span", { class: `badge ${kind}` }, words)),
    h("p", {}, `${RULES[alert.rule] ?? alert.rule} · ${day(alert.subject_date)}${alert.cleared_on ? ` · ${day(alert.cleared_on)} 已恢复` : ""}`),
    h("p", { class: "faint" }, isUnsent ? "反馈已保存，待上传" : isHeard ? `您已反馈：${VERDICTS[said.content.payload.verdict]}` : HANDLING[alert.handling] ?? alert.handling),
    !isUnsent && alert.handling !== "false_alarm" && h("button", { type: "button", class: isHeard ? "" : "primary", onclick: () => feedback(app, alert, name) }, isHeard ? "补充反馈" : "反馈情况"),
  );
}

async function feedback(app, alert, name) {
  const done = await ask({
    title: "反馈预警情况",
    content: [
      field("结论", h("select", { name: "verdict" }, Object.entries(VERDICTS).map(([code, words]) => h("option", { value: code }, words)))),
      field("说明", h("textarea", { name: "text", minlength: 10, maxlength: 500, required: true }), "不少于 10 个字"),
    ],
    submit: (data) => app.client.outbox.capture("alert.feedback", alert.id, { verdict: data.get("verdict"), text: data.get("text") }, { baseVersion: alert.version, about: name }),
  });
  if (done === null) return;
  notify("已保存，将随下次同步上传");
  app.runner.run();
}
