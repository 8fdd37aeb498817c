// What a decision asks for, as fields of its dialog, and what was filled in, as members of its body.

import { field } from "../shell/dialog.js";
import { h } from "../shell/dom.js";

const FALSE_ALARMS = [["meter_fault", "表计故障"], ["planned_stop", "计划停产"], ["holiday", "节假日"], ["wrong_data", "数据有误"], ["other", "其他"]];

const words = (name, label, maxlength = 500) => field(label, h("textarea", { name, required: true, maxlength }));

const FIELDS = {
  days: () => field("解锁天数", h("input", { name: "days", type: "number", min: 1, max: 7, value: 3, required: true }), "1 至 7 天"),
  reason: () => words("reason", "理由"),
  note: () => words("note", "理由"),
  text: () => words("text", "意见"),
};

const alarm = () => field("误报原因", h("select", { name: "reason" }, FALSE_ALARMS.map(([code, label]) => h("option", { value: code }, label))));

export const fieldsOf = (kind, decision) =>
  decision.asks.map((name) => (kind.startsWith("alert_") && name === "reason" ? alarm() : FIELDS[name]()));

export const valuesOf = (decision, data) =>
  Object.fromEntries(decision.asks.map((name) => [name, name === "days" ? Number(data.get(name)) : data.get(name)]));
